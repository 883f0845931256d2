/* anchors.h - trusted certificates that contexts share. */
#ifndef SP_ANCHORS_H
#define SP_ANCHORS_H

#include "internal.h"

/* The certificate of that content that all contexts share, which becomes one of the context's; borrowed. NULL when out of
 * memory. */
X509 *sp_anchor_use(sp_ctx *ctx, X509 *cert, int name_as_client_ca);
/* Adds the names of client CAs that the SSL_CTX still lacks; has to be called before the context serves. 0 when out
 * of memory. Any thread. */
int sp_anchor_names(sp_ctx *ctx);
void sp_anchors_free(sp_ctx *ctx);

#endif
