/* Windows and records: everything that goes through sp_conn_read, sp_conn_write, sp_conn_drain, sp_conn_shutdown. */
#include "bio.h"
#include "pair.h"

#include <openssl/sslerr.h>
#include <openssl/x509err.h>

static uint8_t big[1 << 20];

static void fill_big(void)
{
    uint64_t seed = 7;

    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)test_random(&seed);
}

static pair *secure_pair(int32_t version)
{
    pair *p = pair_new(version, version);

    pair_handshake(p);
    return p;
}

TEST(aHandshakeCompletesAndBytesGoBothWays)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_write(&p->client, "ping", 4);
        side_write(&p->server, "pong!", 5);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "ping", 4);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "pong!", 5);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(windowsOfAnySizeCarryTheSameBytes)
{
    static const size_t sizes[] = {1, 2, 5, 7, 100, 1000, 16384, 0};

    fill_big();
    EACH_VERSION for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
    {
        pair *p = pair_new(versions[v], versions[v]);
        size_t len = sizes[s] == 0 || sizes[s] > 1000 ? sizeof(big) : 40000;
        p->client.in_cap = p->server.in_cap = sizes[s];
        p->client.out_cap = p->server.out_cap = sizes[s];
        p->client.plain_cap = p->server.plain_cap = sizes[s];
        pair_handshake(p);
        side_write(&p->client, big, len);
        pair_run(p);
        side_write(&p->server, big, len / 2);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, big, len);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, big, len / 2);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(nothingIsSentBeforeTheFirstRead)
{
    pair *p = pair_new(0x0303, 0x0304);
    uint8_t out[4096];

    CHECK_INT(sp_conn_write(p->client.conn, (const uint8_t *)"x", 1, out, sizeof(out), &p->client.turn),
              SP_WANT_INPUT);
    CHECK_INT(p->client.turn.consumed, 0);
    CHECK_INT(p->client.turn.emitted, 0);
    CHECK_INT(p->client.turn.flags, SP_TURN_HANDSHAKING);
    CHECK_INT(sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), &p->client.turn), SP_EVENT);
    CHECK(p->client.turn.emitted > 100);
    CHECK_INT(p->client.turn.pending, 0);
    pair_free(p);
}

TEST(theOutputChainKeepsWhatTheWindowCannotTake)
{
    pair *p = pair_new(0x0304, 0x0304);
    uint8_t out[10];
    sp_turn *turn = &p->client.turn;

    sp_conn_read(p->client.conn, NULL, 0, NULL, 0, out, sizeof(out), turn);
    CHECK_INT(turn->emitted, 10);
    CHECK(turn->pending > 100);
    CHECK(sp_library_live(SP_LIVE_CHUNK) > 0);
    uint32_t pending = turn->pending;
    CHECK_INT(sp_conn_drain(p->client.conn, out, sizeof(out), turn), SP_FULL);
    CHECK_INT(turn->emitted, 10);
    CHECK_INT(turn->pending, pending - 10);
    side_drain(&p->client);
    CHECK_INT(sp_library_live(SP_LIVE_CHUNK), 0);
    CHECK_INT(sp_conn_drain(p->client.conn, out, sizeof(out), turn), SP_WANT_INPUT);
    pair_free(p);
    check_nothing_lives();
}

TEST(aWriteTakesWholeRecordsThatFitAndAtLeastOne)
{
    pair *p = secure_pair(0x0304);
    sp_turn *turn = &p->client.turn;
    static uint8_t out[100000];

    fill_big();
    CHECK_INT(sp_conn_write(p->client.conn, big, 100000, out, 40000, turn), SP_FULL);
    CHECK_INT(turn->consumed, 2 * 16384);
    CHECK_INT(turn->pending, 0);
    bytes_add(&p->client.wire, out, turn->emitted);
    CHECK_INT(sp_conn_write(p->client.conn, big + 2 * 16384, 100000 - 2 * 16384, out, 100, turn), SP_FULL);
    CHECK_INT(turn->consumed, 16384);
    CHECK_INT(turn->emitted, 100);
    CHECK(turn->pending > 16000);
    bytes_add(&p->client.wire, out, turn->emitted);
    /* As long as the window cannot take what waits, no more plaintext is taken. */
    CHECK_INT(sp_conn_write(p->client.conn, big, 1, out, 100, turn), SP_FULL);
    CHECK_INT(turn->consumed, 0);
    CHECK_INT(turn->emitted, 100);
    bytes_add(&p->client.wire, out, turn->emitted);
    side_drain(&p->client);
    pair_run(p);
    CHECK_BYTES(p->server.plain.at, p->server.plain.len, big, 3 * 16384);
    pair_free(p);
}

TEST(aSmallerFragmentMakesSmallerRecords)
{
    pair *p = secure_pair(0x0303);

    fill_big();
    CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 511), SP_ERROR);
    CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 16385), SP_ERROR);
    CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 512), SP_OK);
    side_write(&p->client, big, 2048);
    for (uint32_t i = 0; i < 4; i++) {
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, i < 3 ? SP_FULL : SP_WANT_INPUT);
        CHECK_INT(p->server.turn.records, 1);
        CHECK_INT(p->server.turn.record_end[0], 512);
    }
    CHECK_INT(p->client.wire.len, 0);
    pair_free(p);
}

/* Makes two records, of which the second may be changed; returns where that one begins. */
static size_t two_records(pair *p, const char *first, const char *second)
{
    size_t at;

    side_write(&p->client, first, strlen(first));
    at = p->client.wire.len;
    side_write(&p->client, second, strlen(second));
    return at;
}

TEST(aRecordCanBeAnsweredBeforeTheNextOneInTheWindowFails)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        two_records(p, "request", "forged");
        p->client.wire.at[p->client.wire.len - 1] ^= 1;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FULL);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "request", 7);
        side_write(&p->server, "answer", 6);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.produced, 0);
        pair_run(p);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "answer", 6);
        CHECK_INT(p->client.status, SP_FAILED);
        CHECK_INT(p->client.turn.report.alert, 20);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aRecordCanBeAnsweredBeforeTheClientHelloBehindItIsRead)
{
    pair *p = secure_pair(0x0303);
    size_t answer;

    side_write(&p->client, "request", 7);
    CHECK_INT(sp_conn_renegotiate(p->client.conn, 0, NULL), SP_OK);
    side_step(&p->client, &p->server.wire);
    side_forget_events(&p->server);
    side_step(&p->server, &p->client.wire);
    CHECK_INT(p->server.status, SP_FULL);
    CHECK_BYTES(p->server.plain.at, p->server.plain.len, "request", 7);
    CHECK(p->client.wire.len > 0);
    CHECK_INT(p->server.turn.flags, SP_TURN_SECURE);
    CHECK_INT(p->server.event_count, 0);
    side_write(&p->server, "answer", 6);
    answer = p->server.wire.len;
    CHECK_INT(p->server.wire.at[0], SSL3_RT_APPLICATION_DATA);
    side_step(&p->server, &p->client.wire);
    CHECK(side_event(&p->server, SP_EV_HANDSHAKE_START) != NULL);
    pair_run(p);
    CHECK(answer > 0 && side_event(&p->server, SP_EV_HANDSHAKE_DONE) != NULL);
    CHECK_BYTES(p->client.plain.at, p->client.plain.len, "answer", 6);
    pair_free(p);
    check_nothing_lives();
}

TEST(theEndOfAHandshakeCanBeAnsweredBeforeTheNextRecordFails)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes flight = {NULL, 0, 0};
        /* Finished and a forged record in one window; the client of TLS 1.2 is not done yet, so it sends a bare one. */
        while (!(p->server.turn.flags & SP_TURN_SECURE) && flight.len == 0) {
            side_step(&p->client, &p->server.wire);
            if (side_event(&p->client, SP_EV_HANDSHAKE_DONE) != NULL ||
                (versions[v] == 0x0303 && p->server.turn.emitted > 0))
                bytes_add(&flight, p->client.wire.at, p->client.wire.len);
            else
                side_step(&p->server, &p->client.wire);
        }
        bytes_add(&flight, "\x17\x03\x03\x00\x20 this is no record of either side .", 5 + 32);
        side_forget_events(&p->server);
        do
            CHECK(side_step(&p->server, &flight));
        while (side_event(&p->server, SP_EV_HANDSHAKE_DONE) == NULL);
        CHECK_INT(p->server.status, SP_EVENT);
        CHECK_INT(flight.len, 5 + 32);
        side_write(&p->server, "hello", 5);
        do
            side_step(&p->server, &flight);
        while (p->server.status == SP_EVENT);
        CHECK_INT(p->server.status, SP_FAILED);
        p->client.wire.len = 0;
        do
            side_step(&p->client, &p->server.wire);
        while (p->client.status != SP_FAILED);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "hello", 5);
        bytes_free(&flight);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(afterTheOwnCloseNotifyOnlyTheOuterTypeEndsARead)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_shutdown(&p->server);
        two_records(p, "one", "two");
        side_shutdown(&p->client);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.turn.records, 2);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "onetwo", 6);
        CHECK_INT(p->server.status, versions[v] == 0x0303 ? SP_FULL : SP_CLOSED);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_CLOSED);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(plaintextStandsBesideAFailureOnceNobodyCanAnswer)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_shutdown(&p->server);
        two_records(p, "good", "forged");
        p->client.wire.at[p->client.wire.len - 1] ^= 1;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.records, 1);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "good", 4);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(recordsGrowAgainWhenTheLimitIsRaised)
{
    fill_big();
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 512), SP_OK);
        CHECK_INT(sp_conn_idle(p->client.conn), SP_OK);
        side_write(&p->client, big, 1000);
        CHECK_INT(sp_conn_set_max_fragment(p->client.conn, 16384), SP_OK);
        side_write(&p->client, big + 1000, 40000);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, big, 41000);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theRecordTableStopsAReadWhenItIsFull)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_shutdown(&p->server); /* before, each record ends a read */
        for (int i = 0; i < 40; i++)
            side_write(&p->client, &"0123456789"[i % 10], 1);
        CHECK(side_step(&p->server, &p->client.wire));
        CHECK_INT(p->server.status, SP_FULL);
        CHECK_INT(p->server.turn.records, SP_RECORDS_MAX);
        CHECK_INT(p->server.turn.produced, SP_RECORDS_MAX);
        CHECK(p->client.wire.len > 0);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_WANT_INPUT);
        CHECK_INT(p->server.turn.records, 8);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "0123456789012345678901234567890123456789", 40);
        pair_free(p);
    }
}

TEST(aRecordEndsInTheTableOfTheReadThatFinishesIt)
{
    pair *p = secure_pair(0x0304);

    side_write(&p->client, "0123456789", 10);
    side_write(&p->client, "abc", 3);
    p->server.plain_cap = 6;
    side_step(&p->server, &p->client.wire);
    CHECK_INT(p->server.status, SP_FULL);
    CHECK_INT(p->server.turn.records, 0);
    side_step(&p->server, &p->client.wire);
    CHECK_INT(p->server.status, SP_FULL);
    CHECK_INT(p->server.turn.produced, 4);
    CHECK_INT(p->server.turn.records, 1);
    CHECK_INT(p->server.turn.record_end[0], 4);
    side_step(&p->server, &p->client.wire);
    CHECK_INT(p->server.status, SP_WANT_INPUT);
    CHECK_INT(p->server.turn.records, 1);
    CHECK_INT(p->server.turn.record_end[0], 3);
    pair_free(p);
}

TEST(aFullPlaintextWindowLeavesTheCiphertextWithTheCaller)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_write(&p->client, "first", 5);
        size_t first = p->client.wire.len;
        side_write(&p->client, "second", 6);
        p->server.plain_cap = 5;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FULL);
        CHECK_INT(p->server.turn.consumed, first);
        p->server.plain_cap = 6;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_WANT_INPUT);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "firstsecond", 11);
        pair_free(p);
    }
}

TEST(aReadWithoutAPlaintextWindowSaysThatDataWaits)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        uint8_t plain[16];
        side_write(&p->client, "data", 4);
        CHECK_INT(sp_conn_read(p->server.conn, p->client.wire.at, p->client.wire.len, NULL, 100, NULL, 100,
                               &p->server.turn),
                  SP_FULL);
        CHECK_INT(p->server.turn.produced, 0);
        CHECK_INT(p->server.turn.consumed, p->client.wire.len);
        CHECK_INT(sp_conn_read(p->server.conn, NULL, 0, plain, sizeof(plain), NULL, 0, &p->server.turn),
                  SP_WANT_INPUT);
        CHECK_BYTES(plain, p->server.turn.produced, "data", 4);
        CHECK_INT(sp_conn_read(p->server.conn, NULL, 0, NULL, 0, NULL, 0, &p->server.turn), SP_WANT_INPUT);
        pair_free(p);
    }
}

TEST(closeNotifyEndsReadingAndTheOtherDirectionGoesOn)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_write(&p->client, "last", 4);
        side_shutdown(&p->client);
        CHECK_INT(p->client.turn.status, SP_WANT_INPUT);
        CHECK(p->client.turn.emitted > 0);
        pair_run(p);
        CHECK_INT(p->server.status, SP_CLOSED);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "last", 4);
        side_write(&p->server, "still here", 10);
        pair_run(p);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "still here", 10);
        side_shutdown(&p->server);
        CHECK_INT(p->server.turn.status, SP_CLOSED);
        pair_run(p);
        CHECK_INT(p->client.status, SP_CLOSED);
        side_shutdown(&p->client);
        CHECK_INT(p->client.turn.emitted, 0);
        pair_free(p);
    }
}

TEST(aWriteAfterTheOwnCloseNotifyTakesNothing)
{
    pair *p = secure_pair(0x0304);
    uint8_t out[100];

    side_shutdown(&p->client);
    CHECK_INT(sp_conn_write(p->client.conn, (const uint8_t *)"x", 1, out, sizeof(out), &p->client.turn),
              SP_CLOSED);
    CHECK_INT(p->client.turn.consumed, 0);
    CHECK_INT(p->client.turn.emitted, 0);
    pair_free(p);
}

TEST(whatComesAfterCloseNotifyIsIgnored)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_shutdown(&p->client);
        bytes_add(&p->client.wire, "GET / HTTP/1.0\r\n\r\n", 18);
        CHECK(side_step(&p->server, &p->client.wire));
        CHECK_INT(p->server.status, SP_CLOSED);
        CHECK_INT(p->client.wire.len, 0);
        bytes_add(&p->client.wire, "\x16\x03\x03\xff\xff more", 10);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_CLOSED);
        CHECK_INT(p->server.turn.consumed, 10);
        CHECK_INT(p->server.turn.emitted, 0);
        pair_free(p);
    }
}

TEST(closeNotifyAskedForInAHandshakeComesAtItsEnd)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        side_step(&p->client, &p->server.wire);
        side_shutdown(&p->client);
        CHECK_INT(p->client.turn.emitted, 0);
        pair_handshake(p);
        CHECK_INT(p->server.status, SP_CLOSED);
        CHECK_INT(p->client.status, SP_WANT_INPUT);
        pair_free(p);
    }
}

TEST(aFlippedByteIsFatalOnBothSidesAndStaysSo)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        uint8_t out[64];
        side_write(&p->client, "data", 4);
        p->client.wire.at[p->client.wire.len - 1] ^= 1;
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK_INT(p->server.turn.report.alert, 20);
        CHECK_INT(p->server.turn.report.alert_sent, 1);
        CHECK_INT(p->server.turn.report.ssl_error, 1);
        const sp_error *error = turn_error(&p->server.turn, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
        CHECK(error != NULL);
        CHECK_TEXT(error->reason_text, "decryption failed or bad record mac");
        CHECK_TEXT(error->library_text, "SSL routines");
        CHECK(p->server.turn.emitted > 0);

        memset(&p->server.turn, 0xAA, sizeof(p->server.turn));
        CHECK_INT(sp_conn_read(p->server.conn, (const uint8_t *)"x", 1, NULL, 0, NULL, 0, &p->server.turn),
                  SP_FAILED);
        CHECK(turn_error(&p->server.turn, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) != NULL);
        CHECK_INT(p->server.turn.report.alert, 20);
        CHECK_INT(p->server.turn.consumed, 0);
        CHECK_INT(sp_conn_write(p->server.conn, (const uint8_t *)"x", 1, out, 64, &p->server.turn),
                  SP_FAILED);
        CHECK_INT(sp_conn_shutdown(p->server.conn, out, 64, &p->server.turn), SP_FAILED);
        CHECK_INT(p->server.turn.emitted, 0);

        side_step(&p->client, &p->server.wire);
        CHECK_INT(p->client.status, SP_FAILED);
        CHECK_INT(p->client.turn.report.alert, 20);
        CHECK_INT(p->client.turn.report.alert_sent, 0);
        CHECK_INT(p->client.turn.report.error[0].reason, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(theAlertOfAFailureCanBeDrainedByteByByte)
{
    pair *p = secure_pair(0x0304);

    side_write(&p->client, "data", 4);
    p->client.wire.at[p->client.wire.len - 1] ^= 1;
    p->server.out_cap = 1;
    side_step(&p->server, &p->client.wire);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK(p->server.turn.pending > 0);
    side_drain(&p->server);
    side_step(&p->client, &p->server.wire);
    CHECK_INT(p->client.turn.report.alert, 20);
    pair_free(p);
    check_nothing_lives();
}

TEST(aServerNamesPlainHttpAndOtherGarbage)
{
    pair *p = pair_new(0x0303, 0x0304);
    sp_conn *server = p->server.conn;
    sp_turn turn;
    uint8_t out[100], events[1000];

    CHECK_INT(sp_conn_read(server, (const uint8_t *)"GET / HTTP/1.1\r\n", 16, NULL, 0, out, 100, &turn),
              SP_FAILED);
    CHECK_INT(turn.report.error[0].reason, SSL_R_HTTP_REQUEST);
    CHECK(turn.events > 0);
    CHECK(sp_conn_take_events(server, events, sizeof(events)) > 0);
    pair_reconnect(p);
    CHECK_INT(
        sp_conn_read(p->server.conn, (const uint8_t *)"garbage that is no TLS", 22, NULL, 0, out, 100, &turn),
        SP_FAILED);
    CHECK_INT(turn.report.error[0].reason, SSL_R_WRONG_VERSION_NUMBER);
    pair_free(p);
}

TEST(aClientNamesAPeerThatSpeaksNoTls)
{
    pair *p = pair_new(0x0303, 0x0304);

    side_step(&p->client, &p->server.wire);
    bytes_add(&p->server.wire, "220 smtp.example ESMTP\r\n", 24);
    side_step(&p->client, &p->server.wire);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK_INT(p->client.turn.report.error[0].reason, SSL_R_WRONG_VERSION_NUMBER);
    pair_free(p);
}

TEST(versionRangesThatDoNotMeetFailOnBothSides)
{
    pair *p = pair_of(test_ctx(SP_ROLE_CLIENT, 0x0303, 0x0303), test_ctx(SP_ROLE_SERVER, 0x0304, 0x0304));

    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.error[0].reason, SSL_R_UNSUPPORTED_PROTOCOL);
    CHECK_INT(p->client.status, SP_FAILED);
    CHECK_INT(p->client.turn.report.error[0].reason, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    CHECK_INT(p->client.turn.report.alert, 70);
    pair_free(p);
}

TEST(aClientOnlyContextFailsOnAServer)
{
    pair *p = pair_of(test_ctx(SP_ROLE_CLIENT, 0, 0), test_ctx(SP_ROLE_CLIENT, 0, 0));

    pair_run(p);
    CHECK_INT(p->server.status, SP_FAILED);
    CHECK_INT(p->server.turn.report.error[0].reason, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
    pair_free(p);
}

TEST(nullAndNonsenseAreMisuse)
{
    pair *p = pair_new(0x0303, 0x0304);
    sp_turn turn;
    uint8_t byte = 0;

    CHECK_INT(sp_conn_read(NULL, &byte, 1, &byte, 1, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(turn.status, SP_MISUSE);
    CHECK_INT(sp_conn_read(p->client.conn, NULL, 0, NULL, 0, NULL, 0, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_write(NULL, &byte, 1, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_write(p->client.conn, &byte, 1, &byte, 1, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_drain(NULL, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_drain(p->client.conn, &byte, 1, NULL), SP_MISUSE);
    CHECK_INT(sp_conn_shutdown(NULL, &byte, 1, &turn), SP_MISUSE);
    CHECK_INT(sp_conn_shutdown(p->client.conn, &byte, 1, NULL), SP_MISUSE);
    sp_conn_free(NULL);
    sp_ctx_free(NULL);
    CHECK(sp_conn_new(NULL, 0, NULL) == NULL);
    pair_free(p);
    check_nothing_lives();
}

TEST(ciphertextThatNobodyFetchesStopsTheReader)
{
    pair *p = secure_pair(0x0303);
    uint8_t out[1];
    sp_turn *turn = &p->server.turn;

    fill_big();
    for (int i = 0; i < 30; i++) { /* each write queues one record behind a window without room */
        int32_t status = sp_conn_write(p->server.conn, big, 16384, NULL, 0, turn);
        CHECK(i == 0 ? status == SP_WANT_INPUT : status == SP_FULL);
    }
    CHECK(turn->pending < 20000);
    CHECK_INT(sp_conn_read(p->server.conn, NULL, 0, NULL, 0, out, 1, turn), SP_WANT_INPUT);
    CHECK_INT(turn->emitted, 1);
    pair_free(p);
    check_nothing_lives();
}

TEST(aPeerThatMakesUsTalkWithoutReadingIsHeldBack)
{
    pair *p = secure_pair(0x0303);
    sp_turn turn;
    static uint8_t window[1024];
    int32_t status = SP_WANT_INPUT;

    /* A flood of renegotiations fills the overflow in practice; here the function behind the BIO does. */
    for (int i = 0; i < 300; i++)
        CHECK(sp_window_write(p->server.conn, window, sizeof(window)));
    side_write(&p->client, "data", 4);
    status = sp_conn_read(p->server.conn, p->client.wire.at, p->client.wire.len, window, sizeof(window), NULL,
                          0, &turn);
    CHECK_INT(status, SP_FULL);
    CHECK_INT(turn.consumed, 0);
    CHECK_INT(turn.pending, 300 * 1024);
    side_drain(&p->server);
    side_step(&p->server, &p->client.wire);
    CHECK_BYTES(p->server.plain.at, p->server.plain.len, "data", 4);
    pair_free(p);
    check_nothing_lives();
}

/* Fields of a packed turn, as its comment in sp.h has them. */
static uint32_t packed_field(int64_t packed, int at, int bits)
{
    return (uint32_t)((uint64_t)packed >> at) & ((1u << bits) - 1);
}

TEST(aBriefSaysWhatTheTurnSays)
{
    static const size_t sizes[] = {0, 1, 64, 16384, 16385, 40000};
    static uint8_t cipher[65536], text[40000], back[65536];

    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        sp_turn turn;
        pair_handshake(p);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            int64_t packed =
                sp_conn_write_packed(p->client.conn, text, sizes[i], cipher, sizeof(cipher), &turn);
            size_t len = turn.emitted;
            CHECK_INT(packed_field(packed, SP_PACKED_STATUS, 1), turn.status);
            CHECK_INT(packed_field(packed, SP_PACKED_FLAGS, 2), SP_TURN_SECURE);
            CHECK_INT(packed_field(packed, SP_PACKED_CONSUMED, 19), sizes[i]);
            CHECK_INT(packed_field(packed, SP_PACKED_PRODUCED, 19), 0);
            CHECK_INT(packed_field(packed, SP_PACKED_EMITTED, 19), len);
            if (sizes[i] > 16384) { /* several records */
                for (size_t at = 0, got = 0; at < len; at += turn.consumed) {
                    packed = sp_conn_read_packed(p->server.conn, cipher + at, len - at, back, sizeof(back),
                                                 NULL, 0, &turn);
                    got += turn.produced;
                    CHECK_INT(packed_field(packed, SP_PACKED_STATUS, 1),
                              got < sizes[i] ? SP_FULL : SP_WANT_INPUT);
                    CHECK_INT(packed_field(packed, SP_PACKED_RECORDS, 1), 1);
                    CHECK_INT(packed_field(packed, SP_PACKED_CONSUMED, 19), turn.consumed);
                }
                continue;
            }
            packed = sp_conn_read_packed(p->server.conn, cipher, len, back, sizeof(back), NULL, 0, &turn);
            CHECK_INT(turn.produced, sizes[i]);
            CHECK_INT(packed_field(packed, SP_PACKED_STATUS, 1), SP_WANT_INPUT);
            CHECK_INT(packed_field(packed, SP_PACKED_RECORDS, 1), sizes[i] > 0);
            CHECK_INT(packed_field(packed, SP_PACKED_CONSUMED, 19), len);
            CHECK_INT(packed_field(packed, SP_PACKED_PRODUCED, 19), sizes[i]);
        }
        /* Pending ciphertext and a failure cannot be packed. */
        CHECK_INT(sp_conn_write_packed(p->client.conn, text, 1000, cipher, 10, &turn), -1);
        CHECK_INT(sp_conn_read_packed(p->server.conn, text, 1000, back, sizeof(back), NULL, 0, &turn), -1);
        CHECK_INT(turn.status, SP_FAILED);
        CHECK_INT(sp_conn_read_packed(NULL, NULL, 0, NULL, 0, NULL, 0, &turn), -1);
        CHECK_INT(turn.status, SP_MISUSE);
        CHECK_INT(sp_conn_read_packed(NULL, NULL, 0, NULL, 0, NULL, 0, NULL), -1);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(whatSomebodyLeftInTheErrorQueueFailsNoTurn)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_write(&p->client, "ping", 4);
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        p->server.in_cap = 7; /* most reads end in the middle of the record */
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "ping", 4);
        CHECK_INT(p->server.status, SP_WANT_INPUT);
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        side_write(&p->server, "pong", 4);
        side_shutdown(&p->server);
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        pair_run(p);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "pong", 4);
        CHECK_INT(p->client.status, SP_CLOSED);
        pair_free(p);
    }
    ERR_clear_error();
    check_nothing_lives();
}

TEST(whatSomebodyLeftInTheErrorQueueIsNotTakenForTheCause)
{
    EACH_VERSION
    {
        pair *p = secure_pair(versions[v]);
        side_write(&p->client, "ping", 4);
        p->client.wire.at[p->client.wire.len - 1] ^= 1;
        ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        side_step(&p->server, &p->client.wire);
        CHECK_INT(p->server.status, SP_FAILED);
        CHECK(turn_error(&p->server.turn, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) != NULL);
        for (uint32_t i = 0; i < p->server.turn.report.count; i++) {
            int library = p->server.turn.report.error[i].library;
            CHECK(library == ERR_LIB_SSL || library == ERR_LIB_PROV);
        }
        CHECK_INT(ERR_peek_error(), 0);
        pair_free(p);
    }
    check_nothing_lives();
}
