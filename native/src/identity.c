/* identity.c - private keys, certificates with the chain to send, PKCS#12 files.
 *
 * The same OpenSSL functions in the same order as Node, so that bad input leaves the same entries in the queue.
 * Whatever is set in the SSL_CTX is also recorded in ctx->identities, the current one last.
 */
#include "identity.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include "certificates.h"
#include "error.h"
#include "trust.h"

/* ---- the record ---- */

static void identity_clear(sp_identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
}

void sp_identities_free(sp_ctx *ctx)
{
    for (size_t i = 0; i < ctx->identity_count; i++)
        identity_clear(&ctx->identities[i]);
    OPENSSL_free(ctx->identities);
    X509_free(ctx->issuer);
}

/* "RSA", "RSA-PSS", "EC", ...: the types of which an SSL_CTX holds one key each; also types that only a provider
 * knows. */
static const char *key_type(const EVP_PKEY *key)
{
    const char *name = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;

    return name != NULL ? name : "";
}

static const EVP_PKEY *identity_key(const sp_identity *identity)
{
    return identity->certificate != NULL ? X509_get0_pubkey(identity->certificate) : identity->key;
}

/* The identity of that key type, moved to the end of the list; a new, empty one when there is none. */
static sp_identity *identity_for(sp_ctx *ctx, const EVP_PKEY *key)
{
    sp_identity found = {NULL, NULL, NULL};
    sp_identity *grown;
    size_t i = 0;

    while (i < ctx->identity_count &&
           strcasecmp(key_type(identity_key(&ctx->identities[i])), key_type(key)) != 0)
        i++;
    if (i < ctx->identity_count) {
        found = ctx->identities[i];
        memmove(&ctx->identities[i], &ctx->identities[i + 1], sizeof(found) * (ctx->identity_count - i - 1));
    } else {
        grown = OPENSSL_realloc(ctx->identities, sizeof(found) * (ctx->identity_count + 1));
        if (grown == NULL)
            return NULL;
        ctx->identities = grown;
        ctx->identity_count++;
    }
    ctx->identities[ctx->identity_count - 1] = found;
    return &ctx->identities[ctx->identity_count - 1];
}

static int record_key(sp_ctx *ctx, EVP_PKEY *key)
{
    sp_identity *identity = identity_for(ctx, key);

    if (identity == NULL || !EVP_PKEY_up_ref(key))
        return 0;
    EVP_PKEY_free(identity->key);
    identity->key = key;
    return 1;
}

static X509 *issuer_in(STACK_OF(X509) *chain, X509 *leaf)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (X509_check_issued(sk_X509_value(chain, i), leaf) == X509_V_OK)
            return sk_X509_value(chain, i);
    }
    return NULL;
}

/* SSL_CTX drops the key of that type when the new certificate does not match it; so does the record. */
static int record_certificate(sp_ctx *ctx, X509 *leaf, STACK_OF(X509) *chain)
{
    sp_identity *identity = identity_for(ctx, X509_get0_pubkey(leaf));
    STACK_OF(X509) *copy = X509_chain_up_ref(chain);
    X509 *issuer = issuer_in(chain, leaf);

    if (identity == NULL || copy == NULL || !X509_up_ref(leaf) || (issuer != NULL && !X509_up_ref(issuer))) {
        sk_X509_pop_free(copy, X509_free);
        return 0;
    }
    X509_free(identity->certificate);
    identity->certificate = leaf;
    sk_X509_pop_free(identity->chain, X509_free);
    identity->chain = copy;
    X509_free(ctx->issuer);
    ctx->issuer = issuer;
    if (SSL_CTX_get0_privatekey(ctx->ssl_ctx) == NULL) {
        EVP_PKEY_free(identity->key);
        identity->key = NULL;
    }
    return 1;
}

const sp_identity *sp_identity_current(const sp_ctx *ctx)
{
    for (size_t i = ctx->identity_count; i > 0; i--) {
        if (ctx->identities[i - 1].certificate != NULL)
            return &ctx->identities[i - 1];
    }
    return NULL;
}

/* ---- keys ---- */

int sp_on_password(char *to, int room, int writing, void *arg)
{
    const sp_passphrase *pass = arg;

    (void)writing;
    if (room < 0 || pass->len > (size_t)room)
        return -1;
    if (pass->len > 0)
        memcpy(to, pass->bytes, pass->len);
    return (int)pass->len;
}

int sp_identity_use_key(sp_ctx *ctx, EVP_PKEY *key)
{
    return SSL_CTX_use_PrivateKey(ctx->ssl_ctx, key) == 1 && record_key(ctx, key);
}

int32_t sp_ctx_use_key(sp_ctx *ctx, const uint8_t *pem, size_t len, const uint8_t *pass, size_t pass_len,
                       sp_report *report)
{
    sp_passphrase secret = {pass, pass != NULL ? pass_len : 0};
    EVP_PKEY *key = NULL;
    BIO *bio;
    int ok;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if ((bio = sp_input_open(pem, len)) != NULL)
        key = PEM_read_bio_PrivateKey(bio, NULL, sp_on_password, &secret);
    ok = key != NULL && sp_identity_use_key(ctx, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return sp_leave(report, ok);
}

/* ---- certificates ---- */

/* Certificates up to the end of the input. NULL when the reader stopped for another reason. Owns: the caller. */
static STACK_OF(X509) *read_chain(BIO *bio)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *cert;

    while (chain != NULL && (cert = PEM_read_bio_X509(bio, NULL, sp_no_password, NULL)) != NULL) {
        if (!sk_X509_push(chain, cert)) {
            X509_free(cert);
            goto err;
        }
    }
    if (chain != NULL && sp_pem_at_end())
        return chain;
err:
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

int sp_identity_use_certificate(sp_ctx *ctx, X509 *leaf, STACK_OF(X509) *chain)
{
    return SSL_CTX_use_certificate(ctx->ssl_ctx, leaf) == 1 && SSL_CTX_set1_chain(ctx->ssl_ctx, chain) == 1 &&
           record_certificate(ctx, leaf, chain);
}

int32_t sp_ctx_use_certificate(sp_ctx *ctx, const uint8_t *pem, size_t len, sp_report *report)
{
    X509 *leaf = NULL;
    STACK_OF(X509) *chain = NULL;
    BIO *bio;
    int ok;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if ((bio = sp_input_open(pem, len)) != NULL)
        leaf = PEM_read_bio_X509_AUX(bio, NULL, sp_no_password, NULL);
    if (leaf != NULL)
        chain = read_chain(bio);
    ok = chain != NULL && sp_identity_use_certificate(ctx, leaf, chain);
    sk_X509_pop_free(chain, X509_free);
    X509_free(leaf);
    BIO_free(bio);
    return sp_leave(report, ok);
}

/* ---- PKCS#12 ---- */

typedef struct pfx_content {
    EVP_PKEY *key;
    X509 *leaf;
    STACK_OF(X509) *extra;
} pfx_content;

static void pfx_clear(pfx_content *pfx)
{
    EVP_PKEY_free(pfx->key);
    X509_free(pfx->leaf);
    sk_X509_pop_free(pfx->extra, X509_free);
}

/* A file without MAC: nothing protects it against change, but it is the program's own, and its keys may be encrypted.
 * Versions before 3.5 open it only without a passphrase; with one, they want a MAC made from that passphrase, so it
 * gets one. */
static int pfx_without_mac(PKCS12 *file, const char *secret)
{
    return secret == NULL || secret[0] == '\0' || OpenSSL_version_num() >= 0x30500000UL ||
           PKCS12_set_mac(file, secret, -1, NULL, 0, 1, NULL) == 1;
}

/* PKCS12_parse() takes a NUL-terminated passphrase, so it is copied, and the copy cleansed. */
static int pfx_open(pfx_content *pfx, PKCS12 *file, const uint8_t *pass, size_t pass_len)
{
    char *secret = pass != NULL ? OPENSSL_zalloc(pass_len + 1) : NULL;
    int ok;

    if (pass != NULL && secret == NULL)
        return 0;
    if (secret != NULL && pass_len > 0)
        memcpy(secret, pass, pass_len);
    ok = (PKCS12_mac_present(file) || pfx_without_mac(file, secret)) &&
         PKCS12_parse(file, secret, &pfx->key, &pfx->leaf, &pfx->extra);
    OPENSSL_clear_free(secret, pass != NULL ? pass_len + 1 : 0);
    return ok;
}

static int pfx_read(pfx_content *pfx, const uint8_t *der, size_t len, const uint8_t *pass, size_t pass_len)
{
    BIO *bio = sp_input_open(der, len);
    PKCS12 *file = bio != NULL ? d2i_PKCS12_bio(bio, NULL) : NULL;
    int ok = file != NULL && pfx_open(pfx, file, pass, pass_len);

    PKCS12_free(file);
    BIO_free(bio);
    return ok;
}

static int trust_extra(sp_ctx *ctx, STACK_OF(X509) *extra)
{
    for (int i = 0; i < sk_X509_num(extra); i++) {
        X509 *cert = sk_X509_value(extra, i);
        if (!sp_trust_add(ctx, cert, 1))
            return 0;
    }
    return 1;
}

static int pfx_use(sp_ctx *ctx, pfx_content *pfx)
{
    if (pfx->extra == NULL && (pfx->extra = sk_X509_new_null()) == NULL)
        return 0;
    return sp_identity_use_certificate(ctx, pfx->leaf, pfx->extra) && sp_identity_use_key(ctx, pfx->key) &&
           trust_extra(ctx, pfx->extra);
}

/* That an algorithm is in no loaded provider is reported in the oldest entry and nowhere else. */
static int32_t pfx_failure(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED ? SP_PFX_UNSUPPORTED : SP_PFX_ERROR;
}

int32_t sp_ctx_use_pfx(sp_ctx *ctx, const uint8_t *der, size_t len, const uint8_t *pass, size_t pass_len,
                       sp_report *report)
{
    pfx_content pfx = {NULL, NULL, NULL};
    int32_t result = SP_PFX_OK;

    sp_enter(report);
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (!pfx_read(&pfx, der, len, pass, pass_len))
        result = pfx_failure();
    else if (pfx.key == NULL)
        result = SP_PFX_NO_KEY;
    else if (pfx.leaf == NULL)
        result = SP_PFX_NO_CERT;
    else if (!pfx_use(ctx, &pfx))
        result = pfx_failure();
    pfx_clear(&pfx);
    sp_leave(report, result == SP_PFX_OK);
    return result;
}
