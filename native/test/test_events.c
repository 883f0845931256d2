/* The event queue: order, offsets, taking part of it, and what happens to events that are not taken. */
#include "events.h"
#include "pair.h"

/* A client that completed its handshake, and a server whose two tickets are still on the wire. */
static pair *pair_with_tickets(void)
{
    pair *p = pair_new(0x0304, 0x0304);

    sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
    while (side_event(&p->client, SP_EV_HANDSHAKE_DONE) == NULL) {
        side_step(&p->server, &p->client.wire);
        side_step(&p->client, &p->server.wire);
    }
    while (side_step(&p->server, &p->client.wire))
        continue;
    CHECK(side_event(&p->server, SP_EV_HANDSHAKE_DONE) != NULL);
    return p;
}

TEST(aReadStopsAtEachEventAndTheOffsetTellsWhereItBelongs)
{
    pair *p = pair_with_tickets();
    uint8_t plain[1000], out[1000], events[8192];
    sp_turn turn;
    sp_conn *client = p->client.conn;
    bytes *wire = &p->server.wire;
    uint16_t type;
    uint32_t offset;

    side_write(&p->server, "after the tickets", 17);
    CHECK_INT(side_count(&p->client, SP_EV_SESSION), 0);
    for (int ticket = 0; ticket < 2; ticket++) {
        CHECK_INT(sp_conn_read(client, wire->at, wire->len, plain, sizeof(plain), out, sizeof(out), &turn),
                  SP_EVENT);
        CHECK_INT(turn.events, 1);
        CHECK_INT(turn.produced, 0);
        bytes_drop(wire, turn.consumed);
        CHECK_INT(sp_conn_take_events(client, events, sizeof(events)), turn.event_bytes);
        memcpy(&type, events, 2);
        memcpy(&offset, events + 8, 4);
        CHECK_INT(type, SP_EV_SESSION);
        CHECK_INT(offset, 0);
    }
    CHECK_INT(sp_conn_read(client, wire->at, wire->len, plain, sizeof(plain), out, sizeof(out), &turn),
              SP_WANT_INPUT);
    CHECK_BYTES(plain, turn.produced, "after the tickets", 17);
    pair_free(p);
    check_nothing_lives();
}

TEST(anEventBehindDataCarriesTheOffsetOfItsPlace)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t plain[1000], out[4000], events[1000];
    sp_turn turn;
    uint32_t offset;

    pair_handshake(p);
    side_shutdown(&p->server); /* otherwise the record alone would end the read */
    sp_conn_set_events(p->server.conn, SP_TELL_ALERT);
    side_write(&p->client, "before", 6);
    side_shutdown(&p->client);
    CHECK_INT(sp_conn_read(p->server.conn, p->client.wire.at, p->client.wire.len, plain, sizeof(plain), out,
                           sizeof(out), &turn),
              SP_CLOSED);
    CHECK_INT(turn.produced, 6);
    CHECK_INT(turn.events, 1);
    CHECK_INT(sp_conn_take_events(p->server.conn, events, sizeof(events)), turn.event_bytes);
    memcpy(&offset, events + 8, 4);
    CHECK_INT(offset, 6);
    pair_free(p);
}

TEST(aReadTakesNothingWhileEventsWait)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[4000], events[1000];
    sp_turn turn;

    CHECK_INT(sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &turn), SP_EVENT);
    CHECK_INT(turn.events, 1);
    CHECK_INT(sp_conn_read(p->client.conn, (const uint8_t *)"garbage", 7, NULL, 0, out, sizeof(out), &turn),
              SP_EVENT);
    CHECK_INT(turn.consumed, 0);
    CHECK_INT(turn.events, 1);
    CHECK(sp_conn_take_events(p->client.conn, events, sizeof(events)) > 0);
    CHECK_INT(sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &turn), SP_WANT_INPUT);
    CHECK_INT(turn.events, 0);
    CHECK_INT(turn.event_bytes, 0);
    pair_free(p);
}

TEST(onlyWholeEventsAreTaken)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[4000], events[200];
    sp_turn turn;

    sp_conn_set_events(p->client.conn, SP_TELL_MESSAGE);
    CHECK_INT(sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &turn), SP_EVENT);
    CHECK(turn.events >= 2);
    uint32_t all = turn.event_bytes;
    CHECK_INT(sp_conn_take_events(p->client.conn, events, 15), 0);
    CHECK_INT(sp_conn_take_events(p->client.conn, events, 0), 0);
    CHECK_INT(sp_conn_take_events(p->client.conn, NULL, 1000), 0);
    CHECK_INT(sp_conn_take_events(NULL, events, 16), SP_MISUSE);
    CHECK_INT(sp_conn_take_events(p->client.conn, events, 16), 16); /* HANDSHAKE_START has no items */
    CHECK_INT(events[0], SP_EV_HANDSHAKE_START);
    sp_conn_drain(p->client.conn, NULL, 0, &turn);
    CHECK_INT(turn.event_bytes, all - 16);
    uint8_t *rest = malloc(all);
    CHECK_INT(sp_conn_take_events(p->client.conn, rest, all), all - 16);
    CHECK_INT(sp_conn_take_events(p->client.conn, rest, all), 0);
    free(rest);
    pair_free(p);
    check_nothing_lives();
}

TEST(sequencesGoUpAndNeverRepeat)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint32_t last = 0;

    sp_conn_set_events(p->server.conn, 0xff);
    pair_handshake(p);
    for (size_t i = 0; i < p->server.event_count; i++) {
        CHECK(p->server.events[i].sequence > last);
        last = p->server.events[i].sequence;
    }
    CHECK(last > 10);
    pair_free(p);
}

TEST(aSequenceThatWrapsIsNeverZero)
{
    pair *p = pair_new(0x0304, 0x0304);

    p->client.conn->sequence = 0xFFFFFFFF;
    side_step(&p->client, &p->server.wire);
    CHECK_INT(p->client.events[0].sequence, 1);
    pair_free(p);
}

TEST(takenAndWaitingEventsGoWithTheConnection)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[4000];
    sp_turn turn;

    sp_conn_set_events(p->client.conn, SP_TELL_MESSAGE | SP_TELL_TRACE);
    sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &turn);
    CHECK(sp_library_live(SP_LIVE_EVENT) > 1);
    pair_free(p);
    check_nothing_lives();
}

TEST(anEmptyQueueHoldsNoMemory)
{
    pair *p = pair_new(0x0303, 0x0303);

    pair_handshake(p);
    CHECK(p->client.conn->event_bytes == NULL);
    CHECK(p->server.conn->event_bytes == NULL);
    pair_free(p);
}

TEST(itemsAreWrittenAsGivenAlsoEmptyAndAbsentOnes)
{
    pair *p = pair_new(0x0303, 0x0303);
    sp_item items[] = {{"abc", 3}, {NULL, SP_ABSENT}, {NULL, 0}, {"d", 1}};
    static const uint8_t expected[] = {3,    0, 0, 0, 'a', 'b', 'c', 0xff, 0xff, 0xff,
                                       0xff, 0, 0, 0, 0,   1,   0,   0,    0,    'd'};
    uint8_t events[100];

    CHECK(sp_event_add(p->client.conn, SP_EV_KEYLOG, items, 4) != 0);
    CHECK_INT(sp_conn_take_events(p->client.conn, events, sizeof(events)), 16 + (int)sizeof(expected));
    CHECK_BYTES(events + 16, sizeof(expected), expected, sizeof(expected));
    CHECK_INT(events[2], 4);
    pair_free(p);
}
