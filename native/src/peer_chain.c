/* peer_chain.c - lists of certificates and of names: our own, what the peer sent, and what completes that up to a
 * root. */
#include "peer_chain.h"

#include <openssl/x509v3.h>

#include "certificates.h"
#include "x509_store.h"

int sp_own_chain_write(SSL *ssl, sp_out *out)
{
    const X509 *leaf = SSL_get_certificate(ssl);
    STACK_OF(X509) *chain = NULL;

    return leaf != NULL && SSL_get0_chain_certs(ssl, &chain) && sp_certificate_write_item(leaf, out) &&
           sp_certificates_write(chain, out);
}

/* Leaf first, then what the peer sent: on a client OpenSSL's list has the leaf, on a server it has not. NULL when
 * there is none, also on a resumed client: a session carries only the leaf. Owns: the caller. */
static STACK_OF(X509) *get1_peer_chain(SSL *ssl)
{
    STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
    X509 *leaf = SSL_is_server(ssl) ? SSL_get1_peer_certificate(ssl) : NULL;
    STACK_OF(X509) *chain;

    if (leaf == NULL && sk_X509_num(sent) <= 0)
        return NULL;
    chain = sent != NULL ? X509_chain_up_ref(sent) : sk_X509_new_null();
    if (chain != NULL && (leaf == NULL || sk_X509_unshift(chain, leaf)))
        return chain;
    sk_X509_pop_free(chain, X509_free);
    X509_free(leaf);
    return NULL;
}

int sp_peer_chain_write(SSL *ssl, sp_out *out)
{
    STACK_OF(X509) *chain = get1_peer_chain(ssl);
    int ok = chain != NULL && sp_certificates_write(chain, out);

    sk_X509_pop_free(chain, X509_free);
    return ok;
}

static int holds(STACK_OF(X509) *chain, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (X509_cmp(sk_X509_value(chain, i), cert) == 0)
            return 1;
    }
    return 0;
}

/* Moves the issuer of cert out of `sent`; NULL when the peer did not send it. Owns: the caller. */
static X509 *take_issuer(STACK_OF(X509) *sent, X509 *cert)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        if (X509_check_issued(sk_X509_value(sent, i), cert) == X509_V_OK)
            return sk_X509_delete(sent, i);
    }
    return NULL;
}

/* Takes issuers from what the peer sent and, when that has no next one, from the store, up to a certificate that
 * issued itself. A certificate is taken only once: two that issued each other would never end. */
static int complete(SSL *ssl, STACK_OF(X509) *sent, STACK_OF(X509) *chain)
{
    X509 *cert = sk_X509_shift(sent);
    int from_peer = 1;

    while (cert != NULL && !holds(chain, cert)) {
        if (!sk_X509_push(chain, cert)) {
            X509_free(cert);
            return 0;
        }
        X509 *issued = cert;
        cert = from_peer ? take_issuer(sent, issued) : NULL;
        if (cert != NULL)
            continue;
        from_peer = 0;
        if (X509_check_issued(issued, issued) == X509_V_OK)
            return 1;
        cert = sp_store_issuer(sp_verify_store(ssl), issued);
    }
    X509_free(cert);
    return 1;
}

int sp_completed_chain_write(SSL *ssl, sp_out *out)
{
    STACK_OF(X509) *sent = get1_peer_chain(ssl);
    STACK_OF(X509) *chain = sk_X509_new_null();
    int ok = sent != NULL && chain != NULL && complete(ssl, sent, chain) && sp_certificates_write(chain, out);

    sk_X509_pop_free(sent, X509_free);
    sk_X509_pop_free(chain, X509_free);
    return ok;
}

static int write_name(const X509_NAME *name, sp_out *out)
{
    uint8_t *der = NULL;
    int len = i2d_X509_NAME(name, &der);

    if (len < 0)
        return 0;
    out_item(out, der, (size_t)len);
    OPENSSL_free(der);
    return 1;
}

int sp_client_cas_write(SSL *ssl, sp_out *out)
{
    const STACK_OF(X509_NAME) *names = SSL_is_server(ssl) ? NULL : SSL_get0_peer_CA_list(ssl);

    for (int i = 0; i < sk_X509_NAME_num(names); i++) {
        if (!write_name(sk_X509_NAME_value(names, i), out))
            return 0;
    }
    return names != NULL;
}
