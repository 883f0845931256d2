/* OpenSSL's callbacks for the raw surface. Every C callback below has OpenSSL's own type, so that the compiler checks
 * it, and ends in one upcall to Java, which finds the handler by number. Numbers, not pointers: an address may be used
 * again, a number never is. C++, part of the JNI library of Ssl; its variables exist once.
 *
 * A number of 0 means "none". `own` is the SSL's, `origin` that of the SSL_CTX from which the SSL took its copies
 * of the callbacks (it may be switched to another SSL_CTX later), `current` that of the SSL_CTX it has now.
 */
#ifndef SECUREPAIR_CALLBACKS_H
#define SECUREPAIR_CALLBACKS_H

#include <jni.h>
#include <openssl/ssl.h>
#include <stdint.h>

enum {
    SECUREPAIR_CB_RELEASE = 0, /* the object with number `own` is being freed */
    SECUREPAIR_CB_VERIFY = 1,
    SECUREPAIR_CB_ALPN = 2,
    SECUREPAIR_CB_KEYLOG = 3,
    SECUREPAIR_CB_INFO = 4,
    SECUREPAIR_CB_MESSAGE = 5,
    SECUREPAIR_CB_HELLO = 6,
    SECUREPAIR_CB_SERVERNAME = 7,
    SECUREPAIR_CB_SESSION = 8,
    SECUREPAIR_CB_STATUS = 9
};

typedef jlong (*securepair_upcall)(jint kind, jlong own, jlong origin, jlong current, jlong a, jlong b,
                                   jlong c, jlong d, jlong e);

static securepair_upcall securepair_java = NULL;
static int securepair_ctx_index = -1;    /* SSL_CTX: its number */
static int securepair_own_index = -1;    /* SSL: its number */
static int securepair_origin_index = -1; /* SSL: the number of the SSL_CTX it was made from */

static jlong securepair_number(const void *stored)
{
    return (jlong)(intptr_t)stored;
}

static jlong securepair_ctx_number(const SSL_CTX *ctx)
{
    return ctx == NULL ? 0 : securepair_number(SSL_CTX_get_ex_data(ctx, securepair_ctx_index));
}

static jlong securepair_call(int kind, SSL *ssl, jlong b, jlong c, jlong d, jlong e)
{
    jlong current = securepair_ctx_number(SSL_get_SSL_CTX(ssl));
    jlong origin = securepair_number(SSL_get_ex_data(ssl, securepair_origin_index));
    if (origin == 0 &&
        current != 0) { /* the first callback runs before anything can have switched the SSL_CTX */
        origin = current;
        SSL_set_ex_data(ssl, securepair_origin_index, (void *)(intptr_t)origin);
    }
    return securepair_java(kind, securepair_number(SSL_get_ex_data(ssl, securepair_own_index)), origin,
                           current, (jlong)(intptr_t)ssl, b, c, d, e);
}

/* For callbacks whose argument is the number of the object that set them. */
static jlong securepair_call_of(int kind, void *arg, SSL *ssl, jlong b, jlong c, jlong d, jlong e)
{
    jlong current = securepair_ctx_number(SSL_get_SSL_CTX(ssl));
    if (SSL_get_ex_data(ssl, securepair_origin_index) == NULL && current != 0)
        SSL_set_ex_data(ssl, securepair_origin_index, (void *)(intptr_t)current);
    return securepair_java(kind, securepair_number(arg), 0, 0, (jlong)(intptr_t)ssl, b, c, d, e);
}

static int securepair_on_verify(int preverified, X509_STORE_CTX *store)
{
    SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    return ssl != NULL &&
           securepair_call(SECUREPAIR_CB_VERIFY, ssl, preverified, (jlong)(intptr_t)store, 0, 0) == 1;
}

static void securepair_on_keylog(const SSL *ssl, const char *line)
{
    securepair_call(SECUREPAIR_CB_KEYLOG, (SSL *)ssl, (jlong)(intptr_t)line, 0, 0, 0);
}

static void securepair_on_info(const SSL *ssl, int where, int value)
{
    securepair_call(SECUREPAIR_CB_INFO, (SSL *)ssl, where, value, 0, 0);
}

static int securepair_on_session(SSL *ssl, SSL_SESSION *session)
{
    return securepair_call(SECUREPAIR_CB_SESSION, ssl, (jlong)(intptr_t)session, 0, 0, 0) == 1;
}

static void securepair_on_message(int sent, int version, int type, const void *data, size_t length, SSL *ssl,
                                  void *arg)
{
    securepair_call_of(SECUREPAIR_CB_MESSAGE, arg, ssl, sent, ((jlong)version << 32) | (uint32_t)type,
                       (jlong)(intptr_t)data, (jlong)length);
}

/* Java answers with the offset of the chosen name's length byte, or -1 for none, or less to refuse. */
static int securepair_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                              const unsigned char *in, unsigned int in_length, void *arg)
{
    jlong offset = securepair_call_of(SECUREPAIR_CB_ALPN, arg, ssl, (jlong)(intptr_t)in, in_length, 0, 0);
    if (offset == -1)
        return SSL_TLSEXT_ERR_NOACK;
    if (offset < 0 || offset >= (jlong)in_length || offset + 1 + in[offset] > (jlong)in_length)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + offset + 1;
    *out_length = in[offset];
    return SSL_TLSEXT_ERR_OK;
}

/* Java answers with alert << 8 | result. */
static int securepair_on_hello(SSL *ssl, int *alert, void *arg)
{
    jlong answer = securepair_call_of(SECUREPAIR_CB_HELLO, arg, ssl, 0, 0, 0, 0);
    *alert = (int)(answer >> 8);
    return (signed char)(answer & 0xff);
}

static int securepair_on_servername(SSL *ssl, int *alert, void *arg)
{
    jlong answer = securepair_call_of(SECUREPAIR_CB_SERVERNAME, arg, ssl, 0, 0, 0, 0);
    *alert = (int)(answer >> 8);
    return (signed char)(answer & 0xff);
}

static int securepair_on_status(SSL *ssl, void *arg)
{
    return (int)securepair_call_of(SECUREPAIR_CB_STATUS, arg, ssl, 0, 0, 0, 0);
}

static void securepair_on_free(void *parent, void *number, CRYPTO_EX_DATA *data, int index, long argl,
                               void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    if (number != NULL)
        securepair_java(SECUREPAIR_CB_RELEASE, securepair_number(number), 0, 0, 0, 0, 0, 0, 0);
}

/* A duplicate has no number: its copies of the callbacks find no handler, which is a failure, not a success. */
static int securepair_on_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int index,
                             long argl, void *argp)
{
    (void)to, (void)from, (void)index, (void)argl, (void)argp;
    *data = NULL;
    return 1;
}

/* Once, before anything else here. Returns 1. */
static inline int securepair_callbacks_init(securepair_upcall upcall)
{
    securepair_java = upcall;
    securepair_ctx_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, securepair_on_dup,
                                                   securepair_on_free);
    securepair_own_index =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, securepair_on_dup, securepair_on_free);
    securepair_origin_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, NULL, NULL);
    return securepair_ctx_index >= 0 && securepair_own_index >= 0 && securepair_origin_index >= 0;
}

static inline jlong securepair_ctx_get_number(SSL_CTX *ctx)
{
    return securepair_ctx_number(ctx);
}

static inline int securepair_ctx_set_number(SSL_CTX *ctx, jlong number)
{
    return SSL_CTX_set_ex_data(ctx, securepair_ctx_index, (void *)(intptr_t)number);
}

static inline jlong securepair_ssl_get_number(SSL *ssl)
{
    return securepair_number(SSL_get_ex_data(ssl, securepair_own_index));
}

static inline int securepair_ssl_set_number(SSL *ssl, jlong number)
{
    return SSL_set_ex_data(ssl, securepair_own_index, (void *)(intptr_t)number);
}

/* Sets or removes the callback of one kind. */
static inline void securepair_ctx_switch(SSL_CTX *ctx, int kind, int on, jlong number)
{
    void *arg = on ? (void *)(intptr_t)number : NULL;
    /* Two setters are macros that cast their argument; these variables have the type that it should have. */
    int (*servername)(SSL *, int *, void *) = on ? securepair_on_servername : NULL;
    int (*status)(SSL *, void *) = on ? securepair_on_status : NULL;
    switch (kind) {
    case SECUREPAIR_CB_VERIFY:
        SSL_CTX_set_verify(ctx, SSL_CTX_get_verify_mode(ctx), on ? securepair_on_verify : NULL);
        break;
    case SECUREPAIR_CB_ALPN:
        SSL_CTX_set_alpn_select_cb(ctx, on ? securepair_on_alpn : NULL, arg);
        break;
    case SECUREPAIR_CB_KEYLOG:
        SSL_CTX_set_keylog_callback(ctx, on ? securepair_on_keylog : NULL);
        break;
    case SECUREPAIR_CB_INFO:
        SSL_CTX_set_info_callback(ctx, on ? securepair_on_info : NULL);
        break;
    case SECUREPAIR_CB_MESSAGE:
        SSL_CTX_set_msg_callback(ctx, on ? securepair_on_message : NULL);
        SSL_CTX_set_msg_callback_arg(ctx, arg);
        break;
    case SECUREPAIR_CB_HELLO:
        SSL_CTX_set_client_hello_cb(ctx, on ? securepair_on_hello : NULL, arg);
        break;
    case SECUREPAIR_CB_SERVERNAME:
        SSL_CTX_set_tlsext_servername_callback(ctx, servername);
        SSL_CTX_set_tlsext_servername_arg(ctx, arg);
        break;
    case SECUREPAIR_CB_SESSION:
        SSL_CTX_sess_set_new_cb(ctx, on ? securepair_on_session : NULL);
        break;
    case SECUREPAIR_CB_STATUS:
        SSL_CTX_set_tlsext_status_cb(ctx, status);
        SSL_CTX_set_tlsext_status_arg(ctx, arg);
        break;
    }
}

static inline void securepair_ssl_switch(SSL *ssl, int kind, int on, jlong number)
{
    switch (kind) {
    case SECUREPAIR_CB_VERIFY:
        SSL_set_verify(ssl, SSL_get_verify_mode(ssl), on ? securepair_on_verify : NULL);
        break;
    case SECUREPAIR_CB_INFO:
        SSL_set_info_callback(ssl, on ? securepair_on_info : NULL);
        break;
    case SECUREPAIR_CB_MESSAGE:
        SSL_set_msg_callback(ssl, on ? securepair_on_message : NULL);
        SSL_set_msg_callback_arg(ssl, on ? (void *)(intptr_t)number : NULL);
        break;
    }
}

#endif
