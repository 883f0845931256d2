/* live.h - counters of what is alive, for sp_library_live(). */
#ifndef SP_LIVE_H
#define SP_LIVE_H

#include "sp.h"

#include <stdatomic.h>

enum { SP_LIVE_KINDS = SP_LIVE_BYTES + 1 };
extern atomic_llong sp_live_count[SP_LIVE_KINDS];
static inline void sp_live_add(int kind, int delta)
{
    atomic_fetch_add_explicit(&sp_live_count[kind], delta, memory_order_relaxed);
}

/* An estimate of the native memory that contexts take. */
static inline void sp_live_bytes(int64_t delta)
{
    atomic_fetch_add_explicit(&sp_live_count[SP_LIVE_BYTES], delta, memory_order_relaxed);
}

#endif
