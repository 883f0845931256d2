package io.github.securepair.tls;

/**
 * Gives pre-shared keys. Runs in the middle of the handshake, on the connection's loop; must not
 * touch the connection.
 */
@FunctionalInterface
public interface PSKCallback {
    /**
     * Returns the key to use.
     *
     * @param socket the connection that asks
     * @param name on servers the identity that the client sent; on clients the server's hint, or
     *     {@code null}
     * @return the key, with the identity to send on clients; {@code null} for none
     */
    Psk get(TLSSocket socket, String name);

    /**
     * A pre-shared key.
     *
     * @param psk the key
     * @param identity the identity that names it; clients only, else {@code null}
     */
    record Psk(byte[] psk, String identity) {}
}
