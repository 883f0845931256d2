/* What only watches: handshake events, alerts, key log, trace and messages. */
#include "internal.h"
#include "pair.h"

static const event *nth(const side *self, uint16_t type, size_t n)
{
    for (size_t i = 0; i < self->event_count; i++)
        if (self->events[i].type == type && n-- == 0)
            return &self->events[i];
    return NULL;
}

TEST(aHandshakeStartsOnceAndIsDoneOnce)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        side *sides[] = {&p->client, &p->server};
        for (int i = 0; i < 2; i++) {
            CHECK_INT(side_count(sides[i], SP_EV_HANDSHAKE_START), 1);
            CHECK_INT(side_count(sides[i], SP_EV_HANDSHAKE_DONE), 1);
            CHECK_INT(sides[i]->event_count, 2);
            CHECK_INT(sides[i]->turn.flags, SP_TURN_SECURE);
        }
        pair_free(p);
    }
}

static int has_line(const side *self, const char *start)
{
    for (size_t i = 0; i < self->event_count; i++) {
        const event *what = &self->events[i];
        if (what->type == SP_EV_KEYLOG && what->item[0].len > strlen(start) &&
            memcmp(what->item[0].at, start, strlen(start)) == 0)
            return 1;
    }
    return 0;
}

TEST(theKeyLogHasEverySecretAndBothSidesAgree)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_conn_set_events(p->client.conn, SP_TELL_KEYLOG);
        sp_conn_set_events(p->server.conn, SP_TELL_KEYLOG);
        pair_handshake(p);
        if (v == 0) {
            CHECK_INT(side_count(&p->client, SP_EV_KEYLOG), 1);
            CHECK(has_line(&p->client, "CLIENT_RANDOM "));
        } else {
            CHECK(has_line(&p->client, "SERVER_HANDSHAKE_TRAFFIC_SECRET "));
            CHECK(has_line(&p->client, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
            CHECK(has_line(&p->client, "EXPORTER_SECRET "));
            CHECK(has_line(&p->client, "SERVER_TRAFFIC_SECRET_0 "));
            CHECK(has_line(&p->client, "CLIENT_TRAFFIC_SECRET_0 "));
        }
        CHECK_INT(side_count(&p->server, SP_EV_KEYLOG), side_count(&p->client, SP_EV_KEYLOG));
        for (size_t i = 0; i < side_count(&p->client, SP_EV_KEYLOG); i++) {
            const bytes *line = &nth(&p->client, SP_EV_KEYLOG, i)->item[0];
            CHECK(line->at[line->len - 1] != '\n');
            size_t found = 0;
            for (size_t k = 0; k < side_count(&p->server, SP_EV_KEYLOG); k++) {
                const bytes *other = &nth(&p->server, SP_EV_KEYLOG, k)->item[0];
                found += other->len == line->len && memcmp(other->at, line->at, line->len) == 0;
            }
            CHECK_INT(found, 1);
        }
        pair_free(p);
    }
}

TEST(onlyTheConnectionThatAskedGetsAKeyLog)
{
    pair *p = pair_new(0x0304, 0x0304);

    sp_conn_set_events(p->client.conn, SP_TELL_KEYLOG);
    pair_handshake(p);
    CHECK(side_count(&p->client, SP_EV_KEYLOG) > 0);
    pair_reconnect(p);
    pair_handshake(p);
    CHECK_INT(side_count(&p->client, SP_EV_KEYLOG), 0);
    CHECK_INT(side_count(&p->server, SP_EV_KEYLOG), 0);
    pair_free(p);
}

TEST(closeNotifyIsToldAsAnAlertOnBothSides)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        sp_conn_set_events(p->client.conn, SP_TELL_ALERT);
        sp_conn_set_events(p->server.conn, SP_TELL_ALERT);
        side_shutdown(&p->client);
        pair_run(p);
        CHECK_INT(item_u32(side_event(&p->client, SP_EV_ALERT), 0), 1 << 16 | 1 << 8);
        CHECK_INT(item_u32(side_event(&p->server, SP_EV_ALERT), 0), 1 << 8);
        CHECK_INT(p->server.status, SP_CLOSED);
        pair_free(p);
    }
}

TEST(aFatalAlertIsToldOnBothSides)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        sp_conn_set_events(p->client.conn, SP_TELL_ALERT);
        sp_conn_set_events(p->server.conn, SP_TELL_ALERT);
        side_write(&p->client, "x", 1);
        p->client.wire.at[p->client.wire.len - 1] ^= 1;
        pair_run(p);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(item_u32(side_event(&p->server, SP_EV_ALERT), 0), 1 << 16 | 2 << 8 | 20);
        CHECK_INT(item_u32(side_event(&p->client, SP_EV_ALERT), 0), 2 << 8 | 20);
        pair_free(p);
    }
}

TEST(theTraceReadsLikeSslTrace)
{
    if (!sp_library_feature(SP_FEATURE_TRACE))
        test_skip("a library with SSL_trace");
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes all = {NULL, 0, 0};
        sp_conn_set_events(p->client.conn, SP_TELL_TRACE);
        pair_handshake(p);
        for (size_t i = 0; i < side_count(&p->client, SP_EV_TRACE); i++) {
            const event *trace = nth(&p->client, SP_EV_TRACE, i);
            CHECK_INT(item_u32(trace, 1), 0);
            bytes_add(&all, trace->item[0].at, trace->item[0].len);
        }
        bytes_add(&all, "", 1);
        CHECK(strstr((char *)all.at, "Sent ") == (char *)all.at); /* "Sent Record", later "Sent TLS Record" */
        CHECK(strstr((char *)all.at, "Record\nHeader:\n  Version = ") != NULL);
        CHECK(strstr((char *)all.at, "ClientHello, Length=") != NULL);
        CHECK(strstr((char *)all.at, "\nReceived ") != NULL);
        CHECK(strstr((char *)all.at, "Finished, Length=") != NULL);
        bytes_free(&all);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(traceTextThatNobodyTakesIsCountedAndDropped)
{
    if (!sp_library_feature(SP_FEATURE_TRACE))
        test_skip("a library with SSL_trace");
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[1024];
    sp_turn turn;

    pair_handshake(p);
    sp_conn_set_events(p->client.conn, SP_TELL_TRACE);
    for (int i = 0; i < 3000; i++) {
        sp_conn_write(p->client.conn, (const uint8_t *)"some data", 9, out, sizeof(out), &turn);
        CHECK_INT(turn.consumed, 9);
    }
    CHECK_INT(turn.events, 1);
    CHECK(turn.event_bytes <= 64 * 1024 + 32);
    CHECK(turn.event_bytes > 60 * 1024);
    uint8_t *taken = malloc(turn.event_bytes);
    CHECK_INT(sp_conn_take_events(p->client.conn, taken, turn.event_bytes), turn.event_bytes);
    free(taken);
    sp_conn_write(p->client.conn, (const uint8_t *)"x", 1, out, sizeof(out), &turn);
    CHECK_INT(turn.events, 1);
    taken = malloc(turn.event_bytes);
    sp_conn_take_events(p->client.conn, taken, turn.event_bytes);
    uint32_t len, dropped;
    memcpy(&len, taken + 16, 4);
    memcpy(&dropped, taken + 16 + 4 + len + 4, 4);
    CHECK(dropped > 100000);
    free(taken);
    pair_free(p);
    check_nothing_lives();
}

TEST(messagesAreTheRawBytesInBothDirections)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        size_t sent_hello = 0, got_hello = 0, headers = 0;
        sp_conn_set_events(p->client.conn, SP_TELL_MESSAGE);
        pair_handshake(p);
        for (size_t i = 0; i < side_count(&p->client, SP_EV_MESSAGE); i++) {
            const event *message = nth(&p->client, SP_EV_MESSAGE, i);
            uint32_t bits = item_u32(message, 0), type = item_u32(message, 2);
            const uint8_t *body = message->item[3].at;
            sent_hello += bits == SP_MESSAGE_SENT && type == 22 && body[0] == 1;
            got_hello += bits == 0 && type == 22 && body[0] == 2;
            headers += type == 256;
        }
        CHECK_INT(sent_hello, 1);
        CHECK_INT(got_hello, 1);
        CHECK(headers > 4);
        pair_free(p);
    }
}

TEST(messagesThatNobodyTakesAreMarkedAsLost)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[1024], *taken;
    sp_turn turn;
    uint32_t bits = 0;

    pair_handshake(p);
    sp_conn_set_events(p->client.conn, SP_TELL_MESSAGE);
    for (int i = 0; i < 10000; i++)
        sp_conn_write(p->client.conn, (const uint8_t *)"some data", 9, out, sizeof(out), &turn);
    CHECK(turn.event_bytes < 1024 * 1024);
    taken = malloc(turn.event_bytes);
    CHECK_INT(sp_conn_take_events(p->client.conn, taken, turn.event_bytes), turn.event_bytes);
    free(taken);
    sp_conn_write(p->client.conn, (const uint8_t *)"x", 1, out, sizeof(out), &turn);
    taken = malloc(turn.event_bytes);
    sp_conn_take_events(p->client.conn, taken, turn.event_bytes);
    memcpy(&bits, taken + 16 + 4, 4);
    CHECK_INT(bits, SP_MESSAGE_SENT | SP_MESSAGE_LOSS);
    free(taken);
    pair_free(p);
    check_nothing_lives();
}

TEST(switchingTheTraceOffStopsIt)
{
    pair *p = pair_new(0x0304, 0x0304);

    sp_conn_set_events(p->client.conn, SP_TELL_TRACE | SP_TELL_MESSAGE);
    side_step(&p->client, &p->server.wire);
    CHECK(p->client.event_count > 1);
    side_forget_events(&p->client);
    sp_conn_set_events(p->client.conn, 0);
    pair_handshake(p);
    CHECK_INT(side_count(&p->client, SP_EV_TRACE) + side_count(&p->client, SP_EV_MESSAGE), 0);
    pair_free(p);
}
