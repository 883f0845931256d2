/* The pause at the ClientHello: what the question contains, and every way to answer it. */
#include "internal.h"
#include "pair.h"

#include <openssl/sslerr.h>

enum { ID = 0, SERVERNAME, ALPN, BITS, HEAD, SUITES, EXTENSIONS, IDENTITIES };

static void leave_open(side *self, const event *what)
{
    (void)self, (void)what;
}

static pair *asking_pair(int32_t min, int32_t max)
{
    pair *p = pair_new(min, max);

    CHECK_INT(sp_conn_set_events(p->server.conn, SP_ASK_HELLO), SP_OK);
    return p;
}

/* Runs until the server waits for an answer; returns the question's sequence. */
static uint32_t run_to_question(pair *p, uint16_t kind)
{
    p->server.listener = leave_open;
    pair_run(p);
    CHECK_INT(p->server.status, SP_PAUSED);
    CHECK_INT(p->server.events[p->server.event_count - 1].type, kind);
    return p->server.events[p->server.event_count - 1].sequence;
}

static const uint8_t *find_extension(const event *hello, int wanted, size_t *len)
{
    const bytes *all = &hello->item[EXTENSIONS];
    size_t at = 0;

    while (at + 4 <= all->len) {
        int type = all->at[at] << 8 | all->at[at + 1];
        *len = (size_t)(all->at[at + 2] << 8 | all->at[at + 3]);
        CHECK(at + 4 + *len <= all->len);
        if (type == wanted)
            return all->at + at + 4;
        at += 4 + *len;
    }
    CHECK_INT(at, all->len);
    return NULL;
}

TEST(theQuestionTellsWhatTheClientSent)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        size_t len = 0;
        CHECK_INT(sp_conn_set_servername(p->client.conn, "www.example", NULL), SP_OK);
        CHECK_INT(sp_conn_set_alpn(p->client.conn, (const uint8_t *)"\x02h2\x08http/1.1", 12), SP_OK);
        CHECK_INT(sp_conn_request_ocsp(p->client.conn), SP_OK);
        pair_handshake(p);
        CHECK_INT(side_count(&p->server, SP_EV_CLIENT_HELLO), 1);
        const event *hello = side_event(&p->server, SP_EV_CLIENT_HELLO);
        CHECK_INT(hello->count, 8);
        CHECK_INT(hello->offset, 0);
        CHECK_INT(hello->item[ID].len, v == 0 ? 0 : 32);
        CHECK_BYTES(hello->item[SERVERNAME].at, hello->item[SERVERNAME].len, "www.example", 11);
        CHECK_BYTES(hello->item[ALPN].at, hello->item[ALPN].len, "\x02h2\x08http/1.1", 12);
        CHECK_INT(item_u32(hello, BITS), SP_HELLO_OCSP | (v == 1 ? SP_HELLO_TLS1_3 : 0));
        CHECK_INT(hello->item[HEAD].len, 34);
        CHECK_BYTES(hello->item[HEAD].at, 2, "\x03\x03", 2);
        uint8_t random[32];
        CHECK_INT(sp_conn_get(p->server.conn, SP_GET_CLIENT_RANDOM, random, sizeof(random)), 32);
        CHECK_BYTES(hello->item[HEAD].at + 2, 32, random, 32);
        CHECK(hello->item[SUITES].len >= 2 && hello->item[SUITES].len % 2 == 0);
        CHECK(find_extension(hello, 0, &len) != NULL && len == 5 + 11);
        CHECK(find_extension(hello, 16, &len) != NULL && len == 2 + 12);
        CHECK(find_extension(hello, 99, &len) == NULL);
        CHECK_INT(hello->item[IDENTITIES].len, 0);
        pair_free(p);
    }
    check_nothing_lives();
}

static int on_odd_extension(SSL *ssl, unsigned int type, unsigned int context, const unsigned char **out,
                            size_t *out_len, X509 *x, size_t chain, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)x, (void)chain, (void)alert, (void)arg;
    *out = (const unsigned char *)"odd";
    *out_len = 3;
    return 1;
}

TEST(extensionsThatOpenSslDoesNotKnowAreThereToo)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        size_t len = 0;
        CHECK_INT(SSL_CTX_add_custom_ext(p->client_ctx->ssl_ctx, 0x1a1a, SSL_EXT_CLIENT_HELLO,
                                         on_odd_extension, NULL, NULL, NULL, NULL),
                  1);
        pair_reconnect(p);
        CHECK_INT(sp_conn_set_events(p->server.conn, SP_ASK_HELLO), SP_OK);
        pair_handshake(p);
        const uint8_t *odd = find_extension(side_event(&p->server, SP_EV_CLIENT_HELLO), 0x1a1a, &len);
        CHECK_BYTES(odd, len, "odd", 3);
        pair_free(p);
    }
}

TEST(whatTheClientDidNotSendIsAbsent)
{
    pair *p = asking_pair(0x0303, 0x0303);

    pair_handshake(p);
    const event *hello = side_event(&p->server, SP_EV_CLIENT_HELLO);
    CHECK(hello->absent[SERVERNAME]);
    CHECK(hello->absent[ALPN]);
    CHECK_INT(item_u32(hello, BITS), 0);
    pair_free(p);
}

TEST(aHelloInTheFormOfSsl2IsAskedAboutWithoutExtensions)
{
    static const uint8_t hello[] = {0x80, 0x25, 0x01, 0x03, 0x03, 0x00, 0x0c, 0x00, 0x00, 0x00,
                                    0x10, 0x00, 0x00, 0x2f, 0x00, 0xc0, 0x09, 0x00, 0xc0, 0x2b,
                                    0x00, 0x00, 0xff, 1,    2,    3,    4,    5,    6,    7,
                                    8,    9,    10,   11,   12,   13,   14,   15,   16};
    pair *p = asking_pair(0, 0x0303);

    p->server.listener = leave_open;
    bytes_add(&p->client.wire, hello, sizeof(hello));
    while (side_step(&p->server, &p->client.wire))
        continue;
    CHECK_INT(p->server.status, SP_PAUSED);
    const event *asked = side_event(&p->server, SP_EV_CLIENT_HELLO);
    CHECK(asked->absent[EXTENSIONS]);
    CHECK_INT(asked->item[ID].len, 0);
    CHECK_INT(sp_conn_answer(p->server.conn, asked->sequence, -1), SP_OK);
    pair_free(p);
    check_nothing_lives();
}

TEST(aPausedConnectionTakesNothingUntilItIsAnswered)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        uint8_t byte = 0;
        uint32_t sequence = run_to_question(p, SP_EV_CLIENT_HELLO);
        CHECK_INT(
            sp_conn_read(p->server.conn, (const uint8_t *)"more", 4, &byte, 1, &byte, 1, &p->server.turn),
            SP_PAUSED);
        CHECK_INT(p->server.turn.consumed, 0);
        CHECK_INT(p->server.turn.events, 0);
        CHECK_INT(sp_conn_write(p->server.conn, &byte, 1, &byte, 1, &p->server.turn), SP_PAUSED);
        CHECK_INT(p->server.turn.consumed, 0);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, -1), SP_OK);
        pair_handshake(p);
        pair_free(p);
    }
}

TEST(lateSecondAndUnknownAnswersAreMisuse)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        CHECK_INT(sp_conn_answer(p->server.conn, 0, -1), SP_MISUSE);
        CHECK_INT(sp_conn_answer(p->server.conn, 1, -1), SP_MISUSE);
        uint32_t sequence = run_to_question(p, SP_EV_CLIENT_HELLO);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence + 1, -1), SP_MISUSE);
        CHECK_INT(sp_conn_answer(p->server.conn, 0, -1), SP_MISUSE);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, 256), SP_MISUSE);
        CHECK_INT(sp_conn_answer(NULL, sequence, -1), SP_MISUSE);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, -1), SP_OK);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, -1), SP_MISUSE);
        pair_handshake(p);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, 40), SP_MISUSE);
        side_write(&p->client, "on", 2);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "on", 2);
        pair_free(p);
    }
}

TEST(aRefusalReachesTheClientAsTheAlertThatWasGiven)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        uint32_t sequence = run_to_question(p, SP_EV_CLIENT_HELLO);
        CHECK_INT(sp_conn_answer(p->server.conn, sequence, 112), SP_OK);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.report.alert, 112);
        CHECK_INT(p->server.turn.report.alert_sent, 1);
        CHECK(turn_error(&p->server.turn, SSL_R_CALLBACK_FAILED) != NULL);
        side_step(&p->client, &p->server.wire);
        CHECK_INT(p->client.turn.report.alert, 112);
        CHECK(turn_error(&p->client.turn, SSL_R_TLSV1_UNRECOGNIZED_NAME) != NULL);
        pair_free(p);
    }
}

TEST(aLostAnswerDoesNoHarm)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        run_to_question(p, SP_EV_CLIENT_HELLO);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theSecondHelloOfAHelloRetryRequestIsNotAskedAbout)
{
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304),
           *server = test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304);
    CHECK_INT(sp_ctx_set_groups(client, "P-256:P-384", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_groups(server, "P-384", NULL), SP_OK);
    pair *p = pair_of(client, server);

    sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_ASK_CERT | SP_TELL_MESSAGE);
    pair_handshake(p);
    CHECK_INT(side_count(&p->server, SP_EV_CLIENT_HELLO), 1);
    CHECK_INT(side_count(&p->server, SP_EV_CERT), 1);
    size_t hellos = 0;
    for (size_t i = 0; i < p->server.event_count; i++) {
        const event *message = &p->server.events[i];
        hellos += message->type == SP_EV_MESSAGE && item_u32(message, 0) == 0 && item_u32(message, 2) == 22 &&
                  message->item[3].at[0] == 1;
    }
    CHECK_INT(hellos, 2);
    pair_free(p);
    check_nothing_lives();
}

TEST(aTicketIsSeenInTheHelloAndAsPskIdentity)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        pair_handshake(p);
        const event *session = side_event(&p->client, SP_EV_SESSION);
        CHECK(session != NULL);
        bytes der = {NULL, 0, 0};
        bytes_add(&der, session->item[1].at, session->item[1].len);
        pair_reconnect(p);
        CHECK_INT(sp_conn_set_session(p->client.conn, der.at, der.len), SP_OK);
        sp_conn_set_events(p->server.conn, SP_ASK_HELLO);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), 1);
        const event *hello = side_event(&p->server, SP_EV_CLIENT_HELLO);
        uint32_t bits = item_u32(hello, BITS);
        if (v == 0) {
            CHECK_INT(bits, SP_HELLO_TICKET);
            CHECK_INT(hello->item[IDENTITIES].len, 0);
        } else {
            uint32_t len = 0;
            CHECK_INT(bits, SP_HELLO_TLS1_3);
            CHECK(hello->item[IDENTITIES].len > 4);
            memcpy(&len, hello->item[IDENTITIES].at, 4);
            CHECK_INT(hello->item[IDENTITIES].len, 4 + len);
        }
        bytes_free(&der);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(eachRenegotiationAsksAgain)
{
    pair *p = asking_pair(0x0303, 0x0303);

    sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_ASK_RENEGOTIATION);
    pair_handshake(p);
    CHECK_INT(side_count(&p->server, SP_EV_RENEGOTIATION), 0);
    for (int i = 1; i <= 2; i++) {
        CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
        pair_run(p);
        CHECK_INT(side_count(&p->server, SP_EV_RENEGOTIATION), i);
        CHECK_INT(side_count(&p->server, SP_EV_CLIENT_HELLO), i + 1);
        CHECK_INT(side_count(&p->server, SP_EV_HANDSHAKE_DONE), i + 1);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), i);
    }
    /* The renegotiation can be refused before the hello is asked about, which costs the caller more. */
    size_t renegotiation = 0, hello = 0;
    for (size_t i = 0; i < p->server.event_count; i++) {
        if (p->server.events[i].type == SP_EV_RENEGOTIATION)
            renegotiation = i;
        if (p->server.events[i].type == SP_EV_CLIENT_HELLO)
            hello = i;
    }
    CHECK(renegotiation < hello);
    CHECK(p->server.events[hello].item[EXTENSIONS].len > 10);
    CHECK_INT(item_u32(&p->server.events[hello], BITS) & SP_HELLO_RENEGOTIATION, SP_HELLO_RENEGOTIATION);
    pair_free(p);
    check_nothing_lives();
}

TEST(aRenegotiationThatTheServerAskedForIsNoQuestion)
{
    pair *p = pair_new(0x0303, 0x0303);

    sp_conn_set_events(p->server.conn, SP_ASK_RENEGOTIATION);
    pair_handshake(p);
    CHECK_INT(sp_conn_renegotiate(p->server.conn, 1, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(side_count(&p->server, SP_EV_RENEGOTIATION), 0);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), 1);
    /* One HelloRequest permits one renegotiation: the client's own is asked about again. */
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 1, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(side_count(&p->server, SP_EV_RENEGOTIATION), 1);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), 2);
    pair_free(p);
}

TEST(aRefusedRenegotiationEndsTheConnectionWithThatAlert)
{
    pair *p = pair_new(0x0303, 0x0303);

    sp_conn_set_events(p->server.conn, SP_ASK_RENEGOTIATION);
    pair_handshake(p);
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    uint32_t sequence = run_to_question(p, SP_EV_RENEGOTIATION);
    CHECK_INT(sp_conn_answer(p->server.conn, sequence, 40), SP_OK);
    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.alert, 40);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK_INT(p->client.turn.report.alert, 40);
    pair_free(p);
    check_nothing_lives();
}

TEST(sessionIdAndServernameOfAByteWiseHelloAreWhole)
{
    EACH_VERSION
    {
        pair *p = asking_pair(versions[v], versions[v]);
        p->server.in_cap = 1;
        CHECK_INT(sp_conn_set_servername(p->client.conn, "byte.example", NULL), SP_OK);
        pair_handshake(p);
        const event *hello = side_event(&p->server, SP_EV_CLIENT_HELLO);
        CHECK_BYTES(hello->item[SERVERNAME].at, hello->item[SERVERNAME].len, "byte.example", 12);
        pair_free(p);
    }
}
