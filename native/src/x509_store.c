/* x509_store.c - lookups in trust stores: which one counts for a connection, and what it has. */
#include "x509_store.h"

#include <openssl/x509_vfy.h>

X509_STORE *sp_verify_store(SSL *ssl)
{
    X509_STORE *store = NULL;

    if (SSL_get0_verify_cert_store(ssl, &store) == 1 && store != NULL)
        return store;
    return SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
}

X509 *sp_store_issuer(X509_STORE *store, X509 *cert)
{
    X509_STORE_CTX *lookup = X509_STORE_CTX_new();
    X509 *issuer = NULL;

    if (lookup == NULL || X509_STORE_CTX_init(lookup, store, NULL, NULL) != 1 ||
        X509_STORE_CTX_get1_issuer(&issuer, lookup, cert) != 1)
        issuer = NULL;
    X509_STORE_CTX_free(lookup);
    return issuer;
}
