package io.github.securepair.tls;

import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.BlockList;
import io.github.securepair.tls.Option.Entry;

/**
 * Options of {@link TLS#createServer}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ServerOptions extends EndpointOptions<ServerOptions> {
    static final Option<EventLoopGroup> LOOPS =
            Option.of("loops", Option.instance(EventLoopGroup.class), Entry.SERVER);

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
    Entry entry() {
        return Entry.SERVER;
    }

    @Override
    public ServerOptions copy() {
        return new ServerOptions(this);
    }

    /** Whether the server asks the client for a certificate. */
    public ServerOptions requestCert(boolean value) {
        return with(REQUEST_CERT, value);
    }

    /** Chooses the context by server name. See {@link SNICallback}. */
    public ServerOptions SNICallback(SNICallback value) {
        return with(SNI_CALLBACK, value);
    }

    /** Chooses the ALPN protocol per connection; excludes {@code ALPNProtocols}. */
    public ServerOptions ALPNCallback(ALPNCallback value) {
        return with(ALPN_CALLBACK, value);
    }

    /** Milliseconds that a handshake may take; 120000 by default. */
    public ServerOptions handshakeTimeout(long value) {
        return with(HANDSHAKE_TIMEOUT, value);
    }

    /** Whether sockets arrive paused. */
    public ServerOptions pauseOnConnect(boolean value) {
        return with(PAUSE_ON_CONNECT, value);
    }

    /** TCP_NODELAY from the start. */
    public ServerOptions noDelay(boolean value) {
        return with(NO_DELAY, value);
    }

    /** SO_KEEPALIVE from the start. */
    public ServerOptions keepAlive(boolean value) {
        return with(KEEP_ALIVE, value);
    }

    /** Milliseconds before the first keep-alive probe. */
    public ServerOptions keepAliveInitialDelay(int value) {
        return with(KEEP_ALIVE_INITIAL_DELAY, value);
    }

    /** Hint sent to clients that negotiate a TLS 1.2 PSK suite. */
    public ServerOptions pskIdentityHint(String value) {
        return with(PSK_IDENTITY_HINT, value);
    }

    /** Addresses from which connections are closed at once, without an event. (Node 22.) */
    public ServerOptions blockList(BlockList value) {
        return with(BLOCK_LIST, value);
    }

    /** Loops over which accepted connections are spread; the server's own loop by default. */
    public ServerOptions loops(EventLoopGroup value) {
        return with(LOOPS, value);
    }
}
