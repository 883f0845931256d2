package io.github.securepair.engine;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Native memory of one thread: the turn that calls fill, room for what they copy out, room to stage
 * what they copy in, and the addresses of the caller's buffers. Per thread and not per connection,
 * so that an idle connection costs nothing.
 *
 * <p>Connections remember the memory of the thread that used them last, which is cheaper than
 * asking the ThreadLocal.
 */
final class Memory {
    /** Offsets of struct sp_turn; turn.c asserts them. */
    static final int STATUS = 0;

    static final int EVENTS = 4;
    static final int EVENT_BYTES = 8;
    static final int CONSUMED = 12;
    static final int PRODUCED = 16;
    static final int EMITTED = 20;
    static final int PENDING = 24;
    static final int RECORDS = 28;
    static final int FLAGS = 32;
    static final int RECORD_END = 48;
    static final int REPORT = 176;
    static final int MAX_RECORDS = 32;
    private static final int TURN_SIZE = REPORT + ErrorReport.SIZE;

    private static final int USUAL_ROOM = 8 * 1024;
    private static final int KEPT_ROOM = 256 * 1024;
    private static final int ADDRESSES = 128;

    /** Places where a buffer may be found: a few buffers in use never push each other out. */
    private static final int WAYS = 4;

    /**
     * Weak, and of a class of the JDK: a thread that outlives its use of us, such as one of a pool,
     * would else keep our class loader for ever.
     */
    private static final ThreadLocal<WeakReference<Memory>> CURRENT = new ThreadLocal<>();

    /**
     * Keeps each thread's memory while the thread lives: native code is given plain addresses in
     * it.
     */
    private static final Map<Thread, Memory> ALL = Collections.synchronizedMap(new WeakHashMap<>());

    /** A caller's buffer and its address; does not keep the buffer alive. */
    private static final class Known extends WeakReference<ByteBuffer> {
        final long address;
        final boolean readOnly;

        Known(ByteBuffer buffer, long address) {
            super(buffer);
            this.address = address;
            this.readOnly = buffer.isReadOnly();
        }
    }

    /** The number of the only thread that may use it; the thread itself is a weak key of ALL. */
    final long thread = Thread.currentThread().getId();

    final ByteBuffer turn = allocate(TURN_SIZE);
    final long turnAddress = Native.addressOf(turn);
    final long reportAddress = turnAddress + REPORT;

    private ByteBuffer out = allocate(USUAL_ROOM);
    private long outAddress = Native.addressOf(out);

    private ByteBuffer staged = allocate(USUAL_ROOM);
    private long stagedAddress = Native.addressOf(staged);

    /** The connection whose turn this thread is in, if it has pre-shared keys. */
    TLSConnection asking;

    private final ArrayDeque<byte[]> savedTurns = new ArrayDeque<>(1);

    private final Known[] known = new Known[ADDRESSES];
    private final int[] seen = new int[ADDRESSES];
    private int nextWay;

    private Memory() {}

    static Memory current() {
        WeakReference<Memory> current = CURRENT.get();
        return current != null ? current.get() : first();
    }

    private static Memory first() {
        Memory memory = new Memory();
        ALL.put(Thread.currentThread(), memory);
        CURRENT.set(new WeakReference<>(memory));
        return memory;
    }

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** The report of the last call that was given {@link #reportAddress} or the turn. */
    ErrorReport report() {
        return ErrorReport.read(turn, REPORT);
    }

    /**
     * For calls that fail without a report: what an earlier call said must not be taken for theirs.
     */
    void clearReport() {
        turn.putInt(REPORT, 0);
        turn.putInt(REPORT + 4, -1);
        turn.putInt(REPORT + 8, 0);
        turn.putInt(REPORT + 12, 0);
    }

    // ---- what calls copy out ----

    /** Makes room for {@code size} bytes; what was there is lost. */
    void reserveOut(long size) {
        if (size > out.capacity()) {
            out = allocate(Math.toIntExact(size));
            outAddress = Native.addressOf(out);
        }
    }

    long outAddress() {
        return outAddress;
    }

    int outRoom() {
        return out.capacity();
    }

    ByteBuffer out() {
        return out;
    }

    /**
     * The first {@code length} bytes of the out memory, which is wiped: it may have held a secret.
     */
    byte[] takeOut(int length) {
        byte[] bytes = new byte[length];
        out.get(0, bytes);
        wipeOut(length);
        return bytes;
    }

    /** Wipes what a call wrote, and lets go of unusual amounts of memory. */
    void wipeOut(int length) {
        wipe(out, length);
        if (out.capacity() > KEPT_ROOM) {
            out = allocate(USUAL_ROOM);
            outAddress = Native.addressOf(out);
        }
    }

    // ---- what calls copy in: stage() for all pieces, put() each, unstage() when the call is ove

    void stage(long size) {
        if (size > staged.capacity()) {
            staged = allocate(Math.toIntExact(size));
            stagedAddress = Native.addressOf(staged);
        }
        staged.clear();
    }

    /** Copies bytes; returns their address, also for none of them, 0 for null. */
    long put(byte[] bytes) {
        if (bytes == null) {
            return 0;
        }
        long address = stagedAddress + staged.position();
        staged.put(bytes);
        return address;
    }

    /** Stages bytes alone. */
    long stageOnly(byte[] bytes) {
        stage(bytes == null ? 0 : bytes.length);
        return put(bytes);
    }

    /** Stages a text alone, in UTF-8 with its NUL. */
    long stageText(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("text with a NUL character");
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        stage(bytes.length + 1L);
        long address = put(bytes);
        staged.put((byte) 0);
        return address;
    }

    /** Wipes what was staged: keys, passphrases, sessions. */
    void unstage() {
        wipe(staged, staged.position());
        staged.clear();
        if (staged.capacity() > KEPT_ROOM) {
            staged = allocate(USUAL_ROOM);
            stagedAddress = Native.addressOf(staged);
        }
    }

    private static void wipe(ByteBuffer buffer, int length) {
        int i = 0;
        for (; i + 8 <= length; i += 8) {
            buffer.putLong(i, 0);
        }
        for (; i < length; i++) {
            buffer.put(i, (byte) 0);
        }
    }

    // ---- inside the PSK upcall ----

    /** Keeps what the turn that is under way has noted so far, for {@link #restoreTurn()}. */
    void saveTurn() {
        byte[] saved = new byte[REPORT];
        turn.get(0, saved);
        savedTurns.push(saved);
    }

    void restoreTurn() {
        turn.put(0, savedTurns.pop());
    }

    /** Copies out of memory that native code lends. */
    void copyFrom(long address, byte[] bytes) {
        stage(bytes.length);
        Native.copy(stagedAddress, address, bytes.length);
        staged.get(0, bytes).position(bytes.length);
        unstage();
    }

    /** Copies a secret into memory that native code lends. */
    void copyTo(long address, byte[] bytes) {
        long from = stageOnly(bytes);
        Native.copy(address, from, bytes.length);
        unstage();
    }

    void putInt(long address, int value) {
        stage(4);
        staged.putInt(value);
        Native.copy(address, stagedAddress, 4);
        unstage();
    }

    // ---- windows ----

    /** Address of a buffer that native code will read. */
    long readable(ByteBuffer buffer) {
        Known entry = find(buffer);
        return entry != null ? entry.address : lookUp(buffer);
    }

    /** Address of a buffer that native code will write. */
    long writable(ByteBuffer buffer) {
        Known entry = find(buffer);
        if (entry != null && !entry.readOnly) {
            return entry.address;
        }
        if (buffer.isReadOnly()) {
            throw new IllegalArgumentException("output window is read-only");
        }
        return lookUp(buffer);
    }

    private Known find(ByteBuffer buffer) {
        int slot = slot(System.identityHashCode(buffer));
        for (int i = slot; i < slot + WAYS; i++) {
            Known entry = known[i];
            if (entry != null && entry.refersTo(buffer)) {
                return entry;
            }
        }
        return null;
    }

    private static int slot(int hash) {
        return hash & ADDRESSES - WAYS;
    }

    /**
     * Remembers a buffer at its second sight: slices made for one call shall not fill the table.
     */
    private long lookUp(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("window is not a direct buffer");
        }
        long address = Native.addressOf(buffer);
        int hash = System.identityHashCode(buffer);
        int slot = slot(hash);
        nextWay = nextWay + 1 & WAYS - 1;
        for (int i = slot; i < slot + WAYS; i++) {
            if (seen[i] == hash) {
                remember(slot, new Known(buffer, address));
                return address;
            }
        }
        seen[slot + nextWay] = hash;
        return address;
    }

    /** In a place whose buffer is gone, else in any. */
    private void remember(int slot, Known entry) {
        int place = slot + nextWay;
        for (int i = slot; i < slot + WAYS; i++) {
            if (known[i] == null || known[i].refersTo(null)) {
                place = i;
                break;
            }
        }
        known[place] = entry;
    }
}
