#include "credentials.h"
#include "sp_psk.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304, CLIENT_TOKEN = 11, SERVER_TOKEN = 22, AS_TEXT = -99 };

/* What the process-wide function answers, and what it was given. */
static struct {
    const char *identity; /* client: its name */
    int32_t identity_len; /* AS_TEXT: as long as the text */
    const char *client_key, *server_key;
    int32_t client_len, server_len; /* likewise */
    char hint[300], name[300];
    int hint_missing, asked_client, asked_server;
    int32_t identity_cap, psk_cap;
    sp_conn *reenter;
    int32_t reentered;
} play;

static int32_t put(uint8_t *to, int32_t cap, const char *text, int32_t len)
{
    int32_t text_len = text != NULL ? (int32_t)strlen(text) : 0;

    if (text_len > 0)
        memcpy(to, text, (size_t)(text_len < cap ? text_len : cap));
    return len != AS_TEXT ? len : text_len;
}

static int32_t answer(int64_t token, const uint8_t *name, int32_t name_len, uint8_t *identity,
                      int32_t identity_cap, int32_t *identity_len, uint8_t *psk, int32_t psk_cap)
{
    if (play.reenter != NULL) {
        sp_turn turn;
        uint8_t out[16];
        play.reentered = sp_conn_read(play.reenter, NULL, 0, NULL, 0, out, sizeof(out), &turn);
        CHECK_INT(sp_conn_int(play.reenter, SP_INT_VERSION), -1);
        CHECK_INT(sp_conn_get(play.reenter, SP_GET_PROTOCOL, NULL, 0), -1);
        CHECK_INT(sp_conn_set_psk(play.reenter, 0), SP_MISUSE);
    }
    play.psk_cap = psk_cap;
    if (token == SERVER_TOKEN) {
        play.asked_server++;
        snprintf(play.name, sizeof(play.name), "%.*s", (int)name_len, (const char *)name);
        CHECK(identity == NULL && identity_cap == 0);
        return put(psk, psk_cap, play.server_key, play.server_len);
    }
    CHECK_INT(token, CLIENT_TOKEN);
    play.asked_client++;
    play.hint_missing = name == NULL;
    snprintf(play.hint, sizeof(play.hint), "%.*s", (int)name_len, name != NULL ? (const char *)name : "");
    play.identity_cap = identity_cap;
    *identity_len = put(identity, identity_cap, play.identity, play.identity_len);
    return put(psk, psk_cap, play.client_key, play.client_len);
}

static void begin(void)
{
    memset(&play, 0, sizeof(play));
    play.identity = "client-1";
    play.client_key = play.server_key = "0123456789abcdef";
    play.identity_len = play.client_len = play.server_len = AS_TEXT;
    CHECK_INT(sp_library_init(NULL), SP_OK);
    sp_psk_set_function(answer);
}

static pair *psk_pair(int32_t version, const char *hint)
{
    static const char suites[] = "PSK-AES128-GCM-SHA256:ECDHE-PSK-CHACHA20-POLY1305";
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, version, version),
           *server = ctx_bare(SP_ROLE_SERVER, version, version);
    pair *p;

    CHECK_INT(sp_ctx_set_cipher_list(client, suites, NULL), SP_OK);
    CHECK_INT(sp_ctx_set_cipher_list(server, suites, NULL), SP_OK);
    if (hint != NULL)
        CHECK_INT(sp_ctx_set_psk_identity_hint(server, hint, NULL), SP_OK);
    p = pair_of(client, server);
    CHECK_INT(sp_conn_set_psk(p->client.conn, CLIENT_TOKEN), SP_OK);
    CHECK_INT(sp_conn_set_psk(p->server.conn, SERVER_TOKEN), SP_OK);
    return p;
}

static void check_both_used_it(pair *p)
{
    for (int i = 0; i < 2; i++) {
        sp_conn *conn = i == 0 ? p->client.conn : p->server.conn;
        CHECK_INT(sp_conn_int(conn, SP_INT_PSK_USED), 1);
        CHECK_INT(sp_conn_int(conn, SP_INT_HAS_PEER_CERT), 0);
    }
}

static void check_fails(pair *p)
{
    pair_run(p);
    CHECK(p->client.status == SP_FAILED && p->server.status == SP_FAILED);
    CHECK_INT(ERR_peek_error(), 0);
    pair_free(p);
}

TEST(aSharedKeyConnectsInTls12)
{
    begin();
    pair *p = psk_pair(TLS12, NULL);
    pair_handshake(p);
    check_both_used_it(p);
    CHECK_TEXT(play.name, "client-1");
    CHECK(play.hint_missing);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 0);
    CHECK(play.identity_cap >= 128 && play.psk_cap >= 256);
    pair_free(p);
    check_nothing_lives();
}

TEST(aSharedKeyConnectsInTls13)
{
    begin();
    pair *p = psk_pair(TLS13, NULL);
    pair_handshake(p);
    check_both_used_it(p);
    CHECK_TEXT(play.name, "client-1");
    CHECK(play.hint_missing);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 1); /* as in Node: TLS 1.3 calls both a PSK */
    pair_free(p);
}

TEST(theHintReachesTheClientInTls12)
{
    begin();
    pair *p = psk_pair(TLS12, "ask for Ελλάς");
    pair_handshake(p);
    CHECK(!play.hint_missing);
    CHECK_TEXT(play.hint, "ask for Ελλάς");
    pair_free(p);
}

TEST(aHintThatIsTooLongIsRefused)
{
    char hint[1024];
    sp_report report;
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    memset(hint, 'h', sizeof(hint));
    hint[sizeof(hint) - 1] = 0;
    CHECK_INT(sp_ctx_set_psk_identity_hint(ctx, hint, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_DATA_LENGTH_TOO_LONG);
    sp_ctx_free(ctx);
}

TEST(aConnectionHasAHintOfItsOwnBeforeItsFirstRead)
{
    begin();
    pair *p = psk_pair(TLS12, "of the context");
    char hint[258];
    sp_report report;

    memset(hint, 'h', sizeof(hint));
    hint[257] = 0;
    CHECK_INT(sp_conn_set_psk_identity_hint(p->server.conn, hint, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_DATA_LENGTH_TOO_LONG);
    hint[256] = 0;
    CHECK_INT(sp_conn_set_psk_identity_hint(p->server.conn, hint, NULL), SP_OK);
    CHECK_INT(sp_conn_set_psk_identity_hint(p->server.conn, "of the connection", NULL), SP_OK);
    CHECK_INT(sp_conn_set_psk_identity_hint(p->server.conn, NULL, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_set_psk_identity_hint(NULL, "x", NULL), SP_MISUSE);
    CHECK_INT(sp_conn_set_psk_identity_hint(p->client.conn, "x", NULL), SP_MISUSE);
    pair_handshake(p);
    CHECK_TEXT(play.hint, "of the connection");
    CHECK_INT(sp_conn_set_psk_identity_hint(p->server.conn, "late", NULL), SP_MISUSE);
    pair_free(p);
}

TEST(differentKeysFail)
{
    begin();
    play.server_key = "fedcba9876543210";
    check_fails(psk_pair(TLS12, NULL));
    check_fails(psk_pair(TLS13, NULL));
}

TEST(aServerWithoutAKeyFails)
{
    begin();
    play.server_len = 0;
    check_fails(psk_pair(TLS12, NULL));
    check_fails(psk_pair(TLS13, NULL));
}

TEST(aClientWithoutAKeyFails)
{
    begin();
    play.client_len = 0;
    check_fails(psk_pair(TLS12, NULL));
    check_fails(psk_pair(TLS13, NULL));
}

TEST(lengthsOutsideTheRoomCountAsNoKey)
{
    static const int32_t lengths[] = {-5, INT32_MIN, INT32_MAX, 100000};

    for (int32_t version = TLS12; version <= TLS13; version++) {
        for (size_t i = 0; i < 4; i++) {
            begin();
            play.server_len = lengths[i];
            check_fails(psk_pair(version, NULL));
            begin();
            play.client_len = lengths[i];
            check_fails(psk_pair(version, NULL));
            begin();
            play.identity_len = lengths[i];
            check_fails(psk_pair(version, NULL));
        }
    }
}

TEST(anIdentityMayFillItsRoom)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        static char longest[4096];
        begin();
        pair_free(psk_pair(version, NULL));
        pair *p = psk_pair(version, NULL);
        memset(longest, 'i', sizeof(longest));
        longest[128] = 0; /* what every version has room for */
        play.identity = longest;
        pair_handshake(p);
        CHECK_TEXT(play.name, longest);
        pair_free(p);
    }
}

TEST(anIdentityWithANulInsideIsNoIdentity)
{
    begin();
    play.identity_len = (int32_t)strlen(play.identity) + 3; /* the zeros that OpenSSL put there */
    check_fails(psk_pair(TLS12, NULL));
}

TEST(identitiesThatAreNoUtf8AreNotAskedAbout)
{
    static const char *const bad[] = {"\xff",
                                      "a\x80",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "cut\xe2\x82",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xc3("};
    static const char *const good[] = {"\xc2\x80",     "\xe0\xa0\x80",     "\xed\x9f\xbf",     "\xee\x80\x80",
                                       "\xef\xbf\xbd", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "plain"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin();
        play.identity = bad[i];
        check_fails(psk_pair(i % 2 == 0 ? TLS12 : TLS13, NULL));
        CHECK_INT(play.asked_server, 0);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        begin();
        play.identity = good[i];
        pair *p = psk_pair(i % 2 == 0 ? TLS12 : TLS13, NULL);
        pair_handshake(p);
        CHECK_TEXT(play.name, good[i]);
        pair_free(p);
    }
}

TEST(ticketsOfTls13AreNotAskedAbout)
{
    uint8_t keys[48];

    begin();
    pair *p = psk_pair(TLS13, NULL);
    memset(keys, 0xff, sizeof(keys)); /* a ticket begins with its key's name; this one is no valid UTF-8 */
    CHECK_INT(sp_ctx_set_ticket_keys(p->server_ctx, keys), SP_OK);
    pair_handshake(p);
    bytes session = conn_value(p->client.conn, SP_GET_SESSION);
    pair_reconnect(p);
    CHECK_INT(sp_conn_set_psk(p->client.conn, CLIENT_TOKEN), SP_OK);
    CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
    CHECK_INT(sp_conn_set_psk(p->server.conn, SERVER_TOKEN), SP_OK);
    play.asked_server = 0;
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), 1);
    CHECK_INT(play.asked_server, 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_PSK_USED), 1); /* a session that began with a key */
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_PSK_USED), 0); /* which a ticket does not prove */
    bytes_free(&session);
    pair_free(p);
}

TEST(aConnectionWithoutATokenAsksNobody)
{
    begin();
    pair *p = psk_pair(TLS12, NULL);
    CHECK_INT(sp_conn_set_psk(p->client.conn, 0), SP_OK);
    check_fails(p);
    CHECK_INT(play.asked_client, 0);
}

TEST(withoutAFunctionThereIsNoKey)
{
    begin();
    sp_psk_set_function(NULL);
    check_fails(psk_pair(TLS12, NULL));
    check_fails(psk_pair(TLS13, NULL));
}

TEST(aStartedConnectionTakesNoToken)
{
    begin();
    pair *p = psk_pair(TLS12, NULL);
    pair_handshake(p);
    CHECK_INT(sp_conn_set_psk(p->client.conn, 5), SP_MISUSE);
    CHECK_INT(sp_conn_set_psk(NULL, 5), SP_MISUSE);
    pair_free(p);
}

TEST(theFunctionCannotComeBackIntoItsConnection)
{
    begin();
    pair *p = psk_pair(TLS13, NULL);
    play.reenter = p->client.conn;
    side_step(&p->client, &p->server.wire); /* the client is asked while it writes its hello */
    CHECK_INT(play.asked_client, 1);
    CHECK_INT(play.reentered, SP_MISUSE);
    play.reenter = NULL;
    pair_handshake(p);
    pair_free(p);
    check_nothing_lives();
}

/* Freed from inside its own upcall: the call under way ends it. */
static int32_t answer_and_free(int64_t token, const uint8_t *name, int32_t name_len, uint8_t *identity,
                               int32_t identity_cap, int32_t *identity_len, uint8_t *psk, int32_t psk_cap)
{
    if (play.reenter != NULL)
        sp_conn_free(play.reenter);
    play.reenter = NULL;
    return answer(token, name, name_len, identity, identity_cap, identity_len, psk, psk_cap);
}

TEST(theFunctionMayFreeItsConnection)
{
    begin();
    sp_psk_set_function(answer_and_free);
    pair *p = psk_pair(TLS13, NULL);
    uint8_t out[4096];
    sp_turn *turn = malloc(sizeof(*turn));

    play.reenter = p->client.conn;
    sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), turn);
    p->client.conn = NULL;
    CHECK_INT(sp_library_live(SP_LIVE_CONN), 1);
    free(turn);
    pair_free(p);
    check_nothing_lives();
}
