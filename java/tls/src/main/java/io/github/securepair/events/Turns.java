package io.github.securepair.events;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * What other threads have begun on a loop, held back until each had its turn to add listeners.
 *
 * <p>In Node nothing is emitted before the code that made a socket has returned to the loop. A
 * thread outside of the loop never returns to it, so its turn is over when it has ended, when it
 * waits for something (a latch, a future, a queue, sleep, the network or the terminal; not for a
 * lock, which is soon free), or when it has run on for {@link #QUIET} looks without adding a
 * listener to what it made, {@link #LONGEST} without one for {@code 'error'}. Looks are counted,
 * not time: a program that gets no processor, or stands in the debugger, loses nothing, because the
 * loop does not look meanwhile either.
 *
 * <p>Confined to the loop.
 */
final class Turns {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int QUIET = 100;
    private static final int LONGEST = 1000;

    /** A thread must be found waiting so often in a row: it may be loading a class. */
    private static final int WAITS = 2;

    /**
     * A thread must be found twice in a system call, because that may be a short one: first after
     * so many looks without anything new begun, then after twice as many each time. A stack trace
     * is expensive: before JDK 21 all threads of the JVM stop for it, later the loop waits until
     * the thread has a processor.
     */
    private static final int CALL = 10;

    private final EventLoop loop;
    private final Map<Thread, Maker> makers = new LinkedHashMap<>();

    Turns(EventLoop loop) {
        this.loop = loop;
    }

    /**
     * Returns what runs tasks on {@code loop} after the turn of the calling thread, which is not
     * the loop's.
     *
     * @param made what the tasks make events of: the thread is given more time while it goes on
     *     adding listeners to it
     */
    static Executor of(EventLoop loop, EventEmitter made) {
        EventLoop own = EventLoop.current();
        if (own != null) {
            // The turn is the callback that runs there now.
            return task -> afterCallback(own, loop, task);
        }
        Thread maker = Thread.currentThread();
        return task -> loop.runInLoop(() -> loop.turns().hold(maker, made, task));
    }

    private static void afterCallback(EventLoop own, EventLoop loop, Runnable task) {
        Handle waiting = loop.handle();
        Runnable later = () -> {
            try {
                loop.execute(task);
            } catch (RejectedExecutionException ended) {
                // Nothing of that loop will ever run again.
            } finally {
                waiting.close();
            }
        };
        try {
            own.nextTick(later);
        } catch (RejectedExecutionException ended) {
            later.run();
        }
    }

    private void hold(Thread thread, EventEmitter made, Runnable task) {
        if (loop.isClosing() || !makers.containsKey(thread) && !thread.isAlive()) {
            loop.makeCallback(task);
            return;
        }
        if (makers.isEmpty()) {
            lookLater();
        }
        makers.computeIfAbsent(thread, any -> new Maker(thread))
                .hold(new Held(made, task, loop.handle()));
    }

    private void lookLater() {
        loop.netty().schedule(this::look, LOOK_NANOS, TimeUnit.NANOSECONDS);
    }

    /** The loop ends: what was begun is run, and finds that out. */
    void end() {
        while (!makers.isEmpty()) {
            List<Held> due = new ArrayList<>();
            makers.values().forEach(maker -> due.addAll(maker.held));
            makers.clear();
            run(due);
        }
    }

    private void look() {
        List<Held> due = new ArrayList<>();
        for (Iterator<Maker> each = makers.values().iterator(); each.hasNext(); ) {
            Maker maker = each.next();
            maker.look(due);
            if (maker.held.isEmpty()) {
                each.remove();
            }
        }
        // Before the tasks run: one of them may hold something back again.
        if (!makers.isEmpty()) {
            lookLater();
        }
        run(due);
    }

    private void run(List<Held> due) {
        for (Held each : due) {
            loop.makeCallback(each.task);
            each.alive.close();
        }
    }

    /** A thread and what it has begun, in order. */
    private static final class Maker {
        final Thread thread;
        final ArrayDeque<Held> held = new ArrayDeque<>();
        private int waits;
        /** Looks since the thread has begun something. */
        private int looks;

        private int nextCall = CALL;
        private boolean inCall;

        Maker(Thread thread) {
            this.thread = thread;
        }

        void look(List<Held> due) {
            waits = isWaiting() ? waits + 1 : 0;
            if (waits >= WAITS || staysInCall() || !thread.isAlive()) {
                due.addAll(held);
                held.clear();
                return;
            }
            held.forEach(Held::look);
            while (!held.isEmpty() && held.peek().isDue()) {
                due.add(held.poll());
            }
        }

        void hold(Held begun) {
            held.add(begun);
            looks = 0;
            nextCall = CALL;
            inCall = false;
        }

        private boolean staysInCall() {
            if (++looks < nextCall) {
                return false;
            }
            nextCall *= 2;
            boolean before = inCall;
            inCall = waits == 0 && isInCall();
            return before && inCall;
        }

        private boolean isWaiting() {
            return switch (thread.getState()) {
                case WAITING, TIMED_WAITING -> !isLock(LockSupport.getBlocker(thread));
                default -> false;
            };
        }

        /**
         * Whether the thread is in a system call of those that wait; the JVM calls that running.
         */
        private boolean isInCall() {
            StackTraceElement[] stack = thread.getStackTrace();
            if (stack.length == 0 || !stack[0].isNativeMethod()) {
                return false;
            }
            String in = stack[0].getClassName();
            return in.startsWith("sun.nio.ch.")
                    || in.startsWith("java.net.")
                    || in.startsWith("java.io.FileInputStream")
                    || in.startsWith("io.netty.channel.");
        }

        /** Whether what a thread waits for is one of the JDK's locks. */
        private static boolean isLock(Object blocker) {
            Class<?> of = blocker == null ? null : blocker.getClass().getEnclosingClass();
            return of != null
                    && (Lock.class.isAssignableFrom(of)
                            || ReadWriteLock.class.isAssignableFrom(of));
        }
    }

    /** One thing that was begun. */
    private static final class Held {
        final Runnable task;
        final Handle alive;
        private final EventEmitter made;
        private int listeners = -1;
        private int quiet;
        private int age;

        Held(EventEmitter made, Runnable task, Handle alive) {
            this.made = made;
            this.task = task;
            this.alive = alive;
        }

        void look() {
            int now = made.listenerTotal();
            quiet = now == listeners ? quiet + 1 : 0;
            listeners = now;
            age++;
        }

        boolean isDue() {
            return age >= LONGEST || quiet >= QUIET && made.listenerCount(EventEmitter.ERROR) > 0;
        }
    }
}
