#include "credentials.h"
#include "internal.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

static int newer_than_3_4(void)
{
    return OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 5;
}

static pair *pair_with(int32_t version, const char *suites, const char *groups)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, version, version),
           *server = ctx_bare(SP_ROLE_SERVER, version, version);

    ctx_trust(client, "ca1-cert.pem", 1);
    ctx_use(server, "server-rsa", NULL);
    if (suites != NULL) {
        CHECK_INT(sp_ctx_set_cipher_list(client, suites, NULL), SP_OK);
        CHECK_INT(sp_ctx_set_cipher_list(server, suites, NULL), SP_OK);
    }
    if (groups != NULL) {
        CHECK_INT(sp_ctx_set_groups(client, groups, NULL), SP_OK);
        CHECK_INT(sp_ctx_set_groups(server, groups, NULL), SP_OK);
    }
    return pair_of(client, server);
}

/* ---- before and without ---- */

TEST(nothingIsKnownBeforeTheHandshake)
{
    static const int32_t absent[] = {SP_GET_ALPN,
                                     SP_GET_NPN,
                                     SP_GET_CIPHER_NAME,
                                     SP_GET_CIPHER_STANDARD_NAME,
                                     SP_GET_CIPHER_VERSION,
                                     SP_GET_SESSION,
                                     SP_GET_TICKET,
                                     SP_GET_SESSION_ID,
                                     SP_GET_PEER_CERTIFICATE,
                                     SP_GET_PEER_CHAIN,
                                     SP_GET_PEER_CHAIN_COMPLETED,
                                     SP_GET_FINISHED,
                                     SP_GET_PEER_FINISHED,
                                     SP_GET_EPHEMERAL,
                                     SP_GET_SHARED_SIGALGS,
                                     SP_GET_GROUP,
                                     SP_GET_CLIENT_RANDOM,
                                     SP_GET_SERVER_RANDOM,
                                     SP_GET_MASTER_KEY,
                                     SP_GET_OCSP_RESPONSE,
                                     SP_GET_PEER_CLIENT_CAS,
                                     SP_GET_SERVERNAME,
                                     99,
                                     -1};
    pair *p = pair_as("server-rsa", TLS12, TLS13);

    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        CHECK_INT(sp_conn_get(p->client.conn, absent[i], NULL, 0), -1);
        CHECK_INT(sp_conn_get(p->server.conn, absent[i], NULL, 0), -1);
    }
    CHECK_TEXT(side_text(&p->client, SP_GET_PROTOCOL), "TLSv1.3"); /* as Node: what it could be */
    CHECK(conn_value_is(p->server.conn, SP_GET_OWN_CERTIFICATE, "server-rsa-cert.pem"));
    CHECK_INT(sp_conn_get(p->client.conn, SP_GET_OWN_CERTIFICATE, NULL, 0), -1);
    CHECK_INT(sp_conn_get(p->client.conn, SP_GET_OWN_CHAIN, NULL, 0), -1);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_SECURE), 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_PSK_USED), 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_HAS_PEER_CERT), 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_SESSION_RESUMABLE), 0);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_RENEGOTIATIONS), 0);
    CHECK_INT(sp_conn_int(p->client.conn, 99), -1);
    pair_free(p);
}

TEST(aMissingConnectionIsTold)
{
    uint8_t out[8];

    CHECK_INT(sp_conn_int(NULL, SP_INT_SECURE), -1);
    CHECK_INT(sp_conn_get(NULL, SP_GET_PROTOCOL, NULL, 0), -1);
    CHECK_INT(sp_conn_export(NULL, out, 8, "label", 5, NULL, 0, NULL), SP_MISUSE);
}

TEST(highestVersionIsTheLimitOrTheLibrarys)
{
    pair *p = pair_as("server-rsa", TLS12, TLS12);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_MAX_VERSION), TLS12);
    pair_free(p);

    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    sp_conn *conn = sp_conn_new(ctx, 0, NULL);
    CHECK_INT(sp_conn_int(conn, SP_INT_MAX_VERSION), TLS13);
    sp_conn_free(conn);
    sp_ctx_free(ctx);
}

/* ---- names ---- */

TEST(protocolAndCipherAreNamedAsInNode)
{
    static const struct {
        int32_t version;
        const char *suite, *standard, *of, *protocol;
    } cases[] = {
        {TLS12, "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "TLSv1.2"},
        {TLS12, "AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "SSLv3", "TLSv1.2"},
        {TLS12, "ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLSv1.0", "TLSv1.2"},
        {TLS13, NULL, "TLS_AES_256_GCM_SHA384", "TLSv1.3", "TLSv1.3"}};

    for (size_t i = 0; i < 4; i++) {
        pair *p = pair_with(cases[i].version, cases[i].suite, NULL);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->client, SP_GET_CIPHER_NAME),
                   cases[i].suite != NULL ? cases[i].suite : cases[i].standard);
        CHECK_TEXT(side_text(&p->server, SP_GET_CIPHER_STANDARD_NAME), cases[i].standard);
        CHECK_TEXT(side_text(&p->client, SP_GET_CIPHER_VERSION), cases[i].of);
        CHECK_TEXT(side_text(&p->client, SP_GET_PROTOCOL), cases[i].protocol);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_VERSION), cases[i].version);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_SECURE), 1);
        pair_free(p);
    }
}

TEST(theEphemeralKeyIsToldInNodesWords)
{
    static const struct {
        int32_t version;
        const char *suite, *groups, *ephemeral, *group;
    } cases[] = {{TLS13, NULL, "X25519", "ECDH X25519 253", "x25519"},
                 {TLS13, NULL, "X448", "ECDH X448 448", "x448"},
                 {TLS13, NULL, "P-256", "ECDH prime256v1 256", "secp256r1"},
                 {TLS13, NULL, "ffdhe2048", "DH - 2048", "ffdhe2048"},
                 {TLS12, "ECDHE-RSA-AES128-GCM-SHA256", "P-384", "ECDH secp384r1 384", "secp384r1"},
                 {TLS12, "ECDHE-RSA-AES128-GCM-SHA256", "X25519", "ECDH X25519 253", "x25519"},
                 {TLS12, "AES128-SHA", NULL, "(none)", "(none)"}};

    for (size_t i = 0; i < 7; i++) {
        pair *p = pair_with(cases[i].version, cases[i].suite, cases[i].groups);
        pair_handshake(p);
        CHECK_TEXT(side_text(&p->client, SP_GET_EPHEMERAL), cases[i].ephemeral);
        CHECK_TEXT(side_text(&p->server, SP_GET_EPHEMERAL), "(none)");
        CHECK_TEXT(side_text(&p->client, SP_GET_GROUP), cases[i].group);
        CHECK_TEXT(side_text(&p->server, SP_GET_GROUP), cases[i].group);
        pair_free(p);
    }
}

TEST(aKeyEncapsulationIsToldByItsGroup)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
    int has = sp_ctx_set_groups(client, "X25519MLKEM768", NULL) == SP_OK &&
              sp_ctx_set_groups(server, "X25519MLKEM768", NULL) == SP_OK;

    CHECK_INT(has, newer_than_3_4());
    ctx_use(server, "server-rsa", NULL);
    pair *p = pair_of(client, server);
    pair_handshake(p);
    if (has) {
        CHECK_TEXT(side_text(&p->client, SP_GET_EPHEMERAL), "KEM X25519MLKEM768 -");
        CHECK_TEXT(side_text(&p->client, SP_GET_GROUP), "X25519MLKEM768");
        CHECK_TEXT(side_text(&p->server, SP_GET_GROUP), "X25519MLKEM768");
    }
    pair_free(p);
    if (!has)
        test_skip("ML-KEM");
}

TEST(sharedSignatureAlgorithmsAreListedInNodesWords)
{
    static const char list[] = "ECDSA+SHA256:ed25519:ed448:RSA-PSS+SHA256:rsa_pss_pss_sha384:RSA+SHA512:"
                               "DSA+SHA256:ECDSA+SHA224:RSA+SHA1";
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS12), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS12);
    CHECK_INT(sp_ctx_set_cipher_list(client, "ALL:@SECLEVEL=0", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_cipher_list(server, "ALL:@SECLEVEL=0", NULL), SP_OK);
    CHECK_INT(sp_ctx_set_sigalgs(client, list, NULL), SP_OK);
    CHECK_INT(sp_ctx_set_sigalgs(server, list, NULL), SP_OK);
    ctx_use(server, "server-rsa", NULL);
    pair *p = pair_of(client, server);

    pair_handshake(p);
    CHECK_TEXT(side_text(&p->server, SP_GET_SHARED_SIGALGS),
               "ECDSA+SHA256:Ed25519+UNDEF:Ed448+UNDEF:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA512:DSA+SHA256:"
               "ECDSA+SHA224:RSA+SHA1");
    CHECK_TEXT(side_text(&p->client, SP_GET_SHARED_SIGALGS), "(none)");
    pair_free(p);
}

TEST(servernameIsThereOnBothSides)
{
    pair *p = pair_as("server-rsa", TLS12, TLS13);

    CHECK_INT(sp_conn_set_servername(p->client.conn, "a.example.test", NULL), SP_OK);
    CHECK_TEXT(side_text(&p->client, SP_GET_SERVERNAME), "a.example.test");
    pair_handshake(p);
    CHECK_TEXT(side_text(&p->client, SP_GET_SERVERNAME), "a.example.test");
    CHECK_TEXT(side_text(&p->server, SP_GET_SERVERNAME), "a.example.test");
    pair_free(p);
}

/* ---- bytes of the handshake ---- */

TEST(finishedMessagesMatch)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        pair *p = pair_as("server-rsa", version, version);
        pair_handshake(p);
        bytes a = conn_value(p->client.conn, SP_GET_FINISHED),
              b = conn_value(p->server.conn, SP_GET_PEER_FINISHED);
        bytes c = conn_value(p->server.conn, SP_GET_FINISHED),
              d = conn_value(p->client.conn, SP_GET_PEER_FINISHED);
        CHECK_INT(a.len, version == TLS13 ? 48 : 12);
        CHECK_BYTES(a.at, a.len, b.at, b.len);
        CHECK_BYTES(c.at, c.len, d.at, d.len);
        CHECK(memcmp(a.at, c.at, a.len) != 0);
        bytes_free(&a);
        bytes_free(&b);
        bytes_free(&c);
        bytes_free(&d);
        pair_free(p);
    }
}

TEST(randomsAndMasterKeyAreTheSameOnBothSides)
{
    static const int32_t kinds[] = {SP_GET_CLIENT_RANDOM, SP_GET_SERVER_RANDOM, SP_GET_MASTER_KEY};
    pair *p = pair_as("server-rsa", TLS12, TLS12);

    pair_handshake(p);
    for (int i = 0; i < 3; i++) {
        bytes a = conn_value(p->client.conn, kinds[i]), b = conn_value(p->server.conn, kinds[i]);
        CHECK_INT(a.len, i < 2 ? 32 : 48);
        CHECK_BYTES(a.at, a.len, b.at, b.len);
        bytes_free(&a);
        bytes_free(&b);
    }
    pair_free(p);
}

TEST(aSessionOfTls13BecomesResumableWithItsTicket)
{
    pair *p = pair_as("server-rsa", TLS13, TLS13);

    CHECK_INT(sp_conn_get(p->client.conn, SP_GET_TICKET, NULL, 0), -1);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_SESSION_RESUMABLE), 1);
    bytes session = conn_value(p->client.conn, SP_GET_SESSION),
          ticket = conn_value(p->client.conn, SP_GET_TICKET);
    bytes id = conn_value(p->client.conn, SP_GET_SESSION_ID);
    const unsigned char *at = session.at;
    SSL_SESSION *decoded = d2i_SSL_SESSION(NULL, &at, (long)session.len);
    const unsigned char *inside;
    size_t len;
    CHECK(decoded != NULL);
    SSL_SESSION_get0_ticket(decoded, &inside, &len);
    CHECK_BYTES(ticket.at, ticket.len, inside, len);
    CHECK_INT(id.len, 32);
    SSL_SESSION_free(decoded);
    bytes_free(&session);
    bytes_free(&ticket);
    bytes_free(&id);
    pair_free(p);
}

TEST(whatDoesNotFitIsMeasuredAndNotWrittenBehindItsRoom)
{
    pair *p = pair_as("server-rsa", TLS12, TLS12);

    pair_handshake(p);
    for (int32_t what = SP_GET_SERVERNAME; what <= SP_GET_PEER_CLIENT_CAS; what++) {
        int64_t size = sp_conn_get(p->client.conn, what, NULL, 0);
        for (int64_t cap = 0; cap < size; cap += size / 7 + 1) {
            uint8_t *exact = malloc((size_t)cap + 1);
            exact[cap] = 0x5a;
            CHECK_INT(sp_conn_get(p->client.conn, what, exact, (size_t)cap), size);
            CHECK_INT(exact[cap], 0x5a);
            free(exact);
        }
    }
    pair_free(p);
}

/* ---- certificates ---- */

static void check_completed(sp_conn *of, const char *const *files, int count)
{
    bytes chain = conn_value(of, SP_GET_PEER_CHAIN_COMPLETED);

    CHECK_INT(item_count(&chain), count);
    for (int i = 0; i < count; i++)
        CHECK(item_is(&chain, i, files[i]));
    bytes_free(&chain);
}

static const char *const whole_chain[] = {"server-intermediate-cert.pem", "intermediate-cert.pem",
                                          "ca1-cert.pem"};

/* The client trusts `ca` and, if given, `more`; the server sends `chain`. */
static pair *chain_pair(const char *chain, const char *ca, const char *more)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
    pair *p;

    if (ca != NULL)
        ctx_trust(client, ca, 1);
    if (more != NULL)
        ctx_trust(client, more, 1);
    ctx_use(server, "server-intermediate", chain);
    p = pair_of(client, server);
    pair_handshake(p);
    return p;
}

TEST(theChainIsCompletedFromWhatThePeerSent)
{
    pair *p = chain_pair("server-intermediate-fullchain.pem", NULL, NULL);

    check_completed(p->client.conn, whole_chain, 3);
    pair_free(p);
}

TEST(theChainIsCompletedFromTheTrustStore)
{
    pair *p = chain_pair("server-intermediate-chain.pem", "ca1-cert.pem", NULL);
    check_completed(p->client.conn, whole_chain, 3);
    bytes sent = conn_value(p->client.conn, SP_GET_PEER_CHAIN);
    CHECK_INT(item_count(&sent), 2);
    bytes_free(&sent);
    pair_free(p);

    p = chain_pair(NULL, "ca1-cert.pem", "intermediate-cert.pem");
    check_completed(p->client.conn, whole_chain, 3);
    pair_free(p);
}

TEST(theChainEndsWhereTheIssuerIsUnknown)
{
    pair *p = chain_pair(NULL, "ca1-cert.pem", NULL);
    check_completed(p->client.conn, whole_chain, 1);
    pair_free(p);

    p = chain_pair("server-intermediate-chain.pem", "ca2-cert.pem", NULL);
    check_completed(p->client.conn, whole_chain, 2);
    pair_free(p);
}

static bytes pem_of(const char *const *files, int count)
{
    bytes all = {NULL, 0, 0};

    for (int i = 0; i < count; i++) {
        size_t len;
        uint8_t *pem = test_read_fixture(files[i], &len);
        bytes_add(&all, pem, len);
        free(pem);
    }
    return all;
}

TEST(theChainIsPutInOrder)
{
    static const char *const shuffled[] = {"server-intermediate-cert.pem", "ca2-cert.pem", "ca1-cert.pem",
                                           "intermediate-cert.pem"};
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
    bytes pem = pem_of(shuffled, 4);
    ctx_use(server, "server-intermediate", NULL);
    CHECK_INT(sp_ctx_use_certificate(server, pem.at, pem.len, NULL), SP_OK);
    bytes_free(&pem);
    pair *p = pair_of(client, server);

    pair_handshake(p);
    check_completed(p->client.conn, whole_chain, 3);
    bytes sent = conn_value(p->client.conn, SP_GET_PEER_CHAIN);
    CHECK_INT(item_count(&sent), 4);
    bytes_free(&sent);
    pair_free(p);
}

TEST(aSelfSignedPeerIsItsOwnChain)
{
    static const char *const alone[] = {"self-signed-cert.pem"};
    pair *p = pair_as("self-signed", TLS13, TLS13);

    pair_handshake(p);
    check_completed(p->client.conn, alone, 1);
    pair_free(p);
}

/* Client certificates: on a server OpenSSL keeps the leaf apart from the chain. */
TEST(aServerSeesItsClientsChain)
{
    static const char *const files[] = {"client-intermediate-cert.pem", "intermediate-cert.pem",
                                        "ca1-cert.pem"};

    for (int32_t version = TLS12; version <= TLS13; version++) {
        sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, version, version);
        sp_ctx *server = ctx_bare(SP_ROLE_SERVER, version, version);
        ctx_use(server, "server-rsa", NULL);
        ctx_trust(server, "ca1-cert.pem", 1);
        ctx_use(client, "client-intermediate", "client-intermediate-chain.pem");
        pair *p = pair_of(client, server);
        sp_conn_set_verify(p->server.conn, SP_VERIFY_REQUIRE);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_HAS_PEER_CERT), 1);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        CHECK(conn_value_is(p->server.conn, SP_GET_PEER_CERTIFICATE, files[0]));
        CHECK(conn_value_is(p->client.conn, SP_GET_OWN_CERTIFICATE, files[0]));
        bytes sent = conn_value(p->server.conn, SP_GET_PEER_CHAIN),
              own = conn_value(p->client.conn, SP_GET_OWN_CHAIN);
        CHECK_INT(item_count(&sent), 2);
        CHECK_BYTES(sent.at, sent.len, own.at, own.len);
        check_completed(p->server.conn, files, 3);
        bytes_free(&sent);
        bytes_free(&own);
        pair_free(p);
    }
}

static sp_ctx *switch_to;

static void switch_identity(side *self, const event *what)
{
    if (what->type != SP_EV_CERT)
        return;
    CHECK_INT(sp_conn_use_identity(self->conn, switch_to, NULL), SP_OK);
    CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

TEST(afterAnIdentitySwitchTheChainIsCompletedFromItsTrust)
{
    static const char *const files[] = {"client-ca2-cert.pem", "ca2-cert.pem"};
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    ctx_use(server, "server-rsa", NULL);
    ctx_trust(server, "ca1-cert.pem", 1);
    ctx_use(client, "client-ca2", NULL);
    switch_to = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    ctx_use(switch_to, "server-ecdsa", NULL);
    ctx_trust(switch_to, "ca2-cert.pem", 1);
    pair *p = pair_of(client, server);

    sp_conn_set_events(p->server.conn, SP_ASK_CERT);
    sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
    p->server.listener = switch_identity;
    pair_handshake(p);
    CHECK(conn_value_is(p->client.conn, SP_GET_PEER_CERTIFICATE, "server-ecdsa-cert.pem"));
    CHECK_INT(sp_conn_int(p->server.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
    check_completed(p->server.conn, files, 2);
    sp_ctx_free(switch_to);
    pair_free(p);
    check_nothing_lives();
}

TEST(aResumedClientHasTheLeafButNoChain)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        pair *p = pair_as("server-rsa", version, version);
        pair_handshake(p);
        bytes session = conn_value(p->client.conn, SP_GET_SESSION);
        pair_reconnect(p);
        CHECK_INT(sp_conn_set_session(p->client.conn, session.at, session.len), SP_OK);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 1);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_HAS_PEER_CERT), 1);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_PSK_USED), 0);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
        CHECK(conn_value_is(p->client.conn, SP_GET_PEER_CERTIFICATE, "server-rsa-cert.pem"));
        CHECK_INT(sp_conn_get(p->client.conn, SP_GET_PEER_CHAIN, NULL, 0), -1);
        CHECK_INT(sp_conn_get(p->client.conn, SP_GET_PEER_CHAIN_COMPLETED, NULL, 0), -1);
        bytes_free(&session);
        pair_free(p);
    }
}

/* Two authorities that signed each other: the search for a root must end. */

static EVP_PKEY *loop_key;

static X509 *loop_certificate(const char *subject, const char *issuer)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
    X509_set_subject_name(cert, name);
    X509_NAME_free(name);
    name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_NAME_free(name);
    X509_set_pubkey(cert, loop_key);
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(cert, ca, -1);
    X509_EXTENSION_free(ca);
    CHECK(X509_sign(cert, loop_key, EVP_sha256()) > 0);
    return cert;
}

static void give(sp_ctx *ctx, X509 *cert, int is_leaf)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);

    if (is_leaf) {
        CHECK_INT(SSL_CTX_use_certificate(ctx->ssl_ctx, cert), 1);
        CHECK_INT(SSL_CTX_use_PrivateKey(ctx->ssl_ctx, loop_key), 1);
    } else {
        CHECK_INT(sp_ctx_add_ca_der(ctx, der, (size_t)len, 0, NULL), 1);
    }
    OPENSSL_free(der);
    X509_free(cert);
}

TEST(authoritiesThatSignedEachOtherEndTheChain)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);

    loop_key = EVP_EC_gen("P-256");
    give(server, loop_certificate("leaf", "a"), 1);
    give(client, loop_certificate("a", "b"), 0);
    give(client, loop_certificate("b", "a"), 0);
    pair *p = pair_of(client, server);
    pair_handshake(p);
    bytes chain = conn_value(p->client.conn, SP_GET_PEER_CHAIN_COMPLETED);
    CHECK_INT(item_count(&chain), 3);
    bytes_free(&chain);
    pair_free(p);
    EVP_PKEY_free(loop_key);
}

/* ---- exported keys ---- */

static void check_export(pair *p, const uint8_t *context, size_t context_len)
{
    uint8_t a[40], b[40];

    CHECK_INT(sp_conn_export(p->client.conn, a, 40, "EXPERIMENTAL x", 14, context, context_len, NULL), SP_OK);
    CHECK_INT(sp_conn_export(p->server.conn, b, 40, "EXPERIMENTAL x", 14, context, context_len, NULL), SP_OK);
    CHECK_BYTES(a, 40, b, 40);
}

TEST(exportedKeysAreTheSameOnBothSides)
{
    for (int32_t version = TLS12; version <= TLS13; version++) {
        pair *p = pair_as("server-rsa", version, version);
        uint8_t none[32], empty[32], some[32];
        pair_handshake(p);
        check_export(p, NULL, 0);
        check_export(p, (const uint8_t *)"context", 7);
        CHECK_INT(sp_conn_export(p->client.conn, none, 32, "label", 5, NULL, 0, NULL), SP_OK);
        CHECK_INT(sp_conn_export(p->client.conn, empty, 32, "label", 5, (const uint8_t *)"", 0, NULL), SP_OK);
        CHECK_INT(sp_conn_export(p->client.conn, some, 32, "label", 5, (const uint8_t *)"c", 1, NULL), SP_OK);
        CHECK_INT(memcmp(none, empty, 32) == 0, version == TLS13);
        CHECK(memcmp(none, some, 32) != 0);
        pair_free(p);
    }
}

TEST(exportingTooEarlyOrNothingIsMisuse)
{
    pair *p = pair_as("server-rsa", TLS13, TLS13);
    uint8_t out[8];

    CHECK_INT(sp_conn_export(p->client.conn, out, 8, "label", 5, NULL, 0, NULL), SP_MISUSE);
    pair_handshake(p);
    CHECK_INT(sp_conn_export(p->client.conn, out, 0, "label", 5, NULL, 0, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_export(p->client.conn, NULL, 8, "label", 5, NULL, 0, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_export(p->client.conn, out, 8, NULL, 0, NULL, 0, NULL), SP_MISUSE);
    pair_free(p);
}

TEST(aReservedLabelIsRefusedWithAReason)
{
    pair *p = pair_as("server-rsa", TLS12, TLS12);
    sp_report report;
    uint8_t out[8];

    pair_handshake(p);
    CHECK_INT(sp_conn_export(p->client.conn, out, 8, "master secret", 13, NULL, 0, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, SSL_R_TLS_ILLEGAL_EXPORTER_LABEL);
    pair_free(p);
}

/* ---- renegotiation ---- */

TEST(renegotiationsAreCounted)
{
    pair *p = pair_as("server-rsa", TLS12, TLS12);

    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_SECURE_RENEGOTIATION), 1);
    for (int i = 1; i <= 2; i++) {
        CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
        pair_handshake(p);
        CHECK_INT(sp_conn_int(p->client.conn, SP_INT_RENEGOTIATIONS), i);
        CHECK_INT(sp_conn_int(p->server.conn, SP_INT_RENEGOTIATIONS), i);
    }
    pair_free(p);
}
