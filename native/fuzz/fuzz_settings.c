/* Two well-formed connections under every setting: all 64 option bits on both sides, every version, record sizes,
 * verify modes, and every call of sp.h in any order, before the handshake, in it, paused, after it, after close and
 * after failure, while allocations of OpenSSL and of the glue fail. The first eight bytes of the input seed the
 * generator of what follows its end, so that a short input is a long program too. */
#include "owner.h"

#include "internal.h"

enum { STEPS = 160, VERSIONS = 6 };

/* ---- allocations that fail on request ---- */

static size_t calls_left; /* until the first failure; 0 = none is planned */
static size_t fails_left; /* how many fail from there on */

static int fails(void)
{
    if (calls_left > 1) {
        calls_left--;
        return 0;
    }
    if (calls_left == 0 || fails_left == 0)
        return 0;
    fails_left--;
    return 1;
}

static void *on_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size == 0 || fails() ? NULL : malloc(size);
}

static void *on_realloc(void *given, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size == 0) {
        free(given);
        return NULL;
    }
    return fails() ? NULL : realloc(given, size);
}

static void on_free(void *given, const char *file, int line)
{
    (void)file, (void)line;
    free(given);
}

__attribute__((constructor)) static void bring_malloc(void)
{
    if (CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free) != 1)
        abort();
}

/* ---- the program ---- */

static uint64_t next_mask(program *from)
{
    uint64_t mask = 0;

    for (unsigned bits = program_next(from) % 8; bits > 0; bits--)
        mask |= (uint64_t)1 << program_next(from) % 64;
    return mask;
}

static sp_ctx *contexts[VERSIONS][2]; /* by version, by role; the last may be any version */
static owner owners[2];

static sp_ctx *make_context(int v, int is_server)
{
    int32_t version = 0x0300 + v, any = v == VERSIONS - 1;
    sp_ctx *ctx = test_ctx(is_server ? SP_ROLE_SERVER : SP_ROLE_CLIENT, any ? 0 : version, any ? 0 : version);

    sp_ctx_set_security_level(ctx, 0);
    sp_ctx_set_cipher_list(ctx, "ALL:@SECLEVEL=0", NULL);
    sp_ctx_set_session_id_context(ctx, (const uint8_t *)"fuzz", 4, NULL);
    sp_ctx_add_ca(ctx, (const uint8_t *)test_ca(), strlen(test_ca()), 1, NULL);
    sp_ctx_set_dh_auto(ctx, 1);
    sp_ctx_enable_npn(ctx);
    test_use(ctx, test_identity(KEY_P256, is_server ? "test.example" : "client.example"));
    test_use(ctx, test_identity(KEY_RSA, is_server ? "test.example" : "client.example"));
    return ctx;
}

static void need_contexts(void)
{
    for (int v = 0; v < VERSIONS; v++)
        for (int role = 0; role < 2; role++)
            if (contexts[v][role] == NULL)
                contexts[v][role] = make_context(v, role);
}

static void note(owner *self, const sp_turn *turn, int32_t status)
{
    if (self->failed && status != SP_FAILED && status != SP_FULL && status != SP_WANT_INPUT)
        abort(); /* SP_FULL and SP_WANT_INPUT: a drain */
    if (status == SP_FAILED && turn->report.count == 0)
        abort();
    self->failed |= status == SP_FAILED;
}

static void read_some(owner *self, owner *other, program *p)
{
    unsigned sizes = program_next(p);
    size_t room = sizes & 1 ? 1 + sizes : 40000, len = other->wire.len;
    static uint8_t out[40000], plain[40000];
    int32_t status;
    sp_turn turn;

    if ((sizes & 14) == 14 && len > 1 + (sizes >> 4))
        len = 1 + (sizes >> 4);
    status = sp_conn_read(self->conn, other->wire.at, len, (sizes & 48) == 48 ? NULL : plain, room, out, room,
                          &turn);
    note(self, &turn, status);
    bytes_drop(&other->wire, turn.consumed);
    bytes_add(&self->wire, out, turn.emitted);
}

static void write_some(owner *self, program *p)
{
    static uint8_t plain[40000], out[40000];
    unsigned size = program_next(p);
    int32_t status;
    sp_turn turn;

    status = sp_conn_write(self->conn, plain, size & 1 ? sizeof(plain) : size, size & 2 ? out : NULL,
                           size & 4 ? 1000 : sizeof(out), &turn);
    note(self, &turn, status);
    bytes_add(&self->wire, out, turn.emitted);
}

static void close_notify(owner *self)
{
    uint8_t out[100];
    sp_turn turn;

    note(self, &turn, sp_conn_shutdown(self->conn, out, sizeof(out), &turn));
    bytes_add(&self->wire, out, turn.emitted);
}

static void answer(owner *self, program *p)
{
    unsigned how = program_next(p);

    sp_conn_answer(self->conn, self->asked + (how % 32 == 0), how > 252 ? (int32_t)program_next(p) : -1);
}

/* Flips bits of what the peer will read; mostly of application records, which have most of the bytes. */
static void damage(owner *self, program *p)
{
    unsigned at = program_next(p) << 8 | program_next(p);

    if (self->wire.len > 0)
        self->wire.at[at % self->wire.len] ^= (uint8_t)(1 << program_next(p) % 8);
}

static void ask(owner *self, program *p)
{
    static uint8_t out[64 * 1024];
    sp_report report;

    for (int32_t what = 0; what < 12; what++)
        sp_conn_int(self->conn, what);
    for (int32_t what = 0; what < 27; what++)
        sp_conn_get(self->conn, what, out, sizeof(out));
    sp_conn_export(self->conn, out, 1 + program_next(p), "fuzz", 4, program_next(p) % 2 ? out : NULL,
                   program_next(p), &report);
}

static void set(owner *self, program *p, int v)
{
    sp_conn *conn = self->conn;
    unsigned value = program_next(p), which = program_next(p) % 13;

    switch (which) {
    case 10:
        sp_conn_set_events(conn, value & ~(unsigned)(value % 4 ? SP_TELL_TRACE : 0));
        break;
    case 11:
        sp_conn_set_session(conn, owners[value % 2].session.at, owners[value % 2].session.len);
        break;
    case 12:
        sp_conn_offer_session(conn, owners[value % 2].session.at, owners[value % 2].session.len);
        break;
    default:
        owner_set(self, which, value, contexts[v]);
        break;
    }
}

static void plan_failure(program *p)
{
    unsigned when = program_next(p), how = program_next(p);

    calls_left = 1 + (when < 128 ? when % 16 : when);
    fails_left = how % 4 == 0 ? SIZE_MAX : 1 + how % 3;
}

static void step(owner *self, owner *other, program *p, int v)
{
    switch (program_next(p) % 24) {
    case 0:
    case 1:
        write_some(self, p);
        break;
    case 2:
        owner_drain(self);
        break;
    case 3:
        set(self, p, v);
        break;
    case 4:
        ask(self, p);
        break;
    case 5:
        if (program_next(p) > 230)
            close_notify(self);
        break;
    case 6:
        if (program_next(p) > 240)
            damage(self, p);
        break;
    case 7:
    case 8:
        sp_conn_idle(self->conn);
        break;
    case 9:
        sp_conn_renegotiate(self->conn, (int32_t)(program_next(p) % 2), NULL);
        break;
    case 10:
        sp_conn_key_update(self->conn, (int32_t)(program_next(p) % 2), NULL);
        break;
    case 11:
        sp_conn_request_client_certificate(self->conn, NULL);
        break;
    case 12: {
        uint64_t set_bits = next_mask(p), clear_bits = next_mask(p);
        sp_conn_set_options(self->conn, set_bits, clear_bits);
        break;
    }
    case 13:
        if (program_next(p) > 200)
            plan_failure(p);
        break;
    default: /* mostly "go on" */
        read_some(self, other, p);
        owner_take(self);
        answer(self, p);
        owner_drain(self);
        break;
    }
}

/* A second and a third idle() find nothing to free, whatever the options are. */
static void rest(owner *self)
{
    sp_conn_idle(self->conn);
    owner_drain(self);
    sp_conn_idle(self->conn);
    write_some(self, &(program){(const uint8_t *)"\x02", 1, 1});
    sp_conn_idle(self->conn);
    sp_conn_idle(self->conn);
}

static void open_both(program *p, int v)
{
    for (int i = 0; i < 2; i++) {
        owner *self = &owners[i];
        owner_open(self, contexts[v][i], i);
        sp_conn_set_events(self->conn, program_next(p) & ~(unsigned)SP_TELL_TRACE);
        sp_conn_set_options(self->conn, next_mask(p), 0);
        sp_conn_set_verify(self->conn, (int32_t)(program_next(p) % 3));
        for (unsigned settings = program_next(p) % 4; settings > 0; settings--)
            set(self, p, v);
    }
}

int fuzz_seed(size_t n, bytes *to)
{
    uint8_t input[9] = {(uint8_t)n, 1, 2, 3, 4, 5, 6, 7};

    if (n >= VERSIONS * 4)
        return 0;
    input[8] = (uint8_t)n; /* the version */
    bytes_add(to, input, sizeof(input));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    program p = {data, len, 1};
    int v;

    for (int i = 0; i < 8; i++)
        p.state = p.state * 257 + program_next(&p);
    p.state |= 1;
    v = (int)(program_next(&p) % VERSIONS);
    need_contexts();
    open_both(&p, v);
    for (int steps = 0; steps < STEPS; steps++) {
        int i = (int)(program_next(&p) % 2);
        step(&owners[i], &owners[!i], &p, v);
    }
    rest(&owners[0]);
    rest(&owners[1]);
    calls_left = 0;
    owners_free(owners);
    return 0;
}
