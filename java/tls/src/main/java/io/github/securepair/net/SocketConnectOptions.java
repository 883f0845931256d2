package io.github.securepair.net;

/**
 * The options of {@code Net.connect(options)} and {@code socket.connect(options)}. Setters have
 * Node's names.
 */
public class SocketConnectOptions extends BaseSocketOptions<SocketConnectOptions> {
    Object port;
    String host;
    String localAddress;
    int localPort;
    Object family;
    int hints;
    Lookup lookup;
    String path;
    double timeout;
    Boolean autoSelectFamily;
    Integer autoSelectFamilyAttemptTimeout;

    /** Makes options with Node's defaults. */
    public SocketConnectOptions() {}

    /** Copies options. */
    protected SocketConnectOptions(SocketConnectOptions other) {
        super(other);
        port = other.port;
        host = other.host;
        localAddress = other.localAddress;
        localPort = other.localPort;
        family = other.family;
        hints = other.hints;
        lookup = other.lookup;
        path = other.path;
        timeout = other.timeout;
        autoSelectFamily = other.autoSelectFamily;
        autoSelectFamilyAttemptTimeout = other.autoSelectFamilyAttemptTimeout;
    }

    @Override
    public SocketConnectOptions copy() {
        return new SocketConnectOptions(this);
    }

    /** The port to connect to; checked by connect. */
    public SocketConnectOptions port(int value) {
        port = value;
        return this;
    }

    /** The port to connect to, in digits; checked by connect. */
    public SocketConnectOptions port(String value) {
        port = value;
        return this;
    }

    /** The name or address to connect to; default {@code "localhost"}. */
    public SocketConnectOptions host(String value) {
        host = value;
        return this;
    }

    /** The address to connect from. */
    public SocketConnectOptions localAddress(String value) {
        localAddress = value;
        return this;
    }

    /** The port to connect from. */
    public SocketConnectOptions localPort(int value) {
        localPort = value;
        return this;
    }

    /** 4 or 6 to use only such addresses of a name; default 0, any. Checked by connect. */
    public SocketConnectOptions family(int value) {
        family = value;
        return this;
    }

    /**
     * {@code "IPv4"} or {@code "IPv6"} to use only such addresses of a name. Checked by connect.
     */
    public SocketConnectOptions family(String value) {
        family = value;
        return this;
    }

    /**
     * Bits of {@link Lookup#ADDRCONFIG}, {@link Lookup#V4MAPPED} and {@link Lookup#ALL} for the
     * look-up; 0, the default, means {@code ADDRCONFIG} when any family will do. Checked by
     * connect.
     */
    public SocketConnectOptions hints(int value) {
        hints = value;
        return this;
    }

    /** Finds the addresses of a name; by default the system does. */
    public SocketConnectOptions lookup(Lookup value) {
        lookup = value;
        return this;
    }

    /** The unix socket to connect to; takes precedence over port and host. */
    public SocketConnectOptions path(String value) {
        path = value;
        return this;
    }

    /**
     * Does {@code socket.setTimeout} with these milliseconds before connecting ({@code Net.connect}
     * only).
     */
    public SocketConnectOptions timeout(double value) {
        timeout = value;
        return this;
    }

    /**
     * Whether several addresses of a name are tried in turn; default
     * {@link Net#getDefaultAutoSelectFamily}.
     */
    public SocketConnectOptions autoSelectFamily(boolean value) {
        autoSelectFamily = value;
        return this;
    }

    /** Milliseconds before the next address is tried; at least 10, default 250. */
    public SocketConnectOptions autoSelectFamilyAttemptTimeout(int value) {
        autoSelectFamilyAttemptTimeout = value;
        return this;
    }
}
