package io.github.securepair.tls;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.engine.internal.RawTurns;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.SystemException;
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
final class TLSTransport implements Transport, Receiver {
    /**
     * Hears of everything but bytes. Called on the loop, outside native code; may do anything to
     * the transport.
     */
    interface Owner {
        void tlsEvent(ConnectionEvent event);

        /** The connection is dead. The alert, if any, is on its way. */
        void tlsFailed(TLSException failure);

        /** The transport below closed by itself. */
        void lowerClosed();
    }

    /** Statuses of raw turns, as in sp.h. */
    private static final int WANT_INPUT = 0;

    private static final int FULL = 1;
    private static final int EVENT = 2;
    private static final int PAUSED = 3;
    private static final int CLOSED = 4;
    private static final int FAILED = 5;

    private static final int MAX_FRAGMENT = 16384;
    /** More than a record of any suite adds: header, explicit IV, padding, MAC. */
    private static final int RECORD_OVERHEAD = 320;
    /**
     * Plaintext queued by a writer that does not wait, above which {@link #isBacklogged()} says so.
     */
    private static final int WRITE_MARK = 64 * 1024;

    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final EventLoop loop;
    private final Owner owner;
    private final Outgoing outgoing = new Outgoing();
    private final ArrayDeque<Write> writes = new ArrayDeque<>();
    /** Encrypted, not yet taken by the kernel. */
    private final ArrayDeque<Write> flushing = new ArrayDeque<>();

    private TLSConnection conn;
    private Transport lower;
    private Duplex wrapped;
    private Receiver receiver;

    private boolean started;
    private boolean open;
    private boolean reading;
    private boolean cycling;
    private boolean again;
    private boolean paused;
    private boolean outputBlocked;
    private boolean endReceived;
    private boolean endDelivered;
    private boolean failed;
    private boolean closing;
    private boolean shutdownSent;
    private boolean lowerEnded;
    private boolean redelivering;
    private boolean pumping;
    /** The lower transport calls from the loop itself, never from inside the program. */
    private boolean channelBelow;
    /** This turn was begun by such a call: between two listeners the tick queue may run. */
    private boolean outermost;

    private Throwable thrown;
    private boolean referenced = true;
    /** Plaintext that the receiver did not take. */
    private ArrayDeque<ByteBuffer> leftover;

    private Done pendingShutdown;
    private int fragment = MAX_FRAGMENT;
    private long queuedPlain;
    private long bytesRead;
    private long bytesWritten;

    /** Takes ownership of {@code conn}; {@link #close} frees it. */
    TLSTransport(EventLoop loop, TLSConnection conn, Owner owner) {
        this.loop = loop;
        this.conn = conn;
        this.owner = owner;
    }

    /**
     * Puts it over a transport.
     *
     * @param stream the stream whose transport that is, to be destroyed with this; or null
     */
    void attach(Transport transport, Duplex stream) {
        lower = transport;
        wrapped = stream;
        outgoing.attach(transport);
        channelBelow = transport instanceof ChannelTransport;
        if (closing) {
            return;
        }
        if (!referenced) {
            lower.unref();
        }
        updateReading();
        if (!writes.isEmpty()) {
            pumpWrites();
        }
        resumeShutdown();
    }

    boolean isAttached() {
        return lower != null;
    }

    /** The connection, null once closed. */
    TLSConnection connection() {
        return conn;
    }

    Transport lower() {
        return lower;
    }

    // ---- the handshake ------------------------------------------------------------------------

    /** Client: sends the ClientHello. Once. */
    void start() {
        if (!started && conn != null && lower != null) {
            started = true;
            cycle(NOTHING, 0);
        }
    }

    /**
     * Lets application data out: the peer is who it should be. What was written meanwhile follows
     * when the turn ends.
     */
    void open() {
        open = true;
        if (!cycling) {
            pumpWrites();
        }
    }

    /** Runs a turn: a question was answered, or a renegotiation asked for. */
    void go() {
        paused = false;
        cycle(NOTHING, 0);
    }

    /** Keeps ciphertext back until {@link #unholdOutput()} was called as often. */
    void holdOutput() {
        outgoing.hold();
    }

    void unholdOutput() {
        if (outgoing.unhold() && conn != null) {
            go();
        }
    }

    /** The peer sent a fatal alert: that was all. */
    void endAfterAlert() {
        if (conn != null) {
            endReceived = true;
            deliverEnd();
        }
    }

    void setFragment(int size) {
        fragment = size;
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
    public void onClosed() {
        if (!closing) {
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
        if (cycling) {
            return;
        }
        cycling = true;
        Scratch scratch = Scratch.acquire();
        try {
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
        if (conn != null) {
            pumpWrites();
        }
        if (conn != null) {
            outgoing.flush(null);
            updateReading();
            resumeShutdown();
        }
        rethrow();
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
            int status = turn(in, base, scratch);
            TLSException failure = status == FAILED ? conn.failure() : null;
            scratch.take(conn);
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

    /** One native call. Advances {@code in}. */
    private int turn(ByteBuffer in, long base, Scratch scratch) {
        int length = in.remaining();
        long from;
        if (length == 0) {
            from = 0;
        } else if (base != 0) {
            from = base + in.position();
        } else if (in.isDirect()) {
            from = RawTurns.address(in) + in.position();
        } else {
            length = scratch.copyIn(in);
            from = scratch.inputAddress();
        }
        int status = RawTurns.read(
                conn,
                from,
                length,
                scratch.address + scratch.carried(),
                Scratch.CAPACITY - scratch.carried(),
                outgoing.address(),
                outgoing.room());
        in.position(in.position() + conn.consumed());
        outgoing.advance(conn.emitted());
        return status;
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

    /** After FIN there is nobody to wait for: what comes is dropped below. */
    private boolean isLowerBacklogged() {
        return !lowerEnded && lower.isBacklogged();
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
            RawTurns.drain(conn, outgoing.address(), outgoing.room());
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

    private void fail(TLSException failure) {
        failed = true;
        while (conn.pending() > 0 && outgoing.makeRoom(Outgoing.FLIGHT)) {
            RawTurns.drain(conn, outgoing.address(), outgoing.room());
            outgoing.advance(conn.emitted());
        }
        outgoing.flush(null);
        owner.tlsFailed(failure);
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
                receiver.onRead(next, 0);
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

    /** Plaintext that was accepted, with who wants to know when its ciphertext is gone. */
    private final class Write implements Done, Runnable {
        private final ByteBuffer[] chunks;
        private final Output source;
        private final Done done;
        private int index;
        private int position;
        private long left;
        private boolean finished;
        private Throwable error;

        Write(ByteBuffer[] chunks, Output source, Done done) {
            this.chunks = chunks;
            this.source = source;
            this.done = done;
            for (ByteBuffer chunk : chunks) {
                left += chunk.remaining();
            }
        }

        /** Copies the next bytes to {@code target}, up to its limit. */
        void gather(ByteBuffer target) {
            while (target.hasRemaining() && index < chunks.length) {
                ByteBuffer chunk = chunks[index];
                int rest = chunk.remaining() - position;
                int count = Math.min(rest, target.remaining());
                int from = chunk.position() + position;
                target.put(target.position(), chunk, from, count);
                target.position(target.position() + count);
                position += count;
                if (count == rest) {
                    index++;
                    position = 0;
                }
            }
        }

        /** Remembers that {@code count} of the bytes last gathered were not encrypted. */
        void unread(int count) {
            int rest = count;
            while (rest > 0) {
                if (position == 0) {
                    index--;
                    position = chunks[index].remaining();
                }
                int step = Math.min(rest, position);
                position -= step;
                rest -= step;
            }
        }

        @Override
        public void done(Throwable failure) {
            finish(failure);
        }

        @Override
        public void run() {
            finish(null);
        }

        private void finish(Throwable failure) {
            if (finished) {
                return;
            }
            finished = true;
            error = failure;
            finishWrites();
        }

        void complete() {
            if (source != null) {
                source.release();
            }
            if (done != null) {
                done.done(error);
            }
        }
    }

    /** Tells writers in order, whatever order the kernel answers in. */
    private void finishWrites() {
        while (!flushing.isEmpty() && flushing.peekFirst().finished) {
            flushing.pollFirst().complete();
        }
    }

    private void accept(Write write) {
        queuedPlain += write.left;
        bytesWritten += write.left;
        writes.add(write);
        if (conn == null) {
            cancelWrites();
            return;
        }
        if (!started && !conn.isServer() && lower != null) {
            // Node: a client that nobody started begins when something is written.
            start();
        } else if (!cycling || open) {
            pumpWrites();
        }
    }

    /**
     * Encrypts as much as the transport below wants. Safe inside a turn's callbacks: native code is
     * not on the stack.
     */
    private void pumpWrites() {
        if (!open || writes.isEmpty() || pumping || failed || paused || outgoing.isHeld()) {
            return;
        }
        pumping = true;
        Scratch scratch = Scratch.acquire();
        try {
            while (conn != null && !writes.isEmpty() && pump(writes.peekFirst(), scratch)) {
                Write write = writes.pollFirst();
                flushing.add(write);
                if (outgoing.flush(write)) {
                    // As in Node a write never completes inside write(): those made meanwhile
                    // become one record.
                    loop.setImmediate(write);
                }
            }
            if (conn != null && !outgoing.isEmpty()) {
                outgoing.flush(null);
            }
        } finally {
            pumping = false;
            scratch.release();
        }
        if (!cycling) {
            resumeShutdown();
            rethrow();
        }
    }

    /** Returns whether all of {@code write} was encrypted. */
    private boolean pump(Write write, Scratch scratch) {
        int slice = Scratch.CAPACITY / fragment * fragment;
        while (write.left > 0) {
            if (isLowerBacklogged()) {
                outgoing.flush(null);
                outputBlocked = outputBlocked || conn.pending() > 0;
                return false;
            }
            int length = (int) Math.min(slice, write.left);
            scratch.plain.clear().limit(length);
            write.gather(scratch.plain);
            int sent = 0;
            while (sent < length) {
                int wish = length - sent + ((length - sent) / fragment + 1) * RECORD_OVERHEAD;
                if (!outgoing.makeRoom(wish)) {
                    write.unread(length - sent);
                    return false;
                }
                int status = RawTurns.write(
                        conn,
                        scratch.address + sent,
                        length - sent,
                        outgoing.address(),
                        outgoing.room());
                int consumed = conn.consumed();
                sent += consumed;
                write.left -= consumed;
                queuedPlain -= consumed;
                outgoing.advance(conn.emitted());
                TLSException failure = status == FAILED ? conn.failure() : null;
                if (status == EVENT) {
                    scratch.takeEvents(conn);
                }
                if (conn.pending() > 0) {
                    drainAll();
                }
                if (failure != null) {
                    write.unread(length - sent);
                    fail(failure);
                    return false;
                }
                if (status == EVENT) {
                    scratch.events.forEach(this::deliverEventOfWrite);
                    if (conn == null) {
                        return false;
                    }
                } else if (status != FULL && consumed == 0) {
                    // A handshake is under way: offered again after the next read.
                    write.unread(length - sent);
                    return false;
                }
            }
        }
        return true;
    }

    /** Of a write: the program may be what called it, so the tick queue has to wait. */
    private void deliverEventOfWrite(ConnectionEvent event) {
        if (conn != null) {
            boolean before = outermost;
            outermost = false;
            deliverEvent(event);
            outermost = before;
        }
    }

    /** The rest of a record that was begun must follow before anything else. */
    private void drainAll() {
        while (conn.pending() > 0
                && outgoing.makeRoom(
                        Math.min(conn.pending() + RECORD_OVERHEAD, Scratch.CAPACITY))) {
            RawTurns.drain(conn, outgoing.address(), outgoing.room());
            outgoing.advance(conn.emitted());
        }
    }

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        accept(new Write(new ByteBuffer[] {chunk}, null, done));
        return false;
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        accept(new Write(chunks.toArray(ByteBuffer[]::new), null, done));
        return false;
    }

    @Override
    public Output lend(int capacity) {
        return new PlainOutput(capacity);
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        ByteBuffer bytes = output.buffer().slice(0, length);
        accept(new Write(new ByteBuffer[] {bytes}, output, done));
        return false;
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
        return queuedPlain + (lower == null ? 0 : lower.writeQueueSize());
    }

    @Override
    public boolean isBacklogged() {
        return queuedPlain > WRITE_MARK || (lower != null && isLowerBacklogged());
    }

    @Override
    public void shutdown(Done done) {
        if (conn != null && (lower == null || open && (!writes.isEmpty() || outgoing.isHeld()))) {
            // After everything written; or never, when close() comes first.
            pendingShutdown = done;
            return;
        }
        if (conn == null) {
            loop.execute(() -> done.done(SystemException.of("ECANCELED", "shutdown")));
            return;
        }
        sendCloseNotify();
        lowerEnded = true;
        lower.shutdown(done);
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
        RawTurns.shutdown(conn, outgoing.address(), outgoing.room());
        outgoing.advance(conn.emitted());
        if (conn.pending() > 0) {
            drainAll();
        }
        outgoing.flush(null);
    }

    // ---- closing ------------------------------------------------------------------------------

    @Override
    public void close(Runnable closed) {
        if (closing) {
            return;
        }
        closing = true;
        outgoing.discard();
        leftover = null;
        TLSConnection last = conn;
        conn = null;
        if (last != null) {
            last.close();
        }
        cancelWrites();
        if (pendingShutdown != null) {
            Done done = pendingShutdown;
            pendingShutdown = null;
            loop.nextTick(() -> done.done(SystemException.of("ECANCELED", "shutdown")));
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
        if (closed != null) {
            if (wrapped.closed()) {
                loop.execute(closed);
            } else {
                // A tick later: the error that closes both is told first.
                wrapped.once(Stream.CLOSE, () -> loop.nextTick(closed));
            }
        }
        wrapped.destroy();
    }

    private void cancelWrites() {
        flushing.addAll(writes);
        writes.clear();
        queuedPlain = 0;
        for (Write write : flushing) {
            if (!write.finished) {
                write.finished = true;
                write.error = SystemException.of("ECANCELED", "write");
            }
        }
        if (!flushing.isEmpty()) {
            loop.nextTick(this::finishWrites);
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
        return lower != null && lower.isTCP();
    }

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return bytesWritten;
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
