/* bytes.h - copies of bytes that are not ours. */
#ifndef SP_BYTES_H
#define SP_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Keeps a copy of borrowed bytes in *copy and frees the one that was there; len 0 stores NULL. 0 when out of memory: the
 * former copy then stays. */
int sp_replace_copy(uint8_t **copy, size_t *copy_len, const uint8_t *bytes, size_t len);

/* Copies ciphertext between OpenSSL and a window. Not one memcpy(): above some 2 KiB the C library uses `rep movsb`, which
 * on AMD processors is 30 times slower when `to` is 1 to 63 bytes ahead of `from` modulo 4096, as buffers that begin a page
 * and records with their header of 5 bytes easily are. */
static inline void sp_copy_record(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t step = 1024;

#if defined(__GNUC__)
    __asm__("" : "+r"(step)); /* of a constant size the compiler would make `rep movsq`, hardly better */
#endif
    for (; len > step; len -= step, to += step, from += step)
        memcpy(to, from, step);
    memcpy(to, from, len);
}

#endif
