package io.github.securepair.tls;

import java.util.List;

/**
 * Chooses the ALPN protocol of a server connection. Runs on the connection's loop; not called when
 * the client offers none.
 */
@FunctionalInterface
public interface ALPNCallback {
    /**
     * Returns one of {@code hello.protocols()}, or {@code null} to refuse the handshake with the
     * alert {@code no_application_protocol}. Any other value, or a throw, destroys the socket.
     */
    String select(Hello hello);

    /**
     * What the client said.
     *
     * @param servername the server name sent, or {@code null}
     * @param protocols the protocols offered, in the client's order
     * @param socket the connection (Node's {@code this}); its certificate can be changed with
     *     {@link TLSSocket#setKeyCert}
     */
    record Hello(String servername, List<String> protocols, TLSSocket socket) {}
}
