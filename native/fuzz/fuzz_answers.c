/* Two well-formed connections under misuse: the input is a program of calls - windows of any size, answers late,
 * twice, refused or for the wrong question, settings at the wrong time, closing and freeing anywhere. */
#include "owner.h"

#include "internal.h"

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

static void read_some(owner *self, owner *other, program *p)
{
    unsigned sizes = program_next(p);
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

static void write_some(owner *self, program *p)
{
    static uint8_t plain[20000];
    uint8_t out[1000];
    unsigned size = program_next(p);
    sp_turn turn;

    sp_conn_write(self->conn, plain, size & 1 ? sizeof(plain) : size, size & 2 ? out : NULL, sizeof(out),
                  &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void close_notify(owner *self)
{
    uint8_t out[10];
    sp_turn turn;

    sp_conn_shutdown(self->conn, out, sizeof(out), &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void answer(owner *self, program *p)
{
    unsigned how = program_next(p);

    sp_conn_answer(self->conn, self->asked + (how % 16 == 0), how > 250 ? (int32_t)program_next(p) : -1);
}

static void set(owner *self, program *p, int v)
{
    sp_conn *conn = self->conn;
    unsigned value = program_next(p), which = program_next(p) % 19;

    switch (which) {
    case 10:
        sp_conn_set_events(conn, value);
        break;
    case 11:
        sp_conn_set_session(conn, owners[0].session.at, owners[0].session.len);
        break;
    case 12:
        sp_conn_offer_session(conn, owners[1].session.at, owners[1].session.len);
        break;
    case 13:
        sp_conn_renegotiate(conn, (int32_t)(value % 2), NULL);
        break;
    case 14:
        sp_conn_key_update(conn, (int32_t)(value % 2), NULL);
        break;
    case 15:
        sp_conn_request_client_certificate(conn, NULL);
        break;
    case 16:
        if (value % 2)
            sp_conn_set_peer_name(conn, (const uint8_t *)"peer.example", value % 12);
        else
            sp_conn_drop_session(conn);
        break;
    case 17:
        sp_conn_use_certificates(conn, contexts[v][value % 2], NULL);
        break;
    case 18:
        sp_conn_set_options(conn, (uint64_t)(value & 1) << 30, SSL_OP_NO_TICKET);
        break;
    default:
        owner_set(self, which, value, contexts[v]);
        break;
    }
}

static void ask(owner *self, program *p)
{
    uint8_t out[2000];

    sp_conn_int(self->conn, (int32_t)(program_next(p) % 12));
    sp_conn_get(self->conn, (int32_t)(program_next(p) % 30), out, program_next(p) * 8u);
}

static void step(owner *self, owner *other, program *p, int v)
{
    switch (program_next(p) % 12) {
    case 0:
        write_some(self, p);
        break;
    case 1:
        owner_drain(self);
        break;
    case 2:
        answer(self, p);
        break;
    case 3:
        set(self, p, v);
        break;
    case 4:
        ask(self, p);
        break;
    case 5:
        if (program_next(p) > 240)
            close_notify(self);
        break;
    case 6:
        if (program_next(p) > 250 && self->wire.len > 0)
            self->wire.at[program_next(p) % self->wire.len] ^= 1;
        break;
    default: /* mostly "go on" */
        read_some(self, other, p);
        owner_take(self);
        answer(self, p);
        owner_drain(self);
        break;
    }
}

static void open_both(program *p, int v)
{
    for (int i = 0; i < 2; i++) {
        owner_open(&owners[i], contexts[v][i], i);
        sp_conn_set_events(owners[i].conn, program_next(p));
    }
    for (unsigned settings = program_next(p) % 4; settings > 0; settings--) {
        set(&owners[0], p, v);
        set(&owners[1], p, v);
    }
}

int fuzz_seed(size_t n, bytes *to)
{
    uint8_t input[600];
    uint64_t state = n;

    if (n >= 16)
        return 0;
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = i % 8 < 4 ? 11 : (uint8_t)test_random(&state); /* 11: read, take, answer, drain */
    input[0] = (uint8_t)n;
    bytes_add(to, input, sizeof(input));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    program p = {data, len, 0};
    int v = program_next(&p) % 2;

    need_contexts();
    open_both(&p, v);
    while (p.left > 0) {
        int i = program_next(&p) % 2;
        step(&owners[i], &owners[!i], &p, v);
    }
    owners_free(owners);
    return 0;
}
