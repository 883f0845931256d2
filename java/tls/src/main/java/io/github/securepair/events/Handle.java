package io.github.securepair.events;

/**
 * Something open that keeps its {@link EventLoop} alive while it is referenced, as libuv's handles
 * do: a listening server, a socket, a child. A new handle is referenced. Methods may be called on
 * any thread.
 */
public final class Handle implements AutoCloseable {
    private final EventLoop loop;
    private boolean referenced = true;
    private boolean closed;

    Handle(EventLoop loop) {
        this.loop = loop;
        loop.retain();
    }

    /**
     * Makes the handle keep its loop alive. Does nothing when it already does, or when it is
     * closed.
     */
    public synchronized void ref() {
        if (!referenced) {
            referenced = true;
            if (!closed) {
                loop.retain();
            }
        }
    }

    /** Lets the program end although the handle is open. */
    public synchronized void unref() {
        if (referenced) {
            referenced = false;
            if (!closed) {
                loop.release();
            }
        }
    }

    /** Returns whether the handle is open and keeps its loop alive. */
    public synchronized boolean hasRef() {
        return referenced && !closed;
    }

    /** Returns whether {@link #close} was called. */
    public synchronized boolean isClosed() {
        return closed;
    }

    /** Ends the handle's hold on the loop, for good. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (referenced) {
                loop.release();
            }
        }
    }
}
