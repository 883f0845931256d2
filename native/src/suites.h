/* suites.h - lists of cipher suites. */
#ifndef SP_SUITES_H
#define SP_SUITES_H

#include <openssl/ssl.h>

#include "out.h"

/* All suites of TLS 1.3, strongest first, as SSL_CTX_set_ciphersuites() takes them; the last two are off by default. */
#define SP_TLS1_3_SUITES                                                                                     \
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"                            \
    "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"

/* The suites of a context in preference order: OpenSSL's names separated by ':'. 0 when it has no list. */
int sp_suites_write(const SSL_CTX *ssl_ctx, sp_out *out);

#endif
