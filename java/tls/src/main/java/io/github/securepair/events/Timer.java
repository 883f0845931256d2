package io.github.securepair.events;

/**
 * A timer made by {@link EventLoop#setTimeout} or {@link EventLoop#setInterval}. A new timer is
 * referenced: it keeps its loop alive until it has fired or was closed. Methods may be called on
 * any thread and take effect in order on the loop's.
 */
public final class Timer implements AutoCloseable {
    final Timers timers;
    final Runnable callback;
    final long delay;
    final boolean repeats;

    /** Loop time in milliseconds from which the delay counts. */
    long start;

    /** The list of equal delays this timer waits in, or null while it does not wait. */
    Timers.Delay list;

    Timer previous;
    Timer next;

    private volatile boolean referenced = true;
    private volatile boolean destroyed;
    private boolean counted;

    Timer(Timers timers, Runnable callback, long delay, boolean repeats) {
        this.timers = timers;
        this.callback = callback;
        this.delay = delay;
        this.repeats = repeats;
    }

    /** Makes the timer keep its loop alive while it is active. */
    public Timer ref() {
        referenced = true;
        timers.loop.runIfOpen(this::count);
        return this;
    }

    /** Lets the program end although the timer is active. */
    public Timer unref() {
        referenced = false;
        timers.loop.runIfOpen(this::count);
        return this;
    }

    /** Returns whether the timer keeps its loop alive while it is active. */
    public boolean hasRef() {
        return referenced;
    }

    /**
     * Starts the delay again from now, cheaply and without a new object; a timer that has fired
     * becomes active again. A closed timer stays closed.
     */
    public Timer refresh() {
        if (timers.loop.inLoop()) {
            refreshNow();
        } else {
            timers.loop.execute(this::refreshNow);
        }
        return this;
    }

    /** Cancels the timer for good. */
    @Override
    public void close() {
        destroyed = true;
        timers.loop.runIfOpen(() -> timers.remove(this));
    }

    /** Returns whether the timer was closed. */
    public boolean isClosed() {
        return destroyed;
    }

    private void refreshNow() {
        if (!destroyed) {
            timers.insert(this);
        }
    }

    /** Keeps the loop's count of references in step with this timer's state. On the loop thread. */
    void count() {
        boolean counts = referenced && list != null;
        if (counts != counted) {
            counted = counts;
            if (counts) {
                timers.loop.retain();
            } else {
                timers.loop.release();
            }
        }
    }
}
