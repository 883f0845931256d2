package io.github.securepair.internal;

import java.util.function.BooleanSupplier;

/**
 * What code on a loop's thread may do with the loop, for this module's own packages. Code of the
 * transport calls the program between {@link #enter} and {@link #leave}:
 *
 * <pre>{@code
 * Frames frames = Frames.current();
 * frames.enter();
 * try {
 *     socket.push(chunk);
 * } catch (Throwable thrown) {
 *     frames.uncaught(thrown);
 * } finally {
 *     frames.leave();
 * }
 * }</pre>
 */
public interface Frames {
    /** Returns those of the loop whose thread this is. Throws on any other thread. */
    static Frames current() {
        return LoopThread.current().frames();
    }

    /** Begins a callback into the program. May be nested. */
    void enter();

    /** Ends a callback: the outermost one empties the tick queue. */
    void leave();

    /**
     * Passes on what a callback threw: to the loop's handler, or from a nested callback to the one
     * around it.
     */
    void uncaught(Throwable thrown);

    /**
     * Keeps the loop alive while {@code busy} returns true. It is called only when nothing else
     * keeps the loop alive, at the end of a round, and forgotten when it returns false.
     */
    void watch(BooleanSupplier busy);

    /** Ends {@link #watch}. */
    void unwatch(BooleanSupplier busy);
}
