/* x509_store.h - lookups in trust stores. */
#ifndef SP_X509_STORE_H
#define SP_X509_STORE_H

#include "internal.h"

/* The store that judges the peer, borrowed: an identity switch on a server puts another one in the context's place. */
X509_STORE *sp_verify_store(SSL *ssl);
/* The issuer of cert in that store, NULL when it has none. Owns: the caller. Any thread. */
X509 *sp_store_issuer(X509_STORE *store, X509 *cert);

#endif
