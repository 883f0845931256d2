package io.github.securepair.engine.internal;

import static io.github.securepair.engine.internal.Windows.advance;
import static io.github.securepair.engine.internal.Windows.checkDistinct;
import static io.github.securepair.engine.internal.Windows.length;
import static io.github.securepair.engine.internal.Windows.position;
import static io.github.securepair.engine.internal.Windows.readable;
import static io.github.securepair.engine.internal.Windows.writable;

import io.github.securepair.openssl.Glue;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The turns of one connection, and what the last of them did. Each comes in two forms: on buffers,
 * which are checked and advanced, and on bare addresses, of which nothing is checked. Results are
 * statuses of sp.h ({@code SP_WANT_INPUT} to {@code SP_FAILED}).
 *
 * <p>Threads and close(): as for {@link NativeHandle}.
 */
public final class Turns {
    /** Receives what no counter says. Called on the thread of the turn, before the turn returns. */
    public interface Owner {
        /**
         * The turn has failed.
         *
         * @param memory holds the report
         * @param cause what the source of pre-shared keys threw in this turn, or null
         */
        void failed(Memory memory, Throwable cause);

        /**
         * The source of pre-shared keys threw in a turn that went on without a key. It becomes an
         * event, for which the next read waits: see {@link #holdEvents}.
         */
        void pskFailed(Throwable error);
    }

    private static final AtomicLong TOKENS = new AtomicLong();

    private final NativeHandle handle;
    private final Owner owner;

    /** Of the thread that used the connection last. */
    private Memory memory = Memory.current();

    private int consumed;
    private int produced;
    private int emitted;
    private int pending;
    private int records;
    private int flags = Glue.SP_TURN_HANDSHAKING;
    private int eventsQueued;
    private int eventBytes;
    private int[] recordEnds;

    /** Events that the owner has taken and not given away yet come before more plaintext. */
    private boolean eventsHeld;

    /** Answers for pre-shared keys; null when the connection has none. */
    private PSKSource psk;

    private long pskToken;

    /** What the source threw in the turn that is under way. */
    private Throwable pskError;

    public Turns(NativeHandle handle, Owner owner) {
        this.handle = handle;
        this.owner = owner;
    }

    // ---- on buffers; null is an empty window ----

    /** {@code sp_conn_read}; does nothing while events are held. */
    public int read(ByteBuffer in, ByteBuffer plain, ByteBuffer out) {
        checkDistinct(in, plain, out);
        long conn = handle.enter();
        try {
            if (eventsHeld) {
                return eventsFirst();
            }
            Memory m = memory();
            int inAt = position(in);
            int inLength = length(in, inAt);
            int plainAt = position(plain);
            int plainCap = length(plain, plainAt);
            int outAt = position(out);
            int outCap = length(out, outAt);
            long packed = Glue.sp_conn_read_packed(
                    conn,
                    readable(m, in, inAt, inLength),
                    inLength,
                    writable(m, plain, plainAt, plainCap),
                    plainCap,
                    writable(m, out, outAt, outCap),
                    outCap,
                    turn(m));
            int status = collectPacked(m, packed);
            advance(in, inAt + consumed);
            advance(plain, plainAt + produced);
            advance(out, outAt + emitted);
            return status;
        } finally {
            handle.exit();
            Reference.reachabilityFence(in);
            Reference.reachabilityFence(plain);
            Reference.reachabilityFence(out);
        }
    }

    /** {@code sp_conn_write}. */
    public int write(ByteBuffer plain, ByteBuffer out) {
        checkDistinct(plain, out, null);
        long conn = handle.enter();
        try {
            Memory m = memory();
            int plainAt = position(plain);
            int plainLength = length(plain, plainAt);
            int outAt = position(out);
            int outCap = length(out, outAt);
            long packed = Glue.sp_conn_write_packed(
                    conn,
                    readable(m, plain, plainAt, plainLength),
                    plainLength,
                    writable(m, out, outAt, outCap),
                    outCap,
                    turn(m));
            int status = collectPacked(m, packed);
            advance(plain, plainAt + consumed);
            advance(out, outAt + emitted);
            return status;
        } finally {
            handle.exit();
            Reference.reachabilityFence(plain);
            Reference.reachabilityFence(out);
        }
    }

    /** {@code sp_conn_drain}. */
    public int drain(ByteBuffer out) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            int outAt = position(out);
            int outCap = length(out, outAt);
            int status = collect(
                    m,
                    Glue.sp_conn_drain(
                            conn, writable(m, out, outAt, outCap), outCap, m.turnAddress));
            advance(out, outAt + emitted);
            return status;
        } finally {
            handle.exit();
            Reference.reachabilityFence(out);
        }
    }

    /** {@code sp_conn_shutdown}. */
    public int shutdown(ByteBuffer out) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            int outAt = position(out);
            int outCap = length(out, outAt);
            int status = collect(
                    m,
                    Glue.sp_conn_shutdown(
                            conn, writable(m, out, outAt, outCap), outCap, m.turnAddress));
            advance(out, outAt + emitted);
            return status;
        } finally {
            handle.exit();
            Reference.reachabilityFence(out);
        }
    }

    // ---- on addresses; 0 with length 0 is an empty window ----

    /** {@code sp_conn_read}; does nothing while events are held. */
    public int read(long in, int inLength, long plain, int plainCap, long out, int outCap) {
        long conn = handle.enter();
        try {
            if (eventsHeld) {
                return eventsFirst();
            }
            Memory m = memory();
            return collectPacked(
                    m,
                    Glue.sp_conn_read_packed(
                            conn, in, inLength, plain, plainCap, out, outCap, turn(m)));
        } finally {
            handle.exit();
        }
    }

    /** {@code sp_conn_write}. */
    public int write(long plain, int length, long out, int outCap) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            return collectPacked(
                    m, Glue.sp_conn_write_packed(conn, plain, length, out, outCap, turn(m)));
        } finally {
            handle.exit();
        }
    }

    /** {@code sp_conn_drain}. */
    public int drain(long out, int outCap) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            return collect(m, Glue.sp_conn_drain(conn, out, outCap, m.turnAddress));
        } finally {
            handle.exit();
        }
    }

    /** {@code sp_conn_shutdown}. */
    public int shutdown(long out, int outCap) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            return collect(m, Glue.sp_conn_shutdown(conn, out, outCap, m.turnAddress));
        } finally {
            handle.exit();
        }
    }

    /**
     * Address of a direct buffer's first byte, whatever its position is; valid while the buffer is
     * reachable.
     */
    public static long addressOf(ByteBuffer direct) {
        return Memory.current().addresses.readable(direct);
    }

    // ---- results ----

    /** Events already taken still come before the plaintext that this read would bring. */
    private int eventsFirst() {
        consumed = 0;
        produced = 0;
        emitted = 0;
        records = 0;
        return Glue.SP_EVENT;
    }

    private Memory memory() {
        Memory m = memory;
        if (!m.isCurrent()) {
            m = Memory.current();
            memory = m;
        }
        return m;
    }

    /**
     * The address of the turn to fill; from here to collect() the upcall is for this connection.
     */
    private long turn(Memory m) {
        if (psk != null) {
            m.pskConnection = this;
        }
        return m.turnAddress;
    }

    /** What a turn did, from the one number that says it in the usual case; see sp.h. */
    private int collectPacked(Memory m, long packed) {
        if (packed < 0 || psk != null) {
            return collect(m, m.turn.getInt(Glue.SP_AT_TURN_STATUS));
        }
        consumed = (int) (packed >>> Glue.SP_PACKED_CONSUMED) & Glue.SP_PACKED_COUNT_MASK;
        produced = (int) (packed >>> Glue.SP_PACKED_PRODUCED) & Glue.SP_PACKED_COUNT_MASK;
        emitted = (int) (packed >>> Glue.SP_PACKED_EMITTED) & Glue.SP_PACKED_COUNT_MASK;
        flags = (int) (packed >>> Glue.SP_PACKED_FLAGS) & Glue.SP_PACKED_FLAGS_MASK;
        records = (int) (packed >>> Glue.SP_PACKED_RECORDS) & Glue.SP_PACKED_RECORDS_MASK;
        pending = 0;
        eventsQueued = 0;
        if (records != 0) {
            if (recordEnds == null) {
                recordEnds = new int[4];
            }
            recordEnds[0] = produced;
        }
        return (int) (packed >>> Glue.SP_PACKED_STATUS) & Glue.SP_PACKED_STATUS_MASK;
    }

    /** Copies out of the turn, which belongs to the thread and serves other connections too. */
    private int collect(Memory m, int status) {
        m.pskConnection = null;
        ByteBuffer turn = m.turn;
        consumed = turn.getInt(Glue.SP_AT_TURN_CONSUMED);
        produced = turn.getInt(Glue.SP_AT_TURN_PRODUCED);
        emitted = turn.getInt(Glue.SP_AT_TURN_EMITTED);
        pending = turn.getInt(Glue.SP_AT_TURN_PENDING);
        flags = turn.getInt(Glue.SP_AT_TURN_FLAGS);
        eventsQueued = turn.getInt(Glue.SP_AT_TURN_EVENTS);
        records = turn.getInt(Glue.SP_AT_TURN_RECORDS);
        if (eventsQueued != 0) {
            eventBytes = turn.getInt(Glue.SP_AT_TURN_EVENT_BYTES);
        }
        if (records != 0) {
            collectRecords(turn);
        }
        if (status == Glue.SP_MISUSE) {
            throw new IllegalStateException(
                    "TLSConnection is in use: a call came from inside another call");
        }
        Throwable error = pskError;
        pskError = null;
        if (status == Glue.SP_FAILED) {
            owner.failed(m, error);
            return status;
        }
        return error == null ? status : pskFailed(error, status);
    }

    private int pskFailed(Throwable error, int status) {
        owner.pskFailed(error);
        return status == Glue.SP_PAUSED || status == Glue.SP_CLOSED ? status : Glue.SP_EVENT;
    }

    private void collectRecords(ByteBuffer turn) {
        int[] ends = recordEnds;
        if (ends == null || ends.length < records) {
            ends = new int[records < 4 ? 4 : Glue.SP_RECORDS_MAX];
            recordEnds = ends;
        }
        for (int i = 0; i < records; i++) {
            ends[i] = turn.getInt(Glue.SP_AT_TURN_RECORD_END + Integer.BYTES * i);
        }
    }

    /** Bytes taken from the input window. */
    public int consumed() {
        return consumed;
    }

    /** Plaintext bytes that read produced. */
    public int produced() {
        return produced;
    }

    /** Ciphertext bytes written to the output window. */
    public int emitted() {
        return emitted;
    }

    /** Ciphertext bytes that wait inside for an output window. */
    public int pending() {
        return pending;
    }

    /** How many application data records ended within the plaintext produced. */
    public int records() {
        return records;
    }

    /** The offset in the plaintext produced at which record {@code i} ended. */
    public int recordEnd(int i) {
        if (i < 0 || i >= records) {
            throw new IndexOutOfBoundsException("record " + i + " of " + records);
        }
        return recordEnds[i];
    }

    /** Whether a handshake is under way. */
    public boolean isHandshaking() {
        return (flags & Glue.SP_TURN_HANDSHAKING) != 0;
    }

    /** Whether the first handshake has been completed. */
    public boolean isSecure() {
        return (flags & Glue.SP_TURN_SECURE) != 0;
    }

    // ---- events ----

    /** Events that wait in native memory. */
    public int eventsQueued() {
        return eventsQueued;
    }

    /** Whether the owner has events that come before what the next read would bring. */
    public void holdEvents(boolean held) {
        eventsHeld = held;
    }

    /**
     * Inside a call: copies all queued events to the out memory, with as much room as the turn said
     * they need.
     *
     * @return their size in bytes; {@link Memory#wipeOut} is due afterwards
     */
    public int takeEvents(long conn, Memory m) {
        m.reserveOut(eventBytes);
        eventsQueued = 0;
        return (int) Glue.sp_conn_take_events(conn, m.outAddress(), m.outRoom());
    }

    // ---- pre-shared keys ----

    /** Inside a call: has the source answer for this connection; null for none. Returns SP_*. */
    public int setPSK(long conn, PSKSource source) {
        PSKUpcall.require();
        long token = source == null ? 0 : TOKENS.incrementAndGet();
        int result = Glue.sp_conn_set_psk(conn, token);
        if (result == Glue.SP_OK) {
            pskToken = token;
            psk = source;
        }
        return result;
    }

    PSKSource psk() {
        return psk;
    }

    long pskToken() {
        return pskToken;
    }

    /** Keeps what the source threw until the turn is over: it must not pass through OpenSSL. */
    void pskThrew(Throwable error) {
        pskError = error;
    }
}
