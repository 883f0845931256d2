package io.github.securepair.internal;

import io.netty.util.concurrent.FastThreadLocalThread;

/** The thread of a loop: how code that runs on it finds the loop. */
public final class LoopThread extends FastThreadLocalThread {
    private final Frames frames;
    private final NettyLoop netty;
    private final Runnable onEnd;

    LoopThread(NettyLoop netty, Frames frames, Runnable task, Runnable onEnd, String name) {
        super(task, name);
        this.frames = frames;
        this.netty = netty;
        this.onEnd = onEnd;
        setDaemon(true);
    }

    static LoopThread current() {
        if (Thread.currentThread() instanceof LoopThread thread) {
            return thread;
        }
        throw new IllegalStateException("not on a loop's thread: " + Thread.currentThread());
    }

    /** When this returns, Netty's loop has ended for good. */
    @Override
    public void run() {
        try {
            super.run();
        } finally {
            onEnd.run();
        }
    }

    /** Returns what its loop lets this module do. */
    public Frames frames() {
        return frames;
    }

    NettyLoop netty() {
        return netty;
    }
}
