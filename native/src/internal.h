/* internal.h - the state of contexts and connections. Nothing here is part of the interface; that is sp.h. What a file
 * offers to others is in the header of its name; the callbacks of all of them are in callbacks.h.
 *
 * Names: functions that cross files are sp_<noun>_<verb> and hidden by -fvisibility=hidden; statics are plain verbs;
 * OpenSSL callbacks are on_<event>. Every OpenSSL callback leaves the thread's error queue as it found it.
 */
#ifndef SP_INTERNAL_H
#define SP_INTERNAL_H

#include "sp.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdatomic.h>

/* ------------------------------------------------------------------ contexts ---------------------------- */

/* One certificate with its key and the chain to send. Recorded beside SSL_CTX's own copy, because OpenSSL has no
 * getter for the key types of a context, and sp_conn_use_identity() has to hand over every one of them. */
typedef struct sp_identity {
    X509 *certificate;     /* owned; NULL while there is only a key */
    EVP_PKEY *key;         /* owned; NULL while there is only a certificate */
    STACK_OF(X509) *chain; /* owned, each element too; NULL = none */
} sp_identity;

typedef struct sp_session_cache sp_session_cache;

/* anchors.c: a trusted certificate that contexts share, and how one of them uses it. */
typedef struct sp_anchor sp_anchor;
enum { SP_NAME_NONE = 0, SP_NAME_WANTED, SP_NAME_MADE }; /* whether its subject is a client CA name */
typedef struct sp_use {
    sp_anchor *anchor; /* a reference */
    int named;         /* SP_NAME_* */
} sp_use;

/* Attached to its SSL_CTX by ex_data and freed with it, when the last handle or SSL drops its reference: callbacks
 * may use it as long as any SSL of it lives. */
struct sp_ctx {
    SSL_CTX *ssl_ctx;          /* back pointer, not a reference */
    void (*destroy)(sp_ctx *); /* ex_data.c */
    int32_t role;              /* SP_ROLE_* */
    atomic_int frozen;         /* a connection was made: configuration calls return SP_MISUSE */
    atomic_int keylog;         /* the key log callback is installed (observe.c) */

    sp_identity *identities; /* identity.c; one per key type */
    size_t identity_count;
    X509 *issuer; /* identity.c; issuer of the current leaf if the chain has it, owned */

    int32_t own_store; /* trust.c; the store is not the shared one */
    sp_use *uses; /* owned, anchors.c; what own_store holds beside the shared roots, in the order of adding */
    size_t use_count, use_room;
    atomic_int names_wanted; /* the SSL_CTX lacks the names of some of them */

    /* As given to sp_ctx_set_session_id_context(); for binding.c. */
    uint8_t id_context[SSL_MAX_SID_CTX_LENGTH];
    size_t id_context_len;

    sp_session_cache *sessions;  /* owned, session_cache.c; under the lock beside it */
    CRYPTO_RWLOCK *session_lock; /* owned */

    CRYPTO_RWLOCK *ticket_lock; /* ticket_keys.c */
    EVP_CIPHER *ticket_cipher;  /* owned */
    uint8_t ticket_keys[SP_TICKET_KEYS_SIZE];
};

/* For configuration calls: 0 when ctx is NULL or frozen, the caller then returns SP_MISUSE. */
static inline int sp_ctx_open(sp_ctx *ctx)
{
    return ctx != NULL && atomic_load_explicit(&ctx->frozen, memory_order_acquire) == 0;
}

/* ------------------------------------------------------------------ connections ------------------------- */

/* A piece of the overflow. `room` bytes follow the header. */
typedef struct sp_chunk {
    struct sp_chunk *next;
    size_t begin, end, room;
    uint8_t bytes[];
} sp_chunk;

/* How far one of the questions of a handshake is. Reset when a handshake starts, but not by a HelloRetryRequest. */
enum { SP_STAGE_NEW = 0, SP_STAGE_ASKED, SP_STAGE_ANSWERED };

struct sp_conn {
    SSL *ssl;    /* owned */
    sp_ctx *ctx; /* alive as long as ssl is */

    /* The window: lent for one call, NULL between calls (bio.c). */
    const uint8_t *in;
    size_t in_left;
    uint8_t *out;
    size_t out_left;
    uint8_t buffered;          /* OpenSSL may hold record buffers */
    uint8_t read_buffer;       /* OpenSSL read into its read buffer since it was last asked to free it */
    uint8_t read_exhausted;    /* the last read used up its input, and OpenSSL got nothing to do since */
    uint8_t queue_not_cleared; /* the error queue was not cleared at the beginning of this turn */
    uint8_t wants_input;       /* OpenSSL tried to read and the input was used up */
    uint8_t gated;             /* a handshake ended in this turn: OpenSSL gets no more input in it */
    /* The overflow: ciphertext that did not fit the output window, oldest first (bio.c). */
    sp_chunk *overflow_first, *overflow_last;
    size_t pending; /* bytes in it */

    /* Encoded events, oldest first, from event_begin to event_end (events.c). */
    uint8_t *event_bytes;
    size_t event_begin, event_end, event_room;
    size_t event_newest; /* where the newest event begins, if there is one */
    uint32_t event_count;
    uint32_t trace_queued, messages_queued; /* bytes of the events that may be dropped */
    uint32_t event_mask;                    /* SP_ASK_*, SP_TELL_* */
    uint32_t sequence;                      /* of the last event */
    uint32_t produced; /* plaintext of the running read so far: an event carries it as its offset */

    uint8_t is_server;
    uint8_t started;            /* the first read happened */
    uint8_t busy;               /* inside a call: the PSK upcall must not make another */
    uint8_t free_pending;       /* sp_conn_free() was called while busy: the running call frees at its end */
    uint8_t handshaking;        /* between HANDSHAKE_START and HANDSHAKE_DONE */
    uint8_t secure;             /* the first handshake completed */
    uint8_t closed;             /* the peer's close_notify was received */
    uint8_t failed;             /* fatal: SSL is not touched any more */
    uint8_t out_of_memory;      /* an event that must not be lost could not be queued */
    uint8_t shutdown;           /* close_notify: SP_SHUTDOWN_* */
    uint8_t our_renegotiation;  /* server: the next ClientHello answers our HelloRequest */
    uint8_t certificate_wanted; /* server: sp_conn_request_client_certificate() waits for its answer */
    uint8_t npn_overlap;        /* client: the NPN choice is in both lists */
    uint32_t handshakes;        /* completed ones */
    int32_t max_fragment;

    /* The one open question; its kind is the event type. */
    uint32_t question; /* sequence, 0 = none */
    uint16_t question_kind;
    uint8_t renegotiation_stage, hello_stage, cert_stage;
    int16_t refusal; /* alert of the refusing answer, -1 = go on */

    int16_t alert; /* fatal alert seen in this call, -1 = none */
    int16_t alert_sent;
    sp_report *failure; /* owned; the first failure's report, given again by later calls */

    /* What sessions are bound to (binding.c). Names are owned; NULL = none. */
    uint8_t *asked; /* server: the name that the first hello asked for; set once `named` */
    size_t asked_len;
    uint8_t *servername; /* client: SNI */
    size_t servername_len;
    uint8_t *peer_name; /* client: the name expected of the peer, if that is not the SNI */
    size_t peer_name_len;
    int bound_mode; /* server: the SSL_VERIFY_* that sessions are bound to */
    uint8_t named;  /* server: a hello was received */
    uint8_t offers; /* server: what the first hello of a handshake offered, 0 = no hello yet */

    uint8_t *hello; /* owned; raw ClientHello of this handshake, until its questions are answered */
    size_t hello_len;
    uint8_t *offered_alpn; /* owned; the client's list while paused at the hello */
    size_t offered_alpn_len;
    SSL_SESSION *offer; /* owned; the session to resume (session.c) */
    uint8_t *alpn;      /* owned; our list, server preference */
    size_t alpn_len;
    uint8_t alpn_choice[256]; /* length byte and name: the answer given at the hello */
    uint8_t alpn_answered;    /* 1 = alpn_choice counts; its length 0 refuses */
    uint8_t *npn;             /* owned; our list */
    size_t npn_len;
    uint8_t *staple; /* owned; OCSP response to send */
    size_t staple_len;
    BIO *trace; /* owned; scratch of SSL_trace */
    uint32_t trace_dropped;
    uint8_t messages_dropped;

    int64_t psk_token; /* psk.c; 0 = no PSK */
    uint8_t psk_given; /* psk.c; the last question was answered with a key */
};

enum { SP_SHUTDOWN_NONE = 0, SP_SHUTDOWN_WANTED, SP_SHUTDOWN_SENT };

/* The rule for all calls but the turns. A fatal error leaves an SSL half made - a record layer may be NULL, a state
 * machine in the middle of a message - and most functions of libssl do not check for that. So once a connection has
 * failed, only what reads fields may touch the SSL: sp_conn_int() and sp_conn_get(). Settings are accepted and change
 * nothing, requests are SP_MISUSE, an export reports the failure again. */
static inline int sp_conn_usable(const sp_conn *conn)
{
    return conn != NULL && !conn->busy;
}
/* Whether the SSL may be changed or asked to do something now. */
static inline int sp_conn_alive(const sp_conn *conn)
{
    return sp_conn_usable(conn) && !conn->failed;
}

#endif
