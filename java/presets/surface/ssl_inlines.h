/* Hand-written C++ overloads of libssl functions whose callback would otherwise be lost or needed. */

/* Changes the mode and keeps the callback that is there. */
static inline void SSL_CTX_set_verify(SSL_CTX *ctx, int mode)
{
    SSL_CTX_set_verify(ctx, mode, SSL_CTX_get_verify_callback(ctx));
}

static inline void SSL_set_verify(SSL *s, int mode)
{
    SSL_set_verify(s, mode, SSL_get_verify_callback(s));
}

/* Indexes whose values nobody copies or frees. */
#undef SSL_get_ex_new_index
#undef SSL_CTX_get_ex_new_index
#undef SSL_SESSION_get_ex_new_index
static inline int SSL_get_ex_new_index(long argl, void *argp)
{
    return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, argl, argp, NULL, NULL, NULL);
}

static inline int SSL_CTX_get_ex_new_index(long argl, void *argp)
{
    return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, argl, argp, NULL, NULL, NULL);
}

static inline int SSL_SESSION_get_ex_new_index(long argl, void *argp)
{
    return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_SESSION, argl, argp, NULL, NULL, NULL);
}
