/* Parsed sessions that a context keeps: the same bytes many times, and what one connection changes in its copy. */
#include "error.h"
#include "pair.h"
#include "session_cache.h"

#include <pthread.h>

/* The client's newest session of a handshake. */
static bytes session_of(pair *p)
{
    bytes der = {NULL, 0, 0};

    sp_conn_set_events(p->client.conn, SP_TELL_SESSION);
    pair_handshake(p);
    for (size_t i = 0; i < p->client.event_count; i++)
        if (p->client.events[i].type == SP_EV_SESSION) {
            der.len = 0;
            bytes_add(&der, p->client.events[i].item[1].at, p->client.events[i].item[1].len);
        }
    CHECK(der.len > 0);
    return der;
}

TEST(theSameBytesAreParsedTwiceAtMost)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes der = session_of(p);
        SSL_SESSION *once = sp_session_decode(p->client_ctx, der.at, der.len);
        SSL_SESSION *twice = sp_session_decode(p->client_ctx, der.at, der.len);
        SSL_SESSION *again = sp_session_decode(p->client_ctx, der.at, der.len);
        CHECK(once != NULL && twice != NULL && again != NULL);
        /* A copy shares the certificate, a parsed one has its own. */
        CHECK(SSL_SESSION_get0_peer(once) != SSL_SESSION_get0_peer(twice));
        CHECK(SSL_SESSION_get0_peer(again) == SSL_SESSION_get0_peer(twice));
        CHECK(again != twice);
        SSL_SESSION_free(once);
        SSL_SESSION_free(twice);
        SSL_SESSION_free(again);
        bytes_free(&der);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(aCopyEncodesToTheBytesItCameFrom)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes der = session_of(p);
        for (int i = 0; i < 4; i++) {
            SSL_SESSION *session = sp_session_decode(p->client_ctx, der.at, der.len);
            unsigned char *out = NULL;
            int len = i2d_SSL_SESSION(session, &out);
            CHECK_BYTES(out, (size_t)len, der.at, der.len);
            OPENSSL_free(out);
            SSL_SESSION_free(session);
        }
        bytes_free(&der);
        pair_free(p);
    }
}

TEST(aConnectionThatEndsBadlySpoilsItsOwnCopyAlone)
{
    EACH_VERSION
    {
        pair *p = pair_new(versions[v], versions[v]);
        bytes der = session_of(p);
        for (int i = 0; i < 5; i++) {
            pair_reconnect(p); /* no close_notify: OpenSSL marks the session as not resumable */
            CHECK_INT(sp_conn_set_session(p->client.conn, der.at, der.len), SP_OK);
            pair_handshake(p);
            CHECK_INT(sp_conn_int(p->client.conn, SP_INT_REUSED), 1);
            CHECK_INT(sp_conn_int(p->server.conn, SP_INT_REUSED), 1);
            CHECK_INT(sp_conn_int(p->client.conn, SP_INT_HAS_PEER_CERT), 1);
        }
        bytes_free(&der);
        pair_free(p);
    }
    check_nothing_lives();
}

TEST(otherBytesAreNeverTakenForThoseThatAreKept)
{
    pair *p = pair_new(0x0304, 0x0304);
    bytes der = session_of(p);

    for (int i = 0; i < 3; i++)
        SSL_SESSION_free(sp_session_decode(p->client_ctx, der.at, der.len));
    SSL_SESSION *kept = sp_session_decode(p->client_ctx, der.at, der.len);
    for (size_t at = 0; at < der.len; at++) {
        der.at[at] ^= 1;
        SSL_SESSION *session = sp_session_decode(p->client_ctx, der.at, der.len);
        CHECK(session == NULL || SSL_SESSION_get0_peer(session) != SSL_SESSION_get0_peer(kept));
        SSL_SESSION_free(session);
        der.at[at] ^= 1;
    }
    SSL_SESSION_free(kept);
    sp_queue_clear();
    CHECK(sp_session_decode(p->client_ctx, der.at, 0) == NULL);
    CHECK(sp_session_decode(p->client_ctx, NULL, 5) == NULL);
    bytes_free(&der);
    pair_free(p);
}

TEST(moreSessionsThanAreKeptAllStayUsable)
{
    enum { MANY = 20 };
    pair *p = pair_new(0x0303, 0x0303);
    bytes der[MANY];

    for (int i = 0; i < MANY; i++) {
        der[i] = session_of(p);
        pair_reconnect(p);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < MANY; i++)
            for (int twice = 0; twice < 2; twice++) {
                SSL_SESSION *session = sp_session_decode(p->client_ctx, der[i].at, der[i].len);
                unsigned char *out = NULL;
                int len = i2d_SSL_SESSION(session, &out);
                CHECK_BYTES(out, (size_t)len, der[i].at, der[i].len);
                OPENSSL_free(out);
                SSL_SESSION_free(session);
            }
    for (int i = 0; i < MANY; i++)
        bytes_free(&der[i]);
    pair_free(p);
    check_nothing_lives();
}

/* ---- threads ---- */

enum { THREADS = 4, SESSIONS = 12, ROUNDS = 300 };

typedef struct race {
    sp_ctx *ctx;
    bytes der[SESSIONS];
    atomic_int wrong;
} race;

static void *decode_all(void *given)
{
    race *r = given;

    for (int i = 0; i < ROUNDS; i++) {
        const bytes *der = &r->der[(i / 5) % SESSIONS];
        SSL_SESSION *session = sp_session_decode(r->ctx, der->at, der->len);
        unsigned char *out = NULL;
        int len = i2d_SSL_SESSION(session, &out);
        if (len != (int)der->len || memcmp(out, der->at, der->len) != 0)
            atomic_fetch_add(&r->wrong, 1);
        OPENSSL_free(out);
        SSL_SESSION_free(session);
    }
    return NULL;
}

TEST(threadsShareAContextsSessions)
{
    pair *p = pair_new(0x0303, 0x0303);
    race r = {.ctx = p->client_ctx};
    pthread_t threads[THREADS];

    for (int i = 0; i < SESSIONS; i++) {
        r.der[i] = session_of(p);
        pair_reconnect(p);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, decode_all, &r), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(r.wrong, 0);
    for (int i = 0; i < SESSIONS; i++)
        bytes_free(&r.der[i]);
    pair_free(p);
    check_nothing_lives();
}
