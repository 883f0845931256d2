/* owner.h - a connection under a program of calls, and the program: what fuzz_answers and fuzz_settings share. */
#ifndef SP_FUZZ_OWNER_H
#define SP_FUZZ_OWNER_H

#include "fuzz.h"

typedef struct program {
    const uint8_t *at;
    size_t left;
    uint64_t state; /* of the generator that continues the input; 0 = zeros follow it */
} program;

/* The next byte. */
unsigned program_next(program *from);

/* One connection, and what its caller knows of it. */
typedef struct owner {
    sp_conn *conn;
    bytes wire;
    uint32_t asked; /* the newest question seen */
    int failed;     /* a turn reported SP_FAILED */
    bytes session;  /* the newest session seen: kept from run to run */
} owner;

/* A new connection for the owner, whose wire is empty. */
void owner_open(owner *self, sp_ctx *ctx, int is_server);
/* Takes all events; remembers questions and sessions. */
void owner_take(owner *self);
void owner_drain(owner *self);
/* One of ten settings or answers that need no more than a value; contexts: the two of which identities are taken. */
enum { OWNER_SETTINGS = 10 };
void owner_set(owner *self, unsigned which, unsigned value, sp_ctx *const contexts[2]);
/* Frees both connections; aborts when anything of a connection is alive then. */
void owners_free(owner owners[2]);

#endif
