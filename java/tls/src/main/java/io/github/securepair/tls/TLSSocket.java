package io.github.securepair.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.engine.VerifyMode;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.errors.StateException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.internal.tls.TLSTransport;
import io.github.securepair.internal.transport.SocketInternals;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

import javax.net.ssl.SSLException;

/**
 * An encrypted {@link Socket}: Node's {@code tls.TLSSocket}. It speaks TLS over a connection of its
 * own, over another socket, or over any Duplex.
 *
 * <p>Made by {@link TLS#connect}, by a {@link TLSServer} for each client, or by hand around an
 * existing stream. By hand, a server waits for the client's first bytes and a client begins when
 * something is written; {@code secure} reports that the handshake is done, {@link #authorized()}
 * whether the peer's certificate verified, and with {@code rejectUnauthorized} a peer that does not
 * is refused with an {@code error} before {@code secure}. (Node evaluates nothing on such sockets.)
 *
 * <p>What is written before the handshake is done waits; nothing of it is sent to a peer that is
 * refused. A fatal TLS error destroys the socket once its {@code error} was emitted and its alert
 * sent; an alert from the peer ends it.
 *
 * <p>Getters of the connection's properties answer {@code null} once the socket is closed.
 */
public class TLSSocket extends Socket {
    /**
     * {@code 'secureConnect'}: client; the handshake is done, and the server accepted if it had to
     * be. Again after renegotiation.
     */
    public static final Event<Listener0> SECURE_CONNECT =
            Event.of(TLSSocket.class, "secureConnect");

    /**
     * {@code 'secure'}: a handshake is done, on either side, after what the library itself does
     * then.
     */
    public static final Event<Listener0> SECURE = Event.of(TLSSocket.class, "secure");

    /** {@code 'session'}: client; a session that can be given to a later connection. Secret. */
    public static final Event<Listener1<byte[]>> SESSION = Event.of(TLSSocket.class, "session");

    /**
     * {@code 'OCSPResponse'}: client with {@code requestOCSP}; the stapled response, not verified,
     * or null. Before {@code secure}.
     */
    public static final Event<Listener1<byte[]>> OCSP_RESPONSE =
            Event.of(TLSSocket.class, "OCSPResponse");

    /** {@code 'keylog'}: a line of an NSS key log with its newline. Secret. */
    public static final Event<Listener1<byte[]>> KEYLOG = Event.of(TLSSocket.class, "keylog");

    private static final System.Logger TRACE = System.getLogger("io.github.securepair.tls.trace");
    private static final Listener1<Throwable> IGNORE_ERRORS = error -> {};

    final TLSTransport transport;
    final SocketSettings settings;
    final boolean isServer;

    final SocketInternals internals = _internals(SocketInternals.class);
    private final ServerHandshake serverHandshake;
    private final HandshakeTimer handshakeTimer;

    private boolean requestCert;
    private boolean rejectUnauthorized;
    private boolean secureEstablished;
    private boolean hadError;
    private boolean lowerFailed;
    private boolean verified;
    private byte[] pendingSession;
    private OfferedSession offered;
    /** Result of the last check of the server's name; not made again for a resumed session. */
    private Throwable identityVerdict;

    private final WantedEvents wantedEvents = new WantedEvents(this);
    /** Made when a client is asked for its certificate after the handshake. */
    private PostHandshakeAuth postHandshakeAuth;

    final Renegotiation renegotiation = new Renegotiation(this);
    private final Throwable hintRefused;

    private boolean secureConnecting = true;
    private final Authorization authorization = new Authorization();
    private String servername;
    private String sentName;
    private String alpnProtocol;
    private String npnProtocol;

    /**
     * Wraps {@code socket}: connected, connecting, or any Duplex. Its allowHalfOpen is taken over.
     */
    public TLSSocket(Duplex socket, TLSSocketOptions options) {
        this(
                socket,
                null,
                SocketSettings.byHand(options == null ? new TLSSocketOptions() : options),
                null);
        // As in Node the program need not listen to the errors of a socket that was wrapped by
        // hand.
        on(ERROR, IGNORE_ERRORS);
    }

    /** Makes a client that is not connected: connect() does that. */
    public TLSSocket(TLSSocketOptions options) {
        this(null, options);
    }

    /**
     * Makes any kind of socket.
     *
     * @param socket stream to wrap, or null
     * @param lower transport to stand on instead of a stream's, or null
     * @param shared context to use instead of what the settings say; its owner keeps it
     */
    TLSSocket(Duplex socket, Transport lower, SocketSettings settings, SecureContext shared) {
        super(settings.stream().over(socket));
        this.settings = settings;
        isServer = settings.isServer();
        requestCert = settings.serverSide().requestCert();
        rejectUnauthorized = settings.connection().rejectUnauthorized();
        handshakeTimer = new HandshakeTimer(
                loop(), settings.serverSide().handshakeTimeout(), this::handshakeTimedOut);
        PSKCallback psk = settings.connection().pskCallback();
        TLSConnection conn = connection(shared);
        boolean made = false;
        try {
            serverHandshake = isServer ? new ServerHandshake(this, settings.serverSide()) : null;
            configure(conn);
            hintRefused = psk == null ? null : configure(conn, psk);
            transport = new TLSTransport(loop(), conn, new Events(), psk != null);
            made = true;
        } finally {
            if (!made) {
                conn.close();
            }
        }
        on(CLOSE, hadError -> {
            handshakeTimer.stop();
            if (postHandshakeAuth != null) {
                postHandshakeAuth.end(errored() != null ? errored() : closedError());
            }
        });
        if (settings.serverSide().pauseOnConnect()) {
            pause();
        }
        boolean attached = false;
        try {
            if (loop().inLoop()) {
                attachTransport(socket, lower, loop()::nextTick);
            } else {
                Executor turn = _turn(loop());
                loop().execute(() -> attachTransport(socket, lower, turn::execute));
            }
            attached = true;
        } finally {
            if (!attached) {
                transport.close(null);
            }
        }
    }

    // ---- making -------------------------------------------------------------------------------

    private TLSConnection connection(SecureContext shared) {
        SecureContext context = shared != null ? shared : settings.context();
        if (context != null) {
            if (!context.hasNPN() && settings.connection().npn() != null) {
                // OpenSSL has the callbacks of NPN in the context: there would be no NPN.
                throw ArgumentException.invalidArgValue(
                        "options.NPNProtocols",
                        ProtocolLists.names(settings.connection().npn()),
                        "needs a secureContext that was made with NPNProtocols");
            }
            return isServer ? TLSConnection.server(context) : TLSConnection.client(context);
        }
        try (SecureContext own = SecureContexts.create(settings.contextOptions())) {
            return isServer ? TLSConnection.server(own) : TLSConnection.client(own);
        }
    }

    private void configure(TLSConnection conn) {
        if (isServer) {
            conn.setVerify(verifyMode());
        }
        byte[] alpn = settings.connection().alpn();
        if (alpn != null) {
            conn.setALPN(alpn);
        }
        byte[] npn = settings.connection().npn();
        if (npn != null) {
            conn.setNPN(npn);
        }
        if (!isServer) {
            SocketSettings.ClientSide client = settings.clientSide();
            if (client.session() != null) {
                offered = new OfferedSession(client.session());
            }
            if (client.requestOCSP()) {
                conn.requestOCSP();
            }
            if (client.postHandshakeAuth()) {
                conn.offerPostHandshakeAuth();
            }
            if (client.servername() != null && !client.servername().isEmpty()) {
                conn.setServername(client.servername());
                sentName = client.servername();
            }
        }
        wantedEvents.begin(
                conn,
                (serverHandshake == null ? 0 : serverHandshake.eventMask())
                        | (settings.connection().enableTrace() ? TLSConnection.TELL_TRACE : 0));
    }

    /**
     * Returns why the hint was refused, which as in Node is an error of each connection; or null.
     */
    private Throwable configure(TLSConnection conn, PSKCallback psk) {
        conn.setPSK(new PSKExchange(this, psk));
        String hint = settings.serverSide().pskIdentityHint();
        if (isServer && hint != null) {
            try {
                conn.setPSKIdentityHint(hint);
            } catch (IllegalArgumentException e) {
                // The code is misspelt in Node.
                return new CodedException(
                        "ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED", "Failed to set PSK identity hint");
            }
        }
        return null;
    }

    private VerifyMode verifyMode() {
        if (!requestCert) {
            return VerifyMode.NONE;
        }
        return rejectUnauthorized ? VerifyMode.REQUIRE : VerifyMode.PEER;
    }

    @Override
    protected void _destroy(Throwable error, Callback callback) {
        super._destroy(error, callback);
        // super closes the transport it holds; before connect() it holds none, so close ours.
        transport.close(null);
    }

    /**
     * Puts TLS between this socket and what is below it. On the loop.
     *
     * @param socket the stream below, or null
     * @param existing the transport below instead, or null
     * @param later runs a task when the caller has had the time to add listeners
     */
    private void attachTransport(Duplex socket, Transport existing, Consumer<Runnable> later) {
        if (destroyed()) {
            transport.close(null);
            return;
        }
        handshakeTimer.start();
        if (hintRefused != null) {
            later.accept(() -> failHandshake(hintRefused));
        }
        TransportSetup setup = new TransportSetup(this);
        if (existing != null) {
            setup.over(existing);
        } else if (socket != null) {
            setup.over(socket);
        } else {
            setup.overConnect();
            return;
        }
        later.accept(this::readFirst);
    }

    private void readFirst() {
        _hadTurn();
        if (!destroyed()) {
            read(0);
        }
    }

    /** The stream below has emitted an error. */
    void lowerFailed() {
        lowerFailed = true;
    }

    /** Begins the client's handshake, once there is a connection. */
    void start() {
        if (connecting()) {
            once(CONNECT, this::start);
        } else if (!destroyed()) {
            transport.start();
            // Also when the program has paused it: the handshake goes on.
            readFirst();
        }
    }

    @Override
    public Socket connect(SocketConnectOptions options, Listener0 listener) {
        if (transport.connection() == null) {
            // Unlike a plain one: keys are used once.
            throw closedError();
        }
        return super.connect(options, listener);
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    protected void _write(ByteBuffer chunk, Callback callback) {
        super._write(chunk, whileUnverified(callback));
    }

    @Override
    protected void _writev(List<ByteBuffer> chunks, Callback callback) {
        super._writev(chunks, whileUnverified(callback));
    }

    /**
     * A write that waits for a handshake that fails was not made, and its callback gets the reason.
     * (In Node it reports success.)
     */
    private Callback whileUnverified(Callback callback) {
        return secureEstablished
                ? callback
                : error -> callback.call(
                        destroyed() && secureConnecting && errored() != null ? errored() : error);
    }

    // ---- what happens in the connection -------------------------------------------------------

    private final class Events implements TLSTransport.Owner {
        @Override
        public void tlsEvent(ConnectionEvent event) {
            if (destroyed()) {
                return;
            }
            if (event instanceof ConnectionEvent.HandshakeDone) {
                handshakeDone();
            } else if (event instanceof ConnectionEvent.KeyLog keylog) {
                emit(KEYLOG, (keylog.line() + '\n').getBytes(StandardCharsets.US_ASCII));
            } else if (event instanceof ConnectionEvent.OCSPResponse ocsp) {
                emit(OCSP_RESPONSE, ocsp.response());
            } else if (event instanceof ConnectionEvent.ClientCertificate) {
                postHandshakeAuth.onAnswer();
            } else if (event instanceof ConnectionEvent.PSKFailed psk) {
                failHandshake(psk.thrown());
            } else if (event instanceof ConnectionEvent.Trace trace) {
                TRACE.log(System.Logger.Level.INFO, trace.text());
            } else if (serverHandshake != null) {
                serverHandshake.handle(event);
            } else if (event instanceof ConnectionEvent.NewSession session) {
                newClientSession(session.der());
            }
        }

        @Override
        public void tlsBegins(TLSConnection conn) {
            if (!isServer) {
                expect(conn);
            }
        }

        @Override
        public void tlsFailed(TLSException failure) {
            failed(failure);
        }

        @Override
        public void lowerClosed() {
            closedBelow();
        }
    }

    /** What is below has closed by itself. */
    void closedBelow() {
        if (destroyed()) {
            return;
        }
        destroy(readableEnded() ? null : _cutOff());
    }

    /**
     * The end of the connection below can be forged by any host on the path: it is not the peer's.
     */
    @Override
    protected Throwable _cutOff() {
        if (!settings.connection().requireCloseNotify()
                || !secureEstablished
                || lowerFailed
                || transport.closeNotifyReceived()
                || !claimFirstError()) {
            return null;
        }
        return new TLSException(
                "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
                "unexpected eof while reading: the connection ended without close_notify");
    }

    private void handshakeDone() {
        if (serverHandshake == null || !serverHandshake.waitsForStore()) {
            finishInit();
        }
    }

    /** Node's _finishInit: a handshake is done, and no session store withholds its end. */
    void finishInit() {
        TLSConnection conn = transport.connection();
        if (conn == null) {
            return;
        }
        alpnProtocol = conn.alpnProtocol();
        npnProtocol = conn.npnProtocol();
        if (servername == null) {
            servername = isServer ? conn.servername() : sentName;
        }
        secureEstablished = true;
        handshakeTimer.stop();
        if (accept()) {
            emit(SECURE);
        }
    }

    /**
     * Decides, before {@code secure} is emitted, about sockets made by hand; clients of connect()
     * and servers of a TLSServer decide in a listener of {@code secure}, as in Node.
     *
     * @return false when the peer was refused
     */
    boolean accept() {
        if (requestCert) {
            Throwable error = Authorization.verifyError(transport.connection());
            if (error == null && !isServer) {
                error = identityError();
                if (destroyed()) {
                    return false;
                }
            }
            if (refuses(error)) {
                failHandshake(error);
                return false;
            }
        }
        secureConnecting = false;
        transport.allowApplicationData();
        return transport.connection() != null;
    }

    /** The server's name that a client expects: its sessions are bound to it. Null for any. */
    String identityName() {
        return sentName;
    }

    ServerIdentityCheck identityCheck() {
        return settings.clientSide().identityCheck();
    }

    /** The expected name is known now, and so whether a session belongs to that server. */
    private void expect(TLSConnection conn) {
        String name = identityName();
        conn.setPeerName(name);
        OfferedSession session = offered;
        offered = null;
        if (session != null) {
            identityVerdict = session.offer(conn, name, identityCheck(), rejectUnauthorized);
        }
    }

    /**
     * Why the server is not the expected one, or null; for a resumed session the verdict is the one
     * made when it was offered. If the check throws, the exception goes to the loop's handler, and
     * the socket is destroyed so that no data from an unverified peer is delivered.
     */
    Throwable identityError() {
        String name = identityName();
        if (name == null) {
            return null;
        }
        if (isSessionReused()) {
            return transport.connection().hasPeerCertificate() ? identityVerdict : null;
        }
        boolean checked = false;
        try {
            identityVerdict = identityCheck().check(name, getPeerCertificate(true));
            checked = true;
            return identityVerdict;
        } catch (AltNameFormatException e) {
            // Bytes of the peer's certificate, not a fault of the program.
            checked = true;
            identityVerdict = e;
            return e;
        } finally {
            if (!checked) {
                hadError = true;
                destroy();
            }
        }
    }

    /** Keeps the result of a verification; returns whether the peer is refused for it. */
    boolean refuses(Throwable error) {
        return authorization.refuses(error, rejectUnauthorized);
    }

    /** Marks the handshake as over and lets data flow. */
    void established() {
        secureConnecting = false;
        transport.allowApplicationData();
    }

    /** After {@code secureConnect}: emits the session that has waited for it. */
    void releasePendingSession() {
        verified = true;
        byte[] session = pendingSession;
        pendingSession = null;
        if (session != null) {
            emit(SESSION, session);
        }
    }

    private void newClientSession(byte[] session) {
        if (verified) {
            emit(SESSION, session);
        } else {
            pendingSession = session;
        }
    }

    private void failed(TLSException failure) {
        if (renegotiation.wasRefused()) {
            // The alert is on its way, and the error was emitted.
            destroy();
            return;
        }
        if (hadError) {
            return;
        }
        if (!secureEstablished) {
            // A cause is what pskCallback threw.
            failHandshake(failure.getCause() != null ? failure.getCause() : failure);
            return;
        }
        hadError = true;
        try {
            if (postHandshakeAuth != null) {
                postHandshakeAuth.end(failure);
            }
        } finally {
            // Also when the program's callback throws.
            endAfter(failure);
        }
    }

    private void endAfter(TLSException failure) {
        boolean noCertificateSent =
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE".equals(failure.code());
        if (isServer && rejectUnauthorized && noCertificateSent) {
            // Refusing a client in a renegotiation is no error of ours.
            destroy();
        } else if (failure.alert() >= 0 && !failure.alertSent()) {
            // The peer's alert ends its side. As in Node it closes the connection.
            tlsError(failure);
            transport.endAfterAlert();
        } else {
            destroy(failure);
        }
    }

    /** Ends a socket that never became secure. */
    void failHandshake(Throwable error) {
        hadError = true;
        destroy(error);
    }

    /** Returns true once, to the first error, which is to be reported: no other may follow it. */
    boolean claimFirstError() {
        boolean had = hadError;
        hadError = true;
        return !had;
    }

    /**
     * Emits an error without destroying the socket (Node: _emitTLSError). A TLSServer has it before
     * {@code secureConnection}.
     */
    void tlsError(Throwable error) {
        emit(ERROR, error);
    }

    HandshakeTimer handshakeTimer() {
        return handshakeTimer;
    }

    private void handshakeTimedOut() {
        if (destroyed()) {
            return;
        }
        CodedException error =
                new CodedException("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout");
        if (secureEstablished) {
            destroy(error);
            return;
        }
        if (settings.connection().profile().handshakeTimeoutOnlyTells()) {
            tlsError(error);
            return;
        }
        try {
            // The listener still finds the socket alive; then it is destroyed.
            tlsError(error);
        } finally {
            hadError = true;
            destroy();
        }
    }

    // ---- properties ---------------------------------------------------------------------------

    /** Always true: distinguishes a TLS socket from a plain one. */
    public boolean encrypted() {
        return true;
    }

    /** Whether the peer's certificate verified; on servers only with {@code requestCert}. */
    public boolean authorized() {
        return authorization.granted();
    }

    /**
     * Why {@link #authorized()} is false: the code, else the message, of the verification error.
     * Null if there was none.
     */
    public String authorizationError() {
        return authorization.error();
    }

    /**
     * Whether the peer ended its side of the connection by {@code close_notify}, for good. When
     * {@code end} came and this is false the connection was only closed below TLS: by the peer, as
     * many programs do, or by a host on the path that cuts off its last bytes. See
     * {@link EndpointOptions#requireCloseNotify}. Any thread. Not in Node.
     */
    public boolean closeNotifyReceived() {
        return transport.closeNotifyReceived();
    }

    /** Whether the handshake, or the decision about its result, is still to come. */
    public boolean secureConnecting() {
        return secureConnecting;
    }

    /** The name the client asked for (SNI), known once the handshake is done; null for none. */
    public String servername() {
        return servername;
    }

    /** The ALPN protocol, known once the handshake is done; null for none. */
    public String alpnProtocol() {
        return alpnProtocol;
    }

    /** The NPN protocol, known once the handshake is done; null for none. */
    public String npnProtocol() {
        return npnProtocol;
    }

    /** The server given as an option, or that accepted this connection; else null. */
    public Server server() {
        return settings.serverSide().server();
    }

    /** Applies a getter to the connection; null when there is none any more. Any thread. */
    private <T> T ask(Function<TLSConnection, T> question) {
        TLSConnection conn = transport.connection();
        try {
            return conn == null ? null : question.apply(conn);
        } catch (IllegalStateException e) {
            if (conn.isClosed()) {
                // The loop's thread closed it in this moment.
                return null;
            }
            throw e;
        }
    }

    /** The peer's certificate without its chain. See {@link #getPeerCertificate(boolean)}. */
    public PeerCertificate getPeerCertificate() {
        return getPeerCertificate(false);
    }

    /**
     * The peer's certificate, a new object at each call; {@link PeerCertificate#EMPTY} when it sent
     * none (resumed clients have none either), null when the socket is closed.
     *
     * @param detailed whether to link the chain up to the root, completed from the trusted
     *     certificates
     */
    public PeerCertificate getPeerCertificate(boolean detailed) {
        return ask(conn -> ShownCertificates.ofPeer(conn, detailed));
    }

    /**
     * This side's certificate; {@link PeerCertificate#EMPTY} without one, null when the socket is
     * closed.
     */
    public PeerCertificate getCertificate() {
        return ask(conn -> ShownCertificates.described(conn.ownCertificate()));
    }

    /**
     * The peer's certificate as the JDK has it; null when there is none, or none that the JDK,
     * which is stricter than OpenSSL, can read. {@link #getPeerCertificate()} has its bytes then.
     */
    public X509Certificate getPeerX509Certificate() {
        return ShownCertificates.x509(getPeerCertificate());
    }

    /** This side's certificate in the same form, or null as there. */
    public X509Certificate getX509Certificate() {
        return ShownCertificates.x509(getCertificate());
    }

    /** The cipher suite; null before the handshake and once the socket is closed. */
    public CipherInfo getCipher() {
        return ask(conn -> conn.cipherName() == null
                ? null
                : new CipherInfo(
                        conn.cipherName(), conn.cipherStandardName(), conn.cipherVersion()));
    }

    /**
     * The protocol version, such as {@code TLSv1.3}; before the handshake the highest possible;
     * null when closed.
     */
    public String getProtocol() {
        return ask(TLSConnection::protocol);
    }

    /** The ephemeral key of the key exchange; clients only, null on servers and once closed. */
    public EphemeralKeyInfo getEphemeralKeyInfo() {
        return isServer ? null : ask(conn -> EphemeralKeyInfo.parse(conn.ephemeralKey()));
    }

    /**
     * OpenSSL's name of the group of the key exchange, hybrid ones too; null when there is none.
     * Not in Node.
     */
    public String getNegotiatedGroup() {
        return ask(TLSConnection::group);
    }

    /**
     * The signature algorithms that both sides know, servers only; empty on clients, null once
     * closed.
     */
    public List<String> getSharedSigalgs() {
        return ask(conn -> {
            String list = conn.sharedSigalgs();
            return list == null || list.isEmpty() ? List.of() : List.of(list.split(":"));
        });
    }

    /** The Finished message this side sent, for channel bindings; null before. */
    public byte[] getFinished() {
        return ask(TLSConnection::finished);
    }

    /** The Finished message the peer sent; null before. */
    public byte[] getPeerFinished() {
        return ask(TLSConnection::peerFinished);
    }

    /**
     * The session, ASN.1 encoded, to give to a later connection; null before the handshake and once
     * closed. Secret. In TLS 1.3 it is of use only after a ticket arrived: take what
     * {@code session} gives.
     */
    public byte[] getSession() {
        return ask(TLSConnection::session);
    }

    /** The session ticket a client holds, for debugging; null without one. */
    public byte[] getTLSTicket() {
        return ask(TLSConnection::ticket);
    }

    /** Whether an earlier session was resumed. */
    public boolean isSessionReused() {
        return Boolean.TRUE.equals(ask(TLSConnection::isSessionReused));
    }

    // ---- doing --------------------------------------------------------------------------------

    /**
     * Asks for another handshake (TLS 1.2 and older), for example to have the client's certificate
     * now: {@code requestCert} on servers. The options given stay in force.
     *
     * <p>On servers the socket is destroyed with an error when it is not done within
     * {@code handshakeTimeout}. With TLS 1.3 the callback gets {@code ERR_SSL_WRONG_SSL_VERSION}.
     *
     * @param callback called with null when it is done; may be null
     * @return whether it was begun; false without a call of the callback on a destroyed socket
     */
    public boolean renegotiate(RenegotiateOptions options, Callback callback) {
        if (options == null) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_TYPE",
                    "The \"options\" argument must be of type object. Received null");
        }
        if (!loop().inLoop()) {
            return PostHandshakeAuth.askOffLoop(
                    this, callback, () -> renegotiate(options, callback));
        }
        return renegotiation.begin(options, callback);
    }

    /**
     * Server, TLS 1.3: asks the client for its certificate now, after the handshake, where TLS 1.2
     * had renegotiation. Clients answer if they offered to ({@code postHandshakeAuth}, or
     * {@code -enable_pha} of openssl). Beyond Node, which has no such thing.
     *
     * <p>After the answer {@link #authorized()}, {@link #authorizationError()} and
     * {@link #getPeerCertificate()} reflect it. With {@code rejectUnauthorized} a client without a
     * certificate that verifies is refused: the socket is destroyed and the callback has the error,
     * as when no answer arrives within {@code handshakeTimeout}. Any thread.
     *
     * @param callback called once: with null when the client answered and may stay, else with the
     *     reason, such as {@code ERR_SSL_EXTENSION_NOT_RECEIVED} when it offered nothing,
     *     {@code ERR_SSL_WRONG_SSL_VERSION} before TLS 1.3, {@code ERR_SSL_REQUEST_PENDING} while
     *     it is being asked; may be null
     * @return whether it was asked; false without a call of the callback on a destroyed socket
     * @throws StateException {@code ERR_TLS_INVALID_STATE} on clients and before {@code secure}
     */
    public boolean requestClientCertificate(Callback callback) {
        if (!isServer || !secureEstablished) {
            throw new StateException(
                    "ERR_TLS_INVALID_STATE",
                    "Only a server asks for a certificate, once the connection is secure");
        }
        if (!loop().inLoop()) {
            return PostHandshakeAuth.askOffLoop(
                    this, callback, () -> requestClientCertificate(callback));
        }
        if (postHandshakeAuth == null) {
            postHandshakeAuth = new PostHandshakeAuth(this);
        }
        return postHandshakeAuth.ask(callback);
    }

    /** Changes what the following handshakes ask of the peer. */
    void setVerify(TLSConnection conn, boolean request, boolean reject) {
        requestCert = request;
        rejectUnauthorized = reject;
        conn.setVerify(verifyMode());
    }

    /**
     * Makes renegotiation by the client an {@code error}, {@code ERR_TLS_RENEGOTIATION_DISABLED},
     * after which the connection ends. (In Node it goes on.)
     */
    public void disableRenegotiation() {
        renegotiation.disable();
    }

    /** Whether the first handshake is done. */
    boolean handshakeDoneOnce() {
        return secureEstablished;
    }

    boolean rejectsUnauthorized() {
        return rejectUnauthorized;
    }

    boolean requestsCert() {
        return requestCert;
    }

    /**
     * Limits the payload of the records that follow.
     *
     * @param size 512 to 16384 bytes
     * @return false, with nothing changed, for other sizes
     */
    public boolean setMaxSendFragment(int size) {
        TLSConnection conn = transport.connection();
        if (conn == null) {
            throw closedError();
        }
        if (!conn.setMaxSendFragment(size)) {
            return false;
        }
        transport.setFragment(size);
        return true;
    }

    /**
     * Refuses: a reset would cut the connection below TLS. The socket underneath can be reset.
     *
     * @throws ArgumentException {@code ERR_INVALID_HANDLE_TYPE}, unless the socket is destroyed
     */
    @Override
    public TLSSocket resetAndDestroy() {
        if (!destroyed()) {
            throw new ArgumentException(
                    "TypeError", "ERR_INVALID_HANDLE_TYPE", "This handle type cannot be sent");
        }
        return this;
    }

    /** Sets the server name to send (SNI). Client, before the handshake. */
    public void setServername(String name) {
        if (name == null) {
            throw ArgumentException.invalidArgType("name", "of type string", null);
        }
        if (isServer) {
            throw new StateException(
                    "ERR_TLS_SNI_FROM_SERVER", "Cannot issue SNI from a TLS server-side socket");
        }
        live().setServername(Option.withoutNul("name", name));
        sentName = name;
    }

    /**
     * Sets the session to resume. Client, before the handshake. Ignored unless it is one of this
     * server, see {@link ConnectOptions#session}.
     */
    public void setSession(byte[] session) {
        TLSConnection conn = live();
        if (isServer || transport.hasBegun()) {
            // Refused by name.
            conn.setSession(session == null ? new byte[0] : session);
        }
        offered = session == null ? null : new OfferedSession(session);
    }

    /**
     * Derives keying material (RFC 5705).
     *
     * @param length bytes wanted
     * @param context null for none
     */
    public byte[] exportKeyingMaterial(int length, String label, byte[] context) {
        if (length < 1) {
            throw ArgumentException.outOfRange("length", ">= 1 && <= 4294967295", length);
        }
        if (label == null) {
            throw ArgumentException.invalidArgType("label", "of type string", null);
        }
        if (!secureEstablished) {
            throw new StateException(
                    "ERR_TLS_INVALID_STATE", "TLS socket connection must be securely established");
        }
        try {
            return live().exportKeyingMaterial(length, label, context);
        } catch (TLSException e) {
            throw new StateException(e.code(), e.getMessage(), e);
        }
    }

    /** Does what {@link #exportKeyingMaterial(int, String, byte[])} does, without a context. */
    public byte[] exportKeyingMaterial(int length, String label) {
        return exportKeyingMaterial(length, label, null);
    }

    /**
     * Logs OpenSSL's trace of the connection from now on, to
     * {@code io.github.securepair.tls.trace}.
     */
    public void enableTrace() {
        wantedEvents.add(TLSConnection.TELL_TRACE);
    }

    /**
     * Uses certificate and key of {@code context} for this connection, and its trust if it was made
     * with {@code ca}; inside ALPNCallback or SNICallback only.
     */
    public void setKeyCert(SecureContext context) {
        ServerHandshake.use(live(), context);
    }

    private TLSConnection live() {
        TLSConnection conn = transport.connection();
        if (conn == null) {
            throw closedError();
        }
        return conn;
    }

    static StateException closedError() {
        return new StateException("ERR_SOCKET_CLOSED", "Socket is closed");
    }

    // ---- for threads that wait ----------------------------------------------------------------

    @Override
    protected IOException _thrown(Throwable error, boolean reading) {
        return error instanceof SystemException
                ? super._thrown(error, reading)
                : new SSLException(error.getMessage(), error);
    }

    // ---- events that cost something are switched on by their first listener -------------------

    @Override
    protected void listenerAdded(String event, boolean prepended) {
        super.listenerAdded(event, prepended);
        if (event.equals("keylog")) {
            wantedEvents.keylog();
        } else if (event.equals("session")) {
            wantedEvents.session();
        }
    }

    @Override
    public <L extends Listener> TLSSocket on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public TLSSocket on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> TLSSocket once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public TLSSocket once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }
}
