/* live.c - counters of what is alive. */
#include "live.h"

atomic_llong sp_live_count[SP_LIVE_KINDS];

int64_t sp_library_live(int32_t kind)
{
    if (kind < 0 || kind >= SP_LIVE_KINDS)
        return -1;
    return atomic_load_explicit(&sp_live_count[kind], memory_order_relaxed);
}
