/* client_hello.c - the ClientHello callback, and what its question carries.
 *
 * OpenSSL runs the callback once per ClientHello and again after each SSL_CLIENT_HELLO_RETRY, also for the second
 * hello after a HelloRetryRequest and for renegotiations. The stages in sp_conn make each question occur once per
 * handshake: they return to NEW when OpenSSL reports the start of a handshake, which it does not for the second
 * hello.
 */
#include "binding.h"
#include "bytes.h"
#include "callbacks.h"
#include "ex_data.h"
#include "question.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_STATUS_REQUEST = 5,
    EXT_ALPN = 16,
    EXT_TICKET = 35,
    EXT_PSK = 41,
    EXT_VERSIONS = 43,
    EXT_POST_HANDSHAKE_AUTH = 49,
    EXT_NPN = 13172,
    HELLO_ITEMS = 8
};

/* Reads and never passes the end: after a short read it is empty and `bad`. */
typedef struct cursor {
    const uint8_t *at;
    size_t left;
    int bad;
} cursor;

static const uint8_t *take(cursor *from, size_t len)
{
    const uint8_t *bytes = from->at;

    if (from->bad || len > from->left) {
        from->bad = 1;
        from->left = 0;
        return NULL;
    }
    from->at += len;
    from->left -= len;
    return bytes;
}

/* A big-endian number of 1 or 2 bytes. */
static size_t take_number(cursor *from, size_t width)
{
    const uint8_t *bytes = take(from, width);

    if (bytes == NULL)
        return 0;
    return width == 1 ? bytes[0] : (size_t)bytes[0] << 8 | bytes[1];
}

/* The bytes behind a length of `width` bytes. */
static cursor take_vector(cursor *from, size_t width)
{
    size_t len = take_number(from, width);
    cursor inner = {take(from, len), len, 0};

    if (inner.at == NULL) {
        inner.left = 0;
        inner.bad = 1;
    }
    return inner;
}

static int extension(SSL *ssl, unsigned int type, cursor *body)
{
    const unsigned char *bytes = NULL;
    size_t len = 0;
    int present = SSL_client_hello_get0_ext(ssl, type, &bytes, &len) == 1;

    *body = (cursor){bytes, present ? len : 0, !present};
    return present;
}

/* SSL_get_servername() does not work yet inside the callback. RFC 6066: list of {type, name}, one host name. A name
 * that OpenSSL is about to refuse counts as none. */
static sp_item servername_of(SSL *ssl)
{
    cursor body, list, name;

    if (extension(ssl, EXT_SERVER_NAME, &body)) {
        list = take_vector(&body, 2);
        if (take_number(&list, 1) == TLSEXT_NAMETYPE_host_name) {
            name = take_vector(&list, 2);
            if (!name.bad && name.left <= TLSEXT_MAXLEN_host_name && memchr(name.at, 0, name.left) == NULL)
                return (sp_item){name.at, name.left};
        }
    }
    return (sp_item){NULL, SP_ABSENT};
}

static sp_item alpn_of(SSL *ssl)
{
    cursor body, list;

    if (extension(ssl, EXT_ALPN, &body)) {
        list = take_vector(&body, 2);
        if (!list.bad)
            return (sp_item){list.at, list.left};
    }
    return (sp_item){NULL, SP_ABSENT};
}

static int offers_tls1_3(SSL *ssl)
{
    cursor body, list;

    if (!extension(ssl, EXT_VERSIONS, &body))
        return 0;
    list = take_vector(&body, 1);
    while (!list.bad && list.left > 0)
        if (take_number(&list, 2) == TLS1_3_VERSION)
            return !list.bad;
    return 0;
}

static uint32_t bits_of(sp_conn *conn)
{
    SSL *ssl = conn->ssl;
    uint32_t bits = 0;
    cursor body;

    if (extension(ssl, EXT_TICKET, &body) && body.left > 0)
        bits |= SP_HELLO_TICKET;
    if (extension(ssl, EXT_STATUS_REQUEST, &body) && body.left > 0 && body.at[0] == TLSEXT_STATUSTYPE_ocsp)
        bits |= SP_HELLO_OCSP;
    if (offers_tls1_3(ssl))
        bits |= SP_HELLO_TLS1_3;
    if (extension(ssl, EXT_NPN, &body))
        bits |= SP_HELLO_NPN;
    if (conn->secure)
        bits |= SP_HELLO_RENEGOTIATION;
    return bits;
}

/* OpenSSL's getters give only the extensions that it knows; the raw message has all. */
static sp_item extensions_of(const sp_conn *conn)
{
    enum { MESSAGE_HEADER = 4, VERSION_AND_RANDOM = 34 };
    cursor hello = {conn->hello, conn->hello_len, conn->hello == NULL};
    cursor list;

    take(&hello, MESSAGE_HEADER + VERSION_AND_RANDOM);
    take_vector(&hello, 1); /* session id */
    take_vector(&hello, 2); /* suites */
    take_vector(&hello, 1); /* compression */
    list = take_vector(&hello, 2);
    return list.bad ? (sp_item){NULL, SP_ABSENT} : (sp_item){list.at, list.left};
}

/* RFC 8446 4.2.11: list of {opaque identity<1..2^16-1>, u32 age}; written as {u32 len, bytes}* in native order, which
 * is never longer. The item is owned by the caller. 0 when out of memory. */
static int identities_of(SSL *ssl, sp_item *item)
{
    cursor body, list, identity;
    uint8_t *copy;
    size_t len = 0;

    *item = (sp_item){NULL, 0};
    if (!extension(ssl, EXT_PSK, &body))
        return 1;
    list = take_vector(&body, 2);
    if (list.bad || list.left == 0)
        return 1;
    copy = OPENSSL_malloc(list.left);
    if (copy == NULL)
        return 0;
    while (list.left > 0) {
        identity = take_vector(&list, 2);
        take(&list, 4);
        if (list.bad)
            break;
        uint32_t size = (uint32_t)identity.left;
        memcpy(copy + len, &size, sizeof(size));
        if (size > 0)
            memcpy(copy + len + sizeof(size), identity.at, size);
        len += sizeof(size) + size;
    }
    *item = (sp_item){copy, len};
    return 1;
}

static int ask_hello(sp_conn *conn)
{
    SSL *ssl = conn->ssl;
    const unsigned char *id = NULL, *random = NULL, *suites = NULL;
    size_t id_len = SSL_client_hello_get0_session_id(ssl, &id);
    size_t random_len = SSL_client_hello_get0_random(ssl, &random);
    size_t suites_len = SSL_client_hello_get0_ciphers(ssl, &suites);
    unsigned int version = SSL_client_hello_get0_legacy_version(ssl);
    uint32_t bits = bits_of(conn);
    uint8_t head[2 + SSL3_RANDOM_SIZE] = {(uint8_t)(version >> 8), (uint8_t)version};
    sp_item alpn = alpn_of(ssl), identities;
    uint32_t asked = 0;

    if (random_len == SSL3_RANDOM_SIZE)
        memcpy(head + 2, random, random_len);
    if (!sp_replace_copy(&conn->offered_alpn, &conn->offered_alpn_len, alpn.bytes,
                         alpn.len == SP_ABSENT ? 0 : alpn.len))
        return 0;
    if (!identities_of(ssl, &identities))
        return 0;
    sp_item items[HELLO_ITEMS] = {
        {id, id_len},         servername_of(ssl),  alpn,      {&bits, sizeof(bits)}, {head, sizeof(head)},
        {suites, suites_len}, extensions_of(conn), identities};
    asked = sp_question_ask(conn, SP_EV_CLIENT_HELLO, items, HELLO_ITEMS);
    OPENSSL_free((void *)identities.bytes);
    return asked != 0;
}

static int refuse(int *alert, int value)
{
    *alert = value;
    return SSL_CLIENT_HELLO_ERROR;
}

/* The name in the first hello selects identity and trust, and is the one that the caller reads. A renegotiation, or
 * the second hello after a HelloRetryRequest, under another name would be admitted by the rules of one name and
 * served as the other. */
static int named_as_before(sp_conn *conn, SSL *ssl)
{
    sp_item name = servername_of(ssl);
    size_t len = name.len == SP_ABSENT ? 0 : name.len;

    if (conn->named)
        return sp_binding_same_name(conn, len > 0 ? name.bytes : NULL, len);
    conn->named = 1;
    if (sp_replace_copy(&conn->asked, &conn->asked_len, name.bytes, len))
        return 1;
    conn->out_of_memory = 1;
    return 0;
}

/* The first hello shows whether the client has something to resume, and whether it can be asked for a certificate
 * later; the question may have been asked because of it. RFC 8446 4.1.2: the second hello must not add either.
 * OpenSSL does not check that. */
static int offers_no_more(sp_conn *conn, SSL *ssl)
{
    enum { HELLO = 1, PSK = 2, POST_HANDSHAKE_AUTH = 4 };
    cursor body;
    int offers = HELLO | (extension(ssl, EXT_PSK, &body) ? PSK : 0) |
                 (extension(ssl, EXT_POST_HANDSHAKE_AUTH, &body) ? POST_HANDSHAKE_AUTH : 0);

    if (conn->offers == 0)
        conn->offers = (uint8_t)offers;
    return (offers & ~conn->offers) == 0;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    sp_conn *conn = sp_conn_of(ssl);

    (void)arg;
    if (!named_as_before(conn, ssl) || !offers_no_more(conn, ssl))
        return refuse(alert, SSL_AD_ILLEGAL_PARAMETER);
    if (conn->refusal >= 0)
        return refuse(alert, conn->refusal);
    if (conn->question != 0)
        return SSL_CLIENT_HELLO_RETRY;
    if (conn->renegotiation_stage == SP_STAGE_NEW && conn->secure && !conn->our_renegotiation &&
        (conn->event_mask & SP_ASK_RENEGOTIATION) != 0) {
        conn->renegotiation_stage = SP_STAGE_ASKED;
        return sp_question_ask(conn, SP_EV_RENEGOTIATION, NULL, 0) != 0
                   ? SSL_CLIENT_HELLO_RETRY
                   : refuse(alert, SSL_AD_INTERNAL_ERROR);
    }
    if (conn->hello_stage == SP_STAGE_NEW && (conn->event_mask & SP_ASK_HELLO) != 0) {
        conn->hello_stage = SP_STAGE_ASKED;
        return ask_hello(conn) ? SSL_CLIENT_HELLO_RETRY : refuse(alert, SSL_AD_INTERNAL_ERROR);
    }
    conn->hello_stage = SP_STAGE_ANSWERED; /* no question at the second hello after a HelloRetryRequest */
    conn->our_renegotiation = 0;
    sp_replace_copy(&conn->hello, &conn->hello_len, NULL, 0);
    if (!sp_binding_server(conn, NULL))
        return refuse(alert, SSL_AD_INTERNAL_ERROR);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* Accepts any name: OpenSSL stores the name in the session only if it was accepted. */
static int on_servername(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != NULL ? SSL_TLSEXT_ERR_OK
                                                                      : SSL_TLSEXT_ERR_NOACK;
}

void sp_hello_install(sp_ctx *ctx)
{
    SSL_CTX_set_client_hello_cb(ctx->ssl_ctx, on_client_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx->ssl_ctx, on_servername);
}

void sp_hello_reset(sp_conn *conn)
{
    conn->renegotiation_stage = conn->hello_stage = conn->cert_stage = SP_STAGE_NEW;
    conn->alpn_answered = 0;
    conn->offers = 0;
    sp_replace_copy(&conn->hello, &conn->hello_len, NULL, 0);
    sp_replace_copy(&conn->offered_alpn, &conn->offered_alpn_len, NULL, 0);
}
