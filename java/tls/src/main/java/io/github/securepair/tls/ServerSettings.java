package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.NetServerOptions;

/**
 * What the options of a server say, read once.
 *
 * @param options a copy that nothing changes: the program may look at it, and contexts are made of
 *     it
 * @param socket for each connection
 * @param net for the server below
 */
record ServerSettings(ServerOptions options, SocketSettings socket, NetServerOptions net) {
    private static final long HANDSHAKE_TIMEOUT = 120_000;

    /** Those of a new server; null is none. */
    static ServerSettings of(ServerOptions given) {
        ServerOptions options = given == null ? new ServerOptions() : given.copy();
        if (options.has(EndpointOptions.ALPN_CALLBACK)
                && options.has(ContextOptions.ALPN_PROTOCOLS)) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS",
                    "The ALPNCallback and ALPNProtocols TLS options are mutually exclusive");
        }
        return ofCopy(options);
    }

    private static ServerSettings ofCopy(ServerOptions options) {
        return new ServerSettings(options, socket(options), net(options));
    }

    /** Those of each connection; {@link SocketSettings#acceptedBy} adds the server. */
    private static SocketSettings socket(ServerOptions options) {
        Object reject = options.read(EndpointOptions.REJECT_UNAUTHORIZED);
        boolean rejects = reject == null
                ? options.read(ContextOptions.PROFILE).serverRejectsUnauthorized()
                : !Boolean.FALSE.equals(reject);
        SocketSettings.Connection connection = SocketSettings.Connection.of(
                options, rejects, Environment.traces(), "options.pskCallback");
        long timeout = options.read(EndpointOptions.HANDSHAKE_TIMEOUT).longValue();
        SocketSettings.ServerSide side = new SocketSettings.ServerSide(
                null,
                Boolean.TRUE.equals(options.read(EndpointOptions.REQUEST_CERT)),
                timeout == 0 ? HANDSHAKE_TIMEOUT : timeout,
                options.read(EndpointOptions.PAUSE_ON_CONNECT),
                options.read(EndpointOptions.SNI_CALLBACK),
                null,
                options.read(EndpointOptions.ALPN_CALLBACK),
                options.read(EndpointOptions.PSK_IDENTITY_HINT));
        return new SocketSettings(
                true,
                null,
                null,
                SocketSettings.Stream.DEFAULTS,
                connection,
                side,
                SocketSettings.ClientSide.NONE);
    }

    private static NetServerOptions net(ServerOptions options) {
        NetServerOptions out = new NetServerOptions();
        out.loop(options.read(EndpointOptions.LOOP));
        EventLoopGroup loops = options.read(ServerOptions.LOOPS);
        if (loops != null) {
            out.loops(loops);
        }
        out.keepAliveInitialDelay(options.read(EndpointOptions.KEEP_ALIVE_INITIAL_DELAY));
        Object mark = options.read(EndpointOptions.HIGH_WATER_MARK);
        if (mark != null) {
            double value = Option.number("options.highWaterMark", mark);
            if (value >= 0 && !SocketSettings.Stream.isMark(mark) || Double.isNaN(value)) {
                // Node's server takes it, and then cannot make a socket.
                throw ArgumentException.invalidArgValue("options.highWaterMark", mark);
            }
            out.highWaterMark((int) value);
        }
        return out.blockList(options.read(EndpointOptions.BLOCK_LIST))
                .allowHalfOpen(options.read(EndpointOptions.ALLOW_HALF_OPEN))
                .pauseOnConnect(options.read(EndpointOptions.PAUSE_ON_CONNECT))
                .noDelay(options.read(EndpointOptions.NO_DELAY))
                .keepAlive(options.read(EndpointOptions.KEEP_ALIVE));
    }

    /** What Node's setOptions makes of them. */
    ServerSettings changed(Options given) {
        ServerOptions next = options.copy();
        for (Option<?> option : Option.all(Option.Entry.CONTEXT)) {
            // Here false is a value of its own.
            boolean counts = option == ContextOptions.ECDH_CURVE
                    ? given.has(option)
                    : Option.isTruthy(given.given(option));
            if (counts
                    && option != ContextOptions.PROFILE
                    && option != ContextOptions.NPN_PROTOCOLS) {
                next.put(option, given.given(option));
            }
        }
        for (Option<?> option :
                new Option<?>[] {EndpointOptions.PSK_CALLBACK, EndpointOptions.PSK_IDENTITY_HINT}) {
            if (Option.isTruthy(given.given(option))) {
                next.put(option, given.given(option));
            }
        }
        Profile profile = next.read(ContextOptions.PROFILE);
        Boolean order = given.read(ContextOptions.HONOR_CIPHER_ORDER);
        next.honorCipherOrder(order == null ? profile.honorCipherOrder() : order);
        if (Option.isFalsy(given.given(ContextOptions.SESSION_ID_CONTEXT))) {
            next.sessionIdContext(SecureContexts.defaultSessionIdContext(profile));
        }
        // These two go back to their defaults.
        next.put(
                EndpointOptions.REQUEST_CERT,
                Boolean.TRUE.equals(given.read(EndpointOptions.REQUEST_CERT)));
        next.put(
                EndpointOptions.REJECT_UNAUTHORIZED,
                given.given(EndpointOptions.REJECT_UNAUTHORIZED));
        ServerSettings changed = ofCopy(next);
        next.rejectUnauthorized(changed.socket.connection().rejectUnauthorized());
        return changed;
    }
}
