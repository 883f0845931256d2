/* certificates.c - certificates from bytes, and back. */
#include "certificates.h"

#include <limits.h>
#include <openssl/pem.h>

#include "error.h"

int sp_certificate_write(const X509 *cert, sp_out *out)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);

    if (len < 0)
        return 0;
    out_bytes(out, der, (size_t)len);
    OPENSSL_free(der);
    return 1;
}

int sp_certificate_write_item(const X509 *cert, sp_out *out)
{
    size_t begin = out_begin(out);
    int ok = sp_certificate_write(cert, out);

    out_end(out, begin);
    return ok;
}

int sp_certificates_write(const STACK_OF(X509) *certs, sp_out *out)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        if (!sp_certificate_write_item(sk_X509_value(certs, i), out))
            return 0;
    }
    return 1;
}

BIO *sp_input_open(const uint8_t *bytes, size_t len)
{
    BIO *bio;

    if (len > INT_MAX) {
        ERR_raise(ERR_LIB_BIO, ERR_R_PASSED_INVALID_ARGUMENT);
        return NULL;
    }
    bio = BIO_new_mem_buf(bytes != NULL ? (const void *)bytes : "", bytes != NULL ? (int)len : 0);
    /* As Node's: with 0, the default, readers of 3.0 take an empty input for success without a result. */
    if (bio != NULL)
        BIO_set_mem_eof_return(bio, -1);
    return bio;
}

int sp_no_password(char *to, int room, int writing, void *unused)
{
    (void)to, (void)room, (void)writing, (void)unused;
    return 0;
}

int sp_pem_at_end(void)
{
    unsigned long last = ERR_peek_last_error();

    if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
        return last == 0;
    sp_queue_clear();
    return 1;
}
