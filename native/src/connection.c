/* connection.c - an SSL with its window and queue: making, freeing, and what may be set on it. */
#include "anchors.h"
#include "bio.h"
#include "bytes.h"
#include "callbacks.h"
#include "error.h"
#include "events.h"
#include "ex_data.h"
#include "live.h"

/* Chains are always verified, and never fatal: the result is read after the handshake. OpenSSL keeps the last error. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

/* No AUTO_RETRY: SSL_read() returns after each message, so that events do not pile up in one call. */
static int set_up(sp_conn *conn)
{
    SSL *ssl = conn->ssl;
    BIO *bio = sp_bio_new(conn);

    if (bio == NULL)
        return 0;
    SSL_set_bio(ssl, bio, bio); /* takes bio once, since both are the same */
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
    SSL_set_verify(ssl, SSL_VERIFY_NONE, on_verify);
    sp_observe_install(conn);
    sp_cert_install(conn);
    if (conn->is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return 1;
}

sp_conn *sp_conn_new(sp_ctx *ctx, int32_t is_server, sp_report *report)
{
    sp_conn *conn;

    sp_enter(report);
    if (ctx == NULL)
        return NULL;
    atomic_store_explicit(&ctx->frozen, 1, memory_order_release);
    conn = is_server && !sp_anchor_names(ctx) ? NULL : OPENSSL_zalloc(sizeof(*conn));
    if (conn == NULL) {
        sp_fail(report);
        return NULL;
    }
    sp_live_add(SP_LIVE_CONN, 1);
    conn->ctx = ctx;
    conn->is_server = is_server != 0;
    conn->refusal = conn->alert = -1;
    conn->max_fragment = SSL3_RT_MAX_PLAIN_LENGTH;
    conn->ssl = SSL_new(ctx->ssl_ctx);
    if (conn->ssl == NULL || !sp_conn_bind(conn)) {
        sp_fail(report);
        SSL_free(conn->ssl);
        conn->ssl = NULL;
        sp_conn_free(conn);
        return NULL;
    }
    if (!set_up(conn)) {
        sp_fail(report);
        sp_conn_free(conn);
        return NULL;
    }
    sp_queue_clear();
    return conn;
}

static void free_kept(sp_conn *conn)
{
    sp_hello_reset(conn);
    sp_session_drop_offer(conn);
    sp_overflow_free(conn);
    sp_events_free(conn);
    sp_replace_copy(&conn->alpn, &conn->alpn_len, NULL, 0);
    sp_replace_copy(&conn->npn, &conn->npn_len, NULL, 0);
    sp_replace_copy(&conn->staple, &conn->staple_len, NULL, 0);
    sp_replace_copy(&conn->asked, &conn->asked_len, NULL, 0);
    sp_replace_copy(&conn->servername, &conn->servername_len, NULL, 0);
    sp_replace_copy(&conn->peer_name, &conn->peer_name_len, NULL, 0);
    BIO_free(conn->trace);
    OPENSSL_free(conn->failure);
}

void sp_conn_free(sp_conn *conn)
{
    if (conn == NULL)
        return;
    if (conn->busy) { /* inside the PSK upcall: the running call frees it at its end */
        conn->free_pending = 1;
        return;
    }
    SSL_free(conn->ssl);
    free_kept(conn);
    if (conn->buffered)
        sp_live_add(SP_LIVE_BUFFERED, -1);
    OPENSSL_clear_free(conn, sizeof(*conn));
    sp_live_add(SP_LIVE_CONN, -1);
    sp_queue_clear();
}

/* ---- settings ---- */

static int client_before_start(const sp_conn *conn)
{
    return sp_conn_alive(conn) && !conn->is_server && !conn->started;
}

int32_t sp_conn_set_servername(sp_conn *conn, const char *name, sp_report *report)
{
    sp_enter(report);
    if (!client_before_start(conn))
        return SP_MISUSE;
    return sp_leave(report, SSL_set_tlsext_host_name(conn->ssl, name) == 1 &&
                                sp_replace_copy(&conn->servername, &conn->servername_len,
                                                (const uint8_t *)name, name != NULL ? strlen(name) : 0));
}

int32_t sp_conn_set_peer_name(sp_conn *conn, const uint8_t *name, size_t len)
{
    if (!client_before_start(conn) || (name == NULL && len > 0))
        return SP_MISUSE;
    return sp_replace_copy(&conn->peer_name, &conn->peer_name_len, name, len) ? SP_OK : SP_ERROR;
}

int32_t sp_conn_offer_post_handshake_auth(sp_conn *conn)
{
    if (!client_before_start(conn))
        return SP_MISUSE;
    SSL_set_post_handshake_auth(conn->ssl, 1);
    return SP_OK;
}

int32_t sp_conn_set_verify(sp_conn *conn, int32_t mode)
{
    static const int modes[] = {SSL_VERIFY_NONE, SSL_VERIFY_PEER,
                                SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};

    if (!sp_conn_usable(conn) || mode < SP_VERIFY_NONE || mode > SP_VERIFY_REQUIRE)
        return SP_MISUSE;
    if (!conn->failed)
        SSL_set_verify(conn->ssl, modes[mode], on_verify);
    return SP_OK;
}

int32_t sp_conn_set_max_fragment(sp_conn *conn, int32_t size)
{
    if (!sp_conn_usable(conn))
        return SP_MISUSE;
    if (size < 512 || size > SSL3_RT_MAX_PLAIN_LENGTH ||
        (!conn->failed && SSL_set_max_send_fragment(conn->ssl, size) != 1))
        return SP_ERROR;
    conn->max_fragment = size;
    return SP_OK;
}

uint64_t sp_conn_set_options(sp_conn *conn, uint64_t set, uint64_t clear)
{
    if (!sp_conn_usable(conn))
        return 0;
    if (conn->failed)
        return SSL_get_options(conn->ssl);
    SSL_clear_options(conn->ssl, clear);
    return SSL_set_options(conn->ssl, set);
}

int32_t sp_conn_set_events(sp_conn *conn, uint32_t mask)
{
    if (!sp_conn_usable(conn))
        return SP_MISUSE;
    conn->event_mask = mask;
    if (!conn->failed)
        sp_observe_update(conn);
    return SP_OK;
}

/* ---- a running connection ---- */

/* Whether it can be asked for another handshake. The next read then has something to do. */
static int running(sp_conn *conn)
{
    if (!sp_conn_alive(conn) || !conn->secure)
        return 0;
    conn->read_exhausted = 0;
    return 1;
}

/* A client that answers a HelloRequest offers its session; resumed, it would not be asked for a certificate. */
int32_t sp_conn_renegotiate(sp_conn *conn, int32_t abbreviated, sp_report *report)
{
    int ok;

    sp_enter(report);
    if (!running(conn))
        return SP_MISUSE;
    if (abbreviated != 0) {
        SSL_clear_options(conn->ssl, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
        ok = SSL_renegotiate_abbreviated(conn->ssl) == 1;
    } else {
        SSL_set_options(conn->ssl, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
        ok = SSL_renegotiate(conn->ssl) == 1;
    }
    if (ok && conn->is_server)
        conn->our_renegotiation = 1;
    return sp_leave(report, ok);
}

int32_t sp_conn_request_client_certificate(sp_conn *conn, sp_report *report)
{
    int ok;

    sp_enter(report);
    if (!running(conn) || !conn->is_server)
        return SP_MISUSE;
    ok = SSL_verify_client_post_handshake(conn->ssl) == 1;
    conn->certificate_wanted |= ok;
    return sp_leave(report, ok);
}

int32_t sp_conn_key_update(sp_conn *conn, int32_t request_peer, sp_report *report)
{
    int type = request_peer != 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;

    sp_enter(report);
    if (!running(conn))
        return SP_MISUSE;
    return sp_leave(report, SSL_key_update(conn->ssl, type) == 1);
}
