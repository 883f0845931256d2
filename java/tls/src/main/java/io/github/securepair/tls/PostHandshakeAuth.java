package io.github.securepair.tls;

import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.events.Callback;

/**
 * The request for a client's certificate after the handshake, in TLS 1.3 (RFC 8446, 4.6.2): see
 * {@link TLSSocket#requestClientCertificate}. On the socket's loop.
 */
final class PostHandshakeAuth {
    private final TLSSocket socket;
    private boolean pending;
    private Callback callback;

    PostHandshakeAuth(TLSSocket socket) {
        this.socket = socket;
    }

    /**
     * Called off the loop. If it returns true the callback runs even when the socket dies first.
     *
     * @param request makes the request, on the loop, and calls {@code callback} unless the socket
     *     is dead
     */
    static boolean askOffLoop(TLSSocket socket, Callback callback, Runnable request) {
        boolean asks = !isDead(socket);
        if (asks) {
            socket.loop().execute(() -> {
                if (!isDead(socket)) {
                    request.run();
                } else if (callback != null) {
                    callback.call(TLSSocket.closedError());
                }
            });
        }
        return asks;
    }

    private static boolean isDead(TLSSocket socket) {
        return socket.destroyed() || socket.transport.connection() == null;
    }

    boolean ask(Callback whenAnswered) {
        TLSConnection conn = socket.transport.connection();
        if (socket.destroyed() || conn == null) {
            return false;
        }
        TLSException refusal = send(conn);
        if (refusal != null) {
            if (whenAnswered != null) {
                socket.loop().nextTick(() -> whenAnswered.call(refusal));
            }
            return false;
        }
        pending = true;
        callback = whenAnswered;
        socket.handshakeTimer().start();
        socket.transport.resume();
        return true;
    }

    /** Returns why the request was refused, or null. */
    private TLSException send(TLSConnection conn) {
        if (pending) {
            // OpenSSL reports this only once the request is on its way.
            return new TLSException("ERR_SSL_REQUEST_PENDING", "request pending");
        }
        boolean before = socket.requestsCert();
        socket.setVerify(conn, true, socket.rejectsUnauthorized());
        try {
            conn.requestClientCertificate();
            return null;
        } catch (TLSException refusal) {
            socket.setVerify(conn, before, socket.rejectsUnauthorized());
            return refusal;
        }
    }

    /** The client answered, with a certificate or without. */
    void onAnswer() {
        socket.handshakeTimer().stop();
        Throwable error = Authorization.verifyError(socket.transport.connection());
        boolean refused = socket.refuses(error);
        if (refused) {
            // First, so that nothing the callback writes is sent to an unauthorized peer.
            socket.destroy();
        }
        end(refused ? error : null);
    }

    /** The request, if there is one, is over: its callback runs. */
    void end(Throwable error) {
        Callback ended = callback;
        pending = false;
        callback = null;
        if (ended != null) {
            ended.call(error);
        }
    }
}
