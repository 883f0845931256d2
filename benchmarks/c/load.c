/* load.c - one client for every server under test: many connections over loopback, one thread, epoll, libssl.
 *
 *   load full     KEY CONNECTIONS PORT PID WARMUP SECONDS ITERATIONS
 *   load resumed  KEY CONNECTIONS PORT PID WARMUP SECONDS ITERATIONS
 *   load requests KEY CONNECTIONS PORT PID WARMUP SECONDS ITERATIONS REQUEST RESPONSE
 *   load send     KEY CONNECTIONS PORT PID WARMUP SECONDS ITERATIONS
 *   load receive  KEY CONNECTIONS PORT PID WARMUP SECONDS ITERATIONS
 *
 * KEY is ecdsa or rsa: whose certificate the server must show. PID is the server's process. SP_FIXTURES names the
 * folder of the certificates. Prints {"iterations": [...], "cpu": [...]}: what was done per second of time and per
 * second of the server's CPU time, in each iteration after the server has used WARMUP seconds of CPU time.
 *
 * What the server must do, by the first word:
 *   full, resumed  say one byte when the handshake is done, close when the client has closed; a connection counts when
 *                  all of that has happened
 *   requests       answer every REQUEST bytes with RESPONSE bytes; answers are counted
 *   send           after one byte from the client say the pattern over and over; bytes are counted
 *   receive        answer every BLOCK bytes of the pattern with one byte; bytes that were answered are counted
 * The pattern is the same 64 KiB everywhere. Whatever else happens, on any connection, ends the program with status 1.
 *
 * Checked on every connection: TLS 1.3, suite, group, resumed or not, and the certificate: the first handshake verifies
 * the chain up to the CA, each one compares what the server shows with the certificate expected, byte for byte, so that
 * this side stays cheap. That the server has the certificate's key TLS itself proves. All bytes read are compared. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PATTERN = 64 * 1024,
    BLOCK = 256 * 1024, /* what the server answers with a byte in `receive` */
    WINDOW = 4 * BLOCK, /* how far a connection runs ahead of those answers */
    TURN = 256 * 1024,  /* bytes on one connection before the others get their turn */
    OPENING = 128,      /* handshakes under way at a time where connections stay open */
    ADDRESSES = 100     /* of this side, so that closed connections do not use up the ports */
};

typedef enum { FULL, RESUMED, REQUESTS, SEND, RECEIVE } mode;

typedef enum { CONNECTING, HANDSHAKE, WORK, CLOSING } state;

typedef struct conn {
    SSL *ssl;
    int fd;
    state at;
    int queued; /* in the list of those that have more to do without an event */
    struct conn *next;
    size_t out, in; /* requests: bytes of this one sent, of its answer read; else bytes since the start */
    int asked;      /* requests: the request is out */
} conn;

static const char *const MODES[] = {"full", "resumed", "requests", "send", "receive"};

static mode doing;
static SSL_CTX *ctx;
static SSL_SESSION *session;
static X509 *expected;
static int verified, epoll_fd, opening, started;
static struct sockaddr_in server;
static size_t request_size, response_size;
static uint64_t done;
static uint8_t pattern[2 * PATTERN], buffer[PATTERN];
static conn *first_ready, *last_ready;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        die("the server is gone");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- TLS ---- */

static const char *fixture(const char *start, const char *key, const char *rest)
{
    static char path[4096];
    const char *folder = getenv("SP_FIXTURES");

    snprintf(path, sizeof(path), "%s/%s%s%s", folder != NULL ? folder : "ci/fixtures", start, key, rest);
    return path;
}

static int on_verify(X509_STORE_CTX *store, void *unused)
{
    X509 *shown = X509_STORE_CTX_get0_cert(store);

    (void)unused;
    if (!verified)
        verified = X509_verify_cert(store) == 1;
    /* Compares the encodings. */
    if (verified && shown != NULL && X509_cmp(shown, expected) == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (verified)
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

static int on_new_session(SSL *ssl, SSL_SESSION *fresh)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static void open_context(const char *key)
{
    FILE *file = fopen(fixture("server-", key, "-cert.pem"), "r");

    if (file == NULL || (expected = PEM_read_X509(file, NULL, NULL, NULL)) == NULL)
        die("the server's certificate");
    fclose(file);
    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519") != 1 ||
        SSL_CTX_load_verify_file(ctx, fixture("ca1-cert", "", ".pem")) != 1)
        die("settings");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, PATTERN);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    /* After both said their byte some servers leave without a word. */
    if (doing == FULL || doing == RESUMED)
        SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (doing == RESUMED)
        SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}

/* What `rv` of a call says: 1 went, 0 waits for an event. All else is the end. */
static int went(conn *c, int rv, const char *what)
{
    int error;

    if (rv == 1)
        return 1;
    error = SSL_get_error(c->ssl, rv);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    if (error != SSL_ERROR_SYSCALL)
        errno = 0;
    die(what);
}

static void check(conn *c)
{
    const char *suite = SSL_CIPHER_get_name(SSL_get_current_cipher(c->ssl));

    errno = 0;
    if (SSL_version(c->ssl) != TLS1_3_VERSION || strcmp(suite, "TLS_AES_128_GCM_SHA256") != 0)
        die("another protocol or suite");
    if (SSL_get_negotiated_group(c->ssl) != NID_X25519)
        die("another group");
    if (SSL_get_verify_result(c->ssl) != X509_V_OK || SSL_get0_peer_certificate(c->ssl) == NULL ||
        X509_cmp(SSL_get0_peer_certificate(c->ssl), expected) != 0)
        die("the server was not verified");
    /* The first one has nothing to resume. */
    if (SSL_session_reused(c->ssl) != (c->asked && doing == RESUMED))
        die(doing == RESUMED ? "not resumed" : "resumed");
}

/* ---- connections ---- */

static void later(conn *c)
{
    if (c->queued)
        return;
    c->queued = 1;
    c->next = NULL;
    if (last_ready != NULL)
        last_ready->next = c;
    else
        first_ready = c;
    last_ready = c;
}

static void open_conn(conn *c)
{
    static unsigned turn;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1, queued = c->queued;
    conn *next = c->next;

    memset(c, 0, sizeof(*c));
    c->queued = queued;
    c->next = next;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % ADDRESSES);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("no socket; the limit of open files?");
    if (setsockopt(c->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) != 0 ||
        setsockopt(c->fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        bind(c->fd, (struct sockaddr *)&from, sizeof(from)) != 0)
        die("socket options");
    if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) != 0 && errno != EINPROGRESS)
        die("connect");
    c->ssl = SSL_new(ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
        SSL_set_tlsext_host_name(c->ssl, "localhost") != 1)
        die("no SSL");
    SSL_set_connect_state(c->ssl);
    if (session != NULL) {
        /* A copy: OpenSSL marks a session of TLS 1.3 as used up when the next ticket comes. */
        SSL_SESSION *copy = SSL_SESSION_dup(session);

        if (copy == NULL || SSL_set_session(c->ssl, copy) != 1)
            die("session");
        SSL_SESSION_free(copy);
        c->asked = 1;
    }
    opening++;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void close_conn(conn *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    c->ssl = NULL;
}

/* ---- the work ---- */

/* `full` and `resumed`: one byte, then both sides close. */
static void hear_byte(conn *c)
{
    size_t n;

    if (!went(c, SSL_read_ex(c->ssl, buffer, 1, &n), "no first byte"))
        return;
    errno = 0;
    if (buffer[0] != pattern[0])
        die("another first byte");
    if (SSL_shutdown(c->ssl) < 0 || shutdown(c->fd, SHUT_WR) != 0)
        die("shutdown");
    c->at = CLOSING;
}

static void hear_end(conn *c)
{
    size_t heard;
    ssize_t n;

    /* Some servers' tickets come behind their first byte. */
    if (SSL_read_ex(c->ssl, buffer, sizeof(buffer), &heard) == 1)
        die("more than a byte");
    switch (SSL_get_error(c->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        return;
    case SSL_ERROR_ZERO_RETURN:
        break;
    default:
        die("the server did not close in order");
    }
    n = read(c->fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EAGAIN)
        return;
    if (n != 0)
        die("the server did not close");
    close_conn(c);
    done++;
    open_conn(c);
}

static void request(conn *c)
{
    for (;;) {
        size_t n;

        if (!c->asked) {
            if (!went(c, SSL_write_ex(c->ssl, pattern + c->out, request_size - c->out, &n), "write"))
                return;
            if ((c->out += n) < request_size)
                continue;
            c->out = 0;
            c->asked = 1;
        }
        if (!went(c, SSL_read_ex(c->ssl, buffer, sizeof(buffer), &n), "read"))
            return;
        errno = 0;
        if (n > response_size - c->in || memcmp(buffer, pattern + c->in, n) != 0)
            die("not the answer");
        if ((c->in += n) == response_size) {
            c->in = 0;
            c->asked = 0;
            done++;
        }
    }
}

static void take(conn *c)
{
    size_t n, taken = 0;

    if (!c->asked) {
        if (!went(c, SSL_write_ex(c->ssl, pattern, 1, &n), "write"))
            return;
        c->asked = 1;
    }
    while (taken < TURN) {
        if (!went(c, SSL_read_ex(c->ssl, buffer, sizeof(buffer), &n), "read"))
            return;
        errno = 0;
        if (memcmp(buffer, pattern + c->in, n) != 0)
            die("other bytes arrived");
        c->in = (c->in + n) % PATTERN;
        taken += n;
        done += n;
    }
    later(c);
}

static void give(conn *c)
{
    size_t n, given = 0;

    while (went(c, SSL_read_ex(c->ssl, buffer, sizeof(buffer), &n), "read")) {
        errno = 0;
        c->in += n * BLOCK;
        done += n * BLOCK;
        if (c->in > c->out)
            die("answers to nothing");
    }
    while (c->out - c->in < WINDOW) {
        size_t room = WINDOW - (c->out - c->in);

        if (!went(c, SSL_write_ex(c->ssl, pattern + c->out % PATTERN, room < PATTERN ? room : PATTERN, &n),
                  "write"))
            return;
        c->out += n;
        if ((given += n) >= TURN) {
            later(c);
            return;
        }
    }
}

static void work(conn *c)
{
    switch (doing) {
    case FULL:
    case RESUMED:
        hear_byte(c);
        if (c->at == CLOSING)
            hear_end(c);
        break;
    case REQUESTS:
        request(c);
        break;
    case SEND:
        take(c);
        break;
    case RECEIVE:
        give(c);
        break;
    }
}

static void advance(conn *c)
{
    ERR_clear_error();
    if (c->at == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof(error);

        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if ((errno = error) != 0)
            die("connect");
        c->at = HANDSHAKE;
    }
    if (c->at == HANDSHAKE) {
        if (!went(c, SSL_do_handshake(c->ssl), "handshake"))
            return;
        check(c);
        opening--;
        c->asked = 0;
        c->at = WORK;
    }
    if (c->at == WORK && started)
        work(c);
    else if (c->at == CLOSING)
        hear_end(c);
}

/* ---- measuring ---- */

static void turn(void)
{
    struct epoll_event events[256];
    conn *ready = first_ready;
    int n = epoll_wait(epoll_fd, events, 256, ready != NULL ? 0 : 10000);

    if (n < 0 && errno != EINTR)
        die("epoll_wait");
    if (n == 0 && ready == NULL) {
        errno = 0;
        die("nothing happened in ten seconds");
    }
    first_ready = last_ready = NULL;
    while (ready != NULL) {
        conn *c = ready;

        ready = c->next;
        c->queued = 0;
        advance(c);
    }
    for (int i = 0; i < n; i++) {
        conn *c = events[i].data.ptr;

        /* Connecting ends with EPOLLOUT. */
        if (c->at != CONNECTING || (events[i].events & ~(unsigned)EPOLLIN) != 0)
            advance(c);
    }
}

static void run_for(double seconds)
{
    double end = seconds_of(CLOCK_MONOTONIC) + seconds;

    while (seconds_of(CLOCK_MONOTONIC) < end)
        turn();
}

static void print(const char *name, const double *numbers, int count, const char *end)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < count; i++)
        printf("%s%.1f", i > 0 ? ", " : "", numbers[i]);
    printf("]%s", end);
}

static void measure(clockid_t cpu, double warmup, double seconds, int iterations)
{
    double *speed = calloc((size_t)iterations, sizeof(*speed));
    double *work_per_cpu = calloc((size_t)iterations, sizeof(*work_per_cpu));

    if (speed == NULL || work_per_cpu == NULL)
        die("memory");
    /* The server's own time: on a busy machine it would stay cold otherwise. */
    for (double end = seconds_of(CLOCK_MONOTONIC) + 5 * warmup, used = seconds_of(cpu) + warmup;
         seconds_of(cpu) < used && seconds_of(CLOCK_MONOTONIC) < end;)
        run_for(0.05);
    for (int i = 0; i < iterations; i++) {
        double time = seconds_of(CLOCK_MONOTONIC), used = seconds_of(cpu);
        uint64_t before = done;

        run_for(seconds);
        time = seconds_of(CLOCK_MONOTONIC) - time;
        used = seconds_of(cpu) - used;
        speed[i] = (double)(done - before) / time;
        work_per_cpu[i] = used > 0 ? (double)(done - before) / used : 0;
    }
    printf("{");
    print("iterations", speed, iterations, ", ");
    print("cpu", work_per_cpu, iterations, "}\n");
    free(speed);
    free(work_per_cpu);
}

static void open_all(conn *conns, int count)
{
    started = doing == FULL || doing == RESUMED;
    if (doing == RESUMED) {
        conn *one = &conns[0];

        open_conn(one);
        /* Until the first session is here, and its connection closed. */
        while (done == 0)
            turn();
        if (session == NULL)
            die("no ticket came");
        count--;
        conns++;
    }
    for (int i = 0; i < count; i++) {
        open_conn(&conns[i]);
        while (!started && opening >= OPENING)
            turn();
    }
    while (!started && opening > 0)
        turn();
    if (!started) {
        for (int i = 0; i < count; i++)
            later(&conns[i]);
    }
    started = 1;
}

int main(int argc, char **argv)
{
    clockid_t cpu;
    conn *conns;
    int count, known = 0;

    for (size_t i = 0; i < sizeof(MODES) / sizeof(*MODES); i++) {
        if (argc > 1 && strcmp(argv[1], MODES[i]) == 0) {
            doing = (mode)i;
            known = 1;
        }
    }
    if (!known || argc != (doing == REQUESTS ? 11 : 9))
        die("see the head of load.c for the arguments");
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i % PATTERN * 31 + i % PATTERN / 251);
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    open_context(argv[2]);
    count = atoi(argv[3]);
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)atoi(argv[4]));
    if (clock_getcpuclockid((pid_t)atol(argv[5]), &cpu) != 0)
        die("no such process");
    if (doing == REQUESTS) {
        request_size = (size_t)atol(argv[9]);
        response_size = (size_t)atol(argv[10]);
        if (request_size - 1 >= PATTERN || response_size - 1 >= PATTERN)
            die("requests and responses have 1 to 65536 bytes");
    }
    conns = calloc((size_t)count, sizeof(*conns));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (count <= 0 || conns == NULL || epoll_fd < 0)
        die("how many connections");
    open_all(conns, count);
    measure(cpu, atof(argv[6]), atof(argv[7]), atoi(argv[8]));
    return 0;
}
