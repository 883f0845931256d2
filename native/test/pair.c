#include "pair.h"

#include <openssl/err.h>

enum { WINDOW = 64 * 1024 };

const int32_t versions[2] = {0x0303, 0x0304};

void bytes_add(bytes *to, const void *from, size_t len)
{
    if (to->len + len > to->room) {
        size_t room = to->room > 0 ? to->room : 1024;
        while (room < to->len + len)
            room *= 2;
        to->at = realloc(to->at, room);
        if (to->at == NULL)
            abort();
        to->room = room;
    }
    if (len > 0)
        memcpy(to->at + to->len, from, len);
    to->len += len;
}

void bytes_drop(bytes *from, size_t len)
{
    if (len < from->len)
        memmove(from->at, from->at + len, from->len - len);
    from->len -= len;
}

void bytes_free(bytes *of)
{
    free(of->at);
    *of = (bytes){NULL, 0, 0};
}

uint64_t test_random(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u; /* splitmix64 */

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* ---- events ---- */

static uint32_t u32_at(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static size_t decode(const uint8_t *at, event *to)
{
    size_t at_item = 16;

    memset(to, 0, sizeof(*to));
    memcpy(&to->type, at, 2);
    memcpy(&to->count, at + 2, 2);
    to->sequence = u32_at(at + 4);
    to->offset = u32_at(at + 8);
    CHECK(to->count <= EVENT_ITEMS);
    for (int i = 0; i < to->count; i++) {
        uint32_t size = u32_at(at + at_item);
        at_item += 4;
        to->absent[i] = size == 0xFFFFFFFF;
        if (to->absent[i])
            continue;
        bytes_add(&to->item[i], at + at_item, size);
        at_item += size;
    }
    CHECK_INT(u32_at(at + 12), at_item - 16);
    return at_item;
}

static void free_event(event *of)
{
    for (int i = 0; i < EVENT_ITEMS; i++)
        bytes_free(&of->item[i]);
}

void side_forget_events(side *self)
{
    for (size_t i = 0; i < self->event_count; i++)
        free_event(&self->events[i]);
    self->event_count = 0;
}

static void go_on(side *self, const event *what)
{
    if (what->type == SP_EV_CLIENT_HELLO || what->type == SP_EV_CERT || what->type == SP_EV_RENEGOTIATION)
        CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

static void take_events(side *self)
{
    size_t room = self->turn.event_bytes, done = 0;
    uint8_t *encoded;

    if (self->turn.events == 0)
        return;
    encoded = malloc(room);
    CHECK_INT(sp_conn_take_events(self->conn, encoded, room), room);
    while (done < room) {
        if (self->event_count == EVENTS_MAX)
            side_forget_events(self);
        event *to = &self->events[self->event_count++];
        done += decode(encoded + done, to);
        (self->listener != NULL ? self->listener : go_on)(self, to);
    }
    free(encoded);
}

const event *side_event(const side *self, uint16_t type)
{
    for (size_t i = 0; i < self->event_count; i++)
        if (self->events[i].type == type)
            return &self->events[i];
    return NULL;
}

size_t side_count(const side *self, uint16_t type)
{
    size_t count = 0;

    for (size_t i = 0; i < self->event_count; i++)
        count += self->events[i].type == type;
    return count;
}

uint32_t item_u32(const event *what, int item)
{
    CHECK_INT(what->item[item].len, 4);
    return u32_at(what->item[item].at);
}

/* ---- the two sides ---- */

static size_t cap(size_t wanted)
{
    return wanted > 0 ? wanted : WINDOW;
}

/* The record table and what was written to the windows stay inside their bounds. */
static void check_turn(const side *self, size_t in_len, size_t plain_cap, size_t out_cap)
{
    const sp_turn *turn = &self->turn;

    CHECK(turn->consumed <= in_len && turn->produced <= plain_cap && turn->emitted <= out_cap);
    CHECK(turn->records <= SP_RECORDS_MAX);
    for (uint32_t i = 0; i < turn->records; i++)
        CHECK(turn->record_end[i] <= turn->produced &&
              (i == 0 || turn->record_end[i] > turn->record_end[i - 1]));
    if (turn->status == SP_WANT_INPUT)
        CHECK_INT(turn->consumed, in_len);
    CHECK(turn->status != SP_FAILED || turn->report.count > 0);
    CHECK(turn->status != SP_EVENT || turn->events > 0);
}

int side_step(side *self, bytes *from)
{
    size_t in_len = from->len < cap(self->in_cap) ? from->len : cap(self->in_cap);
    size_t plain_cap = cap(self->plain_cap), out_cap = cap(self->out_cap);
    uint8_t *in = malloc(in_len + 1), *plain = malloc(plain_cap), *out = malloc(out_cap);
    int32_t before = self->status;
    int moved;

    if (in_len > 0)
        memcpy(in, from->at, in_len);
    self->status = sp_conn_read(self->conn, in, in_len, plain, plain_cap, out, out_cap, &self->turn);
    CHECK_INT(self->status, self->turn.status);
    check_turn(self, in_len, plain_cap, out_cap);
    bytes_drop(from, self->turn.consumed);
    bytes_add(&self->plain, plain, self->turn.produced);
    bytes_add(&self->wire, out, self->turn.emitted);
    moved = self->turn.consumed > 0 || self->turn.produced > 0 || self->turn.emitted > 0 ||
            self->turn.events > 0 || self->status != before;
    free(in);
    free(plain);
    free(out);
    take_events(self);
    return moved;
}

void side_drain(side *self)
{
    uint8_t *out = malloc(cap(self->out_cap));

    do {
        sp_conn_drain(self->conn, out, cap(self->out_cap), &self->turn);
        bytes_add(&self->wire, out, self->turn.emitted);
    } while (self->turn.status == SP_FULL);
    CHECK_INT(self->turn.pending, 0);
    free(out);
}

void pair_run(pair *p)
{
    int moved = 1;

    while (moved) {
        moved = side_step(&p->client, &p->server.wire);
        side_drain(&p->client);
        moved |= side_step(&p->server, &p->client.wire);
        side_drain(&p->server);
    }
}

void pair_handshake(pair *p)
{
    pair_run(p);
    for (int i = 0; i < 2; i++) {
        side *self = i == 0 ? &p->client : &p->server;
        if (self->status == SP_FAILED)
            test_failed(__FILE__, __LINE__, "%s: %s", i == 0 ? "client" : "server",
                        self->turn.report.error[0].reason_text);
        CHECK((self->turn.flags & SP_TURN_SECURE) != 0);
    }
}

void side_write(side *self, const void *plain, size_t len)
{
    const uint8_t *at = plain;
    uint8_t *out = malloc(cap(self->out_cap));

    while (len > 0) {
        int32_t status = sp_conn_write(self->conn, at, len, out, cap(self->out_cap), &self->turn);
        CHECK(status == SP_WANT_INPUT || status == SP_FULL);
        bytes_add(&self->wire, out, self->turn.emitted);
        CHECK(self->turn.consumed > 0 || self->turn.emitted > 0);
        at += self->turn.consumed;
        len -= self->turn.consumed;
    }
    free(out);
    side_drain(self);
}

void side_shutdown(side *self)
{
    uint8_t out[256];

    sp_conn_shutdown(self->conn, out, sizeof(out), &self->turn);
    bytes_add(&self->wire, out, self->turn.emitted);
}

const sp_error *turn_error(const sp_turn *turn, int reason)
{
    for (uint32_t i = 0; i < turn->report.count; i++)
        if (turn->report.error[i].library == ERR_LIB_SSL && turn->report.error[i].reason == reason)
            return &turn->report.error[i];
    return NULL;
}

const char *side_text(side *self, int32_t what)
{
    static char text[4096];
    int64_t len = sp_conn_get(self->conn, what, (uint8_t *)text, sizeof(text) - 1);

    if (len < 0)
        return "(none)";
    CHECK(len < (int64_t)sizeof(text));
    text[len] = '\0';
    return text;
}

static void connect_sides(pair *p)
{
    p->client.conn = sp_conn_new(p->client_ctx, 0, NULL);
    p->server.conn = sp_conn_new(p->server_ctx, 1, NULL);
    CHECK(p->client.conn != NULL && p->server.conn != NULL);
    p->client.status = p->server.status = -1;
}

static void free_side(side *self)
{
    sp_conn_free(self->conn);
    bytes_free(&self->wire);
    bytes_free(&self->plain);
    side_forget_events(self);
}

pair *pair_of(sp_ctx *client, sp_ctx *server)
{
    pair *p = calloc(1, sizeof(*p));

    p->client_ctx = client;
    p->server_ctx = server;
    connect_sides(p);
    return p;
}

pair *pair_new(int32_t min, int32_t max)
{
    return pair_of(test_ctx(SP_ROLE_CLIENT, min, max), test_ctx(SP_ROLE_SERVER, min, max));
}

void pair_reconnect(pair *p)
{
    free_side(&p->client);
    free_side(&p->server);
    connect_sides(p);
}

void pair_free(pair *p)
{
    if (p == NULL)
        return;
    free_side(&p->client);
    free_side(&p->server);
    sp_ctx_free(p->client_ctx);
    sp_ctx_free(p->server_ctx);
    free(p);
}

void check_nothing_lives(void)
{
    for (int32_t kind = SP_LIVE_CTX; kind <= SP_LIVE_BYTES; kind++)
        if (sp_library_live(kind) != 0)
            test_failed(__FILE__, __LINE__, "live counter %d is %lld", kind,
                        (long long)sp_library_live(kind));
}
