/* library.h - initialisation. */
#ifndef SP_LIBRARY_H
#define SP_LIBRARY_H

#include "sp.h"

/* Initialises once, as sp_library_init(), without a report; 0 when that failed. */
int sp_library_ready(void);

/* allocator.c: gives OpenSSL a cache of freed blocks for each thread; once, before OpenSSL allocates anything. */
void sp_allocator_install(void);

#endif
