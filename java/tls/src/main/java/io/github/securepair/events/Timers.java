package io.github.securepair.events;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The timers of one loop, in Node's layout: one list per delay, each in order of expiry by construction, and a queue of
 * the lists by their first expiry. Starting, refreshing and closing a timer cost no search. Confined to the loop.
 */
final class Timers {
    /** The longest delay Node accepts; a longer one becomes 1 ms. */
    private static final long MAX_DELAY = Integer.MAX_VALUE;

    final EventLoop loop;
    private final Map<Long, Delay> lists = new HashMap<>();
    private final PriorityQueue<Delay> queue =
            new PriorityQueue<>(Comparator.<Delay>comparingLong(list -> list.expiry).thenComparingLong(l -> l.order));
    private long listsMade;

    Timers(EventLoop loop) {
        this.loop = loop;
    }

    /** Returns a delay as Node takes it: whole milliseconds from 1 to 2^31 - 1. */
    static long delayOf(long milliseconds) {
        return milliseconds >= 1 && milliseconds <= MAX_DELAY ? milliseconds : 1;
    }

    void insert(Timer timer) {
        timer.start = loop.now();
        Delay list = lists.get(timer.delay);
        if (list == null) {
            list = new Delay(timer.delay, listsMade++);
            lists.put(timer.delay, list);
        }
        list.append(timer);
        if (!list.queued) {
            list.expiry = timer.start + timer.delay;
            list.queued = true;
            queue.add(list);
        }
        timer.count();
    }

    void remove(Timer timer) {
        if (timer.list != null) {
            timer.list.unlink(timer);
            timer.count();
        }
    }

    /** Returns the loop time at which the first timer may be due, or -1. It may be early, after a refresh. */
    long nextExpiry() {
        Delay first;
        while ((first = queue.peek()) != null && first.head == null) {
            queue.poll();
            first.queued = false;
            lists.remove(first.milliseconds);
        }
        return first == null ? -1 : first.expiry;
    }

    /** Calls back what is due, each timer as a callback of its own. */
    void run() {
        if (queue.isEmpty()) {
            return;
        }
        long now = loop.now();
        long expiry;
        while ((expiry = nextExpiry()) >= 0 && expiry <= now) {
            run(queue.peek(), now);
            now = Math.max(now, loop.now());
        }
    }

    private void run(Delay list, long now) {
        boolean ranOne = false;
        while (list.head != null) {
            Timer timer = list.head;
            if (now - timer.start < timer.delay) {
                // Later ones of this list are later still; those added by the callbacks are not due either.
                long current = ranOne ? loop.now() : now;
                if (current - timer.start < timer.delay) {
                    requeue(list, Math.max(timer.start + timer.delay, now + 1));
                    return;
                }
                now = current;
            }
            ranOne = true;
            list.unlink(timer);
            if (!timer.repeats) {
                timer.count();
            }
            loop.makeCallback(timer.callback);
            if (timer.repeats && timer.list == null && !timer.isClosed()) {
                insert(timer);
            } else {
                timer.count();
            }
        }
        // Empty: nextExpiry takes it out.
    }

    private void requeue(Delay list, long expiry) {
        queue.remove(list);
        list.expiry = expiry;
        queue.add(list);
    }

    /** All timers of one delay. */
    static final class Delay {
        final long milliseconds;
        final long order;
        long expiry;
        boolean queued;
        Timer head;
        private Timer tail;

        Delay(long milliseconds, long order) {
            this.milliseconds = milliseconds;
            this.order = order;
        }

        void append(Timer timer) {
            timer.list = this;
            timer.previous = tail;
            if (tail == null) {
                head = timer;
            } else {
                tail.next = timer;
            }
            tail = timer;
        }

        void unlink(Timer timer) {
            if (timer.previous == null) {
                head = timer.next;
            } else {
                timer.previous.next = timer.next;
            }
            if (timer.next == null) {
                tail = timer.previous;
            } else {
                timer.next.previous = timer.previous;
            }
            timer.previous = null;
            timer.next = null;
            timer.list = null;
        }
    }
}
