package io.github.securepair.tls;

import io.github.securepair.engine.TLSConnection;

/**
 * The events that a socket's connection reports. Some cost something, and are switched on by their
 * first listener.
 */
final class WantedEvents {
    private final TLSSocket socket;
    private int mask;
    private boolean keylog;
    private boolean session;

    WantedEvents(TLSSocket socket) {
        this.socket = socket;
    }

    /** Before the first turn: switches on those that need no listener. */
    void begin(TLSConnection conn, int events) {
        mask = events;
        conn.setEvents(mask);
    }

    /** A listener of {@code 'keylog'} was added. Any thread. */
    void keylog() {
        if (!keylog) {
            keylog = true;
            add(TLSConnection.TELL_KEYLOG);
        }
    }

    /** A listener of {@code 'session'} was added. Any thread. */
    void session() {
        if (!session) {
            session = true;
            if (!socket.isServer) {
                add(TLSConnection.TELL_SESSION);
            }
        }
    }

    /** Switches on more. Any thread. */
    void add(int events) {
        if (socket.loop().inLoop()) {
            mask |= events;
            TLSConnection conn = socket.transport.connection();
            if (conn != null) {
                conn.setEvents(mask);
            }
        } else {
            socket.loop().execute(() -> add(events));
        }
    }
}
