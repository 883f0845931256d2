package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Onread;
import io.github.securepair.stream.Duplex;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Options of {@link TLS#connect}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ConnectOptions extends EndpointOptions<ConnectOptions> {
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
    public ConnectOptions copy() {
        return new ConnectOptions(this);
    }

    /** Context to use; every context option given besides it is then ignored. */
    public ConnectOptions secureContext(SecureContext value) {
        put("secureContext", value);
        return this;
    }

    /**
     * A session got from {@code getSession()} or the {@code session} event, to resume. It is
     * offered only to the server it was made with: under the same name and the same trust, with a
     * certificate that {@code checkServerIdentity} accepts now. Others are ignored, and the
     * handshake is a full one. One of another program, also as Node wraps it, is taken if its
     * certificate verifies by itself. Secret.
     */
    public ConnectOptions session(byte[] value) {
        put("session", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #session(byte[])}. */
    public ConnectOptions session(ByteBuffer value) {
        put("session", value);
        return this;
    }

    /** Whether to ask the server for an OCSP staple; the answer comes as {@code OCSPResponse}. */
    public ConnectOptions requestOCSP(boolean value) {
        put("requestOCSP", value);
        return this;
    }

    /** TCP_NODELAY from the start. */
    public ConnectOptions noDelay(boolean value) {
        put("noDelay", value);
        return this;
    }

    /** SO_KEEPALIVE from the start. */
    public ConnectOptions keepAlive(boolean value) {
        put("keepAlive", value);
        return this;
    }

    /** Milliseconds before the first keep-alive probe. */
    public ConnectOptions keepAliveInitialDelay(int value) {
        put("keepAliveInitialDelay", value);
        return this;
    }

    /** Host to connect to; {@code localhost} by default. */
    public ConnectOptions host(String value) {
        put("host", value);
        return this;
    }

    /** Port to connect to. */
    public ConnectOptions port(int value) {
        put("port", value);
        return this;
    }

    /** The same as {@link #port(int)}. */
    public ConnectOptions port(String value) {
        put("port", value);
        return this;
    }

    /** Unix socket to connect to; {@code host} and {@code port} are then ignored. */
    public ConnectOptions path(String value) {
        put("path", value);
        return this;
    }

    /** The same as {@link #path(String)}. */
    public ConnectOptions path(Path value) {
        put("path", value);
        return this;
    }

    /** Established or connecting transport to use instead of opening one. */
    public ConnectOptions socket(Duplex value) {
        put("socket", value);
        return this;
    }

    /** Server name to send (SNI) and to check the certificate against. */
    public ConnectOptions servername(String value) {
        put("servername", value);
        return this;
    }

    /** Replaces {@link TLS#checkServerIdentity}. */
    public ConnectOptions checkServerIdentity(ServerIdentityCheck value) {
        put("checkServerIdentity", value);
        return this;
    }

    /** Fewest bits of a finite-field DH key that the client accepts; 1024 by default. */
    public ConnectOptions minDHSize(int value) {
        put("minDHSize", value);
        return this;
    }

    /** Idle milliseconds after which {@code timeout} is emitted. */
    public ConnectOptions timeout(long value) {
        put("timeout", value);
        return this;
    }

    /** Local address to connect from. */
    public ConnectOptions localAddress(String value) {
        put("localAddress", value);
        return this;
    }

    /** Local port to connect from. */
    public ConnectOptions localPort(int value) {
        put("localPort", value);
        return this;
    }

    /** 4, 6, or 0 for both. */
    public ConnectOptions family(int value) {
        put("family", value);
        return this;
    }

    /** {@code "IPv4"} or {@code "IPv6"}. */
    public ConnectOptions family(String value) {
        put("family", value);
        return this;
    }

    /** Whether all addresses of the host are tried in turn. */
    public ConnectOptions autoSelectFamily(boolean value) {
        put("autoSelectFamily", value);
        return this;
    }

    /** Milliseconds before the next address of a host is tried. */
    public ConnectOptions autoSelectFamilyAttemptTimeout(int value) {
        put("autoSelectFamilyAttemptTimeout", value);
        return this;
    }

    /** Addresses that must not be connected to: that ends in {@code ERR_IP_BLOCKED}. (Node 22.) */
    public ConnectOptions blockList(BlockList value) {
        put("blockList", value);
        return this;
    }

    /**
     * Bits of {@link Lookup#ADDRCONFIG}, {@link Lookup#V4MAPPED} and {@link Lookup#ALL} for the
     * look-up; 0, the default, means {@code ADDRCONFIG} when any family will do.
     */
    public ConnectOptions hints(int value) {
        put("hints", value);
        return this;
    }

    /** Finds the addresses of the host; by default the system does. */
    public ConnectOptions lookup(Lookup value) {
        put("lookup", value);
        return this;
    }

    /**
     * Reads into a buffer of the program's, without allocation, instead of emitting {@code data}.
     */
    public ConnectOptions onread(Onread value) {
        put("onread", value);
        return this;
    }

    /** Destroys the socket with an AbortError when aborted. */
    public ConnectOptions signal(AbortSignal value) {
        put("signal", value);
        return this;
    }

    /**
     * Whether a client lets the server ask for its certificate after the handshake (TLS 1.3): see
     * {@link TLSSocket#requestClientCertificate}. False by default. Beyond Node.
     */
    public ConnectOptions postHandshakeAuth(boolean value) {
        put("postHandshakeAuth", value);
        return this;
    }
}
