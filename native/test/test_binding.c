/* A session is not resumed under another name, trust, mode or security level than it was made under. */
#include "credentials.h"
#include "internal.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <time.h>

static const char keys[] = "name-a..........hmac-key-a......aes-key-a.......";

/* The settings of a server under which a session is made or offered. */
typedef struct setting {
    const char *ca;   /* trusted; NULL = none */
    const char *crl;  /* NULL = none */
    const char *name; /* the client's SNI; NULL = none */
    int32_t mode;
    int32_t level;
    const char *id;
    const char *
        other_ca; /* the identity that the hello's question is answered with trusts this; NULL = no question */
    const char *late_ca; /* the same for the certificate's question */
} setting;

static const setting usual = {"ca1-cert.pem", NULL, "a.test", SP_VERIFY_PEER, 1, "tests", NULL, NULL};

static sp_ctx *trusting(const char *ca)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    ctx_use(ctx, "server-rsa", NULL);
    ctx_trust(ctx, ca, 1);
    return ctx;
}

static void switch_trust(side *self, const event *what)
{
    const setting *of = self->user;
    const char *ca = what->type == SP_EV_CLIENT_HELLO ? of->other_ca
                     : what->type == SP_EV_CERT       ? of->late_ca
                                                      : NULL;

    if (ca != NULL) {
        sp_ctx *ctx = trusting(ca);
        CHECK_INT(sp_conn_use_identity(self->conn, ctx, NULL), SP_OK);
        sp_ctx_free(ctx);
    }
    if (what->type == SP_EV_CLIENT_HELLO || what->type == SP_EV_CERT)
        CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

static void ask(pair *p, const setting *of)
{
    p->server.user = (void *)of;
    p->server.listener = of->other_ca != NULL || of->late_ca != NULL ? switch_trust : NULL;
    sp_conn_set_events(p->server.conn,
                       (of->other_ca != NULL ? SP_ASK_HELLO : 0u) | (of->late_ca != NULL ? SP_ASK_CERT : 0u));
    sp_conn_set_verify(p->server.conn, of->mode);
    if (of->name != NULL)
        CHECK_INT(sp_conn_set_servername(p->client.conn, of->name, NULL), SP_OK);
}

static pair *server_as(const setting *of, int32_t version)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, version, version),
           *server = ctx_bare(SP_ROLE_SERVER, version, version);

    ctx_use(client, "client", NULL);
    ctx_use(server, "server-rsa", NULL);
    if (of->ca != NULL)
        ctx_trust(server, of->ca, 1);
    if (of->crl != NULL)
        CHECK_INT(ctx_crl(server, of->crl, NULL), 1);
    CHECK_INT(sp_ctx_set_security_level(server, of->level), SP_OK);
    CHECK_INT(sp_ctx_set_session_id_context(server, (const uint8_t *)of->id, strlen(of->id), NULL), SP_OK);
    CHECK_INT(sp_ctx_set_ticket_keys(server, (const uint8_t *)keys), SP_OK);
    pair *p = pair_of(client, server);
    ask(p, of);
    return p;
}

/* Whether a session that was made under the first setting is resumed under the second. */
static int carries_over(const setting *first, const setting *second, int32_t version)
{
    pair *p = server_as(first, version);
    int result;

    pair_handshake(p);
    bytes session = conn_value(p->client.conn, SP_GET_SESSION);
    pair_free(p);
    /* This tests the server: the stamp is removed, so that the client offers its session in any case. */
    const unsigned char *at = session.at;
    SSL_SESSION *bare = d2i_SSL_SESSION(NULL, &at, (long)session.len);
    uint8_t *der = NULL;
    CHECK_INT(SSL_SESSION_set1_ticket_appdata(bare, NULL, 0), 1);
    SSL_SESSION_set1_hostname(bare, NULL);
    int len = i2d_SSL_SESSION(bare, &der);
    p = server_as(second, version);
    CHECK_INT(sp_conn_set_session(p->client.conn, der, (size_t)len), SP_OK);
    pair_handshake(p);
    result = (int)sp_conn_int(p->server.conn, SP_INT_REUSED);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), result);
    CHECK_TEXT(side_text(&p->server, SP_GET_SERVERNAME), second->name);
    OPENSSL_free(der);
    SSL_SESSION_free(bare);
    bytes_free(&session);
    pair_free(p);
    return result;
}

TEST(aSessionIsResumedUnderWhatItWasMadeUnder)
{
    EACH_VERSION CHECK(carries_over(&usual, &usual, versions[v]));
}

TEST(aServersSessionIsWorthNothingUnderAnotherName)
{
    setting other = usual;

    other.name = "b.test";
    EACH_VERSION CHECK(!carries_over(&usual, &other, versions[v]));
}

TEST(namesHaveNoCase)
{
    setting other = usual;

    other.name = "A.TEST";
    EACH_VERSION CHECK(carries_over(&usual, &other, versions[v]));
}

TEST(aServersSessionIsWorthNothingUnderAnotherTrust)
{
    setting other = usual, none = usual, revoking = usual;

    other.ca = "ca2-cert.pem";
    none.ca = NULL;
    revoking.crl = "ca1-crl-empty.pem";
    EACH_VERSION
    {
        CHECK(!carries_over(&usual, &other, versions[v]));
        CHECK(!carries_over(&usual, &none, versions[v]));
        CHECK(!carries_over(&usual, &revoking, versions[v]));
        CHECK(carries_over(&revoking, &revoking, versions[v]));
    }
}

TEST(theTrustThatTheHelloChoseCounts)
{
    setting switched = usual, back = usual;

    switched.other_ca = "ca2-cert.pem";
    back.ca = "ca2-cert.pem";
    EACH_VERSION
    {
        CHECK(carries_over(&switched, &switched, versions[v]));
        CHECK(carries_over(&switched, &back, versions[v]));
        CHECK(!carries_over(&switched, &usual, versions[v]));
        CHECK(!carries_over(&usual, &switched, versions[v]));
    }
}

TEST(theTrustThatTheCertificatesQuestionChoseCounts)
{
    setting late = usual, at_hello = usual;

    late.late_ca = "ca2-cert.pem";
    at_hello.other_ca = "ca2-cert.pem";
    EACH_VERSION
    {
        CHECK(!carries_over(&late, &usual, versions[v]));
        CHECK(carries_over(&late, &at_hello, versions[v]));
    }
}

TEST(aSessionWithoutACertificateIsWorthNothingWhereOneIsAskedFor)
{
    setting open = usual, strict = usual;

    open.mode = SP_VERIFY_NONE;
    strict.mode = SP_VERIFY_REQUIRE;
    EACH_VERSION
    {
        CHECK(!carries_over(&open, &usual, versions[v]));
        CHECK(!carries_over(&usual, &strict, versions[v]));
        CHECK(carries_over(&open, &open, versions[v]));
    }
}

TEST(whomAServerTrustsIsNothingToClientsItDoesNotAsk)
{
    setting open = usual, other = usual;

    open.mode = other.mode = SP_VERIFY_NONE;
    other.ca = "ca2-cert.pem";
    EACH_VERSION CHECK(carries_over(&open, &other, versions[v]));
}

TEST(aServersSessionIsWorthNothingUnderAnotherLevelOrIdContext)
{
    setting level = usual, id = usual;

    level.level = 2;
    id.id = "others";
    EACH_VERSION
    {
        CHECK(!carries_over(&usual, &level, versions[v]));
        CHECK(!carries_over(&usual, &id, versions[v]));
    }
}

/* ---- renegotiation and second hellos ---- */

TEST(aRenegotiationUnderAnotherNameIsRefused)
{
    pair *p = server_as(&usual, 0x0303);

    pair_handshake(p);
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), 1);
    pair_free(p);

    p = server_as(&usual, 0x0303);
    pair_handshake(p);
    SSL_set_tlsext_host_name(p->client.conn->ssl, "b.test");
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.alert, SSL_AD_ILLEGAL_PARAMETER);
    pair_free(p);
}

static unsigned int late_key(SSL *ssl, const char *hint, char *identity, unsigned int cap, unsigned char *psk,
                             unsigned int psk_cap)
{
    (void)ssl, (void)hint;
    snprintf(identity, cap, "late");
    memset(psk, 1, psk_cap < 32 ? psk_cap : 32);
    return 32;
}

static void say_nothing_new(SSL *ssl)
{
    (void)ssl;
}

static void say_another_name(SSL *ssl)
{
    SSL_set_tlsext_host_name(ssl, "b.test");
}

static void offer_a_later_certificate(SSL *ssl)
{
    SSL_set_post_handshake_auth(ssl, 1);
}

static void offer_a_shared_key(SSL *ssl)
{
    SSL_set_psk_client_callback(ssl, late_key);
}

/* Whether the server goes on after a HelloRetryRequest when the second hello differs from the first. */
static int goes_on(void (*change)(SSL *ssl))
{
    sp_ctx *client = test_ctx(SP_ROLE_CLIENT, 0x0304, 0x0304),
           *server = test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304);
    CHECK_INT(sp_ctx_set_groups(client, "P-256:P-384", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_groups(server, "P-384", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_ciphersuites(server, "TLS_AES_128_GCM_SHA256", NULL), SP_OK); /* the shared key's */
    pair *p = pair_of(client, server);
    int secure;

    CHECK_INT(sp_conn_set_servername(p->client.conn, "a.test", NULL), SP_OK);
    CHECK_INT(sp_conn_set_events(p->server.conn, SP_ASK_HELLO), SP_OK);
    side_step(&p->client, &p->server.wire);
    for (int i = 0; i < 3; i++)
        side_step(&p->server, &p->client.wire);
    CHECK(p->server.wire.len > 0);
    change(p->client.conn->ssl);
    pair_run(p);
    secure = (p->server.turn.flags & SP_TURN_SECURE) != 0;
    if (!secure) {
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.report.alert, SSL_AD_ILLEGAL_PARAMETER);
    }
    pair_free(p);
    return secure;
}

/* The question at the first hello decided what is resumed and which trust store counts. */
TEST(theSecondHelloMayNotBringWhatTheFirstHadNot)
{
    CHECK(goes_on(say_nothing_new));
    CHECK(!goes_on(say_another_name));
    CHECK(!goes_on(offer_a_later_certificate));
    CHECK(!goes_on(offer_a_shared_key));
    check_nothing_lives();
}

/* ---- how long ---- */

static SSL_SESSION *parsed(const bytes *session)
{
    const unsigned char *at = session->at;
    SSL_SESSION *result = d2i_SSL_SESSION(NULL, &at, (long)session->len);

    CHECK(result != NULL);
    return result;
}

/* A certificate for the key of a fixture, signed by ca1, that is good for some seconds more. The caller frees it. */
static char *short_lived(const char *key_file, long seconds)
{
    size_t len;
    uint8_t *key_pem = test_read_fixture(key_file, &len), *ca_pem = test_read_fixture("ca1-cert.pem", &len),
            *ca_key_pem = test_read_fixture("ca1-key.pem", &len);
    BIO *key_bio = BIO_new_mem_buf(key_pem, -1), *ca_bio = BIO_new_mem_buf(ca_pem, -1),
        *ca_key_bio = BIO_new_mem_buf(ca_key_pem, -1), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL),
             *ca_key = PEM_read_bio_PrivateKey(ca_key_bio, NULL, NULL, NULL);
    X509 *ca = PEM_read_bio_X509(ca_bio, NULL, NULL, NULL), *cert = X509_new();
    char *text, *copy;

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const uint8_t *)"short", -1,
                               -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    X509_set_pubkey(cert, key);
    CHECK(X509_sign(cert, ca_key, EVP_sha256()) > 0);
    PEM_write_bio_X509(out, cert);
    len = (size_t)BIO_get_mem_data(out, &text);
    copy = calloc(1, len + 1);
    memcpy(copy, text, len);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    BIO_free(out);
    BIO_free(key_bio);
    BIO_free(ca_bio);
    BIO_free(ca_key_bio);
    free(key_pem);
    free(ca_pem);
    free(ca_key_pem);
    return copy;
}

static sp_ctx *short_ctx(int32_t role, const char *key_file, int32_t version)
{
    sp_ctx *ctx = ctx_bare(role, version, version);
    char *cert = short_lived(key_file, 100);
    size_t len;
    uint8_t *key = test_read_fixture(key_file, &len);

    CHECK_INT(sp_ctx_use_certificate(ctx, (const uint8_t *)cert, strlen(cert), NULL), SP_OK);
    CHECK_INT(sp_ctx_use_key(ctx, key, len, NULL, 0, NULL), SP_OK);
    free(cert);
    free(key);
    return ctx;
}

TEST(aServersSessionEndsWithTheClientsCertificate)
{
    EACH_VERSION
    {
        sp_ctx *server = ctx_bare(SP_ROLE_SERVER, versions[v], versions[v]);
        ctx_use(server, "server-rsa", NULL);
        ctx_trust(server, "ca1-cert.pem", 1);
        pair *p = pair_of(short_ctx(SP_ROLE_CLIENT, "client-key.pem", versions[v]), server);
        sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        bytes session = conn_value(p->server.conn, SP_GET_SESSION);
        SSL_SESSION *made = parsed(&session);
        CHECK(SSL_SESSION_get_timeout(made) > 0 && SSL_SESSION_get_timeout(made) <= 100);
        SSL_SESSION_free(made);
        bytes_free(&session);
        bytes mine = conn_value(p->client.conn, SP_GET_SESSION);
        made = parsed(&mine);
        CHECK(SSL_SESSION_get_ticket_lifetime_hint(made) <= 100);
        SSL_SESSION_free(made);
        bytes_free(&mine);
        pair_free(p);
    }
}

TEST(aClientsSessionEndsWithTheServersCertificate)
{
    EACH_VERSION
    {
        sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, versions[v], versions[v]);
        ctx_trust(client, "ca1-cert.pem", 1);
        pair *p = pair_of(client, short_ctx(SP_ROLE_SERVER, "server-rsa-key.pem", versions[v]));
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        bytes session = conn_value(p->client.conn, SP_GET_SESSION);
        SSL_SESSION *made = parsed(&session);
        uint8_t *stamp = NULL;
        void *data = NULL;
        size_t len = 0;
        int64_t until = 0;
        CHECK_INT(SSL_SESSION_get0_ticket_appdata(made, &data, &len), 1);
        stamp = data;
        for (int i = 8; i < 16; i++)
            until = until << 8 | stamp[i];
        CHECK(until > (int64_t)time(NULL) && until <= (int64_t)time(NULL) + 100);
        SSL_SESSION_free(made);
        pair_reconnect(p);
        CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
        bytes_free(&session);
        pair_free(p);
    }
}

/* ---- clients ---- */

static pair *client_as(const char *server, const char *ca, const char *name, int32_t version)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, version, version),
           *ctx = ctx_bare(SP_ROLE_SERVER, version, version);

    if (ca != NULL)
        ctx_trust(client, ca, 1);
    ctx_use(ctx, server, strcmp(server, "server-intermediate") == 0 ? "server-intermediate-chain.pem" : NULL);
    CHECK_INT(sp_ctx_set_ticket_keys(ctx, (const uint8_t *)keys), SP_OK);
    pair *p = pair_of(client, ctx);
    if (name != NULL)
        CHECK_INT(sp_conn_set_peer_name(p->client.conn, (const uint8_t *)name, strlen(name)), SP_OK);
    return p;
}

static bytes session_of(const char *server, const char *ca, const char *name, int32_t version)
{
    pair *p = client_as(server, ca, name, version);

    pair_handshake(p);
    bytes session = conn_value(p->client.conn, SP_GET_SESSION);
    pair_free(p);
    return session;
}

/* The result of offering a session: SP_OK and resumed, or SP_IGNORED and not. */
static int offered(const bytes *session, const char *server, const char *ca, const char *name,
                   int32_t version)
{
    pair *p = client_as(server, ca, name, version);
    int32_t result = sp_conn_set_session(p->client.conn, session->at, session->len);

    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), result == SP_OK);
    pair_free(p);
    return result;
}

TEST(aClientsSessionIsOfferedUnderTheSameNameAndTrustOnly)
{
    EACH_VERSION
    {
        bytes session = session_of("server-rsa", "ca1-cert.pem", "a.test", versions[v]);
        CHECK_INT(offered(&session, "server-rsa", "ca1-cert.pem", "a.test", versions[v]), SP_OK);
        CHECK_INT(offered(&session, "server-rsa", "ca1-cert.pem", "A.Test", versions[v]), SP_OK);
        CHECK_INT(offered(&session, "server-rsa", "ca1-cert.pem", "b.test", versions[v]), SP_IGNORED);
        CHECK_INT(offered(&session, "server-rsa", "ca1-cert.pem", NULL, versions[v]), SP_IGNORED);
        CHECK_INT(offered(&session, "server-rsa", "ca2-cert.pem", "a.test", versions[v]), SP_IGNORED);
        CHECK_INT(offered(&session, "server-rsa", NULL, "a.test", versions[v]), SP_IGNORED);
        bytes_free(&session);
    }
}

TEST(aChainWithAnIntermediateIsNoObstacle)
{
    EACH_VERSION
    {
        bytes session = session_of("server-intermediate", "ca1-cert.pem", "a.test", versions[v]);
        CHECK_INT(offered(&session, "server-intermediate", "ca1-cert.pem", "a.test", versions[v]), SP_OK);
        bytes_free(&session);
    }
}

TEST(aSessionThatSaysThatThePeerDidNotVerifyGoesOnSayingThat)
{
    EACH_VERSION
    {
        bytes session = session_of("server-rsa", NULL, "a.test", versions[v]);
        pair *p = client_as("server-rsa", "ca1-cert.pem", "a.test", versions[v]);
        CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 1);
        CHECK(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT) != X509_V_OK);
        pair_free(p);
        bytes_free(&session);
    }
}

/* The session as a program without stamps would have kept it. */
static void strip(bytes *session)
{
    SSL_SESSION *bare = parsed(session);
    uint8_t *der = NULL;

    SSL_SESSION_set1_ticket_appdata(bare, NULL, 0);
    session->len = 0;
    int len = i2d_SSL_SESSION(bare, &der);
    bytes_add(session, der, (size_t)len);
    OPENSSL_free(der);
    SSL_SESSION_free(bare);
}

TEST(aStrangersSessionIsOfferedIfItsCertificateVerifiesNow)
{
    EACH_VERSION
    {
        bytes session = session_of("server-rsa", "ca1-cert.pem", "a.test", versions[v]);
        strip(&session);
        CHECK_INT(offered(&session, "server-rsa", "ca1-cert.pem", "a.test", versions[v]), SP_OK);
        CHECK_INT(offered(&session, "server-rsa", "ca2-cert.pem", "a.test", versions[v]), SP_IGNORED);
        bytes_free(&session);
        session = session_of("server-intermediate", "ca1-cert.pem", "a.test", versions[v]);
        strip(&session);
        CHECK_INT(offered(&session, "server-intermediate", "ca1-cert.pem", "a.test", versions[v]),
                  SP_IGNORED);
        bytes_free(&session);
    }
}

/* Every byte changed once: no crash, and a session that is offered nevertheless still has its certificate verified. */
TEST(aSessionThatWasTamperedWithNeverVerifiesMore)
{
    EACH_VERSION
    {
        bytes session = session_of("server-rsa", "ca2-cert.pem", "a.test", versions[v]);
        pair *p = client_as("server-rsa", "ca2-cert.pem", "a.test", versions[v]);
        for (size_t i = 0; i < session.len; i++) {
            session.at[i] ^= 1;
            if (sp_conn_set_session(p->client.conn, session.at, session.len) == SP_OK)
                CHECK(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT) != X509_V_OK);
            session.at[i] ^= 1;
        }
        bytes_free(&session);
        pair_free(p);
    }
}

TEST(aSessionIsTakenBack)
{
    EACH_VERSION
    {
        bytes session = session_of("server-rsa", "ca1-cert.pem", "a.test", versions[v]);
        pair *p = client_as("server-rsa", "ca1-cert.pem", "a.test", versions[v]);
        CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
        CHECK(conn_value_is(p->client.conn, SP_GET_PEER_CERTIFICATE, "server-rsa-cert.pem"));
        CHECK_INT(sp_conn_drop_session(p->client.conn), SP_OK);
        CHECK_INT(sp_conn_drop_session(p->server.conn), SP_MISUSE);
        CHECK_INT(sp_conn_drop_session(NULL), SP_MISUSE);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 0);
        CHECK_INT(sp_conn_drop_session(p->client.conn), SP_MISUSE);
        pair_free(p);
        bytes_free(&session);
    }
}
