/* Two well-formed connections under misuse: the input is a program of calls - windows of any size, answers late,
 * twice, refused or for the wrong question, settings at the wrong time, closing and freeing anywhere. */
#include "fuzz.h"

#include "internal.h"

typedef struct reader {
    const uint8_t *at;
    size_t left;
} reader;

static unsigned next(reader *from)
{
    if (from->left == 0)
        return 0;
    from->left--;
    return *from->at++;
}

/* One connection, and what its caller knows of it. */
typedef struct owner {
    sp_conn *conn;
    bytes wire;
    uint32_t asked; /* the newest question seen */
    bytes session;  /* the newest session seen, on either side: kept between runs */
} owner;

static sp_ctx *contexts[2][2]; /* by version, by role */
static owner owners[2];

static void need_contexts(void)
{
    for (int v = 0; v < 2 && contexts[v][0] == NULL; v++) {
        int32_t version = 0x0303 + v;
        contexts[v][0] = test_ctx(SP_ROLE_CLIENT, version, version);
        contexts[v][1] = test_ctx(SP_ROLE_SERVER, version, version);
        sp_ctx_set_options(contexts[v][1], SSL_OP_NO_TICKET, 0);
        sp_ctx_set_session_id_context(contexts[v][1], (const uint8_t *)"fuzz", 4, NULL);
        test_use(contexts[v][0], test_identity(KEY_P256, "client.example"));
        sp_ctx_enable_npn(contexts[v][0]);
        sp_ctx_enable_npn(contexts[v][1]);
    }
}

static void take(owner *self)
{
    static uint8_t events[256 * 1024];
    int64_t taken = sp_conn_take_events(self->conn, events, sizeof(events));
    uint32_t length, len;
    uint16_t type;

    for (int64_t at = 0; at < taken; at += 16 + length) {
        memcpy(&type, events + at, 2);
        memcpy(&length, events + at + 12, 4);
        if (type == SP_EV_CLIENT_HELLO || type == SP_EV_CERT || type == SP_EV_RENEGOTIATION)
            memcpy(&self->asked, events + at + 4, 4);
        if (type == SP_EV_SESSION) {
            memcpy(&len, events + at + 16, 4);
            memcpy(&length, events + at + 12, 4);
            self->session.len = 0;
            bytes_add(&self->session, events + at + 16 + 4 + len + 4, length - len - 8);
        }
    }
}

static void read_some(owner *self, owner *other, reader *program)
{
    unsigned sizes = next(program);
    size_t window = sizes & 1 ? 1 + sizes : 40000, len = other->wire.len;
    uint8_t *out = malloc(window), *plain = calloc(1, window);
    sp_turn turn;

    if (sizes & 2 && len > 1 + (sizes >> 2))
        len = 1 + (sizes >> 2);
    sp_conn_read(self->conn, other->wire.at, len, sizes & 4 ? NULL : plain, window, out, window, &turn);
    if (turn.consumed > len || turn.produced > window || turn.emitted > window)
        abort();
    bytes_drop(&other->wire, turn.consumed);
    bytes_add(&self->wire, out, turn.emitted);
    free(out);
    free(plain);
}

static void write_some(owner *self, reader *program)
{
    static uint8_t plain[20000];
    uint8_t out[1000];
    unsigned size = next(program);
    sp_turn turn;

    sp_conn_write(self->conn, plain, size & 1 ? sizeof(plain) : size, size & 2 ? out : NULL, sizeof(out),
                  &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void drain(owner *self)
{
    uint8_t out[5000];
    sp_turn turn;

    sp_conn_drain(self->conn, out, sizeof(out), &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void close_notify(owner *self)
{
    uint8_t out[10];
    sp_turn turn;

    sp_conn_shutdown(self->conn, out, sizeof(out), &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void answer(owner *self, reader *program)
{
    unsigned how = next(program);

    sp_conn_answer(self->conn, self->asked + (how % 16 == 0), how > 250 ? (int32_t)next(program) : -1);
}

static void set(owner *self, reader *program, int v)
{
    sp_conn *conn = self->conn;
    unsigned value = next(program);
    const uint8_t *list = (const uint8_t *)"\x02h2\x01"
                                           "a";

    switch (next(program) % 19) {
    case 0:
        sp_conn_set_events(conn, value);
        break;
    case 1:
        sp_conn_set_verify(conn, (int32_t)(value % 4));
        break;
    case 2:
        sp_conn_set_max_fragment(conn, (int32_t)value * 100);
        break;
    case 3:
        sp_conn_set_alpn(conn, list, value % 6);
        break;
    case 4:
        sp_conn_set_npn(conn, list, value % 6);
        break;
    case 5:
        sp_conn_set_session(conn, owners[0].session.at, owners[0].session.len);
        break;
    case 6:
        sp_conn_offer_session(conn, owners[1].session.at, owners[1].session.len);
        break;
    case 7:
        sp_conn_select_alpn(conn, list + 1, value % 4);
        break;
    case 8:
        sp_conn_use_identity(conn, contexts[v][value % 2], NULL);
        break;
    case 9:
        sp_conn_set_ocsp_response(conn, list, value % 6);
        break;
    case 10:
        sp_conn_request_ocsp(conn);
        break;
    case 11:
        sp_conn_renegotiate(conn, (int32_t)(value % 2), NULL);
        break;
    case 12:
        sp_conn_key_update(conn, (int32_t)(value % 2), NULL);
        break;
    case 13:
        sp_conn_offer_post_handshake_auth(conn);
        sp_conn_request_client_certificate(conn, NULL);
        break;
    case 14:
        sp_conn_set_servername(conn, value % 2 ? "fuzz.example" : "other.example", NULL);
        break;
    case 15:
        sp_conn_set_peer_name(conn, list, value % 6);
        break;
    case 16:
        sp_conn_drop_session(conn);
        break;
    case 17:
        sp_conn_use_certificates(conn, contexts[v][value % 2], NULL);
        break;
    default:
        sp_conn_set_options(conn, (uint64_t)(value & 1) << 30, SSL_OP_NO_TICKET);
        break;
    }
}

static void ask(owner *self, reader *program)
{
    uint8_t out[2000];

    sp_conn_int(self->conn, (int32_t)(next(program) % 12));
    sp_conn_get(self->conn, (int32_t)(next(program) % 30), out, next(program) * 8u);
}

static void step(owner *self, owner *other, reader *program, int v)
{
    switch (next(program) % 12) {
    case 0:
        write_some(self, program);
        break;
    case 1:
        drain(self);
        break;
    case 2:
        answer(self, program);
        break;
    case 3:
        set(self, program, v);
        break;
    case 4:
        ask(self, program);
        break;
    case 5:
        if (next(program) > 240)
            close_notify(self);
        break;
    case 6:
        if (next(program) > 250 && self->wire.len > 0)
            self->wire.at[next(program) % self->wire.len] ^= 1;
        break;
    default: /* mostly "go on" */
        read_some(self, other, program);
        take(self);
        answer(self, program);
        drain(self);
        break;
    }
}

static void open_both(reader *program, int v)
{
    for (int i = 0; i < 2; i++) {
        owners[i].conn = sp_conn_new(contexts[v][i], i, NULL);
        if (owners[i].conn == NULL)
            abort();
        sp_conn_set_events(owners[i].conn, next(program));
        owners[i].asked = 0;
        owners[i].wire.len = 0;
    }
    for (unsigned settings = next(program) % 4; settings > 0; settings--) {
        set(&owners[0], program, v);
        set(&owners[1], program, v);
    }
}

int fuzz_seed(size_t n, bytes *to)
{
    uint8_t program[600];
    uint64_t state = n;

    if (n >= 16)
        return 0;
    for (size_t i = 0; i < sizeof(program); i++)
        program[i] = i % 8 < 4 ? 11 : (uint8_t)test_random(&state); /* 11: read, take, answer, drain */
    program[0] = (uint8_t)n;
    bytes_add(to, program, sizeof(program));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    reader program = {data, len};
    int v = next(&program) % 2;

    need_contexts();
    open_both(&program, v);
    while (program.left > 0) {
        int i = next(&program) % 2;
        step(&owners[i], &owners[!i], &program, v);
    }
    for (int i = 0; i < 2; i++)
        sp_conn_free(owners[i].conn);
    for (int32_t kind = SP_LIVE_CONN; kind <= SP_LIVE_BUFFERED; kind++)
        if (sp_library_live(kind) != 0)
            abort();
    return 0;
}
