/* turn.h - the frame around every call that lends windows: turn.c opens and closes it, io.c works inside. */
#ifndef SP_TURN_H
#define SP_TURN_H

#include "internal.h"

/* The windows of one call. */
typedef struct sp_lent {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_cap;
} sp_lent;

enum { SP_AGAIN = 100 }; /* sp_turn_stop(): OpenSSL returned between two messages; call it again */

/* Lends the windows, clears turn and, during handshakes, the error queue; moves the overflow out. 0 when the call is
 * a misuse; turn then says so. */
int sp_turn_open(sp_conn *conn, sp_turn *turn, const sp_lent *lent);
/* Takes the windows back and fills turn. Returns the status. */
int32_t sp_turn_close(sp_conn *conn, sp_turn *turn, const sp_lent *lent, int32_t status);
/* Why an SSL call that returned `rv` stopped. */
int32_t sp_turn_stop(sp_conn *conn, sp_turn *turn, int rv);
/* sp_conn_read_packed(): the turn as one number, or -1. */
int64_t sp_turn_pack(const sp_turn *turn, int32_t status);
/* Copies the report of the failure that ended the connection. Returns SP_ERROR. */
int32_t sp_failure_again(const sp_conn *conn, sp_report *report);
/* Ends the connection: everything in the error queue goes to turn->report. Returns SP_FAILED. */
int32_t sp_turn_fail(sp_conn *conn, sp_turn *turn, int ssl_error);

#endif
