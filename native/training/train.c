/* train.c - what a TLS library does in practice, done once under -fprofile-generate: ci/openssl-build makes the bundled
 * OpenSSL from the profile that this leaves behind.
 *
 *   train [SCALE]     SCALE multiplies every count; 100 is the default
 *
 * Needs no file and no network: keys and certificates are made in memory, a client and a server live in one thread
 * and a window BIO moves the records, as in native/src. The calls are those of the glue (SSL_read_ex, SSL_write_ex,
 * SSL_do_handshake, the error queue, sessions as bytes, the client hello callback) and of what a caller asks afterwards.
 *
 * The counts are weights: the compiler takes for hot what makes up nearly all of what was executed, and for cold what
 * never was. So every path that matters runs, records as much as handshakes, and nothing that is one long loop of C
 * (key generation, PBKDF2, ML-KEM) so often that the rest looks cold beside it. Everything is checked: a broken training
 * fails. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE = 256 * 1024, PLAIN = 64 * 1024 };

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

/* A certificate with its key, and the same as PEM. */
typedef struct identity {
    EVP_PKEY *key;
    X509 *cert;
    char *key_pem, *cert_pem;
} identity;

typedef struct setting {
    int version;
    const char *suite, *group;
    const identity *server;
    int release;     /* SSL_MODE_RELEASE_BUFFERS */
    int observed;    /* keylog, messages, information, ALPN, a client hello that is paused */
    int client_auth; /* the client has a certificate too */
    int own_tickets; /* ticket keys by callback */
} setting;

static pipe to_server, to_client;
static uint8_t text[PLAIN], plain[PLAIN];
static BIO_METHOD *method;
static identity root, intermediate, rsa, ecdsa, ed25519;
static SSL_CTX *client_ctx, *server_ctx;
static unsigned char session[16 * 1024]; /* the newest of the client, in DER */
static long session_len;
static long scale = 100, observations;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "train: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static void check(int done, const char *what)
{
    if (!done)
        die(what);
}

static long times(long count)
{
    long n = count * scale / 100;

    return n > 0 ? n : 1;
}

/* ---- keys and certificates ---- */

static char *pem_of(EVP_PKEY *key, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *copy;
    long len;

    check(key != NULL ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                      : PEM_write_bio_X509(bio, cert),
          "PEM");
    len = BIO_get_mem_data(bio, &bytes);
    copy = OPENSSL_strndup(bytes, (size_t)len);
    BIO_free(bio);
    return copy;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    check(extension != NULL && X509_add_ext(cert, extension, -1), "extension");
    X509_EXTENSION_free(extension);
}

static identity make(EVP_PKEY *key, const char *name, const identity *issuer, int is_ca)
{
    static long serial = 1;
    identity made = {.key = key, .cert = X509_new()};
    X509 *cert = made.cert;
    X509_NAME *subject = X509_get_subject_name(cert);
    EVP_PKEY *signer = issuer != NULL ? issuer->key : key;

    check(key != NULL, "key");
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 24 * 3600);
    X509_NAME_add_entry_by_txt(subject, "C", MBSTRING_ASC, (const unsigned char *)"NL", -1, -1, 0);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Training", -1, -1, 0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer->cert) : subject);
    X509_set_pubkey(cert, key);
    extend(cert, issuer != NULL ? issuer->cert : cert, NID_subject_key_identifier, "hash");
    extend(cert, issuer != NULL ? issuer->cert : cert, NID_authority_key_identifier, "keyid");
    if (is_ca) {
        extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
        extend(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        extend(cert, cert, NID_basic_constraints, "CA:FALSE");
        extend(cert, cert, NID_key_usage, "critical,digitalSignature,keyEncipherment");
        extend(cert, cert, NID_ext_key_usage, "serverAuth,clientAuth");
        extend(cert, cert, NID_subject_alt_name, "DNS:localhost,DNS:*.example.test,IP:127.0.0.1");
    }
    check(X509_sign(cert, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) > 0, "signature");
    made.key_pem = pem_of(key, NULL);
    made.cert_pem = pem_of(NULL, cert);
    return made;
}

static void make_identities(void)
{
    root = make(EVP_RSA_gen(2048), "root", NULL, 1);
    intermediate = make(EVP_EC_gen("P-256"), "intermediate", &root, 1);
    rsa = make(EVP_RSA_gen(2048), "localhost", &root, 0);
    ecdsa = make(EVP_EC_gen("P-256"), "localhost", &root, 0);
    ed25519 = make(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "localhost", &intermediate, 0);
}

static void drop(identity *made)
{
    EVP_PKEY_free(made->key);
    X509_free(made->cert);
    OPENSSL_clear_free(made->key_pem, strlen(made->key_pem));
    OPENSSL_free(made->cert_pem);
}

/* ---- the window ---- */

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
    memcpy(to, in->bytes + in->begin, *done);
    in->begin += *done;
    return 1;
}

static int on_write(BIO *bio, const char *from, size_t len, size_t *done)
{
    pipe *out = ((end *)BIO_get_data(bio))->out;

    BIO_clear_retry_flags(bio);
    check(len <= WIRE - out->end, "the wire is full");
    memcpy(out->bytes + out->end, from, len);
    out->end += len;
    *done = len;
    return 1;
}

static long on_ctrl(BIO *bio, int command, long number, void *ptr)
{
    (void)bio, (void)number, (void)ptr;
    return command == BIO_CTRL_FLUSH;
}

/* ---- contexts ---- */

static int on_new_session(SSL *ssl, SSL_SESSION *fresh)
{
    unsigned char *out = session;

    if (!SSL_is_server(ssl) && i2d_SSL_SESSION(fresh, NULL) <= (int)sizeof(session))
        session_len = i2d_SSL_SESSION(fresh, &out);
    return 0;
}

static SSL_SESSION *on_get_session(SSL *ssl, const unsigned char *id, int len, int *copy)
{
    (void)ssl, (void)id, (void)len;
    *copy = 0;
    return NULL;
}

static void on_keylog(const SSL *ssl, const char *line)
{
    (void)ssl;
    observations += line[0];
}

static void on_info(const SSL *ssl, int where, int value)
{
    (void)ssl;
    observations += where + value;
}

static void on_message(int write, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg)
{
    (void)write, (void)version, (void)bytes, (void)ssl, (void)arg;
    observations += type + (long)len;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *bytes;
    size_t len;

    (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len);
    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &len);
    SSL_client_hello_get0_session_id(ssl, &bytes);
    if (SSL_get_app_data(ssl) == NULL) { /* the caller is asked first */
        SSL_set_app_data(ssl, ssl);
        return SSL_CLIENT_HELLO_RETRY;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";

    (void)ssl, (void)arg;
    return SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof(ours) - 1, in, in_len) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int encrypt)
{
    static const unsigned char key[32] = "a key of the training's tickets";
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, 32),
                           OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};

    (void)ssl;
    if (encrypt) {
        memcpy(name, "training tickets", 16);
        if (RAND_bytes(iv, 16) != 1)
            return -1;
    }
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv, encrypt) &&
                   EVP_MAC_CTX_set_params(mac, params)
               ? 1
               : -1;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    check(cert != NULL, "certificate");
    BIO_free(bio);
    return cert;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    check(key != NULL, "private key");
    BIO_free(bio);
    return key;
}

static void use(SSL_CTX *ctx, const identity *id)
{
    X509 *cert = read_cert(id->cert_pem), *between = read_cert(intermediate.cert_pem);
    EVP_PKEY *key = read_key(id->key_pem);

    check(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
              SSL_CTX_check_private_key(ctx) == 1,
          "identity");
    if (id == &ed25519)
        check(SSL_CTX_add1_chain_cert(ctx, between) == 1, "chain");
    EVP_PKEY_free(key);
    X509_free(cert);
    X509_free(between);
}

static void trust(SSL_CTX *ctx)
{
    X509_STORE *store = X509_STORE_new();
    X509 *cert = read_cert(root.cert_pem);

    check(X509_STORE_add_cert(store, cert) == 1, "CA");
    X509_free(cert);
    SSL_CTX_set_cert_store(ctx, store);
}

static SSL_CTX *context(const setting *wanted, int is_server)
{
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    char groups[128];

    check(ctx != NULL, "context");
    SSL_CTX_set_security_level(ctx, 1);
    SSL_CTX_set_options(ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              (wanted->release ? SSL_MODE_RELEASE_BUFFERS : 0));
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_BOTH | SSL_SESS_CACHE_NO_INTERNAL |
                                            SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(ctx, on_new_session);
    check(SSL_CTX_set_min_proto_version(ctx, wanted->version) == 1 &&
              SSL_CTX_set_max_proto_version(ctx, wanted->version) == 1,
          "version");
    if (wanted->group != NULL) {
        /* In TLS 1.2 the curve of an ECDSA certificate must be among the groups. */
        snprintf(groups, sizeof(groups), wanted->version == TLS1_3_VERSION ? "%s" : "%s:P-256",
                 wanted->group);
        if (strcmp(wanted->group, "P-256") == 0)
            snprintf(groups, sizeof(groups), "P-256");
        check(SSL_CTX_set1_groups_list(ctx, groups) == 1, "groups");
    }
    if (wanted->suite != NULL)
        check((wanted->version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(ctx, wanted->suite)
                                                 : SSL_CTX_set_cipher_list(ctx, wanted->suite)) == 1,
              "suite");
    if (is_server) {
        check(SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"training", 8) == 1, "id context");
        SSL_CTX_sess_set_get_cb(ctx, on_get_session);
        SSL_CTX_set_dh_auto(ctx, 1);
        use(ctx, wanted->server);
        if (wanted->own_tickets)
            SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    } else if (wanted->client_auth) {
        use(ctx, &ecdsa);
    }
    if (!is_server || wanted->client_auth) {
        trust(ctx);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (is_server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    }
    if (wanted->observed) {
        SSL_CTX_set_keylog_callback(ctx, on_keylog);
        SSL_CTX_set_info_callback(ctx, on_info);
        SSL_CTX_set_msg_callback(ctx, on_message);
        if (is_server) {
            SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
            SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
        } else {
            check(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2\x08http/1.1", 12) == 0, "ALPN");
        }
    }
    return ctx;
}

static void open_contexts(const setting *wanted)
{
    client_ctx = context(wanted, 0);
    server_ctx = context(wanted, 1);
    session_len = 0;
}

static void close_contexts(void)
{
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

/* ---- a pair ---- */

static void end_open(end *e, SSL_CTX *ctx, pipe *in, pipe *out)
{
    BIO *bio = BIO_new(method);

    in->begin = in->end = 0;
    e->in = in;
    e->out = out;
    e->ssl = SSL_new(ctx);
    check(e->ssl != NULL && bio != NULL, "SSL");
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
    check(SSL_set_tlsext_host_name(p->client.ssl, "localhost") == 1 &&
              SSL_set1_host(p->client.ssl, "localhost") == 1,
          "server name");
}

static void pair_close(pair *p)
{
    SSL_shutdown(p->client.ssl);
    SSL_shutdown(p->server.ssl);
    ERR_clear_error();
    SSL_free(p->client.ssl);
    SSL_free(p->server.ssl);
}

/* 0 when the handshake failed. */
static int step(end *e)
{
    int rv, why;

    ERR_clear_error();
    rv = SSL_do_handshake(e->ssl);
    if (rv != 1) {
        why = SSL_get_error(e->ssl, rv);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_CLIENT_HELLO_CB)
            return 0;
    }
    if (e->in->begin == e->in->end)
        e->in->begin = e->in->end = 0;
    return 1;
}

/* Reads what is on the wire, into a large window or record by record, as the glue does. */
static void take(end *to, size_t len)
{
    size_t got = 0, n;

    ERR_clear_error();
    while (got < len) {
        if (SSL_read_ex(to->ssl, plain + got, PLAIN - got, &n) == 1) {
            got += n;
            observations += SSL_pending(to->ssl);
        } else {
            check(SSL_get_error(to->ssl, 0) == SSL_ERROR_WANT_READ && to->in->begin != to->in->end, "read");
        }
    }
    check(got == len && memcmp(plain, text, len) == 0, "not what was sent");
    if (to->in->begin == to->in->end)
        to->in->begin = to->in->end = 0;
}

static void transfer(end *from, end *to, size_t len, int records)
{
    size_t n = 0;

    for (int i = 0; i < records; i++) {
        ERR_clear_error();
        check(SSL_write_ex(from->ssl, text, len, &n) == 1 && n == len, "write");
    }
    for (int i = 0; i < records; i++)
        take(to, len);
    ERR_clear_error();
    check(SSL_read_ex(to->ssl, plain, PLAIN, &n) != 1 && SSL_get_error(to->ssl, 0) == SSL_ERROR_WANT_READ,
          "more than was sent");
}

static int shake(pair *p)
{
    int alive = 1;

    for (int turn = 0; alive && turn < 16; turn++) {
        if (SSL_is_init_finished(p->client.ssl) && SSL_is_init_finished(p->server.ssl))
            return 1;
        alive = step(&p->client) && step(&p->server);
    }
    return 0;
}

static void handshake(pair *p, const setting *wanted)
{
    check(shake(p), wanted->suite != NULL ? wanted->suite : "handshake");
    transfer(&p->server, &p->client, 64, 1); /* with the tickets */
    transfer(&p->client, &p->server, 64, 1);
    check(SSL_get_verify_result(p->client.ssl) == X509_V_OK, "the server was not verified");
    check(SSL_version(p->client.ssl) == wanted->version, "another protocol");
}

/* What a caller asks of a connection. */
static void ask(SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    unsigned char bytes[64], *der = NULL;
    const unsigned char *protocol;
    unsigned int len;
    EVP_PKEY *key = NULL;
    int der_len, id;

    observations += (long)strlen(SSL_get_version(ssl)) + (long)strlen(SSL_CIPHER_standard_name(cipher));
    observations += (long)SSL_get_finished(ssl, bytes, sizeof(bytes)) + SSL_get_negotiated_group(ssl);
    SSL_get0_alpn_selected(ssl, &protocol, &len);
    SSL_get_peer_signature_nid(ssl, &id);
    if (SSL_get_peer_tmp_key(ssl, &key) == 1)
        EVP_PKEY_free(key);
    check(SSL_export_keying_material(ssl, bytes, 32, "EXPORTER-training", 17, NULL, 0, 0) == 1, "exporter");
    if (chain != NULL && sk_X509_num(chain) > 0) {
        der_len = i2d_X509(sk_X509_value(chain, 0), &der);
        check(der_len > 0, "DER");
        OPENSSL_free(der);
    }
}

/* From bytes, or a copy of the one that was parsed last: the glue does both. */
static void offer_session(SSL *ssl, int parse)
{
    static SSL_SESSION *kept;
    const unsigned char *in = session;
    SSL_SESSION *offered;

    if (parse) {
        SSL_SESSION_free(kept);
        kept = d2i_SSL_SESSION(NULL, &in, session_len);
    }
    offered = kept != NULL ? SSL_SESSION_dup(kept) : NULL;
    check(offered != NULL && SSL_set_session(ssl, offered) == 1, "session");
    SSL_SESSION_free(offered);
}

static void handshakes(const setting *wanted, long full, long resumed)
{
    pair p;

    open_contexts(wanted);
    for (long i = 0; i < times(full) + times(resumed); i++) {
        int resume = i >= times(full);

        pair_open(&p);
        if (resume)
            offer_session(p.client.ssl, i == times(full) || i % 2 == 0);
        handshake(&p, wanted);
        check(SSL_session_reused(p.client.ssl) == resume, resume ? "not resumed" : "resumed");
        if (i % 4 == 0)
            ask(p.client.ssl);
        pair_close(&p);
    }
    close_contexts();
}

static void renegotiate(pair *p)
{
    size_t n;

    check(SSL_renegotiate(p->client.ssl) == 1 && step(&p->client), "renegotiation");
    for (int turn = 0; turn < 3; turn++) {
        check(SSL_read_ex(p->server.ssl, plain, PLAIN, &n) != 1 &&
                  SSL_get_error(p->server.ssl, 0) == SSL_ERROR_WANT_READ &&
                  SSL_read_ex(p->client.ssl, plain, PLAIN, &n) != 1 &&
                  SSL_get_error(p->client.ssl, 0) == SSL_ERROR_WANT_READ,
              "renegotiation");
    }
    check(SSL_total_renegotiations(p->client.ssl) == 1 && SSL_is_init_finished(p->client.ssl) &&
              SSL_is_init_finished(p->server.ssl),
          "not renegotiated");
    transfer(&p->client, &p->server, 64, 1);
}

static void records(const setting *wanted, long count)
{
    static const struct {
        size_t size;
        long share;
    } sizes[] = {{64, 100}, {1024, 60}, {16384, 20}, {300, 10}, {5000, 5}};
    pair p;

    open_contexts(wanted);
    pair_open(&p);
    handshake(&p, wanted);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        for (long i = 0; i < times(count) * sizes[s].share / 100; i++) {
            transfer(&p.client, &p.server, sizes[s].size, 1);
            transfer(&p.server, &p.client, sizes[s].size, 1);
            if (i % 8 == 0)
                transfer(&p.client, &p.server, sizes[s].size, 6);
            if (i % 1000 == 999)
                SSL_free_buffers(p.server.ssl);
        }
    }
    if (wanted->version == TLS1_3_VERSION) {
        check(SSL_key_update(p.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1, "key update");
        transfer(&p.client, &p.server, 64, 1);
        transfer(&p.server, &p.client, 64, 1);
    } else {
        renegotiate(&p);
    }
    pair_close(&p);
    close_contexts();
}

/* Handshakes that fail: the client trusts no CA, no version or cipher in common, garbage on the wire. */
static void failures(void)
{
    setting wanted = {TLS1_3_VERSION, NULL, "X25519", &ecdsa, 0, 0, 0, 0};
    pair p;

    for (int kind = 0; kind < 4; kind++) {
        for (long i = 0; i < times(10); i++) {
            wanted.version = i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION;
            open_contexts(&wanted);
            if (kind == 0)
                SSL_CTX_set_cert_store(client_ctx, X509_STORE_new());
            else if (kind == 1)
                SSL_CTX_set_max_proto_version(client_ctx, wanted.version == TLS1_2_VERSION ? TLS1_3_VERSION
                                                                                           : TLS1_2_VERSION),
                    SSL_CTX_set_min_proto_version(
                        client_ctx, wanted.version == TLS1_2_VERSION ? TLS1_3_VERSION : TLS1_2_VERSION);
            pair_open(&p);
            if (kind == 2)
                SSL_set1_host(p.client.ssl, "elsewhere.test");
            if (kind == 3) {
                memset(to_server.bytes, 'x', 64);
                to_server.end = 64;
                check(!step(&p.server), "garbage went through");
            } else {
                check(!shake(&p), "a handshake that should have failed");
            }
            while (ERR_get_error() != 0)
                observations++;
            SSL_free(p.client.ssl);
            SSL_free(p.server.ssl);
            close_contexts();
        }
    }
}

/* ---- certificates and keys as files ---- */

static int on_passphrase(char *to, int size, int writing, void *arg)
{
    (void)size, (void)writing, (void)arg;
    memcpy(to, "passphrase", 10);
    return 10;
}

static void print_certificate(const identity *id)
{
    X509 *cert = read_cert(id->cert_pem), *again;
    const unsigned char *in;
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned int len;
    BIO *bio = BIO_new(BIO_s_mem());
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = BN_bn2hex(serial);
    int size = i2d_X509(cert, &der);

    in = der;
    again = d2i_X509(NULL, &in, size);
    check(again != NULL && X509_cmp(cert, again) == 0, "DER");
    check(X509_digest(cert, EVP_sha256(), digest, &len) == 1 &&
              X509_digest(cert, EVP_sha1(), digest, &len) == 1,
          "fingerprint");
    check(X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0 &&
              X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0, XN_FLAG_ONELINE) >= 0 &&
              ASN1_TIME_print(bio, X509_get0_notAfter(cert)) == 1 && X509_print(bio, cert) == 1,
          "text");
    check(X509_check_host(cert, "localhost", 0, 0, NULL) == (names != NULL), "host");
    X509_check_ip_asc(cert, "127.0.0.1", 0);
    X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0);
    observations += X509_cmp_current_time(X509_get0_notAfter(cert));
    GENERAL_NAMES_free(names);
    BN_free(serial);
    OPENSSL_free(hex);
    OPENSSL_free(der);
    X509_free(again);
    X509_free(cert);
    BIO_free(bio);
}

static void verify_chain(const identity *id)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();

    sk_X509_push(others, intermediate.cert);
    check(X509_STORE_add_cert(store, root.cert) == 1 &&
              X509_STORE_CTX_init(ctx, store, id->cert, others) == 1 &&
              X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1 && X509_verify_cert(ctx) == 1,
          "chain");
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(others);
}

static void encrypted_files(const identity *id)
{
    BIO *bio = BIO_new(BIO_s_mem());
    STACK_OF(X509) *chain = sk_X509_new_null(), *parsed_chain = NULL;
    PKCS12 *p12;
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;

    check(PEM_write_bio_PKCS8PrivateKey(bio, id->key, EVP_aes_256_cbc(), NULL, 0, on_passphrase, NULL) == 1,
          "PKCS#8");
    key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, NULL);
    check(key != NULL && EVP_PKEY_eq(key, id->key) == 1, "encrypted key");
    EVP_PKEY_free(key);
    key = NULL;
    (void)BIO_reset(bio);
    sk_X509_push(chain, root.cert);
    p12 = PKCS12_create("passphrase", "name", id->key, id->cert, chain, 0, 0, 0, 0, 0);
    check(p12 != NULL && i2d_PKCS12_bio(bio, p12) == 1, "PKCS#12");
    PKCS12_free(p12);
    p12 = d2i_PKCS12_bio(bio, NULL);
    check(p12 != NULL && PKCS12_parse(p12, "passphrase", &key, &cert, &parsed_chain) == 1, "PKCS#12, parsed");
    PKCS12_free(p12);
    EVP_PKEY_free(key);
    X509_free(cert);
    sk_X509_pop_free(parsed_chain, X509_free);
    sk_X509_free(chain);
    BIO_free(bio);
}

/* Beside TLS: what users of the raw functions call, and what the provider does for TLS by other ways. */
static void primitives(void)
{
    static const char *const ciphers[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-128-CBC",
                                          "AES-256-CTR", "AES-128-CCM", "DES-EDE3-CBC"};
    static const char *const digests[] = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512", "SHA3-256"};
    unsigned char out[4096], tag[EVP_MAX_MD_SIZE], key[32] = {1}, iv[16] = {2};
    size_t len = 0;
    int n;

    for (size_t i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ciphers[i], NULL);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        check(cipher != NULL && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1, ciphers[i]);
        for (int j = 0; j < 20; j++)
            EVP_EncryptUpdate(ctx, out, &n, text, 1024);
        EVP_EncryptFinal_ex(ctx, out, &n);
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(cipher);
    }
    for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++) {
        check(EVP_Q_digest(NULL, digests[i], NULL, text, 1024, tag, &len) == 1, digests[i]);
        check(EVP_Q_mac(NULL, "HMAC", NULL, digests[i], NULL, key, sizeof(key), text, 1024, tag, sizeof(tag),
                        &len) != NULL,
              digests[i]);
    }
    EVP_EncodeBlock(out, text, 1024);
    check(EVP_DecodeBlock(out + 2048, out, 1368) > 0, "base64");
    check(PKCS5_PBKDF2_HMAC("passphrase", 10, iv, 16, 100, EVP_sha256(), 32, tag) == 1, "PBKDF2");
    ERR_clear_error();
}

/* ---- the plan ---- */

static void train_handshakes(void)
{
    static const char *const groups13[] = {"X25519", "P-256", "X25519MLKEM768", NULL, "P-384"};
    static const char *const groups12[] = {"X25519", "P-256"};
    static const char *const suites12[] = {"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", NULL,
                                           "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"};
    static const identity *const servers[] = {&ecdsa, &rsa};

    for (int s = 0; s < 2; s++) {
        for (size_t g = 0; g < sizeof(groups13) / sizeof(*groups13); g++) {
            int rare = g >= 3;
            setting wanted = {TLS1_3_VERSION, NULL, groups13[g], servers[s], g % 2 == 1, g == 1, 0, g == 2};
            handshakes(&wanted, rare ? 25 : 120, rare ? 25 : 80);
        }
        for (int g = 0; g < 2; g++) {
            for (int c = 0; c < 3; c++) {
                setting wanted = {TLS1_2_VERSION, suites12[c], groups12[g], servers[s],
                                  c == 0,         c == 1,      0,           c == 2};
                handshakes(&wanted, 60, 80);
            }
        }
        for (int both = 0; both < 2;
             both++) { /* certificates of clients; TLS 1.2 without and with resumption */
            setting wanted = {both ? TLS1_2_VERSION : TLS1_3_VERSION, NULL, "X25519", servers[s], 1, 1, 1, 0};
            handshakes(&wanted, 40, 40);
        }
    }
    {
        setting eddsa = {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "X25519", &ed25519, 0, 0, 0, 0};
        setting dhe = {TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", NULL, &rsa, 0, 0, 0, 0};
        setting plain_rsa = {TLS1_2_VERSION, "AES128-SHA", NULL, &rsa, 0, 0, 0, 0};
        handshakes(&eddsa, 20, 5);
        handshakes(&dhe, 3, 3);
        handshakes(&plain_rsa, 10, 5);
    }
}

static void train_records(void)
{
    static const struct {
        int version;
        const char *suite;
        long count;
    } suites[] = {
        {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 60000},
        {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 40000},
        {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", 25000},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 60000},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", 25000},
        {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", 20000},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", 2000},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", 2000},
        {TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", 1000},
    };

    for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
        for (int release = 0; release < 2; release++) {
            setting wanted = {suites[i].version, suites[i].suite, "X25519", &ecdsa, release, 0, 0, 0};
            records(&wanted, release ? suites[i].count / 4 : suites[i].count);
        }
    }
}

static void train_files(void)
{
    static const identity *const all[] = {&rsa, &ecdsa, &ed25519, &root};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        for (long n = 0; n < times(30); n++) {
            print_certificate(all[i]);
            if (all[i] != &root)
                verify_chain(all[i]);
            EVP_PKEY_free(read_key(all[i]->key_pem));
        }
        encrypted_files(all[i]);
    }
    for (long n = 0; n < times(20); n++)
        primitives();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        scale = atol(argv[1]);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 31 + i / 251);
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "window");
    check(method != NULL && BIO_meth_set_read_ex(method, on_read) &&
              BIO_meth_set_write_ex(method, on_write) && BIO_meth_set_ctrl(method, on_ctrl),
          "BIO");
    make_identities();
    train_files();
    train_handshakes();
    train_records();
    failures();
    drop(&root);
    drop(&intermediate);
    drop(&rsa);
    drop(&ecdsa);
    drop(&ed25519);
    BIO_meth_free(method);
    return observations == 0; /* keeps the compiler from leaving things out */
}
