/* harness.h - a test is a function with a name that reads as a sentence; main() runs all of a file, or those named
 * on the command line, and closes with the counts. A failed CHECK ends its test, not the program. */
#ifndef SP_TEST_HARNESS_H
#define SP_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sp.h"

#ifdef __cplusplus
#error "the tests are C"
#endif

typedef struct test_case {
    const char *name;
    void (*body)(void);
    struct test_case *next;
} test_case;

void test_add(test_case *test);
/* Runs the tests named in argv, or all; what main() returns. */
int test_main(int argc, char **argv);
_Noreturn void test_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the test as skipped, for want of `what`. */
_Noreturn void test_skip(const char *what);

#define TEST(id)                                                                                             \
    static void id(void);                                                                                    \
    static test_case id##_case = {#id, id, NULL};                                                            \
    __attribute__((constructor)) static void id##_add(void)                                                  \
    {                                                                                                        \
        test_add(&id##_case);                                                                                \
    }                                                                                                        \
    static void id(void)

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            test_failed(__FILE__, __LINE__, "%s", #condition);                                               \
    } while (0)

#define CHECK_INT(actual, expected)                                                                          \
    do {                                                                                                     \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                          \
        if (actual_ != expected_)                                                                            \
            test_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_);            \
    } while (0)

#define CHECK_BYTES(actual, actual_len, expected, expected_len)                                              \
    do {                                                                                                     \
        size_t a_ = (size_t)(actual_len), e_ = (size_t)(expected_len);                                       \
        if (a_ != e_ || (a_ != 0 && memcmp((actual), (expected), a_) != 0))                                  \
            test_failed(__FILE__, __LINE__, "%s differs from %s", #actual, #expected);                       \
    } while (0)

#define CHECK_TEXT(actual, expected)                                                                         \
    do {                                                                                                     \
        const char *actual_ = (actual), *expected_ = (expected);                                             \
        if (strcmp(actual_, expected_) != 0)                                                                 \
            test_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #actual, actual_, expected_);        \
    } while (0)

/* Directory of the fixtures: first of SP_FIXTURES in the environment and the compiled-in default. */
const char *test_fixtures(void);
/* Reads a fixture; NUL is added behind the bytes. Ends the test when there is none. Caller frees. */
uint8_t *test_read_fixture(const char *name, size_t *len);

#endif
