package io.github.securepair.internal.transport;

import java.nio.ByteBuffer;

/**
 * Takes what a {@link Transport} reads. Replaceable at any time, also from inside its own calls
 * (that is how TLS is put under a socket). Every call is made on the loop thread, inside a callback
 * frame of the loop: next-tick work runs right after the outermost call returns. Each may write,
 * stop reading, shut down or close the transport.
 */
public interface Receiver {
    /**
     * Takes bytes that arrived.
     *
     * <p>The memory is lent for the call, also when the transport is closed meanwhile. All of it
     * counts as taken unless {@code lent} has bytes remaining afterwards: then the transport keeps
     * those, stops reading, and delivers them first after the next {@link Transport#readStart()}.
     *
     * @param lent what arrived, between position and limit; direct, except from streams in memory
     * @param address native address of the byte at {@code lent}'s position, or 0 when it is heap
     *     memory or the address is not known without a native call
     */
    void onRead(ByteBuffer lent, long address);

    /**
     * Returns the program's own memory for the next bytes: direct, from index 0 to its capacity; or
     * null. A transport that makes its bytes itself may put them there, then it calls
     * {@link #onFilled} instead of {@link #onRead}.
     */
    default ByteBuffer target() {
        return null;
    }

    /** The first {@code count} bytes of {@link #target()} were filled. */
    default void onFilled(int count) {
        throw new IllegalStateException("there is no target");
    }

    /** The peer will send no more (FIN). Called once, after all bytes. Writing still works. */
    void onEnd();

    /**
     * Reading failed, e.g. {@code read ECONNRESET}. Called at most once; nothing is read
     * afterwards.
     */
    void onError(Throwable error);

    /**
     * The transport was closed, not by the receiver: its loop shut down, or the socket or stream it
     * was taken from was destroyed (and has emitted 'close').
     */
    void onClosed();

    /**
     * Writing failed, e.g. {@code write ECONNRESET}: what was written and not taken yet is lost,
     * and nothing can be written any more. Called at most once, after the {@link Done}s of the
     * writes that were lost were scheduled; for a receiver that has no such write, or waits for
     * {@link #onWritable()}. Reading goes on, and never ends as if the peer had sent FIN when it
     * did not.
     */
    default void onWriteError(Throwable error) {}

    /** {@link Transport#isBacklogged()} turned false. */
    default void onWritable() {}
}
