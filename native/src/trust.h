/* trust.h - the trust store of a context. */
#ifndef SP_TRUST_H
#define SP_TRUST_H

#include "internal.h"
#include "out.h"

/* Adds to the context's own store, made when it has none yet, and to the names that it sends as a server if that is
 * wanted. 0 on failure. Owns: the store takes a reference, to this certificate or to one of the same content. */
int sp_trust_add(sp_ctx *ctx, X509 *cert, int name_as_client_ca);
/* All certificates of the context's store as {u32 length, DER}*. 0 on failure. */
int sp_trust_write(sp_ctx *ctx, sp_out *out);

#endif
