/* Two well-formed connections under every setting: all 64 option bits on both sides, every version, record sizes,
 * verify modes, and every call of sp.h in any order, before the handshake, in it, paused, after it, after close and
 * after failure, while allocations of OpenSSL and of the glue fail. The first eight bytes of the input seed the
 * generator of what follows its end, so that a short input is a long program too. */
#include "fuzz.h"

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

typedef struct program {
    const uint8_t *at;
    size_t left;
    uint64_t state;
} program;

static unsigned next(program *from)
{
    if (from->left == 0)
        return (unsigned)(test_random(&from->state) >> 11 & 0xff);
    from->left--;
    return *from->at++;
}

static uint64_t next_mask(program *from)
{
    uint64_t mask = 0;

    for (unsigned bits = next(from) % 8; bits > 0; bits--)
        mask |= (uint64_t)1 << next(from) % 64;
    return mask;
}

typedef struct owner {
    sp_conn *conn;
    bytes wire;
    uint32_t asked; /* the newest question seen */
    int failed;     /* a turn said SP_FAILED */
    bytes session;  /* the newest session seen: kept from run to run */
} owner;

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
    unsigned sizes = next(p);
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
    unsigned size = next(p);
    int32_t status;
    sp_turn turn;

    status = sp_conn_write(self->conn, plain, size & 1 ? sizeof(plain) : size, size & 2 ? out : NULL,
                           size & 4 ? 1000 : sizeof(out), &turn);
    note(self, &turn, status);
    bytes_add(&self->wire, out, turn.emitted);
}

static void drain(owner *self)
{
    static uint8_t out[40000];
    sp_turn turn;

    sp_conn_drain(self->conn, out, sizeof(out), &turn);
    bytes_add(&self->wire, out, turn.emitted);
}

static void close_notify(owner *self)
{
    uint8_t out[100];
    sp_turn turn;

    note(self, &turn, sp_conn_shutdown(self->conn, out, sizeof(out), &turn));
    bytes_add(&self->wire, out, turn.emitted);
}

static void take(owner *self)
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

static void answer(owner *self, program *p)
{
    unsigned how = next(p);

    sp_conn_answer(self->conn, self->asked + (how % 32 == 0), how > 252 ? (int32_t)next(p) : -1);
}

/* Flips bits of what the peer will read; mostly of application records, which have most of the bytes. */
static void damage(owner *self, program *p)
{
    unsigned at = next(p) << 8 | next(p);

    if (self->wire.len > 0)
        self->wire.at[at % self->wire.len] ^= (uint8_t)(1 << next(p) % 8);
}

static void ask(owner *self, program *p)
{
    static uint8_t out[64 * 1024];
    sp_report report;

    for (int32_t what = 0; what < 12; what++)
        sp_conn_int(self->conn, what);
    for (int32_t what = 0; what < 27; what++)
        sp_conn_get(self->conn, what, out, sizeof(out));
    sp_conn_export(self->conn, out, 1 + next(p), "fuzz", 4, next(p) % 2 ? out : NULL, next(p), &report);
}

static void set(owner *self, program *p, int v)
{
    static const uint8_t list[] = "\x02h2\x01"
                                  "a";
    sp_conn *conn = self->conn;
    unsigned value = next(p);

    switch (next(p) % 13) {
    case 0:
        sp_conn_set_events(conn, value & ~(unsigned)(value % 4 ? SP_TELL_TRACE : 0));
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
        sp_conn_set_session(conn, owners[value % 2].session.at, owners[value % 2].session.len);
        break;
    case 6:
        sp_conn_offer_session(conn, owners[value % 2].session.at, owners[value % 2].session.len);
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
        sp_conn_offer_post_handshake_auth(conn);
        break;
    default:
        sp_conn_set_servername(conn, "fuzz.example", NULL);
        break;
    }
}

static void plan_failure(program *p)
{
    unsigned when = next(p), how = next(p);

    calls_left = 1 + (when < 128 ? when % 16 : when);
    fails_left = how % 4 == 0 ? SIZE_MAX : 1 + how % 3;
}

static void step(owner *self, owner *other, program *p, int v)
{
    switch (next(p) % 24) {
    case 0:
    case 1:
        write_some(self, p);
        break;
    case 2:
        drain(self);
        break;
    case 3:
        set(self, p, v);
        break;
    case 4:
        ask(self, p);
        break;
    case 5:
        if (next(p) > 230)
            close_notify(self);
        break;
    case 6:
        if (next(p) > 240)
            damage(self, p);
        break;
    case 7:
    case 8:
        sp_conn_idle(self->conn);
        break;
    case 9:
        sp_conn_renegotiate(self->conn, (int32_t)(next(p) % 2), NULL);
        break;
    case 10:
        sp_conn_key_update(self->conn, (int32_t)(next(p) % 2), NULL);
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
        if (next(p) > 200)
            plan_failure(p);
        break;
    default: /* mostly "go on" */
        read_some(self, other, p);
        take(self);
        answer(self, p);
        drain(self);
        break;
    }
}

/* A second and a third idle() find nothing to free, whatever the options are. */
static void rest(owner *self)
{
    sp_conn_idle(self->conn);
    drain(self);
    sp_conn_idle(self->conn);
    write_some(self, &(program){(const uint8_t *)"\x02", 1, 1});
    sp_conn_idle(self->conn);
    sp_conn_idle(self->conn);
}

static void open_both(program *p, int v)
{
    for (int i = 0; i < 2; i++) {
        owner *self = &owners[i];
        self->conn = sp_conn_new(contexts[v][i], i, NULL);
        if (self->conn == NULL)
            abort();
        sp_conn_set_events(self->conn, next(p) & ~(unsigned)SP_TELL_TRACE);
        sp_conn_set_options(self->conn, next_mask(p), 0);
        sp_conn_set_verify(self->conn, (int32_t)(next(p) % 3));
        self->asked = 0;
        self->failed = 0;
        self->wire.len = 0;
        for (unsigned settings = next(p) % 4; settings > 0; settings--)
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
        p.state = p.state * 257 + next(&p);
    p.state |= 1;
    v = (int)(next(&p) % VERSIONS);
    need_contexts();
    open_both(&p, v);
    for (int steps = 0; steps < STEPS; steps++) {
        int i = (int)(next(&p) % 2);
        step(&owners[i], &owners[!i], &p, v);
    }
    rest(&owners[0]);
    rest(&owners[1]);
    calls_left = 0;
    for (int i = 0; i < 2; i++)
        sp_conn_free(owners[i].conn);
    for (int32_t kind = SP_LIVE_CONN; kind <= SP_LIVE_BUFFERED; kind++)
        if (sp_library_live(kind) != 0)
            abort();
    return 0;
}
