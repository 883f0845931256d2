package io.github.securepair.tls;

import io.github.securepair.errors.SystemException;

/**
 * The server ended the connection before the handshake was done: {@code ECONNRESET}, with what was
 * asked to connect to.
 */
public final class DisconnectedException extends SystemException {
    private static final long serialVersionUID = 1L;

    private final String host;
    private final String localAddress;

    DisconnectedException(String host, Object port, String path, String localAddress) {
        super(
                "ECONNRESET",
                "Client network socket disconnected before secure TLS connection was established",
                0,
                null,
                null,
                port instanceof Number number ? number.intValue() : -1,
                path);
        this.host = host;
        this.localAddress = localAddress;
    }

    /** The option {@code host}, or null. */
    public String host() {
        return host;
    }

    /** The option {@code localAddress}, or null. */
    public String localAddress() {
        return localAddress;
    }
}
