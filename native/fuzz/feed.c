#include "fuzz.h"

enum { ENOUGH = 20000 }; /* more than any record and its header */

void fuzz_transcript(int is_server, int32_t version, bytes *to)
{
    pair *p = pair_new(version, version);
    bytes *wire = is_server ? &p->server.wire : &p->client.wire;

    for (int turn = 0; turn < 40; turn++) {
        side *self = turn % 2 == 0 ? &p->client : &p->server,
             *other = turn % 2 == 0 ? &p->server : &p->client;
        size_t before = self->wire.len;
        if (turn == 30)
            side_write(&p->client, "seed", 4);
        if (turn == 31)
            side_write(&p->server, "seed", 4);
        if (turn == 34)
            side_shutdown(&p->client);
        side_step(self, &other->wire);
        if (&self->wire == wire)
            bytes_add(to, wire->at + before, wire->len - before);
    }
    pair_free(p);
}

/* One call with windows of the given size; answers what is asked. Returns the status. */
static int32_t feed(sp_conn *conn, const uint8_t *in, size_t len, size_t window, sp_turn *turn)
{
    uint8_t *copy = malloc(len + 1), *plain = malloc(window), *out = malloc(window), *events;
    int32_t status;
    uint32_t sequence = 0, length = 0;

    if (len > 0)
        memcpy(copy, in, len); /* so that a read past the end is seen */
    status = sp_conn_read(conn, copy, len, plain, window, out, window, turn);
    if (turn->events > 0) {
        events = malloc(turn->event_bytes);
        int64_t taken = sp_conn_take_events(conn, events, turn->event_bytes);
        for (int64_t at = 0; at < taken; at += 16 + (int64_t)length) {
            memcpy(&sequence, events + at + 4, 4);
            memcpy(&length, events + at + 12, 4);
        }
        if (status == SP_PAUSED && sp_conn_answer(conn, sequence, -1) != SP_OK)
            abort();
        free(events);
    }
    free(copy);
    free(plain);
    free(out);
    return status;
}

void fuzz_check_nothing_lives(void)
{
    for (int32_t kind = SP_LIVE_CONN; kind <= SP_LIVE_BUFFERED; kind++)
        if (sp_library_live(kind) != 0)
            abort();
}

static int ended(int32_t status)
{
    return status == SP_FAILED || status == SP_CLOSED;
}

void fuzz_feed(sp_ctx *ctx, int is_server, const uint8_t *data, size_t len)
{
    static uint8_t garbage[ENOUGH];
    size_t window = len > 0 && data[0] % 4 == 0 ? 1 + (size_t)data[0] : 32768;
    size_t step = len > 1 && data[1] % 4 == 0 ? 1 + (size_t)data[1] : len + 1;
    sp_conn *conn = sp_conn_new(ctx, is_server, NULL);
    int32_t status = SP_WANT_INPUT;
    sp_turn turn;

    if (conn == NULL)
        abort();
    sp_conn_set_events(conn, SP_ASK_HELLO | SP_ASK_CERT | SP_ASK_RENEGOTIATION | SP_TELL_SESSION |
                                 SP_TELL_ALERT |
                                 (len % 8 == 0 ? SP_TELL_TRACE | SP_TELL_MESSAGE | SP_TELL_KEYLOG : 0));
    do
        status = feed(conn, NULL, 0, window, &turn);
    while (status == SP_EVENT);
    for (size_t at = 0; at < len && !ended(status); at += turn.consumed)
        status = feed(conn, data + at, len - at < step ? len - at : step, window, &turn);
    memset(garbage, 0xff, sizeof(garbage));
    for (size_t at = 0; at < ENOUGH && !ended(status); at += turn.consumed)
        status = feed(conn, garbage + at, ENOUGH - at, window, &turn);
    if (!ended(status) || (turn.flags & SP_TURN_SECURE) != 0 ||
        (status == SP_FAILED && turn.report.count == 0))
        abort();
    sp_conn_free(conn);
    fuzz_check_nothing_lives();
}
