package io.github.securepair.engine.unchecked;

import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.internal.Turns;

import java.nio.ByteBuffer;

/**
 * The turns of a {@link TLSConnection} on bare addresses, for callers with native memory of their
 * own, such as a transport. <b>Nothing is checked:</b> each address must be of memory that stays
 * alive during the call and is as long as given, or 0 with length 0; anything else corrupts memory
 * or ends the process.
 *
 * <p>Threads, close() and the order of events are those of {@link TLSConnection}, whose counters
 * ({@link TLSConnection#consumed()} and so on) say what was done. A failure is returned as
 * {@link Status#FAILED}, not thrown: see {@link TLSConnection#failure()}.
 */
public final class AddressTurns {
    private final Turns turns;

    /** Makes those of a connection; a second one acts on the same. */
    public AddressTurns(TLSConnection connection) {
        turns = connection.internal(Turns.class);
    }

    /** {@link TLSConnection#read} on addresses; lengths in bytes. */
    public Status read(long in, int inLength, long plain, int plainCap, long out, int outCap) {
        return Status.of(turns.read(in, inLength, plain, plainCap, out, outCap));
    }

    /** {@link TLSConnection#write} on addresses; lengths in bytes. */
    public Status write(long plain, int length, long out, int outCap) {
        return Status.of(turns.write(plain, length, out, outCap));
    }

    /** {@link TLSConnection#drain} on an address. */
    public Status drain(long out, int outCap) {
        return Status.of(turns.drain(out, outCap));
    }

    /** {@link TLSConnection#shutdown} on an address. */
    public Status shutdown(long out, int outCap) {
        return Status.of(turns.shutdown(out, outCap));
    }

    /**
     * Address of a direct buffer's first byte, whatever its position is; valid while the buffer is
     * reachable. Any thread.
     *
     * @throws IllegalArgumentException when the buffer is not direct
     */
    public static long addressOf(ByteBuffer direct) {
        return Turns.addressOf(direct);
    }
}
