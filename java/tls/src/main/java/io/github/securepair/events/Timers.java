package io.github.securepair.events;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The timers of one loop, in Node's layout: one list per delay, each in order of expiry by
 * construction, and a queue of the lists by their first expiry. Starting, refreshing and closing a
 * timer cost no search. Confined to the loop.
 */
final class Timers {
    /** The longest delay Node accepts; a longer one becomes 1 ms. */
    private static final long MAX_DELAY = Integer.MAX_VALUE;

    final EventLoop loop;
    private final Map<Long, Delay> lists = new HashMap<>();
    private final PriorityQueue<Delay> queue = new PriorityQueue<>(
            Comparator.<Delay>comparingLong(list -> list.expiry).thenComparingLong(l -> l.rank));

    /** Among lists that expire at the same time the one queued first goes first. */
    private long ranks;

    /** The list being called back: it stays where it is although it may be empty for a while. */
    private Delay running;

    Timers(EventLoop loop) {
        this.loop = loop;
    }

    /** Returns a delay as Node takes it: whole milliseconds from 1 to 2^31 - 1. */
    static long delayOf(long milliseconds) {
        return milliseconds >= 1 && milliseconds <= MAX_DELAY ? milliseconds : 1;
    }

    void insert(Timer timer) {
        insert(timer, loop.now());
    }

    private void insert(Timer timer, long start) {
        if (timer.list != null) {
            timer.list.unlink(timer);
        }
        timer.start = start;
        Delay list = lists.get(timer.delay);
        if (list == null) {
            list = new Delay(timer.delay, start + timer.delay, ranks++);
            lists.put(timer.delay, list);
            queue.add(list);
        }
        list.append(timer);
        timer.count();
    }

    void remove(Timer timer) {
        Delay list = timer.list;
        if (list != null) {
            list.unlink(timer);
            if (list.head == null && list != running) {
                lists.remove(list.milliseconds);
                queue.remove(list);
            }
            timer.count();
        }
    }

    /**
     * Returns the loop time at which the first timer may be due, or -1. It may be early, after a
     * refresh.
     */
    long nextExpiry() {
        Delay first = queue.peek();
        return first == null ? -1 : first.expiry;
    }

    /**
     * Calls back what is due now, each timer as a callback of its own. What they start waits for
     * the next round.
     */
    void run() {
        if (queue.isEmpty()) {
            return;
        }
        long now = loop.now();
        Delay first;
        while ((first = queue.peek()) != null && first.expiry <= now) {
            run(first, now);
        }
    }

    private void run(Delay list, long now) {
        running = list;
        try {
            Timer timer;
            while ((timer = list.head) != null) {
                if (now - timer.start < timer.delay) {
                    // Those behind it in the list are later still.
                    requeue(list, Math.max(timer.start + timer.delay, now + 1));
                    return;
                }
                list.unlink(timer);
                long start = timer.repeats ? loop.now() : 0;
                loop.makeCallback(timer.callback);
                if (timer.repeats && !timer.isClosed()) {
                    insert(timer, start);
                } else {
                    timer.count();
                }
            }
            lists.remove(list.milliseconds);
            queue.remove(list);
        } finally {
            running = null;
        }
    }

    private void requeue(Delay list, long expiry) {
        queue.remove(list);
        list.expiry = expiry;
        list.rank = ranks++;
        queue.add(list);
    }

    /** All timers of one delay. */
    static final class Delay {
        final long milliseconds;
        long expiry;
        long rank;
        Timer head;
        private Timer tail;

        Delay(long milliseconds, long expiry, long rank) {
            this.milliseconds = milliseconds;
            this.expiry = expiry;
            this.rank = rank;
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
