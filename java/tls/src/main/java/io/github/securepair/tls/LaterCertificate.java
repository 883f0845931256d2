package io.github.securepair.tls;

import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.events.Callback;

/**
 * The question for a client's certificate after the handshake, in TLS 1.3: see
 * {@link TLSSocket#requestClientCertificate}. On the socket's loop.
 */
final class LaterCertificate {
    private final TLSSocket socket;
    private boolean open;
    private Callback callback;

    LaterCertificate(TLSSocket socket) {
        this.socket = socket;
    }

    /**
     * From another thread. Who was told that the peer is asked hears of it in any case.
     *
     * @param question asks, on the loop, and tells {@code whom} unless the socket is dead
     */
    static boolean askFromOutside(TLSSocket socket, Callback whom, Runnable question) {
        boolean asks = !isDead(socket);
        if (asks) {
            socket.loop().execute(() -> {
                if (!isDead(socket)) {
                    question.run();
                } else if (whom != null) {
                    whom.call(TLSSocket.closedError());
                }
            });
        }
        return asks;
    }

    private static boolean isDead(TLSSocket socket) {
        return socket.destroyed() || socket.transport.connection() == null;
    }

    boolean ask(Callback whom) {
        TLSConnection conn = socket.transport.connection();
        if (socket.destroyed() || conn == null) {
            return false;
        }
        TLSException refused = ask(conn);
        if (refused != null) {
            if (whom != null) {
                socket.loop().nextTick(() -> whom.call(refused));
            }
            return false;
        }
        open = true;
        callback = whom;
        socket.handshakeTimer().start();
        socket.transport.go();
        return true;
    }

    private TLSException ask(TLSConnection conn) {
        if (open) {
            // OpenSSL says this only once the question is on its way.
            return new TLSException("ERR_SSL_REQUEST_PENDING", "request pending");
        }
        boolean before = socket.requestsCert();
        socket.requestCert(conn, true);
        try {
            conn.requestClientCertificate();
            return null;
        } catch (TLSException refused) {
            socket.requestCert(conn, before);
            return refused;
        }
    }

    /** The client answered, with a certificate or without. */
    void came() {
        socket.handshakeTimer().stop();
        Throwable error = Authorization.verifyError(socket.transport.connection());
        boolean refused = socket.refuses(error);
        if (refused) {
            // First, so that nothing that the callback writes goes to a stranger.
            socket.destroy();
        }
        answered(refused ? error : null);
    }

    /** The question, if there is one, is over. */
    void answered(Throwable error) {
        Callback whom = callback;
        open = false;
        callback = null;
        if (whom != null) {
            whom.call(error);
        }
    }
}
