package io.github.securepair.events;

/**
 * A callback scheduled by {@link EventLoop#setImmediate}. A new one keeps its loop alive. Any
 * thread may use it.
 */
public final class Immediate implements AutoCloseable {
    private final EventLoop loop;
    private Runnable callback;
    private boolean referenced = true;

    Immediate(EventLoop loop, Runnable callback) {
        this.loop = loop;
        this.callback = callback;
        loop.retain();
    }

    /** Makes it keep the loop alive while it waits. */
    public synchronized Immediate ref() {
        if (!referenced) {
            referenced = true;
            if (callback != null) {
                loop.retain();
            }
        }
        return this;
    }

    /** Lets the program end without it. */
    public synchronized Immediate unref() {
        if (referenced) {
            referenced = false;
            if (callback != null) {
                loop.release();
            }
        }
        return this;
    }

    /** Returns whether it keeps the loop alive while it waits. */
    public synchronized boolean hasRef() {
        return referenced;
    }

    /** Cancels it if it has not run yet. */
    @Override
    public void close() {
        take();
    }

    /** Returns the callback the first time, then null. */
    synchronized Runnable take() {
        Runnable taken = callback;
        callback = null;
        if (taken != null && referenced) {
            loop.release();
        }
        return taken;
    }
}
