/* Hand-written C++ overloads of libcrypto functions whose callback would otherwise be needed. */

/* An index whose values nobody copies or frees. */
static inline int CRYPTO_get_ex_new_index(int class_index, long argl, void *argp)
{
    return CRYPTO_get_ex_new_index(class_index, argl, argp, NULL, NULL, NULL);
}

/* The macros want a char pointer that nobody writes to. */
#undef BIO_write_filename
#undef BIO_append_filename
#undef BIO_rw_filename
static inline int BIO_write_filename(BIO *b, const char *name)
{
    return (int)BIO_ctrl(b, BIO_C_SET_FILENAME, BIO_CLOSE | BIO_FP_WRITE, (void *)name);
}

static inline int BIO_append_filename(BIO *b, const char *name)
{
    return (int)BIO_ctrl(b, BIO_C_SET_FILENAME, BIO_CLOSE | BIO_FP_APPEND, (void *)name);
}

static inline int BIO_rw_filename(BIO *b, const char *name)
{
    return (int)BIO_ctrl(b, BIO_C_SET_FILENAME, BIO_CLOSE | BIO_FP_READ | BIO_FP_WRITE, (void *)name);
}
