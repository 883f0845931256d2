/* Windows and records: everything that goes through sp_conn_read and sp_conn_write. */
#include "pair.h"

static const int32_t versions[] = { 0x0303, 0x0304 };
#define EACH_VERSION for (size_t v = 0; v < 2; v++)

TEST(aHandshakeCompletesAndBytesGoBothWays)
{
    EACH_VERSION {
        pair *p = pair_new(versions[v], versions[v]);
        pair_handshake(p);
        side_write(&p->client, "ping", 4);
        side_write(&p->server, "pong!", 5);
        pair_run(p);
        CHECK_BYTES(p->server.plain.at, p->server.plain.len, "ping", 4);
        CHECK_BYTES(p->client.plain.at, p->client.plain.len, "pong!", 5);
        pair_free(p);
    }
    check_nothing_lives();
}
