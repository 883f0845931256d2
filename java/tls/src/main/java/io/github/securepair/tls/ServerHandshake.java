package io.github.securepair.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.events.ArgumentException;
import io.github.securepair.events.CodedException;
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

    private final TLSSocket socket;
    private final Server server;
    private final SNICallback sniCallback;
    private final ALPNCallback alpnCallback;
    /** Listeners count when they were there before the connection. */
    private final boolean hasStore;

    private final boolean hasOCSP;

    private SecureContext chosen;
    private int sessionsPending;
    private boolean donePending;
    private long lastHandshake = -1;
    private int handshakes;

    ServerHandshake(
            TLSSocket socket, Server server, SNICallback sniCallback, ALPNCallback alpnCallback) {
        this.socket = socket;
        this.server = server;
        this.sniCallback = sniCallback;
        this.alpnCallback = alpnCallback;
        hasStore = server != null
                && (server.listenerCount(TLSServer.RESUME_SESSION) > 0
                        || server.listenerCount(TLSServer.NEW_SESSION) > 0);
        hasOCSP = server != null && server.listenerCount(TLSServer.OCSP_REQUEST) > 0;
    }

    int eventMask() {
        int mask = TLSConnection.ASK_RENEGOTIATION;
        if (hasStore || alpnCallback != null) {
            mask |= TLSConnection.ASK_HELLO;
        }
        if (hasStore) {
            mask |= TLSConnection.TELL_SESSION;
        }
        if (sniCallback != null || hasOCSP) {
            mask |= TLSConnection.ASK_CERT;
        }
        return mask;
    }

    void handle(ConnectionEvent event) {
        if (event instanceof ConnectionEvent.ClientHello hello) {
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
                connection().offerSession(session);
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
        goOn(hello.sequence());
    }

    // ---- SNI, then OCSP -----------------------------------------------------------------------

    private void selectName(ConnectionEvent.CertificateRequest request) {
        String name = request.servername();
        if (name == null || name.isEmpty() || sniCallback == null) {
            staple(request);
            return;
        }
        Once once = new Once();
        try {
            sniCallback.select(
                    socket,
                    name,
                    (error, context) -> once.answer(error, () -> {
                        if (context != null) {
                            chosen = context;
                            connection().useIdentity(context);
                        }
                        staple(request);
                    }));
        } catch (Exception e) {
            socket.destroy(e);
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
        try {
            if (handshakes > TLSDefaults.CLIENT_RENEG_LIMIT) {
                socket.tlsError(new CodedException(
                        "ERR_TLS_SESSION_ATTACK", "TLS session renegotiation attack detected"));
            } else if (socket.renegotiationDisabled()) {
                socket.tlsError(new CodedException(
                        "ERR_TLS_RENEGOTIATION_DISABLED",
                        "TLS session renegotiation disabled for this socket"));
            }
        } finally {
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
            socket.transport.go();
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
