package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.Onread;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Options of {@code new TLSSocket(socket, options)}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class TLSSocketOptions extends SecureContextOptions {
    /** Makes empty options: every default applies. */
    public TLSSocketOptions() {}

    /**
     * Copies every option of {@code other}, whatever its class: options that do not apply are
     * ignored on use.
     */
    public TLSSocketOptions(Options other) {
        putAll(other);
    }

    @Override
    public TLSSocketOptions copy() {
        return new TLSSocketOptions(this);
    }

    @Override
    public TLSSocketOptions set(String name, Object value) {
        super.set(name, value);
        return this;
    }

    /** Context to use; every context option given besides it is then ignored. */
    public TLSSocketOptions secureContext(SecureContext value) {
        put("secureContext", value);
        return this;
    }

    /** Whether the server asks the client for a certificate. */
    public TLSSocketOptions requestCert(boolean value) {
        put("requestCert", value);
        return this;
    }

    /** Whether a peer whose certificate does not verify is refused. */
    public TLSSocketOptions rejectUnauthorized(boolean value) {
        put("rejectUnauthorized", value);
        return this;
    }

    /**
     * NPN protocols, in order of preference: names (String or byte[]), or the wire form. Caps the
     * protocol at TLS 1.2 unless ALPN or a maximum version is given.
     */
    public TLSSocketOptions NPNProtocols(byte[] value) {
        put("NPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public TLSSocketOptions NPNProtocols(ByteBuffer value) {
        put("NPNProtocols", value);
        return this;
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public TLSSocketOptions NPNProtocols(List<?> value) {
        put("NPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** ALPN protocols, in order of preference: names (String or byte[]), or the wire form. */
    public TLSSocketOptions ALPNProtocols(byte[] value) {
        put("ALPNProtocols", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public TLSSocketOptions ALPNProtocols(ByteBuffer value) {
        put("ALPNProtocols", value);
        return this;
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public TLSSocketOptions ALPNProtocols(List<?> value) {
        put("ALPNProtocols", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** Gives the pre-shared key. See {@link PSKCallback}. */
    public TLSSocketOptions pskCallback(PSKCallback value) {
        put("pskCallback", value);
        return this;
    }

    /** Logs OpenSSL's trace of the connection, to {@code io.github.securepair.tls.trace}. */
    public TLSSocketOptions enableTrace(boolean value) {
        put("enableTrace", value);
        return this;
    }

    /**
     * Whether the writable side stays open when the peer has ended. Over an existing stream it is
     * that one's {@code allowHalfOpen} that counts, as in Node.
     */
    public TLSSocketOptions allowHalfOpen(boolean value) {
        put("allowHalfOpen", value);
        return this;
    }

    /** Bytes that may be buffered per direction before backpressure sets in; 16384 by default. */
    public TLSSocketOptions highWaterMark(int value) {
        put("highWaterMark", value);
        return this;
    }

    /** Chooses the context by server name. See {@link SNICallback}. */
    public TLSSocketOptions SNICallback(SNICallback value) {
        put("SNICallback", value);
        return this;
    }

    /** Chooses the ALPN protocol per connection; excludes {@code ALPNProtocols}. */
    public TLSSocketOptions ALPNCallback(ALPNCallback value) {
        put("ALPNCallback", value);
        return this;
    }

    /** Milliseconds that a handshake may take; without limit by default. */
    public TLSSocketOptions handshakeTimeout(long value) {
        put("handshakeTimeout", value);
        return this;
    }

    /**
     * Whether the socket starts paused: the handshake goes on, and data waits for {@code resume()}.
     */
    public TLSSocketOptions pauseOnConnect(boolean value) {
        put("pauseOnConnect", value);
        return this;
    }

    /** Hint sent to clients that negotiate a TLS 1.2 PSK suite. Servers. */
    public TLSSocketOptions pskIdentityHint(String value) {
        put("pskIdentityHint", value);
        return this;
    }

    /**
     * Reads into a buffer of the program's, without allocation, instead of emitting {@code data}.
     * Without effect over an existing stream, as in Node.
     */
    public TLSSocketOptions onread(Onread value) {
        put("onread", value);
        return this;
    }

    /** Destroys the socket with an AbortError when aborted. */
    public TLSSocketOptions signal(AbortSignal value) {
        put("signal", value);
        return this;
    }

    /** A session got from {@code getSession()} or the {@code session} event, to resume. */
    public TLSSocketOptions session(byte[] value) {
        put("session", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #session(byte[])}. */
    public TLSSocketOptions session(ByteBuffer value) {
        put("session", value);
        return this;
    }

    /** Whether to ask the server for an OCSP staple; the answer comes as {@code OCSPResponse}. */
    public TLSSocketOptions requestOCSP(boolean value) {
        put("requestOCSP", value);
        return this;
    }

    /** Whether the socket plays the server. */
    public TLSSocketOptions isServer(boolean value) {
        put("isServer", value);
        return this;
    }

    /** Server that gets {@code newSession}, {@code resumeSession} and {@code OCSPRequest}. */
    public TLSSocketOptions server(io.github.securepair.net.Server value) {
        put("server", value);
        return this;
    }

    /**
     * Checks the certificate of a server whose {@code servername} was given; by default
     * {@link TLS#checkServerIdentity}.
     */
    public TLSSocketOptions checkServerIdentity(ServerIdentityCheck value) {
        put("checkServerIdentity", value);
        return this;
    }

    /**
     * Loop of a socket without transport, or of a pair; the current one, else the program's own, by
     * default.
     */
    public TLSSocketOptions loop(EventLoop value) {
        put("loop", value);
        return this;
    }

    /** Server name sent by a client (SNI). */
    public TLSSocketOptions servername(String value) {
        put("servername", value);
        return this;
    }

    @Override
    public TLSSocketOptions pfx(byte[] value) {
        super.pfx(value);
        return this;
    }

    @Override
    public TLSSocketOptions pfx(ByteBuffer value) {
        super.pfx(value);
        return this;
    }

    @Override
    public TLSSocketOptions pfx(Path value) {
        super.pfx(value);
        return this;
    }

    @Override
    public TLSSocketOptions pfx(List<?> value) {
        super.pfx(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(String value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(byte[] value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(ByteBuffer value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(Path value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(List<?> value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions passphrase(String value) {
        super.passphrase(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(String value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(byte[] value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(ByteBuffer value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(Path value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(List<?> value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(String value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(byte[] value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(ByteBuffer value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(Path value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(List<?> value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions crl(String value) {
        super.crl(value);
        return this;
    }

    @Override
    public TLSSocketOptions crl(byte[] value) {
        super.crl(value);
        return this;
    }

    @Override
    public TLSSocketOptions crl(ByteBuffer value) {
        super.crl(value);
        return this;
    }

    @Override
    public TLSSocketOptions crl(Path value) {
        super.crl(value);
        return this;
    }

    @Override
    public TLSSocketOptions crl(List<?> value) {
        super.crl(value);
        return this;
    }

    @Override
    public TLSSocketOptions ciphers(String value) {
        super.ciphers(value);
        return this;
    }

    @Override
    public TLSSocketOptions honorCipherOrder(boolean value) {
        super.honorCipherOrder(value);
        return this;
    }

    @Override
    public TLSSocketOptions ecdhCurve(String value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public TLSSocketOptions ecdhCurve(boolean value) {
        super.ecdhCurve(value);
        return this;
    }

    @Override
    public TLSSocketOptions dhparam(String value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public TLSSocketOptions dhparam(byte[] value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public TLSSocketOptions dhparam(ByteBuffer value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public TLSSocketOptions dhparam(Path value) {
        super.dhparam(value);
        return this;
    }

    @Override
    public TLSSocketOptions secureProtocol(String value) {
        super.secureProtocol(value);
        return this;
    }

    @Override
    public TLSSocketOptions sessionIdContext(String value) {
        super.sessionIdContext(value);
        return this;
    }

    @Override
    public TLSSocketOptions sessionTimeout(long value) {
        super.sessionTimeout(value);
        return this;
    }

    @Override
    public TLSSocketOptions ticketKeys(byte[] value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public TLSSocketOptions ticketKeys(ByteBuffer value) {
        super.ticketKeys(value);
        return this;
    }

    @Override
    public TLSSocketOptions secureOptions(long value) {
        super.secureOptions(value);
        return this;
    }

    @Override
    public TLSSocketOptions minVersion(String value) {
        super.minVersion(value);
        return this;
    }

    @Override
    public TLSSocketOptions maxVersion(String value) {
        super.maxVersion(value);
        return this;
    }

    @Override
    public TLSSocketOptions sigalgs(String value) {
        super.sigalgs(value);
        return this;
    }

    @Override
    public TLSSocketOptions allowPartialTrustChain(boolean value) {
        super.allowPartialTrustChain(value);
        return this;
    }

    @Override
    public TLSSocketOptions privateKeyIdentifier(String value) {
        super.privateKeyIdentifier(value);
        return this;
    }

    @Override
    public TLSSocketOptions privateKeyEngine(String value) {
        super.privateKeyEngine(value);
        return this;
    }

    @Override
    public TLSSocketOptions clientCertEngine(String value) {
        super.clientCertEngine(value);
        return this;
    }

    @Override
    public TLSSocketOptions profile(Profile value) {
        super.profile(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(PrivateKey value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions key(StoreURI value) {
        super.key(value);
        return this;
    }

    @Override
    public TLSSocketOptions cert(X509Certificate value, X509Certificate... chain) {
        super.cert(value, chain);
        return this;
    }

    @Override
    public TLSSocketOptions cert(StoreURI value) {
        super.cert(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(X509Certificate value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions ca(StoreURI value) {
        super.ca(value);
        return this;
    }

    @Override
    public TLSSocketOptions keyStore(KeyStore store, char[] password, String... aliases) {
        super.keyStore(store, password, aliases);
        return this;
    }

    @Override
    public TLSSocketOptions keyStore(Path file, char[] password, String... aliases) {
        super.keyStore(file, password, aliases);
        return this;
    }

    @Override
    public TLSSocketOptions trustStore(KeyStore store) {
        super.trustStore(store);
        return this;
    }

    @Override
    public TLSSocketOptions trustStore(Path file, char[] password) {
        super.trustStore(file, password);
        return this;
    }

    /**
     * Whether a client lets the server ask for its certificate after the handshake (TLS 1.3): see
     * {@link TLSSocket#requestClientCertificate}. False by default. Beyond Node.
     */
    public TLSSocketOptions postHandshakeAuth(boolean value) {
        put("postHandshakeAuth", value);
        return this;
    }
}
