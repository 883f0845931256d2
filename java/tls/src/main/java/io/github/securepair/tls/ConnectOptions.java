package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Net;
import io.github.securepair.net.Onread;
import io.github.securepair.stream.Duplex;
import io.github.securepair.tls.Option.Entry;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Options of {@link TLS#connect}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ConnectOptions extends EndpointOptions<ConnectOptions> {
    static final Option<Duplex> SOCKET =
            Option.of("socket", Option.instance(Duplex.class), Entry.CLIENT);
    static final Option<String> HOST = Option.of("host", Option.name("hostname"), Entry.CLIENT);
    static final Option<Object> PORT = Option.of("port", ConnectOptions::port, Entry.CLIENT);
    static final Option<String> PATH = Option.of("path", ConnectOptions::path, Entry.CLIENT);
    static final Option<Long> MIN_DH_SIZE =
            Option.of("minDHSize", Option.integer(1, Integer.MAX_VALUE), Entry.CLIENT);
    static final Option<Double> TIMEOUT =
            Option.of("timeout", ConnectOptions::timeout, Entry.CLIENT);
    static final Option<String> LOCAL_ADDRESS =
            Option.of("localAddress", ConnectOptions::address, Entry.CLIENT);
    static final Option<Double> LOCAL_PORT =
            Option.of("localPort", Option::truthyNumber, Entry.CLIENT);
    static final Option<Object> FAMILY = Option.of("family", ConnectOptions::family, Entry.CLIENT);
    static final Option<Double> HINTS = Option.of("hints", Option::truthyNumber, Entry.CLIENT);
    static final Option<Lookup> LOOKUP =
            Option.of("lookup", Option.instance(Lookup.class), Entry.CLIENT);
    static final Option<Boolean> AUTO_SELECT_FAMILY =
            Option.of("autoSelectFamily", Option::bool, Entry.CLIENT);
    static final Option<Long> AUTO_SELECT_FAMILY_ATTEMPT_TIMEOUT = Option.of(
            "autoSelectFamilyAttemptTimeout", Option.integer(1, Integer.MAX_VALUE), Entry.CLIENT);

    /** Makes empty options: every default applies. */
    public ConnectOptions() {}

    /**
     * Copies every option of {@code other}, whatever its class: options that do not apply are
     * ignored on use.
     */
    public ConnectOptions(Options other) {
        putAll(other);
    }

    @Override
    Entry entry() {
        return Entry.CLIENT;
    }

    @Override
    public ConnectOptions copy() {
        return new ConnectOptions(this);
    }

    /** Context to use; every context option given besides it is then ignored. */
    public ConnectOptions secureContext(SecureContext value) {
        return with(SECURE_CONTEXT, value);
    }

    /**
     * A session got from {@code getSession()} or the {@code session} event, to resume. It is
     * offered only to the server it was made with: under the same name and the same trust, with a
     * certificate that {@code checkServerIdentity} accepts now. Others are ignored, and the
     * handshake is a full one. One of another program, also as Node wraps it, is taken if its
     * certificate verifies by itself. Secret.
     */
    public ConnectOptions session(byte[] value) {
        return with(SESSION, value);
    }

    /** The same as {@link #session(byte[])}. */
    public ConnectOptions session(ByteBuffer value) {
        return with(SESSION, value);
    }

    /** Whether to ask the server for an OCSP staple; the answer comes as {@code OCSPResponse}. */
    public ConnectOptions requestOCSP(boolean value) {
        return with(REQUEST_OCSP, value);
    }

    /** TCP_NODELAY from the start. */
    public ConnectOptions noDelay(boolean value) {
        return with(NO_DELAY, value);
    }

    /** SO_KEEPALIVE from the start. */
    public ConnectOptions keepAlive(boolean value) {
        return with(KEEP_ALIVE, value);
    }

    /** Milliseconds before the first keep-alive probe. */
    public ConnectOptions keepAliveInitialDelay(int value) {
        return with(KEEP_ALIVE_INITIAL_DELAY, value);
    }

    /** Host to connect to; {@code localhost} by default. */
    public ConnectOptions host(String value) {
        return with(HOST, value);
    }

    /** Port to connect to. */
    public ConnectOptions port(int value) {
        return with(PORT, value);
    }

    /** The same as {@link #port(int)}. */
    public ConnectOptions port(String value) {
        return with(PORT, value);
    }

    /** Unix socket to connect to; {@code host} and {@code port} are then ignored. */
    public ConnectOptions path(String value) {
        return with(PATH, value);
    }

    /** The same as {@link #path(String)}. */
    public ConnectOptions path(Path value) {
        return with(PATH, value);
    }

    /** Established or connecting transport to use instead of opening one. */
    public ConnectOptions socket(Duplex value) {
        return with(SOCKET, value);
    }

    /** Server name to send (SNI) and to check the certificate against. */
    public ConnectOptions servername(String value) {
        return with(SERVERNAME, value);
    }

    /** Replaces {@link TLS#checkServerIdentity}. */
    public ConnectOptions checkServerIdentity(ServerIdentityCheck value) {
        return with(CHECK_SERVER_IDENTITY, value);
    }

    /** Fewest bits of a finite-field DH key that the client accepts; 1024 by default. */
    public ConnectOptions minDHSize(int value) {
        return with(MIN_DH_SIZE, value);
    }

    /** Idle milliseconds after which {@code timeout} is emitted. */
    public ConnectOptions timeout(long value) {
        return with(TIMEOUT, value);
    }

    /** Local address to connect from. */
    public ConnectOptions localAddress(String value) {
        return with(LOCAL_ADDRESS, value);
    }

    /** Local port to connect from. */
    public ConnectOptions localPort(int value) {
        return with(LOCAL_PORT, value);
    }

    /** 4, 6, or 0 for both. */
    public ConnectOptions family(int value) {
        return with(FAMILY, value);
    }

    /** {@code "IPv4"} or {@code "IPv6"}. */
    public ConnectOptions family(String value) {
        return with(FAMILY, value);
    }

    /** Whether all addresses of the host are tried in turn. */
    public ConnectOptions autoSelectFamily(boolean value) {
        return with(AUTO_SELECT_FAMILY, value);
    }

    /** Milliseconds before the next address of a host is tried. */
    public ConnectOptions autoSelectFamilyAttemptTimeout(int value) {
        return with(AUTO_SELECT_FAMILY_ATTEMPT_TIMEOUT, value);
    }

    /** Addresses that must not be connected to: that ends in {@code ERR_IP_BLOCKED}. (Node 22.) */
    public ConnectOptions blockList(BlockList value) {
        return with(BLOCK_LIST, value);
    }

    /**
     * Bits of {@link Lookup#ADDRCONFIG}, {@link Lookup#V4MAPPED} and {@link Lookup#ALL} for the
     * look-up; 0, the default, means {@code ADDRCONFIG} when any family will do.
     */
    public ConnectOptions hints(int value) {
        return with(HINTS, value);
    }

    /** Finds the addresses of the host; by default the system does. */
    public ConnectOptions lookup(Lookup value) {
        return with(LOOKUP, value);
    }

    /**
     * Reads into a buffer of the program's, without allocation, instead of emitting {@code data}.
     */
    public ConnectOptions onread(Onread value) {
        return with(ONREAD, value);
    }

    /** Destroys the socket with an AbortError when aborted. */
    public ConnectOptions signal(AbortSignal value) {
        return with(SIGNAL, value);
    }

    /**
     * Whether a client lets the server ask for its certificate after the handshake (TLS 1.3): see
     * {@link TLSSocket#requestClientCertificate}. False by default. Beyond Node.
     */
    public ConnectOptions postHandshakeAuth(boolean value) {
        return with(POST_HANDSHAKE_AUTH, value);
    }

    // ---- reading ------------------------------------------------------------------------------

    /** Digits or an integer. */
    private static Object port(String called, Object value) {
        if (value == null || value instanceof String) {
            return value;
        }
        if (!(value instanceof Number number)) {
            throw ArgumentException.invalidArgType(called, "one of type number or string", value);
        }
        if (number.doubleValue() != number.intValue()) {
            throw new ArgumentException(
                    "RangeError",
                    "ERR_SOCKET_BAD_PORT",
                    "Port should be >= 0 and < 65536. Received type number (" + number + ").");
        }
        return number.intValue();
    }

    private static String path(String called, Object value) {
        return value instanceof String || value instanceof Path
                ? value.toString()
                : Option.truthyString(called, value);
    }

    private static Double timeout(String called, Object value) {
        return Option.truthyNumber("msecs", value);
    }

    private static String address(String called, Object value) {
        if (Option.isFalsy(value)) {
            return null;
        }
        if (value instanceof String text && Net.isIP(text) != 0) {
            return text;
        }
        throw new ArgumentException(
                "TypeError", "ERR_INVALID_IP_ADDRESS", "Invalid IP address: " + value);
    }

    /** A name or an integer. */
    private static Object family(String called, Object value) {
        if (value == null || value instanceof String) {
            return value;
        }
        if (value instanceof Number number && number.doubleValue() == number.intValue()) {
            return number.intValue();
        }
        throw ArgumentException.invalidArgValue(called, value, "must be one of: 0, 4, 6");
    }
}
