package io.github.securepair.internal;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.transport.QuietEpoll;
import io.github.securepair.internal.transport.ReadFirstNio;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.util.concurrent.FastThreadLocalThread;

import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * The door between {@link EventLoop} and Netty, for this module's own packages. Code of the
 * transport runs on the very thread of the loop; when it calls the program it does so between
 * {@link #enter} and {@link #leave}:
 *
 * <pre>{@code
 * Netty.enter(loop);
 * try {
 *     socket.push(chunk);
 * } catch (Throwable thrown) {
 *     Netty.uncaught(loop, thrown);
 * } finally {
 *     Netty.leave(loop);
 * }
 * }</pre>
 */
public final class Netty {
    private static final long START = System.nanoTime();
    private static final boolean EPOLL = chooseEpoll();
    private static volatile Access access;

    private Netty() {}

    /**
     * Tells whether loops use the native epoll transport, else NIO.
     * {@code -Dsecurepair.transport=nio} forbids it.
     */
    public static boolean epoll() {
        return EPOLL;
    }

    /** Returns the Netty loop to register channels with. */
    public static Loop eventLoop(EventLoop loop) {
        return access.netty(loop);
    }

    /** Begins a callback into the program. On the loop thread; may be nested. */
    public static void enter(EventLoop loop) {
        access.enter(loop);
    }

    /** Ends a callback: the outermost one empties the tick queue. */
    public static void leave(EventLoop loop) {
        access.leave(loop);
    }

    /**
     * Hands on what a callback threw: to the loop's handler, or from a nested callback to the one
     * around it.
     */
    public static void uncaught(EventLoop loop, Throwable thrown) {
        access.uncaught(loop, thrown);
    }

    /**
     * Returns the turn of the calling thread, one that is not the loop's. What this thread begins
     * on the loop, where it would emit events, waits for the end of the turn.
     */
    public static Turn turn(EventLoop loop) {
        return access.turn(loop);
    }

    /**
     * Notes that an emitter was made in this turn: an {@code 'error'} that would be unheard waits
     * for its end.
     */
    public static void madeIn(EventEmitter made, Turn turn) {
        access.madeIn(made, turn);
    }

    /** Names the emitter that the loop's handler shall get with an exception. On the loop. */
    public static void blame(EventLoop loop, EventEmitter source, Throwable thrown) {
        access.blame(loop, source, thrown);
    }

    /**
     * Has the loop stay alive while {@code busy} says so. It is asked only when nothing else keeps
     * the loop alive, at the end of a round, and forgotten when it says no. On the loop.
     */
    public static void watch(EventLoop loop, BooleanSupplier busy) {
        access.watch(loop, busy);
    }

    /** Ends {@link #watch}. On the loop. */
    public static void unwatch(EventLoop loop, BooleanSupplier busy) {
        access.unwatch(loop, busy);
    }

    /** Returns nanoseconds since the program's start of time. */
    public static long nanoTime() {
        return System.nanoTime() - START;
    }

    /** Gives this class its way into {@link EventLoop}; called once by that class. */
    public static void setAccess(Access given) {
        access = given;
    }

    /** Starts nothing yet: the thread begins with the first task or channel. */
    public static Loop open(EventLoop loop, String name) {
        IoHandlerFactory factory = EPOLL ? QuietEpoll.newFactory() : ReadFirstNio.newFactory();
        return new Loop(loop, task -> new LoopThread(loop, task, name).start(), factory);
    }

    private static boolean chooseEpoll() {
        String asked = System.getProperty("securepair.transport", "auto");
        return switch (asked) {
            case "nio" -> false;
            case "epoll" -> {
                Epoll.ensureAvailability();
                yield true;
            }
            default -> Epoll.isAvailable();
        };
    }

    /** What {@link EventLoop} lets this module do. */
    public interface Access {
        Loop netty(EventLoop loop);

        void enter(EventLoop loop);

        void leave(EventLoop loop);

        void uncaught(EventLoop loop, Throwable thrown);

        Turn turn(EventLoop loop);

        void madeIn(EventEmitter made, Turn turn);

        void blame(EventLoop loop, EventEmitter source, Throwable thrown);

        void watch(EventLoop loop, BooleanSupplier busy);

        void unwatch(EventLoop loop, BooleanSupplier busy);

        void runTimers(EventLoop loop);

        void runImmediates(EventLoop loop);

        boolean hasWork(EventLoop loop);

        long nanosToTimer(EventLoop loop, long nanoTime);

        void endOfRound(EventLoop loop);

        void ended(EventLoop loop);
    }

    /** The thread of a loop. */
    public static final class LoopThread extends FastThreadLocalThread {
        private final EventLoop loop;

        LoopThread(EventLoop loop, Runnable task, String name) {
            super(task, name);
            this.loop = loop;
            setDaemon(true);
        }

        /** When this returns, Netty's loop has ended for good. */
        @Override
        public void run() {
            try {
                super.run();
            } finally {
                access.ended(loop);
            }
        }

        /** Returns the loop this thread belongs to. */
        public EventLoop loop() {
            return loop;
        }
    }

    /** Netty's loop with the phases of Node's. */
    public static final class Loop extends SingleThreadIoEventLoop {
        /** How long tasks may run before input and output get their turn again, in nanoseconds. */
        private static final long TASK_QUANTUM = 1_000_000_000L;

        private final EventLoop loop;

        Loop(EventLoop loop, Executor executor, IoHandlerFactory factory) {
            super(null, executor, factory);
            this.loop = loop;
        }

        @Override
        protected void run() {
            ioHandler().initialize();
            boolean prepared = false;
            do {
                access.runTimers(loop);
                runIo();
                if (isShuttingDown()) {
                    ioHandler().prepareToDestroy();
                    prepared = true;
                }
                access.runImmediates(loop);
                runAllTasks(TASK_QUANTUM);
                access.endOfRound(loop);
            } while (!confirmShutdown());
            if (!prepared) {
                // The loop was closed by a callback of this round: its channels are still open.
                ioHandler().prepareToDestroy();
                runAllTasks();
                access.endOfRound(loop);
            }
        }

        /** Immediates and ticks forbid the transport to block. */
        @Override
        protected boolean hasTasks() {
            return super.hasTasks() || access.hasWork(loop);
        }

        @Override
        protected long delayNanos(long currentTimeNanos) {
            return Math.min(
                    super.delayNanos(currentTimeNanos),
                    access.nanosToTimer(loop, Netty.nanoTime()));
        }

        @Override
        protected long deadlineNanos() {
            long own = super.deadlineNanos();
            long delay = access.nanosToTimer(loop, Netty.nanoTime());
            if (delay == Long.MAX_VALUE) {
                return own;
            }
            long timer = ticker().nanoTime() + delay;
            return own == -1 ? timer : Math.min(own, timer);
        }
    }
}
