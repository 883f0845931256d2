/* Sessions as bytes: tickets, session ids, TLS 1.3 stateful tickets, and answers that are late, wrong or missing. */
#include "internal.h"
#include "pair.h"

/* A store of one session, and what it does when asked. */
typedef struct store {
    bytes id, der;
    bytes mine; /* the session as its client has it */
    int answer; /* offer the session at each hello whose id (or PSK identity) is the stored one */
    int asked;
    int offered;
    int garbage_first; /* offer garbage, then the session */
    int garbage_only;
} store;

static void store_free(store *of)
{
    bytes_free(&of->id);
    bytes_free(&of->der);
    bytes_free(&of->mine);
}

static void store_put(store *to, const event *session)
{
    to->id.len = to->der.len = 0;
    bytes_add(&to->id, session->item[0].at, session->item[0].len);
    bytes_add(&to->der, session->item[1].at, session->item[1].len);
}

static int knows(const store *of, const event *hello)
{
    const bytes *id = &hello->item[0], *identities = &hello->item[7];
    uint32_t len;

    if (of->id.len > 0 && id->len == of->id.len && memcmp(id->at, of->id.at, id->len) == 0)
        return 1;
    for (size_t at = 0; at < identities->len; at += 4 + len) {
        memcpy(&len, identities->at + at, 4);
        if (len == of->id.len && memcmp(identities->at + at + 4, of->id.at, len) == 0)
            return 1;
    }
    return 0;
}

static void serve(side *self, const event *what)
{
    store *sessions = self->user;

    if (what->type == SP_EV_SESSION && !sessions->answer)
        store_put(sessions, what);
    if (what->type != SP_EV_CLIENT_HELLO)
        return;
    sessions->asked++;
    if (sessions->answer && knows(sessions, what)) {
        static const uint8_t garbage[] = "this is no session at all";
        if (sessions->garbage_first || sessions->garbage_only)
            CHECK_INT(sp_conn_offer_session(self->conn, garbage, sizeof(garbage)), SP_IGNORED);
        if (!sessions->garbage_only) {
            CHECK_INT(sp_conn_offer_session(self->conn, sessions->der.at, sessions->der.len), SP_OK);
            CHECK_INT(sp_conn_offer_session(self->conn, sessions->der.at, sessions->der.len), SP_OK);
        }
        sessions->offered++;
    }
    CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

static void attach(pair *p, store *sessions)
{
    sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_TELL_SESSION);
    sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
    p->server.listener = serve;
    p->server.user = sessions;
}

/* A pair whose server has an external session store, after one full handshake; the client's new
 * connection offers its session. */
static pair *stateful_pair(int32_t version, store *sessions)
{
    sp_ctx *server = test_ctx(SP_ROLE_SERVER, version, version);

    sp_ctx_set_options(server, SSL_OP_NO_TICKET, 0);
    pair *p = pair_of(test_ctx(SP_ROLE_CLIENT, version, version), server);
    attach(p, sessions);
    pair_handshake(p);
    CHECK(sessions->der.len > 0);
    CHECK_INT(sessions->id.len, 32);
    const event *session = side_event(&p->client, SP_EV_SESSION);
    CHECK(session != NULL);
    /* A TLS 1.3 client receives two; the last one it received is the last one the server stored. */
    for (size_t i = 0; i < p->client.event_count; i++)
        if (p->client.events[i].type == SP_EV_SESSION)
            session = &p->client.events[i];
    bytes_add(&sessions->mine, session->item[1].at, session->item[1].len);
    sessions->answer = 1;
    pair_reconnect(p);
    attach(p, sessions);
    CHECK_INT(sp_conn_set_session(p->client.conn, sessions->mine.at, sessions->mine.len), SP_OK);
    return p;
}

static void check_reused(pair *p, int expected)
{
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), expected);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), expected);
    side_write(&p->client, "data", 4);
    pair_run(p);
    CHECK_BYTES(p->server.plain.at, p->server.plain.len, "data", 4);
}

TEST(aTicketResumesWithoutAnyQuestionAnswered)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_SESSION), v == 0 ? 1 : 2);
        bytes der = {NULL, 0, 0};
        const event *session = side_event(&p->client, SP_EV_SESSION);
        bytes_add(&der, session->item[1].at, session->item[1].len);
        pair_reconnect(p);
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        CHECK_INT(sp_conn_set_session(p->client.conn, der.at, der.len), SP_OK);
        pair_handshake(p);
        check_reused(p, 1);
        bytes_free(&der);
        pair_free(p);
    }
    check_nothing_lives();
}

/* TLS 1.2 before the handshake is done, so that Finished can be withheld; TLS 1.3 after it, as tickets are. */
TEST(aServerTellsEachNewSession)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        sessions.answer = 0;
        pair_reconnect(p);
        attach(p, &sessions);
        pair_handshake(p);
        CHECK_INT(side_count(&p->server, SP_EV_SESSION), v == 0 ? 1 : 2);
        CHECK_INT(side_event(&p->server, SP_EV_SESSION) < side_event(&p->server, SP_EV_HANDSHAKE_DONE),
                  v == 0);
        store_free(&sessions);
        pair_free(p);
    }
}

TEST(aServerWithTicketsTellsNoTls1_2Session)
{
    pair *p = pair_new(0x0303, 0x0303);

    sp_conn_set_events(p->server.conn, SP_TELL_SESSION);
    pair_handshake(p);
    CHECK_INT(side_count(&p->server, SP_EV_SESSION), 0);
    pair_free(p);
}

TEST(nobodyIsToldWhoDidNotAsk)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_SESSION), 0);
        CHECK_INT(side_count(&p->server, SP_EV_SESSION), 0);
        pair_free(p);
    }
}

TEST(aSessionOfferedAtTheHelloIsResumed)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        pair_handshake(p);
        CHECK_INT(sessions.offered, 1);
        check_reused(p, 1);
        CHECK_INT(sp_library_live(SP_LIVE_SESSION_OFFER), 0);
        store_free(&sessions);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aSessionOfferedAtTheHelloSurvivesAHelloRetryRequest)
{
    store sessions = {.asked = 0};
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304),
           *server = test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304);

    sp_ctx_set_options(server, SSL_OP_NO_TICKET, 0);
    CHECK_INT(sp_ctx_set_groups(client, "P-256:P-384", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_groups(server, "P-384", NULL), SP_OK);
    pair *p = pair_of(client, server);
    attach(p, &sessions);
    pair_handshake(p);
    for (size_t i = 0; i < p->client.event_count; i++)
        if (p->client.events[i].type == SP_EV_SESSION) {
            sessions.mine.len = 0;
            bytes_add(&sessions.mine, p->client.events[i].item[1].at, p->client.events[i].item[1].len);
        }
    sessions.answer = 1;
    pair_reconnect(p);
    attach(p, &sessions);
    CHECK_INT(sp_conn_set_session(p->client.conn, sessions.mine.at, sessions.mine.len), SP_OK);
    pair_handshake(p);
    CHECK_INT(sessions.offered, 1);
    check_reused(p, 1);
    store_free(&sessions);
    pair_free(p);
    check_nothing_lives();
}

TEST(garbageInsteadOfASessionMeansAFullHandshake)
{
    EACH_VERSION
    {
        store sessions = {.garbage_only = 1};
        pair *p = stateful_pair(versions[v], &sessions);
        pair_handshake(p);
        CHECK_INT(sessions.offered, 1);
        check_reused(p, 0);
        store_free(&sessions);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aSessionAfterGarbageIsTaken)
{
    EACH_VERSION
    {
        store sessions = {.garbage_first = 1};
        pair *p = stateful_pair(versions[v], &sessions);
        pair_handshake(p);
        check_reused(p, 1);
        store_free(&sessions);
        pair_free(p);
    }
}

TEST(theSessionOfAnotherIdIsNotHandedOut)
{
    EACH_VERSION
    {
        store first = {.asked = 0}, second = {.asked = 0};
        pair *p = stateful_pair(versions[v], &first);
        pair *q = stateful_pair(versions[v], &second);
        /* The first store has the id, but returns the session of the other. */
        first.der.len = 0;
        bytes_add(&first.der, second.der.at, second.der.len);
        pair_handshake(p);
        CHECK_INT(first.offered, 1);
        check_reused(p, 0);
        store_free(&first);
        store_free(&second);
        pair_free(p);
        pair_free(q);
    }
    check_nothing_lives();
}

TEST(noSessionMeansAFullHandshakeAndANewSession)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        sessions.answer = 0;
        pair_handshake(p);
        CHECK_INT(sessions.asked, 2);
        check_reused(p, 0);
        CHECK_INT(side_count(&p->server, SP_EV_SESSION), v == 0 ? 1 : 2);
        store_free(&sessions);
        pair_free(p);
    }
}

TEST(anOfferOutsideThePauseIsMisuse)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        CHECK_INT(sp_conn_offer_session(p->server.conn, sessions.der.at, sessions.der.len), SP_MISUSE);
        pair_handshake(p);
        CHECK_INT(sp_conn_offer_session(p->server.conn, sessions.der.at, sessions.der.len), SP_MISUSE);
        CHECK_INT(sp_conn_offer_session(p->client.conn, sessions.der.at, sessions.der.len), SP_MISUSE);
        CHECK_INT(sp_conn_offer_session(NULL, sessions.der.at, sessions.der.len), SP_MISUSE);
        CHECK_INT(sp_conn_set_session(p->client.conn, sessions.mine.at, sessions.mine.len), SP_MISUSE);
        CHECK_INT(sp_conn_set_session(p->server.conn, sessions.mine.at, sessions.mine.len), SP_MISUSE);
        CHECK_INT(sp_conn_set_session(NULL, sessions.mine.at, sessions.mine.len), SP_MISUSE);
        store_free(&sessions);
        pair_free(p);
    }
    check_nothing_lives();
}

static void offer_and_leave(side *self, const event *what)
{
    store *sessions = self->user;

    if (what->type == SP_EV_CLIENT_HELLO)
        CHECK_INT(sp_conn_offer_session(self->conn, sessions->der.at, sessions->der.len), SP_OK);
}

TEST(anOfferGoesWithTheConnectionThatIsClosedInThePause)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        p->server.listener = offer_and_leave;
        pair_run(p);
        CHECK_INT(p->server.status, SP_PAUSED);
        CHECK_INT(sp_library_live(SP_LIVE_SESSION_OFFER), 1);
        store_free(&sessions);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(everyTruncatedSessionIsIgnoredAndLeavesNoError)
{
    pair *p = pair_new(0x0304, 0x0304);
    store sessions = {.asked = 0};
    pair *q = stateful_pair(0x0304, &sessions);

    for (size_t len = 0; len < sessions.mine.len; len++) {
        uint8_t *cut = malloc(len + 1);
        memcpy(cut, sessions.mine.at, len);
        CHECK_INT(sp_conn_set_session(p->client.conn, cut, len), SP_IGNORED);
        CHECK_INT(ERR_peek_error(), 0);
        free(cut);
    }
    CHECK_INT(sp_conn_set_session(p->client.conn, NULL, 10), SP_IGNORED);
    pair_handshake(p);
    store_free(&sessions);
    pair_free(p);
    pair_free(q);
}

TEST(oneSessionMayBeResumedManyTimes)
{
    EACH_VERSION
    {
        store sessions = {.asked = 0};
        pair *p = stateful_pair(versions[v], &sessions);
        for (int i = 0; i < 5; i++) {
            pair_handshake(p);
            CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), 1);
            pair_reconnect(p);
            attach(p, &sessions);
            CHECK_INT(sp_conn_set_session(p->client.conn, sessions.mine.at, sessions.mine.len), SP_OK);
        }
        store_free(&sessions);
        pair_free(p);
    }
    check_nothing_lives();
}
