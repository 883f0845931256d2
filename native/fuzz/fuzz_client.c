/* A client connection that is sent arbitrary bytes. */
#include "fuzz.h"

int fuzz_seed(size_t n, bytes *to)
{
    if (n >= 2)
        return 0;
    fuzz_transcript(1, n == 0 ? 0x0303 : 0x0304, to);
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static sp_ctx *ctx;

    if (ctx == NULL)
        ctx = test_ctx(SP_ROLE_CLIENT, 0x0303, 0x0304);
    fuzz_feed(ctx, 0, data, len);
    return 0;
}
