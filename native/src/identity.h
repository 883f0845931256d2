/* identity.h - the record of a context's identities. */
#ifndef SP_IDENTITY_H
#define SP_IDENTITY_H

#include "internal.h"

/* The identity whose certificate came last, NULL when there is no certificate. Borrowed. */
const sp_identity *sp_identity_current(const sp_ctx *ctx);
/* Frees the record with its issuer; SSL_CTX has its own references. */
void sp_identities_free(sp_ctx *ctx);

#endif
