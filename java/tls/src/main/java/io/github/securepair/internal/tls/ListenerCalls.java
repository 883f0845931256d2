package io.github.securepair.internal.tls;

import io.github.securepair.internal.Frames;

/**
 * What follows each call out of a turn: next-tick callbacks run before the next event, as between
 * two callbacks of Node, and an exception is the program's uncaught one, not the end of the turn.
 *
 * <p>That is possible only when the turn was begun by the loop itself. When the program is further
 * up on the stack, both have to wait until the transport returns to it.
 */
final class ListenerCalls {
    /**
     * Whether calls from below come straight from the loop (a socket channel), not from program
     * code (a Duplex).
     */
    private boolean channelBelow;
    /** Whether the current turn was begun by such a call. */
    private boolean calledFromLoop;

    private Throwable thrown;

    void setChannelBelow(boolean channel) {
        channelBelow = channel;
    }

    /** The transport below calls. Ends with {@link #returnBelow()}. */
    void callFromBelow() {
        calledFromLoop = channelBelow;
    }

    void returnBelow() {
        calledFromLoop = false;
    }

    /**
     * Until {@link #leaveWrite}: write() may have been called by the program, so next-tick
     * callbacks must not run before it returns.
     *
     * @return what {@link #leaveWrite} needs
     */
    boolean enterWrite() {
        boolean before = calledFromLoop;
        calledFromLoop = false;
        return before;
    }

    void leaveWrite(boolean before) {
        calledFromLoop = before;
    }

    /**
     * After each call out.
     *
     * @param failure what it threw, or null
     */
    void returned(Throwable failure) {
        if (calledFromLoop) {
            Frames frames = Frames.current();
            if (failure != null) {
                frames.uncaught(failure);
            }
            frames.leave();
            frames.enter();
        } else if (failure != null) {
            if (thrown == null) {
                thrown = failure;
            } else {
                thrown.addSuppressed(failure);
            }
        }
    }

    /** At the end of the turns: throws what could not be handed to the loop. */
    void rethrow() {
        if (thrown != null) {
            Throwable failure = thrown;
            thrown = null;
            throw ListenerCalls.<RuntimeException>unchecked(failure);
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException unchecked(Throwable failure) throws T {
        throw (T) failure;
    }
}
