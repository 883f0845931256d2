/* What is allocated and when: OpenSSL accepts memory functions of the program, which here count and sometimes fail. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "internal.h"
#include "pair.h"

#include <dlfcn.h>

enum { HEADER = 16, LARGE = 16000 };

static size_t large_alive; /* blocks of a record buffer's size */
static size_t large_calls; /* how many of them were ever made */
static size_t glue_calls;  /* allocations made by our own files */
static size_t free_calls;  /* of SSL_free_buffers() */
static size_t fail_for;    /* how many from there on fail */
static size_t fail_at;     /* the number of the one that fails; 0 = none */
static size_t all_calls;   /* allocations of OpenSSL and of ours */
static size_t all_fail_at; /* from this one on every allocation fails; 0 = none */

static int is_glue(const char *file)
{
    return file != NULL && strstr(file, "native/src/") != NULL;
}

static void *on_malloc(size_t size, const char *file, int line)
{
    uint8_t *block;

    (void)line;
    if (size == 0)
        return NULL;
    if (++all_calls >= all_fail_at && all_fail_at > 0)
        return NULL;
    if (is_glue(file) && ++glue_calls >= fail_at && fail_at > 0 && glue_calls - fail_at < fail_for)
        return NULL;
    block = malloc(size + HEADER);
    if (block == NULL)
        return NULL;
    memcpy(block, &size, sizeof(size));
    large_alive += size >= LARGE;
    large_calls += size >= LARGE;
    return block + HEADER;
}

static void on_free(void *given, const char *file, int line)
{
    uint8_t *block = given;
    size_t size;

    (void)file, (void)line;
    if (given == NULL)
        return;
    block -= HEADER;
    memcpy(&size, block, sizeof(size));
    large_alive -= size >= LARGE;
    free(block);
}

static void *on_realloc(void *given, size_t size, const char *file, int line)
{
    size_t old = 0;
    void *fresh;

    if (given == NULL)
        return on_malloc(size, file, line);
    if (size == 0) {
        on_free(given, file, line);
        return NULL;
    }
    memcpy(&old, (uint8_t *)given - HEADER, sizeof(old));
    fresh = on_malloc(size, file, line);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, given, old < size ? old : size);
    on_free(given, file, line);
    return fresh;
}

__attribute__((constructor)) static void bring_malloc(void)
{
    if (CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free) != 1)
        abort();
}

static void both_idle(pair *p)
{
    CHECK_INT(sp_conn_idle(p->client.conn), SP_OK);
    CHECK_INT(sp_conn_idle(p->server.conn), SP_OK);
}

TEST(anIdleConnectionHoldsNoRecordBuffers)
{
    EACH_VERSION
    {
        static uint8_t data[50000];
        pair *p = pair_new(versions[v], versions[v]);
        size_t before = large_alive;
        both_idle(p); /* before anything happened */
        pair_handshake(p);
        both_idle(p);
        CHECK_INT(large_alive, before);
        side_write(&p->client, data, sizeof(data));
        side_write(&p->server, data, sizeof(data));
        pair_run(p);
        CHECK_INT(p->server.plain.len, sizeof(data));
        CHECK(large_alive > before);
        both_idle(p);
        CHECK_INT(large_alive, before);
        both_idle(p);
        if (v == 1)
            CHECK_INT(sp_conn_key_update(p->server.conn, 1, NULL), SP_OK);
        pair_run(p);
        side_write(&p->client, data, 10); /* it carries the key update that was asked for */
        pair_run(p);
        both_idle(p);
        CHECK_INT(large_alive, before);
        /* A partial record keeps its buffer; its rest allows freeing it. */
        side_write(&p->client, data, 1000);
        CHECK_INT(sp_conn_idle(p->client.conn), SP_OK);
        p->server.in_cap = 500;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(sp_conn_idle(p->server.conn), SP_IGNORED);
        CHECK_INT(large_alive, before + 1);
        pair_run(p);
        CHECK_INT(p->server.plain.len, sizeof(data) + 10 + 1000);
        both_idle(p);
        CHECK_INT(large_alive, before);
        side_shutdown(&p->client);
        both_idle(p);
        CHECK_INT(large_alive, before);
        CHECK_INT(sp_library_live(SP_LIVE_BUFFERED), 0);
        CHECK_INT(sp_conn_idle(NULL), SP_MISUSE);
        pair_free(p);
    }
    check_nothing_lives();
}

/* OpenSSL wipes its read buffer when it frees it, without checking that it has one. */
TEST(plaintextIsWipedAlsoWhenAConnectionRestsTwice)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        size_t before = large_alive;
        sp_conn_set_options(p->client.conn, SSL_OP_CLEANSE_PLAINTEXT, 0);
        sp_conn_set_options(p->server.conn, SSL_OP_CLEANSE_PLAINTEXT, 0);
        both_idle(p);
        pair_handshake(p);
        for (int i = 0; i < 3; i++) {
            both_idle(p);
            side_drain(&p->client);
            side_drain(&p->server);
            both_idle(p);
            side_write(&p->client, "ping", 4); /* makes the buffer for writing alone */
            side_write(&p->server, "pong", 4);
            both_idle(p);
            CHECK_INT(large_alive, before);
            pair_run(p);
        }
        CHECK_INT(p->client.plain.len, 12);
        CHECK_INT(p->server.plain.len, 12);
        CHECK((sp_conn_set_options(p->client.conn, 0, 0) & SSL_OP_CLEANSE_PLAINTEXT) != 0);
        pair_free(p);
    }
    check_nothing_lives();
}

/* Every call of the interface: on a connection that has failed none may reach an SSL that is half made. */
static void call_all(sp_conn *conn)
{
    static uint8_t out[64 * 1024];
    sp_report report;
    sp_turn turn;

    CHECK_INT(sp_conn_idle(conn), SP_IGNORED);
    CHECK_INT(sp_conn_set_verify(conn, SP_VERIFY_PEER), SP_OK);
    CHECK_INT(sp_conn_set_max_fragment(conn, 1024), SP_OK);
    CHECK_INT(sp_conn_set_max_fragment(conn, 100), SP_ERROR);
    CHECK_INT(sp_conn_set_options(conn, SSL_OP_CLEANSE_PLAINTEXT, 0) & SSL_OP_CLEANSE_PLAINTEXT, 0);
    CHECK_INT(sp_conn_set_events(conn, 0xff), SP_OK);
    CHECK_INT(sp_conn_renegotiate(conn, 0, &report), SP_MISUSE);
    CHECK_INT(sp_conn_key_update(conn, 1, &report), SP_MISUSE);
    CHECK_INT(sp_conn_request_client_certificate(conn, &report), SP_MISUSE);
    CHECK_INT(sp_conn_set_servername(conn, "late.example", &report), SP_MISUSE);
    CHECK_INT(sp_conn_set_session(conn, out, 1), SP_MISUSE);
    CHECK_INT(sp_conn_set_alpn(conn, out, 0), SP_MISUSE);
    CHECK_INT(sp_conn_set_npn(conn, out, 0), SP_MISUSE);
    CHECK_INT(sp_conn_request_ocsp(conn), SP_MISUSE);
    CHECK_INT(sp_conn_offer_post_handshake_auth(conn), SP_MISUSE);
    CHECK_INT(sp_conn_offer_session(conn, out, 1), SP_MISUSE);
    CHECK_INT(sp_conn_select_alpn(conn, out, 0), SP_MISUSE);
    CHECK_INT(sp_conn_use_identity(conn, conn->ctx, &report), SP_MISUSE);
    CHECK_INT(sp_conn_set_ocsp_response(conn, out, 1), SP_MISUSE);
    CHECK_INT(sp_conn_answer(conn, 1, -1), SP_MISUSE);
    for (int32_t what = SP_INT_VERSION; what <= SP_INT_SESSION_RESUMABLE; what++)
        sp_conn_int(conn, what);
    for (int32_t what = SP_GET_SERVERNAME; what <= SP_GET_PEER_CLIENT_CAS; what++)
        sp_conn_get(conn, what, out, sizeof(out));
    if (conn->secure) {
        CHECK_INT(sp_conn_export(conn, out, 32, "late", 4, NULL, 0, &report), SP_ERROR);
        CHECK(report.count > 0);
    }
    CHECK_INT(sp_conn_read(conn, out, 5, out, sizeof(out), NULL, 0, &turn), SP_FAILED);
    CHECK_INT(sp_conn_write(conn, out, 5, NULL, 0, &turn), SP_FAILED);
    CHECK_INT(sp_conn_shutdown(conn, NULL, 0, &turn), SP_FAILED);
    sp_conn_drain(conn, out, sizeof(out), &turn);
    CHECK_INT(sp_conn_idle(conn), SP_IGNORED);
}

/* Reads, writes, updates keys, closes, until memory runs out. Returns whether a turn reported a failure. */
static int run_out_of_memory(pair *p, int tls1_3)
{
    static uint8_t out[64 * 1024], plain[64 * 1024];
    side *sides[] = {&p->client, &p->server};
    int failed = 0;

    for (int turns = 0; turns < 60 && !failed; turns++) {
        side *self = sides[turns % 2], *other = sides[1 - turns % 2];
        sp_turn turn;
        failed = sp_conn_read(self->conn, other->wire.at, other->wire.len, plain, sizeof(plain), out,
                              sizeof(out), &turn) == SP_FAILED;
        bytes_drop(&other->wire, turn.consumed);
        bytes_add(&self->wire, out, turn.emitted);
        sp_conn_take_events(self->conn, plain, sizeof(plain));
        if (!failed && self->conn->secure && turns > 20) {
            if (tls1_3)
                sp_conn_key_update(self->conn, 1, NULL);
            else if (turns == 30)
                sp_conn_renegotiate(self->conn, 0, NULL);
            if (tls1_3 || turns < 30 || turns > 45) /* data in the middle of a renegotiation ends it */
                failed = sp_conn_write(self->conn, plain, 100, out, sizeof(out), &turn) == SP_FAILED;
            else
                sp_conn_drain(self->conn, out, sizeof(out), &turn);
            bytes_add(&self->wire, out, turn.emitted);
        }
        if (!failed && turns > 50) {
            failed = sp_conn_shutdown(self->conn, out, sizeof(out), &turn) == SP_FAILED;
            bytes_add(&self->wire, out, turn.emitted);
        }
        if (failed) {
            all_fail_at = 0;
            call_all(self->conn);
        }
    }
    return failed;
}

TEST(whatFailedForWantOfMemoryIsNotTouchedAgain)
{
    enum { STRIDE = 37 };

    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        size_t from = all_calls, calls, failures = 0;
        CHECK(!run_out_of_memory(p, v == 1));
        calls = all_calls - from;
        CHECK(calls > 1000);
        for (size_t n = 1; n < calls; n += STRIDE) {
            pair_reconnect(p);
            all_fail_at = all_calls + n;
            failures += (size_t)run_out_of_memory(p, v == 1);
            all_fail_at = 0;
        }
        CHECK(failures > calls / STRIDE / 2);
        pair_free(p);
    }
    check_nothing_lives();
}

/* In place of that of OpenSSL, which in some versions that are still in use frees buffers that it needs. */
int SSL_free_buffers(SSL *ssl)
{
    int (*original)(SSL *) = (int (*)(SSL *))(intptr_t)dlsym(RTLD_NEXT, "SSL_free_buffers");

    free_calls++;
    CHECK(original != NULL);
    return original(ssl);
}

TEST(openSslIsNotAskedToFreeWhatIsHalfRead)
{
    EACH_VERSION
    {
        static uint8_t data[1000];
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        both_idle(p);
        side_write(&p->client, data, sizeof(data));
        free_calls = 0;
        p->server.in_cap = 5; /* the header */
        side_step(&p->server, &p->client.wire);
        CHECK_INT(sp_conn_idle(p->server.conn), SP_IGNORED);
        p->server.in_cap = 0;
        p->server.plain_cap = 10; /* of the record's 1000 */
        side_step(&p->server, &p->client.wire);
        CHECK_INT(sp_conn_idle(p->server.conn), SP_IGNORED);
        CHECK_INT(free_calls, 0);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, data, sizeof(data));
        CHECK_INT(sp_conn_idle(p->server.conn), SP_OK);
        CHECK_INT(free_calls, 1);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aBusyConnectionKeepsItsRecordBuffers)
{
    EACH_VERSION
    {
        static uint8_t data[16384];
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        size_t before = 0;
        for (int i = 0; i < 20; i++) {
            if (i == 2)
                before = large_calls;
            side_write(&p->client, data, sizeof(data));
            pair_run(p);
            side_write(&p->server, data, 64);
            pair_run(p);
        }
        CHECK_INT(large_calls, before);
        CHECK_INT(p->server.plain.len, 20 * sizeof(data));
        pair_free(p);
    }
}

/* Application data behind the end of the handshake is not read before that is delivered, which fails here. */
TEST(aHandshakeWhoseEndCannotBeQueuedFailsThoughInputIsLeft)
{
    static uint8_t input[64 * 1024], plain[1024], out[64 * 1024];

    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        side *first = v == 1 ? &p->client : &p->server, *last = v == 1 ? &p->server : &p->client;
        size_t len;
        while (!(first->turn.flags & SP_TURN_SECURE)) {
            side_step(last, &first->wire);
            side_step(first, &last->wire);
        }
        side_write(first, "data", 4);
        len = first->wire.len;
        memcpy(input, first->wire.at, len);
        CHECK((last->turn.flags & SP_TURN_SECURE) == 0);
        fail_for = SIZE_MAX;
        fail_at = glue_calls + 1;
        CHECK_INT(sp_conn_read(last->conn, input, len, plain, sizeof(plain), out, sizeof(out), &last->turn),
                  SP_FAILED);
        fail_at = 0;
        CHECK(last->turn.report.count > 0);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theGlueAllocatesNothingForARecord)
{
    EACH_VERSION
    {
        static uint8_t cipher[20000], plain[20000], data[16384];
        pair *p = pair_new(versions[v], versions[v]);
        sp_turn turn;
        pair_handshake(p);
        size_t before = glue_calls;
        for (int i = 0; i < 100; i++) {
            sp_conn_write(p->client.conn, data, i % 2 ? 64 : sizeof(data), cipher, sizeof(cipher), &turn);
            size_t len = turn.emitted;
            CHECK_INT(sp_conn_read(p->server.conn, cipher, len, plain, sizeof(plain), NULL, 0, &turn),
                      SP_WANT_INPUT);
            CHECK_INT(turn.produced, i % 2 ? 64 : sizeof(data));
        }
        CHECK_INT(glue_calls, before);
        pair_free(p);
    }
}

/* As much of the glue as one handshake can reach. Every failure must be reported. */
static void visit_everything(sp_ctx *client, sp_ctx *server, const bytes *session)
{
    sp_conn *conns[2] = {sp_conn_new(client, 0, NULL), sp_conn_new(server, 1, NULL)};
    bytes wire[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    static uint8_t out[64], plain[4096], events[65536];
    sp_turn turn;

    if (conns[0] != NULL && conns[1] != NULL) {
        sp_conn_set_events(conns[0], 0xff & ~SP_TELL_TRACE);
        sp_conn_set_events(conns[1], 0xff & ~SP_TELL_TRACE);
        sp_conn_set_alpn(conns[0],
                         (const uint8_t *)"\x01"
                                          "a",
                         2);
        sp_conn_set_alpn(conns[1],
                         (const uint8_t *)"\x01"
                                          "a",
                         2);
        sp_conn_set_npn(conns[1],
                        (const uint8_t *)"\x01"
                                         "a",
                        2);
        sp_conn_request_ocsp(conns[0]);
        sp_conn_set_session(conns[0], session->at, session->len);
        for (int turns = 0; turns < 2000; turns++) {
            int i = turns % 2;
            sp_conn *conn = conns[i];
            int32_t status =
                sp_conn_read(conn, wire[!i].at, wire[!i].len, plain, sizeof(plain), out, sizeof(out), &turn);
            CHECK(status != SP_FAILED || turn.report.count > 0);
            bytes_drop(&wire[!i], turn.consumed);
            bytes_add(&wire[i], out, turn.emitted);
            sp_conn_take_events(conn, events, sizeof(events));
            if (status == SP_PAUSED) {
                sp_conn_offer_session(conn, session->at, session->len);
                sp_conn_set_ocsp_response(conn, (const uint8_t *)"x", 1);
                sp_conn_use_identity(conn, server, NULL);
                sp_conn_answer(conn, conn->question, -1);
            }
            if (turns == 1500)
                sp_conn_write(conn, plain, sizeof(plain), NULL, 0, &turn);
        }
    }
    sp_conn_free(conns[0]);
    sp_conn_free(conns[1]);
    bytes_free(&wire[0]);
    bytes_free(&wire[1]);
    CHECK_INT(ERR_peek_error(), 0);
}

TEST(aFailedAllocationAnywhereInTheGlueEndsWell)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes session = {NULL, 0, 0};
        size_t from, calls;
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        pair_handshake(p);
        const event *ticket = side_event(&p->client, SP_EV_SESSION);
        bytes_add(&session, ticket->item[1].at, ticket->item[1].len);
        from = glue_calls;
        visit_everything(p->client_ctx, p->server_ctx, &session);
        calls = glue_calls - from;
        CHECK(calls > 15);
        for (size_t n = 0; n < 2 * calls; n++) { /* first one alone, then all after it too */
            fail_at = glue_calls + 1 + n % calls;
            fail_for = n < calls ? 1 : SIZE_MAX;
            visit_everything(p->client_ctx, p->server_ctx, &session);
            fail_at = 0;
            CHECK_INT(sp_library_live(SP_LIVE_CONN), 2);
            CHECK_INT(sp_library_live(SP_LIVE_EVENT), 0);
            CHECK_INT(sp_library_live(SP_LIVE_CHUNK), 0);
            CHECK_INT(sp_library_live(SP_LIVE_SESSION_OFFER), 0);
            CHECK_INT(sp_library_live(SP_LIVE_SSL), 2);
        }
        bytes_free(&session);
        pair_free(p);
    }
    check_nothing_lives();
}
