#include "harness.h"

#ifndef SP_TEST_FIXTURES
#define SP_TEST_FIXTURES "ci/fixtures"
#endif

static test_case *first, **last = &first;
static jmp_buf escape;
static int running; /* escape is set: not so in the fuzzers, which use the shared files too */
enum { PASSED = 0, FAILED, SKIPPED };

void test_add(test_case *test)
{
    *last = test;
    last = &test->next;
}

void test_failed(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "    %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (!running)
        abort();
    longjmp(escape, FAILED);
}

void test_skip(const char *what)
{
    fprintf(stderr, "    needs %s\n", what);
    longjmp(escape, SKIPPED);
}

static int chosen(const test_case *test, int argc, char **argv)
{
    if (argc < 2)
        return 1;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], test->name) == 0)
            return 1;
    return 0;
}

static int run(const test_case *test)
{
    switch (setjmp(escape)) {
    case PASSED:
        running = 1;
        test->body();
        printf("ok      %s\n", test->name);
        return PASSED;
    case SKIPPED:
        printf("skipped %s\n", test->name);
        return SKIPPED;
    default:
        printf("FAILED  %s\n", test->name);
        return FAILED;
    }
}

const char *test_fixtures(void)
{
    const char *dir = getenv("SP_FIXTURES");

    return dir != NULL ? dir : SP_TEST_FIXTURES;
}

uint8_t *test_read_fixture(const char *name, size_t *len)
{
    char path[1024];
    uint8_t *bytes = NULL;
    long size = -1;

    snprintf(path, sizeof(path), "%s/%s", test_fixtures(), name);
    FILE *file = fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0)
        bytes = malloc((size_t)size + 1);
    if (bytes != NULL) {
        rewind(file);
        size = (long)fread(bytes, 1, (size_t)size, file);
        bytes[size] = 0;
        *len = (size_t)size;
    }
    if (file != NULL)
        fclose(file);
    if (bytes == NULL)
        test_failed(__FILE__, __LINE__, "cannot read %s", path);
    return bytes;
}

int test_main(int argc, char **argv)
{
    int count[3] = {0, 0, 0};

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (test_case *test = first; test != NULL; test = test->next)
        if (chosen(test, argc, argv))
            count[run(test)]++;
    printf("%d passed, %d failed, %d skipped\n", count[PASSED], count[FAILED], count[SKIPPED]);
    return count[FAILED] != 0 || count[PASSED] + count[SKIPPED] == 0;
}
