package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.Onread;

import java.nio.ByteBuffer;

/**
 * Options of {@code new TLSSocket(socket, options)}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class TLSSocketOptions extends EndpointOptions<TLSSocketOptions> {
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

    /** Server name sent by a client (SNI). */
    public TLSSocketOptions servername(String value) {
        put("servername", value);
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
