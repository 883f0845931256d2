/* Streams cut at each byte, flipped at each byte, connections broken off anywhere. In every case each call returns,
 * and nothing is alive afterwards. */
#include "pair.h"

enum { TO_SERVER = 0, TO_CLIENT = 1 };

/* A wire that passes at most `limit` bytes in all and flips one bit of the byte at `flip`. */
typedef struct weather {
    int direction;
    size_t limit, flip;
    size_t passed;
} weather;

static const weather fair = {TO_SERVER, SIZE_MAX, SIZE_MAX, 0};

/* The first `old` bytes of the wire went through before and were not read yet. */
static void disturb(weather *at, bytes *wire, size_t old)
{
    size_t room = at->limit - at->passed, fresh = wire->len - old;

    if (at->flip >= at->passed && at->flip - at->passed < fresh)
        wire->at[old + at->flip - at->passed] ^= 0x20;
    if (fresh > room)
        fresh = room;
    wire->len = old + fresh;
    at->passed += fresh;
}

/* Runs both sides; returns the bytes that passed in the disturbed direction. */
static size_t run(pair *p, weather at)
{
    bytes *wire = at.direction == TO_SERVER ? &p->client.wire : &p->server.wire;
    int moved = 1;

    for (int turns = 0; moved && turns < 10000; turns++) {
        side *from = at.direction == TO_SERVER ? &p->client : &p->server;
        side *to = from == &p->client ? &p->server : &p->client;
        size_t old = wire->len;
        moved = side_step(from, &to->wire);
        side_drain(from);
        disturb(&at, wire, old);
        moved |= side_step(to, wire);
        side_drain(to);
    }
    CHECK(!moved);
    return at.passed;
}

static void talk(pair *p)
{
    uint8_t out[1024];
    side *sides[] = {&p->client, &p->server};

    for (int i = 0; i < 2; i++) {
        int32_t status =
            sp_conn_write(sides[i]->conn, (const uint8_t *)"data", 4, out, sizeof(out), &sides[i]->turn);
        CHECK(status == SP_WANT_INPUT || status == SP_FAILED || status == SP_PAUSED || status == SP_CLOSED);
        bytes_add(&sides[i]->wire, out, sides[i]->turn.emitted);
        side_shutdown(sides[i]);
    }
}

static void listen_to_all(pair *p)
{
    sp_conn_set_events(p->server.conn, SP_ASK_HELLO | SP_ASK_CERT | SP_ASK_RENEGOTIATION | SP_TELL_SESSION);
    sp_conn_set_events(p->client.conn, SP_TELL_SESSION | SP_TELL_KEYLOG);
    sp_conn_request_ocsp(p->client.conn);
    sp_conn_set_servername(p->client.conn, "weather.example", NULL);
}

TEST(aHandshakeCutAtAnyByteLeavesNothing)
{
    EACH_VERSION for (int direction = TO_SERVER; direction <= TO_CLIENT; direction++)
    {
        weather at = fair;
        pair *p = pair_new(versions[v], versions[v]);
        listen_to_all(p);
        at.direction = direction;
        size_t total = run(p, at);
        CHECK((p->server.turn.flags & SP_TURN_SECURE) != 0);
        CHECK(total > 300);
        total -= 8; /* an ECDSA signature is a few bytes longer or shorter each time */
        for (size_t limit = 0; limit < total; limit++) {
            pair_reconnect(p);
            listen_to_all(p);
            at.limit = limit;
            CHECK_INT(run(p, at), limit);
            CHECK(p->client.status == SP_WANT_INPUT && p->server.status == SP_WANT_INPUT);
            talk(p);
        }
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aHandshakeWithAnyByteFlippedEndsWell)
{
    EACH_VERSION for (int direction = TO_SERVER; direction <= TO_CLIENT; direction++)
    {
        weather at = fair;
        pair *p = pair_new(versions[v], versions[v]);
        size_t failures = 0;
        listen_to_all(p);
        at.direction = direction;
        size_t total = run(p, at);
        for (at.flip = 0; at.flip < total; at.flip++) {
            pair_reconnect(p);
            listen_to_all(p);
            run(p, at);
            failures += p->client.status == SP_FAILED || p->server.status == SP_FAILED;
            if (p->client.turn.flags & p->server.turn.flags & SP_TURN_SECURE &&
                p->client.status != SP_FAILED && p->server.status != SP_FAILED) {
                side_write(&p->client, "whole", 5);
                pair_run(p);
                CHECK_BYTES(p->server.plain.at, p->server.plain.len, "whole", 5);
            }
            talk(p);
        }
        CHECK(failures > total / 2);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(dataIsDeliveredWithTheLastByteOfItsRecord)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        side_write(&p->client, "0123456789", 10);
        size_t first = p->client.wire.len;
        side_write(&p->client, "abcdefghij", 10);
        size_t total = p->client.wire.len;
        p->server.in_cap = 1;
        for (size_t passed = 1; passed <= total; passed++) {
            side_step(&p->server, &p->client.wire);
            CHECK_INT(p->client.wire.len, total - passed);
            CHECK_INT(p->server.plain.len, passed < first ? 0 : passed < total ? 10 : 20);
        }
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "0123456789abcdefghij", 20);
        pair_free(p);
    }
}

TEST(tenThousandConnectionsHalfOfThemBrokenOffLeaveNothing)
{
    uint64_t seed = 20240607;
    size_t broken = 0, whole = 0, total[2];
    pair *p = pair_new(0x0303, 0x0304);

    for (int direction = TO_SERVER; direction <= TO_CLIENT; direction++) {
        weather at = fair;
        pair_reconnect(p);
        at.direction = direction;
        total[direction] = run(p, at);
    }
    for (int i = 0; i < 10000; i++) {
        weather at = fair;
        pair_reconnect(p);
        if (i % 4 == 0)
            listen_to_all(p);
        if (i % 2 == 0) {
            at.direction = (int)(test_random(&seed) % 2);
            at.limit = test_random(&seed) % total[at.direction];
        }
        run(p, at);
        talk(p);
        if (i % 2 == 1)
            pair_run(p);
        if (p->server.turn.flags & SP_TURN_SECURE)
            whole++;
        else
            broken++;
    }
    CHECK(whole >= 5000);
    CHECK(broken > 2500);
    pair_free(p);
    check_nothing_lives();
}
