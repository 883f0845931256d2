/* ocsp.c - OCSP stapling: a server's staple, given while it pauses before the certificate; a client's request, and
 * the server's response as an event. */
#include "bytes.h"
#include "callbacks.h"
#include "ex_data.h"
#include "question.h"

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
}

int32_t sp_conn_request_ocsp(sp_conn *conn)
{
    if (!sp_conn_alive(conn) || conn->is_server || conn->started)
        return SP_MISUSE;
    return SSL_set_tlsext_status_type(conn->ssl, TLSEXT_STATUSTYPE_ocsp) == 1 ? SP_OK : SP_ERROR;
}

int32_t sp_conn_set_ocsp_response(sp_conn *conn, const uint8_t *der, size_t len)
{
    if (!sp_question_is(conn, SP_EV_CERT) || (der == NULL && len > 0) || len > INT32_MAX)
        return SP_MISUSE;
    return sp_replace_copy(&conn->staple, &conn->staple_len, der, len) ? SP_OK : SP_ERROR;
}
