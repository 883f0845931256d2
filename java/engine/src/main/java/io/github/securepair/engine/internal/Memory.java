package io.github.securepair.engine.internal;

import io.github.securepair.openssl.Glue;

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
public final class Memory {
    private static final int USUAL_ROOM = 8 * 1024;
    private static final int KEPT_ROOM = 256 * 1024;
    /**
     * Weak, and of a class of the JDK: a thread that outlives its use of this library, such as one
     * of a pool, would else keep its class loader for ever.
     */
    private static final ThreadLocal<WeakReference<Memory>> CURRENT = new ThreadLocal<>();

    /**
     * Keeps each thread's memory while the thread lives: native code is given plain addresses in
     * it.
     */
    private static final Map<Thread, Memory> ALL = Collections.synchronizedMap(new WeakHashMap<>());

    /** The only thread that may use it. Weak: the thread is a weak key of ALL. */
    private final WeakReference<Thread> thread = new WeakReference<>(Thread.currentThread());

    final ByteBuffer turn = allocate(Glue.SP_SIZE_TURN);
    final long turnAddress = AddressCache.addressOf(turn);
    public final long reportAddress = turnAddress + Glue.SP_AT_TURN_REPORT;

    private ByteBuffer out = allocate(USUAL_ROOM);
    private long outAddress = AddressCache.addressOf(out);

    private ByteBuffer staged = allocate(USUAL_ROOM);
    private long stagedAddress = AddressCache.addressOf(staged);

    /** The connection whose turn this thread is in, if it has pre-shared keys. */
    Turns pskConnection;

    private final ArrayDeque<byte[]> savedTurns = new ArrayDeque<>(1);

    /** Addresses of the windows that this thread lends. */
    final AddressCache addresses = new AddressCache();

    private Memory() {}

    /** The memory of the current thread. */
    public static Memory current() {
        WeakReference<Memory> known = CURRENT.get();
        Memory memory = known == null ? null : known.get();
        return memory != null ? memory : first();
    }

    private static Memory first() {
        Memory memory = new Memory();
        ALL.put(Thread.currentThread(), memory);
        CURRENT.set(new WeakReference<>(memory));
        return memory;
    }

    /** Whether it is the current thread's. */
    boolean isCurrent() {
        return thread.refersTo(Thread.currentThread());
    }

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /**
     * Where the report of the last call lies that was given {@link #reportAddress} or the turn: at
     * {@code SP_AT_TURN_REPORT}.
     */
    public ByteBuffer turn() {
        return turn;
    }

    /** Clears the previous call's report before a call that may fail without writing one. */
    public void clearReport() {
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_COUNT, 0);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_ALERT, -1);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_ALERT_SENT, 0);
        turn.putInt(Glue.SP_AT_TURN_REPORT + Glue.SP_AT_REPORT_SSL_ERROR, 0);
    }

    // ---- what calls copy out ----

    /** Makes room for {@code size} bytes; the bytes in it are lost. */
    public void reserveOut(long size) {
        if (size > out.capacity()) {
            out = allocate(Math.toIntExact(size));
            outAddress = AddressCache.addressOf(out);
        }
    }

    /** Where calls copy out to. */
    public long outAddress() {
        return outAddress;
    }

    /** Bytes of room there. */
    public int outRoom() {
        return out.capacity();
    }

    /** That memory. */
    public ByteBuffer out() {
        return out;
    }

    /**
     * The first {@code length} bytes of the out memory, which is wiped: it may have held a secret.
     */
    public byte[] takeOut(int length) {
        byte[] bytes = new byte[length];
        out.get(0, bytes);
        wipeOut(length);
        return bytes;
    }

    /** Wipes what a call wrote, and lets go of unusual amounts of memory. */
    public void wipeOut(int length) {
        wipe(out, length);
        if (out.capacity() > KEPT_ROOM) {
            out = allocate(USUAL_ROOM);
            outAddress = AddressCache.addressOf(out);
        }
    }

    // ---- what calls copy in: stage() for all pieces, put() each, unstage() when the call is ove

    /** Begins staging of {@code size} bytes in all. */
    public void stage(long size) {
        if (size > staged.capacity()) {
            staged = allocate(Math.toIntExact(size));
            stagedAddress = AddressCache.addressOf(staged);
        }
        staged.clear();
    }

    /** Copies bytes; returns their address, also for none of them, 0 for null. */
    public long put(byte[] bytes) {
        if (bytes == null) {
            return 0;
        }
        long address = stagedAddress + staged.position();
        staged.put(bytes);
        return address;
    }

    /** Stages bytes alone. */
    public long stageOnly(byte[] bytes) {
        stage(bytes == null ? 0 : bytes.length);
        return put(bytes);
    }

    /** Stages a text alone, in UTF-8 with its NUL. */
    public long stageText(String text) {
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
    public void unstage() {
        wipe(staged, staged.position());
        staged.clear();
        if (staged.capacity() > KEPT_ROOM) {
            staged = allocate(USUAL_ROOM);
            stagedAddress = AddressCache.addressOf(staged);
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

    /** Saves what the turn under way has written so far, for {@link #restoreTurn()}. */
    void saveTurn() {
        byte[] saved = new byte[Glue.SP_AT_TURN_REPORT];
        turn.get(0, saved);
        savedTurns.push(saved);
    }

    void restoreTurn() {
        turn.put(0, savedTurns.pop());
    }

    /** Copies out of memory that native code lends. */
    public void copyFrom(long address, byte[] bytes) {
        stage(bytes.length);
        Glue.sp_memcpy(stagedAddress, address, bytes.length);
        staged.get(0, bytes).position(bytes.length);
        unstage();
    }

    /** Copies a secret into memory that native code lends. */
    public void copyTo(long address, byte[] bytes) {
        long from = stageOnly(bytes);
        Glue.sp_memcpy(address, from, bytes.length);
        unstage();
    }

    /** Stores a number in memory that native code lends. */
    public void putInt(long address, int value) {
        stage(4);
        staged.putInt(value);
        Glue.sp_memcpy(address, stagedAddress, 4);
        unstage();
    }
}
