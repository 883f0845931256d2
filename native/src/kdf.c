/* kdf.c - TLS13-KDF (RFC 8446, 7.1) and TLS1-PRF (RFC 5246, 5) for SHA-256 and SHA-384, as algorithms of a provider.
 *
 * libssl derives a key as: new context, one derive() that has every parameter, free. OpenSSL's own implementation spends
 * most of that on fetching the digest and HMAC, on copies and on allocations; here the parameters are walked where they
 * lie and HMAC is done on the stack. Everything else - another digest, a context that is set up step by step, copied or
 * asked, wrong or missing parameters - is done by OpenSSL's implementation, so its rules and errors hold; a context
 * that derived here and is used again goes there with the parameters it was given. */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Update() and its kin: EVP costs several times a block */
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

/* ---- HMAC (RFC 2104) ---- */

enum { MAC_MAX = SHA384_DIGEST_LENGTH, BLOCK_MAX = SHA512_CBLOCK };

typedef struct digest {
    size_t size, block;
    int is384;
} digest;
static const digest sha256 = {SHA256_DIGEST_LENGTH, SHA256_CBLOCK, 0};
static const digest sha384 = {SHA384_DIGEST_LENGTH, SHA512_CBLOCK, 1};

typedef union hash {
    SHA256_CTX sha256;
    SHA512_CTX sha384;
} hash;

static void hash_init(const digest *md, hash *h)
{
    if (md->is384)
        SHA384_Init(&h->sha384);
    else
        SHA256_Init(&h->sha256);
}

static void hash_update(const digest *md, hash *h, const void *data, size_t len)
{
    if (len == 0)
        return;
    if (md->is384)
        SHA384_Update(&h->sha384, data, len);
    else
        SHA256_Update(&h->sha256, data, len);
}

static void hash_final(const digest *md, hash *h, uint8_t *out)
{
    if (md->is384)
        SHA384_Final(out, &h->sha384);
    else
        SHA256_Final(out, &h->sha256);
}

/* Keyed once, used for any number of messages. Holds what the key can be computed with: cleanse it. */
typedef struct mac {
    const digest *md;
    hash inner, outer; /* after the block of the padded key */
    hash now;
} mac;

static void mac_key(mac *m, const digest *md, const uint8_t *key, size_t len)
{
    uint8_t pad[BLOCK_MAX], hashed[MAC_MAX];

    m->md = md;
    if (len > md->block) {
        hash_init(md, &m->now);
        hash_update(md, &m->now, key, len);
        hash_final(md, &m->now, hashed);
        key = hashed;
        len = md->size;
    }
    memset(pad, 0x36, md->block);
    for (size_t i = 0; i < len; i++)
        pad[i] ^= key[i];
    hash_init(md, &m->inner);
    hash_update(md, &m->inner, pad, md->block);
    for (size_t i = 0; i < md->block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_init(md, &m->outer);
    hash_update(md, &m->outer, pad, md->block);
    OPENSSL_cleanse(pad, sizeof pad);
    if (key == hashed)
        OPENSSL_cleanse(hashed, sizeof hashed);
}

static void mac_begin(mac *m)
{
    m->now = m->inner;
}

static void mac_add(mac *m, const void *data, size_t len)
{
    hash_update(m->md, &m->now, data, len);
}

static void mac_end(mac *m, uint8_t *out)
{
    hash_final(m->md, &m->now, out);
    m->now = m->outer;
    hash_update(m->md, &m->now, out, m->md->size);
    hash_final(m->md, &m->now, out);
}

/* ---- what one derive() is given ---- */

enum { SEEDS_MAX = 8, HASH_VALUE_MAX = 64, LABEL_MAX = 255, EXPAND_MAX = 255 };

typedef struct span {
    const uint8_t *data; /* NULL = absent */
    size_t len;
} span;

/* Borrowed from the caller's parameters. */
typedef struct inputs {
    const digest *md;
    int mode; /* EVP_KDF_HKDF_MODE_*, -1 = absent */
    span key, salt, prefix, label, data;
    span seeds[SEEDS_MAX]; /* of the PRF, whose `key` is the secret */
    size_t seed_count;
} inputs;

static const digest *digest_of(const OSSL_PARAM *param)
{
    static const struct {
        const char *name;
        const digest *md;
    } names[] = {{"SHA2-256", &sha256}, {"SHA256", &sha256}, {"SHA2-384", &sha384}, {"SHA384", &sha384}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == param->data_size &&
            strncasecmp(names[i].name, param->data, param->data_size) == 0)
            return names[i].md;
    return NULL;
}

static int take_digest(inputs *in, const OSSL_PARAM *param)
{
    if (in->md != NULL || param->data_type != OSSL_PARAM_UTF8_STRING || param->data == NULL)
        return 0;
    in->md = digest_of(param);
    return in->md != NULL;
}

static int take_mode(inputs *in, const OSSL_PARAM *param)
{
    return in->mode < 0 && param->data_type == OSSL_PARAM_INTEGER && OSSL_PARAM_get_int(param, &in->mode) &&
           in->mode >= 0;
}

/* An empty one is left to OpenSSL, whose releases disagree about it. */
static int take_bytes(span *into, const OSSL_PARAM *param)
{
    if (into->data != NULL || param->data_type != OSSL_PARAM_OCTET_STRING || param->data == NULL ||
        param->data_size == 0)
        return 0;
    into->data = param->data;
    into->len = param->data_size;
    return 1;
}

static int take_empty(span *into, const OSSL_PARAM *param)
{
    if (into->data != NULL || param->data_type != OSSL_PARAM_OCTET_STRING || param->data_size != 0)
        return 0;
    into->data = (const uint8_t *)"";
    return 1;
}

static int take_hkdf(inputs *in, const OSSL_PARAM *param)
{
    if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0)
        return take_mode(in, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0)
        return take_digest(in, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_KEY) == 0)
        return take_bytes(&in->key, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_SALT) == 0)
        return take_bytes(&in->salt, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_PREFIX) == 0)
        return take_bytes(&in->prefix, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_LABEL) == 0)
        return take_bytes(&in->label, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_DATA) == 0) /* libssl gives an empty one for "no context" */
        return take_empty(&in->data, param) || take_bytes(&in->data, param);
    return 0;
}

static int take_prf(inputs *in, const OSSL_PARAM *param)
{
    if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0)
        return take_digest(in, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_SECRET) == 0)
        return take_bytes(&in->key, param);
    if (strcmp(param->key, OSSL_KDF_PARAM_SEED) != 0 || param->data_type != OSSL_PARAM_OCTET_STRING)
        return 0;
    if (param->data_size == 0) /* libssl gives all five that there can be */
        return 1;
    return in->seed_count < SEEDS_MAX && take_bytes(&in->seeds[in->seed_count++], param);
}

/* ---- TLS13-KDF ---- */

/* HKDF-Expand-Label of RFC 8446: HKDF-Expand (RFC 5869, 2.3) whose info is the HkdfLabel structure. */
static void expand(const inputs *in, const uint8_t *key, size_t key_len, span data, uint8_t *out, size_t len)
{
    uint8_t info[2 + 1 + LABEL_MAX + 1 + HASH_VALUE_MAX + 1], block[MAC_MAX];
    uint8_t counter = 0;
    size_t n = 0;
    mac m;

    info[n++] = (uint8_t)(len >> 8);
    info[n++] = (uint8_t)len;
    info[n++] = (uint8_t)(in->prefix.len + in->label.len);
    if (in->prefix.len > 0)
        memcpy(info + n, in->prefix.data, in->prefix.len);
    n += in->prefix.len;
    if (in->label.len > 0)
        memcpy(info + n, in->label.data, in->label.len);
    n += in->label.len;
    info[n++] = (uint8_t)data.len;
    if (data.len > 0)
        memcpy(info + n, data.data, data.len);
    n += data.len;

    mac_key(&m, in->md, key, key_len);
    while (len > 0) {
        size_t part = len < in->md->size ? len : in->md->size;
        mac_begin(&m);
        if (counter > 0)
            mac_add(&m, block, in->md->size);
        info[n] = ++counter;
        mac_add(&m, info, n + 1);
        mac_end(&m, block);
        memcpy(out, block, part);
        out += part;
        len -= part;
    }
    OPENSSL_cleanse(&m, sizeof m);
    OPENSSL_cleanse(block, sizeof block);
}

/* HKDF-Extract, with the salt derived from the former secret first (RFC 8446, the column of 7.1). */
static void extract(const inputs *in, uint8_t *out)
{
    static const uint8_t zeros[MAC_MAX];
    uint8_t empty[MAC_MAX], salt[MAC_MAX] = {0};
    size_t size = in->md->size;
    hash h;
    mac m;

    if (in->salt.data != NULL) {
        hash_init(in->md, &h);
        hash_final(in->md, &h, empty);
        expand(in, in->salt.data, in->salt.len, (span){empty, size}, salt, size);
    }
    mac_key(&m, in->md, salt, size);
    mac_begin(&m);
    mac_add(&m, in->key.data != NULL ? in->key.data : zeros, in->key.data != NULL ? in->key.len : size);
    mac_end(&m, out);
    OPENSSL_cleanse(&m, sizeof m);
    OPENSSL_cleanse(salt, sizeof salt);
}

static int derive_hkdf(const inputs *in, uint8_t *out, size_t len)
{
    if (in->md == NULL || in->prefix.len + in->label.len > LABEL_MAX || in->data.len > HASH_VALUE_MAX)
        return 0;
    if (in->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY) {
        if (in->key.data == NULL || len == 0 || len > EXPAND_MAX * in->md->size)
            return 0;
        expand(in, in->key.data, in->key.len, in->data, out, len);
        return 1;
    }
    if (in->mode != EVP_KDF_HKDF_MODE_EXTRACT_ONLY || len != in->md->size)
        return 0;
    extract(in, out);
    return 1;
}

/* ---- TLS1-PRF ---- */

static void add_seeds(mac *m, const inputs *in)
{
    for (size_t i = 0; i < in->seed_count; i++)
        mac_add(m, in->seeds[i].data, in->seeds[i].len);
}

/* P_hash of RFC 5246. */
static int derive_prf(const inputs *in, uint8_t *out, size_t len)
{
    uint8_t a[MAC_MAX], block[MAC_MAX];
    mac m;

    if (in->md == NULL || in->key.data == NULL || in->seed_count == 0 || len == 0)
        return 0;
    mac_key(&m, in->md, in->key.data, in->key.len);
    mac_begin(&m);
    add_seeds(&m, in);
    mac_end(&m, a);
    for (;;) {
        size_t part = len < in->md->size ? len : in->md->size;
        mac_begin(&m);
        mac_add(&m, a, in->md->size);
        add_seeds(&m, in);
        mac_end(&m, block);
        memcpy(out, block, part);
        out += part;
        len -= part;
        if (len == 0)
            break;
        mac_begin(&m);
        mac_add(&m, a, in->md->size);
        mac_end(&m, a);
    }
    OPENSSL_cleanse(&m, sizeof m);
    OPENSSL_cleanse(a, sizeof a);
    OPENSSL_cleanse(block, sizeof block);
    return 1;
}

/* ---- contexts ---- */

typedef struct kind {
    const char *name;
    int (*take)(inputs *in, const OSSL_PARAM *param);          /* 0: not for us */
    int (*derive)(const inputs *in, uint8_t *out, size_t len); /* 0: not for us; nothing was written */
} kind;

enum { KEPT_PARAMS = 10, KEPT_BYTES = 512 };

/* Fresh, or after one derive() here, or (other != NULL) OpenSSL's from now on. */
typedef struct kdf {
    const kind *kind;
    EVP_KDF_CTX *other; /* owned */
    size_t count;       /* parameters of that one derive(), for the case that the context is used again */
    size_t used;        /* of bytes */
    OSSL_PARAM params[KEPT_PARAMS + 1]; /* their data lies in bytes */
    _Alignas(8) uint8_t bytes[KEPT_BYTES];
} kdf;

static void *new_context(const kind *of)
{
    kdf *k = OPENSSL_malloc(sizeof *k); /* not zeroed: most of it is never used */

    if (k == NULL)
        return NULL;
    k->kind = of;
    k->other = NULL;
    k->count = k->used = 0;
    return k;
}

static void on_reset(void *ctx)
{
    kdf *k = ctx;

    EVP_KDF_CTX_free(k->other);
    k->other = NULL;
    OPENSSL_cleanse(k->bytes, k->used);
    k->count = k->used = 0;
}

static void on_free(void *ctx)
{
    if (ctx == NULL)
        return;
    on_reset(ctx);
    OPENSSL_free(ctx);
}

/* Keys are names of ours by now: the caller's may be gone when they are needed. */
static const char *own_name(const char *key)
{
    static const char *const names[] = {OSSL_KDF_PARAM_MODE, OSSL_KDF_PARAM_DIGEST, OSSL_KDF_PARAM_KEY,
                                        OSSL_KDF_PARAM_SALT, OSSL_KDF_PARAM_PREFIX, OSSL_KDF_PARAM_LABEL,
                                        OSSL_KDF_PARAM_DATA, OSSL_KDF_PARAM_SECRET, OSSL_KDF_PARAM_SEED};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], key) == 0)
            return names[i];
    return NULL;
}

static int fits(const OSSL_PARAM params[])
{
    size_t count = 0, used = 0;

    for (const OSSL_PARAM *p = params; p->key != NULL; p++) {
        if (++count > KEPT_PARAMS || p->data_size > KEPT_BYTES)
            return 0;
        used += (p->data_size + 8) & ~(size_t)7; /* a NUL behind texts */
        if (used > KEPT_BYTES)
            return 0;
    }
    return 1;
}

static void keep(kdf *k, const OSSL_PARAM params[])
{
    for (const OSSL_PARAM *p = params; p->key != NULL; p++) {
        uint8_t *at = k->bytes + k->used;
        if (p->data_size > 0)
            memcpy(at, p->data, p->data_size);
        at[p->data_size] = 0;
        k->params[k->count] = *p;
        k->params[k->count].key = own_name(p->key);
        k->params[k->count].data = at;
        k->count++;
        k->used += (p->data_size + 8) & ~(size_t)7;
    }
    k->params[k->count] = (OSSL_PARAM)OSSL_PARAM_END;
}

/* Hands the context over to OpenSSL's implementation, in the state that its parameters so far would have made. */
static int become_other(kdf *k)
{
    if (k->other == NULL) {
        EVP_KDF *fetched = EVP_KDF_fetch(NULL, k->kind->name, "provider!=" SP_PROVIDER_NAME);
        EVP_KDF_CTX *other = EVP_KDF_CTX_new(fetched);
        EVP_KDF_free(fetched);
        if (other == NULL || (k->count > 0 && EVP_KDF_CTX_set_params(other, k->params) != 1)) {
            EVP_KDF_CTX_free(other);
            return 0;
        }
        k->other = other;
    }
    return 1;
}

static void *on_dup(void *ctx)
{
    kdf *k = ctx, *copy;

    if (k->count > 0 && !become_other(k))
        return NULL;
    copy = new_context(k->kind);
    if (copy != NULL && k->other != NULL && (copy->other = EVP_KDF_CTX_dup(k->other)) == NULL) {
        on_free(copy);
        return NULL;
    }
    return copy;
}

static int derive_here(kdf *k, uint8_t *out, size_t len, const OSSL_PARAM params[])
{
    inputs in = {.mode = -1};

    if (k->other != NULL || k->count > 0 || params == NULL || out == NULL || !fits(params))
        return 0;
    for (const OSSL_PARAM *p = params; p->key != NULL; p++)
        if (!k->kind->take(&in, p))
            return 0;
    return k->kind->derive(&in, out, len);
}

static int on_derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    kdf *k = ctx;

    if (derive_here(k, out, len, params)) {
        keep(k, params);
        return 1;
    }
    return become_other(k) && EVP_KDF_derive(k->other, out, len, params) == 1;
}

static int on_set(void *ctx, const OSSL_PARAM params[])
{
    kdf *k = ctx;

    if (params == NULL || params->key == NULL)
        return 1;
    return become_other(k) && EVP_KDF_CTX_set_params(k->other, params) == 1;
}

static int on_get(void *ctx, OSSL_PARAM params[])
{
    kdf *k = ctx;

    if (params == NULL || params->key == NULL)
        return 1;
    return become_other(k) && EVP_KDF_CTX_get_params(k->other, params) == 1;
}

static const OSSL_PARAM *on_gettable(void *ctx, void *provider)
{
    static const OSSL_PARAM list[] = {OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL), OSSL_PARAM_END};

    (void)ctx, (void)provider;
    return list;
}

static const OSSL_PARAM *on_hkdf_settable(void *ctx, void *provider)
{
    static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, NULL, 0),
                                      OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
                                      OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
                                      OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
                                      OSSL_PARAM_END};

    (void)ctx, (void)provider;
    return list;
}

static const OSSL_PARAM *on_prf_settable(void *ctx, void *provider)
{
    static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
                                      OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, NULL, 0), OSSL_PARAM_END};

    (void)ctx, (void)provider;
    return list;
}

static void *on_hkdf_new(void *provider)
{
    static const kind hkdf = {OSSL_KDF_NAME_TLS1_3_KDF, take_hkdf, derive_hkdf};

    (void)provider;
    return new_context(&hkdf);
}

static void *on_prf_new(void *provider)
{
    static const kind prf = {OSSL_KDF_NAME_TLS1_PRF, take_prf, derive_prf};

    (void)provider;
    return new_context(&prf);
}

#define FUNCTIONS(name, create, settable)                                                                    \
    static const OSSL_DISPATCH name[] = {{OSSL_FUNC_KDF_NEWCTX, (void (*)(void))(create)},                   \
                                         {OSSL_FUNC_KDF_DUPCTX, (void (*)(void))on_dup},                     \
                                         {OSSL_FUNC_KDF_FREECTX, (void (*)(void))on_free},                   \
                                         {OSSL_FUNC_KDF_RESET, (void (*)(void))on_reset},                    \
                                         {OSSL_FUNC_KDF_DERIVE, (void (*)(void))on_derive},                  \
                                         {OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))(settable)},    \
                                         {OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))on_set},             \
                                         {OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, (void (*)(void))on_gettable},   \
                                         {OSSL_FUNC_KDF_GET_CTX_PARAMS, (void (*)(void))on_get},             \
                                         {0, NULL}}

FUNCTIONS(hkdf_functions, on_hkdf_new, on_hkdf_settable);
FUNCTIONS(prf_functions, on_prf_new, on_prf_settable);

const OSSL_ALGORITHM sp_kdf_algorithms[] = {
    {OSSL_KDF_NAME_TLS1_3_KDF, "provider=" SP_PROVIDER_NAME, hkdf_functions, "HKDF of TLS 1.3"},
    {OSSL_KDF_NAME_TLS1_PRF, "provider=" SP_PROVIDER_NAME, prf_functions, "PRF of TLS 1.2"},
    {NULL, NULL, NULL, NULL}};
