/* cert_select.c - the pause before a server's certificate is chosen, and the identity switch. */
#include <openssl/tls1.h>

#include "anchors.h"
#include "binding.h"
#include "callbacks.h"
#include "error.h"
#include "question.h"

static int ask_certificate(sp_conn *conn)
{
    const char *name = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    uint32_t bits = 0;

    if (SSL_get_tlsext_status_type(conn->ssl) == TLSEXT_STATUSTYPE_ocsp)
        bits |= SP_CERT_OCSP;
    if (conn->secure)
        bits |= SP_CERT_RENEGOTIATION;
    sp_item items[] = {{name, name != NULL ? strlen(name) : SP_ABSENT}, {&bits, sizeof(bits)}};
    return sp_question_ask(conn, SP_EV_CERT, items, 2) != 0;
}

/* -1 pauses (SSL_ERROR_WANT_X509_LOOKUP), 0 fails, 1 goes on. Not called when a session is resumed. */
static int on_certificate(SSL *ssl, void *arg)
{
    sp_conn *conn = arg;

    (void)ssl;
    if (conn->refusal >= 0)
        return 0;
    if (conn->question != 0)
        return -1;
    if (conn->cert_stage != SP_STAGE_NEW || (conn->event_mask & SP_ASK_CERT) == 0)
        return 1;
    conn->cert_stage = SP_STAGE_ASKED;
    return ask_certificate(conn) ? -1 : 0;
}

void sp_cert_install(sp_conn *conn)
{
    if (conn->is_server)
        SSL_set_cert_cb(conn->ssl, on_certificate, conn);
}

/* ---- answers ---- */

static int use_one(SSL *ssl, const sp_identity *identity)
{
    if (identity->certificate == NULL || identity->key == NULL)
        return 1;
    return SSL_use_certificate(ssl, identity->certificate) == 1 &&
           SSL_use_PrivateKey(ssl, identity->key) == 1 && SSL_set1_chain(ssl, identity->chain) == 1;
}

static size_t usable(const sp_ctx *ctx)
{
    size_t count = 0;

    for (size_t i = 0; i < ctx->identity_count; i++)
        count += ctx->identities[i].certificate != NULL && ctx->identities[i].key != NULL;
    return count;
}

/* Replaces the SSL's own copy of the certificates; the shared SSL_CTX is not touched. All key types are cleared
 * first: otherwise a client that prefers a type that only the default identity has would get the default certificate.
 */
static int use_identities(SSL *ssl, const sp_ctx *ctx)
{
    SSL_certs_clear(ssl);
    for (size_t i = 0; i < ctx->identity_count; i++)
        if (!use_one(ssl, &ctx->identities[i]))
            return 0;
    return 1;
}

static int use_trust(SSL *ssl, sp_ctx *ctx)
{
    STACK_OF(X509_NAME) *names, *copy;

    if (!sp_anchor_names(ctx))
        return 0;
    names = SSL_CTX_get_client_CA_list(ctx->ssl_ctx);
    copy = SSL_dup_CA_list(names);
    if (names != NULL && copy == NULL)
        return 0;
    SSL_set_client_CA_list(ssl, copy); /* takes copy */
    return SSL_set1_verify_cert_store(ssl, SSL_CTX_get_cert_store(ctx->ssl_ctx)) == 1;
}

static int32_t use(sp_conn *conn, sp_ctx *ctx, int with_trust, sp_report *report)
{
    sp_enter(report);
    if (ctx == NULL || !(sp_question_is(conn, SP_EV_CLIENT_HELLO) || sp_question_is(conn, SP_EV_CERT)))
        return SP_MISUSE;
    atomic_store_explicit(&ctx->frozen, 1, memory_order_release);
    if (with_trust && !use_trust(conn->ssl, ctx))
        return sp_fail(report);
    /* At the hello, on_client_hello() does this at the end. Here the session of this handshake was already made under
     * the former trust. */
    if (conn->question_kind == SP_EV_CERT && !sp_binding_server(conn, SSL_get_session(conn->ssl)))
        return sp_fail(report);
    if (usable(ctx) == 0)
        return SP_IGNORED;
    return sp_leave(report, use_identities(conn->ssl, ctx));
}

int32_t sp_conn_use_identity(sp_conn *conn, sp_ctx *ctx, sp_report *report)
{
    return use(conn, ctx, 1, report);
}

int32_t sp_conn_use_certificates(sp_conn *conn, sp_ctx *ctx, sp_report *report)
{
    return use(conn, ctx, 0, report);
}
