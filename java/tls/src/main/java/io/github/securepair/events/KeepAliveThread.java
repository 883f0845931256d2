package io.github.securepair.events;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Keeps the JVM from ending while a loop has work: a thread that is not a daemon and sleeps so
 * long. While the loop is in the middle of a round {@link #isPublished} lags behind the count of
 * its references, so that handles may be opened and closed without a thread starting.
 */
final class KeepAliveThread implements Runnable {
    private final String name;
    private final BooleanSupplier alive;
    private volatile boolean published;
    private Thread thread;
    private boolean ended;

    KeepAliveThread(String name, BooleanSupplier alive) {
        this.name = name;
        this.alive = alive;
    }

    boolean isPublished() {
        return published;
    }

    void update() {
        if (published == alive.getAsBoolean()) {
            return;
        }
        synchronized (this) {
            // Read again: another thread may have queued a task since.
            published = alive.getAsBoolean() && !ended;
            if (published && thread == null) {
                thread = new Thread(this, name + "-keeper");
                thread.setDaemon(false);
                thread.start();
            }
            notifyAll();
        }
    }

    synchronized void end() {
        ended = true;
        published = false;
        notifyAll();
    }

    @Override
    public synchronized void run() {
        while (published) {
            try {
                wait();
            } catch (InterruptedException ignored) {
                // Only the state of the loop ends this thread.
            }
        }
        thread = null;
    }

    synchronized boolean await(long milliseconds) throws InterruptedException {
        long end =
                System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.min(milliseconds, 1L << 40));
        while (published) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }
}
