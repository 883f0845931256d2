/* certificates.h - reading and writing certificates. */
#ifndef SP_CERTIFICATES_H
#define SP_CERTIFICATES_H

#include "internal.h"
#include "out.h"

/* Writes one certificate as DER, without and with its length before it. 0 on failure. */
int sp_certificate_write(const X509 *cert, sp_out *out);
int sp_certificate_write_item(const X509 *cert, sp_out *out);
/* Writes each of a list (NULL is an empty one) as such an item. 0 on failure. */
int sp_certificates_write(const STACK_OF(X509) *certs, sp_out *out);

/* A read-only BIO over borrowed bytes. NULL and an entry in the queue when there are more than OpenSSL can count. */
BIO *sp_input_open(const uint8_t *bytes, size_t len);
/* Password callback for what must not be encrypted: gives an empty password, so that OpenSSL does not prompt on the
 * terminal. */
int sp_no_password(char *to, int room, int writing, void *unused);
/* Whether the PEM reader stopped because its input ended; drops the entry that it left for that. 0 when it stopped
 * for another reason. */
int sp_pem_at_end(void);

#endif
