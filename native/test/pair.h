/* pair.h - a client and a server connection in memory, joined by two byte queues that tests may cut, split and flip. */
#ifndef SP_TEST_PAIR_H
#define SP_TEST_PAIR_H

#include "harness.h"

/* TLS 1.2 and 1.3: EACH_VERSION { pair_new(versions[v], versions[v]) ... } */
extern const int32_t versions[2];
#define EACH_VERSION for (size_t v = 0; v < 2; v++)

typedef struct bytes {
    uint8_t *at;
    size_t len, room;
} bytes;

void bytes_add(bytes *to, const void *from, size_t len);
void bytes_drop(bytes *from, size_t len); /* from the front */
void bytes_free(bytes *of);

enum { EVENT_ITEMS = 8, EVENTS_MAX = 256 };

typedef struct event {
    uint16_t type, count;
    uint32_t sequence, offset;
    bytes item[EVENT_ITEMS];
    int absent[EVENT_ITEMS];
} event;

typedef struct side side;
/* Called for each event once it was taken. Questions must be answered here or later by the test. */
typedef void (*side_listener)(side *self, const event *what);

struct side {
    sp_conn *conn;
    sp_turn turn;
    bytes wire;  /* ciphertext it made and the peer has not read */
    bytes plain; /* what it decrypted */
    event events[EVENTS_MAX];
    size_t event_count;
    side_listener listener; /* NULL: every question is answered with "go on" */
    void *user;
    size_t in_cap, plain_cap, out_cap; /* window sizes; 0 = 64 KiB */
    int32_t status;                    /* of the last read */
};

typedef struct pair {
    sp_ctx *client_ctx, *server_ctx;
    side client, server;
} pair;

/* Contexts with a throw-away P-256 certificate of "test.example" signed by test_ca(), both sides at the given range. */
pair *pair_new(int32_t min, int32_t max);
pair *pair_of(sp_ctx *client, sp_ctx *server); /* takes the contexts */
void pair_reconnect(pair *p);                  /* new connections of the same contexts */
void pair_free(pair *p);                       /* NULL is fine */

/* Feeds one side what the other has on the wire, up to its windows; returns whether anything moved. */
int side_step(side *self, bytes *from);
/* Both sides until nothing moves. */
void pair_run(pair *p);
void pair_handshake(pair *p); /* runs and checks that both are secure */
/* Encrypts all, through windows of out_cap. */
void side_write(side *self, const void *plain, size_t len);
void side_drain(side *self);
void side_shutdown(side *self);
/* The report's entry with that reason of libssl, or NULL: what other entries there are depends on the version. */
const sp_error *turn_error(const sp_turn *turn, int reason);
/* The first event of a kind, or NULL. */
const event *side_event(const side *self, uint16_t type);
size_t side_count(const side *self, uint16_t type);
void side_forget_events(side *self);
uint32_t item_u32(const event *what, int item);
/* One call of sp_conn_get as text; valid until the next. */
const char *side_text(side *self, int32_t what);
/* All live counters are zero. */
void check_nothing_lives(void);

/* Throw-away identities, made once per process; PEM with a NUL behind. */
typedef struct identity_pem {
    const char *key, *certificate;
} identity_pem;
enum { KEY_P256 = 0, KEY_RSA, KEY_ED25519, KEY_KINDS };
const identity_pem *test_identity(int kind, const char *name);
const char *test_ca(void); /* PEM of the CA that signed them */
sp_ctx *test_ctx(int32_t role, int32_t min, int32_t max);
void test_use(sp_ctx *ctx, const identity_pem *identity);

/* A small deterministic generator, so that a failing seed can be run again. */
uint64_t test_random(uint64_t *state);

#endif
