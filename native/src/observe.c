/* observe.c - what only watches: handshake start and end, alerts, the key log, the message trace. */
#include "bytes.h"
#include "callbacks.h"
#include "events.h"
#include "ex_data.h"

static int is_fatal(const SSL *ssl, int value)
{
    int level = value >> 8 & 0xff, description = value & 0xff;

    if (description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED)
        return 0;
    return level == SSL3_AL_FATAL || SSL_version(ssl) == TLS1_3_VERSION; /* TLS 1.3 ignores the level */
}

void sp_observe_alert(sp_conn *conn, int sent, int value)
{
    if (is_fatal(conn->ssl, value)) {
        conn->alert = (int16_t)(value & 0xff);
        conn->alert_sent = (int16_t)sent;
    }
    if ((conn->event_mask & SP_TELL_ALERT) != 0) {
        uint32_t bits = (uint32_t)sent << SP_ALERT_SENT | ((uint32_t)value & 0xffff);
        sp_item item = {&bits, sizeof(bits)};
        sp_event_add(conn, SP_EV_ALERT, &item, 1);
    }
}

static void start(sp_conn *conn)
{
    sp_hello_reset(conn);
    conn->handshaking = 1;
    sp_observe_update(conn);
    sp_event_add(conn, SP_EV_HANDSHAKE_START, NULL, 0);
}

/* OpenSSL reports the same when a HelloRequest was sent; the renegotiation is pending then. */
static void done(sp_conn *conn)
{
    if (SSL_renegotiate_pending(conn->ssl))
        return;
    conn->secure = 1;
    conn->handshaking = 0;
    conn->handshakes++;
    sp_session_drop_offer(conn);
    sp_replace_copy(&conn->staple, &conn->staple_len, NULL, 0);
    sp_observe_update(conn);
    sp_event_add(conn, SP_EV_HANDSHAKE_DONE, NULL, 0);
    conn->gated = 1;
}

/* OpenSSL reports no end of this exchange in TLS 1.3. The client's Finished is the last message of its answer; it is
 * verified after this callback, and before the caller sees the event. */
static void certificate_arrived(sp_conn *conn)
{
    conn->certificate_wanted = 0;
    sp_event_add(conn, SP_EV_CLIENT_CERTIFICATE, NULL, 0);
}

static void on_info(const SSL *ssl, int where, int value)
{
    sp_conn *conn = sp_conn_of(ssl);

    if ((where & SSL_CB_ALERT) != 0)
        sp_observe_alert(conn, (where & SSL_CB_WRITE) != 0, value);
    else if ((where & SSL_CB_HANDSHAKE_START) != 0)
        start(conn);
    else if ((where & SSL_CB_HANDSHAKE_DONE) != 0)
        done(conn);
    else if (conn->certificate_wanted && (where & SSL_CB_LOOP) != 0 &&
             SSL_get_state(ssl) == TLS_ST_SR_FINISHED)
        certificate_arrived(conn);
}

/* ---- key log ---- */

static void on_keylog(const SSL *ssl, const char *line)
{
    sp_conn *conn = sp_conn_of(ssl);

    if ((conn->event_mask & SP_TELL_KEYLOG) != 0) {
        sp_item item = {line, strlen(line)};
        sp_event_add(conn, SP_EV_KEYLOG, &item, 1);
    }
}

/* The callback belongs to the SSL_CTX, and while it is set OpenSSL prints every secret of every connection of that
 * context. So the first connection that asks for the key log installs it, and it stays: the pointer changes once,
 * from NULL to its only other value, and is aligned, so that connections of other threads may see that sooner or
 * later without harm. */
static void want_keylog(sp_ctx *ctx)
{
    if (atomic_exchange(&ctx->keylog, 1) == 0)
        SSL_CTX_set_keylog_callback(ctx->ssl_ctx, on_keylog);
}

/* ---- messages ---- */

static void trace(sp_conn *conn, int sent, int version, int type, const void *bytes, size_t len)
{
#ifndef OPENSSL_NO_SSL_TRACE
    char *text = NULL;
    long text_len;

    if (conn->trace == NULL)
        conn->trace = BIO_new(BIO_s_mem());
    if (conn->trace == NULL)
        return;
    SSL_trace(sent, version, type, bytes, len, conn->ssl, conn->trace);
    text_len = BIO_get_mem_data(conn->trace, &text);
    if (text_len > 0)
        sp_event_trace(conn, text, (size_t)text_len);
    (void)BIO_reset(conn->trace);
#else
    (void)conn, (void)sent, (void)version, (void)type, (void)bytes, (void)len;
#endif
}

static void message(sp_conn *conn, int sent, int version, int type, const void *bytes, size_t len)
{
    uint32_t head[] = {sent ? SP_MESSAGE_SENT : 0, (uint32_t)version, (uint32_t)type};
    sp_item items[] = {{&head[0], 4}, {&head[1], 4}, {&head[2], 4}, {bytes, len}};

    if (conn->messages_dropped)
        head[0] |= SP_MESSAGE_LOSS;
    sp_event_message(conn, items, 4);
}

static void on_message(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg)
{
    sp_conn *conn = arg;

    (void)ssl;
    if ((conn->event_mask & (SP_ASK_HELLO | SP_TELL_TRACE | SP_TELL_MESSAGE)) == 0)
        return;
    if ((conn->event_mask & SP_ASK_HELLO) != 0 && conn->is_server && !sent && type == SSL3_RT_HANDSHAKE &&
        len > 0 && ((const uint8_t *)bytes)[0] == SSL3_MT_CLIENT_HELLO &&
        !sp_replace_copy(&conn->hello, &conn->hello_len, bytes, len))
        conn->out_of_memory = 1;
    ERR_set_mark();
    if ((conn->event_mask & SP_TELL_TRACE) != 0)
        trace(conn, sent, version, type, bytes, len);
    if ((conn->event_mask & SP_TELL_MESSAGE) != 0)
        message(conn, sent, version, type, bytes, len);
    ERR_pop_to_mark();
}

/* Newer versions hand the callback to a record layer only if it is set when the keys change, so it stays through
 * every handshake. Afterwards it is set only for connections that watch messages, since it runs several times per
 * record. */
void sp_observe_update(sp_conn *conn)
{
    int needed =
        (conn->event_mask & (SP_TELL_TRACE | SP_TELL_MESSAGE)) != 0 || conn->handshaking || !conn->secure;

    if ((conn->event_mask & SP_TELL_KEYLOG) != 0)
        want_keylog(conn->ctx);
    SSL_set_msg_callback(conn->ssl, needed ? on_message : NULL);
}

void sp_observe_install(sp_conn *conn)
{
    SSL_set_info_callback(conn->ssl, on_info);
    SSL_set_msg_callback_arg(conn->ssl, conn);
    sp_observe_update(conn);
}
