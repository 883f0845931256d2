/* bytes.c - copies of borrowed bytes. */
#include "bytes.h"

#include <openssl/crypto.h>

int sp_replace_copy(uint8_t **copy, size_t *copy_len, const uint8_t *bytes, size_t len)
{
    uint8_t *fresh = len > 0 ? OPENSSL_memdup(bytes, len) : NULL;

    if (len > 0 && fresh == NULL)
        return 0;
    OPENSSL_free(*copy);
    *copy = fresh;
    *copy_len = len;
    return 1;
}
