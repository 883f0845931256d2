package io.github.securepair.tls;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Timer;

/**
 * Bounds how long a handshake, or the answer to a request for a certificate, may take. On the loop.
 */
final class HandshakeTimer {
    private final EventLoop loop;
    private final long milliseconds;
    private final Runnable expired;
    private Timer timer;

    /**
     * Makes one that does not run.
     *
     * @param milliseconds 0 for no bound
     */
    HandshakeTimer(EventLoop loop, long milliseconds, Runnable expired) {
        this.loop = loop;
        this.milliseconds = milliseconds;
        this.expired = expired;
    }

    /** Starts it, from the beginning if it runs. It does not keep the loop alive. */
    void start() {
        stop();
        if (milliseconds > 0) {
            timer = loop.setTimeout(expired, milliseconds).unref();
        }
    }

    void stop() {
        if (timer != null) {
            timer.close();
            timer = null;
        }
    }
}
