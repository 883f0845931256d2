/* The address of a direct buffer; what JavaCPP passes for any other kind is not an address that outlives the call. */
#ifndef SP_ADDRESS_H
#define SP_ADDRESS_H

#include <stdint.h>

static inline int64_t sp_address(void *memory)
{
    return (int64_t)(intptr_t)memory;
}

#endif
