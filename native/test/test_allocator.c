/* The memory that OpenSSL allocates: right for every size and from every thread, and freed again. Under sanitizers it
 * is the C library's own, and the same must hold. */
#include "internal.h"
#include "pair.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

enum { KEPT = 256 * 1024, LARGEST = 40 * 1024 };

static size_t in_use(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

static int filled(const uint8_t *block, size_t len, uint8_t with)
{
    for (size_t i = 0; i < len; i++)
        if (block[i] != with)
            return 0;
    return 1;
}

TEST(itIsInUse)
{
    CRYPTO_malloc_fn get;

    CHECK_INT(sp_library_init(NULL), SP_OK);
    CRYPTO_get_mem_functions(&get, NULL, NULL);
#if defined(__GLIBC__) && !defined(SP_CHECKED)
    CHECK(get != CRYPTO_malloc);
#else
    CHECK(get == CRYPTO_malloc);
#endif
}

TEST(blocksOfEverySizeAreWholeAndApart)
{
    static uint8_t *blocks[LARGEST + 1];

    CHECK_INT(sp_library_init(NULL), SP_OK);
    for (int round = 0; round < 2; round++) { /* the second is served from what the first freed */
        for (size_t from = 1; from <= LARGEST; from += 64) {
            for (size_t n = from; n < from + 64 && n <= LARGEST; n++) {
                blocks[n] = OPENSSL_malloc(n);
                CHECK(blocks[n] != NULL && ((uintptr_t)blocks[n] & 15) == 0);
                memset(blocks[n], (int)(n & 0xff), n);
            }
            for (size_t n = from; n < from + 64 && n <= LARGEST; n++) {
                CHECK(filled(blocks[n], n, (uint8_t)n));
                OPENSSL_free(blocks[n]);
            }
        }
    }
    CHECK(OPENSSL_malloc(0) == NULL);
    OPENSSL_free(NULL);
}

TEST(aBlockThatGrowsOrShrinksKeepsItsBytes)
{
    CHECK_INT(sp_library_init(NULL), SP_OK);
    for (size_t from = 1; from <= LARGEST; from = from * 3 + 1) {
        for (size_t to = 1; to <= 2 * LARGEST; to = to * 2 + 7) {
            uint8_t *block = OPENSSL_malloc(from);
            memset(block, 0x5a, from);
            block = OPENSSL_realloc(block, to);
            CHECK(block != NULL && filled(block, from < to ? from : to, 0x5a));
            memset(block, 0xa5, to);
            OPENSSL_free(block);
        }
    }
    uint8_t *block = OPENSSL_realloc(NULL, 100);
    CHECK(block != NULL);
    CHECK(OPENSSL_realloc(block, 0) == NULL);
}

static void *free_all(void *arg)
{
    void **blocks = arg;

    for (size_t i = 0; blocks[i] != NULL; i++)
        OPENSSL_free(blocks[i]);
    return NULL;
}

static void free_elsewhere(void **blocks)
{
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, free_all, blocks), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

TEST(whatAnotherThreadFreesIsGivenBackWhenItEnds)
{
    void *blocks[101] = {NULL};

    CHECK_INT(sp_library_init(NULL), SP_OK);
    free_elsewhere(blocks); /* whatever the first thread of a process costs */
    size_t before = in_use();
    for (size_t i = 0; i < 100; i++)
        CHECK((blocks[i] = OPENSSL_malloc(1000 + i * 37)) != NULL);
    free_elsewhere(blocks);
    CHECK(in_use() <= before + 4096);
}

TEST(aThreadKeepsNoMoreThanItsShare)
{
    static void *blocks[1000];

    CHECK_INT(sp_library_init(NULL), SP_OK);
    size_t before = in_use();
    for (size_t i = 0; i < 1000; i++)
        CHECK((blocks[i] = OPENSSL_malloc(16 * 1024)) != NULL);
    for (size_t i = 0; i < 1000; i++)
        OPENSSL_free(blocks[i]);
    CHECK(in_use() <= before + KEPT + 64 * 1024);
}
