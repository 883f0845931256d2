package io.github.securepair.tls;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.BlockList;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Options of {@link TLS#createServer}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class ServerOptions extends SecureContextOptions {
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

    @Override
    public ServerOptions set(String name, Object value) {
        super.set(name, value);
        return this;
    }

    /** Whether the server asks the client for a certificate. */
    public ServerOptions requestCert(boolean value) {
        put("requestCert", value);
        return this;
    }

    /** Whether a peer whose certificate does not verify is refused. */
    public ServerOptions rejectUnauthorized(boolean value) {
        put("rejectUnauthorized", value);
        return this;
    }

    /**
     * NPN protocols, in order of preference: names (String or byte[]), or the wire form. Caps the
     * protocol at TLS 1.2 unless ALPN or a maximum version is given.
     */
    public ServerOptions NPNProtocols(byte[] value) {
        put("NPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public ServerOptions NPNProtocols(ByteBuffer value) {
        put("NPNProtocols", value);
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public ServerOptions NPNProtocols(List<?> value) {
        put("NPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** ALPN protocols, in order of preference: names (String or byte[]), or the wire form. */
    public ServerOptions ALPNProtocols(byte[] value) {
        put("ALPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public ServerOptions ALPNProtocols(ByteBuffer value) {
        put("ALPNProtocols", value);
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public ServerOptions ALPNProtocols(List<?> value) {
        put("ALPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** Gives the pre-shared key. See {@link PSKCallback}. */
    public ServerOptions pskCallback(PSKCallback value) {
        put("pskCallback", value);
        return this;
    }

    /** Logs OpenSSL's trace of the connection, to {@code io.github.securepair.tls.trace}. */
    public ServerOptions enableTrace(boolean value) {
        put("enableTrace", value);
        return this;
    }

    /** Whether the writable side stays open when the peer has ended. */
    public ServerOptions allowHalfOpen(boolean value) {
        put("allowHalfOpen", value);
        return this;
    }

    /** Bytes that may be buffered per direction before backpressure sets in; 16384 by default. */
    public ServerOptions highWaterMark(int value) {
        put("highWaterMark", value);
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

    /** Loop of the server; the current one, else the program's own, by default. */
    public ServerOptions loop(EventLoop value) {
        put("loop", value);
        return this;
    }

    /** Loops over which accepted connections are spread; the server's own loop by default. */
    public ServerOptions loops(EventLoopGroup value) {
        put("loops", value);
        return this;
    }

    @Override
    public ServerOptions pfx(byte[] value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ServerOptions pfx(ByteBuffer value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ServerOptions pfx(Path value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ServerOptions pfx(List<?> value) {
        super.pfx(value);
        return this;
    }

    @Override
    public ServerOptions key(String value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions key(byte[] value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions key(ByteBuffer value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions key(Path value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions key(List<?> value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions passphrase(String value) {
        super.passphrase(value);
        return this;
    }

    @Override
    public ServerOptions cert(String value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions cert(byte[] value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions cert(ByteBuffer value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions cert(Path value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions cert(List<?> value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions ca(String value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions ca(byte[] value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions ca(ByteBuffer value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions ca(Path value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions ca(List<?> value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions crl(String value) {
        super.crl(value);
        return this;
    }

    @Override
    public ServerOptions crl(byte[] value) {
        super.crl(value);
        return this;
    }

    @Override
    public ServerOptions crl(ByteBuffer value) {
        super.crl(value);
        return this;
    }

    @Override
    public ServerOptions crl(Path value) {
        super.crl(value);
        return this;
    }

    @Override
    public ServerOptions crl(List<?> value) {
        super.crl(value);
        return this;
    }

    @Override
    public ServerOptions ciphers(String value) {
        super.ciphers(value);
        return this;
    }

    @Override
    public ServerOptions honorCipherOrder(boolean value) {
        super.honorCipherOrder(value);
        return this;
    }

    @Override
    public ServerOptions ecdhCurve(String value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public ServerOptions ecdhCurve(boolean value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public ServerOptions dhparam(String value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ServerOptions dhparam(byte[] value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ServerOptions dhparam(ByteBuffer value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ServerOptions dhparam(Path value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public ServerOptions secureProtocol(String value) {
        super.secureProtocol(value);
        return this;
    }

    @Override
    public ServerOptions sessionIdContext(String value) {
        super.sessionIdContext(value);
        return this;
    }

    @Override
    public ServerOptions sessionTimeout(long value) {
        super.sessionTimeout(value);
        return this;
    }

    @Override
    public ServerOptions ticketKeys(byte[] value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public ServerOptions ticketKeys(ByteBuffer value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public ServerOptions secureOptions(long value) {
        super.secureOptions(value);
        return this;
    }

    @Override
    public ServerOptions minVersion(String value) {
        super.minVersion(value);
        return this;
    }

    @Override
    public ServerOptions maxVersion(String value) {
        super.maxVersion(value);
        return this;
    }

    @Override
    public ServerOptions sigalgs(String value) {
        super.sigalgs(value);
        return this;
    }

    @Override
    public ServerOptions allowPartialTrustChain(boolean value) {
        super.allowPartialTrustChain(value);
        return this;
    }

    @Override
    public ServerOptions privateKeyIdentifier(String value) {
        super.privateKeyIdentifier(value);
        return this;
    }

    @Override
    public ServerOptions privateKeyEngine(String value) {
        super.privateKeyEngine(value);
        return this;
    }

    @Override
    public ServerOptions clientCertEngine(String value) {
        super.clientCertEngine(value);
        return this;
    }

    @Override
    public ServerOptions profile(Profile value) {
        super.profile(value);
        return this;
    }

    @Override
    public ServerOptions key(PrivateKey value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions key(StoreURI value) {
        super.key(value);
        return this;
    }

    @Override
    public ServerOptions cert(X509Certificate value, X509Certificate... chain) {
        super.cert(value, chain);
        return this;
    }

    @Override
    public ServerOptions cert(StoreURI value) {
        super.cert(value);
        return this;
    }

    @Override
    public ServerOptions ca(X509Certificate value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions ca(StoreURI value) {
        super.ca(value);
        return this;
    }

    @Override
    public ServerOptions keyStore(KeyStore store, char[] password, String... aliases) {
        super.keyStore(store, password, aliases);
        return this;
    }

    @Override
    public ServerOptions keyStore(Path file, char[] password, String... aliases) {
        super.keyStore(file, password, aliases);
        return this;
    }

    @Override
    public ServerOptions trustStore(KeyStore store) {
        super.trustStore(store);
        return this;
    }

    @Override
    public ServerOptions trustStore(Path file, char[] password) {
        super.trustStore(file, password);
        return this;
    }
}
