/* Copies of borrowed bytes. */
#include "bytes.h"
#include "harness.h"

TEST(keptBytesAreCopiesAndEmptyOnesAreNull)
{
    uint8_t *copy = NULL, text[] = "abc";
    size_t len = 0;

    CHECK(sp_replace_copy(&copy, &len, text, 3));
    text[0] = 'x';
    CHECK_BYTES(copy, len, "abc", 3);
    CHECK(sp_replace_copy(&copy, &len, text, 1));
    CHECK_BYTES(copy, len, "x", 1);
    CHECK(sp_replace_copy(&copy, &len, NULL, 0));
    CHECK(copy == NULL && len == 0);
}
