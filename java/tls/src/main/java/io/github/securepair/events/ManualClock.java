package io.github.securepair.events;

import java.util.concurrent.CompletableFuture;

/**
 * Time that moves only by calls, for tests of time-outs: made by {@link EventLoop#manualClock}. The
 * loop's timers follow it from then on; input and output go on as before.
 */
public final class ManualClock {
    private final EventLoop loop;
    private volatile long now;

    ManualClock(EventLoop loop, long now) {
        this.loop = loop;
        this.now = now;
    }

    /** Returns the loop time in milliseconds. */
    public long now() {
        return now;
    }

    /**
     * Moves time forward, stopping at every timer on the way to run it. Returns when all have run
     * and the loop has done what they queued as ticks. Must be called off the loop thread.
     */
    public void advance(long milliseconds) {
        if (loop.inLoop()) {
            throw new IllegalStateException(
                    "advance() waits for the loop and cannot be called on it");
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            long target = now + milliseconds;
            step(target, done);
        });
        done.join();
    }

    /**
     * One expiry at a time, each in a turn of its own so that a callback's ticks run before the
     * next one.
     */
    private void step(long target, CompletableFuture<Void> done) {
        long expiry = loop.timers().nextExpiry();
        if (expiry < 0 || expiry > target) {
            now = target;
            done.complete(null);
            return;
        }
        now = Math.max(now, expiry);
        loop.netty().execute(() -> {
            loop.timers().run();
            step(target, done);
        });
    }
}
