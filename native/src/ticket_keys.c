/* ticket_keys.c - session tickets under 48 bytes that servers can share and change while connections run.
 *
 * OpenSSL's own keys are 80 bytes with another layout; Node's format, 16 bytes of name, 16 of HMAC-SHA256 key and 16
 * of AES-128-CBC key, needs a callback. It returns 1 for a known name, never 2: as in Node a ticket is valid as long
 * as its session, and is not replaced at each use.
 */
#include "ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "ex_data.h"

enum { NAME_AT = 0, MAC_AT = 16, CIPHER_AT = 32, KEYS = SP_TICKET_KEYS_SIZE, PART = 16 };

static int init_mac(EVP_MAC_CTX *mac, const uint8_t *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};

    return EVP_MAC_init(mac, key, PART, params);
}

static int protect(const EVP_CIPHER *aes, const uint8_t *keys, uint8_t *name, uint8_t *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    memcpy(name, keys + NAME_AT, PART);
    return RAND_bytes(iv, PART) == 1 && EVP_EncryptInit_ex(cipher, aes, NULL, keys + CIPHER_AT, iv) == 1 &&
           init_mac(mac, keys + MAC_AT);
}

static int open_ticket(const EVP_CIPHER *aes, const uint8_t *keys, const uint8_t *iv, EVP_CIPHER_CTX *cipher,
                       EVP_MAC_CTX *mac)
{
    return EVP_DecryptInit_ex(cipher, aes, NULL, keys + CIPHER_AT, iv) == 1 && init_mac(mac, keys + MAC_AT);
}

/* The keys are those of the context that the SSL was made from, also when another one gave the identity. 1 = go on, 0
 * = not our ticket: make a full handshake, -1 = failure. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int protecting)
{
    sp_ctx *ctx = sp_ctx_of(SSL_get_SSL_CTX(ssl));
    uint8_t keys[KEYS];
    int result = -1;

    if (sp_ctx_get_ticket_keys(ctx, keys) != SP_OK)
        return -1;
    if (protecting)
        result = protect(ctx->ticket_cipher, keys, name, iv, cipher, mac) ? 1 : -1;
    else if (CRYPTO_memcmp(name, keys + NAME_AT, PART) != 0)
        result = 0;
    else
        result = open_ticket(ctx->ticket_cipher, keys, iv, cipher, mac) ? 1 : -1;
    OPENSSL_cleanse(keys, sizeof(keys));
    return result;
}

int sp_ticket_keys_install(sp_ctx *ctx)
{
    ctx->ticket_lock = CRYPTO_THREAD_lock_new();
    ctx->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC",
                                          NULL); /* otherwise OpenSSL looks it up by name for each ticket */
    return ctx->ticket_lock != NULL && ctx->ticket_cipher != NULL &&
           RAND_bytes(ctx->ticket_keys, KEYS) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx->ssl_ctx, on_ticket) == 1;
}

void sp_ticket_keys_free(sp_ctx *ctx)
{
    CRYPTO_THREAD_lock_free(ctx->ticket_lock);
    EVP_CIPHER_free(ctx->ticket_cipher);
    OPENSSL_cleanse(ctx->ticket_keys, KEYS);
}

int32_t sp_ctx_set_ticket_keys(sp_ctx *ctx, const uint8_t keys[SP_TICKET_KEYS_SIZE])
{
    if (ctx == NULL || keys == NULL)
        return SP_MISUSE;
    if (!CRYPTO_THREAD_write_lock(ctx->ticket_lock))
        return SP_ERROR;
    memcpy(ctx->ticket_keys, keys, KEYS);
    CRYPTO_THREAD_unlock(ctx->ticket_lock);
    return SP_OK;
}

int32_t sp_ctx_get_ticket_keys(sp_ctx *ctx, uint8_t out[SP_TICKET_KEYS_SIZE])
{
    if (ctx == NULL || out == NULL)
        return SP_MISUSE;
    if (!CRYPTO_THREAD_read_lock(ctx->ticket_lock))
        return SP_ERROR;
    memcpy(out, ctx->ticket_keys, KEYS);
    CRYPTO_THREAD_unlock(ctx->ticket_lock);
    return SP_OK;
}
