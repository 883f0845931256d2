package io.github.securepair.internal.tls;

import io.github.securepair.engine.AddressTurns;
import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.Netty;
import io.github.securepair.internal.transport.ChannelTransport;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.Output;
import io.github.securepair.internal.transport.Receiver;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.AddressInfo;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Stream;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;

/**
 * TLS over a lower transport, itself a transport: what lies under a {@link TLSSocket} (Node's
 * TLSWrap).
 *
 * <p>The dispatcher. A turn runs native code, copies what happened out of it, leaves it, and only
 * then tells anybody. So a listener is never inside OpenSSL: it may write, pause, end or destroy,
 * which free the connection at once; after each call out the turn looks whether there still is one.
 * A turn asked for meanwhile is only noted ({@link #again}).
 *
 * <p>Order of a turn: plaintext and events as they were on the wire, then ciphertext goes out. What
 * a listener destroys has not sent its last flight yet: a client that refuses a server does not
 * send Finished.
 */
public final class TLSTransport implements Transport, Receiver {
    /**
     * Hears of everything but bytes. Called on the loop, outside native code; may do anything to
     * the transport.
     */
    public interface Owner {
        void tlsEvent(ConnectionEvent event);

        /** Before the first turn: the last moment for settings. */
        void tlsBegins(TLSConnection conn);

        /** The connection is dead. The alert, if any, is on its way. */
        void tlsFailed(TLSException failure);

        /** The transport below closed by itself. */
        void lowerClosed();
    }

    /**
     * Plaintext queued by a writer that does not wait, above which {@link #isBacklogged()} says so.
     */
    private static final int WRITE_MARK = 64 * 1024;

    /** The plaintext of a record, at most. */
    private static final int RECORD = 16384;

    /** From which size of records on it costs less to decrypt several one by one than to copy. */
    private static final int LARGE = 8 * 1024;

    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final EventLoop loop;
    private final Owner owner;
    private final Outgoing outgoing = new Outgoing();
    private final WriteQueue writes;

    /** Read by the getters of any thread. */
    private volatile TLSConnection conn;

    private Transport lower;
    private Duplex wrapped;
    private Receiver receiver;

    private boolean started;
    private boolean begun;
    private boolean open;
    private boolean reading;
    private boolean cycling;
    private boolean again;
    private boolean paused;
    private boolean outputBlocked;
    private boolean endReceived;
    /** Of the peer. Read by any thread, also when the connection is gone. */
    private volatile boolean closeNotifyReceived;

    private boolean endDelivered;
    private boolean failed;
    private volatile boolean closing;
    /** Native code is on the stack, and may be asking for a pre-shared key. */
    private boolean inNative;

    private boolean shutdownSent;
    private boolean lowerEnded;
    /** Nothing that is written below arrives any more. */
    private boolean lowerBroken;
    /** Why the connection carries nothing any more, for those who write; null while it does. */
    private Throwable lost;

    private boolean redelivering;
    /** The lower transport calls from the loop itself, never from inside the program. */
    private boolean channelBelow;
    /** This turn was begun by such a call: between two listeners the tick queue may run. */
    private boolean outermost;

    private Throwable thrown;
    private boolean referenced = true;
    /** Plaintext that the receiver did not take. */
    private ArrayDeque<ByteBuffer> leftover;
    /**
     * Records are large or come one by one: they go straight into the receiver's own memory, one in
     * a turn.
     */
    private boolean direct = true;
    /** Native code asks the program something, which may give such memory back meanwhile. */
    private final boolean asksInside;
    /** That memory, while there is something in it to deliver. */
    private ByteBuffer target;
    /** The memory used last, and where it is. */
    private ByteBuffer known;

    private long knownAddress;

    private Done pendingShutdown;
    private Runnable whenClosed;
    private Runnable whenFreed;
    private long bytesRead;
    private final IdleBufferReaper.Slot idleSlot = new IdleBufferReaper.Slot(this::idle);

    /**
     * Takes ownership of {@code conn}; {@link #close} frees it.
     *
     * @param asksInside whether the program is asked for pre-shared keys
     */
    public TLSTransport(EventLoop loop, TLSConnection conn, Owner owner, boolean asksInside) {
        this.loop = loop;
        this.conn = conn;
        this.owner = owner;
        this.asksInside = asksInside;
        conn.waitForOtherThreads();
        writes = new WriteQueue(this, outgoing, loop);
    }

    /**
     * Puts it over a transport.
     *
     * @param stream the stream whose transport that is, to be destroyed with this; or null
     */
    public void attach(Transport transport, Duplex stream) {
        lower = transport;
        wrapped = stream;
        outgoing.attach(transport);
        channelBelow = transport instanceof ChannelTransport;
        if (closing) {
            transport.close(null);
            return;
        }
        if (!referenced) {
            lower.unref();
        }
        updateReading();
        pumpWrites();
    }

    /** The connection, null once closed. */
    public TLSConnection connection() {
        return closing ? null : conn;
    }

    public boolean closeNotifyReceived() {
        return closeNotifyReceived;
    }

    public Transport lower() {
        return lower;
    }

    // ---- the handshake ------------------------------------------------------------------------

    /** Client: sends the ClientHello. Once. */
    public void start() {
        if (!started && conn != null && lower != null) {
            started = true;
            cycle(NOTHING, 0);
        }
    }

    /** Whether a turn was run: too late for settings. */
    public boolean hasBegun() {
        return begun;
    }

    /**
     * Lets application data out: the peer is who it should be. What was written meanwhile follows
     * when the turn ends.
     */
    public void open() {
        open = true;
        if (!cycling) {
            pumpWrites();
        }
    }

    /** Runs a turn: a question was answered, or a renegotiation asked for. */
    public void go() {
        paused = false;
        cycle(NOTHING, 0);
    }

    /** Keeps ciphertext back until {@link #unholdOutput()} was called as often. */
    public void holdOutput() {
        outgoing.hold();
    }

    public void unholdOutput() {
        if (outgoing.unhold() && conn != null) {
            go();
        }
    }

    /** The peer sent a fatal alert: that was all. */
    public void endAfterAlert() {
        if (conn != null) {
            endReceived = true;
            deliverEnd();
        }
    }

    public void setFragment(int size) {
        writes.fragment(size);
    }

    // ---- what the write queue asks and tells --------------------------------------------------

    /** Whether application data may be encrypted now. */
    boolean mayWrite() {
        return open
                && conn != null
                && lower != null
                && !failed
                && !lowerBroken
                && !paused
                && !inNative;
    }

    /** After FIN or an error there is nobody to wait for: what comes is dropped below. */
    boolean isLowerBacklogged() {
        return !lowerEnded && !lowerBroken && lower.isBacklogged();
    }

    /**
     * Moves what did not fit a turn's window to the next one, however much the transport below has.
     */
    void drainAll() {
        while (conn.pending() > 0
                && outgoing.makeRoom(
                        Math.min(conn.pending() + Outgoing.FLIGHT, Scratch.CAPACITY))) {
            conn.addressTurns().drain(outgoing.address(), outgoing.room());
            outgoing.advance(conn.emitted());
        }
    }

    /**
     * Native code is about to run. The question for a pre-shared key comes from inside it, and what
     * that does to this transport waits for {@link #turnEnds()}.
     */
    void turnBegins() {
        inNative = true;
        idleSlot.active(loop);
    }

    /** Afterwards the connection may be gone, and the output lent to the turn with it. */
    void turnEnds() {
        inNative = false;
        if (closing && conn != null) {
            free(whenFreed);
        }
    }

    /** Of a write: the program may be what called it, so the tick queue has to wait. */
    void deliverEventOfWrite(ConnectionEvent event) {
        if (conn != null) {
            boolean before = outermost;
            outermost = false;
            deliverEvent(event);
            outermost = before;
        }
    }

    /** Frees the record buffers of a connection that had no turn for a while. */
    private void idle() {
        if (conn != null && !inNative) {
            conn.idle();
        }
    }

    /**
     * The connection is dead. The alert goes out first. What waits to be encrypted, and what is
     * written from now on, fails as in Node.
     */
    void fail(TLSException failure) {
        failed = true;
        drainAll();
        outgoing.flush(null);
        lost = SystemException.of("EPROTO", "write");
        lost.initCause(failure);
        owner.tlsFailed(failure);
        writes.refuse(lost);
    }

    private void pumpWrites() {
        writes.pump();
        if (!cycling) {
            resumeShutdown();
            rethrow();
        }
    }

    // ---- Receiver: what the lower transport says ----------------------------------------------

    @Override
    public void onRead(ByteBuffer lent, long address) {
        if (!takesInput()) {
            lent.position(lent.limit());
        } else if (!cycling && !paused) {
            // Else it stays with the transport until readStart().
            outermost = channelBelow;
            try {
                cycle(lent, address == 0 ? 0 : address - lent.position());
            } finally {
                outermost = false;
            }
        }
    }

    @Override
    public void onEnd() {
        if (conn != null && !endReceived && !failed) {
            endReceived = true;
            deliverEnd();
        }
    }

    @Override
    public void onError(Throwable error) {
        if (!closing && receiver != null) {
            receiver.onError(error);
        }
    }

    @Override
    public void onWriteError(Throwable error) {
        if (conn == null || lowerBroken) {
            return;
        }
        lowerBroken = true;
        if (lost == null) {
            lost = error;
        }
        writes.cancel(lost);
        outputBlocked = false;
        // What the peer sent before is still read, and the reader then finds the error.
        go();
        if (conn != null) {
            updateReading();
            resumeShutdown();
        }
    }

    @Override
    public void onClosed() {
        if (closing) {
            wrappedClosed();
        } else {
            owner.lowerClosed();
        }
    }

    @Override
    public void onWritable() {
        if (conn == null) {
            return;
        }
        outputBlocked = false;
        go();
        if (conn != null && receiver != null && !isBacklogged()) {
            receiver.onWritable();
        }
    }

    private boolean takesInput() {
        return conn != null && !endReceived && !failed;
    }

    // ---- the dispatcher -----------------------------------------------------------------------

    /** @param base native address of the first byte of {@code in}, wherever its position; or 0 */
    private void cycle(ByteBuffer in, long base) {
        again = true;
        if (cycling || inNative) {
            return;
        }
        cycling = true;
        Scratch scratch = Scratch.acquire();
        try {
            if (!begun) {
                begin();
            }
            turns(in, base, scratch);
            if (conn != null && scratch.carried() > 0) {
                deliverRecord(scratch, 0, scratch.carried());
            }
        } finally {
            cycling = false;
            scratch.release();
        }
        if (!takesInput()) {
            in.position(in.limit());
        }
        writes.pump();
        if (conn != null) {
            outgoing.flush(null);
            updateReading();
            resumeShutdown();
        }
        rethrow();
    }

    private void begin() {
        begun = true;
        Throwable failure = null;
        try {
            owner.tlsBegins(conn);
        } catch (Throwable caught) {
            failure = caught;
        }
        called(failure);
    }

    /**
     * Reads until there is nothing more to do: input used up, a question open, no room below, or
     * the end.
     */
    private void turns(ByteBuffer in, long base, Scratch scratch) {
        while (again || in.hasRemaining()) {
            again = false;
            if (!takesInput() || lower == null || !roomBelow()) {
                return;
            }
            Status status = turn(in, base, scratch);
            if (conn == null) {
                return;
            }
            TLSException failure = status == Status.FAILED ? conn.failure() : null;
            scratch.take(conn);
            settleTarget(scratch);
            deliver(scratch);
            if (conn == null) {
                return;
            }
            switch (status) {
                case EVENT -> again = true;
                case FULL -> {
                    again = true;
                    drain();
                }
                case PAUSED -> {
                    if (!again) {
                        paused = true;
                        drain();
                        return;
                    }
                }
                case CLOSED -> {
                    drain();
                    outgoing.flush(null);
                    endReceived = true;
                    closeNotifyReceived = true;
                    deliverEnd();
                    return;
                }
                case FAILED -> {
                    fail(failure);
                    return;
                }
                default -> drain();
            }
            if (hasLeftover()) {
                return;
            }
        }
    }

    /** One native call. Advances {@code in}. Afterwards the connection may be gone. */
    private Status turn(ByteBuffer in, long base, Scratch scratch) {
        int length = in.remaining();
        long from;
        if (length == 0) {
            from = 0;
        } else if (base != 0) {
            from = base + in.position();
        } else if (in.isDirect()) {
            from = AddressTurns.addressOf(in) + in.position();
        } else {
            length = scratch.copyIn(in);
            from = scratch.inputAddress();
        }
        chooseTarget(scratch);
        Status status;
        turnBegins();
        try {
            status = conn.addressTurns()
                    .read(
                            from,
                            length,
                            target != null ? knownAddress : scratch.addressOfRest(),
                            target != null ? RECORD : Scratch.CAPACITY - scratch.carried(),
                            outgoing.address(),
                            outgoing.room());
        } finally {
            turnEnds();
        }
        if (conn != null) {
            in.position(in.position() + conn.consumed());
            outgoing.advance(conn.emitted());
        }
        return status;
    }

    /** Before a turn: where its plaintext goes. */
    private void chooseTarget(Scratch scratch) {
        boolean may = direct && !asksInside && scratch.carried() == 0 && !hasLeftover();
        target = may ? receiver.target() : null;
        if (target != null) {
            if (target.capacity() < RECORD || !isAlive(target)) {
                target = null;
            } else if (target != known) {
                known = target;
                knownAddress = AddressTurns.addressOf(target);
            }
        }
    }

    /** Whether the memory is there and this thread's; if not, the usual way tells the receiver. */
    private static boolean isAlive(ByteBuffer memory) {
        try {
            memory.clear().get(0);
            return true;
        } catch (RuntimeException unusable) {
            return false;
        }
    }

    /**
     * After a turn: what is not just one record in the receiver's memory goes the usual way. That
     * holds for a record with events too: their listeners may change, use or give back the memory.
     */
    private void settleTarget(Scratch scratch) {
        if (scratch.isEmpty()) {
            target = null;
        } else if (target == null) {
            direct = worksDirectly(scratch);
        } else if (!scratch.isOneRecord()
                || !scratch.events.isEmpty()
                || receiver.target() != target) {
            scratch.copyPlain(target);
            target = null;
            direct = worksDirectly(scratch);
        }
    }

    private static boolean worksDirectly(Scratch scratch) {
        return scratch.isOneRecord() || scratch.lastRecord() >= LARGE;
    }

    /**
     * Before a turn: room for its ciphertext. After the handshake there seldom is any, and a turn
     * may overflow.
     */
    private boolean roomBelow() {
        if (outputBlocked || isLowerBacklogged() && outputWaits()) {
            outputBlocked = true;
            return false;
        }
        if (!open || !outgoing.isEmpty()) {
            return outgoing.makeRoom(Outgoing.FLIGHT);
        }
        return true;
    }

    private boolean outputWaits() {
        return !outgoing.isEmpty() || conn.pending() > 0;
    }

    /**
     * Moves ciphertext that did not fit the last turn's window to the transport, as far as that
     * takes it.
     */
    private void drain() {
        while (conn.pending() > 0 && !isLowerBacklogged()) {
            if (!outgoing.makeRoom(
                    Math.min(Math.max(conn.pending(), Outgoing.FLIGHT), Scratch.CAPACITY))) {
                return;
            }
            conn.addressTurns().drain(outgoing.address(), outgoing.room());
            outgoing.advance(conn.emitted());
        }
        if (conn.pending() > 0) {
            outputBlocked = true;
        }
    }

    /** Hands out records and events in wire order. Afterwards the connection may be gone. */
    private void deliver(Scratch scratch) {
        int record = 0;
        int start = 0;
        List<ConnectionEvent> events = scratch.events;
        for (int i = 0; i < events.size() && conn != null; i++) {
            ConnectionEvent event = events.get(i);
            while (record < scratch.records()
                    && scratch.recordEnd(record) <= scratch.offset(event)
                    && conn != null) {
                start = deliverRecord(scratch, start, scratch.recordEnd(record++));
            }
            if (conn != null) {
                deliverEvent(event);
            }
        }
        while (record < scratch.records() && conn != null) {
            start = deliverRecord(scratch, start, scratch.recordEnd(record++));
        }
        scratch.carry(start);
    }

    private int deliverRecord(Scratch scratch, int start, int end) {
        if (end > start) {
            bytesRead += end - start;
            if (target != null) {
                deliverTarget(end);
                return end;
            }
            ByteBuffer view = scratch.plain;
            view.limit(end).position(start);
            if (hasLeftover()) {
                keep(view);
            } else {
                Throwable failure = null;
                try {
                    receiver.onRead(view, scratch.address + start);
                } catch (Throwable caught) {
                    failure = caught;
                }
                if (view.hasRemaining() && conn != null) {
                    keep(view);
                }
                called(failure);
            }
        }
        return end;
    }

    private void deliverTarget(int count) {
        target = null;
        Throwable failure = null;
        try {
            receiver.onFilled(count);
        } catch (Throwable caught) {
            failure = caught;
        }
        called(failure);
    }

    private void deliverEvent(ConnectionEvent event) {
        Throwable failure = null;
        try {
            owner.tlsEvent(event);
        } catch (Throwable caught) {
            failure = caught;
        }
        called(failure);
    }

    /**
     * After each call out: what it threw is the program's uncaught exception, not the end of the
     * turn, and what it put on the tick queue runs before the next event, as between two callbacks
     * of Node. Inside a callback of the program both have to wait for the end of the turn.
     */
    private void called(Throwable failure) {
        if (outermost) {
            if (failure != null) {
                Netty.uncaught(loop, failure);
            }
            Netty.leave(loop);
            Netty.enter(loop);
        } else if (failure != null) {
            if (thrown == null) {
                thrown = failure;
            } else {
                thrown.addSuppressed(failure);
            }
        }
    }

    private void rethrow() {
        if (thrown != null) {
            Throwable failure = thrown;
            thrown = null;
            throw TLSTransport.<RuntimeException>unchecked(failure);
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException unchecked(Throwable failure) throws T {
        throw (T) failure;
    }

    private boolean hasLeftover() {
        return leftover != null && !leftover.isEmpty();
    }

    private void keep(ByteBuffer rest) {
        if (leftover == null) {
            leftover = new ArrayDeque<>();
        }
        ByteBuffer copy = ByteBuffer.allocate(rest.remaining());
        copy.put(rest).flip();
        leftover.add(copy);
    }

    private void deliverEnd() {
        if (endDelivered || conn == null || hasLeftover()) {
            return;
        }
        endDelivered = true;
        receiver.onEnd();
    }

    // ---- reading ------------------------------------------------------------------------------

    @Override
    public void readStart() {
        reading = true;
        if (hasLeftover() && !redelivering) {
            redelivering = true;
            loop.execute(this::redeliver);
        }
        updateReading();
    }

    @Override
    public void readStop() {
        reading = false;
        updateReading();
    }

    @Override
    public boolean isReading() {
        return reading;
    }

    private void updateReading() {
        if (lower == null || closing) {
            return;
        }
        // While a question is open reading goes on, so that a peer that leaves is noticed; its
        // bytes stay below.
        if (!reading || outputBlocked || endReceived || hasLeftover()) {
            lower.readStop();
        } else if (!cycling && !paused) {
            lower.readStart();
        }
    }

    private void redeliver() {
        redelivering = false;
        while (reading && conn != null && hasLeftover()) {
            ByteBuffer next = leftover.peekFirst();
            if (next.hasRemaining()) {
                try {
                    receiver.onRead(next, 0);
                } catch (Throwable caught) {
                    Netty.uncaught(loop, caught);
                }
            }
            if (conn == null || next.hasRemaining()) {
                return;
            }
            leftover.pollFirst();
        }
        if (conn != null && !hasLeftover()) {
            if (endReceived) {
                deliverEnd();
            } else {
                go();
            }
        }
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        return write(new ByteBuffer[] {chunk}, null, done);
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        return write(chunks.toArray(ByteBuffer[]::new), null, done);
    }

    private boolean write(ByteBuffer[] chunks, Output source, Done done) {
        writes.add(chunks, source, done);
        if (conn == null) {
            writes.cancel(cancelled("write"));
        } else if (!started && !conn.isServer() && lower != null) {
            // Node: a client that nobody started begins when something is written.
            start();
        } else {
            pumpWrites();
        }
        return false;
    }

    @Override
    public Output lend(int capacity) {
        return new PlainOutput(capacity);
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        return write(new ByteBuffer[] {output.buffer().slice(0, length)}, output, done);
    }

    @Override
    public void queue(Output output, int length, Done done) {
        write(output, length, done);
    }

    @Override
    public void flush() {
        pumpWrites();
    }

    @Override
    public long writeQueueSize() {
        return writes.queued() + (lower == null ? 0 : lower.writeQueueSize());
    }

    @Override
    public boolean isBacklogged() {
        return writes.queued() > WRITE_MARK || (lower != null && isLowerBacklogged());
    }

    @Override
    public void shutdown(Done done) {
        if (conn != null
                && (lower == null
                        || inNative
                        || open && (!writes.isEmpty() || outgoing.isHeld()))) {
            // After everything written; or never, when close() comes first.
            pendingShutdown = done;
            return;
        }
        if (conn == null) {
            loop.execute(() -> done.done(cancelled("shutdown")));
            return;
        }
        sendCloseNotify();
        lowerEnded = true;
        if (endReceived && lower instanceof ChannelTransport channel) {
            channel.expectEnd();
        }
        lower.shutdown(done);
    }

    private static Throwable cancelled(String call) {
        return SystemException.of("ECANCELED", call);
    }

    private void resumeShutdown() {
        if (pendingShutdown != null && conn != null) {
            Done done = pendingShutdown;
            pendingShutdown = null;
            shutdown(done);
        }
    }

    private void sendCloseNotify() {
        if (!open || failed || shutdownSent) {
            return;
        }
        shutdownSent = true;
        if (!outgoing.makeRoom(Outgoing.FLIGHT)) {
            return;
        }
        idleSlot.active(loop);
        conn.addressTurns().shutdown(outgoing.address(), outgoing.room());
        outgoing.advance(conn.emitted());
        drainAll();
        outgoing.flush(null);
    }

    // ---- closing ------------------------------------------------------------------------------

    @Override
    public void close(Runnable closed) {
        if (closing) {
            return;
        }
        closing = true;
        if (inNative) {
            // Memory that was lent to it must not go yet.
            whenFreed = closed;
        } else {
            free(closed);
        }
    }

    private void free(Runnable closed) {
        outgoing.discard();
        leftover = null;
        target = null;
        known = null;
        TLSConnection last = conn;
        conn = null;
        idleSlot.leave();
        if (last != null) {
            last.close();
        }
        writes.cancel(lost != null ? lost : cancelled("write"));
        if (pendingShutdown != null) {
            Done done = pendingShutdown;
            pendingShutdown = null;
            loop.nextTick(() -> done.done(cancelled("shutdown")));
        }
        if (wrapped != null) {
            closeWrapped(closed);
        } else if (lower != null) {
            lower.close(closed);
        } else if (closed != null) {
            loop.execute(closed);
        }
    }

    private void closeWrapped(Runnable closed) {
        if (wrapped.closed() && closed != null) {
            loop.execute(closed);
            return;
        }
        whenClosed = closed;
        // The stream tells onClosed() as well; a program that removes all its listeners removes
        // this one.
        wrapped.once(Stream.CLOSE, this::wrappedClosed);
        wrapped.destroy();
    }

    private void wrappedClosed() {
        Runnable closed = whenClosed;
        whenClosed = null;
        if (closed != null) {
            // A tick later: the error that closes both is told first.
            loop.nextTick(closed);
        }
    }

    @Override
    public boolean reset(Runnable closed) {
        return false;
    }

    @Override
    public boolean isOpen() {
        return !closing && (lower == null || lower.isOpen());
    }

    // ---- the rest belongs to the transport below ----------------------------------------------

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public Receiver receiver() {
        return receiver;
    }

    @Override
    public void setReceiver(Receiver next) {
        receiver = next;
    }

    @Override
    public boolean isTCP() {
        // Not plain TCP: it cannot be reset.
        return false;
    }

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return writes.accepted();
    }

    @Override
    public AddressInfo localAddress() {
        return lower == null ? null : lower.localAddress();
    }

    @Override
    public AddressInfo remoteAddress() {
        return lower == null ? null : lower.remoteAddress();
    }

    @Override
    public void setNoDelay(boolean enable) {
        if (lower != null) {
            lower.setNoDelay(enable);
        }
    }

    @Override
    public void setKeepAlive(boolean enable, int initialDelaySeconds) {
        if (lower != null) {
            lower.setKeepAlive(enable, initialDelaySeconds);
        }
    }

    @Override
    public void ref() {
        referenced = true;
        if (lower != null) {
            lower.ref();
        }
    }

    @Override
    public void unref() {
        referenced = false;
        if (lower != null) {
            lower.unref();
        }
    }
}
