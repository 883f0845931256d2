/* session_cache.h - parsed sessions of a context. */
#ifndef SP_SESSION_CACHE_H
#define SP_SESSION_CACHE_H

#include "internal.h"

/* The session in these bytes; NULL when they are none, or when out of memory. May leave entries in the error queue. Owns:
 * the caller, and no reference of the cache's: the caller may change it. Any thread. */
SSL_SESSION *sp_session_decode(sp_ctx *ctx, const uint8_t *der, size_t len);
/* 0 when out of memory; sp_session_cache_free() is due all the same. */
int sp_session_cache_install(sp_ctx *ctx);
void sp_session_cache_free(sp_ctx *ctx);

#endif
