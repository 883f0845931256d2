/* identity.h - the record of a context's identities. */
#ifndef SP_IDENTITY_H
#define SP_IDENTITY_H

#include "internal.h"

/* The identity whose certificate was set last, NULL when there is no certificate. Borrowed. */
const sp_identity *sp_identity_current(const sp_ctx *ctx);
/* Gives the key, or the certificate with the chain to send, to the SSL_CTX and to the record. 0 on failure. Borrows both. */
int sp_identity_use_key(sp_ctx *ctx, EVP_PKEY *key);
int sp_identity_use_certificate(sp_ctx *ctx, X509 *leaf, STACK_OF(X509) *chain);

/* Borrowed bytes; bytes NULL is none. */
typedef struct sp_passphrase {
    const uint8_t *bytes;
    size_t len;
} sp_passphrase;

/* pem_password_cb over such a passphrase. -1 for one that does not fit OpenSSL's buffer; none counts as an empty one,
 * so that OpenSSL does not prompt on the terminal. */
int sp_on_password(char *to, int room, int writing, void *passphrase);

/* Frees the record with its issuer; SSL_CTX has its own references. */
void sp_identities_free(sp_ctx *ctx);

#endif
