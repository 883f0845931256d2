/* trust.h - trust stores and certificate lists, as identity.c, context.c and peer.c need them. */
#ifndef SP_TRUST_H
#define SP_TRUST_H

#include "internal.h"
#include "out.h"

/* Adds to the context's own store, made when it has none yet, and to the names that it sends as a server if that is
 * wanted. 0 on failure. Owns: the store takes a reference, to this certificate or to one of the same content. */
int sp_trust_add(sp_ctx *ctx, X509 *cert, int name_as_client_ca);

/* anchors.c. The certificate of that content that all contexts share, which becomes one of the context's; borrowed. NULL
 * when out of memory. */
X509 *sp_anchor_use(sp_ctx *ctx, X509 *cert, int name_as_client_ca);
/* Sees to it that the SSL_CTX names the context's client CAs: due before it serves. 0 when out of memory. Any thread. */
int sp_anchor_names(sp_ctx *ctx);
void sp_anchors_free(sp_ctx *ctx);
/* The issuer of cert in that store, NULL when it has none. Owns: the caller. Any thread. */
X509 *sp_trust_issuer(X509_STORE *store, X509 *cert);
/* All certificates of the context's store as {u32 length, DER}*. 0 on failure. */
int sp_trust_write(sp_ctx *ctx, sp_out *out);

/* Writes one certificate as DER, without and with its length before it. 0 on failure. */
int sp_certificate_write(const X509 *cert, sp_out *out);
int sp_certificate_write_item(const X509 *cert, sp_out *out);
/* Writes each of a list (NULL is an empty one) as such an item. 0 on failure. */
int sp_certificates_write(const STACK_OF(X509) *certs, sp_out *out);

/* A read-only BIO over borrowed bytes. NULL and an entry in the queue when there are more than OpenSSL can count. */
BIO *sp_input_open(const uint8_t *bytes, size_t len);
/* Password callback for what must not be encrypted: answers with the empty one instead of asking at the terminal. */
int sp_no_password(char *to, int room, int writing, void *unused);
/* The PEM reader came to the end of its input: drops the entry it left for that. 0 when it stopped for another reason. */
int sp_pem_at_end(void);

#endif
