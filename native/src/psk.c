/* psk.c - pre-shared keys: the one place where native code calls out.
 *
 * OpenSSL asks in the middle of a message, for TLS 1.2 and 1.3 alike, and cannot wait for the answer. The length that
 * the function returns is checked here: a wrong one counts as "no key", as in Node.
 */
#include "sp_psk.h"

#include "error.h"
#include "ex_data.h"

static _Atomic(sp_psk_fn) answer;

void sp_psk_set_function(sp_psk_fn function)
{
    atomic_store_explicit(&answer, function, memory_order_release);
}

/* Length of the UTF-8 sequence that starts with this byte, 0 for a byte that starts none. */
static size_t sequence_length(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* The second byte has a narrower range after some first ones: overlong forms, surrogates, above U+10FFFF. */
static int second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return 1;
    }
}

/* In TLS 1.3 OpenSSL also asks about tickets, which are random bytes; Node passes on only what survives as a string. */
static int is_utf8(const uint8_t *text, size_t len)
{
    for (size_t i = 0, size; i < len; i += size) {
        size = sequence_length(text[i]);
        if (size == 0 || size > len - i)
            return 0;
        for (size_t k = 1; k < size; k++) {
            if ((text[i + k] & 0xc0) != 0x80)
                return 0;
        }
        if (size > 1 && !second_fits(text[i], text[i + 1]))
            return 0;
    }
    return 1;
}

static int32_t call(sp_conn *conn, const char *name, uint8_t *identity, int32_t *identity_len,
                    unsigned int identity_cap, uint8_t *psk, unsigned int psk_cap)
{
    sp_psk_fn function = atomic_load_explicit(&answer, memory_order_acquire);
    uint8_t busy = conn->busy;
    int32_t len;

    if (function == NULL)
        return 0;
    conn->busy = 1;
    ERR_set_mark();
    len = function(conn->psk_token, (const uint8_t *)name, name != NULL ? (int32_t)strlen(name) : 0, identity,
                   (int32_t)identity_cap, identity_len, psk, (int32_t)psk_cap);
    ERR_pop_to_mark();
    conn->busy = busy;
    return len > 0 && (unsigned int)len <= psk_cap ? len : 0;
}

static unsigned int on_psk_server(SSL *ssl, const char *identity, unsigned char *psk, unsigned int psk_cap)
{
    sp_conn *conn = sp_conn_of(ssl);
    int32_t unused = 0;
    int32_t len = 0;

    if (identity != NULL && is_utf8((const uint8_t *)identity, strlen(identity)))
        len = call(conn, identity, NULL, &unused, 0, psk, psk_cap);
    conn->psk_given = len > 0;
    return (unsigned int)len;
}

/* OpenSSL reads the identity as a string from a zeroed buffer with one byte more than identity_cap. */
static unsigned int on_psk_client(SSL *ssl, const char *hint, char *identity, unsigned int identity_cap,
                                  unsigned char *psk, unsigned int psk_cap)
{
    sp_conn *conn = sp_conn_of(ssl);
    int32_t name_len = 0;
    int32_t len = call(conn, hint, (uint8_t *)identity, &name_len, identity_cap, psk, psk_cap);

    if (name_len < 0 || (unsigned int)name_len > identity_cap ||
        memchr(identity, 0, (size_t)name_len) != NULL)
        len = 0;
    else if ((unsigned int)name_len < identity_cap)
        identity[name_len] = '\0';
    conn->psk_given = len > 0;
    return (unsigned int)len;
}

int32_t sp_conn_set_psk(sp_conn *conn, int64_t token)
{
    if (!sp_conn_alive(conn) || conn->started)
        return SP_MISUSE;
    conn->psk_token = token;
    if (conn->is_server)
        SSL_set_psk_server_callback(conn->ssl, token != 0 ? on_psk_server : NULL);
    else
        SSL_set_psk_client_callback(conn->ssl, token != 0 ? on_psk_client : NULL);
    return SP_OK;
}

int32_t sp_conn_set_psk_identity_hint(sp_conn *conn, const char *hint, sp_report *report)
{
    if (!sp_conn_alive(conn) || hint == NULL || conn->started || !conn->is_server)
        return SP_MISUSE;
    sp_enter(report);
    return sp_leave(report, SSL_use_psk_identity_hint(conn->ssl, hint) == 1);
}
