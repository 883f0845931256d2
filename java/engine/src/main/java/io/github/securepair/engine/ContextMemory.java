package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets the native memory of contexts press the garbage collector. A forgotten {@link SecureContext}
 * is some hundred bytes to it and up to megabytes of OpenSSL's, so a program that forgets many
 * fills the machine while its heap is almost empty.
 *
 * <p>When contexts take more than a limit - {@value #FLOOR} bytes, later twice what was left after
 * the last time - and one more is made, the collector is asked to run ({@link System#gc()}) and the
 * cleaner gets a moment. At most once in {@value #SECONDS} seconds, unless the former time freed
 * much. A program that closes its contexts, or keeps a steady number of them, is never slowed down:
 * one with a gigabyte of living contexts has seen it four times. With
 * {@code -XX:+DisableExplicitGC} nothing happens.
 */
final class ContextMemory {
    /** In bytes. */
    private static final long FLOOR = 64L << 20;

    private static final long SECONDS = 10;

    /** How long the cleaner may take, in milliseconds, while it makes progress. */
    private static final long PATIENCE = 200;

    private static volatile long limit = FLOOR;
    private static boolean before;
    private static boolean helped;
    private static long lastTime;

    private ContextMemory() {}

    /** To be called before a context is made. Any thread. */
    static void check() {
        if (held() > limit) {
            press();
        }
    }

    private static long held() {
        return Glue.sp_library_live(Glue.SP_LIVE_BYTES);
    }

    private static synchronized void press() {
        long held = held();
        if (held <= limit || !mayPress()) {
            return;
        }
        System.gc();
        long left = awaitCleaner(held);
        before = true;
        helped = left < held - held / 4;
        lastTime = System.nanoTime();
        limit = Math.max(FLOOR, 2 * left);
    }

    private static boolean mayPress() {
        return !before
                || helped
                || System.nanoTime() - lastTime > TimeUnit.SECONDS.toNanos(SECONDS);
    }

    /** Returns what is held once the cleaner frees no more. */
    private static long awaitCleaner(long held) {
        long left = held;
        int still = 0;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
        while (still < 10 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            long now = held();
            still = now < left ? 0 : still + 1;
            left = now;
        }
        return left;
    }
}
