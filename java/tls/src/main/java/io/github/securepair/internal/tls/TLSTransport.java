package io.github.securepair.internal.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.Frames;
import io.github.securepair.internal.transport.ChannelTransport;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.Link;
import io.github.securepair.internal.transport.Output;
import io.github.securepair.internal.transport.Receiver;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Stream;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;

/**
 * TLS over a lower transport, itself a transport: what lies under a TLSSocket (Node's TLSWrap).
 *
 * <p>The dispatcher. A turn runs native code, copies the results out of it, leaves it, and only
 * then calls listeners. So a listener never runs inside OpenSSL: it may write, pause, end or
 * destroy, which frees the connection at once; after each call out the turn checks whether there
 * still is one. A turn requested meanwhile is only noted ({@link #again}).
 *
 * <p>Order of a turn: plaintext and events as they were on the wire, then ciphertext is sent. A
 * connection that a listener destroys has not sent its last flight yet: a client that refuses a
 * server does not send Finished.
 */
public final class TLSTransport implements Transport, Receiver {
    /**
     * Receives everything but bytes. Called on the loop, outside native code; may do anything to
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
     * Queued plaintext above which {@link #isBacklogged()} is true, for writers that do not wait.
     */
    private static final int WRITE_MARK = 64 * 1024;

    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final EventLoop loop;
    private final Owner owner;
    private final Outgoing outgoing = new Outgoing();
    private final WriteQueue writes;
    private final DirectRead directRead;
    private final ListenerCalls calls;

    /** Read by the getters of any thread. */
    private volatile TLSConnection conn;

    /** Those of {@link #conn}. */
    private final AddressTurns turns;

    private Transport lower;
    private Duplex wrapped;
    private Receiver receiver;

    private boolean started;
    private boolean begun;
    private boolean applicationDataAllowed;
    private boolean reading;
    private boolean driving;
    private boolean again;
    private boolean paused;
    private boolean endReceived;
    /** The peer's. Read by any thread, also when the connection is gone. */
    private volatile boolean closeNotifyReceived;

    private boolean endDelivered;
    private boolean failed;
    private volatile boolean closing;
    /** Native code is on the stack, and a PSK callback may be running inside it. */
    private boolean inNative;

    private boolean shutdownSent;
    /** A write below failed: nothing that is written arrives any more. */
    private boolean lowerBroken;
    /** Why the connection carries nothing any more, as the error of writes; null while it does. */
    private Throwable lost;

    private boolean redelivering;
    /** Plaintext that the receiver did not take. */
    private ArrayDeque<ByteBuffer> leftover;

    private Done pendingShutdown;
    private Runnable whenClosed;
    private Runnable whenFreed;
    private long bytesRead;
    private final IdleBufferReaper.Slot idleSlot = new IdleBufferReaper.Slot(this::idle);

    /**
     * Takes ownership of {@code conn}; {@link #close} frees it.
     *
     * @param hasPskCallback whether pre-shared keys come from a callback of the program
     */
    public TLSTransport(EventLoop loop, TLSConnection conn, Owner owner, boolean hasPskCallback) {
        this.loop = loop;
        this.conn = conn;
        turns = new AddressTurns(conn);
        this.owner = owner;
        conn.waitForOtherThreads();
        writes = new WriteQueue(this, outgoing, loop);
        directRead = new DirectRead(hasPskCallback);
        calls = new ListenerCalls();
    }

    /**
     * Puts this over a transport.
     *
     * @param stream the stream that the transport belongs to, to be destroyed with this; or null
     */
    public void attach(Transport transport, Duplex stream) {
        lower = transport;
        wrapped = stream;
        outgoing.attach(transport);
        calls.setChannelBelow(transport instanceof ChannelTransport);
        if (closing) {
            transport.close(null);
            return;
        }
        updateReading();
        pumpWrites();
    }

    /** The connection, null once closed. */
    public TLSConnection connection() {
        return closing ? null : conn;
    }

    /** For the write queue, while there is a connection. */
    AddressTurns turns() {
        return turns;
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
            drive(NOTHING, 0);
        }
    }

    /** Whether a turn was run: settings have no effect any more. */
    public boolean hasBegun() {
        return begun;
    }

    /**
     * Lets application data out: the peer was accepted. Earlier writes follow when the turn ends.
     */
    public void allowApplicationData() {
        applicationDataAllowed = true;
        if (!driving) {
            pumpWrites();
        }
    }

    /** Runs a turn: a question was answered, or a renegotiation requested. */
    public void resume() {
        paused = false;
        drive(NOTHING, 0);
    }

    /** Keeps ciphertext back until as many calls of {@link #unholdOutput()}. */
    public void holdOutput() {
        outgoing.hold();
    }

    public void unholdOutput() {
        if (outgoing.unhold() && conn != null) {
            resume();
        }
    }

    /** The peer sent a fatal alert, so nothing follows. */
    public void endAfterAlert() {
        if (conn != null) {
            endReceived = true;
            deliverEnd();
        }
    }

    public void setFragment(int size) {
        writes.fragment(size);
    }

    // ---- for the write queue ------------------------------------------------------------------

    /** Whether application data may be encrypted now. */
    boolean mayWrite() {
        return applicationDataAllowed
                && conn != null
                && lower != null
                && !failed
                && !lowerBroken
                && !paused
                && !inNative;
    }

    /**
     * Native code is about to run. A PSK callback is called from inside it, and what that does to
     * this transport waits for {@link #turnEnds()}.
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

    /** Delivers an event found while encrypting. */
    void deliverEventOfWrite(ConnectionEvent event) {
        if (conn != null) {
            boolean before = calls.enterWrite();
            deliverEvent(event);
            calls.leaveWrite(before);
        }
    }

    /** Frees the record buffers of a connection that had no turn for a while. */
    private void idle() {
        if (conn != null && !inNative) {
            conn.idle();
        }
    }

    /**
     * The connection is dead. The alert is sent first. As in Node, writes that wait to be encrypted
     * fail, and so do later ones.
     */
    void fail(TLSException failure) {
        failed = true;
        outgoing.drainAll(conn, turns);
        outgoing.flush(null);
        lost = SystemException.of("EPROTO", "write");
        lost.initCause(failure);
        owner.tlsFailed(failure);
        writes.refuse(lost);
    }

    private void pumpWrites() {
        writes.pump();
        if (!driving) {
            resumeShutdown();
            calls.rethrow();
        }
    }

    // ---- Receiver: from the transport below ---------------------------------------------------

    @Override
    public void onRead(ByteBuffer lent, long address) {
        if (!takesInput()) {
            lent.position(lent.limit());
        } else if (!driving && !paused) {
            // Else the bytes stay with the transport until readStart().
            calls.callFromBelow();
            try {
                drive(lent, address == 0 ? 0 : address - lent.position());
            } finally {
                calls.returnBelow();
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
        outgoing.ignoreBacklog();
        if (lost == null) {
            lost = error;
        }
        writes.cancel(lost);
        outgoing.unblock();
        // What the peer has sent is still read; after that the reader finds the error.
        resume();
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
        outgoing.unblock();
        resume();
        if (conn != null && receiver != null && !isBacklogged()) {
            receiver.onWritable();
        }
    }

    private boolean takesInput() {
        return conn != null && !endReceived && !failed;
    }

    // ---- the dispatcher -----------------------------------------------------------------------

    /** @param base native address of the first byte of {@code in}, wherever its position; or 0 */
    private void drive(ByteBuffer in, long base) {
        again = true;
        if (driving || inNative) {
            return;
        }
        driving = true;
        Scratch scratch = Scratch.acquire();
        try {
            if (!begun) {
                begin();
            }
            runTurns(in, base, scratch);
            if (conn != null && scratch.carried() > 0) {
                deliverRecord(scratch, 0, scratch.carried());
            }
        } finally {
            driving = false;
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
        calls.rethrow();
    }

    private void begin() {
        begun = true;
        Throwable failure = null;
        try {
            owner.tlsBegins(conn);
        } catch (Throwable caught) {
            failure = caught;
        }
        calls.returned(failure);
    }

    /**
     * Runs turns until the input is used up, a question is open, there is no room below, or the
     * connection has ended.
     */
    private void runTurns(ByteBuffer in, long base, Scratch scratch) {
        while (again || in.hasRemaining()) {
            again = false;
            if (!takesInput()
                    || lower == null
                    || !outgoing.prepare(conn, !applicationDataAllowed)) {
                return;
            }
            Status status = runTurn(in, base, scratch);
            if (conn == null) {
                return;
            }
            TLSException failure = status == Status.FAILED ? conn.failure() : null;
            scratch.take(conn);
            directRead.confirm(receiver, scratch);
            deliver(scratch);
            if (conn == null) {
                return;
            }
            switch (status) {
                case EVENT -> again = true;
                case FULL -> {
                    again = true;
                    outgoing.drain(conn, turns);
                }
                case PAUSED -> {
                    if (!again) {
                        paused = true;
                        outgoing.drain(conn, turns);
                        return;
                    }
                }
                case CLOSED -> {
                    outgoing.drain(conn, turns);
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
                default -> outgoing.drain(conn, turns);
            }
            if (hasLeftover()) {
                return;
            }
        }
    }

    /** One native call. Advances {@code in}. Afterwards the connection may be gone. */
    private Status runTurn(ByteBuffer in, long base, Scratch scratch) {
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
        directRead.choose(receiver, scratch, hasLeftover());
        boolean direct = directRead.isChosen();
        Status status;
        turnBegins();
        try {
            status = turns.read(
                    from,
                    length,
                    direct ? directRead.address() : scratch.addressOfRest(),
                    direct ? DirectRead.RECORD : Scratch.CAPACITY - scratch.carried(),
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
            if (directRead.isChosen()) {
                deliverDirect(end);
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
                calls.returned(failure);
            }
        }
        return end;
    }

    private void deliverDirect(int count) {
        directRead.delivered();
        Throwable failure = null;
        try {
            receiver.onFilled(count);
        } catch (Throwable caught) {
            failure = caught;
        }
        calls.returned(failure);
    }

    private void deliverEvent(ConnectionEvent event) {
        Throwable failure = null;
        try {
            owner.tlsEvent(event);
        } catch (Throwable caught) {
            failure = caught;
        }
        calls.returned(failure);
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
        // While a question is open reading goes on, so that a peer's end is noticed; its bytes
        // stay below.
        if (!reading || outgoing.isBlocked() || endReceived || hasLeftover()) {
            lower.readStop();
        } else if (!driving && !paused) {
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
                    Frames.current().uncaught(caught);
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
                resume();
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
            // As in Node, the first write starts a client that was not started.
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
        return writes.queued() > WRITE_MARK || (lower != null && outgoing.isBacklogged());
    }

    @Override
    public void shutdown(Done done) {
        if (conn != null
                && (lower == null
                        || inNative
                        || applicationDataAllowed && (!writes.isEmpty() || outgoing.isHeld()))) {
            // After everything written; or never, when close() is called first.
            pendingShutdown = done;
            return;
        }
        if (conn == null) {
            loop.execute(() -> done.done(cancelled("shutdown")));
            return;
        }
        sendCloseNotify();
        outgoing.ignoreBacklog();
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
        if (!applicationDataAllowed || failed || shutdownSent) {
            return;
        }
        shutdownSent = true;
        if (!outgoing.makeRoom(Outgoing.HANDSHAKE_FLIGHT_ROOM)) {
            return;
        }
        idleSlot.active(loop);
        turns.shutdown(outgoing.address(), outgoing.room());
        outgoing.advance(conn.emitted());
        outgoing.drainAll(conn, turns);
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
            // Memory that was lent to native code must not be freed yet.
            whenFreed = closed;
        } else {
            free(closed);
        }
    }

    private void free(Runnable closed) {
        outgoing.discard();
        leftover = null;
        directRead.forget();
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
        // The stream calls onClosed() as well; a program that removes all its listeners removes
        // this one.
        wrapped.once(Stream.CLOSE, this::wrappedClosed);
        wrapped.destroy();
    }

    private void wrappedClosed() {
        Runnable closed = whenClosed;
        whenClosed = null;
        if (closed != null) {
            // A tick later: the error that closes both is emitted first.
            loop.nextTick(closed);
        }
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
    public Link link() {
        return lower == null ? null : lower.link();
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
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return writes.accepted();
    }
}
