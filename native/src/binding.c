/* binding.c - what a session proves, and under which conditions.
 *
 * A session carries the verdict about the peer's certificate over to later connections, which do not verify the
 * certificate again. So it is bound to everything that verdict was made from, and is not used under other conditions:
 *
 * - On a server, to the session id context, the name asked for, the verify mode, whether pre-shared keys are taken,
 *   the security level and, if certificates are asked for, the trust store. A digest of these is the session id
 *   context that OpenSSL sees. OpenSSL compares that with the session's before it resumes, for tickets and stored
 *   sessions of every version, and makes a full handshake when they differ.
 * - On a client OpenSSL compares nothing of the kind in time: a mismatch is fatal there. Sessions get a stamp in
 *   their ticket application data, which is part of the encoded session and which no server sees; a session is
 *   offered only if its stamp is the one that this connection would give it. A session without a stamp was made by
 *   another program: its certificate is verified against the connection's trust store, and unless that succeeds it is
 *   not offered. A session that records a failed verification can always be offered: it never claims more than that.
 *
 * A verdict holds as long as the certificates and revocation lists it was made from: sessions expire with the first
 * of them. The stamp is no protection against an attacker that can write a client's sessions: such an attacker knows
 * their keys, and could pose as the server anyway.
 */
#include "binding.h"

#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <time.h>

#include "x509_store.h"

enum { DIGEST = 32, NAME_MARK = 16, MAGIC = 8, STAMP = MAGIC + 8 + NAME_MARK + DIGEST };

static const char magic[MAGIC] = "sp-sess1";
static int index_digest = -1;      /* ex_data of X509_STORE: digest of what it trusts, 32 bytes, owned */
static CRYPTO_RWLOCK *digest_lock; /* protects that ex_data */

/* ---- digests ---- */

/* Each part follows its length, so that no part can pass for the beginning of the next. */
static int add(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
    uint64_t size = len;

    return EVP_DigestUpdate(digest, &size, sizeof(size)) == 1 &&
           (len == 0 || EVP_DigestUpdate(digest, bytes, len) == 1);
}

static int add_number(EVP_MD_CTX *digest, int64_t value)
{
    return add(digest, &value, sizeof(value));
}

/* Host names compare without case. */
static uint8_t lower(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter + 32) : letter;
}

/* Absent and empty names differ. */
static int add_name(EVP_MD_CTX *digest, const uint8_t *name, size_t len)
{
    int ok = add_number(digest, name != NULL);

    for (size_t i = 0; ok && i < len; i++) {
        uint8_t letter = lower(name[i]);
        ok = EVP_DigestUpdate(digest, &letter, 1) == 1;
    }
    return ok;
}

static EVP_MD_CTX *begin(const char *purpose)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
        add(digest, purpose, strlen(purpose)))
        return digest;
    EVP_MD_CTX_free(digest);
    return NULL;
}

static int end(EVP_MD_CTX *digest, int ok, uint8_t out[DIGEST])
{
    ok = ok && EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return ok;
}

/* ---- what a store trusts ---- */

static void on_free_store(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    OPENSSL_free(ptr);
}

int sp_binding_init(void)
{
    digest_lock = CRYPTO_THREAD_lock_new();
    index_digest = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, NULL, NULL, NULL, on_free_store);
    return digest_lock != NULL && index_digest >= 0;
}

/* With the trust settings of TRUSTED CERTIFICATE blocks. 0 for an object that is neither certificate nor list. */
static int encode(const X509_OBJECT *object, uint8_t **der)
{
    switch (X509_OBJECT_get_type(object)) {
    case X509_LU_X509:
        return i2d_X509_AUX(X509_OBJECT_get0_X509(object), der);
    case X509_LU_CRL:
        return i2d_X509_CRL(X509_OBJECT_get0_X509_CRL(object), der);
    default:
        return 0;
    }
}

static int by_bytes(const void *one, const void *other)
{
    return memcmp(one, other, DIGEST);
}

static int digest_objects(STACK_OF(X509_OBJECT) *objects, uint8_t (*each)[DIGEST])
{
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        uint8_t *der = NULL;
        int len = encode(sk_X509_OBJECT_value(objects, i), &der);
        int ok = len >= 0 && EVP_Digest(der, (size_t)len, each[i], NULL, EVP_sha256(), NULL) == 1;

        OPENSSL_free(der);
        if (!ok)
            return 0;
    }
    return 1;
}

/* Independent of the order in the store, which depends on how it was filled and what was looked up in it. */
static int digest_store(X509_STORE *store, uint8_t out[DIGEST])
{
    EVP_MD_CTX *digest = NULL;
    uint8_t(*each)[DIGEST] = NULL;
    STACK_OF(X509_OBJECT) *objects;
    size_t count;
    int ok;

    if (!X509_STORE_lock(store))
        return 0;
    objects = X509_STORE_get0_objects(store);
    count = (size_t)sk_X509_OBJECT_num(objects);
    each = OPENSSL_malloc((count + 1) * DIGEST);
    ok = each != NULL && digest_objects(objects, each);
    X509_STORE_unlock(store);
    if (ok) {
        qsort(each, count, DIGEST, by_bytes);
        digest = begin("trust");
        ok = digest != NULL && add(digest, each, count * DIGEST) &&
             add_number(digest, (int64_t)X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store)));
        ok = end(digest, ok, out);
    }
    OPENSSL_free(each);
    return ok;
}

/* Cached in the store, which does not change once a connection uses it. */
static int known_digest(X509_STORE *store, uint8_t out[DIGEST])
{
    const uint8_t *known;

    if (!CRYPTO_THREAD_read_lock(digest_lock))
        return 0;
    known = X509_STORE_get_ex_data(store, index_digest);
    if (known != NULL)
        memcpy(out, known, DIGEST);
    CRYPTO_THREAD_unlock(digest_lock);
    return known != NULL;
}

static void keep_digest(X509_STORE *store, const uint8_t digest[DIGEST])
{
    uint8_t *copy;

    if (!CRYPTO_THREAD_write_lock(digest_lock))
        return;
    if (X509_STORE_get_ex_data(store, index_digest) == NULL &&
        (copy = OPENSSL_memdup(digest, DIGEST)) != NULL && !X509_STORE_set_ex_data(store, index_digest, copy))
        OPENSSL_free(copy);
    CRYPTO_THREAD_unlock(digest_lock);
}

static int add_trust(EVP_MD_CTX *digest, X509_STORE *store)
{
    uint8_t trust[DIGEST];

    if (!known_digest(store, trust)) {
        if (!digest_store(store, trust))
            return 0;
        keep_digest(store, trust);
    }
    return add(digest, trust, DIGEST);
}

/* ---- how long a verdict holds ---- */

/* The earlier of two times, of which 0 is none. */
static int64_t earlier(int64_t one, int64_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

/* In seconds since 1970; 0 when unknown. */
static int64_t seconds_of(const ASN1_TIME *when)
{
    int days, seconds;

    if (when == NULL || ASN1_TIME_diff(&days, &seconds, NULL, when) != 1)
        return 0;
    return (int64_t)time(NULL) + (int64_t)days * 86400 + seconds;
}

static int64_t end_of_chain(STACK_OF(X509) *chain)
{
    int64_t first = 0;

    for (int i = 0; i < sk_X509_num(chain); i++)
        first = earlier(first, seconds_of(X509_get0_notAfter(sk_X509_value(chain, i))));
    return first;
}

/* Lists that expired before cannot have been used: certificates under them did not verify. */
static int64_t end_of_lists(X509_STORE *store)
{
    int64_t now = (int64_t)time(NULL), first = 0, when;
    STACK_OF(X509_OBJECT) *objects;

    if ((X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store)) & X509_V_FLAG_CRL_CHECK) == 0 ||
        !X509_STORE_lock(store))
        return 0;
    objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        if (X509_OBJECT_get_type(object) != X509_LU_CRL)
            continue;
        when = seconds_of(X509_CRL_get0_nextUpdate(X509_OBJECT_get0_X509_CRL(object)));
        if (when > now)
            first = earlier(first, when);
    }
    X509_STORE_unlock(store);
    return first;
}

/* ---- the stamp ---- */

static void put_number(uint8_t *to, int64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_number(const uint8_t *from)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return (int64_t)value;
}

/* The stamp of a session, NULL when it has none. */
static const uint8_t *stamp_of(SSL_SESSION *session)
{
    void *data = NULL;
    size_t len = 0;

    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || data == NULL || len != STAMP ||
        memcmp(data, magic, MAGIC) != 0)
        return NULL;
    return data;
}

/* Until when the verdict of this session holds, 0 = for ever: by the verified chain, if this connection has one; a
 * resumed session has the time in its stamp. */
static int64_t deadline_of(sp_conn *conn, SSL_SESSION *session)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(conn->ssl);
    const uint8_t *stamp = stamp_of(session);
    int64_t known = stamp != NULL ? get_number(stamp + MAGIC) : 0;

    if (chain == NULL || SSL_get_verify_result(conn->ssl) != X509_V_OK)
        return known;
    return earlier(known, earlier(end_of_chain(chain), end_of_lists(sp_verify_store(conn->ssl))));
}

/* ---- servers ---- */

static int digest_of_server(sp_conn *conn, int mode, uint8_t out[DIGEST])
{
    EVP_MD_CTX *digest = begin("server");
    int ok = digest != NULL && add(digest, conn->ctx->id_context, conn->ctx->id_context_len) &&
             add_number(digest, mode) && add_number(digest, conn->psk_token != 0) &&
             add_number(digest, SSL_get_security_level(conn->ssl)) &&
             add_name(digest, conn->asked, conn->asked_len);

    if (ok && mode != SSL_VERIFY_NONE)
        ok = add_trust(digest, sp_verify_store(conn->ssl));
    return end(digest, ok, out);
}

int sp_binding_server(sp_conn *conn, SSL_SESSION *made)
{
    uint8_t id[DIGEST];
    int mode = SSL_get_verify_mode(conn->ssl);

    if (!digest_of_server(conn, mode, id) || SSL_set_session_id_context(conn->ssl, id, sizeof(id)) != 1)
        return 0;
    conn->bound_mode = mode;
    return made == NULL || SSL_SESSION_set1_id_context(made, id, sizeof(id)) == 1;
}

/* Limits the lifetime of the session, and stores the deadline in a stamp that holds nothing else: sessions made from
 * this one after a resumption need it. */
static int limit(sp_conn *conn, SSL_SESSION *session)
{
    uint8_t stamp[STAMP] = {0};
    int64_t deadline = deadline_of(conn, session), left;

    if (deadline == 0)
        return 1;
    memcpy(stamp, magic, MAGIC);
    put_number(stamp + MAGIC, deadline);
    left =
        deadline - (int64_t)time(NULL); /* the timeout counts from the start of the session, a moment ago */
    if (left < (int64_t)SSL_SESSION_get_timeout(session))
        SSL_SESSION_set_timeout(session, left > 0 ? (long)left : 0);
    return SSL_SESSION_set1_ticket_appdata(session, stamp, sizeof(stamp)) == 1;
}

/* ---- clients ---- */

static int digest_of_leaf(EVP_MD_CTX *digest, SSL_SESSION *session)
{
    X509 *leaf = SSL_SESSION_get0_peer(session);
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    return (leaf == NULL || X509_digest(leaf, EVP_sha256(), bytes, &len) == 1) && add(digest, bytes, len);
}

static const uint8_t *peer_name(const sp_conn *conn, size_t *len)
{
    *len = conn->peer_name != NULL ? conn->peer_name_len : conn->servername_len;
    return conn->peer_name != NULL ? conn->peer_name : conn->servername;
}

static int name_mark(sp_conn *conn, uint8_t out[DIGEST])
{
    EVP_MD_CTX *digest = begin("name");
    size_t len;
    const uint8_t *name = peer_name(conn, &len);

    return end(digest, digest != NULL && add_name(digest, name, len), out);
}

/* Of a session without certificate the verify result means nothing: OpenSSL leaves its initial value. */
static int64_t verdict(sp_conn *conn, SSL_SESSION *session)
{
    return SSL_SESSION_get0_peer(session) != NULL ? SSL_get_verify_result(conn->ssl) : -1;
}

static int digest_of_client(sp_conn *conn, SSL_SESSION *session, int64_t deadline, const uint8_t *mark,
                            uint8_t out[DIGEST])
{
    EVP_MD_CTX *digest = begin("client");
    int ok = digest != NULL && add(digest, conn->ctx->id_context, conn->ctx->id_context_len) &&
             add_number(digest, conn->psk_token != 0) &&
             add_number(digest, SSL_get_security_level(conn->ssl)) && add(digest, mark, NAME_MARK) &&
             add_number(digest, deadline) && add_number(digest, verdict(conn, session)) &&
             digest_of_leaf(digest, session) && add_trust(digest, sp_verify_store(conn->ssl));

    return end(digest, ok, out);
}

/* The session must be the SSL's, so that SSL_get_verify_result() is the session's. */
static int make_stamp(sp_conn *conn, SSL_SESSION *session, int64_t deadline, uint8_t out[STAMP])
{
    uint8_t mark[DIGEST];

    memcpy(out, magic, MAGIC);
    put_number(out + MAGIC, deadline);
    if (!name_mark(conn, mark))
        return 0;
    memcpy(out + MAGIC + 8, mark, NAME_MARK);
    return digest_of_client(conn, session, deadline, mark, out + MAGIC + 8 + NAME_MARK);
}

static int stamp_client(sp_conn *conn, SSL_SESSION *session)
{
    uint8_t stamp[STAMP];

    return make_stamp(conn, session, deadline_of(conn, session), stamp) &&
           SSL_SESSION_set1_ticket_appdata(session, stamp, sizeof(stamp)) == 1;
}

/* A certificate requested after the handshake was verified under another mode than the one at the hello. */
static int bind_server(sp_conn *conn, SSL_SESSION *session)
{
    if (SSL_SESSION_get0_peer(session) == NULL)
        return 1;
    if (SSL_get_verify_mode(conn->ssl) != conn->bound_mode && !sp_binding_server(conn, session))
        return 0;
    return limit(conn, session);
}

int sp_binding_made(sp_conn *conn, SSL_SESSION *session)
{
    return conn->is_server ? bind_server(conn, session) : stamp_client(conn, session);
}

/* Whether the certificate of a session without stamp verifies now; if so, the session gets a stamp. A session does
 * not contain intermediates, so this succeeds only where the trust store has them. */
static int verifies(sp_conn *conn, SSL_SESSION *session)
{
    X509 *leaf = SSL_SESSION_get0_peer(session);
    X509_STORE *store = sp_verify_store(conn->ssl);
    X509_STORE_CTX *check = leaf != NULL ? X509_STORE_CTX_new() : NULL;
    uint8_t stamp[STAMP];
    int ok = check != NULL && X509_STORE_CTX_init(check, store, leaf, NULL) == 1 &&
             X509_STORE_CTX_set_default(check, "ssl_server") == 1;

    if (ok) {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check), SSL_get_security_level(conn->ssl));
        ok =
            X509_verify_cert(check) == 1 &&
            make_stamp(conn, session,
                       earlier(end_of_chain(X509_STORE_CTX_get0_chain(check)), end_of_lists(store)), stamp) &&
            SSL_SESSION_set1_ticket_appdata(session, stamp, sizeof(stamp)) == 1;
    }
    X509_STORE_CTX_free(check);
    return ok;
}

static int same_name(const uint8_t *one, size_t one_len, const uint8_t *other, size_t other_len)
{
    if ((one == NULL) != (other == NULL) || one_len != other_len)
        return 0;
    for (size_t i = 0; i < one_len; i++)
        if (lower(one[i]) != lower(other[i]))
            return 0;
    return 1;
}

/* Whether the session, once resumed, proves nothing about the peer: no certificate that verified, and no shared key
 * in a certificate's place. */
static int proves_nothing(sp_conn *conn, SSL_SESSION *session)
{
    return SSL_SESSION_get0_peer(session) != NULL ? SSL_get_verify_result(conn->ssl) != X509_V_OK
                                                  : conn->psk_token == 0;
}

static int fits_unstamped(sp_conn *conn, SSL_SESSION *session)
{
    const char *host = SSL_SESSION_get0_hostname(session);

    if (host != NULL &&
        !same_name((const uint8_t *)host, strlen(host), conn->servername, conn->servername_len))
        return 0;
    return proves_nothing(conn, session) || verifies(conn, session);
}

int sp_binding_fits(sp_conn *conn, SSL_SESSION *session)
{
    const uint8_t *given = stamp_of(session);
    uint8_t stamp[STAMP];
    int64_t deadline;

    if (given == NULL)
        return fits_unstamped(conn, session);
    deadline = get_number(given + MAGIC);
    if (!make_stamp(conn, session, deadline, stamp) ||
        memcmp(stamp + MAGIC + 8, given + MAGIC + 8, NAME_MARK) != 0)
        return 0;
    if (proves_nothing(conn, session))
        return 1;
    return memcmp(stamp, given, STAMP) == 0 && (deadline == 0 || (int64_t)time(NULL) < deadline);
}

int sp_binding_same_name(const sp_conn *conn, const uint8_t *name, size_t len)
{
    return same_name(conn->asked, conn->asked_len, name, len);
}
