/* limit.c - what libssl can do without a JVM: the work of the Java benchmarks, done by the shortest C program for it.
 *
 *   limit version
 *   limit handshake PROTOCOL KEY GROUP full|resumed SECONDS ITERATIONS
 *   limit oneway    PROTOCOL SIZE SECONDS ITERATIONS
 *   limit pingpong  PROTOCOL SIZE SECONDS ITERATIONS
 *   limit idle      PROTOCOL PAIRS
 *
 * PROTOCOL is TLSv1.2 or TLSv1.3, KEY ecdsa or rsa, GROUP a name of OpenSSL's. Keys and certificates come from the
 * folder that SP_FIXTURES names. Prints one JSON object: what was counted in each iteration, per second, after one
 * iteration that does not count; for `idle` the bytes of malloc in use for one connection (one end).
 *
 * A client and a server in one thread. A window BIO moves the records straight between OpenSSL and static memory, as
 * Securepair's does. Modes, session caching and settings are those of Securepair's contexts; everything it does
 * beside OpenSSL (events, questions, error reports) is left out. */
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIRE = 64 * 1024, PLAIN = 32 * 1024 };

/* One direction of the wire. */
typedef struct pipe {
    uint8_t bytes[WIRE];
    size_t begin, end;
} pipe;

typedef struct end {
    SSL *ssl;
    pipe *in, *out;
} end;

typedef struct pair {
    end client, server;
} pair;

typedef struct setting {
    int version;
    const char *key, *group;
    int resume;
} setting;

static pipe to_server, to_client;
static uint8_t text[PLAIN], plain[PLAIN];
static BIO_METHOD *method;
static SSL_CTX *client_ctx, *server_ctx;
static SSL_SESSION *session;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "limit: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- the window ---- */

/* As Securepair's window copies: see sp_copy_record() there. */
static void copy(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t step = 1024;

    __asm__("" : "+r"(step));
    for (; len > step; len -= step, to += step, from += step)
        memcpy(to, from, step);
    memcpy(to, from, len);
}

static int on_read(BIO *bio, char *to, size_t len, size_t *done)
{
    pipe *in = ((end *)BIO_get_data(bio))->in;
    size_t left = in->end - in->begin;

    BIO_clear_retry_flags(bio);
    *done = len < left ? len : left;
    if (*done == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    copy((uint8_t *)to, in->bytes + in->begin, *done);
    in->begin += *done;
    return 1;
}

static int on_write(BIO *bio, const char *from, size_t len, size_t *done)
{
    pipe *out = ((end *)BIO_get_data(bio))->out;

    BIO_clear_retry_flags(bio);
    if (len > WIRE - out->end)
        die("the wire is full");
    copy(out->bytes + out->end, (const uint8_t *)from, len);
    out->end += len;
    *done = len;
    return 1;
}

static long on_ctrl(BIO *bio, int command, long number, void *ptr)
{
    (void)bio, (void)number, (void)ptr;
    return command == BIO_CTRL_FLUSH;
}

static void clear(pipe *wire)
{
    if (wire->begin != wire->end)
        die("bytes are left on the wire");
    wire->begin = wire->end = 0;
}

/* ---- contexts ---- */

static const char *fixture(const char *start, const char *key, const char *rest)
{
    static char path[4096];
    const char *folder = getenv("SP_FIXTURES");

    snprintf(path, sizeof(path), "%s/%s%s%s", folder != NULL ? folder : "ci/fixtures", start, key, rest);
    return path;
}

/* How a client gets at its tickets. The newest counts: a ticket that a connection of TLS 1.3 received makes OpenSSL
 * mark the one before as used up. */
static int on_new_session(SSL *ssl, SSL_SESSION *fresh)
{
    if (SSL_is_server(ssl))
        return 0;
    SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static SSL_CTX *context(const setting *wanted, int is_server)
{
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    int rsa = strcmp(wanted->key, "rsa") == 0, tls13 = wanted->version == TLS1_3_VERSION;
    char groups[128];

    if (ctx == NULL)
        die("no context");
    /* In TLS 1.2 the curve of an ECDSA certificate must be among the groups. */
    snprintf(groups, sizeof(groups), tls13 || rsa ? "%s" : "%s:P-256", wanted->group);
    SSL_CTX_set_security_level(ctx, 1);
    SSL_CTX_set_options(ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              (getenv("LIMIT_RELEASE_BUFFERS") != NULL ? SSL_MODE_RELEASE_BUFFERS : 0));
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_BOTH | SSL_SESS_CACHE_NO_INTERNAL |
                                            SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(ctx, wanted->resume ? on_new_session : NULL);
    if (SSL_CTX_set_min_proto_version(ctx, wanted->version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, wanted->version) != 1 ||
        SSL_CTX_set1_groups_list(ctx, groups) != 1)
        die("settings");
    if (tls13 ? SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1
              : SSL_CTX_set_cipher_list(ctx, rsa ? "ECDHE-RSA-AES128-GCM-SHA256"
                                                 : "ECDHE-ECDSA-AES128-GCM-SHA256") != 1)
        die("cipher");
    if (!is_server) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_file(ctx, fixture("ca1-cert", "", ".pem")) != 1)
            die("CA");
    } else if (SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"\1", 1) != 1 ||
               SSL_CTX_use_certificate_chain_file(ctx, fixture("server-", wanted->key, "-cert.pem")) != 1 ||
               SSL_CTX_use_PrivateKey_file(ctx, fixture("server-", wanted->key, "-key.pem"),
                                           SSL_FILETYPE_PEM) != 1)
        die("certificate");
    return ctx;
}

static void open_contexts(const setting *wanted)
{
    client_ctx = context(wanted, 0);
    server_ctx = context(wanted, 1);
}

/* ---- a pair ---- */

static void end_open(end *e, SSL_CTX *ctx, pipe *in, pipe *out)
{
    BIO *bio = BIO_new(method);

    e->in = in;
    e->out = out;
    e->ssl = SSL_new(ctx);
    if (e->ssl == NULL || bio == NULL)
        die("no SSL");
    BIO_set_data(bio, e);
    BIO_set_init(bio, 1);
    SSL_set_bio(e->ssl, bio, bio);
}

static void pair_open(pair *p)
{
    end_open(&p->client, client_ctx, &to_client, &to_server);
    end_open(&p->server, server_ctx, &to_server, &to_client);
    SSL_set_connect_state(p->client.ssl);
    SSL_set_accept_state(p->server.ssl);
    if (SSL_set_tlsext_host_name(p->client.ssl, "localhost") != 1)
        die("server name");
}

/* Without a shutdown SSL_free() would mark the session as bad, which is shared here. */
static void pair_close(pair *p)
{
    SSL_set_shutdown(p->client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(p->server.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(p->client.ssl);
    SSL_free(p->server.ssl);
}

static void step(end *e)
{
    int rv = SSL_do_handshake(e->ssl);

    if (rv != 1 && SSL_get_error(e->ssl, rv) != SSL_ERROR_WANT_READ)
        die("the handshake failed");
    if (e->in->begin == e->in->end)
        e->in->begin = e->in->end = 0;
}

/* `from` says `len` bytes, `to` hears them, and before them whatever waits on the wire: tickets. */
static void transfer(end *from, end *to, size_t len)
{
    size_t n = 0;

    if (SSL_write_ex(from->ssl, text, len, &n) != 1 || n != len)
        die("write");
    while (SSL_read_ex(to->ssl, plain, sizeof(plain), &n) != 1) {
        if (SSL_get_error(to->ssl, 0) != SSL_ERROR_WANT_READ || to->in->begin == to->in->end)
            die("read");
    }
    if (n != len)
        die("not what was sent");
    clear(to->in);
}

/* Up to the first byte that the server says, which brings its tickets along. */
static void handshake(pair *p, const setting *wanted)
{
    while (!SSL_is_init_finished(p->client.ssl) || !SSL_is_init_finished(p->server.ssl)) {
        step(&p->client);
        step(&p->server);
    }
    transfer(&p->server, &p->client, 1);
    if (SSL_get_verify_result(p->client.ssl) != X509_V_OK || SSL_get0_peer_certificate(p->client.ssl) == NULL)
        die("the server was not verified");
    if (SSL_version(p->client.ssl) != wanted->version)
        die("another protocol");
}

/* With LIMIT_SESSION_BYTES the session is kept as bytes and parsed for each connection, as Securepair's users do. */
static int offer_session(SSL *ssl)
{
    static unsigned char bytes[8192];
    static long len;
    const unsigned char *in = bytes;
    unsigned char *out = bytes;
    SSL_SESSION *parsed;
    int done;

    if (getenv("LIMIT_SESSION_BYTES") == NULL)
        return SSL_set_session(ssl, session);
    if (len == 0) {
        if (i2d_SSL_SESSION(session, NULL) > (int)sizeof(bytes))
            die("a large session");
        len = i2d_SSL_SESSION(session, &out);
    }
    parsed = d2i_SSL_SESSION(NULL, &in, len);
    done = parsed != NULL && SSL_set_session(ssl, parsed);
    SSL_SESSION_free(parsed);
    return done;
}

static int connect_once(const setting *wanted)
{
    pair p;
    int resumed;

    pair_open(&p);
    if (session != NULL && offer_session(p.client.ssl) != 1)
        die("session");
    handshake(&p, wanted);
    resumed = SSL_session_reused(p.client.ssl);
    pair_close(&p);
    return resumed;
}

/* ---- measuring ---- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct work {
    const setting *wanted;
    pair *p;
    size_t size;
    void (*once)(const struct work *);
} work;

static void one_handshake(const work *w)
{
    if (connect_once(w->wanted) != w->wanted->resume)
        die(w->wanted->resume ? "not resumed" : "resumed");
}

static void one_way(const work *w)
{
    transfer(&w->p->client, &w->p->server, w->size);
}

static void ping_pong(const work *w)
{
    transfer(&w->p->client, &w->p->server, w->size);
    transfer(&w->p->server, &w->p->client, w->size);
}

static double iteration(const work *w, double seconds, int batch)
{
    double begin = now(), spent;
    long done = 0;

    do {
        for (int i = 0; i < batch; i++)
            w->once(w);
        done += batch;
        spent = now() - begin;
    } while (spent < seconds);
    return (double)done / spent;
}

static void measure(const work *w, double seconds, int iterations, int batch)
{
    iteration(w, seconds, batch);
    printf("{\"iterations\": [");
    for (int i = 0; i < iterations; i++)
        printf("%s%.1f", i > 0 ? ", " : "", iteration(w, seconds, batch));
    printf("]}\n");
}

/* ---- the command line ---- */

static int version_of(const char *name)
{
    if (strcmp(name, "TLSv1.3") == 0)
        return TLS1_3_VERSION;
    if (strcmp(name, "TLSv1.2") == 0)
        return TLS1_2_VERSION;
    die("the protocol is TLSv1.2 or TLSv1.3");
}

static void handshakes(char **args)
{
    setting wanted = {version_of(args[0]), args[1], args[2], strcmp(args[3], "resumed") == 0};
    work w = {.wanted = &wanted, .once = one_handshake};

    open_contexts(&wanted);
    if (wanted.resume) {
        connect_once(&wanted);
        if (session == NULL)
            die("no ticket came");
    }
    measure(&w, atof(args[4]), atoi(args[5]), 10);
}

static void records(char **args, void (*once)(const work *))
{
    setting wanted = {version_of(args[0]), "ecdsa", "X25519", 0};
    pair p;
    work w = {.wanted = &wanted, .p = &p, .size = (size_t)atol(args[1]), .once = once};

    if (w.size == 0 || w.size > SSL3_RT_MAX_PLAIN_LENGTH)
        die("the size is one record's");
    open_contexts(&wanted);
    pair_open(&p);
    handshake(&p, &wanted);
    measure(&w, atof(args[2]), atoi(args[3]), 100);
    if (memcmp(text, plain, w.size) != 0)
        die("other bytes arrived");
    pair_close(&p);
}

static void idle(char **args)
{
    setting wanted = {version_of(args[0]), "ecdsa", "X25519", 0};
    long count = atol(args[1]), warm = 100;
    pair *pairs = calloc((size_t)(count + warm), sizeof(*pairs));
    size_t before = 0;

    if (pairs == NULL || count <= 0)
        die("how many pairs");
    open_contexts(&wanted);
    for (long i = 0; i < count + warm; i++) {
        if (i == warm)
            before = mallinfo2().uordblks;
        pair_open(&pairs[i]);
        handshake(&pairs[i], &wanted);
        transfer(&pairs[i].client, &pairs[i].server, 1024);
        transfer(&pairs[i].server, &pairs[i].client, 1024);
        if (SSL_free_buffers(pairs[i].client.ssl) != 1 || SSL_free_buffers(pairs[i].server.ssl) != 1)
            die("buffers in use");
    }
    printf("{\"iterations\": [%.1f]}\n", (double)(mallinfo2().uordblks - before) / (double)(2 * count));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 31 + i / 251);
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "window");
    BIO_meth_set_read_ex(method, on_read);
    BIO_meth_set_write_ex(method, on_write);
    BIO_meth_set_ctrl(method, on_ctrl);
    if (strcmp(what, "version") == 0 && argc == 2)
        printf("%s\n%s\n%s\n", OpenSSL_version(OPENSSL_VERSION), OpenSSL_version(OPENSSL_CFLAGS),
               OpenSSL_version(OPENSSL_BUILT_ON));
    else if (strcmp(what, "handshake") == 0 && argc == 8)
        handshakes(argv + 2);
    else if (strcmp(what, "oneway") == 0 && argc == 6)
        records(argv + 2, one_way);
    else if (strcmp(what, "pingpong") == 0 && argc == 6)
        records(argv + 2, ping_pong);
    else if (strcmp(what, "idle") == 0 && argc == 4)
        idle(argv + 2);
    else
        die("see the head of limit.c for the arguments");
    SSL_SESSION_free(session);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return 0;
}
