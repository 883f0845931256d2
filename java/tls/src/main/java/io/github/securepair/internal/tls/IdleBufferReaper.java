package io.github.securepair.internal.tls;

import io.github.securepair.events.EventLoop;

import java.util.ArrayList;

/**
 * Takes the record buffers away from connections that had no turn for a while, so that a connection
 * at work keeps them between records and thousands that wait cost little. One for each loop, and
 * one timer for all of its connections, which runs only while some of them have buffers and does
 * not keep the loop alive. Confined to the loop.
 */
public final class IdleBufferReaper {
    /** Buffers go once a connection was idle for this to twice this many milliseconds. */
    public static final long IDLE_MS = 100;

    private static final ThreadLocal<IdleBufferReaper> OF_LOOP = new ThreadLocal<>();

    /**
     * A connection's entry: its index in the list, and whether it had a turn since the last sweep.
     */
    static final class Slot {
        private final Runnable onIdle;
        private IdleBufferReaper list;
        private int index;
        private boolean active;

        /** @param onIdle frees the connection's buffers; called once after each stretch of turns */
        Slot(Runnable onIdle) {
            this.onIdle = onIdle;
        }

        /** Notes a turn. Cheap when there was one lately. */
        void active(EventLoop loop) {
            active = true;
            if (list == null) {
                of(loop).add(this);
            }
        }

        /** Takes the entry out: the connection is gone. */
        void leave() {
            if (list != null) {
                list.remove(this);
            }
        }
    }

    private final EventLoop loop;
    private final ArrayList<Slot> slots = new ArrayList<>();
    private boolean scheduled;

    private IdleBufferReaper(EventLoop loop) {
        this.loop = loop;
    }

    private static IdleBufferReaper of(EventLoop loop) {
        IdleBufferReaper found = OF_LOOP.get();
        if (found == null || found.loop != loop) {
            found = new IdleBufferReaper(loop);
            OF_LOOP.set(found);
        }
        return found;
    }

    private void add(Slot slot) {
        slot.list = this;
        slot.index = slots.size();
        slots.add(slot);
        schedule();
    }

    private void remove(Slot slot) {
        Slot last = slots.remove(slots.size() - 1);
        if (last != slot) {
            slots.set(slot.index, last);
            last.index = slot.index;
        }
        slot.list = null;
    }

    private void schedule() {
        if (!scheduled && !slots.isEmpty()) {
            scheduled = true;
            loop.setTimeout(this::sweep, IDLE_MS).unref();
        }
    }

    /** Backwards, since removing moves the last entry to the index of the removed one. */
    private void sweep() {
        scheduled = false;
        for (int i = slots.size() - 1; i >= 0; i--) {
            Slot slot = slots.get(i);
            if (slot.active) {
                slot.active = false;
            } else {
                // A buffer with half a record in it stays until the other half arrives; that turn
                // puts the connection back into the list.
                remove(slot);
                slot.onIdle.run();
            }
        }
        schedule();
    }
}
