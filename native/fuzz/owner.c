#include "owner.h"

unsigned program_next(program *from)
{
    if (from->left == 0)
        return from->state != 0 ? (unsigned)(test_random(&from->state) >> 11 & 0xff) : 0;
    from->left--;
    return *from->at++;
}

void owner_open(owner *self, sp_ctx *ctx, int is_server)
{
    self->conn = sp_conn_new(ctx, is_server, NULL);
    if (self->conn == NULL)
        abort();
    self->asked = 0;
    self->failed = 0;
    self->wire.len = 0;
}

void owner_take(owner *self)
{
    static uint8_t events[600 * 1024];
    int64_t taken = sp_conn_take_events(self->conn, events, sizeof(events));
    uint32_t length, id_len;
    uint16_t type;

    for (int64_t at = 0; at < taken; at += 16 + length) {
        memcpy(&type, events + at, 2);
        memcpy(&length, events + at + 12, 4);
        if (type == SP_EV_CLIENT_HELLO || type == SP_EV_CERT || type == SP_EV_RENEGOTIATION)
            memcpy(&self->asked, events + at + 4, 4);
        if (type == SP_EV_SESSION) {
            memcpy(&id_len, events + at + 16, 4);
            self->session.len = 0;
            bytes_add(&self->session, events + at + 16 + 4 + id_len + 4, length - id_len - 8);
        }
    }
}

void owner_drain(owner *self)
{
    static uint8_t out[40000];
    sp_turn turn;

    sp_conn_drain(self->conn, out, sizeof(out), &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

void owner_set(owner *self, unsigned which, unsigned value, sp_ctx *const contexts[2])
{
    static const uint8_t list[] = "\x02h2\x01"
                                  "a";
    sp_conn *conn = self->conn;

    switch (which) {
    case 0:
        sp_conn_set_verify(conn, (int32_t)(value % 4));
        break;
    case 1:
        sp_conn_set_max_fragment(conn, (int32_t)value * 100);
        break;
    case 2:
        sp_conn_set_alpn(conn, list, value % 6);
        break;
    case 3:
        sp_conn_set_npn(conn, list, value % 6);
        break;
    case 4:
        sp_conn_select_alpn(conn, list + 1, value % 4);
        break;
    case 5:
        sp_conn_use_identity(conn, contexts[value % 2], NULL);
        break;
    case 6:
        sp_conn_set_ocsp_response(conn, list, value % 6);
        break;
    case 7:
        sp_conn_request_ocsp(conn);
        break;
    case 8:
        sp_conn_offer_post_handshake_auth(conn);
        break;
    default:
        sp_conn_set_servername(conn, value % 2 ? "fuzz.example" : "other.example", NULL);
        break;
    }
}

void owners_free(owner owners[2])
{
    for (int i = 0; i < 2; i++)
        sp_conn_free(owners[i].conn);
    fuzz_check_nothing_lives();
}
