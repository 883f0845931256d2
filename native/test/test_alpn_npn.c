/* ALPN and NPN: which side chooses, and what happens when nothing matches. */
#include "pair.h"

#include <openssl/sslerr.h>

#define ABC                                                                                                  \
    "\x01"                                                                                                   \
    "a\x01"                                                                                                  \
    "b\x01"                                                                                                  \
    "c"
#define CB                                                                                                   \
    "\x01"                                                                                                   \
    "c\x01"                                                                                                  \
    "b"
#define X                                                                                                    \
    "\x01"                                                                                                   \
    "x"

static int32_t set_alpn(side *self, const char *wire)
{
    return sp_conn_set_alpn(self->conn, (const uint8_t *)wire, strlen(wire));
}

/* What the listener answers at the hello: NULL leaves it to the list, "" refuses. */
static void choose(side *self, const event *what)
{
    const char *answer = self->user;

    if (what->type != SP_EV_CLIENT_HELLO)
        return;
    if (answer != NULL)
        CHECK_INT(sp_conn_select_alpn(self->conn, (const uint8_t *)answer, strlen(answer)), SP_OK);
    CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

static void check_alpn(const char *server, const char *client, const char *expected)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        if (server != NULL)
            CHECK_INT(set_alpn(&p->server, server), SP_OK);
        if (client != NULL)
            CHECK_INT(set_alpn(&p->client, client), SP_OK);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->server, SP_GET_ALPN), expected);
        CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), expected);
        pair_free(p);
    }
}

TEST(theServersPreferenceDecides)
{
    check_alpn(ABC, CB, "b");
}

TEST(alpnNeedsBothSides)
{
    check_alpn(NULL, CB, "(none)");
    check_alpn(ABC, NULL, "(none)");
}

static void check_no_protocol(pair *p)
{
    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.alert, 120);
    CHECK(turn_error(&p->server.turn, SSL_R_NO_APPLICATION_PROTOCOL) != NULL);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK(turn_error(&p->client.turn, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) != NULL);
}

TEST(noOverlapIsAFatalAlert)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        set_alpn(&p->server, ABC);
        set_alpn(&p->client, X);
        check_no_protocol(p);
        pair_free(p);
    }
    check_nothing_lives();
}

/* Both sides have a list, and the server answers at the hello as choose() does. */
static pair *choosing_pair(int32_t version, const char *answer)
{
    pair *p = pair_new(version, version);

    sp_conn_set_events(p->server.conn, SP_ASK_HELLO);
    set_alpn(&p->server, ABC);
    set_alpn(&p->client, CB);
    p->server.listener = choose;
    p->server.user = (void *)answer;
    return p;
}

TEST(theAnswerAtTheHelloWinsOverTheList)
{
    EACH_VERSION for (int stored = 0; stored < 2; stored++)
    {
        pair *p = choosing_pair(versions[v], "c");
        if (!stored)
            sp_conn_set_alpn(p->server.conn, NULL, 0);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), "c");
        pair_free(p);
    }
}

TEST(theListDecidesWhenTheAnswerIsSilent)
{
    EACH_VERSION
    {
        pair *p = choosing_pair(versions[v], NULL);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), "b");
        pair_free(p);
    }
}

TEST(anEmptyAnswerAtTheHelloRefuses)
{
    EACH_VERSION
    {
        pair *p = choosing_pair(versions[v], "");
        check_no_protocol(p);
        pair_free(p);
    }
}

static void choose_badly(side *self, const event *what)
{
    uint8_t longest[256] = {0};

    if (what->type != SP_EV_CLIENT_HELLO)
        return;
    CHECK_INT(sp_conn_select_alpn(self->conn, (const uint8_t *)"a", 1), SP_MISUSE);
    CHECK_INT(sp_conn_select_alpn(self->conn, (const uint8_t *)"cb", 2), SP_MISUSE);
    CHECK_INT(sp_conn_select_alpn(self->conn,
                                  (const uint8_t *)"\x01"
                                                   "b",
                                  2),
              SP_MISUSE);
    CHECK_INT(sp_conn_select_alpn(self->conn, longest, sizeof(longest)), SP_MISUSE);
    CHECK_INT(sp_conn_select_alpn(self->conn, NULL, 1), SP_MISUSE);
    CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
    CHECK_INT(sp_conn_select_alpn(self->conn, (const uint8_t *)"c", 1), SP_MISUSE);
}

TEST(anAnswerThatWasNotOfferedOrComesLateIsMisuse)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_conn_set_events(p->server.conn, SP_ASK_HELLO);
        set_alpn(&p->client, CB);
        p->server.listener = choose_badly;
        CHECK_INT(sp_conn_select_alpn(p->server.conn, (const uint8_t *)"c", 1), SP_MISUSE);
        CHECK_INT(sp_conn_select_alpn(NULL, (const uint8_t *)"c", 1), SP_MISUSE);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), "(none)");
        CHECK_INT(sp_conn_select_alpn(p->server.conn, (const uint8_t *)"c", 1), SP_MISUSE);
        pair_free(p);
    }
}

TEST(aChoiceSurvivesAHelloRetryRequest)
{
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304),
           *server = test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304);

    CHECK_INT(sp_ctx_set_groups(client, "P-256:P-384", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_groups(server, "P-384", NULL), SP_OK);
    pair *p = pair_of(client, server);
    sp_conn_set_events(p->server.conn, SP_ASK_HELLO);
    set_alpn(&p->client, CB);
    p->server.listener = choose;
    p->server.user = "c";
    pair_handshake(p);
    CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), "c");
    pair_free(p);
}

TEST(malformedListsAreMisuse)
{
    pair *p = pair_new(0, 0);
    side *sides[] = {&p->client, &p->server};

    for (int i = 0; i < 2; i++) {
        sp_conn *conn = sides[i]->conn;
        CHECK_INT(sp_conn_set_alpn(conn,
                                   (const uint8_t *)"\x02"
                                                    "a",
                                   2),
                  SP_MISUSE);
        CHECK_INT(sp_conn_set_alpn(conn, (const uint8_t *)"\x00", 1), SP_MISUSE);
        CHECK_INT(sp_conn_set_alpn(conn,
                                   (const uint8_t *)"\x01"
                                                    "a\x00",
                                   3),
                  SP_MISUSE);
        CHECK_INT(sp_conn_set_alpn(conn, NULL, 3), SP_MISUSE);
        CHECK_INT(sp_conn_set_npn(conn,
                                  (const uint8_t *)"\x02"
                                                   "a",
                                  2),
                  SP_MISUSE);
        CHECK_INT(sp_conn_set_npn(conn, (const uint8_t *)"\x00", 1), SP_MISUSE);
        CHECK_INT(sp_conn_set_alpn(conn, NULL, 0), SP_OK);
        CHECK_INT(sp_conn_set_npn(conn, NULL, 0), SP_OK);
    }
    CHECK_INT(sp_conn_set_alpn(NULL, NULL, 0), SP_MISUSE);
    CHECK_INT(sp_conn_set_npn(NULL, NULL, 0), SP_MISUSE);
    pair_handshake(p);
    CHECK_INT(sp_conn_set_alpn(p->client.conn, (const uint8_t *)CB, 4), SP_MISUSE);
    CHECK_INT(sp_conn_set_npn(p->server.conn, (const uint8_t *)CB, 4), SP_MISUSE);
    pair_free(p);
    check_nothing_lives();
}

TEST(aListThatWasSetCanBeTakenBack)
{
    pair *p = pair_new(0x0304, 0x0304);

    set_alpn(&p->server, ABC);
    set_alpn(&p->client, CB);
    CHECK_INT(sp_conn_set_alpn(p->client.conn, NULL, 0), SP_OK);
    pair_handshake(p);
    CHECK_TEXT(side_text(&p->server, SP_GET_ALPN), "(none)");
    pair_free(p);
}

/* ---- NPN ---- */

static void check_npn(int32_t max, const char *server, const char *client, const char *at_server,
                      const char *at_client)
{
    if (!sp_library_feature(SP_FEATURE_NPN))
        test_skip("a library with NPN");
    sp_ctx *client_ctx = test_ctx(SP_ROLE_CLIENT, 0x0303, max),
           *server_ctx = test_ctx(SP_ROLE_SERVER, 0x0303, max);
    CHECK_INT(sp_ctx_enable_npn(client_ctx), SP_OK);
    CHECK_INT(sp_ctx_enable_npn(server_ctx), SP_OK);
    pair *p = pair_of(client_ctx, server_ctx);
    if (server != NULL)
        CHECK_INT(sp_conn_set_npn(p->server.conn, (const uint8_t *)server, strlen(server)), SP_OK);
    if (client != NULL)
        CHECK_INT(sp_conn_set_npn(p->client.conn, (const uint8_t *)client, strlen(client)), SP_OK);
    pair_handshake(p);
    side_write(&p->client, "data", 4);
    pair_run(p);
    CHECK_TEXT(side_text(&p->server, SP_GET_NPN), at_server);
    CHECK_TEXT(side_text(&p->client, SP_GET_NPN), at_client);
    pair_free(p);
    check_nothing_lives();
}

TEST(npnTakesTheFirstOfTheServersListThatTheClientHas)
{
    check_npn(0x0303, ABC, CB, "b", "b");
}

TEST(npnWithoutOverlapTakesTheClientsFirstAndCountsAsNoneThere)
{
    check_npn(0x0303, ABC, X, "x", "(none)");
}

TEST(npnOfAClientWithoutAListIsHttp1_1)
{
    check_npn(0x0303, ABC, NULL, "http/1.1", "(none)");
}

TEST(npnOfAServerWithoutAListHasNoOverlap)
{
    check_npn(0x0303, NULL, CB, "c", "(none)");
}

TEST(npnDoesNotExistInTls1_3)
{
    check_npn(0x0304, ABC, CB, "(none)", "(none)");
}

TEST(alpnWinsOverNpn)
{
    if (!sp_library_feature(SP_FEATURE_NPN))
        test_skip("a library with NPN");
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0303, 0x0303),
           *server = test_ctx(SP_ROLE_SERVER, 0x0303, 0x0303);
    sp_ctx_enable_npn(client);
    sp_ctx_enable_npn(server);
    pair *p = pair_of(client, server);
    set_alpn(&p->server, ABC);
    set_alpn(&p->client, CB);
    sp_conn_set_npn(p->server.conn, (const uint8_t *)ABC, 6);
    sp_conn_set_npn(p->client.conn, (const uint8_t *)CB, 4);
    sp_conn_set_events(p->server.conn, SP_ASK_HELLO);
    pair_handshake(p);
    CHECK_INT(item_u32(side_event(&p->server, SP_EV_CLIENT_HELLO), 3), SP_HELLO_NPN);
    CHECK_TEXT(side_text(&p->client, SP_GET_ALPN), "b");
    CHECK_TEXT(side_text(&p->client, SP_GET_NPN), "(none)");
    CHECK_TEXT(side_text(&p->server, SP_GET_NPN), "(none)");
    pair_free(p);
}
