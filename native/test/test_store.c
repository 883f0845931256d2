/* What store URIs give, and what they do not. */
#include "credentials.h"

#include <limits.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

/* With the scheme OpenSSL takes absolute paths only. */
static void file_uri(char *uri, size_t room, const char *file)
{
    char folder[PATH_MAX];
    int length;

    CHECK(realpath(test_fixtures(), folder) != NULL);
    length = snprintf(uri, room, "file:%s/%s", folder, file);
    CHECK(length > 0 && (size_t)length < room);
}

static int32_t use_store(sp_ctx *ctx, int32_t wanted, const char *file, const char *pass, sp_report *report)
{
    char uri[PATH_MAX + 16];

    file_uri(uri, sizeof(uri), file);
    return sp_ctx_use_store(ctx, wanted, uri, NULL, (const uint8_t *)pass, pass != NULL ? strlen(pass) : 0,
                            report);
}

static void check_serves(const char *certificate, const char *key, const char *pass)
{
    sp_ctx *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS13);
    sp_report report;
    pair *p;

    CHECK(use_store(server, SP_STORE_CERTIFICATE, certificate, pass, &report) > 0);
    CHECK_INT(use_store(server, SP_STORE_KEY, key, pass, &report), 1);
    CHECK_INT(report.count, 0);
    CHECK_INT(use_store(client, SP_STORE_CA, "ca1-cert.pem", NULL, NULL), 1);
    p = pair_of(client, server);
    pair_handshake(p);
    CHECK_INT(sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT), X509_V_OK);
    pair_free(p);
    CHECK_INT(ERR_peek_error(), 0);
}

TEST(keysAndCertificatesOfFilesServe)
{
    check_serves("server-rsa-cert.pem", "server-rsa-key.pem", NULL);
    check_serves("server-ed25519-cert.pem", "server-ed25519-key.pem", NULL);
    check_serves("server-rsa-cert.der", "server-rsa-key.pem", NULL);
    check_serves("server-ecdsa-cert.pem", "server-ecdsa-key-encrypted.pem", "passphrase");
    check_serves("server-ecdsa.pfx", "server-ecdsa.pfx", "passphrase");
    check_serves("server-intermediate.pfx", "server-intermediate.pfx", "passphrase");
}

TEST(moreCertificatesAreTheChainOrAllTrusted)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    bytes chain;

    CHECK_INT(use_store(ctx, SP_STORE_CERTIFICATE, "server-intermediate-fullchain.pem", NULL, NULL), 3);
    chain = ctx_value(ctx, SP_CTX_CHAIN);
    CHECK_INT(item_count(&chain), 3);
    CHECK(item_is(&chain, 0, "server-intermediate-cert.pem"));
    CHECK(item_is(&chain, 1, "intermediate-cert.pem"));
    bytes_free(&chain);
    CHECK_INT(use_store(ctx, SP_STORE_CA, "ca-bundle.pem", NULL, NULL), 2);
    chain = ctx_value(ctx, SP_CTX_TRUSTED);
    CHECK_INT(item_count(&chain), 2);
    bytes_free(&chain);
    sp_ctx_free(ctx);
}

TEST(whatIsNotThereOrNotReadableIsReported)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    sp_report report;

    CHECK_INT(use_store(ctx, SP_STORE_KEY, "no-such-file.pem", NULL, &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(sp_ctx_use_store(ctx, SP_STORE_KEY, "nothing-knows:this", NULL, NULL, 0, &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(use_store(ctx, SP_STORE_KEY, "server-rsa-cert.pem", NULL, &report), SP_IGNORED);
    CHECK_INT(report.count, 0);
    CHECK_INT(use_store(ctx, SP_STORE_CERTIFICATE, "server-rsa-key.pem", NULL, &report), SP_IGNORED);
    CHECK_INT(use_store(ctx, SP_STORE_CA, "server-rsa-key.pem", NULL, &report), SP_IGNORED);
    CHECK_INT(use_store(ctx, SP_STORE_KEY, "server-ecdsa-key-encrypted.pem", "wrong", &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(use_store(ctx, SP_STORE_KEY, "server-ecdsa-key-encrypted.pem", NULL, &report), SP_ERROR);
    CHECK_INT(use_store(ctx, SP_STORE_KEY, "server-ecdsa.pfx", "wrong", &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(use_store(ctx, 3, "server-rsa-key.pem", NULL, &report), SP_MISUSE);
    CHECK_INT(use_store(ctx, -1, "server-rsa-key.pem", NULL, &report), SP_MISUSE);
    CHECK_INT(sp_ctx_use_store(ctx, SP_STORE_KEY, NULL, NULL, NULL, 0, &report), SP_MISUSE);
    CHECK_INT(use_store(NULL, SP_STORE_KEY, "server-rsa-key.pem", NULL, &report), SP_MISUSE);
    CHECK_INT(ERR_peek_error(), 0);
    sp_ctx_free(ctx);
}

TEST(aKeyThatDoesNotFitItsCertificateIsRefused)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    sp_report report;

    CHECK_INT(use_store(ctx, SP_STORE_CERTIFICATE, "server-rsa-cert.pem", NULL, NULL), 1);
    CHECK_INT(use_store(ctx, SP_STORE_KEY, "other-rsa-key.pem", NULL, &report), SP_ERROR);
    CHECK_INT(report.error[0].reason, X509_R_KEY_VALUES_MISMATCH);
    sp_ctx_free(ctx);
}

TEST(aPropertyQueryChoosesTheProvider)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    sp_report report;
    char uri[PATH_MAX + 16];

    file_uri(uri, sizeof(uri), "server-rsa-key.pem");
    CHECK_INT(sp_ctx_use_store(ctx, SP_STORE_KEY, uri, "provider=no-such", NULL, 0, &report), SP_ERROR);
    CHECK_INT(sp_ctx_use_store(ctx, SP_STORE_KEY, uri, "provider=default", NULL, 0, &report), 1);
    sp_ctx_free(ctx);
}

TEST(aProviderIsLoadedBesideTheDefaultOne)
{
    sp_report report;

    CHECK_INT(sp_library_has_provider("no-such-provider"), 0);
    CHECK_INT(sp_library_load_provider("no-such-provider", &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(sp_library_load_provider("/no/such/provider.so", &report), SP_ERROR);
    CHECK_INT(sp_library_load_provider(NULL, &report), SP_ERROR);
    CHECK_INT(sp_library_has_provider(NULL), 0);
    CHECK_INT(sp_library_load_provider("base", &report), SP_OK);
    CHECK_INT(sp_library_load_provider("base", &report), SP_OK);
    CHECK_INT(sp_library_has_provider("base"), 1);
    CHECK_INT(sp_library_has_provider("default"), 1);
    check_serves("server-rsa-cert.pem", "server-rsa-key.pem", NULL);
}

/* ---- a provider whose store reports neither an error nor an end ---- */

static int loads;

static void *endless_open(void *provider, const char *uri)
{
    (void)uri;
    return provider != NULL ? &loads : NULL;
}

static int endless_load(void *store, OSSL_CALLBACK *object, void *object_arg, OSSL_PASSPHRASE_CALLBACK *pass,
                        void *pass_arg)
{
    (void)object, (void)object_arg, (void)pass, (void)pass_arg;
    ++*(int *)store;
    return 0;
}

static int endless_eof(void *store)
{
    (void)store;
    return 0;
}

static int endless_close(void *store)
{
    return store != NULL;
}

static const OSSL_ALGORITHM *endless_query(void *provider, int operation, int *no_store)
{
    static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_STORE_OPEN, (void (*)(void))endless_open},
                                              {OSSL_FUNC_STORE_LOAD, (void (*)(void))endless_load},
                                              {OSSL_FUNC_STORE_EOF, (void (*)(void))endless_eof},
                                              {OSSL_FUNC_STORE_CLOSE, (void (*)(void))endless_close},
                                              {0, NULL}};
    static const OSSL_ALGORITHM stores[] = {{"vain", "provider=vain", functions, NULL}, {0}};

    (void)provider;
    *no_store = 0;
    return operation == OSSL_OP_STORE ? stores : NULL;
}

static int endless_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                        void **provider)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))endless_query}, {0, NULL}};

    (void)core, (void)in;
    *out = functions;
    *provider = &loads;
    return 1;
}

TEST(aStoreThatFailsForEverWithoutAReasonIsGivenUp)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    sp_report report;

    CHECK(OSSL_PROVIDER_add_builtin(NULL, "vain", endless_init));
    CHECK_INT(sp_library_load_provider("vain", &report), SP_OK);
    loads = 0;
    CHECK_INT(sp_ctx_use_store(ctx, SP_STORE_KEY, "vain:anything", NULL, NULL, 0, &report), SP_ERROR);
    CHECK(loads > 1);
    CHECK_INT(report.count, 1);
    CHECK_INT(ERR_peek_error(), 0);
    sp_ctx_free(ctx);
}
