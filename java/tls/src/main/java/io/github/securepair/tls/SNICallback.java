package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;

/**
 * Chooses the context of a server connection by the name that the client sent. Runs on the
 * connection's loop.
 */
@FunctionalInterface
public interface SNICallback {
    /**
     * Is called once per handshake in which the client sent a server name. The handshake waits
     * until {@code callback} is called, now or later, from any thread.
     *
     * <p>When a session may be resumed it is called only on servers that ask for certificates
     * ({@code requestCert}, or TLS 1.3 clients that can be asked later): whether the session is
     * worth anything depends on whom the context trusts. In Node it is not called then.
     */
    void select(String servername, Callback callback);

    /**
     * The same, with the connection (Node's {@code this}) for programs that need more of it. This
     * is what the library calls.
     */
    default void select(TLSSocket socket, String servername, Callback callback) {
        select(servername, callback);
    }

    /**
     * Takes the answer, once; a second call destroys the socket with {@code ERR_MULTIPLE_CALLBACK}.
     */
    @FunctionalInterface
    interface Callback {
        /**
         * Goes on with the certificate, key and chain of {@code context}, and with its trust and
         * client CA names if it was made with {@code ca}; else, and with {@code null}, the server's
         * stay. A non-null {@code error} destroys the socket and reaches the server as
         * {@code tlsClientError}.
         */
        void done(Throwable error, SecureContext context);
    }
}
