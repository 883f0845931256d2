package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/**
 * Native memory of one thread: the turn that calls fill, room for what they copy out, room to stage
 * what they copy in, and the addresses of the caller's buffers. Per thread and not per connection,
 * so that an idle connection costs nothing.
 *
 * <p>Connections remember the memory of the thread that used them last, which is cheaper than
 * asking the ThreadLocal.
 */
final class Memory {
    private static final int USUAL_ROOM = 8 * 1024;
    private static final int KEPT_ROOM = 256 * 1024;
    private static final int ADDRESSES = 128;

    /** Places where a buffer may be found: a few buffers in use never push each other out. */
    private static final int WAYS = 4;

    private static final ThreadLocal<Memory> CURRENT = ThreadLocal.withInitial(Memory::new);

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

    /** The only thread that may use it. */
    final Thread thread = Thread.currentThread();

    final ByteBuffer turn = allocate(Glue.SP_SIZE_TURN);
    final long turnAddress = addressOf(turn);
    final long reportAddress = turnAddress + Glue.SP_AT_TURN_REPORT;

    private ByteBuffer out = allocate(USUAL_ROOM);
    private long outAddress = addressOf(out);

    private ByteBuffer staged = allocate(USUAL_ROOM);
    private long stagedAddress = addressOf(staged);

    /** The connection whose turn this thread is in, if it has pre-shared keys. */
    TLSConnection asking;

    private final ArrayDeque<byte[]> savedTurns = new ArrayDeque<>(1);

    private final Known[] known = new Known[ADDRESSES];
    private final int[] seen = new int[ADDRESSES];
    private int nextWay;

    private Memory() {}

    static Memory current() {
        return CURRENT.get();
    }

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /**
     * Address of a direct buffer's first byte, whatever its position. JavaCPP adds the position; a
     * duplicate, whose position no other thread can move meanwhile, has none.
     */
    static long addressOf(ByteBuffer direct) {
        return Glue.address(direct.duplicate().clear());
    }

    /** The report of the last call that was given {@link #reportAddress} or the turn. */
    ErrorReport report() {
        return ErrorReport.read(turn, Glue.SP_AT_TURN_REPORT);
    }

    /**
     * For calls that fail without a report: what an earlier call said must not be taken for theirs.
     */
    void clearReport() {
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_COUNT, 0);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_ALERT, -1);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_ALERT_SENT, 0);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_SSL_ERROR, 0);
    }

    // ---- what calls copy out ----

    /** Makes room for {@code size} bytes; what was there is lost. */
    void reserveOut(long size) {
        if (size > out.capacity()) {
            out = allocate(Math.toIntExact(size));
            outAddress = addressOf(out);
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
            outAddress = addressOf(out);
        }
    }

    // ---- what calls copy in: stage() for all pieces, put() each, unstage() when the call is ove

    void stage(long size) {
        if (size > staged.capacity()) {
            staged = allocate(Math.toIntExact(size));
            stagedAddress = addressOf(staged);
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
            stagedAddress = addressOf(staged);
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
        byte[] saved = new byte[Glue.SP_AT_TURN_REPORT];
        turn.get(0, saved);
        savedTurns.push(saved);
    }

    void restoreTurn() {
        turn.put(0, savedTurns.pop());
    }

    /** Copies out of memory that native code lends. */
    void copyFrom(long address, byte[] bytes) {
        stage(bytes.length);
        Glue.sp_memcpy(stagedAddress, address, bytes.length);
        staged.get(0, bytes).position(bytes.length);
        unstage();
    }

    /** Copies a secret into memory that native code lends. */
    void copyTo(long address, byte[] bytes) {
        long from = stageOnly(bytes);
        Glue.sp_memcpy(address, from, bytes.length);
        unstage();
    }

    void putInt(long address, int value) {
        stage(4);
        staged.putInt(value);
        Glue.sp_memcpy(address, stagedAddress, 4);
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
        long address = addressOf(buffer);
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
