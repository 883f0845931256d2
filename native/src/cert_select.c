/* cert_select.c - the pause before a server's certificate is chosen, the identity switch, and OCSP stapling. */
#include "binding.h"
#include "trust.h"

#include <openssl/tls1.h>

static int ask_certificate(sp_conn *conn)
{
    const char *name = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    uint32_t bits = 0;

    if (SSL_get_tlsext_status_type(conn->ssl) == TLSEXT_STATUSTYPE_ocsp)
        bits |= SP_CERT_OCSP;
    if (conn->secure)
        bits |= SP_CERT_RENEGOTIATION;
    sp_item items[] = {{name, name != NULL ? strlen(name) : SP_ABSENT}, {&bits, sizeof(bits)}};
    return sp_event_ask(conn, SP_EV_CERT, items, 2) != 0;
}

/* -1 pauses (SSL_ERROR_WANT_X509_LOOKUP), 0 fails, 1 goes on. Not called when a session is resumed. */
static int on_certificate(SSL *ssl, void *arg)
{
    sp_conn *conn = arg;

    (void)ssl;
    if (conn->refusal >= 0)
        return 0;
    if (conn->question != 0)
        return -1;
    if (conn->cert_stage != SP_STAGE_NEW || (conn->event_mask & SP_ASK_CERT) == 0)
        return 1;
    conn->cert_stage = SP_STAGE_ASKED;
    return ask_certificate(conn) ? -1 : 0;
}

void sp_cert_install(sp_conn *conn)
{
    if (conn->is_server)
        SSL_set_cert_cb(conn->ssl, on_certificate, conn);
}

/* A name that was sent is accepted: only then does OpenSSL keep it with the session. */
static int on_servername(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != NULL ? SSL_TLSEXT_ERR_OK
                                                                      : SSL_TLSEXT_ERR_NOACK;
}

static int staple(sp_conn *conn)
{
    uint8_t *copy;

    if (conn->staple_len == 0)
        return SSL_TLSEXT_ERR_NOACK;
    copy = OPENSSL_memdup(conn->staple, conn->staple_len); /* OpenSSL frees it with OPENSSL_free() */
    if (copy == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    SSL_set_tlsext_status_ocsp_resp(conn->ssl, copy, (long)conn->staple_len);
    return SSL_TLSEXT_ERR_OK;
}

/* Server: supplies the staple. Client: one event for each full handshake, 1 = go on. */
static int on_status(SSL *ssl, void *arg)
{
    sp_conn *conn = sp_conn_of(ssl);
    const unsigned char *bytes = NULL;
    long len;

    (void)arg;
    if (conn->is_server)
        return staple(conn);
    len = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
    sp_item item = {bytes, len > 0 && bytes != NULL ? (size_t)len : SP_ABSENT};
    return sp_event_add(conn, SP_EV_OCSP_RESPONSE, &item, 1) != 0 ? 1 : -1;
}

void sp_ocsp_install(sp_ctx *ctx)
{
    SSL_CTX_set_tlsext_status_cb(ctx->ssl_ctx, on_status);
    SSL_CTX_set_tlsext_servername_callback(ctx->ssl_ctx, on_servername);
}

/* ---- answers ---- */

static int paused_at(const sp_conn *conn, uint16_t kind)
{
    return sp_conn_alive(conn) && conn->question != 0 && conn->question_kind == kind;
}

static int use_one(SSL *ssl, const sp_identity *identity)
{
    if (identity->certificate == NULL || identity->key == NULL)
        return 1;
    return SSL_use_certificate(ssl, identity->certificate) == 1 &&
           SSL_use_PrivateKey(ssl, identity->key) == 1 && SSL_set1_chain(ssl, identity->chain) == 1;
}

static size_t usable(const sp_ctx *ctx)
{
    size_t count = 0;

    for (size_t i = 0; i < ctx->identity_count; i++)
        count += ctx->identities[i].certificate != NULL && ctx->identities[i].key != NULL;
    return count;
}

/* The connection's own copy of the certificates is replaced, the shared SSL_CTX is not touched. All key types go
 * first: else a client that prefers one that only the default identity has would get the default certificate. */
static int use_identities(SSL *ssl, const sp_ctx *ctx)
{
    SSL_certs_clear(ssl);
    for (size_t i = 0; i < ctx->identity_count; i++)
        if (!use_one(ssl, &ctx->identities[i]))
            return 0;
    return 1;
}

static int use_trust(SSL *ssl, sp_ctx *ctx)
{
    STACK_OF(X509_NAME) *names, *copy;

    if (!sp_anchor_names(ctx))
        return 0;
    names = SSL_CTX_get_client_CA_list(ctx->ssl_ctx);
    copy = SSL_dup_CA_list(names);
    if (names != NULL && copy == NULL)
        return 0;
    SSL_set_client_CA_list(ssl, copy); /* takes copy */
    return SSL_set1_verify_cert_store(ssl, SSL_CTX_get_cert_store(ctx->ssl_ctx)) == 1;
}

static int32_t use(sp_conn *conn, sp_ctx *ctx, int with_trust, sp_report *report)
{
    sp_enter(report);
    if (ctx == NULL || !(paused_at(conn, SP_EV_CLIENT_HELLO) || paused_at(conn, SP_EV_CERT)))
        return SP_MISUSE;
    atomic_store_explicit(&ctx->frozen, 1, memory_order_release);
    if (with_trust && !use_trust(conn->ssl, ctx))
        return sp_fail(report);
    /* At the hello that is done when the hello is. Here the session of this handshake was made under the former trust. */
    if (conn->question_kind == SP_EV_CERT && !sp_binding_server(conn, SSL_get_session(conn->ssl)))
        return sp_fail(report);
    if (usable(ctx) == 0)
        return SP_IGNORED;
    return sp_leave(report, use_identities(conn->ssl, ctx));
}

int32_t sp_conn_use_identity(sp_conn *conn, sp_ctx *ctx, sp_report *report)
{
    return use(conn, ctx, 1, report);
}

int32_t sp_conn_use_certificates(sp_conn *conn, sp_ctx *ctx, sp_report *report)
{
    return use(conn, ctx, 0, report);
}

int32_t sp_conn_set_ocsp_response(sp_conn *conn, const uint8_t *der, size_t len)
{
    if (!paused_at(conn, SP_EV_CERT) || (der == NULL && len > 0) || len > INT32_MAX)
        return SP_MISUSE;
    return sp_keep(&conn->staple, &conn->staple_len, der, len) ? SP_OK : SP_ERROR;
}
