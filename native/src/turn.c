/* turn.c - the beginning and end of a call with windows: how the outcome of an SSL call becomes a status, and the
 * error queue a report. */
#include "turn.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "bio.h"
#include "error.h"
#include "live.h"

/* The offsets that sp.h gives, for callers that read by address. */
#define AT(constant, type, field) _Static_assert((constant) == offsetof(type, field), #constant)
AT(SP_AT_TURN_STATUS, sp_turn, status);
AT(SP_AT_TURN_EVENTS, sp_turn, events);
AT(SP_AT_TURN_EVENT_BYTES, sp_turn, event_bytes);
AT(SP_AT_TURN_CONSUMED, sp_turn, consumed);
AT(SP_AT_TURN_PRODUCED, sp_turn, produced);
AT(SP_AT_TURN_EMITTED, sp_turn, emitted);
AT(SP_AT_TURN_PENDING, sp_turn, pending);
AT(SP_AT_TURN_RECORDS, sp_turn, records);
AT(SP_AT_TURN_FLAGS, sp_turn, flags);
AT(SP_AT_TURN_RECORD_END, sp_turn, record_end);
AT(SP_AT_TURN_REPORT, sp_turn, report);
AT(SP_AT_REPORT_COUNT, sp_report, count);
AT(SP_AT_REPORT_ALERT, sp_report, alert);
AT(SP_AT_REPORT_ALERT_SENT, sp_report, alert_sent);
AT(SP_AT_REPORT_SSL_ERROR, sp_report, ssl_error);
AT(SP_AT_REPORT_ERROR, sp_report, error);
AT(SP_AT_ERROR_CODE, sp_error, code);
AT(SP_AT_ERROR_LIBRARY, sp_error, library);
AT(SP_AT_ERROR_REASON, sp_error, reason);
AT(SP_AT_ERROR_LINE, sp_error, line);
AT(SP_AT_ERROR_LIBRARY_TEXT, sp_error, library_text);
AT(SP_AT_ERROR_REASON_TEXT, sp_error, reason_text);
AT(SP_AT_ERROR_DATA, sp_error, data);
AT(SP_AT_ERROR_FILE, sp_error, file);
AT(SP_AT_ERROR_FUNCTION, sp_error, function);
_Static_assert(sizeof(sp_turn) == SP_SIZE_TURN, "SP_SIZE_TURN");
_Static_assert(sizeof(sp_error) == SP_SIZE_ERROR, "SP_SIZE_ERROR");

/* What sp_turn_pack() packs: each value fits its mask, and each begins behind the one before. */
_Static_assert((SP_WANT_INPUT | SP_FULL) == SP_PACKED_STATUS_MASK, "SP_PACKED_STATUS_MASK");
_Static_assert((SP_TURN_HANDSHAKING | SP_TURN_SECURE) == SP_PACKED_FLAGS_MASK, "SP_PACKED_FLAGS_MASK");
#define BEHIND(next, start, mask)                                                                            \
    _Static_assert((INT64_C(1) << (next)) == ((INT64_C(1) << (start)) * ((mask) + INT64_C(1))), #next)
BEHIND(SP_PACKED_FLAGS, SP_PACKED_STATUS, SP_PACKED_STATUS_MASK);
BEHIND(SP_PACKED_RECORDS, SP_PACKED_FLAGS, SP_PACKED_FLAGS_MASK);
BEHIND(SP_PACKED_CONSUMED, SP_PACKED_RECORDS, SP_PACKED_RECORDS_MASK);
BEHIND(SP_PACKED_PRODUCED, SP_PACKED_CONSUMED, SP_PACKED_COUNT_MASK);
BEHIND(SP_PACKED_EMITTED, SP_PACKED_PRODUCED, SP_PACKED_COUNT_MASK);

static void clear(sp_turn *turn)
{
    memset(turn, 0, offsetof(sp_turn, record_end));
}

#ifdef SP_CHECKED
static _Thread_local int queue_was_dirty; /* the queue had entries before this turn */
#endif

int sp_turn_open(sp_conn *conn, sp_turn *turn, const sp_lent *lent)
{
    if (turn == NULL)
        return 0;
    clear(turn);
    if (conn == NULL || conn->busy) {
        turn->status = SP_MISUSE;
        return 0;
    }
    conn->busy = 1;
    if (!conn->buffered) {
        conn->buffered = 1;
        sp_live_add(SP_LIVE_BUFFERED, 1);
    }
    conn->in = lent->in;
    conn->in_left = lent->in_len;
    conn->out = lent->out;
    conn->out_left = lent->out_cap;
    conn->produced = 0;
    conn->gated = 0;
    conn->alert = -1;
    conn->queue_not_cleared =
        conn->secure &&
        !conn->handshaking; /* peeking at the queue costs more than the rest of sp_turn_open() */
    if (!conn->queue_not_cleared)
        sp_queue_clear();
#ifdef SP_CHECKED
    queue_was_dirty = ERR_peek_error() != 0;
#endif
    if (conn->pending > 0)
        sp_overflow_drain(conn);
    return 1;
}

static uint32_t flags_of(const sp_conn *conn)
{
    return (conn->secure ? SP_TURN_SECURE : SP_TURN_HANDSHAKING) |
           (conn->handshaking ? SP_TURN_HANDSHAKING : 0u);
}

int32_t sp_turn_close(sp_conn *conn, sp_turn *turn, const sp_lent *lent, int32_t status)
{
    if (conn->out_of_memory && !conn->failed) {
        ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
        status = sp_turn_fail(conn, turn, SSL_ERROR_SSL);
    }
    turn->status = status;
    turn->events = conn->event_count;
    turn->event_bytes = (uint32_t)(conn->event_end - conn->event_begin);
    turn->produced = conn->produced;
    turn->emitted = (uint32_t)(lent->out_cap - conn->out_left);
    turn->pending = (uint32_t)conn->pending;
    turn->flags = flags_of(conn);
    conn->in = NULL;
    conn->out = NULL;
    conn->in_left = conn->out_left = 0;
    conn->produced = 0;
    conn->busy = 0;
#ifdef SP_CHECKED
    /* Out of memory for one of its caches, OpenSSL goes on, but queues an error. */
    if (status != SP_FAILED && !queue_was_dirty && ERR_peek_error() != 0 &&
        ERR_GET_REASON(ERR_peek_error()) != ERR_R_MALLOC_FAILURE) {
        ERR_print_errors_fp(stderr);
        abort();
    }
#endif
    if (conn->event_count > 0) /* otherwise SSL_get_error() has just found it empty, or nothing failed */
        sp_queue_clear();
    if (conn->free_pending) {
        sp_conn_free(conn);
        sp_enter(&turn->report);
        turn->status = status = SP_FAILED;
    }
    return status;
}

/* Between handshakes the queue is not cleared first: entries of other code precede ours there and would be reported
 * as the cause. Ours begin with one of libssl, or of a provider's cipher. */
static void drop_foreign_errors(void)
{
    unsigned long code;

    while ((code = ERR_peek_error()) != 0 && ERR_GET_LIB(code) != ERR_LIB_SSL &&
           ERR_GET_LIB(code) != ERR_LIB_PROV && ERR_GET_REASON(code) != ERR_R_MALLOC_FAILURE)
        ERR_get_error();
}

int32_t sp_failure_again(const sp_conn *conn, sp_report *report)
{
    if (report != NULL && conn->failure != NULL) {
        *report = *conn->failure;
        return SP_ERROR;
    }
    sp_enter(report);
    ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE); /* there was no memory to keep it */
    return sp_fail(report);
}

int32_t sp_turn_fail(sp_conn *conn, sp_turn *turn, int ssl_error)
{
    sp_report *report = &turn->report;

    if (conn->failed) {
        sp_failure_again(conn, report);
        return SP_FAILED;
    }
    conn->failed = 1;
    conn->question = 0;
    if (conn->queue_not_cleared && !conn->handshaking && !conn->certificate_wanted)
        drop_foreign_errors();
    if (ERR_peek_error() == 0) /* no memory for a chunk, or what cannot happen: no failure without a report */
        ERR_raise(ERR_LIB_SSL, conn->out_of_memory ? ERR_R_MALLOC_FAILURE : ERR_R_INTERNAL_ERROR);
    report->count = 0;
    sp_fail(report);
    report->alert = conn->alert;
    report->alert_sent = conn->alert >= 0 ? conn->alert_sent : 0;
    report->ssl_error = ssl_error;
    conn->failure = OPENSSL_memdup(report, sizeof(*report));
    return SP_FAILED;
}

/* SSL_get_error() takes any entry of the thread's queue for a failure of the call, also one that was there before.
 * Where the queue was not cleared, the two usual causes are found without it: OpenSSL wants to read, and the window
 * was just found empty; or the peer closed, and no fatal alert ended the stream. */
static int classify_stop(const sp_conn *conn, int rv)
{
    int usual = SSL_ERROR_NONE;

    if (conn->queue_not_cleared && conn->wants_input && SSL_want(conn->ssl) == SSL_READING)
        usual = SSL_ERROR_WANT_READ;
    else if (conn->queue_not_cleared && conn->alert < 0 &&
             (SSL_get_shutdown(conn->ssl) & SSL_RECEIVED_SHUTDOWN) != 0)
        usual = SSL_ERROR_ZERO_RETURN;
    if (usual == SSL_ERROR_NONE)
        return SSL_get_error(conn->ssl, rv);
    sp_queue_clear();
    return usual;
}

/* An SSL in the error state wants to read for ever and reads nothing. It gets there by a failure that is not reported
 * as one, such as an SSL_shutdown() without memory. */
static int is_broken(const SSL *ssl)
{
    return strcmp(SSL_state_string(ssl), "SSLERR") == 0;
}

int32_t sp_turn_stop(sp_conn *conn, sp_turn *turn, int rv)
{
    int error = classify_stop(conn, rv);

    switch (error) {
    case SSL_ERROR_WANT_READ:
        if (!conn->wants_input && is_broken(conn->ssl))
            return sp_turn_fail(conn, turn, SSL_ERROR_SSL);
        if (conn->event_count > 0)
            return SP_EVENT;
        /* A gated connection whose event could not be queued would loop here. */
        return conn->wants_input || conn->out_of_memory ? SP_WANT_INPUT : SP_AGAIN;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
    case SSL_ERROR_WANT_X509_LOOKUP:
        return SP_PAUSED;
    case SSL_ERROR_ZERO_RETURN:
        conn->closed = 1;
        conn->in_left = 0; /* what follows close_notify is ignored */
        return SP_CLOSED;
    default:
        return sp_turn_fail(conn, turn, error);
    }
}

int64_t sp_turn_pack(const sp_turn *turn, int32_t status)
{
    if (status < SP_WANT_INPUT || status > SP_FULL || turn->events != 0 || turn->pending != 0 ||
        turn->records > 1 || (turn->records == 1 && turn->record_end[0] != turn->produced) ||
        ((turn->consumed | turn->produced | turn->emitted) & ~(uint32_t)SP_PACKED_COUNT_MASK) != 0)
        return -1;
    return (int64_t)((uint64_t)status << SP_PACKED_STATUS | (uint64_t)turn->flags << SP_PACKED_FLAGS |
                     (uint64_t)turn->records << SP_PACKED_RECORDS |
                     (uint64_t)turn->consumed << SP_PACKED_CONSUMED |
                     (uint64_t)turn->produced << SP_PACKED_PRODUCED |
                     (uint64_t)turn->emitted << SP_PACKED_EMITTED);
}
