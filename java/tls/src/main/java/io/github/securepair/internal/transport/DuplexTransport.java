package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.WritableStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Any Duplex as a {@link Transport}: a pair in memory, a TLS socket to run TLS in, a stream of the
 * program's own. Bytes are copied at this border, once each way.
 */
public final class DuplexTransport implements Transport {
    private static final int BACKLOG = 64 * 1024;

    private final Duplex stream;
    private final EventLoop loop;
    private Receiver receiver;
    private boolean reading;
    private boolean ended;
    private boolean endDelivered;
    private Throwable error;
    private boolean closed;
    private boolean streamClosed;
    private boolean errorDelivered;
    private boolean closeDelivered;
    private boolean writeErrorReported;
    private boolean backlogged;
    private boolean flowScheduled;
    private ByteBuffer unread;
    private long bytesRead;
    private long bytesWritten;
    private long waiting;

    /**
     * Takes the stream's data over. Reading starts with {@link #readStart()}. On the stream's loop.
     */
    public DuplexTransport(Duplex stream, Receiver receiver) {
        this.stream = stream;
        this.loop = stream.loop();
        this.receiver = receiver;
        stream.pause();
        stream.on(Duplex.DATA, this::onData);
        stream.on(Duplex.END, this::onEnd);
        stream.on(Duplex.ERROR, this::onError);
        stream.on("close", args -> onClose());
        stream.on(WritableStream.DRAIN, this::onDrain);
        // 'end' and 'close' that already happened are not emitted again.
        ended = stream.readableEnded();
        streamClosed = stream.destroyed();
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    /** A stream shows none, even if it is a socket. */
    @Override
    public Link link() {
        return null;
    }

    @Override
    public Receiver receiver() {
        return receiver;
    }

    @Override
    public void setReceiver(Receiver receiver) {
        this.receiver = receiver;
    }

    // ---- reading ------------------------------------------------------------------------------

    @Override
    public void readStart() {
        if (closed || reading) {
            return;
        }
        reading = true;
        if (!flowScheduled) {
            flowScheduled = true;
            loop.nextTick(this::flow);
        }
    }

    /** Delivers what is unread, then lets the stream flow. */
    private void flow() {
        flowScheduled = false;
        if (!reading || closed) {
            return;
        }
        if (unread != null) {
            ByteBuffer first = unread;
            unread = null;
            deliver(first);
        }
        if (reading && !closed) {
            if (hasEnd()) {
                deliverEnd();
            } else {
                stream.resume();
            }
        }
    }

    @Override
    public void readStop() {
        if (reading) {
            reading = false;
            stream.pause();
        }
    }

    @Override
    public boolean isReading() {
        return reading;
    }

    private void onData(Object chunk) {
        // A stream with an encoding delivers text, and its bytes are lost.
        ByteBuffer bytes = chunk instanceof ByteBuffer given
                ? given
                : ByteBuffer.wrap(String.valueOf(chunk).getBytes(StandardCharsets.ISO_8859_1));
        if (closed) {
            return;
        }
        bytesRead += bytes.remaining();
        if (!reading || unread != null) {
            addUnread(bytes);
        } else {
            deliver(bytes);
        }
    }

    private void deliver(ByteBuffer bytes) {
        try {
            receiver.onRead(bytes, 0);
        } finally {
            // Also when a listener threw: no byte may be lost.
            if (bytes.hasRemaining() && !closed) {
                addUnread(bytes);
                readStop();
            }
        }
    }

    private void addUnread(ByteBuffer bytes) {
        if (unread == null) {
            unread = bytes;
        } else {
            ByteBuffer both = ByteBuffer.allocate(unread.remaining() + bytes.remaining());
            unread = both.put(unread).put(bytes).flip();
        }
    }

    /** Returns whether an end, an error or a close is yet to be delivered. */
    private boolean hasEnd() {
        return ended && !endDelivered
                || error != null && !errorDelivered
                || streamClosed && !closeDelivered;
    }

    private void onEnd() {
        ended = true;
        onEof();
    }

    private void onError(Throwable thrown) {
        if (error == null) {
            error = thrown;
        }
        onEof();
    }

    private void onClose() {
        streamClosed = true;
        onEof();
        // A receiver that does not read, or waits for 'drain', would miss it otherwise.
        writeFailed(SystemException.of("ECANCELED", "write"));
    }

    /**
     * An error is delivered at once; the end waits for unread bytes and for readStart(); the close
     * of the stream waits for the end.
     */
    private void onEof() {
        boolean first = unread == null && reading || !ended || endDelivered;
        if (!closed && receiver != null && hasEnd() && (error != null || first)) {
            deliverEnd();
        }
    }

    private void deliverEnd() {
        reading = false;
        if (error != null && !errorDelivered) {
            // Also after the end: the receiver may still write.
            endDelivered = true;
            errorDelivered = true;
            receiver.onError(error);
        } else if (ended && !endDelivered) {
            endDelivered = true;
            receiver.onEnd();
        }
        if (streamClosed && !closeDelivered && !closed) {
            closeDelivered = true;
            receiver.onClosed();
        }
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    public Output lend(int capacity) {
        return new Copied(PooledByteBufAllocator.DEFAULT.directBuffer(capacity));
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        ByteBuf memory = ((Copied) output).take();
        byte[] bytes;
        try {
            bytes = new byte[length];
            memory.getBytes(0, bytes);
        } finally {
            memory.release();
        }
        return write(ByteBuffer.wrap(bytes), done);
    }

    @Override
    public void queue(Output output, int length, Done done) {
        // The stream's own buffer does the collecting.
        write(output, length, done);
    }

    @Override
    public void flush() {}

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        int length = chunk.remaining();
        if (closed || streamClosed || stream.destroyed()) {
            Throwable why = SystemException.of("EPIPE", "write");
            if (done != null) {
                loop.nextTick(() -> done.done(why));
            }
            writeFailed(why);
            return false;
        }
        bytesWritten += length;
        waiting += length;
        boolean[] inCall = {true};
        try {
            backlogged |= !stream.write(chunk, failure -> {
                waiting -= length;
                if (failure != null) {
                    writeFailed(failure);
                }
                if (done == null) {
                    return;
                }
                if (inCall[0]) {
                    loop.nextTick(() -> done.done(failure));
                } else {
                    done.done(failure);
                }
            });
        } catch (Throwable thrown) {
            // Thrown by the stream, or by a reader at its other end; must not propagate to the
            // writer.
            Uncaught.later(loop, thrown);
        }
        inCall[0] = false;
        return false;
    }

    /** The stream has failed a write, or is closed: what was written and not read is lost. */
    private void writeFailed(Throwable error) {
        if (!writeErrorReported) {
            writeErrorReported = true;
            loop.nextTick(() -> {
                if (!closed && receiver != null) {
                    receiver.onWriteError(error);
                }
            });
        }
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        stream.cork();
        int last = chunks.size() - 1;
        for (int i = 0; i <= last; i++) {
            write(chunks.get(i), i == last ? done : null);
        }
        stream.uncork();
        return false;
    }

    @Override
    public long writeQueueSize() {
        return waiting;
    }

    @Override
    public boolean isBacklogged() {
        return !writeErrorReported && (backlogged || waiting > BACKLOG);
    }

    private void onDrain() {
        backlogged = false;
        if (!closed && receiver != null) {
            receiver.onWritable();
        }
    }

    @Override
    public void shutdown(Done done) {
        if (closed || streamClosed || stream.writableEnded()) {
            loop.nextTick(() -> done.done(null));
            return;
        }
        boolean[] called = {false};
        stream.end(failure -> {
            if (!called[0]) {
                called[0] = true;
                loop.nextTick(() -> done.done(failure));
            }
        });
    }

    // ---- closing ------------------------------------------------------------------------------

    @Override
    public void close(Runnable done) {
        if (closed) {
            return;
        }
        closed = true;
        reading = false;
        unread = null;
        stream.destroy();
        if (done != null) {
            loop.execute(done);
        }
    }

    @Override
    public boolean isOpen() {
        return !closed && !streamClosed;
    }

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return bytesWritten;
    }

    /**
     * Native memory that is copied to the heap when written: the stream keeps chunks as long as it
     * likes.
     */
    private static final class Copied implements Output {
        private ByteBuf memory;

        Copied(ByteBuf memory) {
            this.memory = memory;
        }

        private ByteBuf memory() {
            if (memory == null) {
                throw new IllegalStateException("output was written or released already");
            }
            return memory;
        }

        ByteBuf take() {
            ByteBuf taken = memory();
            memory = null;
            return taken;
        }

        @Override
        public long address() {
            return memory().hasMemoryAddress() ? memory.memoryAddress() : 0;
        }

        @Override
        public int capacity() {
            return memory().capacity();
        }

        @Override
        public ByteBuffer buffer() {
            return memory().nioBuffer(0, memory.capacity());
        }

        @Override
        public void release() {
            take().release();
        }
    }
}
