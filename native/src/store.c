/* store.c - keys and certificates that a URI names, read by OSSL_STORE: files, tokens, whatever a provider knows. */
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "error.h"
#include "identity.h"
#include "trust.h"

/* consecutive loads without a result, before the store counts as endless */
enum { MAX_EMPTY_LOADS = 10000 };

typedef struct found {
    STACK_OF(X509) *certificates;
    int32_t keys;
} found;

static int take(sp_ctx *ctx, int32_t wanted, const OSSL_STORE_INFO *info, found *to)
{
    int type = OSSL_STORE_INFO_get_type(info);
    X509 *cert;

    if (type == OSSL_STORE_INFO_PKEY && wanted == SP_STORE_KEY) {
        to->keys++;
        return sp_identity_use_key(ctx, OSSL_STORE_INFO_get0_PKEY(info));
    }
    if (type != OSSL_STORE_INFO_CERT || wanted == SP_STORE_KEY)
        return 1;
    cert = OSSL_STORE_INFO_get1_CERT(info);
    if (cert != NULL && sk_X509_push(to->certificates, cert) > 0)
        return 1;
    X509_free(cert);
    return 0;
}

/* A loader reports the end of a file as an error without an entry in the queue, and likewise what it cannot use. One
 * that keeps doing so and never reports the end would do it for ever. */
static int read_all(sp_ctx *ctx, int32_t wanted, OSSL_STORE_CTX *store, found *to)
{
    int empty = 0;

    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        int ok =
            info != NULL ? take(ctx, wanted, info, to) : !OSSL_STORE_error(store) || ERR_peek_error() == 0;

        empty = info != NULL ? 0 : empty + 1;
        if (ok && empty > MAX_EMPTY_LOADS) {
            ERR_raise_data(ERR_LIB_OSSL_STORE, ERR_R_OPERATION_FAIL,
                           "the store gives nothing and has no end");
            ok = 0;
        }
        OSSL_STORE_INFO_free(info);
        if (!ok)
            return 0;
    }
    return 1;
}

static int use_identity(sp_ctx *ctx, STACK_OF(X509) *certificates)
{
    X509 *leaf = sk_X509_shift(certificates);
    int ok = sp_identity_use_certificate(ctx, leaf, certificates);

    X509_free(leaf);
    return ok;
}

static int use_anchors(sp_ctx *ctx, STACK_OF(X509) *certificates)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *cert = sk_X509_value(certificates, i);
        if (!sp_trust_add(ctx, cert, 1))
            return 0;
    }
    return 1;
}

/* How many were used; SP_IGNORED for none, SP_ERROR on failure. */
static int32_t use_found(sp_ctx *ctx, int32_t wanted, found *from)
{
    int32_t count = wanted == SP_STORE_KEY ? from->keys : sk_X509_num(from->certificates);
    int ok = 1;

    if (count > 0 && wanted == SP_STORE_CERTIFICATE)
        ok = use_identity(ctx, from->certificates);
    else if (wanted == SP_STORE_CA)
        ok = use_anchors(ctx, from->certificates);
    if (!ok)
        return SP_ERROR;
    return count > 0 ? count : SP_IGNORED;
}

/* Without OSSL_STORE_expect() a PKCS#12 file gives its certificates in the order of PKCS12_parse(), the leaf first. */
static int32_t use_store(sp_ctx *ctx, int32_t wanted, const char *uri, const char *properties, UI_METHOD *ui,
                         sp_passphrase *secret)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, NULL, properties, ui, secret, NULL, NULL, NULL);
    found all = {sk_X509_new_null(), 0};
    int32_t result = SP_ERROR;

    if (store != NULL && all.certificates != NULL && read_all(ctx, wanted, store, &all))
        result = use_found(ctx, wanted, &all);
    sk_X509_pop_free(all.certificates, X509_free);
    OSSL_STORE_close(store);
    return result;
}

int32_t sp_ctx_use_store(sp_ctx *ctx, int32_t wanted, const char *uri, const char *properties,
                         const uint8_t *pass, size_t pass_len, sp_report *report)
{
    sp_passphrase secret = {pass, pass != NULL ? pass_len : 0};
    UI_METHOD *ui;
    int32_t result = SP_ERROR;

    sp_enter(report);
    if (!sp_ctx_open(ctx) || uri == NULL || wanted < SP_STORE_KEY || wanted > SP_STORE_CA)
        return SP_MISUSE;
    if ((ui = UI_UTIL_wrap_read_pem_callback(sp_on_password, 0)) != NULL)
        result = use_store(ctx, wanted, uri, properties, ui, &secret);
    UI_destroy_method(ui);
    sp_leave(report, result != SP_ERROR);
    return result;
}
