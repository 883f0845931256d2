#include "credentials.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

static int32_t use_key(sp_ctx *ctx, const char *file, const char *pass, sp_report *report)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    int32_t result =
        sp_ctx_use_key(ctx, pem, len, (const uint8_t *)pass, pass != NULL ? strlen(pass) : 0, report);

    free(pem);
    return result;
}

static int32_t use_certificate(sp_ctx *ctx, const char *file, sp_report *report)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    int32_t result = sp_ctx_use_certificate(ctx, pem, len, report);

    free(pem);
    return result;
}

/* A handshake with that server context; the client wants the given signature algorithm, NULL for any. */
static pair *shake(sp_ctx *server, const char *sigalg)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS13);
    pair *p;

    ctx_trust(client, "ca1-cert.pem", 1);
    if (sigalg != NULL)
        CHECK_INT(sp_ctx_set_sigalgs(client, sigalg, NULL), SP_OK);
    p = pair_of(client, server);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
    return p;
}

/* ---- keys ---- */

static void check_key_works(const char *certificate, const char *key, const char *pass)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    CHECK_INT(use_certificate(server, certificate, NULL), SP_OK);
    CHECK_INT(use_key(server, key, pass, NULL), SP_OK);
    pair_free(shake(server, NULL));
}

TEST(everyFormOfAKeyIsRead)
{
    check_key_works("server-rsa-cert.pem", "server-rsa-key.pem", NULL);
    check_key_works("server-rsa-cert.pem", "server-rsa-key-traditional.pem", NULL);
    check_key_works("server-ecdsa-cert.pem", "server-ecdsa-key.pem", NULL);
    check_key_works("server-ecdsa-cert.pem", "server-ecdsa-key-traditional.pem", NULL);
    check_key_works("server-ed25519-cert.pem", "server-ed25519-key.pem", NULL);
}

TEST(everyFormOfAnEncryptedKeyIsRead)
{
    check_key_works("server-rsa-cert.pem", "server-rsa-key-encrypted.pem", "passphrase");
    check_key_works("server-rsa-cert.pem", "server-rsa-key-encrypted-traditional.pem", "passphrase");
    check_key_works("server-ecdsa-cert.pem", "server-ecdsa-key-encrypted.pem", "passphrase");
    check_key_works("server-ecdsa-cert.pem", "server-ecdsa-key-encrypted-traditional.pem", "passphrase");
}

TEST(aPassphraseNeedsNoNulAndMayHaveOneInside)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    uint8_t *exact = malloc(10);
    size_t len;
    uint8_t *pem = test_read_fixture("server-rsa-key-encrypted.pem", &len);

    memcpy(exact, "passphrase", 10);
    CHECK_INT(sp_ctx_use_key(ctx, pem, len, exact, 10, NULL), SP_OK);
    CHECK_INT(sp_ctx_use_key(ctx, pem, len, (const uint8_t *)"passphrase\0x", 12, NULL), SP_ERROR);
    free(exact);
    free(pem);
    sp_ctx_free(ctx);
}

TEST(aKeyThatDoesNotFitItsCertificateIsRefused)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    sp_report report;

    CHECK_INT(use_certificate(ctx, "server-rsa-cert.pem", NULL), SP_OK);
    CHECK_INT(use_key(ctx, "other-rsa-key.pem", NULL, &report), SP_ERROR);
    CHECK_INT(report.count, 1);
    CHECK_INT(report.error[0].reason, X509_R_KEY_VALUES_MISMATCH);
    CHECK_INT(use_key(ctx, "server-rsa-key.pem", NULL, NULL), SP_OK); /* and nothing changed */
    pair_free(shake(ctx, NULL));
}

TEST(aCertificateDropsAnEarlierKeyThatDoesNotFit)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);

    CHECK_INT(use_key(ctx, "other-rsa-key.pem", NULL, NULL), SP_OK);
    CHECK_INT(use_certificate(ctx, "server-rsa-cert.pem", NULL), SP_OK);
    pair *p = pair_of(ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13), ctx);
    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    pair_free(p);
}

TEST(aKeyMayComeBeforeItsCertificate)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    CHECK_INT(use_key(ctx, "server-rsa-key.pem", NULL, NULL), SP_OK);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_CERTIFICATE, NULL, 0), -1);
    CHECK_INT(use_certificate(ctx, "server-rsa-cert.pem", NULL), SP_OK);
    pair_free(shake(ctx, NULL));
}

/* ---- several identities ---- */

TEST(identitiesOfDifferentKeyTypesAreAllServed)
{
    static const struct {
        const char *sigalg, *file;
    } cases[] = {{"RSA-PSS+SHA256:RSA+SHA256", "server-rsa-cert.pem"},
                 {"ECDSA+SHA256:RSA+SHA256", "server-ecdsa-cert.pem"},
                 {"ed25519:RSA+SHA256", "server-ed25519-cert.pem"}};

    for (size_t i = 0; i < 3; i++) {
        sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
        ctx_use(server, "server-rsa", NULL);
        ctx_use(server, "server-ecdsa", NULL);
        ctx_use(server, "server-ed25519", NULL);
        pair *p = shake(server, cases[i].sigalg);
        CHECK(conn_value_is(p->client.conn, SP_GET_PEER_CERTIFICATE, cases[i].file));
        CHECK(conn_value_is(p->server.conn, SP_GET_OWN_CERTIFICATE, cases[i].file));
        pair_free(p);
    }
}

TEST(anIdentityOfTheSameTypeReplacesTheFormer)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    ctx_use(server, "server-intermediate", "server-intermediate-chain.pem");
    ctx_use(server, "server-ecdsa", NULL);
    pair *p = shake(server, NULL);
    bytes chain = conn_value(p->client.conn, SP_GET_PEER_CHAIN);
    CHECK_INT(item_count(&chain), 1); /* the former chain is replaced too */
    CHECK(item_is(&chain, 0, "server-ecdsa-cert.pem"));
    bytes_free(&chain);
    pair_free(p);
}

TEST(currentCertificateIsTheLastOneUsed)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    ctx_use(ctx, "server-rsa", NULL);
    ctx_use(ctx, "server-ecdsa", NULL);
    CHECK(ctx_value_is(ctx, SP_CTX_CERTIFICATE, "server-ecdsa-cert.pem"));
    ctx_use(ctx, "server-rsa1024", NULL);
    CHECK(ctx_value_is(ctx, SP_CTX_CERTIFICATE, "server-rsa1024-cert.pem"));
    CHECK_INT(use_key(ctx, "server-ed25519-key.pem", NULL, NULL), SP_OK);
    CHECK(ctx_value_is(ctx, SP_CTX_CERTIFICATE, "server-rsa1024-cert.pem"));
    sp_ctx_free(ctx);
}

/* ---- chains ---- */

TEST(theChainIsSentInItsOrder)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    ctx_use(server, "server-intermediate", "server-intermediate-fullchain.pem");
    pair *p = shake(server, NULL);
    bytes sent = conn_value(p->client.conn, SP_GET_PEER_CHAIN),
          own = conn_value(p->server.conn, SP_GET_OWN_CHAIN);
    bytes kept = ctx_value(p->server_ctx, SP_CTX_CHAIN);
    CHECK_INT(item_count(&sent), 3);
    CHECK(item_is(&sent, 0, "server-intermediate-cert.pem"));
    CHECK(item_is(&sent, 1, "intermediate-cert.pem"));
    CHECK(item_is(&sent, 2, "ca1-cert.pem"));
    CHECK_BYTES(own.at, own.len, sent.at, sent.len);
    CHECK_BYTES(kept.at, kept.len, sent.at, sent.len);
    bytes_free(&sent);
    bytes_free(&own);
    bytes_free(&kept);
    pair_free(p);
}

TEST(aChainThatIsCutShortIsRefused)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    sp_report report;
    size_t len;
    uint8_t *pem = test_read_fixture("server-intermediate-fullchain.pem", &len);

    CHECK_INT(sp_ctx_use_certificate(ctx, pem, len - 100, &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_CERTIFICATE, NULL, 0), -1);
    free(pem);
    sp_ctx_free(ctx);
}

/* ---- the issuer that OCSP needs ---- */

TEST(issuerIsTakenFromTheChain)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    ctx_use(ctx, "server-intermediate", "server-intermediate-fullchain.pem");
    CHECK(ctx_value_is(ctx, SP_CTX_ISSUER, "intermediate-cert.pem"));
    sp_ctx_free(ctx);
}

/* The identity has no issuer until that certificate is trusted. */
static void check_issuer_is_trusted(const char *identity, const char *issuer)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    ctx_use(ctx, identity, NULL);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_ISSUER, NULL, 0), -1);
    ctx_trust(ctx, issuer, 1);
    CHECK(ctx_value_is(ctx, SP_CTX_ISSUER, issuer));
    sp_ctx_free(ctx);
}

TEST(issuerIsElseTakenFromTheTrustStoreBeforeOrAfter)
{
    check_issuer_is_trusted("server-rsa", "ca1-cert.pem");
}

TEST(aSelfSignedCertificateIsItsOwnIssuerOnlyWhenTrusted)
{
    check_issuer_is_trusted("self-signed", "self-signed-cert.pem");
}

TEST(issuerIsThatOfTheCurrentCertificate)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    ctx_use(ctx, "server-intermediate", "server-intermediate-chain.pem");
    ctx_use(ctx, "server-rsa", "server-rsa-chain.pem");
    CHECK(ctx_value_is(ctx, SP_CTX_ISSUER, "ca1-cert.pem"));
    ctx_use(ctx, "server-ed25519", NULL);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_ISSUER, NULL, 0), -1);
    sp_ctx_free(ctx);
}

/* ---- PKCS#12 ---- */

TEST(pfxGivesIdentityChainTrustAndClientCas)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    bytes trusted;

    CHECK_INT(ctx_pfx(server, "server-intermediate.pfx", "passphrase", NULL), SP_PFX_OK);
    CHECK(ctx_value_is(server, SP_CTX_CERTIFICATE, "server-intermediate-cert.pem"));
    CHECK(ctx_value_is(server, SP_CTX_ISSUER, "intermediate-cert.pem"));
    trusted = ctx_value(server, SP_CTX_TRUSTED);
    CHECK_INT(item_count(&trusted), 2);
    bytes_free(&trusted);

    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS13);
    ctx_trust(client, "ca1-cert.pem", 1);
    pair *p = pair_of(client, server);
    sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
    bytes names = conn_value(p->client.conn, SP_GET_PEER_CLIENT_CAS);
    CHECK_INT(item_count(&names), 2);
    bytes_free(&names);
    pair_free(p);
}

TEST(pfxWithoutExtrasGivesAnIdentity)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    CHECK_INT(ctx_pfx(server, "server-ecdsa.pfx", "passphrase", NULL), SP_PFX_OK);
    pair_free(shake(server, NULL));
}

/* What Node 22 and 26 do, and OpenSSL's own tool. */
TEST(pfxWithoutAMacIsOpenedWithAnyPassphraseWhenNothingInItIsEncrypted)
{
    static const char *const passphrases[] = {NULL, "", "passphrase", "wrong"};

    for (size_t i = 0; i < 4; i++) {
        sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
        CHECK_INT(ctx_pfx(ctx, "server-rsa-no-mac.pfx", passphrases[i], NULL), SP_PFX_OK);
        CHECK(ctx_value_is(ctx, SP_CTX_CERTIFICATE, "server-rsa-cert.pem"));
        sp_ctx_free(ctx);
    }
}

/* The same identity, encrypted by that passphrase, without a MAC. The caller frees the bytes. */
static bytes encrypted_without_mac(const char *passphrase)
{
    size_t len;
    uint8_t *der = test_read_fixture("server-rsa-no-mac.pfx", &len), *made = NULL;
    const uint8_t *at = der;
    PKCS12 *plain = d2i_PKCS12(NULL, &at, (long)len);
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bytes result = {NULL, 0, 0};

    CHECK(PKCS12_parse(plain, NULL, &key, &cert, NULL) == 1);
    PKCS12 *file = PKCS12_create(passphrase, "server", key, cert, NULL, 0, 0, 0, -1, 0);
    CHECK(file != NULL && !PKCS12_mac_present(file));
    int size = i2d_PKCS12(file, &made);
    CHECK(size > 0);
    bytes_add(&result, made, (size_t)size);
    OPENSSL_free(made);
    PKCS12_free(file);
    PKCS12_free(plain);
    EVP_PKEY_free(key);
    X509_free(cert);
    free(der);
    return result;
}

static int32_t use_pfx(const bytes *file, const char *passphrase, sp_report *report)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    int32_t result = sp_ctx_use_pfx(ctx, file->at, file->len, (const uint8_t *)passphrase,
                                    passphrase != NULL ? strlen(passphrase) : 0, report);

    sp_ctx_free(ctx);
    return result;
}

TEST(pfxWithoutAMacIsOpenedByItsPassphraseAndNoOther)
{
    bytes file = encrypted_without_mac("passphrase"), empty = encrypted_without_mac("");
    static const char *const others[] = {NULL, "", "wrong"};
    sp_report report;

    CHECK_INT(use_pfx(&file, "passphrase", &report), SP_PFX_OK);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(use_pfx(&file, others[i], &report), SP_PFX_ERROR);
        CHECK_TEXT(report.error[0].reason_text, "bad decrypt");
    }
    CHECK_INT(use_pfx(&empty, NULL, &report), SP_PFX_OK);
    CHECK_INT(use_pfx(&empty, "", &report), SP_PFX_OK);
    CHECK_INT(use_pfx(&empty, "wrong", &report), SP_PFX_ERROR);
    CHECK_TEXT(report.error[0].reason_text, "bad decrypt");
    bytes_free(&file);
    bytes_free(&empty);
}

TEST(pfxThatLacksSomethingSaysWhat)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    CHECK_INT(ctx_pfx(ctx, "no-key.pfx", "passphrase", NULL), SP_PFX_NO_KEY);
    CHECK_INT(ctx_pfx(ctx, "no-cert.pfx", "passphrase", NULL), SP_PFX_NO_CERT);
    CHECK_INT(sp_ctx_use_pfx(ctx, NULL, 0, NULL, 0, NULL), SP_PFX_ERROR);
    CHECK_INT(sp_ctx_get(ctx, SP_CTX_CERTIFICATE, NULL, 0), -1);
    sp_ctx_free(ctx);
}

TEST(identityAndPfxMayBothBeGiven)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);

    ctx_use(server, "server-ecdsa", NULL);
    CHECK_INT(ctx_pfx(server, "server-rsa.pfx", "passphrase", NULL), SP_PFX_OK);
    pair *p = shake(server, "ECDSA+SHA256:RSA+SHA256");
    CHECK(conn_value_is(p->client.conn, SP_GET_PEER_CERTIFICATE, "server-ecdsa-cert.pem"));
    pair_free(p);
}

/* ---- damage ---- */

TEST(everyTruncationOfAPfxIsRefusedAndLeavesNothing)
{
    size_t len;
    uint8_t *der = test_read_fixture("server-rsa.pfx", &len);
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    sp_report report;

    for (size_t cut = 0; cut < len; cut += 97) {
        CHECK_INT(sp_ctx_use_pfx(ctx, der, cut, (const uint8_t *)"passphrase", 10, &report), SP_PFX_ERROR);
        CHECK(report.count > 0);
        CHECK_INT(ERR_peek_error(), 0);
    }
    free(der);
    sp_ctx_free(ctx);
    check_nothing_lives();
}

TEST(everyTruncationOfAKeyAndOfACertificateIsRefused)
{
    static const char *const files[] = {"server-rsa-key.pem", "server-rsa-key-encrypted.pem",
                                        "server-rsa-cert.pem"};
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    for (int i = 0; i < 3; i++) {
        size_t len;
        uint8_t *pem = test_read_fixture(files[i], &len);
        for (size_t cut = 0; cut + 2 < len; cut += 31) {
            if (i < 2)
                CHECK_INT(sp_ctx_use_key(ctx, pem, cut, (const uint8_t *)"passphrase", 10, NULL), SP_ERROR);
            else
                CHECK_INT(sp_ctx_use_certificate(ctx, pem, cut, NULL), SP_ERROR);
            CHECK_INT(ERR_peek_error(), 0);
        }
        free(pem);
    }
    sp_ctx_free(ctx);
}

/* Last, since the provider stays loaded for the whole process. */
TEST(zzLegacyPfxNeedsTheLegacyProvider)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);

    CHECK_INT(ctx_pfx(ctx, "server-rsa-legacy.pfx", "passphrase", NULL), SP_PFX_UNSUPPORTED);
    if (sp_library_load_legacy(NULL) != SP_OK) {
        sp_ctx_free(ctx);
        test_skip("the legacy provider");
    }
    CHECK_INT(ctx_pfx(ctx, "server-rsa-legacy.pfx", "passphrase", NULL), SP_PFX_OK);
    CHECK(ctx_value_is(ctx, SP_CTX_CERTIFICATE, "server-rsa-cert.pem"));
    sp_ctx_free(ctx);
}
