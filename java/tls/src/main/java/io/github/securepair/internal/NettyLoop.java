package io.github.securepair.internal;

import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;

import java.util.concurrent.Executor;

/**
 * Netty's loop with the phases of Node's. The thread begins with the first task or channel, and is
 * a {@link LoopThread}.
 */
public final class NettyLoop extends SingleThreadIoEventLoop {
    private static final long START = System.nanoTime();
    private static final boolean EPOLL = chooseEpoll();

    /** How long tasks may run before input and output get their turn again, in nanoseconds. */
    private static final long TASK_QUANTUM = 1_000_000_000L;

    private final Phases phases;

    /**
     * Makes a loop.
     *
     * @param phases what the owner does in a round
     * @param frames what code on the loop's thread may do with the owner
     * @param name of the thread
     */
    public NettyLoop(Phases phases, Frames frames, String name) {
        this(new Starter(phases, frames, name), phases);
    }

    private NettyLoop(Starter starter, Phases phases) {
        super(
                null,
                starter,
                EPOLL ? PausableEpollHandler.newFactory() : ReadFirstNioHandler.newFactory());
        this.phases = phases;
        starter.netty = this;
    }

    /** Returns the loop whose thread this is. Throws on any other thread. */
    public static NettyLoop current() {
        return LoopThread.current().netty();
    }

    /**
     * Returns whether loops use the native epoll transport, else NIO.
     * {@code -Dsecurepair.transport=nio} forbids it.
     */
    public static boolean usesEpoll() {
        return EPOLL;
    }

    private static boolean chooseEpoll() {
        String wanted = System.getProperty("securepair.transport", "auto");
        return switch (wanted) {
            case "nio" -> false;
            case "epoll" -> {
                Epoll.ensureAvailability();
                yield true;
            }
            default -> Epoll.isAvailable();
        };
    }

    /** Returns the time in nanoseconds since this class was loaded; all loops count from there. */
    public static long time() {
        return System.nanoTime() - START;
    }

    @Override
    protected void run() {
        ioHandler().initialize();
        boolean prepared = false;
        do {
            phases.runTimers();
            runIo();
            if (isShuttingDown()) {
                ioHandler().prepareToDestroy();
                prepared = true;
            }
            phases.runImmediates();
            runAllTasks(TASK_QUANTUM);
            phases.endOfRound();
        } while (!confirmShutdown());
        if (!prepared) {
            // The loop was closed by a callback of this round: its channels are still open.
            ioHandler().prepareToDestroy();
            runAllTasks();
            phases.endOfRound();
        }
    }

    /** Immediates and ticks forbid the transport to block. */
    @Override
    protected boolean hasTasks() {
        return super.hasTasks() || phases.hasWork();
    }

    @Override
    protected long delayNanos(long currentTimeNanos) {
        return Math.min(super.delayNanos(currentTimeNanos), phases.nanosToTimer(time()));
    }

    @Override
    protected long deadlineNanos() {
        long own = super.deadlineNanos();
        long delay = phases.nanosToTimer(time());
        if (delay == Long.MAX_VALUE) {
            return own;
        }
        long timer = ticker().nanoTime() + delay;
        return own == -1 ? timer : Math.min(own, timer);
    }

    /** What the owner of a loop does in each round, on the loop's thread. */
    public interface Phases {
        /** Runs the timers that are due. */
        void runTimers();

        /** Runs the immediates that were set before this phase. */
        void runImmediates();

        /** Returns whether an immediate or a tick waits. */
        boolean hasWork();

        /** Returns the time until the next timer, 0 when it is due, MAX_VALUE without one. */
        long nanosToTimer(long time);

        /** Input, output and tasks of this round are done. */
        void endOfRound();

        /** The thread has ended. */
        void ended();
    }

    /** Starts the loop's thread; Netty calls it with the first task. */
    private static final class Starter implements Executor {
        private final Phases phases;
        private final Frames frames;
        private final String name;
        private NettyLoop netty;

        Starter(Phases phases, Frames frames, String name) {
            this.phases = phases;
            this.frames = frames;
            this.name = name;
        }

        @Override
        public void execute(Runnable task) {
            new LoopThread(netty, frames, task, phases::ended, name).start();
        }
    }
}
