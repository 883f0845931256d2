package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.net.SocketOptions;
import io.github.securepair.stream.Duplex;

/**
 * What the options of a socket say, read once: those of {@code connect}, which
 * {@link ClientSettings} reads, those of a server for each of its connections, by
 * {@link ServerSettings}, or those of a socket made by hand.
 *
 * @param context given by the program, which keeps it; else null
 * @param contextOptions the options that the socket makes its own context of; null when it is made
 *     elsewhere
 */
record SocketSettings(
        boolean isServer,
        SecureContext context,
        Options contextOptions,
        Stream stream,
        Connection connection,
        ServerSide serverSide,
        ClientSide clientSide) {

    /**
     * What the options say about the stream that the socket is.
     *
     * @param highWaterMark null for the default
     */
    record Stream(
            EventLoop loop,
            boolean allowHalfOpen,
            Integer highWaterMark,
            Onread onread,
            AbortSignal signal) {
        static final Stream DEFAULTS = new Stream(null, false, null, null, null);

        /** Reads it. */
        static Stream of(Options options) {
            EventLoop loop = options.read(EndpointOptions.LOOP);
            boolean allowHalfOpen = options.read(EndpointOptions.ALLOW_HALF_OPEN);
            Object mark = options.read(EndpointOptions.HIGH_WATER_MARK);
            if (mark != null && !isMark(mark)) {
                throw ArgumentException.invalidArgValue("options.readableHighWaterMark", mark);
            }
            return new Stream(
                    loop,
                    allowHalfOpen,
                    mark == null ? null : ((Number) mark).intValue(),
                    options.read(EndpointOptions.ONREAD),
                    options.read(EndpointOptions.SIGNAL));
        }

        static boolean isMark(Object value) {
            return value instanceof Number number
                    && number.doubleValue() == Math.rint(number.doubleValue())
                    && number.doubleValue() >= 0
                    && number.doubleValue() <= Integer.MAX_VALUE;
        }

        /** For net: what is below, if there is anything, decides about the loop and the end. */
        SocketOptions over(Duplex below) {
            SocketOptions out = new SocketOptions().signal(signal);
            if (below != null) {
                out.loop(below.loop()).allowHalfOpen(below.allowHalfOpen());
            } else {
                out.loop(loop).allowHalfOpen(allowHalfOpen).onread(onread);
            }
            return highWaterMark == null ? out : out.highWaterMark(highWaterMark);
        }
    }

    /**
     * What all kinds of options can say about a connection.
     *
     * @param alpn wire form of the protocols; null for none
     * @param npn the same
     */
    record Connection(
            Profile profile,
            boolean rejectUnauthorized,
            boolean enableTrace,
            boolean requireCloseNotify,
            byte[] alpn,
            byte[] npn,
            PSKCallback pskCallback) {

        /**
         * Reads them.
         *
         * @param traces what {@code enableTrace} is when it is not given
         * @param psk what Node calls {@code pskCallback} in its error
         */
        static Connection of(
                Options options, boolean rejectUnauthorized, boolean traces, String psk) {
            Boolean trace = options.read(EndpointOptions.ENABLE_TRACE);
            return new Connection(
                    options.read(ContextOptions.PROFILE),
                    rejectUnauthorized,
                    trace == null ? traces : trace,
                    Boolean.TRUE.equals(options.read(EndpointOptions.REQUIRE_CLOSE_NOTIFY)),
                    options.read(ContextOptions.ALPN_PROTOCOLS),
                    options.read(ContextOptions.NPN_PROTOCOLS),
                    options.read(EndpointOptions.PSK_CALLBACK, psk));
        }
    }

    /**
     * What a server's side needs; of it the first four count for a client made by hand, too.
     *
     * @param server gets the events of the handshake; null for none
     * @param handshakeTimeout in milliseconds; 0 for no bound
     * @param contexts those of {@code addContext}, unless there is a callback; null for none
     */
    record ServerSide(
            Server server,
            boolean requestCert,
            long handshakeTimeout,
            boolean pauseOnConnect,
            SNICallback sniCallback,
            NamedContexts contexts,
            ALPNCallback alpnCallback,
            String pskIdentityHint) {
        static final ServerSide NONE = new ServerSide(null, true, 0, false, null, null, null, null);
    }

    /** What a client's side needs. */
    record ClientSide(
            String servername,
            byte[] session,
            boolean requestOCSP,
            boolean postHandshakeAuth,
            ServerIdentityCheck identityCheck) {
        private static final ServerIdentityCheck BY_NODES_RULES = ServerIdentity::check;
        static final ClientSide NONE = new ClientSide(null, null, false, false, null);

        /** Reads it. */
        static ClientSide of(Options options) {
            ServerIdentityCheck given = options.read(EndpointOptions.CHECK_SERVER_IDENTITY);
            return new ClientSide(
                    options.read(EndpointOptions.SERVERNAME),
                    options.read(EndpointOptions.SESSION),
                    options.read(EndpointOptions.REQUEST_OCSP),
                    options.read(EndpointOptions.POST_HANDSHAKE_AUTH),
                    given == null ? BY_NODES_RULES : given);
        }
    }

    // ---- reading ------------------------------------------------------------------------------

    /** Those of a socket made by hand. */
    static SocketSettings byHand(TLSSocketOptions options) {
        boolean isServer = options.read(TLSSocketOptions.IS_SERVER);
        boolean rejects = Option.isTruthy(options.read(EndpointOptions.REJECT_UNAUTHORIZED));
        SecureContext context = options.read(EndpointOptions.SECURE_CONTEXT);
        if (context == null) {
            context = options.read(TLSSocketOptions.CREDENTIALS);
        }
        Stream stream = Stream.of(options);
        Connection connection = Connection.of(options, rejects, false, "pskCallback");
        boolean hints = isServer && connection.pskCallback() != null;
        ServerSide serverSide = new ServerSide(
                options.read(TLSSocketOptions.SERVER),
                !isServer || Option.isTruthy(options.read(EndpointOptions.REQUEST_CERT)),
                options.read(EndpointOptions.HANDSHAKE_TIMEOUT).longValue(),
                options.read(EndpointOptions.PAUSE_ON_CONNECT),
                options.read(EndpointOptions.SNI_CALLBACK),
                null,
                options.read(EndpointOptions.ALPN_CALLBACK),
                hints ? options.read(EndpointOptions.PSK_IDENTITY_HINT) : null);
        ClientSide clientSide = isServer ? ClientSide.NONE : ClientSide.of(options);
        Options own = context == null ? options.copy() : null;
        return new SocketSettings(
                isServer, context, own, stream, connection, serverSide, clientSide);
    }

    /** The same with a server, and its contexts in case that no callback chooses them. */
    SocketSettings acceptedBy(Server server, NamedContexts contexts) {
        ServerSide with = new ServerSide(
                server,
                serverSide.requestCert,
                serverSide.handshakeTimeout,
                serverSide.pauseOnConnect,
                serverSide.sniCallback,
                serverSide.sniCallback != null || contexts.isEmpty() ? null : contexts,
                serverSide.alpnCallback,
                serverSide.pskIdentityHint);
        return new SocketSettings(
                isServer, context, contextOptions, stream, connection, with, clientSide);
    }
}
