/* alpn_npn.c - application protocols: ALPN (RFC 7301) and its predecessor NPN, from lists stored per connection.
 * A list has the wire form {u8 length, name}*, checked when it is stored. */
#include "bytes.h"
#include "callbacks.h"
#include "error.h"
#include "ex_data.h"
#include "question.h"

static int well_formed(const uint8_t *list, size_t len)
{
    size_t at = 0;

    if (list == NULL || len == 0 || len > UINT16_MAX)
        return 0;
    while (at < len) {
        if (list[at] == 0)
            return 0;
        at += 1 + (size_t)list[at];
    }
    return at == len;
}

/* The entry (length byte and name) of the well-formed list that equals `name`, or NULL. */
static const uint8_t *find(const uint8_t *list, size_t len, const uint8_t *name, size_t name_len)
{
    for (size_t at = 0; at + 1 <= len; at += 1 + (size_t)list[at])
        if (list[at] == name_len && at + 1 + name_len <= len && memcmp(list + at + 1, name, name_len) == 0)
            return list + at;
    return NULL;
}

/* First entry of `preferred` that `other` has too. */
static const uint8_t *first_common(const uint8_t *preferred, size_t len, const uint8_t *other,
                                   size_t other_len)
{
    for (size_t at = 0; at < len; at += 1 + (size_t)preferred[at])
        if (find(other, other_len, preferred + at + 1, preferred[at]) != NULL)
            return preferred + at;
    return NULL;
}

/* ---- ALPN ---- */

/* The answer given at the hello takes precedence; else the stored list decides, by server preference; without either
 * there is no ALPN. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned int in_len, void *arg)
{
    sp_conn *conn = sp_conn_of(ssl);
    const uint8_t *choice;

    (void)arg;
    if (conn->alpn_answered)
        choice = conn->alpn_choice[0] > 0 ? conn->alpn_choice : NULL;
    else if (conn->alpn_len == 0)
        return SSL_TLSEXT_ERR_NOACK;
    else
        choice = first_common(conn->alpn, conn->alpn_len, in, in_len);
    if (choice == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol */
    *out = choice + 1;
    *out_len = choice[0];
    return SSL_TLSEXT_ERR_OK;
}

void sp_alpn_install(sp_ctx *ctx)
{
    SSL_CTX_set_alpn_select_cb(ctx->ssl_ctx, on_alpn, NULL);
}

int32_t sp_conn_set_alpn(sp_conn *conn, const uint8_t *wire, size_t len)
{
    int32_t result;

    if (!sp_conn_alive(conn) || conn->started || (len > 0 && !well_formed(wire, len)))
        return SP_MISUSE;
    sp_enter(NULL);
    result = sp_replace_copy(&conn->alpn, &conn->alpn_len, wire, len) ? SP_OK : SP_ERROR;
    if (result == SP_OK && !conn->is_server && SSL_set_alpn_protos(conn->ssl, conn->alpn, (unsigned)len) != 0)
        result = SP_ERROR;
    sp_queue_clear();
    return result;
}

int32_t sp_conn_select_alpn(sp_conn *conn, const uint8_t *protocol, size_t len)
{
    if (!sp_question_is(conn, SP_EV_CLIENT_HELLO) || len > UINT8_MAX || (protocol == NULL && len > 0))
        return SP_MISUSE;
    if (len > 0 && find(conn->offered_alpn, conn->offered_alpn_len, protocol, len) == NULL)
        return SP_MISUSE;
    conn->alpn_choice[0] = (uint8_t)len;
    if (len > 0)
        memcpy(conn->alpn_choice + 1, protocol, len);
    conn->alpn_answered = 1;
    return SP_OK;
}

/* ---- NPN: the server advertises, the client picks. Without a stored list the server's is empty and the client's is
 * "http/1.1", which then counts as no agreement (Node 0.12). ---- */

int32_t sp_conn_set_npn(sp_conn *conn, const uint8_t *wire, size_t len)
{
    if (!sp_conn_alive(conn) || conn->started || (len > 0 && !well_formed(wire, len)))
        return SP_MISUSE;
    return sp_replace_copy(&conn->npn, &conn->npn_len, wire, len) ? SP_OK : SP_ERROR;
}

#ifndef OPENSSL_NO_NEXTPROTONEG

static int on_npn_advertise(SSL *ssl, const unsigned char **out, unsigned int *out_len, void *arg)
{
    sp_conn *conn = sp_conn_of(ssl);

    (void)arg;
    *out = conn->npn_len > 0 ? conn->npn : (const unsigned char *)"";
    *out_len = (unsigned int)conn->npn_len;
    return SSL_TLSEXT_ERR_OK;
}

/* SSL_select_next_proto() over-reads malformed or empty lists in older 3.0.x, so the choice is made here. OpenSSL
 * copies *out right after the call. */
static int on_npn_select(SSL *ssl, unsigned char **out, unsigned char *out_len, const unsigned char *in,
                         unsigned int in_len, void *arg)
{
    static const uint8_t fallback[] = "\x08http/1.1";
    sp_conn *conn = sp_conn_of(ssl);
    const uint8_t *choice = NULL;

    (void)arg;
    conn->npn_overlap = 0;
    if (conn->npn_len > 0 && well_formed(in, in_len))
        choice = first_common(in, in_len, conn->npn, conn->npn_len);
    if (choice != NULL)
        conn->npn_overlap = 1;
    else
        choice = conn->npn_len > 0 ? conn->npn : fallback;
    *out = (unsigned char *)choice + 1;
    *out_len = choice[0];
    return SSL_TLSEXT_ERR_OK;
}

static void install(SSL_CTX *ssl_ctx)
{
    SSL_CTX_set_next_protos_advertised_cb(ssl_ctx, on_npn_advertise, NULL);
    SSL_CTX_set_next_proto_select_cb(ssl_ctx, on_npn_select, NULL);
}

enum { HAS_NPN = 1 };

#else

static void install(SSL_CTX *ssl_ctx)
{
    (void)ssl_ctx;
}

enum { HAS_NPN = 0 };

#endif

int32_t sp_ctx_enable_npn(sp_ctx *ctx)
{
    if (!sp_ctx_open(ctx))
        return SP_MISUSE;
    if (!HAS_NPN)
        return SP_IGNORED;
    install(ctx->ssl_ctx);
    return SP_OK;
}
