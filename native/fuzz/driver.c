/* driver.c - runs a fuzzer without libFuzzer: COUNT inputs, one half random, the other mutated seeds.
 *   fuzz_X [COUNT [SEED]]     fuzz_X -seeds DIR     writes the seeds as files, a corpus for libFuzzer
 *   fuzz_X FILE...            runs these inputs */
#include "fuzz.h"

#include <unistd.h>

enum { SEEDS_MAX = 64, RANDOM_MAX = 2000, SECONDS = 120 };

static bytes seeds[SEEDS_MAX];
static size_t seed_count;

static void make_seeds(void)
{
    while (seed_count < SEEDS_MAX && fuzz_seed(seed_count, &seeds[seed_count]))
        seed_count++;
}

static void make_random(uint64_t *state, bytes *to)
{
    size_t len = test_random(state) % (test_random(state) % 4 == 0 ? RANDOM_MAX : 100);
    static const uint8_t headers[3][5] = {{22, 3, 1, 0, 80}, {22, 3, 3, 1, 0}, {21, 3, 3, 0, 2}};

    to->len = 0;
    if (test_random(state) % 2 == 0) /* half of them get past the record header */
        bytes_add(to, headers[test_random(state) % 3], 5);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)test_random(state);
        bytes_add(to, &byte, 1);
    }
}

static void mutate(uint64_t *state, bytes *it)
{
    size_t at = it->len > 0 ? test_random(state) % it->len : 0, rest = it->len - at;
    uint8_t byte = (uint8_t)test_random(state);

    switch (test_random(state) % 6) {
    case 0: /* cut */
        it->len = at;
        break;
    case 1: /* drop a range */
        if (rest > 0) {
            size_t len = test_random(state) % (rest < 50 ? rest : 50);
            memmove(it->at + at, it->at + at + len, rest - len);
            it->len -= len;
        }
        break;
    case 2: /* repeat a range */
        if (rest > 0) {
            uint8_t again[64];
            size_t len = rest < sizeof(again) ? rest : sizeof(again);
            memcpy(again, it->at + at, len);
            bytes_add(it, again, len);
        }
        break;
    case 3:
        if (rest > 0)
            it->at[at] = byte;
        break;
    case 4:
        if (rest > 0)
            it->at[at] ^= (uint8_t)(1 << byte % 8);
        break;
    default:
        if (rest > 1) {
            it->at[at] = byte & 1 ? 0xff : 0;
            it->at[at + 1] = byte & 2 ? 0xff : 0;
        }
        break;
    }
}

static void run_one(const bytes *input)
{
    uint8_t *copy = malloc(input->len + 1); /* of the exact size, for AddressSanitizer */

    if (input->len > 0)
        memcpy(copy, input->at, input->len);
    alarm(SECONDS); /* a call that never returns is a fault as well */
    LLVMFuzzerTestOneInput(copy, input->len);
    alarm(0);
    free(copy);
}

static void run_many(size_t count, uint64_t state)
{
    bytes input = {NULL, 0, 0};

    for (size_t i = 0; i < count; i++) {
        if (i % 2 == 0 || seed_count == 0) {
            make_random(&state, &input);
        } else {
            const bytes *seed = &seeds[test_random(&state) % seed_count];
            input.len = 0;
            bytes_add(&input, seed->at, seed->len);
            for (size_t n = 1 + test_random(&state) % 4; n > 0; n--)
                mutate(&state, &input);
        }
        run_one(&input);
    }
    bytes_free(&input);
    printf("%zu inputs, no complaint\n", count);
}

static int write_seeds(const char *dir)
{
    char path[1024];

    for (size_t i = 0; i < seed_count; i++) {
        snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
        FILE *file = fopen(path, "wb");
        if (file == NULL || fwrite(seeds[i].at, 1, seeds[i].len, file) != seeds[i].len || fclose(file) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}

static int run_file(const char *path)
{
    bytes input = {NULL, 0, 0};
    uint8_t block[4096];
    size_t len;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return 1;
    }
    while ((len = fread(block, 1, sizeof(block), file)) > 0)
        bytes_add(&input, block, len);
    fclose(file);
    run_one(&input);
    bytes_free(&input);
    return 0;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long long count = argc > 1 ? strtoull(argv[1], &end, 10) : 20000;
    int failed = 0;

    make_seeds();
    if (argc == 3 && strcmp(argv[1], "-seeds") == 0)
        failed = write_seeds(argv[2]);
    else if (argc < 2 || *end == '\0')
        run_many((size_t)count, argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    else
        for (int i = 1; i < argc; i++)
            failed |= run_file(argv[i]);
    for (size_t i = 0; i < seed_count; i++)
        bytes_free(&seeds[i]);
    return failed;
}
