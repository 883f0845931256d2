package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.tls.Option.Entry;

import java.nio.ByteBuffer;

/**
 * Options of {@code new TLSSocket(socket, options)}.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class TLSSocketOptions extends EndpointOptions<TLSSocketOptions> {
    static final Option<Boolean> IS_SERVER =
            Option.of("isServer", (called, value) -> Boolean.TRUE.equals(value), Entry.SOCKET);
    static final Option<Server> SERVER =
            Option.of("server", Option.instance(Server.class), Entry.SOCKET);

    /** What Node 0.12 called the secureContext. */
    static final Option<SecureContext> CREDENTIALS =
            Option.of("credentials", EndpointOptions::context, Entry.SOCKET);

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
    Entry entry() {
        return Entry.SOCKET;
    }

    @Override
    public TLSSocketOptions copy() {
        return new TLSSocketOptions(this);
    }

    /** Context to use; every context option given besides it is then ignored. */
    public TLSSocketOptions secureContext(SecureContext value) {
        return with(SECURE_CONTEXT, value);
    }

    /** Whether the server asks the client for a certificate. */
    public TLSSocketOptions requestCert(boolean value) {
        return with(REQUEST_CERT, value);
    }

    /** Chooses the context by server name. See {@link SNICallback}. */
    public TLSSocketOptions SNICallback(SNICallback value) {
        return with(SNI_CALLBACK, value);
    }

    /** Chooses the ALPN protocol per connection; excludes {@code ALPNProtocols}. */
    public TLSSocketOptions ALPNCallback(ALPNCallback value) {
        return with(ALPN_CALLBACK, value);
    }

    /** Milliseconds that a handshake may take; without limit by default. */
    public TLSSocketOptions handshakeTimeout(long value) {
        return with(HANDSHAKE_TIMEOUT, value);
    }

    /**
     * Whether the socket starts paused: the handshake goes on, and data waits for {@code resume()}.
     */
    public TLSSocketOptions pauseOnConnect(boolean value) {
        return with(PAUSE_ON_CONNECT, value);
    }

    /** Hint sent to clients that negotiate a TLS 1.2 PSK suite. Servers. */
    public TLSSocketOptions pskIdentityHint(String value) {
        return with(PSK_IDENTITY_HINT, value);
    }

    /**
     * Reads into a buffer of the program's, without allocation, instead of emitting {@code data}.
     * Without effect over an existing stream, as in Node.
     */
    public TLSSocketOptions onread(Onread value) {
        return with(ONREAD, value);
    }

    /** Destroys the socket with an AbortError when aborted. */
    public TLSSocketOptions signal(AbortSignal value) {
        return with(SIGNAL, value);
    }

    /** A session got from {@code getSession()} or the {@code session} event, to resume. */
    public TLSSocketOptions session(byte[] value) {
        return with(SESSION, value);
    }

    /** The same as {@link #session(byte[])}. */
    public TLSSocketOptions session(ByteBuffer value) {
        return with(SESSION, value);
    }

    /** Whether to ask the server for an OCSP staple; the answer comes as {@code OCSPResponse}. */
    public TLSSocketOptions requestOCSP(boolean value) {
        return with(REQUEST_OCSP, value);
    }

    /** Whether the socket plays the server. */
    public TLSSocketOptions isServer(boolean value) {
        return with(IS_SERVER, value);
    }

    /** Server that gets {@code newSession}, {@code resumeSession} and {@code OCSPRequest}. */
    public TLSSocketOptions server(Server value) {
        return with(SERVER, value);
    }

    /**
     * Checks the certificate of a server whose {@code servername} was given; by default
     * {@link TLS#checkServerIdentity}.
     */
    public TLSSocketOptions checkServerIdentity(ServerIdentityCheck value) {
        return with(CHECK_SERVER_IDENTITY, value);
    }

    /** Server name sent by a client (SNI). */
    public TLSSocketOptions servername(String value) {
        return with(SERVERNAME, value);
    }

    /**
     * Whether a client lets the server ask for its certificate after the handshake (TLS 1.3): see
     * {@link TLSSocket#requestClientCertificate}. False by default. Beyond Node.
     */
    public TLSSocketOptions postHandshakeAuth(boolean value) {
        return with(POST_HANDSHAKE_AUTH, value);
    }
}
