package io.github.securepair.net;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Timer;
import io.github.securepair.internal.transport.Transport;

/**
 * The timer behind {@link Socket#setTimeout}: goes off when nothing was read or written for so
 * long, and again each time. On the loop.
 */
final class IdleTimer {
    private final EventLoop loop;
    private long timeout = -1;
    private Timer timer;

    /** What waited for the kernel when this was last looked at; 0 when nothing is written. */
    private long lastWriteQueueSize;

    IdleTimer(EventLoop loop) {
        this.loop = loop;
    }

    /** Returns what {@link #set} was given, or -1. */
    long timeout() {
        return timeout;
    }

    /** Starts it, or with 0 stops it. */
    void set(long milliseconds, Runnable onIdle) {
        timeout = milliseconds;
        stop();
        if (milliseconds != 0) {
            timer = loop.setTimeout(onIdle, milliseconds).unref();
        }
    }

    void refresh() {
        if (timer != null) {
            timer.refresh();
        }
    }

    void stop() {
        if (timer != null) {
            timer.close();
            timer = null;
        }
    }

    /** A write of so many bytes waits for the kernel; 0: none does. */
    void setWriteQueueSize(long bytes) {
        lastWriteQueueSize = bytes;
    }

    /** Returns whether a long write has made progress since the last look: that is traffic. */
    boolean isWriteProgressing(Transport transport) {
        if (lastWriteQueueSize == 0 || transport == null) {
            return false;
        }
        long waiting = transport.writeQueueSize();
        boolean progress = lastWriteQueueSize != waiting;
        lastWriteQueueSize = waiting;
        return progress;
    }
}
