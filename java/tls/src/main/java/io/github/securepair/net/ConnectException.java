package io.github.securepair.net;

import io.github.securepair.errors.SystemException;

/** A connection attempt failed: {@code connect ECONNREFUSED 127.0.0.1:1}. */
public final class ConnectException extends SystemException {
    private static final long serialVersionUID = 1L;

    private final String localAddress;
    private final int localPort;

    /**
     * Makes an error.
     *
     * @param port of the peer; 0 or less for none
     * @param local what to say of the local end in the message, or null
     */
    ConnectException(
            String code,
            String syscall,
            String address,
            int port,
            String local,
            String localAddress,
            int localPort) {
        super(
                code,
                syscall + " " + code + " " + address + (port > 0 ? ":" + port : "")
                        + (local == null ? "" : " - Local (" + local + ")"),
                errnoOf(code),
                syscall,
                address,
                port > 0 ? port : -1,
                null);
        this.localAddress = localAddress;
        this.localPort = localPort;
    }

    /** Returns the address asked for with localAddress and localPort, or null unless both were. */
    public String localAddress() {
        return localAddress;
    }

    /** Returns the port asked for with localAddress and localPort, or -1 unless both were. */
    public int localPort() {
        return localPort;
    }
}
