/* ex_data.c - from OpenSSL's objects to ours: an SSL_CTX leads to its sp_ctx, an SSL to its sp_conn. */
#include "ex_data.h"

#include "live.h"

static int index_ctx = -1;
static int index_conn = -1;

static void on_free_ctx(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    sp_ctx *ctx = ptr;

    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ctx != NULL)
        ctx->destroy(ctx);
}

static void on_free_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        sp_live_add(SP_LIVE_SSL, -1);
}

int sp_ex_data_init(void)
{
    index_ctx = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_free_ctx);
    index_conn = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free_ssl);
    return index_ctx >= 0 && index_conn >= 0;
}

int sp_ctx_bind(sp_ctx *ctx, void (*destroy)(sp_ctx *))
{
    ctx->destroy = destroy;
    return SSL_CTX_set_ex_data(ctx->ssl_ctx, index_ctx, ctx);
}

sp_ctx *sp_ctx_of(const SSL_CTX *ssl_ctx)
{
    return SSL_CTX_get_ex_data(ssl_ctx, index_ctx);
}

int sp_conn_bind(sp_conn *conn)
{
    if (SSL_set_ex_data(conn->ssl, index_conn, conn) != 1)
        return 0;
    sp_live_add(SP_LIVE_SSL, 1); /* on_free_ssl() takes it back */
    return 1;
}

sp_conn *sp_conn_of(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, index_conn);
}
