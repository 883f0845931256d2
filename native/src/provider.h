/* provider.h - the built-in provider of the glue: faster implementations of what libssl fetches for each handshake. */
#ifndef SP_PROVIDER_H
#define SP_PROVIDER_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#define SP_PROVIDER_NAME "securepair"

/* kdf.c; for OSSL_OP_KDF. */
extern const OSSL_ALGORITHM sp_kdf_algorithms[];

/* Adds the provider to the process's library context, once, after OpenSSL was initialised. The process's own fetches do not
 * get its algorithms: they are had by the property alone. Not added with SECUREPAIR_PROVIDER=none in the environment. */
void sp_provider_install(void);
/* The property query for SSL_CTX_new_ex(), or NULL when the provider is not there. */
const char *sp_provider_query(void);

#endif
