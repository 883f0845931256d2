/* isolation LIBCRYPTO LIBSSL ours|theirs - the bundled OpenSSL beside the machine's in one process, all symbols global,
 * with the one or the other loaded first: each libssl must call its own libcrypto. Exits with 77 where the machine has no
 * OpenSSL. Uses no header of OpenSSL and is linked with none: both are had by dlopen alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    void *crypto, *ssl;
    const char *(*version)(int);
    void *(*method)(void);
    void *(*context_new)(const void *);
    void (*context_free)(void *);
    char file[1024]; /* where its libssl's functions are */
} openssl_t;

static long ours_allocated, theirs_allocated;

static void *ours_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    ours_allocated++;
    return malloc(size);
}

static void *ours_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return realloc(block, size);
}

static void *theirs_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    theirs_allocated++;
    return malloc(size);
}

static void give_back(void *block, const char *file, int line)
{
    (void)file, (void)line;
    free(block);
}

static void fail(const char *what, const char *detail)
{
    printf("FAILED: %s: %s\n", what, detail);
    exit(1);
}

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (!found)
        fail(name, dlerror());
    return found;
}

static int load(openssl_t *o, const char *name, const char *crypto, const char *ssl,
                void *(*allocate)(size_t, const char *, int))
{
    int (*set_memory)(void *(*)(size_t, const char *, int), void *(*)(void *, size_t, const char *, int),
                      void (*)(void *, const char *, int));
    Dl_info info;

    o->name = name;
    o->crypto = dlopen(crypto, RTLD_NOW | RTLD_GLOBAL);
    o->ssl = o->crypto ? dlopen(ssl, RTLD_NOW | RTLD_GLOBAL) : NULL;
    if (!o->ssl)
        return 0;
    *(void **)&set_memory = symbol(o->crypto, "CRYPTO_set_mem_functions");
    *(void **)&o->version = symbol(o->crypto, "OpenSSL_version");
    *(void **)&o->method = symbol(o->ssl, "TLS_method");
    *(void **)&o->context_new = symbol(o->ssl, "SSL_CTX_new");
    *(void **)&o->context_free = symbol(o->ssl, "SSL_CTX_free");
    if (set_memory(allocate, ours_realloc, give_back) != 1)
        fail(name, "its libcrypto allocated before it was used");
    if (!dladdr(*(void **)&o->context_new, &info))
        fail(name, "its SSL_CTX_new is in no file");
    snprintf(o->file, sizeof(o->file), "%s", info.dli_fname);
    return 1;
}

/* A context made and freed, which is thousands of calls of libcrypto. */
static void use(openssl_t *o, const long *own, const long *other)
{
    long own_before = *own, other_before = *other;
    void *context = o->context_new(o->method());

    if (!context)
        fail(o->name, "makes no context");
    o->context_free(context);
    if (*own - own_before < 100)
        fail(o->name, "its libssl does not call its libcrypto");
    if (*other != other_before)
        fail(o->name, "its libssl calls the other libcrypto");
    printf("%s: %s, in %s\n", o->name, o->version(0), o->file);
}

int main(int count, char **arguments)
{
    openssl_t ours = {0}, theirs = {0};
    int first, there;

    if (count != 4)
        return 2;
    first = strcmp(arguments[3], "ours") == 0;
    if (first && !load(&ours, "ours", arguments[1], arguments[2], ours_malloc))
        fail("ours", dlerror());
    there = load(&theirs, "theirs", "libcrypto.so.3", "libssl.so.3", theirs_malloc);
    if (!there) {
        printf("no OpenSSL of the machine's own: %s\n", dlerror());
        return 77;
    }
    if (!first && !load(&ours, "ours", arguments[1], arguments[2], ours_malloc))
        fail("ours", dlerror());
    if (strcmp(ours.file, theirs.file) == 0)
        fail("both are one", ours.file);
    use(&ours, &ours_allocated, &theirs_allocated);
    use(&theirs, &theirs_allocated, &ours_allocated);
    use(&ours, &ours_allocated, &theirs_allocated);
    return 0;
}
