/* fuzz.h - the shape of a fuzzer: libFuzzer's entry, and seeds that both libFuzzer and the plain
 * driver start from. */
#ifndef SP_FUZZ_H
#define SP_FUZZ_H

#include "pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
/* Appends seed number n to *to; 0 when there are no more. */
int fuzz_seed(size_t n, bytes *to);

/* What one side sends in a whole handshake with some data, for the seeds of the fuzzer of the other side. */
void fuzz_transcript(int is_server, int32_t version, bytes *to);
/* Feeds everything to a fresh connection, then 0xFF until it fails or closes, in windows that the first bytes choose;
 * aborts when it gets secure, does neither, or leaves anything alive. */
void fuzz_feed(sp_ctx *ctx, int is_server, const uint8_t *data, size_t len);

/* Aborts when anything of a connection is alive. */
void fuzz_check_nothing_lives(void);

#endif
