/* The address of a direct buffer. For any other kind JavaCPP passes an address that is valid for the call only. */
#ifndef SP_ADDRESS_H
#define SP_ADDRESS_H

#include <stdint.h>
#include <string.h>

static inline int64_t sp_address(void *memory)
{
    return (int64_t)(intptr_t)memory;
}

/* Copies between addresses: for the memory that C lends to the PSK upcall. */
static inline void sp_memcpy(void *to, const void *from, int32_t length)
{
    memcpy(to, from, (size_t)length);
}

#endif
