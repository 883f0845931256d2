package io.github.securepair.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Server;

import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The questions that the handshake of a server's socket puts to the program, and their answers:
 * session store, ALPN, SNI, OCSP, renegotiation. While one is open the handshake stands still.
 *
 * <p>Answers may come from any thread, at once or late; the first counts, a second destroys the
 * socket, one after its end is ignored.
 */
final class ServerHandshake {
    /** Node does not offer larger sessions to a store. */
    private static final int MAX_SESSION = 10 * 1024;

    private static final int STATEFUL_ID = 32;
    private static final int POST_HANDSHAKE_AUTH = 49;

    private final TLSSocket socket;
    private final Server server;
    private final SNICallback sniCallback;
    /** The contexts of addContext, when no callback chooses; else null. */
    private final NamedContexts contexts;

    private final ALPNCallback alpnCallback;
    /** Listeners count when they were there before the connection. */
    private final boolean hasStore;

    private final boolean hasOCSP;

    private SecureContext chosen;
    /** The name's context was looked for at the hello of this handshake. */
    private boolean nameDecided;

    private boolean sessionOffered;
    private int sessionsPending;
    private boolean donePending;
    private long lastHandshake = -1;
    private int handshakes;

    ServerHandshake(TLSSocket socket, SocketSettings.ServerSide settings) {
        this.socket = socket;
        server = settings.server();
        sniCallback = settings.sniCallback();
        contexts = settings.contexts();
        alpnCallback = settings.alpnCallback();
        hasStore = server != null
                && (server.listenerCount(TLSServer.RESUME_SESSION) > 0
                        || server.listenerCount(TLSServer.NEW_SESSION) > 0);
        hasOCSP = server != null && server.listenerCount(TLSServer.OCSP_REQUEST) > 0;
    }

    int eventMask() {
        int mask = TLSConnection.ASK_RENEGOTIATION;
        if (hasStore || alpnCallback != null || sniCallback != null || contexts != null) {
            mask |= TLSConnection.ASK_HELLO;
        }
        if (hasStore) {
            mask |= TLSConnection.TELL_SESSION;
        }
        if (hasOCSP || sniCallback != null) {
            mask |= TLSConnection.ASK_CERT;
        }
        return mask;
    }

    void handle(ConnectionEvent event) {
        if (event instanceof ConnectionEvent.ClientHello hello) {
            nameDecided = false;
            sessionOffered = false;
            resume(hello);
        } else if (event instanceof ConnectionEvent.CertificateRequest request) {
            selectName(request);
        } else if (event instanceof ConnectionEvent.RenegotiationRequest request) {
            renegotiation(request);
        } else if (event instanceof ConnectionEvent.NewSession session) {
            newSession(session);
        } else if (event instanceof ConnectionEvent.HandshakeStart && lastHandshake < 0) {
            lastHandshake = loop().now();
        }
    }

    // ---- the session store --------------------------------------------------------------------

    private void resume(ConnectionEvent.ClientHello hello) {
        byte[] id = sessionId(hello);
        if (!hasStore || hello.renegotiation() || id.length == 0 || hello.hasTicket()) {
            selectProtocol(hello);
            return;
        }
        Once once = new Once();
        TLSServer.SessionCallback callback = (error, session) -> once.answer(error, () -> {
            if (session != null) {
                sessionOffered = connection().offerSession(session);
            }
            selectProtocol(hello);
        });
        if (!ask(() -> server.emit(TLSServer.RESUME_SESSION, id, callback))) {
            once.answer(null, () -> selectProtocol(hello));
        }
    }

    /**
     * TLS 1.3 fills the legacy field with random bytes; a session without ticket is offered under
     * its id as a PSK identity.
     */
    private static byte[] sessionId(ConnectionEvent.ClientHello hello) {
        if (hello.tls13() && hello.pskIdentities() != null) {
            for (byte[] identity : hello.pskIdentities()) {
                if (identity.length == STATEFUL_ID) {
                    return identity;
                }
            }
        }
        return hello.sessionId();
    }

    /**
     * Whether {@code secure} has to wait for the store to have the session; it comes when that has.
     */
    boolean waitsForStore() {
        donePending = sessionsPending > 0;
        return donePending;
    }

    private void newSession(ConnectionEvent.NewSession session) {
        if (!hasStore || session.der().length > MAX_SESSION) {
            return;
        }
        boolean[] called = {false};
        sessionsPending++;
        socket.transport.holdOutput();
        Runnable done = () -> onLoop(() -> {
            if (!called[0]) {
                called[0] = true;
                stored();
            }
        });
        if (!ask(() -> server.emit(TLSServer.NEW_SESSION, session.id(), session.der(), done))) {
            done.run();
        }
    }

    private void stored() {
        sessionsPending--;
        try {
            if (sessionsPending == 0 && donePending) {
                donePending = false;
                socket.finishInit();
            }
        } finally {
            socket.transport.unholdOutput();
        }
    }

    // ---- ALPN ---------------------------------------------------------------------------------

    private void selectProtocol(ConnectionEvent.ClientHello hello) {
        List<String> offered = hello.alpnProtocols();
        if (alpnCallback != null && offered != null) {
            try {
                String protocol = alpnCallback.select(
                        new ALPNCallback.Hello(hello.servername(), offered, socket));
                if (socket.destroyed()) {
                    return;
                }
                if (!connection().selectALPN(protocol) && protocol != null) {
                    throw new ArgumentException(
                            "TypeError",
                            "ERR_TLS_ALPN_CALLBACK_INVALID_RESULT",
                            "ALPN callback returned a value (" + protocol
                                    + ") that did not match any of the client's offered protocols ("
                                    + String.join(", ", offered) + ")");
                }
            } catch (Exception e) {
                socket.destroy(e);
                return;
            }
        }
        if (namedAtHello(hello)) {
            nameDecided = true;
            selectName(hello.servername(), () -> goOn(hello.sequence()));
        } else {
            goOn(hello.sequence());
        }
    }

    // ---- SNI, then OCSP -----------------------------------------------------------------------

    /**
     * Whether the name's context has to be known before OpenSSL looks at the session that the
     * client offers: whom that context trusts decides whether the session is worth anything, and
     * the question is not asked again when it is resumed. As in Node SNICallback is not called then
     * on servers that want no certificate; addContext has no callback.
     */
    private boolean namedAtHello(ConnectionEvent.ClientHello hello) {
        if (sniCallback == null) {
            return contexts != null;
        }
        boolean mayResume = sessionOffered
                || hello.hasTicket()
                || hello.pskIdentities() != null && !hello.pskIdentities().isEmpty();
        return mayResume && (socket.requestsCert() || mayBeAskedLater(hello));
    }

    /** Whether the client can be asked for a certificate after the handshake. */
    private static boolean mayBeAskedLater(ConnectionEvent.ClientHello hello) {
        return hello.extensions() != null
                && hello.extensions().stream().anyMatch(each -> each.type() == POST_HANDSHAKE_AUTH);
    }

    private void selectName(ConnectionEvent.CertificateRequest request) {
        if (nameDecided) {
            staple(request);
        } else {
            selectName(request.servername(), () -> staple(request));
        }
    }

    private void selectName(String name, Runnable then) {
        if (name == null || name.isEmpty() || sniCallback == null && contexts == null) {
            then.run();
            return;
        }
        if (contexts != null) {
            new Once().answer(null, () -> {
                useNamed(name);
                then.run();
            });
            return;
        }
        Once once = new Once();
        try {
            sniCallback.select(
                    socket,
                    name,
                    (error, context) -> once.answer(error, () -> {
                        if (context != null) {
                            use(connection(), context);
                            chosen = context;
                        }
                        then.run();
                    }));
        } catch (Exception e) {
            socket.destroy(e);
        }
    }

    private void useNamed(String name) {
        SecureContext context = contexts.find(name);
        while (context != null) {
            try {
                use(connection(), context);
                chosen = context;
                return;
            } catch (IllegalStateException e) {
                SecureContext next = contexts.find(name);
                if (!context.isClosed() || next == context) {
                    throw e;
                }
                // Another thread has just replaced or removed it.
                context = next;
            }
        }
    }

    /**
     * The certificate is the context's, and so is the trust if it has one of its own: a context
     * without {@code ca} shall not make clients of any public CA welcome on a server that has one.
     */
    static void use(TLSConnection connection, SecureContext context) {
        if (context.hasOwnTrust()) {
            connection.useIdentity(context);
        } else {
            connection.useCertificates(context);
        }
    }

    private void staple(ConnectionEvent.CertificateRequest request) {
        boolean asks = request.requestsOCSP()
                && server != null
                && server.listenerCount(TLSServer.OCSP_REQUEST) > 0
                && (chosen != null || server instanceof TLSServer);
        if (!asks) {
            goOn(request.sequence());
            return;
        }
        byte[][] identity = chosen != null
                ? new byte[][] {chosen.certificateDer(), chosen.issuerDer()}
                : ((TLSServer) server).identity();
        Once once = new Once();
        TLSServer.OCSPCallback callback = (error, response) -> once.answer(error, () -> {
            if (response != null && response.length > 0) {
                connection().setOCSPResponse(response);
            }
            goOn(request.sequence());
        });
        ask(() -> server.emit(TLSServer.OCSP_REQUEST, identity[0], identity[1], callback));
    }

    // ---- renegotiation ------------------------------------------------------------------------

    private void renegotiation(ConnectionEvent.RenegotiationRequest request) {
        long now = loop().now();
        handshakes =
                now - lastHandshake >= TLSDefaults.CLIENT_RENEG_WINDOW * 1000L ? 1 : handshakes + 1;
        lastHandshake = now;
        if (handshakes > TLSDefaults.CLIENT_RENEG_LIMIT) {
            socket.renegotiation.refuse(
                    request.sequence(),
                    new CodedException(
                            "ERR_TLS_SESSION_ATTACK", "TLS session renegotiation attack detected"));
        } else if (socket.renegotiation.isDisabled()) {
            socket.renegotiation.refuse(
                    request.sequence(),
                    new CodedException(
                            "ERR_TLS_RENEGOTIATION_DISABLED",
                            "TLS session renegotiation disabled for this socket"));
        } else {
            goOn(request.sequence());
        }
    }

    // ---- answering ----------------------------------------------------------------------------

    /**
     * Puts a question to listeners. One that throws will not answer: the connection ends with that.
     */
    private boolean ask(BooleanSupplier question) {
        try {
            return question.getAsBoolean();
        } catch (Throwable thrown) {
            socket.destroy(thrown);
            throw thrown;
        }
    }

    private final class Once {
        private boolean answered;

        void answer(Throwable error, Runnable goOn) {
            onLoop(() -> {
                if (answered) {
                    socket.destroy(new CodedException(
                            "ERR_MULTIPLE_CALLBACK", "Callback called multiple times"));
                    return;
                }
                answered = true;
                if (error != null) {
                    socket.destroy(error);
                } else if (connection() != null && !socket.destroyed()) {
                    try {
                        goOn.run();
                    } catch (Exception e) {
                        socket.destroy(e);
                    }
                }
            });
        }
    }

    private void goOn(int sequence) {
        TLSConnection conn = connection();
        if (conn != null && conn.answer(sequence)) {
            socket.transport.resume();
        }
    }

    private void onLoop(Runnable task) {
        if (loop().inLoop()) {
            task.run();
        } else {
            loop().execute(task);
        }
    }

    private EventLoop loop() {
        return socket.loop();
    }

    private TLSConnection connection() {
        return socket.transport.connection();
    }
}
