/* x509_store.h - lookups in trust stores. */
#ifndef SP_X509_STORE_H
#define SP_X509_STORE_H

#include "internal.h"

/* The store that verifies the peer, borrowed: not always the context's, since an identity switch on a server brings
 * another one. */
X509_STORE *sp_verify_store(SSL *ssl);
/* The issuer of cert in that store, NULL when it has none. Owns: the caller. Any thread. */
X509 *sp_store_issuer(X509_STORE *store, X509 *cert);

#endif
