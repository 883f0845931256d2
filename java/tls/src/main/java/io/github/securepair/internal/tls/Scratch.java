package io.github.securepair.internal.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.events.EventLoop;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Native memory for one turn of a connection, and the turn's result: records and events. Listeners
 * that a record is handed to may run turns of other connections on the same thread, so a turn keeps
 * its scratch until everything in it was delivered.
 *
 * <p>A stack per thread: connections own none, an idle one costs nothing.
 */
final class Scratch {
    /** Plaintext of several records; also a slice of plaintext on its way out. */
    static final int CAPACITY = 64 * 1024;

    private static final int KEPT = 4;

    /** Weak: a thread that outlives its use of this class would else keep the class loader. */
    private static final ThreadLocal<WeakReference<ArrayDeque<Scratch>>> POOL = new ThreadLocal<>();

    /** Strong, for the thread of a loop: that thread ends with its loop. */
    private static final ThreadLocal<ArrayDeque<Scratch>> OF_LOOP = new ThreadLocal<>();

    final ByteBuffer plain = ByteBuffer.allocateDirect(CAPACITY);
    final long address = AddressTurns.addressOf(plain);
    final List<ConnectionEvent> events = new ArrayList<>();

    private int[] recordEnds = new int[32];
    private int records;
    private int filled;
    private int carried;
    private int shift;
    private ByteBuffer input;
    private long inputAddress;
    private ByteBuffer copied;
    private int copiedFrom;
    private int copiedTo;

    private Scratch() {}

    /** Takes one; give it back with {@link #release()} on the same thread. */
    static Scratch acquire() {
        Scratch scratch = pool().pollLast();
        return scratch != null ? scratch : new Scratch();
    }

    void release() {
        events.clear();
        carried = 0;
        shift = 0;
        copied = null;
        ArrayDeque<Scratch> pool = pool();
        if (pool.size() < KEPT) {
            pool.addLast(this);
        }
    }

    private static ArrayDeque<Scratch> pool() {
        WeakReference<ArrayDeque<Scratch>> known = POOL.get();
        ArrayDeque<Scratch> pool = known == null ? null : known.get();
        if (pool == null) {
            pool = new ArrayDeque<>(KEPT);
            POOL.set(new WeakReference<>(pool));
            if (EventLoop.current() != null) {
                OF_LOOP.set(pool);
            }
        }
        return pool;
    }

    /**
     * Copies out of the connection what its last turn did: the next turn on this thread overwrites
     * it.
     */
    void take(TLSConnection conn) {
        records = conn.records();
        if (records > recordEnds.length) {
            recordEnds = new int[records];
        }
        for (int i = 0; i < records; i++) {
            recordEnds[i] = carried + conn.recordEnd(i);
        }
        filled = carried + conn.produced();
        shift = carried;
        takeEvents(conn);
    }

    void takeEvents(TLSConnection conn) {
        if (!events.isEmpty()) {
            events.clear();
        }
        // Most turns have none, and nextEvent() enters the native handle as a turn does.
        if (conn.waitingEvents() > 0) {
            for (ConnectionEvent event; (event = conn.nextEvent()) != null; ) {
                events.add(event);
            }
        }
    }

    /** Where the next plaintext goes: behind {@link #carried()}. */
    long addressOfRest() {
        return address + carried;
    }

    /** Copies the plaintext that the last turn put into {@code target} instead. */
    void copyPlain(ByteBuffer target) {
        plain.clear();
        plain.put(0, target.clear(), 0, filled);
    }

    /** Whether there is no plaintext. */
    boolean isEmpty() {
        return filled == 0;
    }

    /** Whether the last turn gave one record and nothing else. */
    boolean isOneRecord() {
        return records == 1 && filled == recordEnds[0];
    }

    /** Size of the last record of the last turn, 0 without one. */
    int lastRecord() {
        return records == 0
                ? 0
                : recordEnds[records - 1] - (records == 1 ? 0 : recordEnds[records - 2]);
    }

    int records() {
        return records;
    }

    /** Offset in {@link #plain} of an event of the last turn. */
    int offset(ConnectionEvent event) {
        return shift + event.offset();
    }

    /**
     * Bytes at the start of {@link #plain} that belong to a record whose rest is still to be read;
     * the next turn reads behind them.
     */
    int carried() {
        return carried;
    }

    /** Moves what lies behind {@code delivered} to the start: a record that did not fit. */
    void carry(int delivered) {
        carried = filled - delivered;
        filled = carried;
        if (carried > 0) {
            plain.clear().limit(delivered + carried).position(delivered);
            plain.compact().clear();
        }
    }

    /** Offset in {@link #plain} at which record {@code i} ends. */
    int recordEnd(int i) {
        return recordEnds[i];
    }

    /**
     * Copies heap ciphertext to native memory, as much as fits, unless the last call has copied it
     * already: a turn consumes one record of it. Returns how many copied bytes remain. The position
     * of {@code in} stays.
     */
    int copyIn(ByteBuffer in) {
        int from = in.position();
        if (copied != in || from < copiedFrom || from >= copiedTo) {
            if (input == null) {
                input = ByteBuffer.allocateDirect(CAPACITY);
                inputAddress = AddressTurns.addressOf(input);
            }
            copied = in;
            copiedFrom = from;
            copiedTo = from + Math.min(in.remaining(), CAPACITY);
            input.clear();
            input.put(0, in, from, copiedTo - from);
        }
        return copiedTo - from;
    }

    /** Where the byte at the position of what was copied last is. */
    long inputAddress() {
        return inputAddress + copied.position() - copiedFrom;
    }
}
