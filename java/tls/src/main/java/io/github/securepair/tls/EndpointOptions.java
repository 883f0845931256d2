package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Onread;
import io.github.securepair.tls.Option.Entry;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What clients, servers and sockets share.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class EndpointOptions<T extends EndpointOptions<T>> extends ContextOptions<T> {
    static final Option<Object> REJECT_UNAUTHORIZED =
            Option.of("rejectUnauthorized", Option::any, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<PSKCallback> PSK_CALLBACK = Option.of(
            "pskCallback", EndpointOptions::psk, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<Boolean> ENABLE_TRACE =
            Option.of("enableTrace", Option::bool, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<Boolean> REQUIRE_CLOSE_NOTIFY =
            Option.of("requireCloseNotify", Option::bool, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<Boolean> ALLOW_HALF_OPEN =
            Option.of("allowHalfOpen", Option::truthy, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<Object> HIGH_WATER_MARK =
            Option.of("highWaterMark", Option::any, Entry.CLIENT, Entry.SERVER, Entry.SOCKET);
    static final Option<EventLoop> LOOP = Option.of(
            "loop", Option.instance(EventLoop.class), Entry.CLIENT, Entry.SERVER, Entry.SOCKET);

    // Of servers, and of sockets made by hand.

    static final Option<Object> REQUEST_CERT =
            Option.of("requestCert", Option::any, Entry.SERVER, Entry.SOCKET);
    static final Option<SNICallback> SNI_CALLBACK = Option.of(
            "SNICallback", Option.instance(SNICallback.class), Entry.SERVER, Entry.SOCKET);
    static final Option<ALPNCallback> ALPN_CALLBACK = Option.of(
            "ALPNCallback", Option.instance(ALPNCallback.class), Entry.SERVER, Entry.SOCKET);
    static final Option<Double> HANDSHAKE_TIMEOUT =
            Option.of("handshakeTimeout", Option::number, Entry.SERVER, Entry.SOCKET);
    static final Option<Boolean> PAUSE_ON_CONNECT =
            Option.of("pauseOnConnect", Option::truthy, Entry.SERVER, Entry.SOCKET);
    static final Option<String> PSK_IDENTITY_HINT =
            Option.of("pskIdentityHint", Option::truthyString, Entry.SERVER, Entry.SOCKET);

    // Of clients, and of sockets made by hand.

    static final Option<SecureContext> SECURE_CONTEXT =
            Option.of("secureContext", EndpointOptions::context, Entry.CLIENT, Entry.SOCKET);
    static final Option<byte[]> SESSION =
            Option.of("session", EndpointOptions::session, Entry.CLIENT, Entry.SOCKET);
    static final Option<Boolean> REQUEST_OCSP =
            Option.of("requestOCSP", Option::truthy, Entry.CLIENT, Entry.SOCKET);
    static final Option<String> SERVERNAME =
            Option.of("servername", Option.name("name"), Entry.CLIENT, Entry.SOCKET);
    static final Option<ServerIdentityCheck> CHECK_SERVER_IDENTITY = Option.of(
            "checkServerIdentity",
            Option.instance(ServerIdentityCheck.class),
            Entry.CLIENT,
            Entry.SOCKET);
    static final Option<Boolean> POST_HANDSHAKE_AUTH =
            Option.of("postHandshakeAuth", Option::truthy, Entry.CLIENT, Entry.SOCKET);
    static final Option<Onread> ONREAD =
            Option.of("onread", Option.instance(Onread.class), Entry.CLIENT, Entry.SOCKET);
    static final Option<AbortSignal> SIGNAL =
            Option.of("signal", EndpointOptions::abortSignal, Entry.CLIENT, Entry.SOCKET);

    // Of clients and servers.

    static final Option<Boolean> NO_DELAY =
            Option.of("noDelay", Option::truthy, Entry.CLIENT, Entry.SERVER);
    static final Option<Boolean> KEEP_ALIVE =
            Option.of("keepAlive", Option::truthy, Entry.CLIENT, Entry.SERVER);
    static final Option<Double> KEEP_ALIVE_INITIAL_DELAY =
            Option.of("keepAliveInitialDelay", Option::number, Entry.CLIENT, Entry.SERVER);
    static final Option<BlockList> BLOCK_LIST =
            Option.of("blockList", EndpointOptions::blockList, Entry.CLIENT, Entry.SERVER);

    EndpointOptions() {}

    /** Whether a peer whose certificate does not verify is refused. */
    public T rejectUnauthorized(boolean value) {
        return with(REJECT_UNAUTHORIZED, value);
    }

    /**
     * NPN protocols, in order of preference: names (String or byte[]), or the wire form. Caps the
     * protocol at TLS 1.2 unless ALPN or a maximum version is given.
     */
    public T NPNProtocols(byte[] value) {
        return with(NPN_PROTOCOLS, value);
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public T NPNProtocols(ByteBuffer value) {
        return with(NPN_PROTOCOLS, value);
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public T NPNProtocols(List<?> value) {
        return with(NPN_PROTOCOLS, value);
    }

    /** ALPN protocols, in order of preference: names (String or byte[]), or the wire form. */
    public T ALPNProtocols(byte[] value) {
        return with(ALPN_PROTOCOLS, value);
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public T ALPNProtocols(ByteBuffer value) {
        return with(ALPN_PROTOCOLS, value);
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public T ALPNProtocols(List<?> value) {
        return with(ALPN_PROTOCOLS, value);
    }

    /** Gives the pre-shared key. See {@link PSKCallback}. */
    public T pskCallback(PSKCallback value) {
        return with(PSK_CALLBACK, value);
    }

    /** Logs OpenSSL's trace of the connection, to {@code io.github.securepair.tls.trace}. */
    public T enableTrace(boolean value) {
        return with(ENABLE_TRACE, value);
    }

    /**
     * Whether the peer has to end with {@code close_notify}. A connection that ends without it may
     * have been cut by any host on the path: with this option that is an {@code error} in place of
     * {@code end}, {@code ERR_SSL_UNEXPECTED_EOF_WHILE_READING}, once all that came was delivered.
     * False by default, as in Node; {@link TLSSocket#closeNotifyReceived()} says so anyway. Turn it
     * on where the protocol does not say itself how long its messages are. Beyond Node.
     */
    public T requireCloseNotify(boolean value) {
        return with(REQUIRE_CLOSE_NOTIFY, value);
    }

    /**
     * Whether the writable side stays open when the peer has ended. Over an existing stream it is
     * that one's {@code allowHalfOpen} that counts, as in Node.
     */
    public T allowHalfOpen(boolean value) {
        return with(ALLOW_HALF_OPEN, value);
    }

    /** Bytes that may be buffered per direction before backpressure sets in; 16384 by default. */
    public T highWaterMark(int value) {
        return with(HIGH_WATER_MARK, value);
    }

    /**
     * Loop of a socket without transport, or of a pair; the current one, else the program's own, by
     * default.
     */
    public T loop(EventLoop value) {
        return with(LOOP, value);
    }

    // ---- reading ------------------------------------------------------------------------------

    private static PSKCallback psk(String called, Object value) {
        return Option.isFalsy(value)
                ? null
                : Option.instance(PSKCallback.class).read(called, value);
    }

    static SecureContext context(String called, Object value) {
        if (value == null || value instanceof SecureContext) {
            return (SecureContext) value;
        }
        throw new ArgumentException(
                "TypeError", "ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext");
    }

    private static byte[] session(String called, Object value) {
        if (Option.isFalsy(value)) {
            return null;
        }
        if (!Materials.isBytes(value) || value instanceof String) {
            throw new ArgumentException(
                    "TypeError", "ERR_INVALID_ARG_TYPE", "Session must be a buffer");
        }
        return Materials.bytes(value);
    }

    private static AbortSignal abortSignal(String called, Object value) {
        if (value instanceof AbortSignal || Option.isFalsy(value)) {
            return value instanceof AbortSignal given ? given : null;
        }
        throw ArgumentException.invalidArgType("signal", "an instance of AbortSignal", value);
    }

    private static BlockList blockList(String called, Object value) {
        if (value == null || value instanceof BlockList) {
            return (BlockList) value;
        }
        // The article is Node's.
        throw ArgumentException.invalidArgType(called, "an net.BlockList", value);
    }
}
