/* session_cache.c - parsed sessions of a context. Parsing one costs more than the rest of a resumed TLS 1.2
 * handshake, since it contains the peer's certificate, whose key is decoded; and a client resumes from the same bytes
 * many times.
 *
 * What is kept here is never given to an SSL: connections change their session (OpenSSL marks one as not resumable,
 * TLS 1.3 puts a new secret in), so each gets a copy, which shares only the certificates. Bytes are kept when they
 * are seen for the second time: a program that uses each ticket once does not fill the cache.
 */
#include "session_cache.h"

enum { KEPT = 8, SEEN = 16, LARGEST = 64 * 1024 };

typedef struct entry {
    uint64_t mark; /* hash of der, to skip most others without comparing */
    uint8_t *der;  /* owned, secret; NULL = free */
    size_t len;
    SSL_SESSION *session; /* owned, never changed */
} entry;

/* Under the lock of the context; readers share it. */
struct sp_session_cache {
    entry kept[KEPT];
    _Atomic uint64_t seen[SEEN]; /* marks of what was seen once; 0 = none */
    uint32_t next_kept;
    atomic_uint next_seen;
};

static uint64_t mark_of(const uint8_t *der, size_t len)
{
    uint64_t mark = len, word;
    size_t at = 0;

    for (; at + 8 <= len; at += 8) {
        memcpy(&word, der + at, 8);
        mark = (mark ^ word) * 0x9E3779B97F4A7C15u;
        mark ^= mark >> 32;
    }
    for (; at < len; at++)
        mark = (mark ^ der[at]) * 0x9E3779B97F4A7C15u;
    return mark != 0 ? mark : 1;
}

static SSL_SESSION *decode(const uint8_t *der, size_t len)
{
    const unsigned char *at = der;

    return d2i_SSL_SESSION(NULL, &at, (long)len);
}

static const entry *find(const sp_session_cache *cache, uint64_t mark, const uint8_t *der, size_t len)
{
    for (size_t i = 0; i < KEPT; i++) {
        const entry *e = &cache->kept[i];
        if (e->mark == mark && e->len == len && e->der != NULL && memcmp(e->der, der, len) == 0)
            return e;
    }
    return NULL;
}

static SSL_SESSION *copy_of_kept(sp_ctx *ctx, uint64_t mark, const uint8_t *der, size_t len)
{
    SSL_SESSION *copy = NULL;
    const entry *e;

    if (!CRYPTO_THREAD_read_lock(ctx->session_lock))
        return NULL;
    e = find(ctx->sessions, mark, der, len);
    if (e != NULL)
        copy = SSL_SESSION_dup(e->session);
    CRYPTO_THREAD_unlock(ctx->session_lock);
    return copy;
}

/* Whether these bytes were seen before; records that they were. */
static int seen_before(sp_session_cache *cache, uint64_t mark)
{
    for (size_t i = 0; i < SEEN; i++)
        if (atomic_load_explicit(&cache->seen[i], memory_order_relaxed) == mark)
            return 1;
    atomic_store_explicit(
        &cache->seen[atomic_fetch_add_explicit(&cache->next_seen, 1, memory_order_relaxed) % SEEN], mark,
        memory_order_relaxed);
    return 0;
}

static void drop(entry *e)
{
    OPENSSL_clear_free(e->der, e->len);
    SSL_SESSION_free(e->session);
    *e = (entry){0};
}

/* Takes over the session of `fresh`, to keep it; out of memory it is freed. */
static void keep(sp_ctx *ctx, const entry *fresh)
{
    sp_session_cache *cache = ctx->sessions;
    entry made = *fresh;

    made.der = OPENSSL_memdup(fresh->der, fresh->len);
    if (made.der != NULL && CRYPTO_THREAD_write_lock(ctx->session_lock)) {
        if (find(cache, made.mark, made.der, made.len) == NULL) {
            entry *place = &cache->kept[cache->next_kept++ % KEPT];
            entry old = *place;
            *place = made;
            made = old;
        }
        CRYPTO_THREAD_unlock(ctx->session_lock);
    }
    drop(&made);
}

SSL_SESSION *sp_session_decode(sp_ctx *ctx, const uint8_t *der, size_t len)
{
    SSL_SESSION *session;
    uint64_t mark;

    if (der == NULL || len == 0 || len > INT32_MAX)
        return NULL;
    if (len > LARGEST)
        return decode(der, len);
    mark = mark_of(der, len);
    session = copy_of_kept(ctx, mark, der, len);
    if (session != NULL)
        return session;
    session = decode(der, len);
    if (session != NULL && seen_before(ctx->sessions, mark)) {
        entry fresh = {mark, (uint8_t *)der, len, session};
        session = SSL_SESSION_dup(session);
        keep(ctx, &fresh);
    }
    return session;
}

int sp_session_cache_install(sp_ctx *ctx)
{
    ctx->session_lock = CRYPTO_THREAD_lock_new();
    ctx->sessions = OPENSSL_zalloc(sizeof(*ctx->sessions));
    return ctx->session_lock != NULL && ctx->sessions != NULL;
}

void sp_session_cache_free(sp_ctx *ctx)
{
    for (size_t i = 0; ctx->sessions != NULL && i < KEPT; i++)
        drop(&ctx->sessions->kept[i]);
    OPENSSL_free(ctx->sessions);
    CRYPTO_THREAD_lock_free(ctx->session_lock);
}
