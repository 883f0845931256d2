package io.github.securepair.tls;

/**
 * Gives pre-shared keys: Node's {@code pskCallback}, in TLS 1.2 with PSK suites in {@code ciphers},
 * and in TLS 1.3.
 *
 * <p>Runs in the middle of the handshake, on the connection's loop, inside OpenSSL. The connection
 * cannot be used meanwhile: its getters of the TLS state throw {@link IllegalStateException};
 * writing, ending and destroying the socket take effect when the callback is over. Other sockets
 * may be used.
 *
 * <p>What it throws destroys the socket and is its {@code error} ({@code tlsClientError} of a
 * server); so is {@code ERR_INVALID_ARG_TYPE} or {@code ERR_INVALID_ARG_VALUE} of an answer that
 * cannot be used. The peer sees the connection close.
 */
@FunctionalInterface
public interface PSKCallback {
    /**
     * Returns the key to use.
     *
     * @param socket the connection that asks
     * @param name on servers the identity that the client sent; on clients the server's hint, or
     *     {@code null} for none. A client that may speak TLS 1.3 is asked with {@code null} first,
     *     and again with the hint when TLS 1.2 comes of it
     * @return the key, with the identity to send on clients; {@code null} for none: the handshake
     *     goes on with certificates, or fails
     */
    Psk get(TLSSocket socket, String name);

    /**
     * A pre-shared key.
     *
     * @param psk the key, at most 512 bytes; an empty one is none
     * @param identity the identity that names it, at most 256 bytes of UTF-8; clients only, else
     *     {@code null}
     */
    record Psk(byte[] psk, String identity) {
        /** A key for servers. */
        public Psk(byte[] psk) {
            this(psk, null);
        }

        /** Says nothing about the key. */
        @Override
        public String toString() {
            return "Psk[identity=" + identity + ']';
        }
    }
}
