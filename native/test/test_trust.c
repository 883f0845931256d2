#include "credentials.h"
#include "internal.h"

#include <openssl/x509_vfy.h>
#include <pthread.h>

enum { TLS12 = 0x0303, TLS13 = 0x0304 };

/* ---- the process-wide set ---- */

static void add_item(bytes *to, const uint8_t *der, size_t len)
{
    uint32_t size = (uint32_t)len;

    bytes_add(to, &size, sizeof(size));
    bytes_add(to, der, len);
}

static bytes items_of(const char *first, const char *second)
{
    const char *files[] = {first, second};
    bytes items = {NULL, 0, 0};

    for (int i = 0; i < 2 && files[i] != NULL; i++) {
        bytes der = fixture_der(files[i]);
        add_item(&items, der.at, der.len);
        bytes_free(&der);
    }
    return items;
}

static void set_roots(const char *first, const char *second)
{
    bytes items = items_of(first, second);

    CHECK_INT(sp_library_init(NULL), SP_OK);
    CHECK_INT(sp_roots_set(items.at, items.len, NULL), SP_OK);
    bytes_free(&items);
}

static X509_STORE *store_of(sp_ctx *ctx)
{
    return SSL_CTX_get_cert_store(ctx->ssl_ctx);
}

static int trusted_count(sp_ctx *ctx)
{
    bytes trusted = ctx_value(ctx, SP_CTX_TRUSTED);
    int count = item_count(&trusted);

    bytes_free(&trusted);
    return count;
}

/* First in this file: before any set was given. */
TEST(withoutASetThereAreNoRoots)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    sp_report report;

    CHECK_INT(sp_ctx_use_roots(ctx, &report), 0);
    CHECK_INT(report.count, 0);
    CHECK_INT(trusted_count(ctx), 0);
    sp_ctx_free(ctx);
}

TEST(contextsShareOneStoreOfRoots)
{
    sp_ctx *one = ctx_bare(SP_ROLE_CLIENT, 0, 0), *two = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    set_roots("ca1-cert.pem", "ca2-cert.pem");
    CHECK_INT(sp_ctx_use_roots(one, NULL), 2);
    CHECK_INT(sp_ctx_use_roots(two, NULL), 2);
    CHECK(store_of(one) == store_of(two));
    CHECK_INT(trusted_count(one), 2);
    sp_ctx_free(one);
    sp_ctx_free(two);
}

TEST(aNewSetIsForLaterContexts)
{
    sp_ctx *before = ctx_bare(SP_ROLE_CLIENT, 0, 0), *after = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    set_roots("ca1-cert.pem", "ca2-cert.pem");
    CHECK_INT(sp_ctx_use_roots(before, NULL), 2);
    set_roots("ca2-cert.pem", NULL);
    CHECK_INT(sp_ctx_use_roots(after, NULL), 1);
    CHECK_INT(trusted_count(before), 2);
    CHECK_INT(trusted_count(after), 1);
    sp_ctx_free(before);
    sp_ctx_free(after);
}

TEST(anEmptySetIsASet)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    CHECK_INT(sp_roots_set(NULL, 0, NULL), SP_OK);
    CHECK_INT(sp_ctx_use_roots(ctx, NULL), 0);
    sp_ctx_free(ctx);
}

static void check_set_refused(const bytes *items)
{
    sp_report report;

    CHECK_INT(sp_roots_set(items->at, items->len, &report), SP_ERROR);
    CHECK(report.count > 0);
    CHECK_INT(ERR_peek_error(), 0);
}

TEST(aBrokenSetIsRefusedAndTheFormerStays)
{
    bytes items = items_of("ca1-cert.pem", "ca2-cert.pem");
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    uint32_t huge = UINT32_MAX;
    bytes der = fixture_der("ca1-cert.pem"), longer = {NULL, 0, 0};

    set_roots("ca2-cert.pem", NULL);
    for (size_t cut = 1; cut < items.len; cut += 41) {
        bytes part = {items.at, cut, 0};
        if (cut != 4 + der.len)
            check_set_refused(&part);
    }
    memcpy(items.at, &huge, 4);
    check_set_refused(&items);
    bytes_add(&der, "", 1); /* a byte behind the certificate, inside its item */
    add_item(&longer, der.at, der.len);
    check_set_refused(&longer);
    CHECK_INT(sp_ctx_use_roots(ctx, NULL), 1);
    bytes_free(&der);
    bytes_free(&longer);
    bytes_free(&items);
    sp_ctx_free(ctx);
}

/* ---- a store of one's own ---- */

TEST(anAdditionNeverTouchesTheSharedStore)
{
    sp_ctx *shared = ctx_bare(SP_ROLE_CLIENT, 0, 0), *own = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    set_roots("ca1-cert.pem", NULL);
    CHECK_INT(sp_ctx_use_roots(shared, NULL), 1);
    CHECK_INT(sp_ctx_use_roots(own, NULL), 1);
    ctx_trust(own, "ca2-cert.pem", 1);
    CHECK(store_of(own) != store_of(shared));
    CHECK_INT(trusted_count(own), 2);
    CHECK_INT(trusted_count(shared), 1);
    CHECK_INT(ctx_crl(shared, "ca1-crl-empty.pem", NULL), 1);
    CHECK_INT(sp_ctx_set_partial_chain(own, 1), SP_OK);

    sp_ctx *third = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    CHECK_INT(sp_ctx_use_roots(third, NULL), 1);
    CHECK(store_of(third) != store_of(shared));
    CHECK_INT(X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store_of(third))) &
                  (X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN),
              0);
    CHECK_INT(sk_X509_OBJECT_num(X509_STORE_get0_objects(store_of(third))), 1);
    sp_ctx_free(shared);
    sp_ctx_free(own);
    sp_ctx_free(third);
}

TEST(rootsAreAddedToAStoreThatIsAlreadyOwn)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    set_roots("ca1-cert.pem", NULL);
    ctx_trust(ctx, "ca2-cert.pem", 1);
    CHECK_INT(sp_ctx_use_roots(ctx, NULL), 1);
    CHECK_INT(trusted_count(ctx), 2);
    sp_ctx_free(ctx);
}

TEST(bundlesAndRepeatedCertificatesAreTaken)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);

    ctx_trust(ctx, "ca-bundle.pem", 2);
    ctx_trust(ctx, "ca1-cert.pem", 1);
    CHECK_INT(trusted_count(ctx), 2);
    sp_ctx_free(ctx);
}

static bytes join(const char *first, size_t keep, const char *second)
{
    bytes both = {NULL, 0, 0};
    size_t len;
    uint8_t *pem = test_read_fixture(first, &len);

    bytes_add(&both, pem, keep < len ? keep : len);
    free(pem);
    if (second != NULL) {
        pem = test_read_fixture(second, &len);
        bytes_add(&both, pem, len);
        free(pem);
    }
    return both;
}

TEST(otherPemBlocksAreSkipped)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    bytes both = join("ca1-key.pem", SIZE_MAX, "ca1-cert.pem");
    sp_report report;

    CHECK_INT(sp_ctx_add_ca(ctx, both.at, both.len, 0, &report), 1);
    CHECK_INT(report.count, 0);
    bytes_free(&both);
    sp_ctx_free(ctx);
}

TEST(aBundleWithABrokenBlockGivesThoseBeforeItAndTheReason)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    bytes both = join("ca1-cert.pem", SIZE_MAX, "ca2-cert.pem");
    sp_report report;

    CHECK_INT(sp_ctx_add_ca(ctx, both.at, both.len - 200, 0, &report), 1);
    CHECK(report.count > 0);
    CHECK_INT(ERR_peek_error(), 0);
    CHECK_INT(trusted_count(ctx), 1);
    bytes_free(&both);
    sp_ctx_free(ctx);
}

TEST(whatHoldsNoCertificateIsToldWithAReason)
{
    static const char *const inputs[] = {"", "garbage", "-----BEGIN CERTIFICATE-----\n"};
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    sp_report report;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(sp_ctx_add_ca(ctx, (const uint8_t *)inputs[i], strlen(inputs[i]), 0, &report), 0);
        CHECK(report.count > 0);
        CHECK_INT(sp_ctx_add_ca_der(ctx, (const uint8_t *)inputs[i], strlen(inputs[i]), 0, &report), 0);
        CHECK(report.count > 0);
    }
    CHECK_INT(sp_ctx_add_ca(ctx, NULL, 0, 0, &report), 0);
    CHECK(!ctx->own_store);
    sp_ctx_free(ctx);
}

TEST(derIsTakenAloneAndSeveralInARow)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    bytes one = fixture_der("ca1-cert.pem"), two = fixture_der("ca2-cert.pem");
    sp_report report;

    CHECK_INT(sp_ctx_add_ca_der(ctx, one.at, one.len, 0, &report), 1);
    CHECK_INT(report.count, 0);
    bytes_add(&one, two.at, two.len);
    CHECK_INT(sp_ctx_add_ca_der(ctx, one.at, one.len, 0, &report), 2);
    CHECK_INT(report.count, 0);
    CHECK_INT(sp_ctx_add_ca_der(ctx, one.at, one.len - 1, 0, &report), 1);
    CHECK(report.count > 0);
    CHECK_INT(trusted_count(ctx), 2);
    bytes_free(&one);
    bytes_free(&two);
    sp_ctx_free(ctx);
}

TEST(onlyCertificatesNamedAsClientCasAreAskedFor)
{
    sp_ctx *client = ctx_bare(SP_ROLE_CLIENT, TLS12, TLS13), *server = ctx_bare(SP_ROLE_SERVER, TLS12, TLS13);
    size_t len;
    uint8_t *pem = test_read_fixture("ca2-cert.pem", &len);

    ctx_use(server, "server-rsa", NULL);
    ctx_trust(server, "ca1-cert.pem", 1);
    CHECK_INT(sp_ctx_add_ca(server, pem, len, 0, NULL), 1);
    free(pem);
    pair *p = pair_of(client, server);
    sp_conn_set_verify(p->server.conn, SP_VERIFY_PEER);
    pair_handshake(p);
    bytes names = conn_value(p->client.conn, SP_GET_PEER_CLIENT_CAS);
    CHECK_INT(item_count(&names), 1);
    bytes_free(&names);
    pair_free(p);
}

/* ---- verdicts ---- */

typedef struct trust {
    const char *ca, *crl;
    int partial;
} trust;

static int64_t verdict(const char *server, const char *chain, trust how)
{
    sp_ctx *client_ctx = ctx_bare(SP_ROLE_CLIENT, TLS13, TLS13),
           *server_ctx = ctx_bare(SP_ROLE_SERVER, TLS13, TLS13);
    int64_t result;
    pair *p;

    ctx_use(server_ctx, server, chain);
    if (how.ca != NULL)
        ctx_trust(client_ctx, how.ca, 1);
    if (how.crl != NULL)
        CHECK_INT(ctx_crl(client_ctx, how.crl, NULL), 1);
    CHECK_INT(sp_ctx_set_partial_chain(client_ctx, how.partial), SP_OK);
    p = pair_of(client_ctx, server_ctx);
    pair_handshake(p);
    result = sp_conn_int(p->client.conn, SP_INT_VERIFY_RESULT);
    pair_free(p);
    return result;
}

TEST(verdictsOnChains)
{
    CHECK_INT(verdict("server-rsa", NULL, (trust){"ca1-cert.pem", NULL, 0}), X509_V_OK);
    CHECK_INT(verdict("server-rsa", NULL, (trust){NULL, NULL, 0}),
              X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
    CHECK_INT(verdict("server-ca2", NULL, (trust){"ca1-cert.pem", NULL, 0}),
              X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
    CHECK_INT(verdict("self-signed", NULL, (trust){"ca1-cert.pem", NULL, 0}),
              X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    CHECK_INT(verdict("self-signed", NULL, (trust){"self-signed-cert.pem", NULL, 0}), X509_V_OK);
    CHECK_INT(verdict("expired", NULL, (trust){"ca1-cert.pem", NULL, 0}), X509_V_ERR_CERT_HAS_EXPIRED);
    CHECK_INT(verdict("server-ca2", "server-ca2-chain.pem", (trust){"ca1-cert.pem", NULL, 0}),
              X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    CHECK_INT(
        verdict("server-intermediate", "server-intermediate-chain.pem", (trust){"ca1-cert.pem", NULL, 0}),
        X509_V_OK);
}

TEST(verdictsWithRevocationLists)
{
    CHECK_INT(verdict("server-rsa", NULL, (trust){"ca1-cert.pem", "ca1-crl-empty.pem", 0}), X509_V_OK);
    CHECK_INT(verdict("server-revoked", NULL, (trust){"ca1-cert.pem", "ca1-crl-revoked.pem", 0}),
              X509_V_ERR_CERT_REVOKED);
    CHECK_INT(verdict("server-rsa", NULL, (trust){"ca1-cert.pem", "ca1-crl-revoked.pem", 0}), X509_V_OK);
    CHECK_INT(verdict("server-rsa", NULL, (trust){"ca1-cert.pem", "ca1-crl-expired.pem", 0}),
              X509_V_ERR_CRL_HAS_EXPIRED);
    CHECK_INT(verdict("server-rsa", NULL, (trust){"ca1-cert.pem", "ca2-crl-empty.pem", 0}),
              X509_V_ERR_UNABLE_TO_GET_CRL);
    /* The whole chain is checked, not only the leaf. */
    CHECK_INT(verdict("server-intermediate", "server-intermediate-chain.pem",
                      (trust){"ca1-cert.pem", "intermediate-crl-empty.pem", 0}),
              X509_V_ERR_UNABLE_TO_GET_CRL);
}

TEST(partialChainMakesAnyTrustedCertificateAnAnchor)
{
    CHECK_INT(verdict("server-intermediate", NULL, (trust){"intermediate-cert.pem", NULL, 0}),
              X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT);
    CHECK_INT(verdict("server-intermediate", NULL, (trust){"intermediate-cert.pem", NULL, 1}), X509_V_OK);
}

TEST(revocationListsAreTakenAllOrNone)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_CLIENT, 0, 0);
    bytes both = join("ca1-crl-empty.pem", SIZE_MAX, "ca2-crl-empty.pem");
    sp_report report;

    CHECK_INT(sp_ctx_add_crl(ctx, both.at, both.len - 100, &report), 0);
    CHECK(report.count > 0);
    CHECK_INT(sk_X509_OBJECT_num(X509_STORE_get0_objects(store_of(ctx))), 0);
    CHECK_INT(sp_ctx_add_crl(ctx, both.at, both.len, &report), 2);
    CHECK_INT(report.count, 0);
    CHECK_INT(sp_ctx_add_crl(ctx, NULL, 0, &report), 0);
    CHECK(report.count > 0);
    bytes_free(&both);
    sp_ctx_free(ctx);
}

/* ---- threads ---- */

enum { ROUNDS = 60 };

static void *replace_roots(void *arg)
{
    bytes *sets = arg;

    for (int i = 0; i < ROUNDS; i++) {
        if (sp_roots_set(sets[i % 2].at, sets[i % 2].len, NULL) != SP_OK)
            return arg;
    }
    return NULL;
}

static void *use_roots(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        sp_ctx *ctx = sp_ctx_new(SP_ROLE_CLIENT, NULL);
        int32_t count = ctx != NULL ? sp_ctx_use_roots(ctx, NULL) : 0;
        int64_t size = sp_ctx_get(ctx, SP_CTX_TRUSTED, NULL, 0);
        sp_ctx_free(ctx);
        if (count < 1 || count > 2 || size <= 0)
            return arg;
    }
    return NULL;
}

TEST(rootsMayBeReplacedWhileOtherThreadsUseThem)
{
    bytes sets[] = {items_of("ca1-cert.pem", NULL), items_of("ca1-cert.pem", "ca2-cert.pem")};
    pthread_t threads[4];

    set_roots("ca1-cert.pem", NULL);
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, i < 2 ? replace_roots : use_roots, sets), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        CHECK_INT(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
    bytes_free(&sets[0]);
    bytes_free(&sets[1]);
    check_nothing_lives();
}

static void *ask_issuer(void *arg)
{
    sp_ctx *ctx = arg;

    for (int i = 0; i < ROUNDS; i++) {
        sp_conn *conn = sp_conn_new(ctx, 1, NULL);
        int64_t size = sp_ctx_get(ctx, SP_CTX_ISSUER, NULL, 0);
        int64_t chain = sp_ctx_get(ctx, SP_CTX_CHAIN, NULL, 0);
        sp_conn_free(conn);
        if (size <= 0 || chain <= 0)
            return arg;
    }
    return NULL;
}

TEST(threadsAskAFrozenContextAtTheSameTime)
{
    sp_ctx *ctx = ctx_bare(SP_ROLE_SERVER, 0, 0);
    pthread_t threads[4];

    set_roots("ca1-cert.pem", NULL);
    CHECK_INT(sp_ctx_use_roots(ctx, NULL), 1);
    ctx_use(ctx, "server-rsa", NULL);
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, ask_issuer, ctx), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        CHECK_INT(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
    sp_ctx_free(ctx);
    check_nothing_lives();
}

TEST(aCertificateThatManyContextsTrustIsHeldOnce)
{
    enum { MANY = 1000 };
    static sp_ctx *many[MANY];
    int64_t alone, bytes_of_one, again;

    many[0] = ctx_bare(SP_ROLE_ANY, 0, 0);
    alone = sp_library_live(SP_LIVE_BYTES);
    ctx_trust(many[0], "ca1-cert.pem", 1);
    ctx_trust(many[0], "ca2-cert.pem", 1);
    CHECK_INT(sp_library_live(SP_LIVE_ANCHOR), 2);
    bytes_of_one = sp_library_live(SP_LIVE_BYTES) - alone;
    for (int i = 1; i < MANY; i++) {
        many[i] = ctx_bare(SP_ROLE_ANY, 0, 0);
        ctx_trust(many[i], "ca1-cert.pem", 1);
        ctx_trust(many[i], "ca2-cert.pem", 1);
    }
    CHECK_INT(sp_library_live(SP_LIVE_ANCHOR), 2);
    again = sp_library_live(SP_LIVE_BYTES) - MANY * alone;
    CHECK(again < 100 * bytes_of_one);
    for (int i = 0; i < MANY; i++)
        sp_ctx_free(many[i]);
    check_nothing_lives();
}

TEST(whatAContextTrustsOutlivesTheContextThatBroughtIt)
{
    sp_ctx *first = ctx_bare(SP_ROLE_ANY, 0, 0), *second = ctx_bare(SP_ROLE_ANY, 0, 0);

    ctx_trust(first, "ca1-cert.pem", 1);
    ctx_trust(second, "ca1-cert.pem", 1);
    sp_ctx_free(first);
    CHECK_INT(sp_library_live(SP_LIVE_ANCHOR), 1);
    bytes trusted = ctx_value(second, SP_CTX_TRUSTED);
    CHECK(item_is(&trusted, 0, "ca1-cert.pem"));
    bytes_free(&trusted);
    sp_ctx_free(second);
    check_nothing_lives();
}

/* A certificate in OpenSSL's own form carries trust settings, which must not apply to other contexts. */
TEST(whatAPemBlockSaysOfItsTrustStaysWithIt)
{
    size_t len;
    uint8_t *pem = test_read_fixture("ca1-cert.pem", &len);
    BIO *in = BIO_new_mem_buf(pem, (int)len), *out = BIO_new(BIO_s_mem());
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    sp_ctx *plain = ctx_bare(SP_ROLE_ANY, 0, 0), *limited = ctx_bare(SP_ROLE_ANY, 0, 0);
    char *text = NULL;

    CHECK(X509_add1_reject_object(cert, OBJ_nid2obj(NID_server_auth)) == 1);
    CHECK(PEM_write_bio_X509_AUX(out, cert) == 1);
    long size = BIO_get_mem_data(out, &text);
    CHECK_INT(sp_ctx_add_ca(plain, pem, len, 1, NULL), 1);
    CHECK_INT(sp_ctx_add_ca(limited, (const uint8_t *)text, (size_t)size, 1, NULL), 1);
    CHECK_INT(sp_library_live(SP_LIVE_ANCHOR), 2);
    sp_ctx_free(plain);
    sp_ctx_free(limited);
    X509_free(cert);
    BIO_free(in);
    BIO_free(out);
    free(pem);
    check_nothing_lives();
}
