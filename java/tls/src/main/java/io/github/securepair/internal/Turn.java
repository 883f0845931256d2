package io.github.securepair.internal;

import io.github.securepair.events.EventEmitter;

/**
 * The turn of a thread that is not the loop's and has begun something there: the time it needs to
 * add its listeners. See {@link Netty#turn}.
 */
public interface Turn {
    /**
     * Runs a task on the loop, as a callback, when the thread had its turn. What is given in one
     * thread's name runs in order. The loop counts as alive until then. The thread's own, or the
     * loop's.
     *
     * @param made what the task makes events of: the thread is given more time while it goes on
     *     adding listeners to it
     */
    void then(EventEmitter made, Runnable task);
}
