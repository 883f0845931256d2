/* The key derivations of the glue's provider: the same bytes, states and errors as OpenSSL's own, and only for those who
 * ask for them. */
#include "internal.h"
#include "pair.h"
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

enum { OURS = 0, THEIRS = 1, ROOM = 700, PARAMS_MAX = 12 };

static const char *const queries[] = {"provider=" SP_PROVIDER_NAME, "provider!=" SP_PROVIDER_NAME};

static EVP_KDF_CTX *context(const char *name, int whose)
{
    EVP_KDF *kdf;

    CHECK_INT(sp_library_init(NULL), SP_OK);
    if (sp_provider_query() == NULL)
        test_skip("SECUREPAIR_PROVIDER=none");
    kdf = EVP_KDF_fetch(NULL, name, queries[whose]);
    CHECK(kdf != NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    CHECK(ctx != NULL);
    return ctx;
}

/* A source of choices that a failed run can repeat. */
static uint64_t state;
static uint32_t below(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % n;
}

static uint8_t pool[4096];
static int derived; /* successful derivations so far */
static int mode_value;

static OSSL_PARAM octets(const char *key, size_t max)
{
    size_t len = below(8) == 0 ? 0 : 1 + below((uint32_t)max);

    return OSSL_PARAM_construct_octet_string(key, pool + below(1024), len);
}

static const char *const digests[] = {"SHA2-256", "SHA256",   "sha2-384", "SHA384",   "SHA2-512",
                                      "SHA1",     "MD5-SHA1", "SHAKE256", "none such"};

/* Ordinary ones in four of five cases: else whatever could be given, wrong, missing or twice. */
static void choose(OSSL_PARAM *p, int is_prf)
{
    int odd = below(5) == 0;
    size_t n = 0;

    if (!odd || below(4) > 0)
        p[n++] =
            OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digests[below(odd ? 9 : 4)], 0);
    if (is_prf) {
        if (!odd || below(4) > 0)
            p[n++] = octets(OSSL_KDF_PARAM_SECRET, odd ? 900 : 64);
        for (size_t seeds = below(6); seeds > 0; seeds--)
            p[n++] = octets(OSSL_KDF_PARAM_SEED, odd ? 300 : 48);
    } else {
        static const char *const names[] = {OSSL_KDF_PARAM_KEY, OSSL_KDF_PARAM_SALT, OSSL_KDF_PARAM_PREFIX,
                                            OSSL_KDF_PARAM_LABEL, OSSL_KDF_PARAM_DATA};
        static const size_t usual[] = {64, 48, 6, 18, 48};
        mode_value = (int)(odd ? below(4) : 1 + below(2));
        if (!odd || below(4) > 0)
            p[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode_value);
        for (size_t i = 0; i < 5; i++)
            if (below(4) > 0)
                p[n++] = octets(names[i], odd ? 300 : usual[i]);
        if (odd && below(3) == 0)
            p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)"EXPAND_ONLY", 0);
        if (odd && below(3) == 0)
            p[n++] = octets(OSSL_KDF_PARAM_KEY, 64);
    }
    p[n] = OSSL_PARAM_construct_end();
}

static unsigned long first_error(void)
{
    unsigned long error = ERR_peek_error();

    ERR_clear_error();
    return ERR_GET_LIB(error) << 16 | ERR_GET_REASON(error);
}

/* One step on both contexts: results, bytes and errors are the same. */
static void step(EVP_KDF_CTX *both[2], int is_prf)
{
    static const size_t lengths[] = {32, 48, 12, 16, 1, 104, 0, 600};
    uint8_t out[2][ROOM];
    OSSL_PARAM params[PARAMS_MAX], got[2][2];
    unsigned long errors[2];
    size_t size[2] = {0, 0}, len = lengths[below(8)];
    uint32_t what = below(10);
    int results[2];

    choose(params, is_prf);
    memset(out, 0, sizeof out);
    for (int i = 0; i < 2; i++) {
        if (what == 0) {
            results[i] = EVP_KDF_CTX_set_params(both[i], params);
        } else if (what == 1) {
            got[i][0] = OSSL_PARAM_construct_size_t(OSSL_KDF_PARAM_SIZE, &size[i]);
            got[i][1] = OSSL_PARAM_construct_end();
            results[i] = EVP_KDF_CTX_get_params(both[i], got[i]);
        } else if (what == 2) {
            EVP_KDF_CTX *copy = EVP_KDF_CTX_dup(both[i]);
            results[i] = copy != NULL;
            if (copy != NULL) {
                EVP_KDF_CTX_free(both[i]);
                both[i] = copy;
            }
        } else if (what == 3) {
            EVP_KDF_CTX_reset(both[i]);
            results[i] = 1;
        } else {
            results[i] = EVP_KDF_derive(both[i], out[i], len, what == 4 ? NULL : params);
        }
        errors[i] = first_error();
    }
    CHECK_INT(results[OURS] == 1, results[THEIRS] == 1);
    CHECK_INT(errors[OURS], errors[THEIRS]);
    CHECK_INT(size[OURS], size[THEIRS]);
    derived += what > 4 && results[OURS] == 1;
    if (results[OURS] == 1)
        CHECK_BYTES(out[OURS], ROOM, out[THEIRS], ROOM);
}

static void compare(const char *name, int is_prf)
{
    derived = 0;
    for (int i = 0; i < 20000; i++) {
        EVP_KDF_CTX *both[2] = {context(name, OURS), context(name, THEIRS)};
        state = (uint64_t)i * 2 + 1;
        for (uint32_t steps = below(3) == 0 ? 1 + below(5) : 1; steps > 0; steps--)
            step(both, is_prf);
        EVP_KDF_CTX_free(both[OURS]);
        EVP_KDF_CTX_free(both[THEIRS]);
    }
    CHECK(derived > 5000);
}

static void fill_pool(void)
{
    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = (uint8_t)(i * 131 + (i >> 3));
}

TEST(theKeyScheduleOfTLS13IsOpenSSLs)
{
    fill_pool();
    compare("TLS13-KDF", 0);
}

TEST(thePRFOfTLS12IsOpenSSLs)
{
    fill_pool();
    compare("TLS1-PRF", 1);
}

/* RFC 8448, 3: {server} extract secret "early". */
TEST(theEarlySecretIsThatOfRFC8448)
{
    static const uint8_t expected[] = {0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6, 0xcd,
                                       0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f,
                                       0x26, 0x60, 0xe1, 0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a};
    EVP_KDF_CTX *ctx = context("TLS13-KDF", OURS);
    int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                           OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA2-256", 0),
                           OSSL_PARAM_construct_end()};
    uint8_t out[32];

    CHECK_INT(EVP_KDF_derive(ctx, out, sizeof out, params), 1);
    CHECK_BYTES(out, sizeof out, expected, sizeof expected);
    EVP_KDF_CTX_free(ctx);
}

static int fetched_from_ours(const char *name, const char *query)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, query);
    int ours =
        kdf != NULL && strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), SP_PROVIDER_NAME) == 0;

    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ours;
}

TEST(theRestOfTheProcessKeepsItsOwn)
{
    EVP_KDF_CTX_free(context("TLS13-KDF", OURS));
    CHECK(!fetched_from_ours("TLS13-KDF", NULL));
    CHECK(!fetched_from_ours("TLS1-PRF", NULL));
    CHECK(!fetched_from_ours("TLS13-KDF", "fips=yes"));
    CHECK(!fetched_from_ours("TLS13-KDF", "fips=yes,?provider=" SP_PROVIDER_NAME));
    CHECK(fetched_from_ours("TLS13-KDF", sp_provider_query()));
    CHECK(fetched_from_ours("TLS1-PRF", sp_provider_query()));
    CHECK(OSSL_PROVIDER_available(NULL, "default") == 1);
}

TEST(theProviderSaysItsName)
{
    const char *name = NULL;
    int status = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_NAME, (char **)&name, 0),
                           OSSL_PARAM_construct_int(OSSL_PROV_PARAM_STATUS, &status),
                           OSSL_PARAM_construct_end()};

    EVP_KDF_CTX_free(context("TLS13-KDF", OURS));
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", sp_provider_query());
    CHECK_INT(OSSL_PROVIDER_get_params(EVP_KDF_get0_provider(kdf), params), 1);
    EVP_KDF_free(kdf);
    CHECK(strcmp(name, "Securepair") == 0);
    CHECK_INT(status, 1);
}
