/* provider.c - registers the glue's own algorithms with OpenSSL, and says how contexts ask for them.
 *
 * They are optional everywhere: a context made with the query "?provider=securepair" gets what the provider has from it,
 * and the rest from where it came before. Nothing else changes: OpenSSL takes the first of several implementations when
 * a fetch has no query, so the default provider has to be active before ours, and is. A FIPS query never matches ours,
 * whose algorithms do not have that property. */
#include "provider.h"
#include "internal.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdlib.h>

static const char *query;

static const OSSL_ALGORITHM *on_query(void *context, int operation, int *no_store)
{
    (void)context;
    *no_store = 0;
    return operation == OSSL_OP_KDF ? sp_kdf_algorithms : NULL;
}

static const OSSL_PARAM *on_gettable(void *context)
{
    static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
                                      OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL), OSSL_PARAM_END};

    (void)context;
    return list;
}

static int on_get(void *context, OSSL_PARAM params[])
{
    OSSL_PARAM *name = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    (void)context;
    return (name == NULL || OSSL_PARAM_set_utf8_ptr(name, "Securepair")) &&
           (status == NULL || OSSL_PARAM_set_int(status, 1));
}

static void on_teardown(void *context)
{
    (void)context;
}

static int on_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions,
                   void **context)
{
    static const OSSL_DISPATCH ours[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))on_query},
                                         {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))on_gettable},
                                         {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))on_get},
                                         {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))on_teardown},
                                         {0, NULL}};

    (void)core;
    *functions = ours;
    *context = (void *)(uintptr_t)handle;
    return 1;
}

/* Whether a plain fetch, as the rest of the process does it, still gets what it got before. */
static int others_unchanged(const char *algorithm)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, algorithm, NULL);
    int unchanged =
        kdf == NULL || strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), SP_PROVIDER_NAME) != 0;

    EVP_KDF_free(kdf);
    return unchanged;
}

/* Another copy of the glue in the process, of another class loader for example, may have added its own already: one is
 * enough, since the algorithms are the same. */
static int install(void)
{
    /* Any fetch makes OpenSSL load the default provider where nothing else is configured. */
    EVP_MD_free(EVP_MD_fetch(NULL, "SHA2-256", NULL));
    if (OSSL_PROVIDER_available(NULL, SP_PROVIDER_NAME) == 1)
        return 1;
    if (OSSL_PROVIDER_add_builtin(NULL, SP_PROVIDER_NAME, on_init) != 1)
        return 0;
    OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, SP_PROVIDER_NAME, 1);
    if (provider == NULL)
        return 0;
    if (others_unchanged("TLS13-KDF") && others_unchanged("TLS1-PRF"))
        return 1;
    OSSL_PROVIDER_unload(provider);
    return 0;
}

void sp_provider_install(void)
{
    const char *wish = getenv("SECUREPAIR_PROVIDER");

    if (wish != NULL && strcmp(wish, "none") == 0)
        return;
    ERR_set_mark();
    if (install())
        query = "?provider=" SP_PROVIDER_NAME;
    ERR_pop_to_mark();
}

const char *sp_provider_query(void)
{
    return query;
}
