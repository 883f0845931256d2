package io.github.securepair.internal.tls;

import io.github.securepair.engine.AddressTurns;
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
     * Room for a server's handshake flight with an ordinary chain; the rest of a longer one
     * follows.
     */
    static final int FLIGHT = 8 * 1024;

    private Transport lower;
    private Output output;
    private long address;
    private int length;
    private int held;
    private boolean discarded;

    void attach(Transport to) {
        lower = to;
    }

    /**
     * Makes room for more ciphertext; {@code wish} bytes when new memory is needed. Sends what is
     * full, unless held. Who takes that may close everything: there is no room afterwards.
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
