/* A connection's life: settings, verification, renegotiation, post-handshake messages, re-entry, freeing. */
#include "internal.h"
#include "pair.h"
#include "sp_psk.h"

#include <openssl/sslerr.h>

static pair *secure_pair(int32_t version)
{
    pair *p = pair_new(version, version);

    pair_handshake(p);
    return p;
}

static void check_data(pair *p)
{
    side_write(&p->client, "to the server", 13);
    side_write(&p->server, "to the client", 13);
    pair_run(p);
    CHECK(p->server.plain.len >= 13 && p->client.plain.len >= 13);
    CHECK_BYTES(p->server.plain.at + p->server.plain.len - 13, 13, "to the server", 13);
    CHECK_BYTES(p->client.plain.at + p->client.plain.len - 13, 13, "to the client", 13);
}

/* ---- settings ---- */

TEST(settingsComeBeforeTheFirstReadAndOnTheRightSide)
{
    pair *p = pair_new(0x0303, 0x0304);

    CHECK_INT(sp_conn_set_servername(p->server.conn, "x", NULL), SP_MISUSE);
    CHECK_INT(sp_conn_request_ocsp(p->server.conn), SP_MISUSE);
    CHECK_INT(sp_conn_offer_post_handshake_auth(p->server.conn), SP_MISUSE);
    CHECK_INT(sp_conn_set_servername(NULL, "x", NULL), SP_MISUSE);
    CHECK_INT(sp_conn_request_ocsp(NULL), SP_MISUSE);
    CHECK_INT(sp_conn_offer_post_handshake_auth(NULL), SP_MISUSE);
    CHECK_INT(sp_conn_set_verify(NULL, 0), SP_MISUSE);
    CHECK_INT(sp_conn_set_verify(p->client.conn, 3), SP_MISUSE);
    CHECK_INT(sp_conn_set_verify(p->client.conn, -1), SP_MISUSE);
    CHECK_INT(sp_conn_set_max_fragment(NULL, 512), SP_MISUSE);
    CHECK_INT(sp_conn_set_events(NULL, 0), SP_MISUSE);
    CHECK_INT(sp_conn_set_options(NULL, 1, 1), 0);
    pair_handshake(p);
    CHECK_INT(sp_conn_set_servername(p->client.conn, "x", NULL), SP_MISUSE);
    CHECK_INT(sp_conn_request_ocsp(p->client.conn), SP_MISUSE);
    CHECK_INT(sp_conn_offer_post_handshake_auth(p->client.conn), SP_MISUSE);
    CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 4096), SP_OK);
    pair_free(p);
    check_nothing_lives();
}

TEST(aServernameThatIsTooLongIsAnError)
{
    pair *p = pair_new(0x0303, 0x0304);
    sp_report report;
    char name[300];

    memset(name, 'a', sizeof(name));
    name[256] = '\0';
    CHECK_INT(sp_conn_set_servername(p->client.conn, name, &report), SP_ERROR);
    CHECK_INT(report.count, 1);
    CHECK_INT(report.error[0].reason, SSL_R_SSL3_EXT_INVALID_SERVERNAME);
    CHECK_INT(sp_conn_set_servername(p->client.conn, name + 1, &report), SP_OK);
    CHECK_INT(report.count, 0);
    pair_free(p);
}

TEST(optionsOfAConnectionDoNotTouchItsContext)
{
    pair *p = pair_new(0x0303, 0x0304);
    uint64_t before = SSL_CTX_get_options(p->client_ctx->ssl_ctx);

    CHECK(sp_conn_set_options(p->client.conn, SSL_OP_NO_TICKET, SSL_OP_ALLOW_CLIENT_RENEGOTIATION) &
          SSL_OP_NO_TICKET);
    CHECK((sp_conn_set_options(p->client.conn, 0, 0) & SSL_OP_ALLOW_CLIENT_RENEGOTIATION) == 0);
    CHECK_INT(SSL_CTX_get_options(p->client_ctx->ssl_ctx), before);
    pair_free(p);
}

TEST(aContextMayGoBeforeItsConnections)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_ctx_free(p->client_ctx);
        sp_ctx_free(p->server_ctx);
        p->client_ctx = p->server_ctx = NULL;
        CHECK_INT(sp_library_live(SP_LIVE_CTX), 2);
        pair_handshake(p);
        check_data(p);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aContextIsFrozenByItsFirstConnection)
{
    pair *p = pair_new(0x0303, 0x0304);

    CHECK_INT(sp_ctx_set_cipher_list(p->server_ctx, "DEFAULT", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_enable_npn(p->server_ctx), SP_MISUSE);
    CHECK_INT(sp_ctx_enable_npn(NULL), SP_MISUSE);
    pair_free(p);
}

/* ---- verification ---- */

TEST(verificationIsNeverFatalAndKeepsTheLastError)
{
    EACH_VERSION
    {
        sp_ctx *client = sp_ctx_new(SP_ROLE_CLIENT, NULL);
        sp_ctx_set_versions(client, versions[v], versions[v], NULL);
        pair *p = pair_of(client, test_ctx(SP_ROLE_SERVER, versions[v], versions[v]));
        if (v == 1)
            sp_conn_set_verify(p->client.conn, SP_VERIFY_PEER);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT),
                  X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
        check_data(p);
        pair_free(p);
    }
}

TEST(aTrustedServerVerifies)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        pair_free(p);
    }
}

TEST(onlyRequireFailsWithoutAClientCertificate)
{
    EACH_VERSION for (int mode = SP_VERIFY_PEER; mode <= SP_VERIFY_REQUIRE; mode++)
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_conn_set_verify(p->server.conn, mode);
        if (mode == SP_VERIFY_PEER) {
            pair_handshake(p);
            CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 0);
        } else {
            pair_run(p);
            CHECK_INT(p->server.status, SP_FAILED);
            CHECK(turn_error(&p->server.turn, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) != NULL);
            CHECK_INT(p->client.status, SP_FAILED);
            CHECK_INT(p->client.turn.report.alert, v == 0 ? 40 : 116);
        }
        pair_free(p);
    }
}

TEST(anUntrustedClientCertificateIsJudgedNotRefused)
{
    EACH_VERSION
    {
        sp_ctx *client = test_ctx(SP_ROLE_CLIENT, versions[v], versions[v]);
        test_use(client, test_identity(KEY_P256, "client.example"));
        pair *p = pair_of(client, test_ctx(SP_ROLE_SERVER, versions[v], versions[v]));
        sp_conn_set_verify(p->server.conn, SP_VERIFY_REQUIRE);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 1);
        CHECK(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT) != X509_V_OK);
        pair_free(p);
    }
}

/* ---- renegotiation ---- */

TEST(dataAroundARenegotiationArrivesWholeAndInOrder)
{
    for (int from_server = 0; from_server < 2; from_server++)
        for (int abbreviated = 0; abbreviated < 2; abbreviated++) {
            pair *p = secure_pair(0x0303);
            side *asking = from_server ? &p->server : &p->client;
            side_write(&p->client, "client 1,", 9);
            side_write(&p->server, "server 1,", 9);
            CHECK_INT(sp_conn_renegotiate(asking->conn, abbreviated, NULL), SP_OK);
            pair_run(p);
            side_write(&p->client, "client 2", 8);
            side_write(&p->server, "server 2", 8);
            pair_run(p);
            CHECK_BYTES(p->server.plain.at, p->server.plain.len, "client 1,client 2", 17);
            CHECK_BYTES(p->client.plain.at, p->client.plain.len, "server 1,server 2", 17);
            CHECK_INT(side_count(&p->client, SP_EV_HANDSHAKE_DONE), 2);
            CHECK_INT(side_count(&p->server, SP_EV_HANDSHAKE_DONE), 2);
            CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), abbreviated);
            pair_free(p);
        }
    check_nothing_lives();
}

TEST(aWriteDuringARenegotiationIsTakenAfterIt)
{
    pair *p = secure_pair(0x0303);
    uint8_t out[1000];

    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    CHECK_INT(sp_conn_write(p->client.conn, (const uint8_t *)"later", 5, out, sizeof(out), &p->client.turn),
              SP_WANT_INPUT);
    CHECK_INT(p->client.turn.consumed, 0);
    CHECK(p->client.turn.emitted > 50); /* the ClientHello */
    CHECK(p->client.turn.flags & SP_TURN_HANDSHAKING);
    bytes_add(&p->client.wire, out, p->client.turn.emitted);
    CHECK_INT(sp_conn_write(p->client.conn, (const uint8_t *)"later", 5, out, sizeof(out), &p->client.turn),
              SP_WANT_INPUT);
    CHECK_INT(p->client.turn.consumed, 0);
    CHECK_INT(p->client.turn.emitted, 0);
    pair_run(p);
    side_write(&p->client, "later", 5);
    pair_run(p);
    CHECK_BYTES(p->server.plain.at, p->server.plain.len, "later", 5);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), 1);
    pair_free(p);
}

TEST(aRenegotiationAsksForTheCertificateThatTheFirstHandshakeDidNot)
{
    for (int abbreviated = 0; abbreviated < 2; abbreviated++) {
        sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0303, 0x0303);
        test_use(client, test_identity(KEY_P256, "client.example"));
        sp_ctx *server = test_ctx(SP_ROLE_SERVER, 0x0303, 0x0303);
        pair *p = pair_of(client, server);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 0);
        sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
        CHECK_INT(sp_conn_renegotiate(p->server.conn, abbreviated, NULL), SP_OK);
        pair_run(p);
        /* Also when resuming is allowed: the present session is one of a server that asks for none. */
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 1);
        check_data(p);
        pair_free(p);
    }
}

TEST(aServerThatForbidsRenegotiationFailsTheClientThatInsists)
{
    sp_ctx *server = test_ctx(SP_ROLE_SERVER, 0x0303, 0x0303);

    sp_ctx_set_options(server, SSL_OP_NO_RENEGOTIATION, 0);
    pair *p = pair_of(test_ctx(SP_ROLE_CLIENT, 0x0303, 0x0303), server);
    pair_handshake(p);
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK(turn_error(&p->client.turn, SSL_R_NO_RENEGOTIATION) != NULL);
    CHECK_INT(p->client.turn.report.alert, 40);
    CHECK_INT(p->client.turn.report.alert_sent, 1);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK(turn_error(&p->server.turn, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE) != NULL);
    pair_free(p);
}

TEST(renegotiationNeedsAFinishedHandshakeAndTls1_2)
{
    pair *p = pair_new(0x0304, 0x0304);
    sp_report report;

    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, &report), SP_MISUSE);
    CHECK_INT(sp_conn_renegotiate(NULL, 0, &report), SP_MISUSE);
    pair_handshake(p);
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_WRONG_SSL_VERSION);
    CHECK_INT(sp_conn_renegotiate(p->server.conn, 1, &report), SP_ERROR);
    check_data(p);
    pair_free(p);
}

/* ---- TLS 1.3 after the handshake ---- */

TEST(aClientThatOfferedItAnswersTheRequestForItsCertificate)
{
    for (int has_one = 0; has_one < 2; has_one++) {
        sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304);
        sp_report report;
        if (has_one)
            test_use(client, test_identity(KEY_P256, "client.example"));
        pair *p = pair_of(client, test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304));
        CHECK_INT(sp_conn_offer_post_handshake_auth(p->client.conn), SP_OK);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 0);
        CHECK_INT(side_count(&p->server, SP_EV_CLIENT_CERTIFICATE), 0);
        sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
        for (int i = 1; i <= 2; i++) {
            CHECK_INT(sp_conn_request_client_certificate(p->client.conn, &report), SP_MISUSE);
            CHECK_INT(sp_conn_request_client_certificate(p->server.conn, &report), SP_OK);
            pair_run(p);
            CHECK_INT(side_count(&p->server, SP_EV_CLIENT_CERTIFICATE), i);
            CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), has_one);
            check_data(p);
        }
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aClientThatDidNotOfferItIsNotAsked)
{
    pair *p = secure_pair(0x0304);
    sp_report report;

    CHECK_INT(sp_conn_request_client_certificate(p->server.conn, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_EXTENSION_NOT_RECEIVED);
    check_data(p);
    pair_free(p);
    p = secure_pair(0x0303);
    CHECK_INT(sp_conn_request_client_certificate(p->server.conn, &report), SP_ERROR);
    check_data(p);
    pair_free(p);
}

TEST(keysCanBeUpdatedFromBothSides)
{
    pair *p = secure_pair(0x0304);
    sp_report report;

    for (int i = 0; i < 20; i++) {
        CHECK_INT(sp_conn_key_update(i % 3 == 0 ? p->client.conn : p->server.conn, i % 2, &report), SP_OK);
        check_data(p);
    }
    pair_free(p);
    p = secure_pair(0x0303);
    CHECK_INT(sp_conn_key_update(p->client.conn, 1, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_WRONG_SSL_VERSION);
    CHECK_INT(sp_conn_key_update(NULL, 1, &report), SP_MISUSE);
    check_data(p);
    pair_free(p);
}

/* ---- closing in the middle ---- */

TEST(aConnectionMayBeFreedInEveryState)
{
    EACH_VERSION for (int steps = 0; steps < 12; steps++)
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_ASK_CERT | SP_TELL_SESSION | SP_TELL_TRACE);
        p->client.out_cap = p->server.out_cap = 100;
        for (int i = 0; i < steps; i++) {
            side_step(&p->client, &p->server.wire);
            side_step(&p->server, &p->client.wire);
        }
        pair_free(p);
    }
    check_nothing_lives();
}

/* ---- the PSK upcall must not call in again ---- */

static sp_conn *in_upcall;
static int upcalls, free_inside;

static int32_t on_psk(int64_t token, const uint8_t *name, int32_t name_len, uint8_t *identity,
                      int32_t identity_cap, int32_t *identity_len, uint8_t *psk, int32_t psk_cap)
{
    sp_conn *conn = in_upcall;
    sp_turn turn;
    sp_report report;
    uint8_t byte = 0;

    (void)token, (void)name, (void)name_len, (void)psk_cap, (void)identity_cap;
    upcalls++;
    CHECK_INT(sp_conn_read(conn, &byte, 1, &byte, 1, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(turn.status, SP_MISUSE);
    CHECK_INT(sp_conn_write(conn, &byte, 1, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_drain(conn, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_shutdown(conn, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_take_events(conn, &byte, 1), SP_MISUSE);
    CHECK_INT(sp_conn_set_events(conn, 0), SP_MISUSE);
    CHECK_INT(sp_conn_renegotiate(conn, 0, &report), SP_MISUSE);
    CHECK_INT(sp_conn_answer(conn, 1, -1), SP_MISUSE);
    CHECK_INT(sp_conn_set_verify(conn, 0), SP_MISUSE);
    if (free_inside)
        sp_conn_free(conn);
    if (identity != NULL) {
        memcpy(identity, "me", 2);
        *identity_len = 2;
    }
    memset(psk, 7, 32);
    return 32;
}

static pair *psk_pair(int32_t version)
{
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, version, version),
           *server = test_ctx(SP_ROLE_SERVER, version, version);

    CHECK_INT(sp_ctx_set_cipher_list(client, "PSK", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_cipher_list(server, "PSK", NULL), SP_OK);
    sp_psk_set_function(on_psk);
    pair *p = pair_of(client, server);
    CHECK_INT(sp_conn_set_psk(p->client.conn, 1), SP_OK);
    CHECK_INT(sp_conn_set_psk(p->server.conn, 2), SP_OK);
    upcalls = 0;
    return p;
}

TEST(everyCallFromInsideTheUpcallIsMisuse)
{
    EACH_VERSION
    {
        pair *p = psk_pair(versions[v]);
        for (int i = 0; i < 30; i++) {
            in_upcall = p->client.conn;
            side_step(&p->client, &p->server.wire);
            in_upcall = p->server.conn;
            side_step(&p->server, &p->client.wire);
        }
        CHECK(upcalls >= 2);
        CHECK(p->client.turn.flags & SP_TURN_SECURE);
        check_data(p);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aConnectionFreedInsideItsUpcallGoesAtTheEndOfTheCall)
{
    EACH_VERSION
    {
        pair *p = psk_pair(versions[v]);
        int32_t status = SP_WANT_INPUT;
        sp_turn turn;
        uint8_t out[4096], events[4096];
        free_inside = 1;
        if (v == 1) { /* the client is asked with its first message */
            in_upcall = p->client.conn;
            status = sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &turn);
            p->client.conn = NULL;
        } else { /* TLS 1.2: once the server has chosen the suite */
            for (int i = 0; i < 6 && upcalls == 0; i++) {
                side_step(&p->server, &p->client.wire);
                in_upcall = p->client.conn;
                status = sp_conn_read(p->client.conn, p->server.wire.at, p->server.wire.len, NULL, 0, out,
                                      sizeof(out), &turn);
                bytes_drop(&p->server.wire, turn.consumed);
                bytes_add(&p->client.wire, out, turn.emitted);
                if (upcalls == 0)
                    sp_conn_take_events(p->client.conn, events, sizeof(events));
            }
            p->client.conn = NULL;
        }
        free_inside = 0;
        CHECK_INT(upcalls, 1);
        CHECK_INT(status, SP_FAILED);
        CHECK_INT(sp_library_live(SP_LIVE_CONN), 1);
        pair_free(p);
    }
    check_nothing_lives();
}
