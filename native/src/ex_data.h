/* ex_data.h - from OpenSSL's objects to ours. */
#ifndef SP_EX_DATA_H
#define SP_EX_DATA_H

#include "internal.h"

int sp_ex_data_init(void);

/* Attaches ctx to ctx->ssl_ctx; from then on SSL_CTX_free() ends with destroy(ctx). 0 on failure: ctx is not attached. */
int sp_ctx_bind(sp_ctx *ctx, void (*destroy)(sp_ctx *));
/* The sp_ctx of an SSL_CTX. */
sp_ctx *sp_ctx_of(const SSL_CTX *ssl_ctx);

/* Attaches conn to conn->ssl, which counts as alive from then on until SSL_free(). 0 on failure. */
int sp_conn_bind(sp_conn *conn);
/* The connection of an SSL; valid in every callback. */
sp_conn *sp_conn_of(const SSL *ssl);

#endif
