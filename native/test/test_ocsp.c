/* OCSP stapling: the staple that a server gives at the pause before its certificate, and what the client receives. */
#include "pair.h"

static void staple(side *self, const event *what)
{
    const char *response = self->user;

    if (what->type != SP_EV_CERT)
        return;
    if (response != NULL) { /* the last one counts */
        CHECK_INT(sp_conn_set_ocsp_response(self->conn, (const uint8_t *)"an earlier one", 14), SP_OK);
        CHECK_INT(sp_conn_set_ocsp_response(self->conn, (const uint8_t *)response, strlen(response)), SP_OK);
    }
    CHECK_INT(sp_conn_answer(self->conn, what->sequence, -1), SP_OK);
}

/* A pair whose server gives that response, NULL for none. */
static pair *stapling(int32_t version, const char *response)
{
    pair *p = pair_new(version, version);

    sp_conn_set_events(p->server.conn, SP_ASK_CERT);
    p->server.listener = staple;
    p->server.user = (void *)response;
    return p;
}

TEST(aStapleReachesTheClientOnceBeforeTheHandshakeIsDone)
{
    EACH_VERSION
    {
        pair *p = stapling(versions[v], "not really OCSP");
        uint8_t got[64];
        sp_conn_request_ocsp(p->client.conn);
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_OCSP_RESPONSE), 1);
        const event *response = side_event(&p->client, SP_EV_OCSP_RESPONSE);
        CHECK_BYTES(response->item[0].at, response->item[0].len, "not really OCSP", 15);
        CHECK(response < side_event(&p->client, SP_EV_HANDSHAKE_DONE));
        CHECK_BYTES(got, sp_conn_get(p->client.conn, SP_GET_OCSP_RESPONSE, got, sizeof(got)),
                    "not really OCSP", 15);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aMissingStapleIsToldAsAbsent)
{
    EACH_VERSION
    {
        pair *p = stapling(versions[v], v == 0 ? NULL : "");
        sp_conn_request_ocsp(p->client.conn);
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_OCSP_RESPONSE), 1);
        CHECK(side_event(&p->client, SP_EV_OCSP_RESPONSE)->absent[0]);
        pair_free(p);
    }
}

TEST(aStapleThatNobodyAskedForIsNotSent)
{
    EACH_VERSION
    {
        pair *p = stapling(versions[v], "unasked");
        pair_handshake(p);
        CHECK_INT(side_count(&p->client, SP_EV_OCSP_RESPONSE), 0);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aStapleOutsideItsPauseIsMisuse)
{
    pair *p = pair_new(0x0304, 0x0304);
    sp_conn *server = p->server.conn;

    CHECK_INT(sp_conn_set_ocsp_response(server, (const uint8_t *)"x", 1), SP_MISUSE);
    CHECK_INT(sp_conn_set_ocsp_response(NULL, (const uint8_t *)"x", 1), SP_MISUSE);
    pair_handshake(p);
    CHECK_INT(sp_conn_set_ocsp_response(server, (const uint8_t *)"x", 1), SP_MISUSE);
    pair_free(p);
}
