package io.github.securepair.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SSLOptions;
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
import io.github.securepair.internal.Netty;
import io.github.securepair.internal.Turn;
import io.github.securepair.internal.transport.DuplexTransport;
import io.github.securepair.internal.transport.NetAccess;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

import javax.net.ssl.SSLException;

/**
 * An encrypted {@link Socket}: Node's {@code tls.TLSSocket}. It speaks TLS over a connection of its
 * own, over another socket, or over any Duplex.
 *
 * <p>Made by {@link TLS#connect}, by a {@link TLSServer} for each client, or by hand around an
 * existing stream. By hand, a server waits for the client's first bytes and a client begins when
 * something is written; {@code secure} tells that the handshake is done, {@link #authorized()}
 * whether the peer's certificate verified, and with {@code rejectUnauthorized} a peer that does not
 * is refused with an {@code error} before {@code secure}. (Node evaluates nothing on such sockets.)
 *
 * <p>What is written before the handshake is done waits; nothing of it is sent to a peer that is
 * refused then. A fatal TLS error destroys the socket once its {@code error} was emitted and its
 * alert sent; an alert from the peer ends it.
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
    private static final NetAccess NET = NetAccess.get();
    private static final Listener1<Throwable> HEARD = error -> {};
    /** The description of the alert. */
    private static final int NO_RENEGOTIATION = 100;

    final TLSTransport transport;
    final SocketSettings settings;
    final boolean isServer;

    private final ServerHandshake serverHandshake;
    private final HandshakeTimer handshakeTimer;

    private Socket parent;
    private boolean requestCert;
    private boolean rejectUnauthorized;
    private boolean secureEstablished;
    private boolean hadError;
    private boolean lowerFailed;
    private boolean verified;
    private byte[] pendingSession;
    private OfferedSession offered;
    /** What the last check of the server's name said; a resumed session is not asked again. */
    private Throwable identityVerdict;

    private int eventMask;
    private boolean keylogWanted;
    private boolean sessionWanted;
    /** Made when a client is asked for its certificate after the handshake. */
    private LaterCertificate laterCertificate;

    private boolean renegotiationDisabled;
    private boolean renegotiationRefused;
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
        // As in Node nobody has to listen to the errors of a socket that was wrapped by hand.
        on(ERROR, HEARD);
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
            if (laterCertificate != null) {
                certificateAnswered(errored() != null ? errored() : closedError());
            }
        });
        if (settings.serverSide().pauseOnConnect()) {
            pause();
        }
        boolean laid = false;
        try {
            if (loop().inLoop()) {
                lay(socket, lower, loop()::nextTick);
            } else {
                Turn turn = Netty.turn(loop());
                loop().execute(() -> lay(socket, lower, task -> turn.then(this, task)));
            }
            laid = true;
        } finally {
            if (!laid) {
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
        eventMask = serverHandshake == null ? 0 : serverHandshake.eventMask();
        if (settings.connection().enableTrace()) {
            eventMask |= TLSConnection.TELL_TRACE;
        }
        conn.setEvents(eventMask);
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
        // The socket closes what it has; before connect() comes that far it has nothing.
        transport.close(null);
    }

    /**
     * Puts TLS between this socket and what is below it. On the loop.
     *
     * @param later runs a task when the caller has had the time to add listeners
     */
    private void lay(Duplex socket, Transport given, Consumer<Runnable> later) {
        if (destroyed()) {
            transport.close(null);
            return;
        }
        handshakeTimer.start();
        if (hintRefused != null) {
            later.accept(() -> die(hintRefused));
        }
        if (given != null) {
            NET.setTransport(this, transport);
            given.setReceiver(transport);
            transport.attach(given, null);
            later.accept(this::readFirst);
            return;
        }
        if (socket == null) {
            NET.setWrapper(this, raw -> {
                raw.setReceiver(transport);
                transport.attach(raw, null);
                return transport;
            });
            return;
        }
        NET.setTransport(this, transport);
        Transport lower = NET.takeOver(socket, transport);
        if (socket instanceof Socket below) {
            parent = below;
            NET.setParent(this, below);
        }
        socket.on(ERROR, error -> {
            lowerFailed = true;
            // A stream's own transport reports it, and destroys this with it.
            if (!(transport.lower() instanceof DuplexTransport)) {
                tlsError(error);
            }
        });
        socket.on(Stream.CLOSE, this::closedBelow);
        if (lower != null) {
            transport.attach(lower, socket);
        } else {
            NET.setConnecting(this, true);
            socket.once(Socket.CONNECT, () -> {
                if (!destroyed()) {
                    transport.attach(NET.takeOver(socket, transport), socket);
                    NET.setConnecting(this, false);
                    emit(CONNECT);
                }
            });
        }
        later.accept(this::readFirst);
    }

    private void readFirst() {
        _hadTurn();
        if (!destroyed()) {
            read(0);
        }
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
     * What waits for a handshake that fails was not written, and its writer learns why. (Node says
     * it was.)
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
                laterCertificate.came();
            } else if (event instanceof ConnectionEvent.PSKFailed psk) {
                die(psk.thrown());
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

    private void closedBelow() {
        if (destroyed()) {
            return;
        }
        destroy(readableEnded() ? null : _cutOff());
    }

    /** The end of the connection below, which anybody on the way can make, is not the peer's. */
    @Override
    protected Throwable _cutOff() {
        if (!settings.connection().requireCloseNotify()
                || !secureEstablished
                || lowerFailed
                || transport.closeNotifyReceived()
                || !takeError()) {
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

    /** Node's _finishInit: a handshake is done, and nothing withholds its end. */
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
                die(error);
                return false;
            }
        }
        secureConnecting = false;
        transport.open();
        return transport.connection() != null;
    }

    /** Whom a client expects: what its sessions are bound to. Null for anybody. */
    String identityName() {
        return sentName;
    }

    ServerIdentityCheck identityCheck() {
        return settings.clientSide().identityCheck();
    }

    /** Whom a client expects is known now, and so whether a session is theirs. */
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
     * Why the server is not the expected one, or null; of a session that was found out when it was
     * offered. What the check throws is an uncaught exception of the program, but nobody shall hear
     * anything from a peer that nobody accepted.
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
        transport.open();
    }

    /** After {@code secureConnect}: sessions may be told. */
    void sessionsMayGo() {
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
        if (renegotiationRefused) {
            // The alert is on its way, and the error was emitted.
            destroy();
            return;
        }
        if (hadError) {
            return;
        }
        if (!secureEstablished) {
            // A cause is what pskCallback threw.
            die(failure.getCause() != null ? failure.getCause() : failure);
            return;
        }
        hadError = true;
        try {
            certificateAnswered(failure);
        } finally {
            // Whatever the program's callback throws.
            endAfter(failure);
        }
    }

    private void endAfter(TLSException failure) {
        boolean nothingShown = "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE".equals(failure.code());
        if (isServer && rejectUnauthorized && nothingShown) {
            // Refusing a client in a renegotiation is no error of ours.
            destroy();
        } else if (failure.alert() >= 0 && !failure.alertSent()) {
            // The peer gave up, and says why: that was all. Node waits for it to close.
            tlsError(failure);
            transport.endAfterAlert();
        } else {
            destroy(failure);
        }
    }

    /** Ends a socket that never became secure. */
    void die(Throwable error) {
        hadError = true;
        destroy(error);
    }

    /** Whether an error was reported or is about to be: no other shall follow. */
    boolean takeError() {
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

    /** Emits why, then ends the connection with an alert unless a listener did. (Node goes on.) */
    void refuse(int question, CodedException reason) {
        try {
            tlsError(reason);
        } finally {
            TLSConnection conn = transport.connection();
            if (!destroyed() && conn != null && conn.refuse(question, NO_RENEGOTIATION)) {
                renegotiationRefused = true;
                transport.go();
            }
        }
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

    /** Always true: tells a TLS socket from a plain one. */
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
     * many programs do, or by anybody on the way who wants its last bytes to be missing. See
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

    /** Asks the connection something; null when there is none any more. Any thread. */
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
     * closed. Secret. In TLS 1.3 it is of use only after a ticket came: take what {@code session}
     * gives.
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
     * now: {@code requestCert} on servers. What the options say stays in force.
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
            return LaterCertificate.askFromOutside(
                    this, callback, () -> renegotiate(options, callback));
        }
        TLSConnection conn = transport.connection();
        if (destroyed() || conn == null) {
            return false;
        }
        boolean asks = options.requestCert() != null ? options.requestCert() : requestCert;
        boolean rejects = options.rejectUnauthorized() != null
                ? options.rejectUnauthorized()
                : rejectUnauthorized;
        if (asks != requestCert || rejects != rejectUnauthorized) {
            requestCert = asks;
            rejectUnauthorized = rejects;
            conn.setVerify(verifyMode());
        }
        if (isServer && requestCert) {
            // Else the client resumes, and no certificate is asked for.
            conn.setOptions(SSLOptions.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION, 0);
        }
        // During a handshake it is that one whose end the callback tells.
        boolean idle = secureEstablished && !conn.isHandshaking();
        try {
            // A server lets the client resume unless it wants its certificate.
            if (idle) {
                conn.renegotiate(isServer && !requestCert);
            }
        } catch (TLSException refused) {
            if (callback != null) {
                loop().nextTick(() -> callback.call(refused));
            }
            return false;
        }
        if (callback != null) {
            once(SECURE, callback::done);
        }
        if (idle) {
            if (isServer) {
                handshakeTimer.start();
            }
            transport.go();
        }
        return true;
    }

    /**
     * Server, TLS 1.3: asks the client for its certificate now, after the handshake, where TLS 1.2
     * had renegotiation. Clients answer if they offered to ({@code postHandshakeAuth}, or
     * {@code -enable_pha} of openssl). Beyond Node, which has no such thing.
     *
     * <p>When the answer came, {@link #authorized()}, {@link #authorizationError()} and
     * {@link #getPeerCertificate()} tell about it. With {@code rejectUnauthorized} a client without
     * a certificate that verifies is refused: the socket is destroyed and the callback has the
     * error, as when no answer comes within {@code handshakeTimeout}. Any thread.
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
            return LaterCertificate.askFromOutside(
                    this, callback, () -> requestClientCertificate(callback));
        }
        if (laterCertificate == null) {
            laterCertificate = new LaterCertificate(this);
        }
        return laterCertificate.ask(callback);
    }

    void requestCert(TLSConnection conn, boolean value) {
        requestCert = value;
        conn.setVerify(verifyMode());
    }

    private void certificateAnswered(Throwable error) {
        if (laterCertificate != null) {
            laterCertificate.answered(error);
        }
    }

    /**
     * Makes renegotiation by the client an {@code error}, {@code ERR_TLS_RENEGOTIATION_DISABLED},
     * after which the connection ends. (In Node it goes on.)
     */
    public void disableRenegotiation() {
        renegotiationDisabled = true;
    }

    boolean renegotiationDisabled() {
        return renegotiationDisabled;
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
        want(TLSConnection.TELL_TRACE);
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

    // ---- events that cost something are asked for when somebody listens -----------------------

    @Override
    protected void listenerAdded(String event, boolean prepended) {
        super.listenerAdded(event, prepended);
        if (event.equals("keylog") && !keylogWanted) {
            keylogWanted = true;
            want(TLSConnection.TELL_KEYLOG);
        } else if (event.equals("session") && !sessionWanted) {
            sessionWanted = true;
            if (!isServer) {
                want(TLSConnection.TELL_SESSION);
            }
        }
    }

    private void want(int events) {
        if (loop().inLoop()) {
            eventMask |= events;
            TLSConnection conn = transport.connection();
            if (conn != null) {
                conn.setEvents(eventMask);
            }
        } else {
            loop().execute(() -> want(events));
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
