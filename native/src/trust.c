/* trust.c - the process-wide trust anchors, the trust store of a context, revocation lists.
 *
 * A store with all the usual roots is large, so contexts that trust only those share one. The first addition gives a
 * context a store of its own, with the shared certificates in it: the shared one is never changed.
 */
#include "trust.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "anchors.h"
#include "certificates.h"
#include "error.h"
#include "library.h"

/* ---- the shared set ---- */

static struct {
    CRYPTO_ONCE once;
    CRYPTO_RWLOCK *lock;
    X509_STORE *store; /* owned; NULL before the first sp_roots_set() */
    int32_t count;
} roots = {CRYPTO_ONCE_STATIC_INIT, NULL, NULL, 0};

static void make_roots_lock(void)
{
    roots.lock = CRYPTO_THREAD_lock_new();
}

static int roots_ready(void)
{
    return CRYPTO_THREAD_run_once(&roots.once, make_roots_lock) == 1 && roots.lock != NULL;
}

/* The next {u32 length, DER}. NULL at the end, when *left is 0, and on an error. */
static X509 *next_item(const uint8_t **at, size_t *left)
{
    uint32_t size;
    const uint8_t *der;
    X509 *cert;

    if (*left < sizeof(size))
        return NULL;
    memcpy(&size, *at, sizeof(size));
    if (size > *left - sizeof(size))
        return NULL;
    der = *at + sizeof(size);
    cert = d2i_X509(NULL, &der, (long)size);
    if (cert != NULL && der != *at + sizeof(size) + size) {
        X509_free(cert);
        return NULL;
    }
    *at += sizeof(size) + size;
    *left -= sizeof(size) + size;
    return cert;
}

static X509_STORE *read_store(const uint8_t *items, size_t len, int32_t *count)
{
    X509_STORE *store = X509_STORE_new();
    X509 *cert;

    *count = 0;
    while (store != NULL && len > 0) {
        int ok = (cert = next_item(&items, &len)) != NULL && X509_STORE_add_cert(store, cert);
        X509_free(cert);
        if (!ok)
            goto err;
        ++*count;
    }
    return store;
err:
    if (ERR_peek_error() == 0)
        ERR_raise_data(ERR_LIB_X509, ERR_R_PASSED_INVALID_ARGUMENT, "certificate %d", *count);
    X509_STORE_free(store);
    return NULL;
}

int32_t sp_roots_set(const uint8_t *items, size_t len, sp_report *report)
{
    int32_t count;
    X509_STORE *store, *former;
    int ready = sp_library_ready() && roots_ready();

    sp_enter(report);
    if (!ready)
        ERR_raise(ERR_LIB_X509, ERR_R_INIT_FAIL);
    if (!ready || (store = read_store(items, len, &count)) == NULL)
        return sp_fail(report);
    if (!CRYPTO_THREAD_write_lock(roots.lock)) {
        X509_STORE_free(store);
        return sp_fail(report);
    }
    former = roots.store;
    roots.store = store;
    roots.count = count;
    CRYPTO_THREAD_unlock(roots.lock);
    X509_STORE_free(former); /* contexts that share it have their own references */
    return sp_leave(report, 1);
}

/* Owns: the caller, one reference. NULL when no set was given. */
static X509_STORE *get1_roots(int32_t *count)
{
    X509_STORE *store = NULL;

    if (!roots_ready() || !CRYPTO_THREAD_read_lock(roots.lock))
        return NULL;
    if (roots.store != NULL && X509_STORE_up_ref(roots.store))
        store = roots.store;
    *count = roots.count;
    CRYPTO_THREAD_unlock(roots.lock);
    return store;
}

/* ---- a context's store ---- */

static int add_all(X509_STORE *to, X509_STORE *from)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(from);
    int ok = certs != NULL;

    for (int i = 0; ok && i < sk_X509_num(certs); i++)
        ok = X509_STORE_add_cert(to, sk_X509_value(certs, i));
    sk_X509_pop_free(certs, X509_free);
    return ok;
}

/* The store of the context alone, made when it has none; borrowed. NULL when out of memory. */
static X509_STORE *own_store(sp_ctx *ctx)
{
    X509_STORE *present = SSL_CTX_get_cert_store(ctx->ssl_ctx);
    X509_STORE *own;

    if (ctx->own_store)
        return present;
    own = X509_STORE_new();
    if (own == NULL || !add_all(own, present)) {
        X509_STORE_free(own);
        return NULL;
    }
    SSL_CTX_set_cert_store(ctx->ssl_ctx, own);
    ctx->own_store = 1;
    return own;
}

int sp_trust_add(sp_ctx *ctx, X509 *cert, int name_as_client_ca)
{
    X509_STORE *store = own_store(ctx);
    X509 *shared = store != NULL ? sp_anchor_use(ctx, cert, name_as_client_ca) : NULL;

    return shared != NULL && X509_STORE_add_cert(store, shared);
}

int32_t sp_ctx_use_roots(sp_ctx *ctx, sp_report *report)
{
    int32_t count = 0;
    X509_STORE *store;
    int ok = 1;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if ((store = get1_roots(&count)) == NULL)
        return 0;
    if (ctx->own_store)
        ok = add_all(SSL_CTX_get_cert_store(ctx->ssl_ctx), store);
    else
        SSL_CTX_set1_cert_store(ctx->ssl_ctx, store);
    X509_STORE_free(store);
    return sp_leave(report, ok) == SP_OK ? count : 0;
}

/* Adds what was read: all of it, or nothing, unless memory runs out between. */
static int32_t add_certificates(sp_ctx *ctx, STACK_OF(X509) *certs, int name_as_client_ca)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        if (!sp_trust_add(ctx, cert, name_as_client_ca))
            return 0;
    }
    return sk_X509_num(certs);
}

static X509 *read_pem(BIO *bio)
{
    return PEM_read_bio_X509_AUX(bio, NULL, sp_no_password, NULL);
}

static X509 *read_der(BIO *bio)
{
    return BIO_pending(bio) > 0 ? d2i_X509_bio(bio, NULL) : NULL;
}

static int32_t add_from(sp_ctx *ctx, BIO *bio, X509 *(*read)(BIO *), int name_as_client_ca)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    X509 *cert;
    int32_t count = 0;

    while (certs != NULL && (cert = read(bio)) != NULL) {
        if (!sk_X509_push(certs, cert)) {
            X509_free(cert);
            goto end;
        }
    }
    if (sk_X509_num(certs) > 0) {
        (void)sp_pem_at_end();
        count = add_certificates(ctx, certs, name_as_client_ca);
    } else if (ERR_peek_error() == 0) {
        ERR_raise(ERR_LIB_X509, X509_R_NO_CERTIFICATE_FOUND);
    }
end:
    sk_X509_pop_free(certs, X509_free);
    return count;
}

static int32_t add_ca(sp_ctx *ctx, const uint8_t *bytes, size_t len, X509 *(*read)(BIO *),
                      int name_as_client_ca, sp_report *report)
{
    BIO *bio;
    int32_t count = 0;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if ((bio = sp_input_open(bytes, len)) != NULL)
        count = add_from(ctx, bio, read, name_as_client_ca);
    BIO_free(bio);
    sp_fail(report); /* with count > 0: why reading stopped before the end, if it did */
    return count;
}

int32_t sp_ctx_add_ca(sp_ctx *ctx, const uint8_t *pem, size_t len, int32_t name_as_client_ca,
                      sp_report *report)
{
    return add_ca(ctx, pem, len, read_pem, name_as_client_ca, report);
}

int32_t sp_ctx_add_ca_der(sp_ctx *ctx, const uint8_t *der, size_t len, int32_t name_as_client_ca,
                          sp_report *report)
{
    return add_ca(ctx, der, len, read_der, name_as_client_ca, report);
}

/* ---- revocation lists and flags ---- */

/* All or none: a truncated list must not pass for a complete one. */
static STACK_OF(X509_CRL) *read_crls(BIO *bio)
{
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    X509_CRL *crl;

    while (crls != NULL && (crl = PEM_read_bio_X509_CRL(bio, NULL, sp_no_password, NULL)) != NULL) {
        if (!sk_X509_CRL_push(crls, crl)) {
            X509_CRL_free(crl);
            goto err;
        }
    }
    if (sk_X509_CRL_num(crls) > 0 && sp_pem_at_end())
        return crls;
err:
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return NULL;
}

static int32_t add_crls(sp_ctx *ctx, BIO *bio)
{
    STACK_OF(X509_CRL) *crls = bio != NULL ? read_crls(bio) : NULL;
    X509_STORE *store = crls != NULL ? own_store(ctx) : NULL;
    int32_t count = store != NULL ? sk_X509_CRL_num(crls) : 0;

    for (int i = 0; i < count; i++) {
        if (!X509_STORE_add_crl(store, sk_X509_CRL_value(crls, i)))
            count = 0;
    }
    if (count > 0)
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return count;
}

int32_t sp_ctx_add_crl(sp_ctx *ctx, const uint8_t *pem, size_t len, sp_report *report)
{
    BIO *bio;
    int32_t count;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    bio = sp_input_open(pem, len);
    count = add_crls(ctx, bio);
    BIO_free(bio);
    sp_leave(report, count > 0);
    return count;
}

int32_t sp_ctx_set_partial_chain(sp_ctx *ctx, int32_t on)
{
    X509_STORE *store;

    sp_enter(NULL);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if ((store = own_store(ctx)) == NULL)
        return sp_fail(NULL);
    if (on)
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    else
        X509_VERIFY_PARAM_clear_flags(X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
    return SP_OK;
}

int sp_trust_write(sp_ctx *ctx, sp_out *out)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx->ssl_ctx));
    int ok = certs != NULL && sp_certificates_write(certs, out);

    sk_X509_pop_free(certs, X509_free);
    return ok;
}
