/* sp.h - the C glue of Securepair over libssl 3.x: TLS between lent buffers.
 *
 * Knows nothing of Java, opens no socket, starts no thread, calls nothing back (sp_psk.h is the one exception). Every
 * OpenSSL callback becomes an event in the connection's queue, or a question that pauses the handshake until
 * sp_conn_answer().
 *
 * Ownership   Callers own two kinds of handle, sp_ctx and sp_conn, and free each exactly once. Everything else
 *             crosses as bytes: inputs are borrowed for the call, outputs are copied to caller memory.
 * Threads     An sp_conn belongs to one thread at a time. An sp_ctx is configured by one thread and frozen once a
 *             connection was made from it; after that only what says "any thread" may be called on it.
 * Errors      Each function that can fail takes a report (NULL drops it) and moves OpenSSL's error queue into it in
 *             that very call. The queue is cleared on entry and is empty on return. One exception: between handshakes
 *             the calls of the hot path (sp_conn_read() to sp_conn_shutdown()) neither clear it nor, in the usual case,
 *             look at it, because even that costs too much; what other code left in the queue may still be there
 *             afterwards. When one of them fails, the queue becomes the report and is empty; entries of other
 *             libraries before the first of libssl or of a provider are left out.
 * Strings     UTF-8 bytes with a length; nothing needs a terminating NUL unless it says so.
 */
#ifndef SP_H
#define SP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sp_ctx sp_ctx;
typedef struct sp_conn sp_conn;

/* ------------------------------------------------------------------ results ----------------------------- */

/* Why a connection call stopped. */
enum {
    SP_WANT_INPUT = 0, /* all given ciphertext was taken; more is needed to go on */
    SP_FULL = 1,       /* a lent output window (or the record table) is full, or what was decrypted has to be
                        * delivered before the next record: call again with room */
    SP_EVENT = 2,      /* stopped at events: take them, then call again */
    SP_PAUSED = 3,     /* the handshake waits for sp_conn_answer() */
    SP_CLOSED = 4,     /* the peer sent close_notify; nothing more will be read */
    SP_FAILED = 5      /* fatal; see report. Pending ciphertext (the alert) must still be sent */
};

/* Results of configuration calls. */
enum {
    SP_OK = 1,       /* done */
    SP_ERROR = 0,    /* OpenSSL refused; see report */
    SP_IGNORED = -1, /* nothing usable in the input, nothing changed (each function says when) */
    SP_MISUSE = -2   /* wrong state: frozen context, late or second answer, wrong role */
};

enum { SP_ERRORS_MAX = 8, SP_RECORDS_MAX = 32 };

/* One entry of OpenSSL's error queue, oldest first in a report. Texts are NUL-terminated, cut to fit. */
typedef struct sp_error {
    uint64_t code;   /* packed, as ERR_get_error() gave it */
    int32_t library; /* ERR_GET_LIB */
    int32_t reason;  /* ERR_GET_REASON */
    int32_t line;
    int32_t reserved;
    char library_text[48];
    char reason_text[104];
    char data[160];
    char file[72];
    char function[64];
} sp_error;

typedef struct sp_report {
    uint32_t count;     /* entries used; a longer queue keeps its oldest 4 and newest 4 */
    int32_t alert;      /* fatal alert sent or received in this call, -1 when none */
    int32_t alert_sent; /* 1 we sent it, 0 the peer did */
    int32_t ssl_error;  /* SSL_get_error() of the failing call, 0 for others */
    sp_error error[SP_ERRORS_MAX];
} sp_report;

/* What one connection call did. Lives in caller memory, valid until the next call that is given it.
 * The layout is fixed (see the offsets below): it can be read without a call. */
typedef struct sp_turn {
    int32_t status;       /*  0: SP_WANT_INPUT .. SP_FAILED */
    uint32_t events;      /*  4: events queued */
    uint32_t event_bytes; /*  8: room that sp_conn_take_events() needs for all of them */
    uint32_t consumed;    /* 12: bytes taken from the input window (ciphertext or plaintext) */
    uint32_t produced;    /* 16: plaintext bytes written */
    uint32_t emitted;     /* 20: ciphertext bytes written to the lent output window */
    uint32_t pending;     /* 24: ciphertext bytes that did not fit and wait for sp_conn_drain() */
    uint32_t records;     /* 28: entries of record_end */
    uint32_t flags;       /* 32: SP_TURN_* */
    uint32_t reserved[3];
    uint32_t record_end[SP_RECORDS_MAX]; /* 48: plaintext offset at which each application record ended */
    sp_report report;                    /* 176: filled when status is SP_FAILED, else left alone */
} sp_turn;

/* Where the fields lie, for callers that read these structs by address; turn.c asserts each. */
enum {
    SP_AT_TURN_STATUS = 0,
    SP_AT_TURN_EVENTS = 4,
    SP_AT_TURN_EVENT_BYTES = 8,
    SP_AT_TURN_CONSUMED = 12,
    SP_AT_TURN_PRODUCED = 16,
    SP_AT_TURN_EMITTED = 20,
    SP_AT_TURN_PENDING = 24,
    SP_AT_TURN_RECORDS = 28,
    SP_AT_TURN_FLAGS = 32,
    SP_AT_TURN_RECORD_END = 48,
    SP_AT_TURN_REPORT = 176,
    SP_SIZE_TURN = 3968,
    SP_AT_REPORT_COUNT = 0,
    SP_AT_REPORT_ALERT = 4,
    SP_AT_REPORT_ALERT_SENT = 8,
    SP_AT_REPORT_SSL_ERROR = 12,
    SP_AT_REPORT_ERROR = 16,
    SP_AT_ERROR_CODE = 0,
    SP_AT_ERROR_LIBRARY = 8,
    SP_AT_ERROR_REASON = 12,
    SP_AT_ERROR_LINE = 16,
    SP_AT_ERROR_LIBRARY_TEXT = 24,
    SP_AT_ERROR_REASON_TEXT = 72,
    SP_AT_ERROR_DATA = 176,
    SP_AT_ERROR_FILE = 336,
    SP_AT_ERROR_FUNCTION = 408,
    SP_SIZE_ERROR = 472
};

enum {
    SP_TURN_HANDSHAKING = 1, /* a handshake (first or renegotiation) is under way */
    SP_TURN_SECURE = 2       /* the first handshake has completed */
};

/* ------------------------------------------------------------------ library ----------------------------- */

/* Initialises the library once (any thread, repeatable). Returns SP_OK, or SP_ERROR when the OpenSSL found at run
 * time is older than 3.0 or of another major version than the headers compiled against. */
int32_t sp_library_init(sp_report *report);
uint64_t sp_library_version(void);        /* OpenSSL_version_num() of the library in use */
uint64_t sp_library_header_version(void); /* OPENSSL_VERSION_NUMBER compiled against */

enum { SP_TEXT_VERSION = 0, SP_TEXT_CFLAGS, SP_TEXT_BUILT_ON, SP_TEXT_PLATFORM, SP_TEXT_DIR };
/* Copies OpenSSL_version(what). Returns the length, whatever cap is. Any thread. */
int64_t sp_library_text(int32_t what, uint8_t *out, size_t cap);

enum { SP_FILE_LIBCRYPTO = 0, SP_FILE_LIBSSL };
/* Copies the name of the file from which that library is loaded, as the dynamic linker knows it. Returns the length,
 * whatever cap is; 0 when it is unknown, -1 for another which. Needs no initialisation. Any thread. */
int64_t sp_library_file(int32_t which, uint8_t *out, size_t cap);

enum {
    SP_FEATURE_SSL3 = 0,
    SP_FEATURE_TLS1,
    SP_FEATURE_TLS1_1,
    SP_FEATURE_TLS1_2,
    SP_FEATURE_TLS1_3,
    SP_FEATURE_NPN,
    SP_FEATURE_TRACE,
    SP_FEATURE_PSK,
    SP_FEATURE_LEGACY_PROVIDER,
    SP_FEATURE_RC4,
    SP_FEATURE_SRTP,
    SP_FEATURE_KTLS
};
/* 1 when the library in use supports it, 0 when not. Legacy algorithms count once the legacy provider could be
 * loaded. */
int32_t sp_library_feature(int32_t feature);
/* Loads the legacy provider (RC4, RC2, DES) for the whole process; repeatable. Any thread. */
int32_t sp_library_load_legacy(sp_report *report);

/* Loads a provider for the whole process, beside those that are loaded; repeatable. name: as configured or built in
 * ("legacy"), a module in the library's own directory of modules, or the absolute path of a module. Any thread. */
int32_t sp_library_load_provider(const char *name, sp_report *report);
/* 1 when a provider of that name is loaded and active, 0 when not. Any thread. */
int32_t sp_library_has_provider(const char *name);

enum {
    SP_LIVE_CTX = 0,
    SP_LIVE_CONN,
    SP_LIVE_CHUNK,
    SP_LIVE_EVENT,
    SP_LIVE_SSL,
    SP_LIVE_SESSION_OFFER,
    SP_LIVE_BUFFERED, /* connections with record buffers: one of the hot path's calls was made since sp_conn_idle() */
    SP_LIVE_ANCHOR, /* certificates that contexts trust, each counted once; not the default roots */
    SP_LIVE_BYTES   /* native memory that contexts take, an estimate: identities are not in it */
};
/* Counts what is alive now. Zero of each once every handle is freed. Any thread. */
int64_t sp_library_live(int32_t kind);

/* The library's default suites and all TLS 1.3 ones (what Node's getCiphers() lists), in its order: OpenSSL names
 * separated by ':'. Returns the length needed. */
int64_t sp_library_ciphers(uint8_t *out, size_t cap);

/* The process-wide default trust anchors. `items` is a sequence of DER certificates, each {u32 length, bytes}
 * in native byte order. Replaces the former set for contexts that ask later. Any thread. */
int32_t sp_roots_set(const uint8_t *items, size_t len, sp_report *report);

/* ------------------------------------------------------------------ contexts ---------------------------- */

enum { SP_ROLE_ANY = 0, SP_ROLE_CLIENT = 1, SP_ROLE_SERVER = 2 }; /* TLS_method and its one-sided kin */

/* Makes a context: security level 1, no certificate, empty trust store, session callbacks without OpenSSL's own
 * cache, SSL_OP_ALLOW_CLIENT_RENEGOTIATION. Returns NULL on failure. Owns: the caller, one reference. */
sp_ctx *sp_ctx_new(int32_t role, sp_report *report);
/* Drops the caller's reference; connections keep theirs. NULL is fine. Any thread. */
void sp_ctx_free(sp_ctx *ctx);

/* Protocol range: 0x0300 SSLv3, 0x0301.. 0x0304 TLS 1.3; 0 is the library's own limit. */
int32_t sp_ctx_set_versions(sp_ctx *ctx, int32_t min, int32_t max, sp_report *report);
uint64_t sp_ctx_set_options(sp_ctx *ctx, uint64_t set, uint64_t clear); /* SSL_OP_*; returns the new mask */
int32_t sp_ctx_set_security_level(sp_ctx *ctx, int32_t level);
/* NUL-terminated OpenSSL syntax in the next five. */
int32_t sp_ctx_set_cipher_list(sp_ctx *ctx, const char *list, sp_report *report);  /* <= TLS 1.2 */
int32_t sp_ctx_set_ciphersuites(sp_ctx *ctx, const char *list, sp_report *report); /* TLS 1.3 */
int32_t sp_ctx_set_groups(sp_ctx *ctx, const char *list, sp_report *report);       /* (EC)DHE groups */
int32_t sp_ctx_set_sigalgs(sp_ctx *ctx, const char *list, sp_report *report);
int32_t sp_ctx_set_psk_identity_hint(sp_ctx *ctx, const char *hint, sp_report *report);
/* PEM DH parameters. Returns their size in bits, SP_IGNORED when the text is no DH parameters, SP_ERROR on refusal.
 * Sets nothing when smaller than min_bits (the size is still returned). */
int32_t sp_ctx_set_dh(sp_ctx *ctx, const uint8_t *pem, size_t len, int32_t min_bits, sp_report *report);
int32_t sp_ctx_set_dh_auto(sp_ctx *ctx, int32_t on);
int32_t sp_ctx_set_session_id_context(sp_ctx *ctx, const uint8_t *id, size_t len, sp_report *report);
int32_t sp_ctx_set_session_timeout(sp_ctx *ctx, int64_t seconds);
int32_t sp_ctx_set_num_tickets(sp_ctx *ctx, int32_t count, sp_report *report);
/* Client NPN is a property of the context: with this on, its client connections offer NPN (TLS <= 1.2). Server
 * NPN: its server connections advertise the list of sp_conn_set_npn(), or an empty one. SP_IGNORED when the library
 * has no NPN. */
int32_t sp_ctx_enable_npn(sp_ctx *ctx);

/* Private key, PEM (PKCS#1, SEC1, PKCS#8, encrypted or not). pass NULL = none; never prompts. Each later
 * key/certificate pair of another type adds an identity; same type replaces. A key that does not match the
 * certificate of its type fails (X509_R_KEY_VALUES_MISMATCH), if the certificate was set first; a certificate that
 * does not match an earlier key drops the key. The copy of the passphrase is cleansed. */
int32_t sp_ctx_use_key(sp_ctx *ctx, const uint8_t *pem, size_t len, const uint8_t *pass, size_t pass_len,
                       sp_report *report);
/* PEM: leaf first, then the chain to send, up to the end of the text. Remembers the leaf's issuer for OCSP. */
int32_t sp_ctx_use_certificate(sp_ctx *ctx, const uint8_t *pem, size_t len, sp_report *report);
/* Key, leaf and extra certificates of a PKCS#12 file; extras are sent as chain, trusted, and named as client CAs. */
enum { SP_PFX_OK = 1, SP_PFX_ERROR = 0, SP_PFX_NO_KEY = -10, SP_PFX_NO_CERT = -11, SP_PFX_UNSUPPORTED = -12 };
int32_t sp_ctx_use_pfx(sp_ctx *ctx, const uint8_t *der, size_t len, const uint8_t *pass, size_t pass_len,
                       sp_report *report);
/* What a store URI names (OSSL_STORE: "file:..." with the default provider, "pkcs11:..." with such a provider): every
 * key in it, or every certificate as leaf with chain in the store's order, or every certificate as trust anchor and
 * client CA. properties: a property query such as "provider=pkcs11", NULL for none. pass NULL = none; never prompts.
 * Returns how many were used, SP_IGNORED when the store has none of that kind. */
enum { SP_STORE_KEY = 0, SP_STORE_CERTIFICATE = 1, SP_STORE_CA = 2 };
int32_t sp_ctx_use_store(sp_ctx *ctx, int32_t wanted, const char *uri, const char *properties,
                         const uint8_t *pass, size_t pass_len, sp_report *report);

/* Trust. The store starts empty; use_roots shares the process-wide default set; add_ca gives the context a store of
 * its own (never touching the shared one), to which a later use_roots adds. Returns the number of certificates added,
 * 0 and a report when none; use_roots 0 without a report when no set was given. Contexts share what was parsed from
 * the same bytes: a certificate that a thousand of them trust is in memory once. Reading ends at a broken block: the
 * certificates before it are added, and the report has the cause. add_ca_der takes one certificate or several in a
 * row. */
int32_t sp_ctx_use_roots(sp_ctx *ctx, sp_report *report);
int32_t sp_ctx_add_ca(sp_ctx *ctx, const uint8_t *pem, size_t len, int32_t name_as_client_ca,
                      sp_report *report);
int32_t sp_ctx_add_ca_der(sp_ctx *ctx, const uint8_t *der, size_t len, int32_t name_as_client_ca,
                          sp_report *report);
/* PEM CRLs, all or none; switches CRL checking on for whole chains. Returns how many, 0 = not parsable. */
int32_t sp_ctx_add_crl(sp_ctx *ctx, const uint8_t *pem, size_t len, sp_report *report);
int32_t sp_ctx_set_partial_chain(sp_ctx *ctx, int32_t on);

enum { SP_TICKET_KEYS_SIZE = 48 };
/* Ticket protection: 16 bytes name, 16 HMAC-SHA256 key, 16 AES-128-CBC key. Random at creation. Any thread, also
 * while connections run: new tickets use the new keys at once, tickets of other keys are ignored. */
int32_t sp_ctx_set_ticket_keys(sp_ctx *ctx, const uint8_t keys[SP_TICKET_KEYS_SIZE]);
int32_t sp_ctx_get_ticket_keys(sp_ctx *ctx, uint8_t out[SP_TICKET_KEYS_SIZE]);

enum {
    SP_CTX_CERTIFICATE = 0, /* DER of the current leaf */
    SP_CTX_ISSUER,          /* DER of its issuer: from the chain, else from the trust store as it is now */
    SP_CTX_CIPHERS,         /* names separated by ':' in preference order */
    SP_CTX_TRUSTED,         /* {u32 len, DER}* of the trust store, nothing when it is empty */
    SP_CTX_CHAIN            /* {u32 len, DER}* leaf first */
};
/* Copies it to out if cap suffices (else out has part of it). Returns the size, or -1 when there is none. Any thread,
 * once the context is frozen. */
int64_t sp_ctx_get(sp_ctx *ctx, int32_t what, uint8_t *out, size_t cap);

/* ------------------------------------------------------------------ connections ------------------------- */

/* Makes a connection; nothing is sent before the first sp_conn_read(). The context is frozen from now on and
 * referenced until the connection is freed. Owns: the caller. NULL on failure. */
sp_conn *sp_conn_new(sp_ctx *ctx, int32_t is_server, sp_report *report);
/* Frees at once, sends nothing. NULL is fine. */
void sp_conn_free(sp_conn *conn);

/* Before the first read unless it says otherwise. Each returns SP_OK, SP_ERROR or SP_MISUSE. After SP_FAILED,
 * settings for any time are accepted and change nothing; everything else that would change the connection or make it
 * do something is SP_MISUSE; sp_conn_int() and sp_conn_get() still answer. */
int32_t sp_conn_set_servername(sp_conn *conn, const char *name, sp_report *report); /* client; SNI */
/* Client: the name expected of the peer, when that is not the SNI; sessions are bound to it. */
int32_t sp_conn_set_peer_name(sp_conn *conn, const uint8_t *name, size_t len);
/* Client: the session to resume; to be set after names, trust and pre-shared keys. SP_IGNORED when it is undecodable,
 * or when the verdict in it was made under another name or trust than this connection has, or too long ago. A session
 * without a stamp of ours is accepted when its certificate verifies now, or when it records that it did not verify. A
 * caller that checks the peer's name has to check again: SP_GET_PEER_CERTIFICATE is the session's, from now on. */
int32_t sp_conn_set_session(sp_conn *conn, const uint8_t *der, size_t len);
int32_t sp_conn_drop_session(sp_conn *conn); /* client: undoes sp_conn_set_session() */
int32_t sp_conn_set_alpn(sp_conn *conn, const uint8_t *wire, size_t len); /* offer, or server preference */
int32_t sp_conn_set_npn(sp_conn *conn, const uint8_t *wire, size_t len);
int32_t sp_conn_request_ocsp(sp_conn *conn);              /* client */
int32_t sp_conn_offer_post_handshake_auth(sp_conn *conn); /* client, TLS 1.3 */
enum { SP_VERIFY_NONE = 0, SP_VERIFY_PEER = 1, SP_VERIFY_REQUIRE = 2 };
/* Any time. Chains are always verified when a certificate arrives, never fatal; REQUIRE fails only on a missing one. */
int32_t sp_conn_set_verify(sp_conn *conn, int32_t mode);
int32_t sp_conn_set_max_fragment(sp_conn *conn, int32_t size);             /* any time; 512..16384 */
uint64_t sp_conn_set_options(sp_conn *conn, uint64_t set, uint64_t clear); /* any time */

enum {
    SP_ASK_HELLO = 1, /* server: pause at each new ClientHello */
    SP_ASK_CERT = 2,  /* server: pause before the certificate is chosen (not when resumed) */
    SP_ASK_RENEGOTIATION =
        4,               /* server: pause at each client-initiated renegotiation, before any costly work */
    SP_TELL_SESSION = 8, /* SP_EV_SESSION for each new session or ticket */
    SP_TELL_KEYLOG = 16,
    SP_TELL_ALERT = 32,
    SP_TELL_TRACE = 64,   /* SSL_trace text, at most 64 KiB between two takes; more is counted and dropped */
    SP_TELL_MESSAGE = 128 /* raw handshake messages and record headers (SSL_set_msg_callback) */
};
/* Replaces the mask of what becomes an event; any time. */
int32_t sp_conn_set_events(sp_conn *conn, uint32_t mask);

/* --- the hot path. Windows are lent for the call; a NULL window has size 0. Each call first moves waiting ciphertext
 * to out. After SP_FAILED, reads and writes give the same report again and touch nothing; after SP_CLOSED, reads swallow
 * and ignore all ciphertext. SP_MISUSE (also in turn->status; nothing was done): NULL, or a call on this connection from
 * inside its own PSK upcall. --- */

/* Feeds ciphertext, drives the handshake, decrypts up to plain_cap bytes. Ciphertext that OpenSSL produces goes to
 * out; what does not fit waits for sp_conn_drain(). Stops at the first event; an event carries the value of
 * `produced` at which it was queued, so that wire order is kept. Stops after each record of application data, with
 * SP_FULL when input is left, as long as sp_conn_shutdown() was not called: the record can be answered before the
 * next one fails, ends or renegotiates the connection, wherever the input was cut. Afterwards several are decrypted,
 * as long as what follows is application data by its outer type, and there may be plaintext beside SP_CLOSED and
 * SP_FAILED. There may be events beside every status but SP_WANT_INPUT and SP_FULL. Returns turn->status. Pauses:
 * yes. */
int32_t sp_conn_read(sp_conn *conn, const uint8_t *in, size_t in_len, uint8_t *plain, size_t plain_cap,
                     uint8_t *out, size_t out_cap, sp_turn *turn);
/* Encrypts. Takes as much plaintext as fits the out window as whole records (at least one record, whose rest then
 * waits for sp_conn_drain()). SP_WANT_INPUT with consumed 0 during a handshake: offer the same bytes again after the
 * next read. SP_OK does not occur; SP_FULL when plaintext is left, SP_WANT_INPUT when all was taken. SP_PAUSED while
 * a question is open, SP_CLOSED after sp_conn_shutdown(); nothing is consumed then. */
int32_t sp_conn_write(sp_conn *conn, const uint8_t *plain, size_t len, uint8_t *out, size_t out_cap,
                      sp_turn *turn);
/* The same two for callers to which reading `turn` is expensive: they return its contents as one number in the usual
 * case (SP_WANT_INPUT or SP_FULL, no events, nothing pending, at most one record, which ends the plaintext, counts
 * below 2^19), else -1. `turn` is filled all the same. SP_PACKED_x is the bit at which x begins. */
enum {
    SP_PACKED_STATUS = 0, /* SP_WANT_INPUT or SP_FULL */
    SP_PACKED_STATUS_MASK = 1,
    SP_PACKED_FLAGS = 1,
    SP_PACKED_FLAGS_MASK = 3,
    SP_PACKED_RECORDS = 3,
    SP_PACKED_RECORDS_MASK = 1,
    SP_PACKED_CONSUMED = 4,
    SP_PACKED_PRODUCED = 23,
    SP_PACKED_EMITTED = 42,
    SP_PACKED_COUNT_MASK = 0x7ffff /* of the last three */
};
int64_t sp_conn_read_packed(sp_conn *conn, const uint8_t *in, size_t in_len, uint8_t *plain, size_t plain_cap,
                            uint8_t *out, size_t out_cap, sp_turn *turn);
int64_t sp_conn_write_packed(sp_conn *conn, const uint8_t *plain, size_t len, uint8_t *out, size_t out_cap,
                             sp_turn *turn);
/* Moves waiting ciphertext to out. SP_FULL while there is more. */
int32_t sp_conn_drain(sp_conn *conn, uint8_t *out, size_t out_cap, sp_turn *turn);
/* Sends close_notify (once); during a handshake the read that completes the handshake sends it. Reading may go on. */
int32_t sp_conn_shutdown(sp_conn *conn, uint8_t *out, size_t out_cap, sp_turn *turn);
/* Frees the two record buffers (about 17 KiB each), which any of the calls above makes again when needed. They are
 * kept between records, since making them costs as much as a small record: call this when nothing was received or
 * sent for a while. SP_IGNORED, and some are kept, when part of a record is in them - OpenSSL 3.5 also takes a
 * close_notify of TLS 1.3 that it has read for one - and after a failure. */
int32_t sp_conn_idle(sp_conn *conn);

/* --- events and questions --- */

enum {
    SP_EV_HANDSHAKE_START = 1,
    SP_EV_HANDSHAKE_DONE = 2,
    SP_EV_CLIENT_HELLO =
        3, /* question. items: session id, servername, ALPN wire list, u32 bits (SP_HELLO_*), legacy version
                                 * u16 BE + random 32, cipher suites as on the wire, extensions as {u16 type, u16 len,
                                 * bytes} BE as on the wire in their order, PSK identities as {u32 len, bytes} */
    SP_EV_CERT = 4,          /* question. items: servername, u32 bits (SP_CERT_*) */
    SP_EV_RENEGOTIATION = 5, /* question. no items */
    SP_EV_SESSION = 6,       /* items: session id, DER of the session */
    SP_EV_KEYLOG = 7,        /* items: one line without newline; cleansed once taken */
    SP_EV_OCSP_RESPONSE = 8, /* client. items: response, or absent */
    SP_EV_ALERT = 9,         /* items: u32 = sent << SP_ALERT_SENT | level << SP_ALERT_LEVEL | description */
    SP_EV_TRACE = 10,        /* items: text, u32 bytes dropped before it */
    SP_EV_MESSAGE = 11,      /* items: u32 bits (SP_MESSAGE_*), u32 version, u32 content type, bytes */
    /* Server: the answer to sp_conn_request_client_certificate() has arrived, with a certificate or without
     * (SP_INT_HAS_PEER_CERT). No items. */
    SP_EV_CLIENT_CERTIFICATE = 12
};
enum {
    SP_MESSAGE_SENT = 1,
    SP_MESSAGE_LOSS = 2
}; /* LOSS: messages before it did not fit the queue (256 KiB) */
enum {
    SP_HELLO_TICKET = 1,
    SP_HELLO_OCSP = 2,
    SP_HELLO_TLS1_3 = 4,
    SP_HELLO_NPN = 8,
    SP_HELLO_RENEGOTIATION = 16
};
enum { SP_CERT_OCSP = 1, SP_CERT_RENEGOTIATION = 2 };
enum { SP_ALERT_SENT = 16, SP_ALERT_LEVEL = 8 }; /* level and description have a byte each */
enum { SP_ITEM_ABSENT = -1 };                    /* the size of an item that is absent, as int32_t */

/* Moves whole events to out, oldest first, as many as fit. Each: {u16 type, u16 items, u32 sequence, u32 offset,
 * u32 length} in native order, then `length` bytes of items, each {u32 size, bytes}; size SP_ITEM_ABSENT: no bytes; an
 * item "u32" has size 4, native order. Returns the bytes written. */
int64_t sp_conn_take_events(sp_conn *conn, uint8_t *out, size_t cap);

/* While paused at SP_EV_CLIENT_HELLO: the session to resume (i2d_SSL_SESSION); SP_IGNORED if undecodable. */
int32_t sp_conn_offer_session(sp_conn *conn, const uint8_t *der, size_t len);
/* While paused at the hello: the ALPN answer, which must be one of those offered (else SP_MISUSE); len 0 refuses. */
int32_t sp_conn_select_alpn(sp_conn *conn, const uint8_t *protocol, size_t len);
/* While paused at hello or cert: certificate, key, chain, trust store and client CA names of ctx for this connection;
 * protocol range, suites, tickets and options stay (as Node does). SP_IGNORED if ctx has no certificate (trust is
 * still switched). */
int32_t sp_conn_use_identity(sp_conn *conn, sp_ctx *ctx, sp_report *report);
/* The same without trust store and client CA names, which stay. */
int32_t sp_conn_use_certificates(sp_conn *conn, sp_ctx *ctx, sp_report *report);
/* While paused at SP_EV_CERT: the staple; len 0 = none. */
int32_t sp_conn_set_ocsp_response(sp_conn *conn, const uint8_t *der, size_t len);
/* Ends the pause at question `sequence`. alert < 0: go on; else refuse with that alert description. SP_MISUSE for a
 * late, second or unknown answer. The next sp_conn_read() resumes the handshake. */
int32_t sp_conn_answer(sp_conn *conn, uint32_t sequence, int32_t alert);

/* Server or client, TLS <= 1.2, when secure: queues HelloRequest or ClientHello; the next read or write sends it.
 * abbreviated 0 forces a full handshake. */
int32_t sp_conn_renegotiate(sp_conn *conn, int32_t abbreviated, sp_report *report);
/* Server, TLS 1.3: requests a client certificate after the handshake, if the client offered that; the next read or
 * write sends it. SP_EV_CLIENT_CERTIFICATE is queued when the answer has arrived. */
int32_t sp_conn_request_client_certificate(sp_conn *conn, sp_report *report);
int32_t sp_conn_key_update(sp_conn *conn, int32_t request_peer, sp_report *report);

enum {
    SP_INT_VERSION = 0,
    SP_INT_REUSED,
    SP_INT_VERIFY_RESULT,
    SP_INT_HAS_PEER_CERT,
    SP_INT_SECURE,
    SP_INT_MAX_VERSION,
    SP_INT_RENEGOTIATIONS,
    SP_INT_SECURE_RENEGOTIATION,
    SP_INT_PSK_USED,
    SP_INT_SESSION_RESUMABLE
};
/* VERSION: SSL_version. VERIFY_RESULT: X509_V_*, of the last evaluation (the last error seen, as Node reports).
 * HAS_PEER_CERT: also on resumed connections, whose session carries the leaf. MAX_VERSION: the library's when there is
 * no limit. RENEGOTIATIONS: completed ones. PSK_USED: the peer was authenticated by a pre-shared key, of its own or of
 * the session that a client resumed; a server's resumed TLS 1.3 session proves none. */
int64_t sp_conn_int(sp_conn *conn, int32_t what);

enum {
    SP_GET_SERVERNAME = 0,
    SP_GET_ALPN,
    SP_GET_NPN,
    SP_GET_CIPHER_NAME, /* OpenSSL name */
    SP_GET_CIPHER_STANDARD_NAME,
    SP_GET_CIPHER_VERSION, /* SSL_CIPHER_get_version */
    SP_GET_PROTOCOL,       /* SSL_get_version */
    SP_GET_SESSION,        /* i2d_SSL_SESSION */
    SP_GET_TICKET,
    SP_GET_SESSION_ID,
    SP_GET_OWN_CERTIFICATE,  /* DER */
    SP_GET_PEER_CERTIFICATE, /* DER */
    SP_GET_PEER_CHAIN, /* {u32 len, DER}*: leaf first, then what the peer sent; none on a resumed client */
    SP_GET_PEER_CHAIN_COMPLETED, /* leaf, its issuer, ... completed from the trust store, up to the root */
    SP_GET_FINISHED,
    SP_GET_PEER_FINISHED,
    SP_GET_EPHEMERAL,      /* client: text "ECDH prime256v1 256" / "DH - 2048" / "KEM X25519MLKEM768 -" */
    SP_GET_SHARED_SIGALGS, /* text, Node's form, separated by ':' */
    SP_GET_GROUP,          /* negotiated group name */
    SP_GET_CLIENT_RANDOM,
    SP_GET_SERVER_RANDOM,
    SP_GET_MASTER_KEY, /* for research; the caller has to cleanse it */
    SP_GET_OCSP_RESPONSE,
    SP_GET_OWN_CHAIN,
    SP_GET_PEER_CLIENT_CAS /* client: {u32 len, DER name}* of the CertificateRequest */
};
/* As sp_ctx_get: the size, -1 when there is none. */
int64_t sp_conn_get(sp_conn *conn, int32_t what, uint8_t *out, size_t cap);

/* RFC 5705, once secure. context NULL = none. SP_MISUSE before, and for a length of 0. After SP_FAILED it fails with the
 * same report. */
int32_t sp_conn_export(sp_conn *conn, uint8_t *out, size_t len, const char *label, size_t label_len,
                       const uint8_t *context, size_t context_len, sp_report *report);

/* ------------------------------------------------------------------ certificates ------------------------ */

/* Describes a DER certificate (nothing may follow it) with the fields of Node's legacy certificate object, as a
 * sequence of pairs {u32 len, key} {u32 len, value}, in Node's order; keys "subject.CN" (repeated for repeated
 * attributes, order kept), "issuer.O", "subjectaltname", "infoAccess.OCSP - URI" (repeated), "ca" (0/1), "modulus",
 * "bits", "exponent", "pubkey" (bytes), "asn1Curve", "nistCurve", "valid_from", "valid_to", "fingerprint",
 * "fingerprint256", "fingerprint512", "ext_key_usage" (repeated), "serialNumber", "self_issued" (0/1:
 * X509_check_issued with itself). Numbers are text. "invalid" (repeated) stands for a field that is present but
 * cannot be decoded: "subject" and "issuer" (Node has no such property then), "subjectaltname" and "infoAccess"
 * (Node's are null). Returns the size needed, -1 if the input is no certificate. Any thread. */
int64_t sp_x509_describe(const uint8_t *der, size_t len, uint8_t *out, size_t cap);
/* X509_verify_cert_error_string and the name "X509_V_ERR_" without its prefix, else "UNSPECIFIED". */
int64_t sp_x509_error_text(int64_t code, uint8_t *out, size_t cap);
int64_t sp_x509_error_name(int64_t code, uint8_t *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
