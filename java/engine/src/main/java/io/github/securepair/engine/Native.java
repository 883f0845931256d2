package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

import java.nio.ByteBuffer;

/**
 * The only class that names the generated one. Plain addresses and numbers in, numbers out, one
 * method for each function of sp.h; what they mean is written there.
 */
final class Native {
    static final int OK = 1;
    static final int ERROR = 0;
    static final int IGNORED = -1;
    static final int MISUSE = -2;

    static final int FAILED = 5;

    static final int PFX_OK = 1;
    static final int PFX_NO_KEY = -10;
    static final int PFX_NO_CERT = -11;
    static final int PFX_UNSUPPORTED = -12;

    private Native() {}

    // ---- library ----

    static int libraryInit(long report) {
        return Glue.sp_library_init(report);
    }

    static long libraryVersion() {
        return Glue.sp_library_version();
    }

    static long libraryHeaderVersion() {
        return Glue.sp_library_header_version();
    }

    static long libraryText(int what, long out, long cap) {
        return Glue.sp_library_text(what, out, cap);
    }

    static int libraryFeature(int feature) {
        return Glue.sp_library_feature(feature);
    }

    static int libraryLoadLegacy(long report) {
        return Glue.sp_library_load_legacy(report);
    }

    static int libraryLoadProvider(long name, long report) {
        return Glue.sp_library_load_provider(name, report);
    }

    static int libraryHasProvider(long name) {
        return Glue.sp_library_has_provider(name);
    }

    static long libraryLive(int kind) {
        return Glue.sp_library_live(kind);
    }

    static long libraryCiphers(long out, long cap) {
        return Glue.sp_library_ciphers(out, cap);
    }

    static int rootsSet(long items, long length, long report) {
        return Glue.sp_roots_set(items, length, report);
    }

    /**
     * Address of a direct buffer's first byte, whatever its position. JavaCPP adds the position; a
     * duplicate, whose position nobody else can move meanwhile, has none.
     */
    static long addressOf(ByteBuffer direct) {
        return Glue.address(direct.duplicate().clear());
    }

    // ---- contexts ----

    static long ctxNew(int role, long report) {
        return Glue.sp_ctx_new(role, report);
    }

    static void ctxFree(long ctx) {
        Glue.sp_ctx_free(ctx);
    }

    static int ctxSetVersions(long ctx, int min, int max, long report) {
        return Glue.sp_ctx_set_versions(ctx, min, max, report);
    }

    static long ctxSetOptions(long ctx, long set, long clear) {
        return Glue.sp_ctx_set_options(ctx, set, clear);
    }

    static int ctxSetSecurityLevel(long ctx, int level) {
        return Glue.sp_ctx_set_security_level(ctx, level);
    }

    static int ctxSetCipherList(long ctx, long list, long report) {
        return Glue.sp_ctx_set_cipher_list(ctx, list, report);
    }

    static int ctxSetCipherSuites(long ctx, long list, long report) {
        return Glue.sp_ctx_set_ciphersuites(ctx, list, report);
    }

    static int ctxSetGroups(long ctx, long list, long report) {
        return Glue.sp_ctx_set_groups(ctx, list, report);
    }

    static int ctxSetSigalgs(long ctx, long list, long report) {
        return Glue.sp_ctx_set_sigalgs(ctx, list, report);
    }

    static int ctxSetPskIdentityHint(long ctx, long hint, long report) {
        return Glue.sp_ctx_set_psk_identity_hint(ctx, hint, report);
    }

    static int ctxSetDh(long ctx, long pem, long length, int minBits, long report) {
        return Glue.sp_ctx_set_dh(ctx, pem, length, minBits, report);
    }

    static int ctxSetDhAuto(long ctx, int on) {
        return Glue.sp_ctx_set_dh_auto(ctx, on);
    }

    static int ctxSetSessionIdContext(long ctx, long id, long length, long report) {
        return Glue.sp_ctx_set_session_id_context(ctx, id, length, report);
    }

    static int ctxSetSessionTimeout(long ctx, long seconds) {
        return Glue.sp_ctx_set_session_timeout(ctx, seconds);
    }

    static int ctxSetNumTickets(long ctx, int count, long report) {
        return Glue.sp_ctx_set_num_tickets(ctx, count, report);
    }

    static int ctxEnableNpn(long ctx) {
        return Glue.sp_ctx_enable_npn(ctx);
    }

    static int ctxUseStore(
            long ctx,
            int wanted,
            long uri,
            long properties,
            long pass,
            long passLength,
            long report) {
        return Glue.sp_ctx_use_store(ctx, wanted, uri, properties, pass, passLength, report);
    }

    static int ctxUseKey(long ctx, long pem, long length, long pass, long passLength, long report) {
        return Glue.sp_ctx_use_key(ctx, pem, length, pass, passLength, report);
    }

    static int ctxUseCertificate(long ctx, long pem, long length, long report) {
        return Glue.sp_ctx_use_certificate(ctx, pem, length, report);
    }

    static int ctxUsePfx(long ctx, long der, long length, long pass, long passLength, long report) {
        return Glue.sp_ctx_use_pfx(ctx, der, length, pass, passLength, report);
    }

    static int ctxUseRoots(long ctx, long report) {
        return Glue.sp_ctx_use_roots(ctx, report);
    }

    static int ctxAddCa(long ctx, long pem, long length, int nameAsClientCa, long report) {
        return Glue.sp_ctx_add_ca(ctx, pem, length, nameAsClientCa, report);
    }

    static int ctxAddCaDer(long ctx, long der, long length, int nameAsClientCa, long report) {
        return Glue.sp_ctx_add_ca_der(ctx, der, length, nameAsClientCa, report);
    }

    static int ctxAddCrl(long ctx, long pem, long length, long report) {
        return Glue.sp_ctx_add_crl(ctx, pem, length, report);
    }

    static int ctxSetPartialChain(long ctx, int on) {
        return Glue.sp_ctx_set_partial_chain(ctx, on);
    }

    static int ctxSetTicketKeys(long ctx, long keys) {
        return Glue.sp_ctx_set_ticket_keys(ctx, keys);
    }

    static int ctxGetTicketKeys(long ctx, long out) {
        return Glue.sp_ctx_get_ticket_keys(ctx, out);
    }

    static long ctxGet(long ctx, int what, long out, long cap) {
        return Glue.sp_ctx_get(ctx, what, out, cap);
    }

    // ---- connections ----

    static long connNew(long ctx, int isServer, long report) {
        return Glue.sp_conn_new(ctx, isServer, report);
    }

    static void connFree(long conn) {
        Glue.sp_conn_free(conn);
    }

    static int connSetServername(long conn, long name, long report) {
        return Glue.sp_conn_set_servername(conn, name, report);
    }

    static int connSetSession(long conn, long der, long length) {
        return Glue.sp_conn_set_session(conn, der, length);
    }

    static int connSetPeerName(long conn, long name, long length) {
        return Glue.sp_conn_set_peer_name(conn, name, length);
    }

    static int connDropSession(long conn) {
        return Glue.sp_conn_drop_session(conn);
    }

    static int connSetAlpn(long conn, long wire, long length) {
        return Glue.sp_conn_set_alpn(conn, wire, length);
    }

    static int connSetNpn(long conn, long wire, long length) {
        return Glue.sp_conn_set_npn(conn, wire, length);
    }

    static int connRequestOcsp(long conn) {
        return Glue.sp_conn_request_ocsp(conn);
    }

    static int connOfferPostHandshakeAuth(long conn) {
        return Glue.sp_conn_offer_post_handshake_auth(conn);
    }

    static int connSetVerify(long conn, int mode) {
        return Glue.sp_conn_set_verify(conn, mode);
    }

    static int connSetMaxFragment(long conn, int size) {
        return Glue.sp_conn_set_max_fragment(conn, size);
    }

    static long connSetOptions(long conn, long set, long clear) {
        return Glue.sp_conn_set_options(conn, set, clear);
    }

    static int connSetEvents(long conn, int mask) {
        return Glue.sp_conn_set_events(conn, mask);
    }

    static long connRead(
            long conn,
            long in,
            long inLength,
            long plain,
            long plainCap,
            long out,
            long outCap,
            long turn) {
        return Glue.sp_conn_read_brief(conn, in, inLength, plain, plainCap, out, outCap, turn);
    }

    static long connWrite(long conn, long plain, long length, long out, long outCap, long turn) {
        return Glue.sp_conn_write_brief(conn, plain, length, out, outCap, turn);
    }

    static int connDrain(long conn, long out, long outCap, long turn) {
        return Glue.sp_conn_drain(conn, out, outCap, turn);
    }

    static int connShutdown(long conn, long out, long outCap, long turn) {
        return Glue.sp_conn_shutdown(conn, out, outCap, turn);
    }

    static int connIdle(long conn) {
        return Glue.sp_conn_idle(conn);
    }

    static long connTakeEvents(long conn, long out, long cap) {
        return Glue.sp_conn_take_events(conn, out, cap);
    }

    static int connOfferSession(long conn, long der, long length) {
        return Glue.sp_conn_offer_session(conn, der, length);
    }

    static int connSelectAlpn(long conn, long protocol, long length) {
        return Glue.sp_conn_select_alpn(conn, protocol, length);
    }

    static int connUseIdentity(long conn, long ctx, long report) {
        return Glue.sp_conn_use_identity(conn, ctx, report);
    }

    static int connUseCertificates(long conn, long ctx, long report) {
        return Glue.sp_conn_use_certificates(conn, ctx, report);
    }

    static int connSetOcspResponse(long conn, long der, long length) {
        return Glue.sp_conn_set_ocsp_response(conn, der, length);
    }

    static int connAnswer(long conn, int sequence, int alert) {
        return Glue.sp_conn_answer(conn, sequence, alert);
    }

    static int connRenegotiate(long conn, int abbreviated, long report) {
        return Glue.sp_conn_renegotiate(conn, abbreviated, report);
    }

    static int connRequestClientCertificate(long conn, long report) {
        return Glue.sp_conn_request_client_certificate(conn, report);
    }

    static int connKeyUpdate(long conn, int requestPeer, long report) {
        return Glue.sp_conn_key_update(conn, requestPeer, report);
    }

    static long connInt(long conn, int what) {
        return Glue.sp_conn_int(conn, what);
    }

    static long connGet(long conn, int what, long out, long cap) {
        return Glue.sp_conn_get(conn, what, out, cap);
    }

    static int connExport(
            long conn,
            long out,
            long length,
            long label,
            long labelLength,
            long context,
            long contextLength,
            long report) {
        return Glue.sp_conn_export(
                conn, out, length, label, labelLength, context, contextLength, report);
    }

    // ---- pre-shared keys ----

    /** Once, before the first connection that has keys. */
    static void installUpcall() {
        Glue.setPSKHandler(PSKUpcall::answer);
    }

    static int connSetPsk(long conn, long token) {
        return Glue.sp_conn_set_psk(conn, token);
    }

    static int connSetPskIdentityHint(long conn, long hint, long report) {
        return Glue.sp_conn_set_psk_identity_hint(conn, hint, report);
    }

    /** memcpy; both addresses must be good for the length. */
    static void copy(long to, long from, int length) {
        Glue.sp_copy(to, from, length);
    }

    // ---- certificates ----

    static long x509Describe(long der, long length, long out, long cap) {
        return Glue.sp_x509_describe(der, length, out, cap);
    }

    static long x509ErrorText(long code, long out, long cap) {
        return Glue.sp_x509_error_text(code, out, cap);
    }

    static long x509ErrorName(long code, long out, long cap) {
        return Glue.sp_x509_error_name(code, out, cap);
    }
}
