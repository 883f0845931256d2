/* io.c - the hot path: feed, decrypt, encrypt, drain, close. Nothing is allocated here per record. */
#include "bio.h"
#include "callbacks.h"
#include "error.h"
#include "live.h"
#include "turn.h"

enum {
    RECORD_OVERHEAD = 96,    /* header, IV, padding, MAC of any suite; a larger one only costs a chunk */
    PENDING_MAX = 256 * 1024 /* overflow beyond which a read makes no more of it */
};

static size_t window(const void *bytes, size_t len)
{
    return bytes == NULL ? 0 : len < INT32_MAX ? len : INT32_MAX; /* the counts in sp_turn are 32 bits wide */
}

/* cert_cb can only fail with internal_error. Nothing is encrypted yet in a first handshake, so the alert of the
 * caller's answer is written here instead: type, version, length, level, description. */
static int32_t refuse_certificate(sp_conn *conn, sp_turn *turn)
{
    int version = SSL_version(conn->ssl);
    int minor = version > TLS1_2_VERSION ? TLS1_2_VERSION & 0xff : version & 0xff;
    uint8_t record[] = {SSL3_RT_ALERT, SSL3_VERSION_MAJOR,    (uint8_t)minor, 0, 2,
                        SSL3_AL_FATAL, (uint8_t)conn->refusal};

    if (!sp_window_write(conn, record, sizeof(record)))
        conn->out_of_memory = 1;
    sp_observe_alert(conn, 1, SSL3_AL_FATAL << 8 | conn->refusal);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERT_CB_ERROR);
    return sp_turn_fail(conn, turn, SSL_ERROR_SSL);
}

/* sp_turn_stop() of a read; records whether another read without input would do anything. */
static int32_t stop_read(sp_conn *conn, sp_turn *turn)
{
    int32_t status = sp_turn_stop(conn, turn, 0);

    conn->read_exhausted =
        conn->wants_input && conn->in_left == 0 && (status == SP_WANT_INPUT || status == SP_EVENT);
    return status;
}

/* Runs OpenSSL without room for plaintext: it processes handshake messages, and keeps application data. */
static int32_t read_nothing(sp_conn *conn, sp_turn *turn)
{
    for (;;) {
        uint8_t byte;
        size_t n = 0;
        int32_t status;

        conn->wants_input = 0;
        if (SSL_peek_ex(conn->ssl, &byte, 1, &n) == 1)
            return conn->event_count > 0 ? SP_EVENT : SP_FULL;
        status = stop_read(conn, turn);
        if (status != SP_AGAIN)
            return status;
    }
}

/* Whether what was decrypted has to be delivered before the next record is decrypted: the application may answer it,
 * and the next record may fail, end or renegotiate the connection. A record that is not application data on the
 * outside always may; one that is may have a bad MAC, and in TLS 1.3 contain anything. After our close_notify no
 * answer is possible, so only the first kind counts. */
static int must_deliver(const sp_conn *conn)
{
    return conn->shutdown == SP_SHUTDOWN_NONE || conn->in[0] != SSL3_RT_APPLICATION_DATA;
}

static int32_t read_records(sp_conn *conn, sp_turn *turn, uint8_t *plain, size_t cap)
{
    while (conn->event_count == 0) {
        size_t n = 0, room = cap - conn->produced;
        int ended;

        conn->wants_input = 0;
        if (SSL_read_ex(conn->ssl, plain + conn->produced, room, &n) != 1) {
            int32_t status = stop_read(conn, turn);
            if (status != SP_AGAIN)
                return status;
            continue;
        }
        conn->produced += (uint32_t)n;
        ended = n < room || SSL_pending(conn->ssl) == 0; /* otherwise the rest of the record follows */
        if (ended)
            turn->record_end[turn->records++] = conn->produced;
        if (conn->event_count > 0)
            break;
        if (ended && conn->in_left == 0)
            return SP_WANT_INPUT; /* saves an SSL_read_ex() that would only report that */
        if (conn->produced == cap || turn->records == SP_RECORDS_MAX || (ended && must_deliver(conn)))
            return SP_FULL;
    }
    return SP_EVENT;
}

/* Sends the close_notify that was requested while a handshake ran. Returns status, or SP_FAILED. */
static int32_t send_deferred_close_notify(sp_conn *conn, sp_turn *turn, int32_t status)
{
    int rv;

    if (conn->shutdown != SP_SHUTDOWN_WANTED || !conn->secure || conn->failed || SSL_in_init(conn->ssl))
        return status;
    conn->shutdown = SP_SHUTDOWN_SENT;
    rv = SSL_shutdown(conn->ssl);
    if (rv < 0 && SSL_get_error(conn->ssl, rv) == SSL_ERROR_SSL)
        return sp_turn_fail(conn, turn, SSL_ERROR_SSL);
    sp_queue_clear();
    return status;
}

static int32_t read_turn(sp_conn *conn, sp_turn *turn, uint8_t *plain, size_t cap)
{
    if (conn->failed)
        return sp_turn_fail(conn, turn, SSL_ERROR_SSL);
    if (conn->question != 0)
        return SP_PAUSED;
    if (conn->closed) {
        conn->in_left = 0;
        return SP_CLOSED;
    }
    if (conn->event_count > 0)
        return SP_EVENT;
    if (conn->pending > PENDING_MAX)
        return SP_FULL;
    if (conn->read_exhausted && conn->in_left == 0) /* a read because events were taken, with nothing to do */
        return SP_WANT_INPUT;
    conn->read_exhausted = 0;
    conn->started = 1;
    if (conn->refusal >= 0 && conn->question_kind == SP_EV_CERT && !conn->secure)
        return refuse_certificate(conn, turn);
    return cap > 0 ? read_records(conn, turn, plain, cap) : read_nothing(conn, turn);
}

int32_t sp_conn_read(sp_conn *conn, const uint8_t *in, size_t in_len, uint8_t *plain, size_t plain_cap,
                     uint8_t *out, size_t out_cap, sp_turn *turn)
{
    sp_lent lent = {in, window(in, in_len), out, window(out, out_cap)};
    int32_t status;

    if (!sp_turn_open(conn, turn, &lent))
        return SP_MISUSE;
    status = read_turn(conn, turn, plain, window(plain, plain_cap));
    status = send_deferred_close_notify(conn, turn, status);
    turn->consumed = (uint32_t)(lent.in_len - conn->in_left);
    return sp_turn_close(conn, turn, &lent, status);
}

int64_t sp_conn_read_packed(sp_conn *conn, const uint8_t *in, size_t in_len, uint8_t *plain, size_t plain_cap,
                            uint8_t *out, size_t out_cap, sp_turn *turn)
{
    return sp_turn_pack(turn, sp_conn_read(conn, in, in_len, plain, plain_cap, out, out_cap, turn));
}

/* One record for each SSL_write (partial writes are on), until the next might not fit. */
static int32_t write_records(sp_conn *conn, sp_turn *turn, const uint8_t *plain, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t n = 0, chunk = len - done;

        if (chunk > (size_t)conn->max_fragment)
            chunk = (size_t)conn->max_fragment;
        if (conn->pending > 0 || (done > 0 && conn->out_left < chunk + RECORD_OVERHEAD))
            return SP_FULL;
        conn->wants_input = 0;
        if (SSL_write_ex(conn->ssl, plain + done, chunk, &n) != 1) {
            int32_t status = sp_turn_stop(conn, turn, 0);
            return status == SP_AGAIN || status == SP_EVENT ? SP_WANT_INPUT : status;
        }
        done += n;
        turn->consumed = (uint32_t)done;
    }
    return SP_WANT_INPUT;
}

int32_t sp_conn_write(sp_conn *conn, const uint8_t *plain, size_t len, uint8_t *out, size_t out_cap,
                      sp_turn *turn)
{
    sp_lent lent = {NULL, 0, out, window(out, out_cap)};
    int32_t status;

    if (!sp_turn_open(conn, turn, &lent))
        return SP_MISUSE;
    conn->read_exhausted = 0;
    if (conn->failed)
        status = sp_turn_fail(conn, turn, SSL_ERROR_SSL);
    else if (conn->question != 0)
        status = SP_PAUSED;
    else if (conn->shutdown != SP_SHUTDOWN_NONE)
        status = SP_CLOSED;
    else if (!conn->secure)
        status = SP_WANT_INPUT;
    else
        status = write_records(conn, turn, plain, window(plain, len));
    return sp_turn_close(conn, turn, &lent, status);
}

int64_t sp_conn_write_packed(sp_conn *conn, const uint8_t *plain, size_t len, uint8_t *out, size_t out_cap,
                             sp_turn *turn)
{
    return sp_turn_pack(turn, sp_conn_write(conn, plain, len, out, out_cap, turn));
}

int32_t sp_conn_drain(sp_conn *conn, uint8_t *out, size_t out_cap, sp_turn *turn)
{
    sp_lent lent = {NULL, 0, out, window(out, out_cap)};

    if (!sp_turn_open(conn, turn, &lent))
        return SP_MISUSE;
    return sp_turn_close(conn, turn, &lent, conn->pending > 0 ? SP_FULL : SP_WANT_INPUT);
}

int32_t sp_conn_shutdown(sp_conn *conn, uint8_t *out, size_t out_cap, sp_turn *turn)
{
    sp_lent lent = {NULL, 0, out, window(out, out_cap)};
    int32_t status;

    if (!sp_turn_open(conn, turn, &lent))
        return SP_MISUSE;
    if (conn->failed) {
        status = sp_turn_fail(conn, turn, SSL_ERROR_SSL);
    } else {
        if (conn->shutdown == SP_SHUTDOWN_NONE)
            conn->shutdown = SP_SHUTDOWN_WANTED;
        status = send_deferred_close_notify(conn, turn, conn->closed ? SP_CLOSED : SP_WANT_INPUT);
    }
    return sp_turn_close(conn, turn, &lent, status);
}

/* Before 3.0.14, 3.1.6, 3.2.2 and 3.3.1 SSL_free_buffers() itself does not check whether a header or the rest of a
 * record is in use (CVE-2024-4741), and the peer decides when that is so. "RB": a header was read, its body was not. */
static int holds_partial_record(const SSL *ssl)
{
    return SSL_has_pending(ssl) || strcmp(SSL_rstate_string(ssl), "RB") == 0;
}

/* With SSL_OP_CLEANSE_PLAINTEXT OpenSSL wipes its read buffer before it frees it, without checking that it has one:
 * without a buffer, it would write to address 0. Then the option is switched off for the call; there is nothing to
 * wipe. Some versions hand changed options on to the record layer only when some are set, hence the 0. */
static int free_buffers(sp_conn *conn)
{
    int hide = !conn->read_buffer && (SSL_get_options(conn->ssl) & SSL_OP_CLEANSE_PLAINTEXT) != 0;
    int ok;

    if (hide) {
        SSL_clear_options(conn->ssl, SSL_OP_CLEANSE_PLAINTEXT);
        SSL_set_options(conn->ssl, 0);
    }
    ok = SSL_free_buffers(conn->ssl) == 1;
    if (hide)
        SSL_set_options(conn->ssl, SSL_OP_CLEANSE_PLAINTEXT);
    conn->read_buffer = 0; /* also on failure: it may be that of the write buffer, which is freed second */
    return ok;
}

int32_t sp_conn_idle(sp_conn *conn)
{
    if (!sp_conn_usable(conn))
        return SP_MISUSE;
    if (!conn->buffered)
        return SP_OK;
    if (conn->failed || holds_partial_record(conn->ssl) || !free_buffers(conn))
        return SP_IGNORED;
    conn->buffered = 0;
    sp_live_add(SP_LIVE_BUFFERED, -1);
    return SP_OK;
}
