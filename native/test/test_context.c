#include "credentials.h"

#include <openssl/ssl.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

static void check_ciphers(sp_ctx *ctx, const char *expected)
{
    bytes ciphers = ctx_value(ctx, SP_CTX_CIPHERS);

    CHECK_BYTES(ciphers.at, ciphers.len, expected, strlen(expected));
    bytes_free(&ciphers);
}

static int32_t use_certificate(sp_ctx *ctx, const char *file, sp_report *report)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    int32_t result = sp_ctx_use_certificate(ctx, pem, len, report);

    free(pem);
    return result;
}

/* ---- making and freeing ---- */

TEST(newContextIsEmptyAndCountsAsAlive)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);

    CHECK_INT(sp_library_live(SP_LIVE_CTX), 1);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_CERTIFICATE, NULL, 0), -1);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_ISSUER, NULL, 0), -1);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_CHAIN, NULL, 0), -1);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_TRUSTED, NULL, 0), 0);
    CHECK_INT(sp_ctx_get(ctx, 99, NULL, 0), -1);
    CHECK_INT(sp_ctx_get(ctx, -1, NULL, 0), -1);
    sp_ctx_free(ctx);
    check_nothing_lives();
}

TEST(unknownRoleIsRefusedWithAReason)
{
    sp_report report;

    CHECK(sp_ctx_new(7, &report) == NULL);
    CHECK_INT(report.count, 1);
    check_nothing_lives();
}

TEST(freeingNothingIsFine)
{
    sp_ctx_free(NULL);
}

TEST(contextOutlivesItsHandleWhileAConnectionIsThere)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    ctx_use(ctx, "server-rsa", NULL);
    sp_conn *conn = sp_conn_new(ctx, 1, NULL);

    sp_ctx_free(ctx);
    CHECK_INT(sp_library_live(SP_LIVE_CTX), 1);
    CHECK(conn_value_is(conn, SP_GET_OWN_CERTIFICATE, "server-rsa-cert.pem"));
    sp_conn_free(conn);
    check_nothing_lives();
}

TEST(settersWithoutAContextAreMisuse)
{
    sp_report report;
    uint8_t keys[48] = {0};

    CHECK_INT(sp_ctx_set_versions(NULL, 0, 0, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_set_options(NULL, 1, 0), 0);
    CHECK_INT(sp_ctx_set_cipher_list(NULL, "ALL", &report), SP_MISUSE);
    CHECK_INT(sp_ctx_set_dh(NULL, keys, 1, 0, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_use_key(NULL, keys, 1, NULL, 0, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_use_pfx(NULL, keys, 1, NULL, 0, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_use_roots(NULL, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_add_ca(NULL, keys, 1, 0, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_add_crl(NULL, keys, 1, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_set_ticket_keys(NULL, keys), SP_MISUSE);
    CHECK_INT(sp_ctx_get_ticket_keys(NULL, keys), SP_MISUSE);
    CHECK_INT(sp_ctx_get(NULL, SP_CTX_CIPHERS, NULL, 0), -1);
}

TEST(aContextWithAConnectionIsFrozenButForItsTicketKeys)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);
    uint64_t options = sp_ctx_set_options(ctx, 0, 0);
    sp_conn *conn = sp_conn_new(ctx, 1, NULL);
    uint8_t keys[48] = {1};

    CHECK_INT(sp_ctx_set_versions(ctx, 0, 0, NULL), SP_MISUSE);
    CHECK(sp_ctx_set_options(ctx, SSL_OP_NO_TICKET, 0) == options);
    CHECK_INT(sp_ctx_set_security_level(ctx, 2), SP_MISUSE);
    CHECK_INT(sp_ctx_set_cipher_list(ctx, "ALL", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_groups(ctx, "P-256", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_sigalgs(ctx, "ed25519", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_psk_identity_hint(ctx, "hint", NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_dh_auto(ctx, 1), SP_MISUSE);
    CHECK_INT(sp_ctx_set_session_id_context(ctx, keys, 1, NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_session_timeout(ctx, 1), SP_MISUSE);
    CHECK_INT(sp_ctx_set_num_tickets(ctx, 1, NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_partial_chain(ctx, 1), SP_MISUSE);
    CHECK_INT(sp_ctx_use_certificate(ctx, keys, 1, NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_add_ca_der(ctx, keys, 1, 0, NULL), SP_MISUSE);
    CHECK_INT(sp_ctx_set_ticket_keys(ctx, keys), SP_OK);
    sp_conn_free(conn);
    sp_ctx_free(ctx);
}

/* ---- versions, options, security level ---- */

TEST(bothSidesSpeakTheNewestVersionThatTheyShare)
{
    pair *p = pair_as("server-rsa", TLS12, TLS13);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERSION), TLS13);
    pair_free(p);
    p = pair_as("server-rsa", TLS12, TLS12);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERSION), TLS12);
    pair_free(p);
}

TEST(rangesWithoutACommonVersionFail)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    ctx_use(server, "server-rsa", NULL);
    pair *p = pair_of(client, server);

    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.error[0].reason, SSL_R_UNSUPPORTED_PROTOCOL);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK_INT(p->client.turn.report.alert, SSL_AD_PROTOCOL_VERSION);
    pair_free(p);
}

TEST(unknownVersionNumberIsRefused)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);

    CHECK_INT(sp_ctx_set_versions(ctx, 0x0999, 0, NULL), SP_ERROR);
    CHECK_INT(sp_ctx_set_versions(ctx, 0, 0x0999, NULL), SP_ERROR);
    sp_ctx_free(ctx);
}

TEST(optionsAreSetClearedAndReturned)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);

    CHECK((sp_ctx_set_options(ctx, 0, 0) & SSL_OP_ALLOW_CLIENT_RENEGOTIATION) != 0);
    CHECK((sp_ctx_set_options(ctx, SSL_OP_NO_TICKET, 0) & SSL_OP_NO_TICKET) != 0);
    CHECK((sp_ctx_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE, SSL_OP_NO_TICKET) & SSL_OP_NO_TICKET) ==
          0);
    CHECK((sp_ctx_set_options(ctx, 0, 0) & SSL_OP_CIPHER_SERVER_PREFERENCE) != 0);
    sp_ctx_free(ctx);
}

TEST(securityLevelIsOneFromTheStart)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);
    sp_report report;

    CHECK_INT(use_certificate(ctx, "server-rsa1024-cert.pem", NULL), SP_OK);
    CHECK_INT(use_certificate(ctx, "server-rsa512-cert.pem", &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_EE_KEY_TOO_SMALL);
    sp_ctx_free(ctx);
}

TEST(securityLevelCanBeRaisedAndNotBeyondItsRange)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);
    sp_report report;

    CHECK_INT(sp_ctx_set_security_level(ctx, 2), SP_OK);
    CHECK_INT(use_certificate(ctx, "server-rsa1024-cert.pem", &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_EE_KEY_TOO_SMALL);
    CHECK_INT(sp_ctx_set_security_level(ctx, -1), SP_ERROR);
    CHECK_INT(sp_ctx_set_security_level(ctx, 6), SP_ERROR);
    sp_ctx_free(ctx);
}

TEST(securityLevelOfACipherListWins)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);

    CHECK_INT(sp_ctx_set_cipher_list(ctx, "ALL:@SECLEVEL=0", NULL), SP_OK);
    CHECK_INT(use_certificate(ctx, "server-rsa512-cert.pem", NULL), SP_OK);
    sp_ctx_free(ctx);
}

/* ---- suites, groups, signature algorithms ---- */

TEST(ciphersAreListedInOrderOfPreference)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);

    CHECK_INT(sp_ctx_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_cipher_list(ctx, "AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256", NULL), SP_OK);
    check_ciphers(ctx, "TLS_AES_128_GCM_SHA256:AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256");
    sp_ctx_free(ctx);
}

TEST(emptyCipherListLeavesTheSuitesOfTls13)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);
    sp_report report;

    CHECK_INT(sp_ctx_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_cipher_list(ctx, "", &report), SP_OK);
    CHECK_INT(report.count, 0);
    check_ciphers(ctx, "TLS_AES_128_GCM_SHA256");
    sp_ctx_free(ctx);
}

TEST(missingTextIsAnErrorNotACrash)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_ANY, 0, 0);
    sp_report report;

    CHECK_INT(sp_ctx_set_cipher_list(ctx, NULL, &report), SP_ERROR);
    CHECK_INT(report.count, 1);
    CHECK_INT(sp_ctx_set_ciphersuites(ctx, NULL, &report), SP_ERROR);
    CHECK_INT(sp_ctx_set_groups(ctx, NULL, &report), SP_ERROR);
    CHECK_INT(sp_ctx_set_sigalgs(ctx, NULL, NULL), SP_ERROR);
    CHECK_INT(sp_ctx_set_psk_identity_hint(ctx, NULL, NULL), SP_ERROR);
    sp_ctx_free(ctx);
}

TEST(serverChoosesAmongItsOwnGroups)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
    ctx_use(server, "server-rsa", NULL);
    CHECK_INT(sp_ctx_set_groups(server, "P-384", NULL), SP_OK);
    pair *p = pair_of(client, server);

    pair_handshake(p); /* with a HelloRetryRequest, since no share of P-384 was offered */
    CHECK_TEXT(side_text(&p->client, SP_GET_GROUP), "secp384r1");
    CHECK_TEXT(side_text(&p->client, SP_GET_EPHEMERAL), "ECDH secp384r1 384");
    pair_free(p);
}

TEST(signatureAlgorithmsLimitTheServersChoice)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    ctx_use(server, "server-rsa", NULL);
    CHECK_INT(sp_ctx_set_sigalgs(client, "RSA+SHA512", NULL), SP_OK);
    pair *p = pair_of(client, server);

    pair_handshake(p);
    CHECK_TEXT(side_text(&p->server, SP_GET_SHARED_SIGALGS), "RSA+SHA512");
    pair_free(p);
}

/* ---- Diffie-Hellman ---- */

static int32_t set_dh(sp_ctx *ctx, const char *file, int32_t min_bits)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    int32_t bits = sp_ctx_set_dh(ctx, pem, len, min_bits, NULL);

    free(pem);
    return bits;
}

static void check_dhe(sp_ctx *server, int works, const char *ephemeral)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12);
    CHECK_INT(sp_ctx_set_cipher_list(client, "DHE-RSA-AES128-GCM-SHA256", NULL), SP_OK);
    ctx_use(server, "server-rsa", NULL);
    pair *p = pair_of(client, server);

    pair_run(p);
    CHECK_INT(p->client.status == SP_WANT_INPUT, works);
    CHECK_TEXT(side_text(&p->client, SP_GET_EPHEMERAL), ephemeral);
    pair_free(p);
}

TEST(dhParametersAreUsed)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);

    CHECK_INT(set_dh(server, "dh1024.pem", 1024), 1024);
    check_dhe(server, 1, "DH - 1024");
    server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    CHECK_INT(set_dh(server, "dh2048.pem", 1024), 2048);
    check_dhe(server, 1, "DH - 2048");
}

TEST(tooSmallDhParametersAreMeasuredButNotUsed)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);

    CHECK_INT(set_dh(server, "dh512.pem", 1024), 512);
    check_dhe(server, 0, "(none)");
}

TEST(dhParametersBelowTheSecurityLevelAreRefusedWithAReason)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    sp_report report;
    size_t len;
    uint8_t *pem = test_read_fixture("dh512.pem", &len);

    CHECK_INT(sp_ctx_set_dh(ctx, pem, len, 0, &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(report.error[report.count - 1].reason, SSL_R_DH_KEY_TOO_SMALL);
    free(pem);
    sp_ctx_free(ctx);
}

TEST(automaticDhParametersAreUsed)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);

    CHECK_INT(sp_ctx_set_dh_auto(server, 1), SP_OK);
    check_dhe(server, 1, "DH - 2048");
}

TEST(parametersOfAnotherKindBeforeThoseOfDhArePassedOver)
{
    static const char ec[] = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    bytes both = {NULL, 0, 0};
    size_t len;
    uint8_t *pem = test_read_fixture("dh2048.pem", &len);

    CHECK_INT(sp_ctx_set_dh(ctx, (const uint8_t *)ec, sizeof(ec) - 1, 0, NULL), SP_IGNORED);
    bytes_add(&both, ec, sizeof(ec) - 1);
    bytes_add(&both, pem, len);
    CHECK_INT(sp_ctx_set_dh(ctx, both.at, both.len, 0, NULL), 2048);
    CHECK_INT(sp_ctx_set_dh(ctx, NULL, 0, 0, NULL), SP_IGNORED);
    bytes_free(&both);
    free(pem);
    sp_ctx_free(ctx);
}

/* ---- sessions ---- */

static SSL_SESSION *session_of(sp_conn *conn)
{
    bytes der = conn_value(conn, SP_GET_SESSION);
    const unsigned char *at = der.at;
    SSL_SESSION *session;

    CHECK(der.len != NO_VALUE);
    session = d2i_SSL_SESSION(NULL, &at, (long)der.len);
    CHECK(session != NULL);
    bytes_free(&der);
    return session;
}

TEST(sessionTimeoutGoesIntoSessions)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    ctx_use(server, "server-rsa", NULL);
    CHECK_INT(sp_ctx_set_session_timeout(server, 77), SP_OK);
    CHECK_INT(sp_ctx_set_session_timeout(server, -1), SP_ERROR);
    pair *p = pair_of(client, server);
    pair_handshake(p);

    SSL_SESSION *session = session_of(p->server.conn);
    CHECK_INT(SSL_SESSION_get_timeout(session), 77);
    SSL_SESSION_free(session);
    pair_free(p);
}

/* The session id context in the sessions of a server. */
static void id_context_of(const char *given, uint8_t out[SSL_MAX_SID_CTX_LENGTH])
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    ctx_use(server, "server-rsa", NULL);
    CHECK_INT(sp_ctx_set_session_id_context(server, (const uint8_t *)given, strlen(given), NULL), SP_OK);
    pair *p = pair_of(client, server);
    unsigned int len;
    pair_handshake(p);

    SSL_SESSION *session = session_of(p->server.conn);
    const unsigned char *context = SSL_SESSION_get0_id_context(session, &len);
    CHECK_INT(len, SSL_MAX_SID_CTX_LENGTH);
    memcpy(out, context, len);
    SSL_SESSION_free(session);
    pair_free(p);
}

TEST(sessionIdContextGoesIntoSessions)
{
    uint8_t here[SSL_MAX_SID_CTX_LENGTH], again[SSL_MAX_SID_CTX_LENGTH], there[SSL_MAX_SID_CTX_LENGTH];

    id_context_of("here", here);
    id_context_of("here", again);
    id_context_of("there", there);
    CHECK(memcmp(here, again, sizeof(here)) == 0);
    CHECK(memcmp(here, there, sizeof(here)) != 0);
}

TEST(serverSendsAsManyTicketsAsSet)
{
    for (int32_t count = 0; count < 5; count++) {
        sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13),
               *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
        ctx_use(server, "server-rsa", NULL);
        CHECK_INT(sp_ctx_set_num_tickets(server, count, NULL), SP_OK);
        pair *p = pair_of(client, server);
        sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_SESSION), count);
        pair_free(p);
    }
}

TEST(negativeNumberOfTicketsIsRefused)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    sp_report report;

    CHECK_INT(sp_ctx_set_num_tickets(ctx, -1, &report), SP_ERROR);
    CHECK_INT(report.count, 1);
    sp_ctx_free(ctx);
}
