/* peer.c - what can be asked of a connection: numbers, names, bytes, exported keys. */
#include "binding.h"
#include "certificates.h"
#include "error.h"
#include "peer_chain.h"
#include "turn.h"

/* ---- numbers ---- */

/* Whether the external PSK that psk.c gave was used, and not a ticket offered beside it. The server takes the first
 * identity whose hash fits, and external ones have SHA-256 here. A client that offers keys and resumed a session
 * without a server certificate has resumed one that began with a PSK: binding.c lets it offer no other. */
static int psk_used_1_3(const sp_conn *conn)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(conn->ssl);

    if (!SSL_session_reused(conn->ssl))
        return 0;
    if (!conn->is_server)
        return SSL_get0_peer_certificate(conn->ssl) == NULL;
    return conn->psk_given && suite != NULL && EVP_MD_is_a(SSL_CIPHER_get_handshake_digest(suite), "SHA256");
}

static int psk_used(const sp_conn *conn)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(conn->ssl);

    if (suite == NULL || conn->psk_token == 0)
        return 0;
    return SSL_version(conn->ssl) >= TLS1_3_VERSION ? psk_used_1_3(conn)
                                                    : SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk;
}

static int64_t max_version(const sp_conn *conn)
{
    long version = SSL_get_max_proto_version(conn->ssl);

    return version != 0 ? version : TLS1_3_VERSION;
}

static int64_t number(sp_conn *conn, int32_t what)
{
    SSL *ssl = conn->ssl;
    const SSL_SESSION *session = SSL_get0_session(ssl);

    switch (what) {
    case SP_INT_VERSION:
        return SSL_version(ssl);
    case SP_INT_REUSED:
        return SSL_session_reused(ssl);
    case SP_INT_VERIFY_RESULT:
        return SSL_get_verify_result(ssl);
    case SP_INT_HAS_PEER_CERT:
        return SSL_get0_peer_certificate(ssl) != NULL;
    case SP_INT_SECURE:
        return conn->secure;
    case SP_INT_MAX_VERSION:
        return max_version(conn);
    case SP_INT_RENEGOTIATIONS:
        return conn->handshakes > 0 ? conn->handshakes - 1 : 0;
    case SP_INT_SECURE_RENEGOTIATION:
        return SSL_get_secure_renegotiation_support(ssl);
    case SP_INT_PSK_USED:
        return psk_used(conn);
    case SP_INT_SESSION_RESUMABLE:
        return session != NULL && SSL_SESSION_is_resumable(session);
    default:
        return -1;
    }
}

int64_t sp_conn_int(sp_conn *conn, int32_t what)
{
    int64_t value;

    if (!sp_conn_usable(conn))
        return -1;
    sp_queue_clear();
    value = number(conn, what);
    sp_queue_clear();
    return value;
}

/* ---- names ---- */

static int write_text(sp_out *out, const char *text)
{
    if (text == NULL)
        return 0;
    out_text(out, text);
    return 1;
}

static int write_bytes(sp_out *out, const void *bytes, size_t len)
{
    if (bytes == NULL || len == 0)
        return 0;
    out_bytes(out, bytes, len);
    return 1;
}

static int write_protocol_name(sp_conn *conn, int32_t what, sp_out *out)
{
    const unsigned char *name = NULL;
    unsigned int len = 0;

    if (what == SP_GET_ALPN)
        SSL_get0_alpn_selected(conn->ssl, &name, &len);
#ifndef OPENSSL_NO_NEXTPROTONEG
    else if (conn->is_server || conn->npn_overlap) /* a client's choice without overlap is no agreement */
        SSL_get0_next_proto_negotiated(conn->ssl, &name, &len);
#endif
    return write_bytes(out, name, len);
}

static int write_cipher(SSL *ssl, int32_t what, sp_out *out)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);

    if (suite == NULL)
        return 0;
    if (what == SP_GET_CIPHER_NAME)
        return write_text(out, SSL_CIPHER_get_name(suite));
    if (what == SP_GET_CIPHER_STANDARD_NAME)
        return write_text(out, SSL_CIPHER_standard_name(suite));
    return write_text(out, SSL_CIPHER_get_version(suite));
}

/* NID of the group, or its code point with TLSEXT_nid_unknown; 0 for none. 3.0 dereferences the session unchecked. */
static int group_of(SSL *ssl)
{
    int group = SSL_get0_session(ssl) != NULL ? (int)SSL_get_negotiated_group(ssl) : 0;

    return group == TLSEXT_nid_unknown ? 0 : group;
}

static int write_group(SSL *ssl, sp_out *out)
{
    int group = group_of(ssl);

    return group != 0 && write_text(out, SSL_group_to_name(ssl, group));
}

static int write_ec_key(const EVP_PKEY *key, sp_out *out)
{
    char name[80] = "";
    size_t len = 0;
    int nid = EVP_PKEY_get_id(key);

    if (nid == EVP_PKEY_EC)
        nid = EVP_PKEY_get_group_name(key, name, sizeof(name), &len) ? OBJ_txt2nid(name) : NID_undef;
    out_text(out, "ECDH ");
    out_text(out, nid != NID_undef ? OBJ_nid2sn(nid) : "-");
    return 1;
}

static int write_key(const EVP_PKEY *key, sp_out *out)
{
    char bits[16];

    switch (EVP_PKEY_get_id(key)) {
    case EVP_PKEY_DH:
    case EVP_PKEY_DHX:
        out_text(out, "DH -");
        break;
    case EVP_PKEY_EC:
    case EVP_PKEY_X25519:
    case EVP_PKEY_X448:
        write_ec_key(key, out);
        break;
    default:
        return 0;
    }
    snprintf(bits, sizeof(bits), " %d", EVP_PKEY_get_bits(key));
    out_text(out, bits);
    return 1;
}

/* With a key encapsulation the peer sends a ciphertext, not a key; the group then has a name but no NID. */
static int write_encapsulation(SSL *ssl, sp_out *out)
{
    int group = group_of(ssl);
    const char *name = (group & TLSEXT_nid_unknown) != 0 ? SSL_group_to_name(ssl, group) : NULL;

    if (name == NULL || SSL_version(ssl) < TLS1_3_VERSION)
        return 0;
    out_text(out, "KEM ");
    out_text(out, name);
    out_text(out, " -");
    return 1;
}

static int write_ephemeral(SSL *ssl, sp_out *out)
{
    EVP_PKEY *key = NULL;
    int ok;

    if (SSL_is_server(ssl))
        return 0;
    if (!SSL_get_peer_tmp_key(ssl, &key))
        return write_encapsulation(ssl, out);
    ok = write_key(key, out);
    EVP_PKEY_free(key);
    return ok;
}

/* Node's names, which are not OpenSSL's. */
static const char *signature_name(int nid)
{
    switch (nid) {
    case EVP_PKEY_RSA:
        return "RSA";
    case EVP_PKEY_RSA_PSS:
        return "RSA-PSS";
    case EVP_PKEY_DSA:
        return "DSA";
    case EVP_PKEY_EC:
        return "ECDSA";
    case NID_ED25519:
        return "Ed25519";
    case NID_ED448:
        return "Ed448";
    case NID_id_GostR3410_2001:
        return "gost2001";
    case NID_id_GostR3410_2012_256:
        return "gost2012_256";
    case NID_id_GostR3410_2012_512:
        return "gost2012_512";
    default:
        return OBJ_nid2sn(nid) != NULL ? OBJ_nid2sn(nid) : "UNDEF";
    }
}

static int write_shared_sigalgs(SSL *ssl, sp_out *out)
{
    int count = SSL_get_shared_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL);

    for (int i = 0; i < count; i++) {
        int sign = NID_undef, hash = NID_undef;
        SSL_get_shared_sigalgs(ssl, i, &sign, &hash, NULL, NULL, NULL);
        if (i > 0)
            out_text(out, ":");
        out_text(out, signature_name(sign));
        out_text(out, "+");
        out_text(out, OBJ_nid2sn(hash) != NULL ? OBJ_nid2sn(hash) : "UNDEF");
    }
    return count > 0;
}

/* ---- session and handshake bytes ---- */

/* Before the handshake is done nothing was verified: a session taken then gets no stamp. */
static int write_session(sp_conn *conn, sp_out *out)
{
    SSL_SESSION *session = SSL_get_session(conn->ssl);
    uint8_t *der = NULL;
    int bound = session != NULL && (!conn->secure || sp_binding_made(conn, session));
    int len = bound ? i2d_SSL_SESSION(session, &der) : 0;
    int ok = len > 0 && write_bytes(out, der, (size_t)len);

    if (len > 0)
        OPENSSL_clear_free(der, (size_t)len);
    return ok;
}

static int write_ticket(SSL *ssl, sp_out *out)
{
    const SSL_SESSION *session = SSL_get0_session(ssl);
    const unsigned char *ticket = NULL;
    size_t len = 0;

    if (session != NULL)
        SSL_SESSION_get0_ticket(session, &ticket, &len);
    return write_bytes(out, ticket, len);
}

static int write_session_id(SSL *ssl, sp_out *out)
{
    const SSL_SESSION *session = SSL_get0_session(ssl);
    unsigned int len = 0;
    const unsigned char *id = session != NULL ? SSL_SESSION_get_id(session, &len) : NULL;

    return write_bytes(out, id, len);
}

static int write_finished(SSL *ssl, int32_t what, sp_out *out)
{
    uint8_t bytes[EVP_MAX_MD_SIZE];
    size_t len = what == SP_GET_FINISHED ? SSL_get_finished(ssl, bytes, sizeof(bytes))
                                         : SSL_get_peer_finished(ssl, bytes, sizeof(bytes));

    return write_bytes(out, bytes, len);
}

/* Before the handshake both are zeros, which counts as no value. */
static int write_random(sp_conn *conn, int32_t what, sp_out *out)
{
    uint8_t bytes[SSL3_RANDOM_SIZE];
    size_t len = what == SP_GET_CLIENT_RANDOM ? SSL_get_client_random(conn->ssl, bytes, sizeof(bytes))
                                              : SSL_get_server_random(conn->ssl, bytes, sizeof(bytes));
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any != 0 && write_bytes(out, bytes, len);
}

static int write_master_key(SSL *ssl, sp_out *out)
{
    const SSL_SESSION *session = SSL_get0_session(ssl);
    uint8_t key[SSL_MAX_MASTER_KEY_LENGTH];
    size_t len = session != NULL ? SSL_SESSION_get_master_key(session, key, sizeof(key)) : 0;
    int ok = write_bytes(out, key, len);

    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

static int write_ocsp_response(SSL *ssl, sp_out *out)
{
    const unsigned char *der = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &der);

    return len > 0 && write_bytes(out, der, (size_t)len);
}

/* ---- the getter ---- */

static int write_leaf(const X509 *cert, sp_out *out)
{
    return cert != NULL && sp_certificate_write(cert, out);
}

static int write_value(sp_conn *conn, int32_t what, sp_out *out)
{
    SSL *ssl = conn->ssl;

    switch (what) {
    case SP_GET_SERVERNAME: /* after a resumption in TLS 1.2, OpenSSL's getter returns only the session's */
        if (conn->named)
            return write_bytes(out, conn->asked, conn->asked_len);
        return write_text(out, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    case SP_GET_ALPN:
    case SP_GET_NPN:
        return write_protocol_name(conn, what, out);
    case SP_GET_CIPHER_NAME:
    case SP_GET_CIPHER_STANDARD_NAME:
    case SP_GET_CIPHER_VERSION:
        return write_cipher(ssl, what, out);
    case SP_GET_PROTOCOL:
        return write_text(out, SSL_get_version(ssl));
    case SP_GET_SESSION:
        return write_session(conn, out);
    case SP_GET_TICKET:
        return write_ticket(ssl, out);
    case SP_GET_SESSION_ID:
        return write_session_id(ssl, out);
    case SP_GET_OWN_CERTIFICATE:
        return write_leaf(SSL_get_certificate(ssl), out);
    case SP_GET_PEER_CERTIFICATE:
        return write_leaf(SSL_get0_peer_certificate(ssl), out);
    case SP_GET_PEER_CHAIN:
        return sp_peer_chain_write(ssl, out);
    case SP_GET_PEER_CHAIN_COMPLETED:
        return sp_completed_chain_write(ssl, out);
    case SP_GET_FINISHED:
    case SP_GET_PEER_FINISHED:
        return write_finished(ssl, what, out);
    case SP_GET_EPHEMERAL:
        return write_ephemeral(ssl, out);
    case SP_GET_SHARED_SIGALGS:
        return write_shared_sigalgs(ssl, out);
    case SP_GET_GROUP:
        return write_group(ssl, out);
    case SP_GET_CLIENT_RANDOM:
    case SP_GET_SERVER_RANDOM:
        return write_random(conn, what, out);
    case SP_GET_MASTER_KEY:
        return write_master_key(ssl, out);
    case SP_GET_OCSP_RESPONSE:
        return write_ocsp_response(ssl, out);
    case SP_GET_OWN_CHAIN:
        return sp_own_chain_write(ssl, out);
    case SP_GET_PEER_CLIENT_CAS:
        return sp_client_cas_write(ssl, out);
    default:
        return 0;
    }
}

int64_t sp_conn_get(sp_conn *conn, int32_t what, uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);
    int ok;

    if (!sp_conn_usable(conn))
        return -1;
    sp_queue_clear();
    ok = write_value(conn, what, &out);
    sp_queue_clear();
    return ok ? (int64_t)out.len : -1;
}

int32_t sp_conn_export(sp_conn *conn, uint8_t *out, size_t len, const char *label, size_t label_len,
                       const uint8_t *context, size_t context_len, sp_report *report)
{
    sp_enter(report);
    if (!sp_conn_usable(conn) || !conn->secure || out == NULL || label == NULL || len == 0)
        return SP_MISUSE;
    if (conn->failed)
        return sp_failure_again(conn, report);
    return sp_leave(report, SSL_export_keying_material(conn->ssl, out, len, label, label_len, context,
                                                       context_len, context != NULL) == 1);
}
