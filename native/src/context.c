/* context.c - what every connection made from a context has in common, but for identity and trust. */
#include <limits.h>
#include <openssl/pem.h>

#include "anchors.h"
#include "callbacks.h"
#include "certificates.h"
#include "error.h"
#include "ex_data.h"
#include "identity.h"
#include "library.h"
#include "live.h"
#include "provider.h"
#include "session_cache.h"
#include "suites.h"
#include "ticket_keys.h"
#include "trust.h"
#include "x509_store.h"

/* ---- life ---- */

static const SSL_METHOD *method_of(int32_t role)
{
    switch (role) {
    case SP_ROLE_ANY:
        return TLS_method();
    case SP_ROLE_CLIENT:
        return TLS_client_method();
    case SP_ROLE_SERVER:
        return TLS_server_method();
    default:
        ERR_raise(ERR_LIB_SSL, ERR_R_PASSED_INVALID_ARGUMENT);
        return NULL;
    }
}

enum { CONTEXT_SIZE = 20 * 1024 }; /* bytes, with what an SSL_CTX allocates when it is made; measured */

/* Frees what ctx owns (not the SSL_CTX) and ctx itself. */
static void destroy(sp_ctx *ctx)
{
    sp_identities_free(ctx);
    sp_anchors_free(ctx);
    sp_ticket_keys_free(ctx);
    sp_session_cache_free(ctx);
    OPENSSL_free(ctx);
    sp_live_add(SP_LIVE_CTX, -1);
    sp_live_bytes(-CONTEXT_SIZE);
}

/* Takes ssl_ctx over: from here on freeing it frees the context too, whatever fails. */
static sp_ctx *attach(SSL_CTX *ssl_ctx, int32_t role)
{
    sp_ctx *ctx = OPENSSL_zalloc(sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->ssl_ctx = ssl_ctx;
    ctx->role = role;
    sp_live_add(SP_LIVE_CTX, 1);
    sp_live_bytes(CONTEXT_SIZE);
    if (sp_ctx_bind(ctx, destroy))
        return ctx;
    destroy(ctx);
    return NULL;
}

/* The level is set first, so that a later "@SECLEVEL" in a cipher list takes precedence. Clients may renegotiate: how
 * often is limited at the hello, as in Node. */
static int set_up(sp_ctx *ctx)
{
    SSL_CTX_set_security_level(ctx->ssl_ctx, 1);
    SSL_CTX_set_options(ctx->ssl_ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    sp_hello_install(ctx);
    sp_ocsp_install(ctx);
    sp_session_install(ctx);
    sp_alpn_install(ctx);
    return sp_session_cache_install(ctx) && sp_ticket_keys_install(ctx);
}

sp_ctx *sp_ctx_new(int32_t role, sp_report *report)
{
    const SSL_METHOD *method;
    SSL_CTX *ssl_ctx = NULL;
    sp_ctx *ctx = NULL;
    int ready = sp_library_ready();

    sp_enter(report);
    if (!ready)
        ERR_raise(ERR_LIB_SSL, ERR_R_INIT_FAIL);
    else if ((method = method_of(role)) != NULL)
        ssl_ctx = SSL_CTX_new_ex(NULL, sp_provider_query(), method);
    if (ssl_ctx != NULL)
        ctx = attach(ssl_ctx, role);
    if (ctx == NULL || !set_up(ctx)) {
        SSL_CTX_free(ssl_ctx);
        ctx = NULL;
    }
    sp_leave(report, ctx != NULL);
    return ctx;
}

void sp_ctx_free(sp_ctx *ctx)
{
    if (ctx != NULL)
        SSL_CTX_free(ctx->ssl_ctx);
}

/* ---- settings ---- */

/* Every setter that gives one text to OpenSSL. */
static int32_t set_text(sp_ctx *ctx, const char *text, int (*set)(SSL_CTX *, const char *), sp_report *report)
{
    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (text == NULL) {
        ERR_raise(ERR_LIB_SSL, ERR_R_PASSED_NULL_PARAMETER);
        return sp_fail(report);
    }
    return sp_leave(report, set(ctx->ssl_ctx, text) == 1);
}

int32_t sp_ctx_set_versions(sp_ctx *ctx, int32_t min, int32_t max, sp_report *report)
{
    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    return sp_leave(report, SSL_CTX_set_min_proto_version(ctx->ssl_ctx, min) == 1 &&
                                SSL_CTX_set_max_proto_version(ctx->ssl_ctx, max) == 1);
}

uint64_t sp_ctx_set_options(sp_ctx *ctx, uint64_t set, uint64_t clear)
{
    if (ctx == NULL)
        return 0;
    if (!sp_ctx_open(ctx))
        return SSL_CTX_get_options(ctx->ssl_ctx);
    SSL_CTX_clear_options(ctx->ssl_ctx, clear);
    return SSL_CTX_set_options(ctx->ssl_ctx, set);
}

int32_t sp_ctx_set_security_level(sp_ctx *ctx, int32_t level)
{
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (level < 0 || level > 5)
        return SP_ERROR;
    SSL_CTX_set_security_level(ctx->ssl_ctx, level);
    return SP_OK;
}

/* An empty list means no suite of TLS 1.2. OpenSSL empties its list, then reports an error. */
static int set_cipher_list(SSL_CTX *ssl_ctx, const char *list)
{
    return SSL_CTX_set_cipher_list(ssl_ctx, list) == 1 ||
           (list[0] == '\0' && ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_CIPHER_MATCH);
}

int32_t sp_ctx_set_cipher_list(sp_ctx *ctx, const char *list, sp_report *report)
{
    return set_text(ctx, list, set_cipher_list, report);
}

int32_t sp_ctx_set_ciphersuites(sp_ctx *ctx, const char *list, sp_report *report)
{
    return set_text(ctx, list, SSL_CTX_set_ciphersuites, report);
}

/* An empty list is an error in every version: 3.5 would take it as its default, 3.0 refuses it. */
static int set_groups(SSL_CTX *ssl_ctx, const char *list)
{
    if (list[0] != '\0')
        return (int)SSL_CTX_set1_groups_list(ssl_ctx, list);
    ERR_raise(ERR_LIB_SSL, ERR_R_PASSED_INVALID_ARGUMENT);
    return 0;
}

int32_t sp_ctx_set_groups(sp_ctx *ctx, const char *list, sp_report *report)
{
    return set_text(ctx, list, set_groups, report);
}

static int set_sigalgs(SSL_CTX *ssl_ctx, const char *list)
{
    return (int)SSL_CTX_set1_sigalgs_list(ssl_ctx, list);
}

int32_t sp_ctx_set_sigalgs(sp_ctx *ctx, const char *list, sp_report *report)
{
    return set_text(ctx, list, set_sigalgs, report);
}

int32_t sp_ctx_set_psk_identity_hint(sp_ctx *ctx, const char *hint, sp_report *report)
{
    return set_text(ctx, hint, SSL_CTX_use_psk_identity_hint, report);
}

/* Parameters of other kinds (EC, DSA) are skipped. NULL when there are none. Owns: the caller. */
static EVP_PKEY *read_dh(BIO *bio)
{
    EVP_PKEY *params;

    while ((params = PEM_read_bio_Parameters(bio, NULL)) != NULL) {
        if (EVP_PKEY_is_a(params, "DH") || EVP_PKEY_is_a(params, "DHX"))
            return params;
        EVP_PKEY_free(params);
    }
    return NULL;
}

int32_t sp_ctx_set_dh(sp_ctx *ctx, const uint8_t *pem, size_t len, int32_t min_bits, sp_report *report)
{
    EVP_PKEY *params;
    BIO *bio;
    int32_t bits;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    bio = sp_input_open(pem, len);
    params = bio != NULL ? read_dh(bio) : NULL;
    BIO_free(bio);
    sp_queue_clear();
    if (params == NULL)
        return SP_IGNORED;
    bits = EVP_PKEY_get_bits(params);
    if (bits >= min_bits && SSL_CTX_set0_tmp_dh_pkey(ctx->ssl_ctx, params) == 1)
        return bits;
    EVP_PKEY_free(params);
    return bits < min_bits ? bits : sp_fail(report);
}

int32_t sp_ctx_set_dh_auto(sp_ctx *ctx, int32_t on)
{
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    return SSL_CTX_set_dh_auto(ctx->ssl_ctx, on != 0) == 1 ? SP_OK : SP_ERROR;
}

int32_t sp_ctx_set_session_id_context(sp_ctx *ctx, const uint8_t *id, size_t len, sp_report *report)
{
    unsigned int size = len > UINT_MAX ? UINT_MAX : (unsigned int)len;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (SSL_CTX_set_session_id_context(ctx->ssl_ctx, id, size) != 1)
        return sp_fail(report);
    if (size > 0)
        memcpy(ctx->id_context, id, size);
    ctx->id_context_len = size;
    return sp_leave(report, 1);
}

int32_t sp_ctx_set_session_timeout(sp_ctx *ctx, int64_t seconds)
{
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (seconds < 0 || seconds > LONG_MAX)
        return SP_ERROR;
    SSL_CTX_set_timeout(ctx->ssl_ctx, (long)seconds);
    return SP_OK;
}

int32_t sp_ctx_set_num_tickets(sp_ctx *ctx, int32_t count, sp_report *report)
{
    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (count < 0) {
        ERR_raise(ERR_LIB_SSL, ERR_R_PASSED_INVALID_ARGUMENT);
        return sp_fail(report);
    }
    return sp_leave(report, SSL_CTX_set_num_tickets(ctx->ssl_ctx, (size_t)count) == 1);
}

/* ---- getters ---- */

static int write_certificate(sp_ctx *ctx, sp_out *out)
{
    const sp_identity *current = sp_identity_current(ctx);

    return current != NULL && sp_certificate_write(current->certificate, out);
}

/* The issuer is looked up now, not when the certificate was set: anchors may have been added since. */
static int write_issuer(sp_ctx *ctx, sp_out *out)
{
    const sp_identity *current = sp_identity_current(ctx);
    X509 *issuer = ctx->issuer;
    int ok;

    if (current == NULL)
        return 0;
    if (issuer != NULL)
        return sp_certificate_write(issuer, out);
    issuer = sp_store_issuer(SSL_CTX_get_cert_store(ctx->ssl_ctx), current->certificate);
    ok = issuer != NULL && sp_certificate_write(issuer, out);
    X509_free(issuer);
    return ok;
}

static int write_chain(sp_ctx *ctx, sp_out *out)
{
    const sp_identity *current = sp_identity_current(ctx);

    return current != NULL && sp_certificate_write_item(current->certificate, out) &&
           sp_certificates_write(current->chain, out);
}

static int write_ciphers(sp_ctx *ctx, sp_out *out)
{
    return sp_suites_write(ctx->ssl_ctx, out);
}

int64_t sp_ctx_get(sp_ctx *ctx, int32_t what, uint8_t *to, size_t cap)
{
    static int (*const writers[])(sp_ctx *, sp_out *) = {[SP_CTX_CERTIFICATE] = write_certificate,
                                                         [SP_CTX_ISSUER] = write_issuer,
                                                         [SP_CTX_CIPHERS] = write_ciphers,
                                                         [SP_CTX_TRUSTED] = sp_trust_write,
                                                         [SP_CTX_CHAIN] = write_chain};
    sp_out out = out_into(to, cap);
    int ok;

    if (ctx == NULL || what < SP_CTX_CERTIFICATE || what > SP_CTX_CHAIN)
        return -1;
    sp_enter(NULL);
    ok = writers[what](ctx, &out);
    sp_queue_clear();
    return ok ? (int64_t)out.len : -1;
}
