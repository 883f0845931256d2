/* allocator.c - OpenSSL's memory, through CRYPTO_set_mem_functions(). A handshake allocates and frees some thousand
 * blocks, and a connection allocates and frees record buffers of 17 KiB; the per-thread cache of the C library ends
 * at 1 KiB and seven blocks of a size. Here each thread keeps what it freed, up to THREAD_KEEPS bytes in all, in one
 * list for each class of sizes. Blocks are those of the C library and carry no header: plain free() on one is valid,
 * any thread may free it, and what is not kept goes back to the library.
 *
 * Not installed
 * - under sanitizers, which must see every block,
 * - when other memory functions are set,
 * - when OpenSSL has allocated before: it refuses then,
 * - with SECUREPAIR_ALLOCATOR=system in the environment.
 */
#include "library.h"

#if defined(__GLIBC__) && !defined(SP_CHECKED)
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL_STEP = 16,
    SMALL_END = 1024,
    MIDDLE_STEP = 256,
    MIDDLE_END = 8 * 1024,
    LARGE_STEP = 1024,
    LARGE_END = 32 * 1024,
    SMALL_CLASSES = SMALL_END / SMALL_STEP,
    MIDDLE_CLASSES = (MIDDLE_END - SMALL_END) / MIDDLE_STEP,
    CLASSES = SMALL_CLASSES + MIDDLE_CLASSES + (LARGE_END - MIDDLE_END) / LARGE_STEP,
    THREAD_KEEPS = 256 * 1024
};

/* A kept block; `usable` is its malloc_usable_size(). */
typedef struct block {
    struct block *next;
    size_t usable;
} block;

typedef struct cache {
    block *free[CLASSES];
    size_t kept; /* bytes */
} cache;

/* Of this thread; NULL before its first free. Once the thread has begun to end it is &ended, which keeps nothing. */
static _Thread_local cache *mine __attribute__((tls_model("initial-exec")));
static cache ended;
static pthread_key_t key;

/* The smallest class that serves a request of so many bytes (> 0). */
static size_t class_for(size_t size)
{
    if (size <= SMALL_END)
        return (size + SMALL_STEP - 1) / SMALL_STEP - 1;
    if (size <= MIDDLE_END)
        return SMALL_CLASSES - 1 + (size - SMALL_END + MIDDLE_STEP - 1) / MIDDLE_STEP;
    return SMALL_CLASSES + MIDDLE_CLASSES - 1 + (size - MIDDLE_END + LARGE_STEP - 1) / LARGE_STEP;
}

/* The largest class that a block of so many bytes (>= SMALL_STEP) can serve. */
static size_t class_of(size_t usable)
{
    if (usable <= SMALL_END)
        return usable / SMALL_STEP - 1;
    if (usable <= MIDDLE_END)
        return SMALL_CLASSES - 1 + (usable - SMALL_END) / MIDDLE_STEP;
    return SMALL_CLASSES + MIDDLE_CLASSES - 1 + (usable - MIDDLE_END) / LARGE_STEP;
}

static size_t size_of(size_t class)
{
    if (class < SMALL_CLASSES)
        return (class + 1) * SMALL_STEP;
    if (class < SMALL_CLASSES + MIDDLE_CLASSES)
        return SMALL_END + (class + 1 - SMALL_CLASSES) * MIDDLE_STEP;
    return MIDDLE_END + (class + 1 - SMALL_CLASSES - MIDDLE_CLASSES) * LARGE_STEP;
}

static void on_thread_end(void *value)
{
    cache *c = value;

    mine = &ended; /* other destructors of this thread may free blocks after this one */
    for (size_t i = 0; i < CLASSES; i++)
        while (c->free[i] != NULL) {
            block *b = c->free[i];
            c->free[i] = b->next;
            free(b);
        }
    free(c);
}

/* This thread's cache, made now if it has none; &ended when there can be none. */
static cache *cache_make(void)
{
    cache *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return &ended;
    if (pthread_setspecific(key, c) != 0) {
        free(c);
        return &ended;
    }
    mine = c;
    return c;
}

static void *cached_malloc(size_t size, const char *file, int line)
{
    cache *c = mine;
    size_t class;

    (void)file, (void)line;
    if (size == 0)
        return NULL;
    if (size > LARGE_END)
        return malloc(size);
    class = class_for(size);
    if (c != NULL && c->free[class] != NULL) {
        block *b = c->free[class];
        c->free[class] = b->next;
        c->kept -= b->usable;
        return b;
    }
    return malloc(size_of(class));
}

static void cached_free(void *ptr, const char *file, int line)
{
    cache *c = mine;
    block *b = ptr;
    size_t usable;

    (void)file, (void)line;
    if (b == NULL)
        return;
    usable = malloc_usable_size(b);
    if (c == NULL)
        c = cache_make();
    if (c == &ended || usable < SMALL_STEP || usable >= LARGE_END + LARGE_STEP ||
        c->kept + usable > THREAD_KEEPS) {
        free(b);
        return;
    }
    b->usable = usable;
    b->next = c->free[class_of(usable)];
    c->free[class_of(usable)] = b;
    c->kept += usable;
}

static void *cached_realloc(void *ptr, size_t size, const char *file, int line)
{
    size_t usable;
    void *moved;

    if (ptr == NULL || size == 0) {
        cached_free(ptr, file, line);
        return cached_malloc(size, file, line);
    }
    usable = malloc_usable_size(ptr);
    if (size <= usable && size >= usable / 2)
        return ptr;
    if (size > LARGE_END && usable > LARGE_END)
        return realloc(ptr, size); /* may move pages instead of bytes */
    moved = cached_malloc(size, file, line);
    if (moved != NULL) {
        memcpy(moved, ptr, size < usable ? size : usable);
        cached_free(ptr, file, line);
    }
    return moved;
}

void sp_allocator_install(void)
{
    const char *wish = getenv("SECUREPAIR_ALLOCATOR");
    CRYPTO_malloc_fn was;

    CRYPTO_get_mem_functions(&was, NULL, NULL);
    if (was == CRYPTO_malloc && (wish == NULL || strcmp(wish, "system") != 0) &&
        pthread_key_create(&key, on_thread_end) == 0)
        CRYPTO_set_mem_functions(cached_malloc, cached_realloc, cached_free);
}

#else

void sp_allocator_install(void)
{
}

#endif
