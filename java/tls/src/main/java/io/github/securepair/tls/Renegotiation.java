package io.github.securepair.tls;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.events.Callback;

/**
 * Further handshakes on a connection, in TLS 1.2 and older: those that this side begins, and the
 * refusal of those that the peer asks for. On the socket's loop.
 */
final class Renegotiation {
    /** The description of the alert. */
    private static final int NO_RENEGOTIATION = 100;

    private final TLSSocket socket;
    private volatile boolean disabled;
    private boolean refused;

    Renegotiation(TLSSocket socket) {
        this.socket = socket;
    }

    /** See {@link TLSSocket#renegotiate}. */
    boolean begin(RenegotiateOptions options, Callback callback) {
        TLSConnection conn = socket.transport.connection();
        if (socket.destroyed() || conn == null) {
            return false;
        }
        applyVerify(conn, options);
        boolean requestCert = socket.requestsCert();
        if (socket.isServer && requestCert) {
            // Else the client resumes, and no certificate is requested.
            conn.setOptions(SSLOptions.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION, 0);
        }
        // If a handshake is already running, the callback reports its end.
        boolean idle = socket.handshakeDoneOnce() && !conn.isHandshaking();
        try {
            // A server lets the client resume unless it wants its certificate.
            if (idle) {
                conn.renegotiate(socket.isServer && !requestCert);
            }
        } catch (TLSException refusal) {
            if (callback != null) {
                socket.loop().nextTick(() -> callback.call(refusal));
            }
            return false;
        }
        if (callback != null) {
            socket.once(TLSSocket.SECURE, callback::done);
        }
        if (idle) {
            if (socket.isServer) {
                socket.handshakeTimer().start();
            }
            socket.transport.resume();
        }
        return true;
    }

    private void applyVerify(TLSConnection conn, RenegotiateOptions options) {
        boolean asks =
                options.requestCert() != null ? options.requestCert() : socket.requestsCert();
        boolean rejects = options.rejectUnauthorized() != null
                ? options.rejectUnauthorized()
                : socket.rejectsUnauthorized();
        if (asks != socket.requestsCert() || rejects != socket.rejectsUnauthorized()) {
            socket.setVerify(conn, asks, rejects);
        }
    }

    /** From now on the peer's requests are refused. Any thread. */
    void disable() {
        disabled = true;
    }

    boolean isDisabled() {
        return disabled;
    }

    /**
     * Emits the reason, then ends the connection with an alert unless a listener did. (Node goes
     * on.)
     *
     * @param question the sequence number of the peer's request
     */
    void refuse(int question, CodedException reason) {
        try {
            socket.tlsError(reason);
        } finally {
            TLSConnection conn = socket.transport.connection();
            if (!socket.destroyed() && conn != null && conn.refuse(question, NO_RENEGOTIATION)) {
                refused = true;
                socket.transport.resume();
            }
        }
    }

    /** Whether a request was refused: the connection fails by that, and the error was emitted. */
    boolean wasRefused() {
        return refused;
    }
}
