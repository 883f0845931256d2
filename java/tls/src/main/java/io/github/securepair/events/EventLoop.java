package io.github.securepair.events;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.internal.Frames;
import io.github.securepair.internal.LoopThread;
import io.github.securepair.internal.NettyLoop;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One thread that runs callbacks one at a time, as Node's event loop does: timers, then input and
 * output, then immediates, then tasks from other threads, again and again. After each of these
 * callbacks the queue of {@link #nextTick} is emptied.
 *
 * <p>By default all of a program's emitters, streams and sockets share {@link #defaultLoop()}, so
 * that their callbacks need no locks. Methods of streams and sockets belong on their loop's thread;
 * {@link #execute} brings any other thread's work there, and {@link #run} runs a whole program on
 * it.
 *
 * <p>In Node nothing is emitted before the code that made a socket has returned, so that listeners
 * added after {@code connect()} miss nothing. On the loop that holds here too. A thread outside of
 * the loop gets a turn as well: what it begins there with {@code connect} or {@code listen}, or by
 * making a TLSSocket or a SecurePair, emits nothing before that thread waits for something, has
 * ended, or was found running 100 times, a millisecond or more apart, without adding a listener to
 * what it made (1,000 times while there is none for {@code 'error'}). So a thread that goes on
 * computing has its connections begin at least that much later, on a busy machine several times
 * that; forms that take the listeners with them, such as {@code TLS.connect(options, socket ->
 * ...)}, and those that return futures, begin at once.
 *
 * <p>The thread is a daemon. While there is work left (a referenced {@link Handle}, {@link Timer}
 * or {@link Immediate}, or a queued task) a second, sleeping thread keeps the JVM from ending.
 *
 * <p>As in Node a socket is such work while it reads, connects or has something to write, not by
 * being open: a program whose only socket is paused, or at the peer's end, ends.
 *
 * <p>What a callback throws goes to the handler for uncaught exceptions. The default one prints it
 * and ends the JVM with status 1, as Node does.
 */
public final class EventLoop implements Executor, AutoCloseable {
    private static final Object DEFAULT_LOCK = new Object();
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static volatile EventLoop defaultLoop;

    private final String name;
    private final Inside inside = new Inside();
    private final NettyLoop netty;
    private final KeepAliveThread keepAlive;
    private final Timers timers = new Timers(this);
    private final Turns turns = new Turns(this);
    private final ArrayDeque<Runnable> ticks = new ArrayDeque<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /**
     * Referenced handles, timers and immediates, and tasks that were executed but have not run yet.
     */
    private final AtomicInteger references = new AtomicInteger();

    /** Return true while something is busy that is no reference. On the loop thread. */
    private final Set<BooleanSupplier> watched = new HashSet<>();

    /** Whether one of them was busy at the end of the last round. */
    private volatile boolean busy;

    private ArrayDeque<Immediate> immediates = new ArrayDeque<>();
    private ArrayDeque<Immediate> spareImmediates = new ArrayDeque<>();
    private int depth;
    private volatile Consumer<Throwable> uncaught;
    private volatile BiConsumer<EventEmitter, Throwable> uncaughtFrom;

    /** The last exception that left an emit, and the outermost emitter. On the loop thread. */
    private Throwable blamed;

    private EventEmitter source;
    private volatile ManualClock manual;

    private EventLoop(String name) {
        this.name = name;
        this.keepAlive = new KeepAliveThread(name, () -> references.get() > 0 || busy);
        this.netty = new NettyLoop(inside, inside, name);
    }

    // ---- finding a loop -----------------------------------------------------------------------

    /**
     * Returns the loop that the whole program shares. It is made when first asked for, or again
     * after it was closed.
     */
    public static EventLoop defaultLoop() {
        EventLoop loop = defaultLoop;
        if (loop == null || loop.isClosing()) {
            synchronized (DEFAULT_LOCK) {
                loop = defaultLoop;
                if (loop == null || loop.isClosing()) {
                    loop = new EventLoop("securepair-loop");
                    defaultLoop = loop;
                }
            }
        }
        return loop;
    }

    /** Returns the loop whose thread this is, or {@code null}. */
    public static EventLoop current() {
        return Thread.currentThread() instanceof LoopThread thread
                ? ((Inside) thread.frames()).loop()
                : null;
    }

    /**
     * Returns the loop whose thread this is, else the default loop: what a new stream belongs to.
     */
    public static EventLoop currentOrDefault() {
        EventLoop loop = current();
        return loop != null ? loop : defaultLoop();
    }

    /** Makes a loop of its own. It is not the default for anything. */
    public static EventLoop create() {
        return new EventLoop("securepair-loop-" + NUMBERS.incrementAndGet());
    }

    /** Makes loops to spread connections over, as many as asked for. */
    public static EventLoopGroup group(int size) {
        if (size < 1) {
            throw ArgumentException.outOfRange("size", ">= 1", size);
        }
        List<EventLoop> loops = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            loops.add(create());
        }
        return new EventLoopGroup(loops);
    }

    /**
     * Runs a program as Node runs a script: on the default loop, from start to end before any event
     * is delivered; then waits until no work is left. For {@code main} methods.
     */
    public static void run(Runnable program) {
        EventLoop loop = defaultLoop();
        loop.execute(program);
        try {
            loop.awaitIdle();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- work ---------------------------------------------------------------------------------

    /** Queues a task from any thread. Tasks run in order, each as a callback of its own. */
    @Override
    public void execute(Runnable task) {
        Objects.requireNonNull(task);
        retain();
        try {
            netty.execute(() -> {
                release();
                makeCallback(task);
            });
        } catch (RejectedExecutionException closing) {
            release();
            throw closing;
        }
    }

    /**
     * Queues a task and returns its result; what it throws completes the future and is not
     * uncaught.
     */
    public <T> CompletableFuture<T> submit(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        execute(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable thrown) {
                result.completeExceptionally(thrown);
            }
        });
        return result;
    }

    /**
     * Queues a callback to run when the current callback has returned, before anything else happens
     * on the loop (Node's {@code process.nextTick}). From another thread it is the same as
     * {@link #execute}.
     */
    public void nextTick(Runnable callback) {
        Objects.requireNonNull(callback);
        if (inLoop()) {
            ticks.add(callback);
        } else {
            execute(callback);
        }
    }

    /** Queues a callback to run after the input and output of this round. */
    public Immediate setImmediate(Runnable callback) {
        Immediate immediate = new Immediate(this, Objects.requireNonNull(callback));
        runInLoop(() -> immediates.add(immediate));
        return immediate;
    }

    /** Cancels an immediate; {@code null} is ignored. */
    public void clearImmediate(Immediate immediate) {
        if (immediate != null) {
            immediate.close();
        }
    }

    /**
     * Calls back once after a delay in milliseconds; as in Node one below 1 or above 2^31 - 1
     * counts as 1.
     */
    public Timer setTimeout(Runnable callback, long delay) {
        return start(callback, delay, false);
    }

    /**
     * Calls back again and again, with this delay between the start of one call and the next, or
     * more.
     */
    public Timer setInterval(Runnable callback, long delay) {
        return start(callback, delay, true);
    }

    /** Cancels a timer of either kind; {@code null} is ignored. */
    public void clear(Timer timer) {
        if (timer != null) {
            timer.close();
        }
    }

    /** Does what {@link #clear} does. */
    public void clearTimeout(Timer timer) {
        clear(timer);
    }

    /** Does what {@link #clear} does. */
    public void clearInterval(Timer timer) {
        clear(timer);
    }

    /**
     * Runs a callback now, as one from outside the program: what it throws is uncaught, and when it
     * returns the tick queue is emptied. Inside another callback it is a plain call. On the loop
     * thread only.
     */
    public void makeCallback(Runnable callback) {
        if (!inLoop()) {
            throw new IllegalStateException(
                    "makeCallback() belongs on the loop's thread; use execute()");
        }
        if (depth > 0) {
            callback.run();
            return;
        }
        enter();
        try {
            callback.run();
        } catch (Throwable thrown) {
            uncaught(thrown);
        } finally {
            leave();
        }
    }

    // ---- state --------------------------------------------------------------------------------

    /** Returns whether this thread is the loop's. */
    public boolean inLoop() {
        return Thread.currentThread() instanceof LoopThread thread && thread.frames() == inside;
    }

    /** Returns whether work is left: something referenced is open, or a callback is queued. */
    public boolean alive() {
        return references.get() > 0
                || (inLoop() ? !ticks.isEmpty() || isBusy() : keepAlive.isPublished());
    }

    /** Returns whether something that is watched is busy; what is not is forgotten. */
    private boolean isBusy() {
        for (Iterator<BooleanSupplier> each = watched.iterator(); each.hasNext(); each.remove()) {
            if (each.next().getAsBoolean()) {
                return true;
            }
        }
        return false;
    }

    /** Waits until no work is left. Not on the loop thread. */
    public void awaitIdle() throws InterruptedException {
        awaitIdle(Long.MAX_VALUE);
    }

    /**
     * Waits until no work is left, at most this many milliseconds. Not on the loop thread.
     *
     * @return whether the loop is idle
     */
    public boolean awaitIdle(long milliseconds) throws InterruptedException {
        if (inLoop()) {
            throw new IllegalStateException(
                    "awaitIdle() cannot be called on the loop it waits for");
        }
        return keepAlive.await(milliseconds);
    }

    /** Makes a referenced handle: the loop counts as alive until it is closed or unreferenced. */
    public Handle handle() {
        return new Handle(this);
    }

    /** Returns the loop's time in milliseconds, from an arbitrary start and never going back. */
    public long now() {
        ManualClock clock = manual;
        return clock != null ? clock.now() : NettyLoop.time() / 1_000_000;
    }

    /** Takes the loop's timers off real time, for tests. */
    public ManualClock manualClock() {
        if (manual == null) {
            manual = new ManualClock(this, now());
        }
        return manual;
    }

    /**
     * Replaces the handler for what callbacks throw. {@link EventLoopGroup#onUncaughtException}
     * does it for several loops.
     *
     * @param handler called on the loop thread; {@code null} restores the default. When it throws
     *     itself, that is printed and the JVM ends with status 7, as Node does.
     */
    public void onUncaughtException(Consumer<Throwable> handler) {
        uncaughtFrom = null;
        uncaught = handler;
    }

    /**
     * The same, with the emitter whose listener threw: of several inside each other the outermost,
     * which for events from the wire is the connection; {@code null} when no listener was involved.
     *
     * <p>As in Node a connection whose listener threw stays open and goes on with its next event. A
     * service that would rather not keep what may be half done destroys it here:
     *
     * <pre>{@code
     * loop.onUncaughtExceptionFrom((source, error) -> {
     *     log(error);
     *     if (source instanceof Socket socket) {
     *         socket.destroy();
     *     }
     * });
     * }</pre>
     */
    public void onUncaughtExceptionFrom(BiConsumer<EventEmitter, Throwable> handler) {
        uncaught = null;
        uncaughtFrom = handler;
    }

    /** Returns the handler that {@link #onUncaughtException} set last, or {@code null}. */
    public Consumer<Throwable> uncaughtExceptionHandler() {
        return uncaught;
    }

    /** Returns the name of the loop's thread. */
    public String name() {
        return name;
    }

    /**
     * Ends the loop: what was queued runs, open connections are closed by the transport, then the
     * thread ends. Any thread; does not wait, see {@link #closed}.
     */
    @Override
    public void close() {
        netty.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** Completes when the loop's thread has ended after {@link #close}. */
    public CompletableFuture<Void> closed() {
        return closed;
    }

    @Override
    public String toString() {
        return "EventLoop[" + name + "]";
    }

    // ---- inside -------------------------------------------------------------------------------

    boolean isClosing() {
        return netty.isShuttingDown();
    }

    NettyLoop netty() {
        return netty;
    }

    Timers timers() {
        return timers;
    }

    Turns turns() {
        return turns;
    }

    void runInLoop(Runnable task) {
        if (inLoop()) {
            task.run();
        } else {
            execute(task);
        }
    }

    void retain() {
        if (references.getAndIncrement() == 0 && !inLoop()) {
            keepAlive.update();
        }
    }

    void release() {
        if (references.decrementAndGet() == 0 && !inLoop()) {
            try {
                // Have the loop see for itself that it is idle.
                netty.execute(() -> {});
            } catch (RejectedExecutionException ended) {
                // Then it is.
            }
        }
    }

    /** Has the loop do something that is pointless once it has ended. */
    void runIfOpen(Runnable task) {
        if (inLoop()) {
            task.run();
            return;
        }
        try {
            execute(task);
        } catch (RejectedExecutionException ended) {
            // Nothing of this loop will ever run again.
        }
    }

    private Timer start(Runnable callback, long delay, boolean repeats) {
        Timer timer =
                new Timer(timers, Objects.requireNonNull(callback), Timers.delayOf(delay), repeats);
        runInLoop(() -> {
            if (!timer.isClosed()) {
                timers.insert(timer);
            }
        });
        return timer;
    }

    private void enter() {
        depth++;
    }

    private void leave() {
        if (depth == 1) {
            drainTicks();
        }
        depth--;
    }

    private void drainTicks() {
        Runnable tick;
        while ((tick = ticks.poll()) != null) {
            try {
                tick.run();
            } catch (Throwable thrown) {
                uncaught(thrown);
            }
        }
    }

    /** Called by each emitter that an exception passes through, the innermost first. */
    void blame(EventEmitter emitter, Throwable thrown) {
        blamed = thrown;
        source = emitter;
    }

    private void uncaught(Throwable thrown) {
        Throwable shown = thrown;
        int status = 1;
        EventEmitter from = blamed == thrown ? source : null;
        blamed = null;
        source = null;
        Consumer<Throwable> handler = uncaught;
        BiConsumer<EventEmitter, Throwable> handlerFrom = uncaughtFrom;
        if (handler != null || handlerFrom != null) {
            boolean wrapped =
                    thrown instanceof UnhandledErrorException && thrown.getCause() != null;
            Throwable error = wrapped ? thrown.getCause() : thrown;
            try {
                if (handler != null) {
                    handler.accept(error);
                } else {
                    handlerFrom.accept(from, error);
                }
                return;
            } catch (Throwable second) {
                shown = second;
                status = 7;
            }
        }
        // With the wrapper of an unhandled 'error', whose stack shows where it was emitted.
        System.err.println("Uncaught exception on " + Thread.currentThread().getName() + ":");
        shown.printStackTrace();
        System.exit(status);
    }

    private void runImmediates() {
        if (immediates.isEmpty()) {
            return;
        }
        // Those added meanwhile wait for the next round.
        ArrayDeque<Immediate> due = immediates;
        immediates = spareImmediates;
        spareImmediates = due;
        Immediate immediate;
        while ((immediate = due.poll()) != null) {
            Runnable callback = immediate.take();
            if (callback != null) {
                makeCallback(callback);
            }
        }
    }

    /** What this loop hands to the thread and to the Netty loop that it makes. */
    private final class Inside implements Frames, NettyLoop.Phases {
        EventLoop loop() {
            return EventLoop.this;
        }

        // ---- for code on the loop's thread

        @Override
        public void enter() {
            EventLoop.this.enter();
        }

        @Override
        public void leave() {
            EventLoop.this.leave();
        }

        @Override
        public void uncaught(Throwable thrown) {
            if (depth > 1) {
                throw EventEmitter.unchecked(thrown);
            }
            EventLoop.this.uncaught(thrown);
        }

        @Override
        public void watch(BooleanSupplier busy) {
            watched.add(busy);
        }

        @Override
        public void unwatch(BooleanSupplier busy) {
            watched.remove(busy);
        }

        // ---- the phases

        @Override
        public void runTimers() {
            timers.run();
        }

        @Override
        public void runImmediates() {
            EventLoop.this.runImmediates();
        }

        @Override
        public boolean hasWork() {
            return !immediates.isEmpty() || !ticks.isEmpty();
        }

        @Override
        public long nanosToTimer(long time) {
            long expiry = manual != null ? -1 : timers.nextExpiry();
            return expiry < 0 ? Long.MAX_VALUE : Math.max(0, expiry * 1_000_000 - time);
        }

        @Override
        public void endOfRound() {
            if (!ticks.isEmpty()) {
                // Queued by the transport outside of any callback.
                EventLoop.this.enter();
                EventLoop.this.leave();
            }
            if (isClosing()) {
                turns.end();
            }
            busy = references.get() == 0 && isBusy();
            keepAlive.update();
        }

        @Override
        public void ended() {
            keepAlive.end();
            closed.complete(null);
        }
    }
}
