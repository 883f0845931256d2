/* session.c - sessions cross as DER. OpenSSL's own cache is off: new sessions become events, and the session to
 * resume is given while the handshake pauses at the ClientHello, because the lookup callback itself cannot pause. */
#include "binding.h"
#include "callbacks.h"
#include "error.h"
#include "ex_data.h"
#include "live.h"
#include "question.h"
#include "session_cache.h"

static SSL_SESSION *decode(sp_ctx *ctx, const uint8_t *der, size_t len)
{
    SSL_SESSION *session;

    sp_queue_clear();
    session = sp_session_decode(ctx, der, len);
    sp_queue_clear();
    return session;
}

/* Server: OpenSSL is about to make a ticket of the session. 0 fails the connection. */
static int on_make_ticket(SSL *ssl, void *arg)
{
    (void)arg;
    return sp_binding_made(sp_conn_of(ssl), SSL_get_session(ssl));
}

/* Returns 0: OpenSSL keeps its reference. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    sp_conn *conn = sp_conn_of(ssl);
    unsigned int id_len = 0;
    unsigned char *der = NULL;
    int len = 0;

    if ((conn->event_mask & SP_TELL_SESSION) == 0)
        return 0;
    ERR_set_mark();
    if (sp_binding_made(conn, session))
        len = i2d_SSL_SESSION(session, &der);
    ERR_pop_to_mark();
    if (len > 0) {
        const unsigned char *id = SSL_SESSION_get_id(session, &id_len);
        sp_item items[] = {{id, id_len}, {der, (size_t)len}};
        sp_event_add(conn, SP_EV_SESSION, items, 2);
        OPENSSL_clear_free(der, (size_t)len);
    } else {
        conn->out_of_memory = 1;
    }
    return 0;
}

/* Called for a TLS 1.2 session id, and for each TLS 1.3 PSK identity on a context without tickets; only the session
 * with exactly that id may be returned. Our reference stays, since OpenSSL asks again after a HelloRetryRequest. */
static SSL_SESSION *on_get_session(SSL *ssl, const unsigned char *id, int len, int *copy)
{
    sp_conn *conn = sp_conn_of(ssl);
    unsigned int offer_len = 0;
    const unsigned char *offer_id;

    *copy = 1;
    if (conn->offer == NULL)
        return NULL;
    offer_id = SSL_SESSION_get_id(conn->offer, &offer_len);
    if (len <= 0 || offer_len != (unsigned int)len || memcmp(offer_id, id, offer_len) != 0)
        return NULL;
    return conn->offer;
}

void sp_session_install(sp_ctx *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_BOTH | SSL_SESS_CACHE_NO_INTERNAL |
                                                     SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(ctx->ssl_ctx, on_new_session);
    SSL_CTX_sess_set_get_cb(ctx->ssl_ctx, on_get_session);
    SSL_CTX_set_session_ticket_cb(ctx->ssl_ctx, on_make_ticket, NULL, NULL);
}

void sp_session_drop_offer(sp_conn *conn)
{
    if (conn->offer == NULL)
        return;
    SSL_SESSION_free(conn->offer);
    conn->offer = NULL;
    sp_live_add(SP_LIVE_SESSION_OFFER, -1);
}

int32_t sp_conn_offer_session(sp_conn *conn, const uint8_t *der, size_t len)
{
    SSL_SESSION *session;

    if (!sp_question_is(conn, SP_EV_CLIENT_HELLO))
        return SP_MISUSE;
    session = decode(conn->ctx, der, len);
    if (session == NULL)
        return SP_IGNORED;
    sp_session_drop_offer(conn);
    conn->offer = session;
    sp_live_add(SP_LIVE_SESSION_OFFER, 1);
    return SP_OK;
}

/* OpenSSL has no getter for the verify result of a session, but SSL_set_session() copies it to the SSL; so that is
 * done first. The session's id context is set to the connection's: on a client, OpenSSL compares the two only after
 * the server has agreed to resume, and a mismatch ends the connection. */
static int use(sp_conn *conn, SSL_SESSION *session)
{
    SSL *ssl = conn->ssl;

    if (SSL_SESSION_set1_id_context(session, conn->ctx->id_context,
                                    (unsigned int)conn->ctx->id_context_len) != 1 ||
        SSL_set_session(ssl, session) != 1)
        return 0;
    if (sp_binding_fits(conn, session))
        return 1;
    SSL_set_session(ssl, NULL);
    SSL_set_verify_result(ssl, X509_V_OK);
    return 0;
}

int32_t sp_conn_set_session(sp_conn *conn, const uint8_t *der, size_t len)
{
    SSL_SESSION *session;
    int ok;

    if (!sp_conn_alive(conn) || conn->is_server || conn->started)
        return SP_MISUSE;
    session = decode(conn->ctx, der, len);
    if (session == NULL)
        return SP_IGNORED;
    ok = use(conn, session);
    SSL_SESSION_free(session);
    sp_queue_clear();
    return ok ? SP_OK : SP_IGNORED;
}

int32_t sp_conn_drop_session(sp_conn *conn)
{
    if (conn == NULL || conn->busy || conn->is_server || conn->started)
        return SP_MISUSE;
    sp_queue_clear();
    SSL_set_session(conn->ssl, NULL);
    SSL_set_verify_result(conn->ssl, X509_V_OK);
    sp_queue_clear();
    return SP_OK;
}
