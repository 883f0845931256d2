/* The address of a direct buffer; what JavaCPP passes for any other kind is not an address that outlives the call. */
#ifndef SP_ADDRESS_H
#define SP_ADDRESS_H

#include <stdint.h>
#include <string.h>

static inline int64_t sp_address(void *memory)
{
    return (int64_t)(intptr_t)memory;
}

/* Between addresses, for what C lends to the PSK upcall. */
static inline void sp_memcpy(void *to, const void *from, int32_t length)
{
    memcpy(to, from, (size_t)length);
}

#endif
