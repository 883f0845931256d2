/* anchors.c - certificates that contexts trust, held once for the whole process. A parsed certificate takes eight
 * times the room of its bytes, and a program may make thousands of contexts that trust the same ones: each context
 * references what another one parsed from the same bytes, and the last reference frees it. The names for a server's
 * CertificateRequest, of which OpenSSL keeps copies in each SSL_CTX, are made when the context first serves. */
#include "anchors.h"

#include <openssl/lhash.h>
#include <openssl/sha.h>

#include "live.h"

enum {
    X509_FIXED = 3000, /* bytes that a parsed certificate takes beside its encoding ... */
    X509_TIMES = 3,    /* ... and for each byte of that; measured with the bundled roots */
    NAME_SIZE = 900,   /* a copied name */
    OBJECT_SIZE = 64   /* a certificate's entries in a store and a context */
};

struct sp_anchor {
    /* Of the certificate and of the trust settings that its PEM block may contain. */
    uint8_t hash[SHA256_DIGEST_LENGTH];
    X509 *cert;   /* owned */
    size_t users; /* references of contexts */
    int64_t size;
};

static struct {
    CRYPTO_ONCE once;
    CRYPTO_RWLOCK *lock;
    OPENSSL_LHASH *known; /* of sp_anchor; lock and table are never freed */
} anchors = {CRYPTO_ONCE_STATIC_INIT, NULL, NULL};

static unsigned long hash_of(const void *anchor)
{
    unsigned long hash;

    memcpy(&hash, ((const sp_anchor *)anchor)->hash, sizeof(hash));
    return hash;
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const sp_anchor *)a)->hash, ((const sp_anchor *)b)->hash, SHA256_DIGEST_LENGTH);
}

static void init(void)
{
    anchors.known = OPENSSL_LH_new(hash_of, compare);
    anchors.lock = anchors.known != NULL ? CRYPTO_THREAD_lock_new() : NULL;
}

static int ready(void)
{
    return CRYPTO_THREAD_run_once(&anchors.once, init) == 1 && anchors.lock != NULL;
}

static void anchor_free(sp_anchor *anchor)
{
    if (anchor == NULL)
        return;
    X509_free(anchor->cert);
    OPENSSL_free(anchor);
}

/* NULL when out of memory. */
static sp_anchor *anchor_new(X509 *cert)
{
    sp_anchor *anchor = OPENSSL_zalloc(sizeof(*anchor));
    uint8_t *der = NULL;
    int len = anchor != NULL ? i2d_X509_AUX(cert, &der) : -1;
    int ok = len > 0 && EVP_Digest(der, (size_t)len, anchor->hash, NULL, EVP_sha256(), NULL) == 1 &&
             X509_up_ref(cert);

    OPENSSL_free(der);
    if (!ok) {
        OPENSSL_free(anchor);
        return NULL;
    }
    anchor->cert = cert;
    anchor->users = 1;
    anchor->size = X509_FIXED + X509_TIMES * (int64_t)len;
    return anchor;
}

/* The known anchor of the same content; if there is none, `fresh`, which is then known. The caller gets a reference
 * either way. NULL when out of memory. */
static sp_anchor *keep(sp_anchor *fresh)
{
    sp_anchor *known = OPENSSL_LH_retrieve(anchors.known, fresh);

    if (known != NULL) {
        known->users++;
        return known;
    }
    (void)OPENSSL_LH_insert(anchors.known, fresh);
    if (OPENSSL_LH_error(anchors.known) != 0 && OPENSSL_LH_retrieve(anchors.known, fresh) != fresh)
        return NULL;
    sp_live_add(SP_LIVE_ANCHOR, 1);
    sp_live_bytes(fresh->size);
    return fresh;
}

static sp_anchor *get1_anchor(X509 *cert)
{
    sp_anchor *fresh = ready() ? anchor_new(cert) : NULL;
    sp_anchor *anchor = NULL;

    if (fresh != NULL && CRYPTO_THREAD_write_lock(anchors.lock)) {
        anchor = keep(fresh);
        CRYPTO_THREAD_unlock(anchors.lock);
    }
    if (anchor != fresh)
        anchor_free(fresh);
    return anchor;
}

static void release(sp_anchor *anchor)
{
    int last;

    if (!CRYPTO_THREAD_write_lock(anchors.lock))
        return;
    last = --anchor->users == 0;
    if (last)
        OPENSSL_LH_delete(anchors.known, anchor);
    CRYPTO_THREAD_unlock(anchors.lock);
    if (!last)
        return;
    sp_live_add(SP_LIVE_ANCHOR, -1);
    sp_live_bytes(-anchor->size);
    anchor_free(anchor);
}

/* ---- of one context ---- */

static int64_t share_of(const sp_use *use)
{
    return OBJECT_SIZE + (use->named == SP_NAME_MADE ? NAME_SIZE : 0);
}

static int grow(sp_ctx *ctx)
{
    size_t room = ctx->use_room > 0 ? 2 * ctx->use_room : 4;
    sp_use *grown;

    if (ctx->use_count < ctx->use_room)
        return 1;
    grown = OPENSSL_realloc(ctx->uses, sizeof(*grown) * room);
    if (grown == NULL)
        return 0;
    ctx->uses = grown;
    ctx->use_room = room;
    return 1;
}

X509 *sp_anchor_use(sp_ctx *ctx, X509 *cert, int name_as_client_ca)
{
    sp_use use = {NULL, name_as_client_ca ? SP_NAME_WANTED : SP_NAME_NONE};

    if (!grow(ctx) || (use.anchor = get1_anchor(cert)) == NULL)
        return NULL;
    ctx->uses[ctx->use_count++] = use;
    if (use.named)
        atomic_store_explicit(&ctx->names_wanted, 1, memory_order_release);
    sp_live_bytes(share_of(&use));
    return use.anchor->cert;
}

static int make_names(sp_ctx *ctx)
{
    for (size_t i = 0; i < ctx->use_count; i++) {
        sp_use *use = &ctx->uses[i];
        if (use->named != SP_NAME_WANTED)
            continue;
        if (SSL_CTX_add_client_CA(ctx->ssl_ctx, use->anchor->cert) != 1)
            return 0;
        use->named = SP_NAME_MADE;
        sp_live_bytes(NAME_SIZE);
    }
    atomic_store_explicit(&ctx->names_wanted, 0, memory_order_release);
    return 1;
}

int sp_anchor_names(sp_ctx *ctx)
{
    int ok;

    if (atomic_load_explicit(&ctx->names_wanted, memory_order_acquire) == 0)
        return 1;
    if (!CRYPTO_THREAD_write_lock(ctx->session_lock))
        return 0;
    ok = make_names(ctx);
    CRYPTO_THREAD_unlock(ctx->session_lock);
    return ok;
}

void sp_anchors_free(sp_ctx *ctx)
{
    for (size_t i = 0; i < ctx->use_count; i++) {
        sp_live_bytes(-share_of(&ctx->uses[i]));
        release(ctx->uses[i].anchor);
    }
    OPENSSL_free(ctx->uses);
}
