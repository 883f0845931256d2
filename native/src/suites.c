/* suites.c - lists of cipher suites as text. */
#include "suites.h"

int sp_suites_write(const SSL_CTX *ssl_ctx, sp_out *out)
{
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(ssl_ctx);

    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        if (i > 0)
            out_text(out, ":");
        out_text(out, SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i)));
    }
    return suites != NULL;
}
