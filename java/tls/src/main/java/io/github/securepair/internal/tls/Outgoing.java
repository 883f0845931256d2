package io.github.securepair.internal.tls;

import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.Output;
import io.github.securepair.internal.transport.Transport;

/**
 * Ciphertext between a connection and the transport below: the connection writes into memory lent
 * by the transport, and several turns' worth goes out with one system call. While
 * {@linkplain #hold() held}, nothing goes out.
 */
final class Outgoing {
    /**
     * Room for a server's handshake flight with an ordinary certificate chain; the rest of a longer
     * one follows.
     */
    static final int HANDSHAKE_FLIGHT_ROOM = 8 * 1024;

    private Transport lower;
    private Output output;
    private long address;
    private int length;
    private int held;
    private boolean discarded;
    private boolean blocked;
    private boolean ignoresBacklog;

    void attach(Transport to) {
        lower = to;
    }

    /**
     * Makes room for more ciphertext; {@code wish} bytes when new memory is needed. Sends what is
     * full, unless held.
     *
     * @return false when there is no room: output is held, or flushing called out and the
     *     connection was closed by that
     */
    boolean makeRoom(int wish) {
        if (output != null && room() == 0) {
            if (held > 0) {
                return false;
            }
            flush(null);
        }
        if (discarded) {
            return false;
        }
        if (output == null) {
            output = lower.lend(wish);
            address = output.address();
            if (address == 0) {
                address = AddressTurns.addressOf(output.buffer());
            }
        }
        return true;
    }

    /** Bytes that still fit, 0 without memory. */
    int room() {
        return output == null ? 0 : output.capacity() - length;
    }

    /** Where the next bytes go. */
    long address() {
        return output == null ? 0 : address + length;
    }

    void advance(int count) {
        length += count;
    }

    boolean isEmpty() {
        return length == 0;
    }

    boolean isHeld() {
        return held > 0;
    }

    /** Nothing goes out until {@link #unhold()} was called as often. */
    void hold() {
        held++;
    }

    /** Whether that was the last hold. */
    boolean unhold() {
        return --held == 0;
    }

    /**
     * Hands everything to the transport below, unless held or empty.
     *
     * @return true when nothing is left to wait for; false when {@code done} will be called
     */
    boolean flush(Done done) {
        if (held > 0 || output == null) {
            return true;
        }
        Output full = output;
        int count = length;
        output = null;
        length = 0;
        if (count == 0) {
            full.release();
            return true;
        }
        return lower.write(full, count, done);
    }

    // ---- the transport below, and the connection's overflow -----------------------------------

    /**
     * Whether the transport below has more than it should be given. Not without a transport below.
     */
    boolean isBacklogged() {
        return !ignoresBacklog && lower.isBacklogged();
    }

    /**
     * Once our FIN is queued, or a write has failed, nothing below will drain, so its backlog must
     * not stop reads.
     */
    void ignoreBacklog() {
        ignoresBacklog = true;
    }

    /** Whether turns have to wait until the transport below can be written to. */
    boolean isBlocked() {
        return blocked;
    }

    /** The transport below can be written to. */
    void unblock() {
        blocked = false;
    }

    /**
     * Before a turn that reads: makes room for its ciphertext. After the handshake there seldom is
     * any, and a turn may overflow.
     *
     * @param handshaking whether the turn will probably make some
     * @return false when there must be no turn now
     */
    boolean prepare(TLSConnection conn, boolean handshaking) {
        if (blocked || isBacklogged() && (!isEmpty() || conn.pending() > 0)) {
            blocked = true;
            return false;
        }
        return !handshaking && isEmpty() || makeRoom(HANDSHAKE_FLIGHT_ROOM);
    }

    /**
     * Moves ciphertext that did not fit the last turn's window to the transport, as far as that
     * takes it.
     */
    void drain(TLSConnection conn, AddressTurns turns) {
        while (conn.pending() > 0 && !isBacklogged()) {
            if (!makeRoom(
                    Math.min(Math.max(conn.pending(), HANDSHAKE_FLIGHT_ROOM), Scratch.CAPACITY))) {
                return;
            }
            drainOnce(conn, turns);
        }
        if (conn.pending() > 0) {
            blocked = true;
        }
    }

    /** The same, however much the transport below has. */
    void drainAll(TLSConnection conn, AddressTurns turns) {
        while (conn.pending() > 0
                && makeRoom(Math.min(conn.pending() + HANDSHAKE_FLIGHT_ROOM, Scratch.CAPACITY))) {
            drainOnce(conn, turns);
        }
    }

    private void drainOnce(TLSConnection conn, AddressTurns turns) {
        turns.drain(address(), room());
        advance(conn.emitted());
    }

    /** Drops what was not sent, for good. */
    void discard() {
        discarded = true;
        if (output != null) {
            output.release();
            output = null;
            length = 0;
        }
    }
}
