/* io.c - the hot path: feed, decrypt, encrypt, drain, close. Nothing is allocated here per record. */
#include "bio.h"
#include "callbacks.h"
#include "error.h"
#include "live.h"
#include "turn.h"

enum {
    RECORD_OVERHEAD = 96,    /* header, IV, padding, MAC of any suite; more only costs a chunk */
    PENDING_MAX = 256 * 1024 /* ciphertext nobody fetches: no more is made */
};

static size_t window(const void *bytes, size_t len)
{
    return bytes == NULL ? 0 : len < INT32_MAX ? len : INT32_MAX; /* the counts in sp_turn are 32 bits wide */
}

/* cert_cb can only fail with internal_error. Nothing is encrypted yet in a first handshake, so the alert that Java
 * asked for is written here instead: type, version, length, level, description. */
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

/* sp_turn_stop() of a read; notes whether another one without input would find anything to do. */
static int32_t stop_read(sp_conn *conn, sp_turn *turn)
{
    int32_t status = sp_turn_stop(conn, turn, 0);

    conn->dry = conn->starved && conn->in_left == 0 && (status == SP_WANT_INPUT || status == SP_EVENT);
    return status;
}

/* Lets OpenSSL work without a place for plaintext: handshake messages are processed, data stays where it is. */
static int32_t read_nothing(sp_conn *conn, sp_turn *turn)
{
    for (;;) {
        uint8_t byte;
        size_t n = 0;
        int32_t status;

        conn->starved = 0;
        if (SSL_peek_ex(conn->ssl, &byte, 1, &n) == 1)
            return conn->event_count > 0 ? SP_EVENT : SP_FULL;
        status = stop_read(conn, turn);
        if (status != SP_AGAIN)
            return status;
    }
}

/* Whether what was decrypted has to be delivered before the next record is looked at: its reader may answer, and that
 * record may fail, end or renegotiate the connection first. What is not application data on the outside does; what is
 * may have a bad MAC, and in TLS 1.3 be anything, which only decrypting tells. Nobody can answer after close_notify. */
static int must_deliver(const sp_conn *conn)
{
    return conn->shutdown == SP_SHUTDOWN_NONE || conn->in[0] != SSL3_RT_APPLICATION_DATA;
}

static int32_t read_records(sp_conn *conn, sp_turn *turn, uint8_t *plain, size_t cap)
{
    while (conn->event_count == 0) {
        size_t n = 0, room = cap - conn->produced;
        int ended;

        conn->starved = 0;
        if (SSL_read_ex(conn->ssl, plain + conn->produced, room, &n) != 1) {
            int32_t status = stop_read(conn, turn);
            if (status != SP_AGAIN)
                return status;
            continue;
        }
        conn->produced += (uint32_t)n;
        ended = n < room || SSL_pending(conn->ssl) == 0; /* else the rest of the record comes later */
        if (ended)
            turn->record_end[turn->records++] = conn->produced;
        if (conn->event_count > 0)
            break;
        if (ended && conn->in_left == 0)
            return SP_WANT_INPUT; /* saves a call that would only say so */
        if (conn->produced == cap || turn->records == SP_RECORDS_MAX || (ended && must_deliver(conn)))
            return SP_FULL;
    }
    return SP_EVENT;
}

/* close_notify that was asked for while a handshake ran. Returns status, or SP_FAILED. */
static int32_t close_late(sp_conn *conn, sp_turn *turn, int32_t status)
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
    if (conn->dry && conn->in_left == 0) /* a read that only follows the taking of events */
        return SP_WANT_INPUT;
    conn->dry = 0;
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
    status = close_late(conn, turn, status);
    turn->consumed = (uint32_t)(lent.in_len - conn->in_left);
    return sp_turn_close(conn, turn, &lent, status);
}

int64_t sp_conn_read_brief(sp_conn *conn, const uint8_t *in, size_t in_len, uint8_t *plain, size_t plain_cap,
                           uint8_t *out, size_t out_cap, sp_turn *turn)
{
    return sp_turn_brief(turn, sp_conn_read(conn, in, in_len, plain, plain_cap, out, out_cap, turn));
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
        conn->starved = 0;
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
    conn->dry = 0;
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

int64_t sp_conn_write_brief(sp_conn *conn, const uint8_t *plain, size_t len, uint8_t *out, size_t out_cap,
                            sp_turn *turn)
{
    return sp_turn_brief(turn, sp_conn_write(conn, plain, len, out, out_cap, turn));
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
        status = close_late(conn, turn, conn->closed ? SP_CLOSED : SP_WANT_INPUT);
    }
    return sp_turn_close(conn, turn, &lent, status);
}

/* Before 3.0.14, 3.1.6, 3.2.2 and 3.3.1 SSL_free_buffers() itself does not look whether a header or the rest of a record
 * is in use (CVE-2024-4741), and the peer decides when that is so. "RB" is: a header came, its body did not. */
static int half_read(const SSL *ssl)
{
    return SSL_has_pending(ssl) || strcmp(SSL_rstate_string(ssl), "RB") == 0;
}

/* With SSL_OP_CLEANSE_PLAINTEXT OpenSSL wipes its read buffer before it frees it, and does not look whether it is there:
 * freed already, it would write to address 0. Then the option is hidden from the call, and there is nothing to wipe.
 * Some versions hand changed options on to the record layer only when some are set, hence the 0. */
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
    conn->read_buffer = 0; /* a failure may be that of the write buffer, which comes second */
    return ok;
}

int32_t sp_conn_idle(sp_conn *conn)
{
    if (!sp_conn_usable(conn))
        return SP_MISUSE;
    if (!conn->buffered)
        return SP_OK;
    if (conn->failed || half_read(conn->ssl) || !free_buffers(conn))
        return SP_IGNORED;
    conn->buffered = 0;
    sp_live_add(SP_LIVE_BUFFERED, -1);
    return SP_OK;
}
