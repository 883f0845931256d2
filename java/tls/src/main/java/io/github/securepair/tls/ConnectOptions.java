package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Onread;
import io.github.securepair.stream.Duplex;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Options of {@link TLS#connect}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ConnectOptions extends SecureContextOptions {
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

    @Override
    public ConnectOptions set(String name, Object value) {
        super.set(name, value);
        return this;
    }

    /** Context to use; every context option given besides it is then ignored. */
    public ConnectOptions secureContext(SecureContext value) {
        put("secureContext", value);
        return this;
    }

    /** Whether a peer whose certificate does not verify is refused. */
    public ConnectOptions rejectUnauthorized(boolean value) {
        put("rejectUnauthorized", value);
        return this;
    }

    /**
     * NPN protocols, in order of preference: names (String or byte[]), or the wire form. Caps the
     * protocol at TLS 1.2 unless ALPN or a maximum version is given.
     */
    public ConnectOptions NPNProtocols(byte[] value) {
        put("NPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public ConnectOptions NPNProtocols(ByteBuffer value) {
        put("NPNProtocols", value);
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public ConnectOptions NPNProtocols(List<?> value) {
        put("NPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** ALPN protocols, in order of preference: names (String or byte[]), or the wire form. */
    public ConnectOptions ALPNProtocols(byte[] value) {
        put("ALPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public ConnectOptions ALPNProtocols(ByteBuffer value) {
        put("ALPNProtocols", value);
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public ConnectOptions ALPNProtocols(List<?> value) {
        put("ALPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** Gives the pre-shared key. See {@link PSKCallback}. */
    public ConnectOptions pskCallback(PSKCallback value) {
        put("pskCallback", value);
        return this;
    }

    /** Logs OpenSSL's trace of the connection, to {@code io.github.securepair.tls.trace}. */
    public ConnectOptions enableTrace(boolean value) {
        put("enableTrace", value);
        return this;
    }

    /** Whether the writable side stays open when the peer has ended. */
    public ConnectOptions allowHalfOpen(boolean value) {
        put("allowHalfOpen", value);
        return this;
    }

    /** Bytes that may be buffered per direction before backpressure sets in; 16384 by default. */
    public ConnectOptions highWaterMark(int value) {
        put("highWaterMark", value);
        return this;
    }

    /** A session got from {@code getSession()} or the {@code session} event, to resume. */
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

    /** Loop of the socket; the current one, else the program's own, by default. */
    public ConnectOptions loop(EventLoop value) {
        put("loop", value);
        return this;
    }

    @Override
    public ConnectOptions pfx(byte[] value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ConnectOptions pfx(ByteBuffer value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ConnectOptions pfx(Path value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ConnectOptions pfx(List<?> value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ConnectOptions key(String value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions key(byte[] value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions key(ByteBuffer value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions key(Path value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions key(List<?> value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions passphrase(String value) {
        super.passphrase(value);
        return this;
    }

    @Override
    public ConnectOptions cert(String value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions cert(byte[] value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions cert(ByteBuffer value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions cert(Path value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions cert(List<?> value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions ca(String value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions ca(byte[] value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions ca(ByteBuffer value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions ca(Path value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions ca(List<?> value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions crl(String value) {
        super.crl(value);
        return this;
    }

    @Override
    public ConnectOptions crl(byte[] value) {
        super.crl(value);
        return this;
    }

    @Override
    public ConnectOptions crl(ByteBuffer value) {
        super.crl(value);
        return this;
    }

    @Override
    public ConnectOptions crl(Path value) {
        super.crl(value);
        return this;
    }

    @Override
    public ConnectOptions crl(List<?> value) {
        super.crl(value);
        return this;
    }

    @Override
    public ConnectOptions ciphers(String value) {
        super.ciphers(value);
        return this;
    }

    @Override
    public ConnectOptions honorCipherOrder(boolean value) {
        super.honorCipherOrder(value);
        return this;
    }

    @Override
    public ConnectOptions ecdhCurve(String value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public ConnectOptions ecdhCurve(boolean value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public ConnectOptions dhparam(String value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ConnectOptions dhparam(byte[] value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ConnectOptions dhparam(ByteBuffer value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ConnectOptions dhparam(Path value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ConnectOptions secureProtocol(String value) {
        super.secureProtocol(value);
        return this;
    }

    @Override
    public ConnectOptions sessionIdContext(String value) {
        super.sessionIdContext(value);
        return this;
    }

    @Override
    public ConnectOptions sessionTimeout(long value) {
        super.sessionTimeout(value);
        return this;
    }

    @Override
    public ConnectOptions ticketKeys(byte[] value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public ConnectOptions ticketKeys(ByteBuffer value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public ConnectOptions secureOptions(long value) {
        super.secureOptions(value);
        return this;
    }

    @Override
    public ConnectOptions minVersion(String value) {
        super.minVersion(value);
        return this;
    }

    @Override
    public ConnectOptions maxVersion(String value) {
        super.maxVersion(value);
        return this;
    }

    @Override
    public ConnectOptions sigalgs(String value) {
        super.sigalgs(value);
        return this;
    }

    @Override
    public ConnectOptions allowPartialTrustChain(boolean value) {
        super.allowPartialTrustChain(value);
        return this;
    }

    @Override
    public ConnectOptions privateKeyIdentifier(String value) {
        super.privateKeyIdentifier(value);
        return this;
    }

    @Override
    public ConnectOptions privateKeyEngine(String value) {
        super.privateKeyEngine(value);
        return this;
    }

    @Override
    public ConnectOptions clientCertEngine(String value) {
        super.clientCertEngine(value);
        return this;
    }

    @Override
    public ConnectOptions profile(Profile value) {
        super.profile(value);
        return this;
    }

    @Override
    public ConnectOptions key(PrivateKey value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions key(StoreURI value) {
        super.key(value);
        return this;
    }

    @Override
    public ConnectOptions cert(X509Certificate value, X509Certificate... chain) {
        super.cert(value, chain);
        return this;
    }

    @Override
    public ConnectOptions cert(StoreURI value) {
        super.cert(value);
        return this;
    }

    @Override
    public ConnectOptions ca(X509Certificate value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions ca(StoreURI value) {
        super.ca(value);
        return this;
    }

    @Override
    public ConnectOptions keyStore(KeyStore store, char[] password, String... aliases) {
        super.keyStore(store, password, aliases);
        return this;
    }

    @Override
    public ConnectOptions keyStore(Path file, char[] password, String... aliases) {
        super.keyStore(file, password, aliases);
        return this;
    }

    @Override
    public ConnectOptions trustStore(KeyStore store) {
        super.trustStore(store);
        return this;
    }

    @Override
    public ConnectOptions trustStore(Path file, char[] password) {
        super.trustStore(file, password);
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
