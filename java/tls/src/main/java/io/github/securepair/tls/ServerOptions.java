package io.github.securepair.tls;

import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.BlockList;

/**
 * Options of {@link TLS#createServer}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ServerOptions extends EndpointOptions<ServerOptions> {
    /** Makes empty options: every default applies. */
    public ServerOptions() {}

    /**
     * Copies every option of {@code other}, whatever its class: options that do not apply are
     * ignored on use.
     */
    public ServerOptions(Options other) {
        putAll(other);
    }

    @Override
    public ServerOptions copy() {
        return new ServerOptions(this);
    }

    /** Whether the server asks the client for a certificate. */
    public ServerOptions requestCert(boolean value) {
        put("requestCert", value);
        return this;
    }

    /** Chooses the context by server name. See {@link SNICallback}. */
    public ServerOptions SNICallback(SNICallback value) {
        put("SNICallback", value);
        return this;
    }

    /** Chooses the ALPN protocol per connection; excludes {@code ALPNProtocols}. */
    public ServerOptions ALPNCallback(ALPNCallback value) {
        put("ALPNCallback", value);
        return this;
    }

    /** Milliseconds that a handshake may take; 120000 by default. */
    public ServerOptions handshakeTimeout(long value) {
        put("handshakeTimeout", value);
        return this;
    }

    /** Whether sockets arrive paused. */
    public ServerOptions pauseOnConnect(boolean value) {
        put("pauseOnConnect", value);
        return this;
    }

    /** TCP_NODELAY from the start. */
    public ServerOptions noDelay(boolean value) {
        put("noDelay", value);
        return this;
    }

    /** SO_KEEPALIVE from the start. */
    public ServerOptions keepAlive(boolean value) {
        put("keepAlive", value);
        return this;
    }

    /** Milliseconds before the first keep-alive probe. */
    public ServerOptions keepAliveInitialDelay(int value) {
        put("keepAliveInitialDelay", value);
        return this;
    }

    /** Hint sent to clients that negotiate a TLS 1.2 PSK suite. */
    public ServerOptions pskIdentityHint(String value) {
        put("pskIdentityHint", value);
        return this;
    }

    /** Addresses from which connections are closed at once, without an event. (Node 22.) */
    public ServerOptions blockList(BlockList value) {
        put("blockList", value);
        return this;
    }

    /** Loops over which accepted connections are spread; the server's own loop by default. */
    public ServerOptions loops(EventLoopGroup value) {
        put("loops", value);
        return this;
    }
}
