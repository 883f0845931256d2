/* The pause before the certificate: identity switch and refusal. */
#include "internal.h"
#include "pair.h"

#include <openssl/sslerr.h>
#include <openssl/x509.h>

/* What the listener below does at SP_EV_CERT. */
typedef struct script {
    sp_ctx *identity;
    int32_t identity_result;
    int32_t alert;
} script;

static void play(side *self, const event *what)
{
    script *todo = self->user;

    if (what->type == SP_EV_CERT && todo->identity != NULL)
        todo->identity_result = sp_conn_use_identity(self->conn, todo->identity, NULL);
    if (what->type == SP_EV_CERT || what->type == SP_EV_CLIENT_HELLO)
        CHECK_INT(sp_conn_answer(self->conn, what->sequence, what->type == SP_EV_CERT ? todo->alert : -1),
                  SP_OK);
}

static pair *scripted(pair *p, script *todo)
{
    sp_conn_set_events(p->server.conn, SP_ASK_CERT);
    p->server.listener = play;
    p->server.user = todo;
    return p;
}

/* Common name of the certificate that the client got. */
static const char *peer_name(side *client)
{
    static char name[128];
    uint8_t der[4096];
    const unsigned char *at = der;
    int64_t len = sp_conn_get(client->conn, SP_GET_PEER_CERTIFICATE, der, sizeof(der));

    CHECK(len > 0);
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    CHECK(certificate != NULL);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
    X509_free(certificate);
    return name;
}

static sp_ctx *named_ctx(int kind, const char *name)
{
    sp_ctx *ctx = sp_ctx_new(SP_ROLE_SERVER, NULL);

    CHECK(ctx != NULL);
    test_use(ctx, test_identity(kind, name));
    return ctx;
}

TEST(theQuestionTellsTheServernameAndWhetherAStapleIsWanted)
{
    EACH_VERSION for (int ocsp = 0; ocsp < 2; ocsp++)
    {
        script todo = {.alert = -1};
        pair *p = scripted(pair_new(versions[v], versions[v]), &todo);
        CHECK_INT(sp_conn_set_servername(p->client.conn, "a.example", NULL), SP_OK);
        if (ocsp)
            sp_conn_request_ocsp(p->client.conn);
        pair_handshake(p);
        CHECK_INT(side_count(&p->server, SP_EV_CERT), 1);
        const event *asked = side_event(&p->server, SP_EV_CERT);
        CHECK_BYTES(asked->item[0].at, asked->item[0].len, "a.example", 9);
        CHECK_INT(item_u32(asked, 1), ocsp ? SP_CERT_OCSP : 0);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(anIdentityIsSwitchedForThisConnectionAlone)
{
    EACH_VERSION
    {
        script todo = {.alert = -1, .identity = named_ctx(KEY_P256, "sni.example")};
        pair *p = scripted(pair_new(versions[v], versions[v]), &todo);
        pair_handshake(p);
        CHECK_INT(todo.identity_result, SP_OK);
        CHECK_TEXT(peer_name(&p->client), "sni.example");
        pair_reconnect(p);
        pair_handshake(p);
        CHECK_TEXT(peer_name(&p->client), "test.example");
        sp_ctx_free(todo.identity);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theContextOfTheIdentityMayGoWhileTheHandshakeRuns)
{
    EACH_VERSION
    {
        script todo = {.alert = -1, .identity = named_ctx(KEY_RSA, "gone.example")};
        pair *p = scripted(pair_new(versions[v], versions[v]), &todo);
        while (side_event(&p->server, SP_EV_CERT) == NULL) {
            side_step(&p->client, &p->server.wire);
            side_step(&p->server, &p->client.wire);
        }
        sp_ctx_free(todo.identity);
        pair_handshake(p);
        CHECK_TEXT(peer_name(&p->client), "gone.example");
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(everyKeyTypeOfTheDefaultIdentityGivesWay)
{
    EACH_VERSION
    {
        script todo = {.alert = -1, .identity = named_ctx(KEY_RSA, "rsa.example")};
        sp_ctx *server = test_ctx(SP_ROLE_SERVER, versions[v], versions[v]);
        test_use(server, test_identity(KEY_RSA, "default-rsa.example"));
        pair *p = scripted(pair_of(test_ctx(SP_ROLE_CLIENT, versions[v], versions[v]), server), &todo);
        pair_handshake(p);
        CHECK_TEXT(peer_name(&p->client), "rsa.example");
        sp_ctx_free(todo.identity);
        pair_free(p);
    }
}

TEST(everyKeyTypeOfTheNewIdentityIsOffered)
{
    static const char *const signatures[] = {"ECDSA+SHA256", "RSA-PSS+SHA256", "ed25519"};
    static const char *const names[] = {"both.example", "both-rsa.example", "both-ed.example"};

    for (int i = 0; i < 3; i++) {
        script todo = {.alert = -1, .identity = named_ctx(KEY_P256, names[0])};
        test_use(todo.identity, test_identity(KEY_RSA, names[1]));
        test_use(todo.identity, test_identity(KEY_ED25519, names[2]));
        sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304);
        /* The CA's own signature must stay acceptable, which needs ECDSA too. */
        char list[64];
        snprintf(list, sizeof(list), i == 0 ? "%s" : "%s:ECDSA+SHA256", signatures[i]);
        CHECK_INT(sp_ctx_set_sigalgs(client, list, NULL), SP_OK);
        pair *p = scripted(pair_of(client, test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304)), &todo);
        pair_handshake(p);
        CHECK_TEXT(peer_name(&p->client), i == 0 ? names[0] : names[i]);
        sp_ctx_free(todo.identity);
        pair_free(p);
    }
}

TEST(aContextWithoutCertificateKeepsTheDefaultOneButSwitchesTrust)
{
    EACH_VERSION
    {
        script todo = {.alert = -1, .identity = sp_ctx_new(SP_ROLE_SERVER, NULL)};
        CHECK_INT(sp_ctx_add_ca(todo.identity, (const uint8_t *)test_ca(), strlen(test_ca()), 1, NULL), 1);
        sp_ctx *client = test_ctx(SP_ROLE_CLIENT, versions[v], versions[v]);
        test_use(client, test_identity(KEY_P256, "client.example"));
        pair *p = scripted(pair_of(client, test_ctx(SP_ROLE_SERVER, versions[v], versions[v])), &todo);
        CHECK_INT(sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER), SP_OK);
        pair_handshake(p);
        CHECK_INT(todo.identity_result, SP_IGNORED);
        CHECK_TEXT(peer_name(&p->client), "test.example");
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        CHECK(sp_conn_get(p->client.conn, SP_GET_PEER_CLIENT_CAS, NULL, 0) > 4);
        /* Without the switch the same certificate is not trusted. */
        pair_reconnect(p);
        sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
        pair_handshake(p);
        CHECK(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT) != X509_V_OK);
        sp_ctx_free(todo.identity);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theIdentityCanBeSwitchedAtTheHelloToo)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_ctx *identity = named_ctx(KEY_P256, "hello.example");
        script todo = {.alert = -1};
        scripted(p, &todo);
        sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_ASK_CERT);
        /* The listener answers the hello at once, so the switch is made in between by hand. */
        p->server.listener = NULL;
        side_step(&p->client, &p->server.wire);
        uint8_t events[4096];
        sp_turn turn;
        sp_conn *server = p->server.conn;
        int32_t status;
        while ((status = sp_conn_read(server, p->client.wire.at, p->client.wire.len, NULL, 0, NULL, 0,
                                      &turn)) == SP_EVENT) {
            bytes_drop(&p->client.wire, turn.consumed);
            sp_conn_take_events(server, events, sizeof(events));
        }
        bytes_drop(&p->client.wire, turn.consumed);
        CHECK_INT(status, SP_PAUSED);
        sp_conn_take_events(server, events, sizeof(events));
        CHECK_INT(sp_conn_use_identity(server, identity, NULL), SP_OK);
        CHECK_INT(sp_conn_answer(server, server->question, -1), SP_OK);
        pair_handshake(p);
        CHECK_TEXT(peer_name(&p->client), "hello.example");
        sp_ctx_free(identity);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aRefusalAtTheCertificateSendsTheAlertThatWasGiven)
{
    EACH_VERSION
    {
        script todo = {.alert = 112};
        pair *p = scripted(pair_new(versions[v], versions[v]), &todo);
        sp_conn_set_events(p->server.conn, SP_ASK_CERT | SP_TELL_ALERT);
        pair_run(p);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.report.alert, 112);
        CHECK_INT(p->server.turn.report.alert_sent, 1);
        CHECK(turn_error(&p->server.turn, SSL_R_CERT_CB_ERROR) != NULL);
        CHECK_INT(side_count(&p->server, SP_EV_ALERT), 1);
        CHECK_INT(item_u32(side_event(&p->server, SP_EV_ALERT), 0), 1 << 16 | 2 << 8 | 112);
        CHECK_INT(p->client.status, SP_FAILED);
        CHECK_INT(p->client.turn.report.alert, 112);
        CHECK(turn_error(&p->client.turn, SSL_R_TLSV1_UNRECOGNIZED_NAME) != NULL);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aRefusalInARenegotiationIsEncryptedAndInternalError)
{
    script todo = {.alert = -1};
    pair *p = scripted(pair_new(0x0303, 0x0303), &todo);

    pair_handshake(p);
    todo.alert = 112;
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.alert, 80);
    CHECK_INT(p->client.turn.report.alert, 80);
    CHECK_INT(item_u32(&p->server.events[p->server.event_count - 1], 1), SP_CERT_RENEGOTIATION);
    pair_free(p);
}

TEST(noQuestionComesWhenASessionIsResumed)
{
    EACH_VERSION
    {
        script todo = {.alert = -1};
        pair *p = scripted(pair_new(versions[v], versions[v]), &todo);
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        pair_handshake(p);
        bytes der = {NULL, 0, 0};
        const event *session = side_event(&p->client, SP_EV_SESSION);
        bytes_add(&der, session->item[1].at, session->item[1].len);
        pair_reconnect(p);
        scripted(p, &todo);
        sp_conn_set_session(p->client.conn, der.at, der.len);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), 1);
        CHECK_INT(side_count(&p->server, SP_EV_CERT), 0);
        bytes_free(&der);
        pair_free(p);
    }
}

TEST(answersOutsideTheirPauseAreMisuse)
{
    pair *p = pair_new(0x0304, 0x0304);
    sp_conn *server = p->server.conn;

    CHECK_INT(sp_conn_use_identity(server, p->server_ctx, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_use_identity(NULL, p->server_ctx, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_use_identity(server, NULL, NULL), SP_MISUSE);
    pair_handshake(p);
    CHECK_INT(sp_conn_use_identity(server, p->server_ctx, NULL), SP_MISUSE);
    pair_free(p);
}
