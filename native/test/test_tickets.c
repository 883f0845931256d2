#include "credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <pthread.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

static sp_ctx *server_with(const char *keys, int32_t version)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, version, version);

    ctx_use(ctx, "server-rsa", NULL);
    CHECK_INT(sp_ctx_set_session_id_context(ctx, (const uint8_t *)"tests", 5, NULL), SP_OK);
    if (keys != NULL)
        CHECK_INT(sp_ctx_set_ticket_keys(ctx, (const uint8_t *)keys), SP_OK);
    return ctx;
}

static const char keys_a[] = "name-a..........hmac-key-a......aes-key-a.......";
static const char keys_b[] = "name-b..........hmac-key-b......aes-key-b.......";

/* The client's session after a handshake, with a ticket. */
static bytes session_after(pair *p)
{
    pair_handshake(p);
    CHECK(sp_conn_get(p->client.conn, SP_GET_TICKET, NULL, 0) > 0);
    return conn_value(p->client.conn, SP_GET_SESSION);
}

/* Whether a new connection of the pair resumes that session. */
static int resumes(pair *p, const bytes *session)
{
    pair_reconnect(p);
    CHECK_INT(sp_conn_set_session(p->client.conn, session->at, session->len), SP_OK);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), sp_conn_int(p->server.conn, SP_INT_REUSED));
    return (int)sp_conn_int(p->client.conn, SP_INT_REUSED);
}

/* Whether a session of a server with the first keys is resumed by another server with the second. */
static int carries_over(const char *first, const char *second, int32_t version)
{
    pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, version, version), server_with(first, version));
    bytes session = session_after(p);
    int result;

    pair_free(p);
    p = pair_of(ctx_bare(SP_ROLE_CLIENT, version, version), server_with(second, version));
    result = resumes(p, &session);
    pair_free(p);
    bytes_free(&session);
    return result;
}

TEST(keysAreRandomFromTheStart)
{
    sp_ctx *one = ctx_bare(SP_ROLE_SERVER, 0, 0), *two = ctx_bare(SP_ROLE_SERVER, 0, 0);
    uint8_t first[48], second[48], zero[48] = {0};

    CHECK_INT(sp_ctx_get_ticket_keys(one, first), SP_OK);
    CHECK_INT(sp_ctx_get_ticket_keys(two, second), SP_OK);
    CHECK(memcmp(first, second, 48) != 0 && memcmp(first, zero, 48) != 0);
    sp_ctx_free(one);
    sp_ctx_free(two);
}

TEST(keysAreGivenBackAsSet)
{
    sp_ctx *ctx = server_with(keys_a, TLS12);
    uint8_t out[48];

    CHECK_INT(sp_ctx_get_ticket_keys(ctx, out), SP_OK);
    CHECK_BYTES(out, 48, keys_a, 48);
    CHECK_INT(sp_ctx_set_ticket_keys(ctx, NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_get_ticket_keys(ctx, NULL), SP_MISUSE);
    sp_ctx_free(ctx);
}

TEST(serversThatShareKeysResumeEachOthersSessions)
{
    CHECK(carries_over(keys_a, keys_a, TLS12));
    CHECK(carries_over(keys_a, keys_a, TLS13));
}

TEST(ticketsOfOtherKeysAreIgnored)
{
    CHECK(!carries_over(keys_a, keys_b, TLS12));
    CHECK(!carries_over(keys_a, keys_b, TLS13));
    CHECK(!carries_over(keys_a, NULL, TLS12));
}

TEST(ticketsWithAKnownNameButForeignMacKeyAreIgnored)
{
    char mixed[49];

    memcpy(mixed, keys_b, 49);
    memcpy(mixed, keys_a, 16);
    CHECK(!carries_over(mixed, keys_a, TLS12));
    CHECK(!carries_over(mixed, keys_a, TLS13));
}

TEST(newKeysCountAtOnceAndOldOnesComeBack)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, version, version), server_with(keys_a, version));
        bytes session = session_after(p);

        CHECK_INT(sp_ctx_set_ticket_keys(p->server_ctx, (const uint8_t *)keys_b), SP_OK);
        CHECK(!resumes(p, &session));
        CHECK_INT(sp_ctx_set_ticket_keys(p->server_ctx, (const uint8_t *)keys_a), SP_OK);
        CHECK(resumes(p, &session));
        CHECK(resumes(p, &session));
        bytes_free(&session);
        pair_free(p);
    }
}

TEST(aResumedSessionGetsNoNewTicket)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, version, version), server_with(keys_a, version));
        bytes session = session_after(p);

        pair_reconnect(p);
        CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
        CHECK_INT(sp_conn_set_events(p->client.conn, SP_TELL_SESSION), SP_OK);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 1);
        CHECK_INT(side_count(&p->client, SP_EV_SESSION), 0);
        bytes_free(&session);
        pair_free(p);
    }
}

/* Decrypts a ticket by hand, so that the layout is that of other programs with the same 48 bytes. */
TEST(aTicketHasNodesLayout)
{
    pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), server_with(keys_a, TLS12));
    bytes session = session_after(p), ticket = conn_value(p->client.conn, SP_GET_TICKET);
    size_t body = ticket.len - 32;
    uint8_t mac[32], plain[4096];
    int plain_len = 0, last = 0;

    CHECK(ticket.len > 16 + 16 + 32 && ticket.len < sizeof(plain));
    CHECK_BYTES(ticket.at, 16, keys_a, 16);
    CHECK(HMAC(EVP_sha256(), keys_a + 16, 16, ticket.at, body, mac, NULL) != NULL);
    CHECK_BYTES(mac, 32, ticket.at + body, 32);

    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    CHECK(EVP_DecryptInit_ex(cipher, EVP_aes_128_cbc(), NULL, (const uint8_t *)keys_a + 32, ticket.at + 16));
    CHECK(EVP_DecryptUpdate(cipher, plain, &plain_len, ticket.at + 32, (int)body - 32));
    CHECK(EVP_DecryptFinal_ex(cipher, plain + plain_len, &last));
    EVP_CIPHER_CTX_free(cipher);

    const unsigned char *at = plain;
    SSL_SESSION *inside = d2i_SSL_SESSION(NULL, &at, plain_len + last);
    CHECK(inside != NULL);
    SSL_SESSION_free(inside);
    bytes_free(&ticket);
    bytes_free(&session);
    pair_free(p);
}

TEST(aChangedTicketIsIgnored)
{
    pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), server_with(keys_a, TLS12));
    bytes session = session_after(p), ticket = conn_value(p->client.conn, SP_GET_TICKET);
    size_t at = 0;

    while (at + ticket.len <= session.len && memcmp(session.at + at, ticket.at, ticket.len) != 0)
        at++;
    CHECK(at + ticket.len <= session.len);
    for (size_t i = 0; i < ticket.len; i += 11) {
        session.at[at + i] ^= 1;
        CHECK(!resumes(p, &session));
        session.at[at + i] ^= 1;
    }
    CHECK(resumes(p, &session));
    bytes_free(&ticket);
    bytes_free(&session);
    pair_free(p);
}

/* ---- threads ---- */

typedef struct shared {
    sp_ctx *client, *server;
} shared;

static void *rotate(void *arg)
{
    shared *with = arg;
    uint8_t keys[48];

    for (int i = 0; i < 2000; i++) {
        memset(keys, i & 0xff, sizeof(keys));
        if (sp_ctx_set_ticket_keys(with->server, keys) != SP_OK ||
            sp_ctx_get_ticket_keys(with->server, keys) != SP_OK)
            return arg;
        for (int k = 1; k < 48; k++) {
            if (keys[k] != keys[0])
                return arg; /* half of one set, half of another */
        }
    }
    return NULL;
}

/* A whole handshake by hand: a failed CHECK ends a test by longjmp, which another thread must not do. */
static void *connect_often(void *arg)
{
    shared *with = arg;
    static const size_t room = 16384;
    uint8_t *wire[2] = {malloc(room), malloc(room)}, *plain = malloc(room);
    void *result = NULL;

    for (int i = 0; i < 15 && result == NULL; i++) {
        sp_conn *conn[2] = {sp_conn_new(with->client, 0, NULL), sp_conn_new(with->server, 1, NULL)};
        sp_turn *turn = malloc(sizeof(*turn));
        size_t len[2] = {0, 0};
        for (int turns = 0; turns < 12; turns++) {
            int me = turns % 2, peer = 1 - me;
            sp_conn_read(conn[me], wire[peer], len[peer], plain, room, wire[me], room, turn);
            len[peer] = 0;
            len[me] = turn->emitted;
            uint8_t events[2048];
            while (turn->status == SP_EVENT) {
                sp_conn_take_events(conn[me], events, sizeof(events));
                sp_conn_read(conn[me], NULL, 0, plain, room, wire[me] + len[me], room - len[me], turn);
                len[me] += turn->emitted;
            }
            if (turn->status == SP_FAILED)
                result = arg;
        }
        if (sp_conn_int(conn[0], SP_INT_SECURE) != 1 || sp_conn_int(conn[1], SP_INT_SECURE) != 1)
            result = arg;
        sp_conn_free(conn[0]);
        sp_conn_free(conn[1]);
        free(turn);
    }
    free(wire[0]);
    free(wire[1]);
    free(plain);
    return result;
}

TEST(keysMayBeChangedWhileConnectionsRun)
{
    shared with = {ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), server_with(keys_a, TLS13)};
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, i < 2 ? rotate : connect_often, &with), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        CHECK_INT(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
    sp_ctx_free(with.client);
    sp_ctx_free(with.server);
    check_nothing_lives();
}
