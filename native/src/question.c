/* question.c - the one open question of a connection: asking, and the answer that ends the pause. */
#include "question.h"

#include "bytes.h"

uint32_t sp_question_ask(sp_conn *conn, uint16_t type, const sp_item *items, uint16_t count)
{
    uint32_t sequence = sp_event_add(conn, type, items, count);

    conn->question = sequence;
    conn->question_kind = type;
    conn->refusal = -1;
    return sequence;
}

int sp_question_is(const sp_conn *conn, uint16_t type)
{
    return sp_conn_alive(conn) && conn->question != 0 && conn->question_kind == type;
}

int32_t sp_conn_answer(sp_conn *conn, uint32_t sequence, int32_t alert)
{
    if (!sp_conn_alive(conn) || sequence == 0 || sequence != conn->question || alert > 255)
        return SP_MISUSE;
    conn->question = 0;
    conn->read_exhausted = 0;
    conn->refusal = (int16_t)(alert < 0 ? -1 : alert);
    switch (conn->question_kind) {
    case SP_EV_RENEGOTIATION:
        conn->renegotiation_stage = SP_STAGE_ANSWERED;
        break;
    case SP_EV_CLIENT_HELLO:
        conn->hello_stage = SP_STAGE_ANSWERED;
        sp_replace_copy(&conn->offered_alpn, &conn->offered_alpn_len, NULL, 0);
        break;
    default:
        conn->cert_stage = SP_STAGE_ANSWERED;
        break;
    }
    return SP_OK;
}
