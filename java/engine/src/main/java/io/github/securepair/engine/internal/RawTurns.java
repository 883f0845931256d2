package io.github.securepair.engine.internal;

import io.github.securepair.engine.TLSConnection;

import java.nio.ByteBuffer;

/**
 * The four turns of a connection on bare addresses. Nothing is checked: every address must be of
 * memory that stays alive during the call and has the length given, or be 0 with length 0.
 * Confinement and close() hold as for {@link TLSConnection}, whose counters
 * ({@link TLSConnection#consumed()} and so on) tell what was done.
 *
 * <p>The result is the ordinal of a {@link io.github.securepair.engine.Status}. A failure is
 * returned, not thrown: see {@link TLSConnection#failure()}.
 */
public final class RawTurns {
    public static final int WANT_INPUT = 0;
    public static final int FULL = 1;
    public static final int EVENT = 2;
    public static final int PAUSED = 3;
    public static final int CLOSED = 4;
    public static final int FAILED = 5;

    private static final ConnectionAccess ACCESS = ConnectionAccess.get();

    private RawTurns() {}

    /** {@link TLSConnection#read} on addresses. */
    public static int read(
            TLSConnection connection,
            long in,
            int inLength,
            long plain,
            int plainCap,
            long out,
            int outCap) {
        return ACCESS.read(connection, in, inLength, plain, plainCap, out, outCap);
    }

    /** {@link TLSConnection#write} on addresses. */
    public static int write(
            TLSConnection connection, long plain, int length, long out, int outCap) {
        return ACCESS.write(connection, plain, length, out, outCap);
    }

    /** {@link TLSConnection#drain} on an address. */
    public static int drain(TLSConnection connection, long out, int outCap) {
        return ACCESS.drain(connection, out, outCap);
    }

    /** {@link TLSConnection#shutdown} on an address. */
    public static int shutdown(TLSConnection connection, long out, int outCap) {
        return ACCESS.shutdown(connection, out, outCap);
    }

    /**
     * Has calls of this connection wait for those of other threads instead of throwing: a socket's
     * getters may be called by any thread while its loop runs turns.
     */
    public static void setPatient(TLSConnection connection) {
        ACCESS.setPatient(connection);
    }

    /**
     * Address of a direct buffer's first byte, whatever its position is; valid while the buffer is
     * reachable.
     */
    public static long address(ByteBuffer direct) {
        return ACCESS.address(direct);
    }
}
