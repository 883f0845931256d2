package io.github.securepair.engine.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.function.LongConsumer;

/**
 * Owns the address of a native object that one call at a time may use.
 *
 * <p>{@link #enter()} takes the handle for one native call and {@link #exit()} gives it back. A
 * call from a second thread, a call from inside a call and a call after {@link #close()} find it
 * taken and throw. close() while a call is running only marks the handle: the memory is freed by
 * the exit() of that call. So no order of public calls reaches freed memory. Forgotten handles are
 * freed by the cleaner's thread, which no call can race, since the object is unreachable then.
 *
 * <p>One atomic instruction on the way in; a plain field would let two threads into one SSL object.
 * None on the way out: exit() stores that the handle is idle and then looks for a close(). exit()
 * and close() may each miss the other's write until the store is visible, which takes less time
 * than close() goes on trying. Should both miss all the same, the next enter() or the cleaner
 * frees.
 */
public final class NativeHandle {
    private static final boolean TRACE = "handles".equals(System.getProperty("securepair.trace"));
    private static final Cleaner CLEANER = Cleaner.create();
    private static final VarHandle STATE;

    private static final int IDLE = 0;
    private static final int BUSY = 1;

    /** How often close() tries: some microseconds. */
    private static final int TRIES = 100;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(NativeHandle.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Frees the object; knows its address and nothing that could keep the handle reachable. */
    private static final class Release implements Runnable {
        private final long address;
        private final LongConsumer free;
        volatile boolean handedOver;
        volatile boolean done;

        Release(long address, LongConsumer free) {
            this.address = address;
            this.free = free;
        }

        @Override
        public void run() {
            done = true;
            if (!handedOver) {
                free.accept(address);
            }
        }
    }

    /** BUSY for ever once the object is freed or handed over. */
    private volatile int state = IDLE;

    private volatile boolean closed;
    private final long address;
    private final String name;
    private final Release release;
    private final Cleaner.Cleanable cleanable;
    private Throwable closedAt;

    /** Whether calls wait for those of other threads; the holder is stored only then. */
    private volatile boolean waits;

    private volatile Thread holder;

    /**
     * Takes over the object.
     *
     * @param name says what it is, in messages
     * @param free must not refer to the handle or its owner
     */
    public NativeHandle(long address, String name, LongConsumer free) {
        this.address = address;
        this.name = name;
        this.release = new Release(address, free);
        this.cleanable = register(this, release);
    }

    /** Registers the freeing of what {@code owner} owns; when even that fails, frees at once. */
    public static Cleaner.Cleanable register(Object owner, Runnable release) {
        try {
            return CLEANER.register(owner, release);
        } catch (Throwable e) {
            release.run();
            throw e;
        }
    }

    /** Takes the handle for one call, which must end with {@link #exit()}. Returns the address. */
    public long enter() {
        if (!STATE.compareAndSet(this, IDLE, BUSY) && !(waits && awaitTurn())) {
            throw refusal();
        }
        if (closed) {
            cleanable.clean();
            throw refusal();
        }
        if (waits) {
            holder = Thread.currentThread();
        }
        return address;
    }

    /**
     * From now on a call waits while another thread's is running, and throws only inside its own.
     * Throws inside a running call, since that call's thread was not recorded when it began.
     */
    public void waitForOtherThreads() {
        enter();
        waits = true;
        exit();
    }

    /** Yields instead of taking a lock: calls take microseconds, and each would pay for a lock. */
    private boolean awaitTurn() {
        do {
            if (isClosed() || holder == Thread.currentThread()) {
                return false;
            }
            Thread.yield();
        } while (!STATE.compareAndSet(this, IDLE, BUSY));
        return true;
    }

    /** Gives the handle back; frees the object when {@link #close()} came meanwhile. */
    public void exit() {
        if (waits) {
            holder = null;
        }
        STATE.setRelease(this, IDLE);
        if (closed) {
            freeIfIdle();
        }
        Reference.reachabilityFence(this);
    }

    private boolean freeIfIdle() {
        if (!STATE.compareAndSet(this, IDLE, BUSY)) {
            return false;
        }
        cleanable.clean();
        return true;
    }

    /** Frees the object now, or at the end of the call that runs. Any thread; again is fine. */
    public void close() {
        if (TRACE && closedAt == null) {
            closedAt = new Throwable(name + " closed here, by " + Thread.currentThread());
        }
        closed = true;
        for (int i = 0; i < TRIES && !release.done; i++) {
            if (freeIfIdle()) {
                return;
            }
            Thread.onSpinWait();
        }
    }

    /** Closes the handle without freeing the object, which is the caller's from now on. */
    public long handOver() {
        if (closed || !STATE.compareAndSet(this, IDLE, BUSY)) {
            throw refusal();
        }
        release.handedOver = true;
        closed = true;
        cleanable.clean();
        return address;
    }

    /** Whether {@link #close()} or {@link #handOver()} was called. */
    public boolean isClosed() {
        return closed;
    }

    private IllegalStateException refusal() {
        if (isClosed()) {
            return new IllegalStateException(name + " is closed", closedAt);
        }
        return new IllegalStateException(name
                + " is in use: a call came from inside another call, or from a second"
                + " thread at the same time");
    }
}
