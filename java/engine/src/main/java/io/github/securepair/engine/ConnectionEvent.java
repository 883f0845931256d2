package io.github.securepair.engine;

import java.util.List;

/**
 * Something that happened inside a connection, in place of an OpenSSL callback. Every event has the
 * offset, in the plaintext that the same {@link TLSConnection#read} produced, at which it happened:
 * what lies before it came first.
 *
 * <p>Three are questions, and pause the handshake until {@link TLSConnection#answer} or
 * {@link TLSConnection#refuse} is called with their sequence number.
 */
public sealed interface ConnectionEvent {
    /** Bytes of the plaintext of the same read that precede this event. */
    int offset();

    /** A question: the handshake stands still until it is answered. */
    sealed interface Question extends ConnectionEvent {
        /** Names the question in the answer; each is answered once. */
        int sequence();
    }

    /** A handshake begins: the first one, or a renegotiation ({@code SSL_CB_HANDSHAKE_START}). */
    record HandshakeStart(int offset) implements ConnectionEvent {}

    /** A handshake ended well ({@code SSL_CB_HANDSHAKE_DONE}). */
    record HandshakeDone(int offset) implements ConnectionEvent {}

    /** An extension of a ClientHello, as on the wire. */
    record Extension(int type, byte[] data) {}

    /**
     * Server: a ClientHello came and nothing was decided yet. Offer a session, select ALPN, switch
     * the certificate, then answer.
     *
     * @param sessionId the legacy session id; a TLS 1.3 client fills it with random bytes
     * @param servername the name asked for, or null
     * @param alpnProtocols the offered names, each byte as one char; null when the client does not
     *     use ALPN
     * @param hasTicket a session ticket was sent along
     * @param requestsOCSP the client wants a stapled OCSP response
     * @param tls13 the client speaks TLS 1.3
     * @param npn the client speaks NPN
     * @param renegotiation this is not the first handshake of the connection
     * @param legacyVersion the version field of the hello
     * @param random the 32 bytes of client random
     * @param cipherSuites the suite numbers in the client's order
     * @param extensions all extensions in their order
     * @param pskIdentities identities of the pre_shared_key extension: tickets, or stateful session
     *     ids
     */
    record ClientHello(
            int offset,
            int sequence,
            byte[] sessionId,
            String servername,
            List<String> alpnProtocols,
            boolean hasTicket,
            boolean requestsOCSP,
            boolean tls13,
            boolean npn,
            boolean renegotiation,
            int legacyVersion,
            byte[] random,
            int[] cipherSuites,
            List<Extension> extensions,
            List<byte[]> pskIdentities)
            implements Question {}

    /** Server: the certificate is about to be chosen (not when a session is resumed). */
    record CertificateRequest(
            int offset,
            int sequence,
            String servername,
            boolean requestsOCSP,
            boolean renegotiation)
            implements Question {}

    /** Server: the client wants to renegotiate; nothing costly was done yet. */
    record RenegotiationRequest(int offset, int sequence) implements Question {}

    /**
     * A session can be resumed from now on.
     *
     * @param id what a client will offer; in TLS 1.3 with tickets it means nothing
     * @param der the session ({@code i2d_SSL_SESSION}): secret
     */
    record NewSession(int offset, byte[] id, byte[] der) implements ConnectionEvent {}

    /** One line of an NSS key log: secret. */
    record KeyLog(int offset, String line) implements ConnectionEvent {
        /** Without the line, so that a log of events is no key log. */
        @Override
        public String toString() {
            return "KeyLog[offset=" + offset + "]";
        }
    }

    /**
     * Server: the answer to {@link TLSConnection#requestClientCertificate} came, with a certificate
     * or without; {@link TLSConnection#hasPeerCertificate} and {@link TLSConnection#verifyResult}
     * tell.
     */
    record ClientCertificate(int offset) implements ConnectionEvent {}

    /**
     * Client that asked: the stapled response, or null when the server sent none. It has not been
     * verified.
     */
    record OCSPResponse(int offset, byte[] response) implements ConnectionEvent {}

    /**
     * An alert passed.
     *
     * @param level 1 warning, 2 fatal
     * @param description 0 close_notify, 40 handshake_failure, ...
     */
    record AlertEvent(int offset, boolean sent, int level, int description)
            implements ConnectionEvent {}

    /**
     * Text of {@code SSL_trace}.
     *
     * @param dropped bytes lost before it, because no events were taken
     */
    record Trace(int offset, String text, int dropped) implements ConnectionEvent {}

    /**
     * The provider of {@link TLSConnection#setPSK} threw, and the handshake goes on without a key.
     *
     * @param thrown what it threw
     */
    record PSKFailed(int offset, Throwable thrown) implements ConnectionEvent {}

    /**
     * A raw protocol message or record header ({@code SSL_CTX_set_msg_callback}).
     *
     * @param loss messages before it were lost, because no events were taken
     */
    record Message(
            int offset, boolean sent, int version, int contentType, byte[] bytes, boolean loss)
            implements ConnectionEvent {}
}
