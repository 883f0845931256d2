package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AddressInfo;
import io.github.securepair.net.Socket;
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
    private boolean gone;
    private boolean errorTold;
    private boolean goneTold;
    private boolean writeErrorTold;
    private boolean backlogged;
    private boolean flowScheduled;
    private ByteBuffer kept;
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
        // Those of the past are not told again.
        ended = stream.readableEnded();
        gone = stream.destroyed();
    }

    @Override
    public EventLoop loop() {
        return loop;
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

    /** Delivers what was kept, then lets the stream flow. */
    private void flow() {
        flowScheduled = false;
        if (!reading || closed) {
            return;
        }
        if (kept != null) {
            ByteBuffer first = kept;
            kept = null;
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
        // A stream with an encoding delivers text: its bytes are lost for us, as for everyone.
        ByteBuffer bytes = chunk instanceof ByteBuffer given
                ? given
                : ByteBuffer.wrap(String.valueOf(chunk).getBytes(StandardCharsets.ISO_8859_1));
        if (closed) {
            return;
        }
        bytesRead += bytes.remaining();
        if (!reading || kept != null) {
            keep(bytes);
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
                keep(bytes);
                readStop();
            }
        }
    }

    private void keep(ByteBuffer bytes) {
        if (kept == null) {
            kept = bytes;
        } else {
            ByteBuffer both = ByteBuffer.allocate(kept.remaining() + bytes.remaining());
            kept = both.put(kept).put(bytes).flip();
        }
    }

    /** Tells whether there is something to say that no byte follows. */
    private boolean hasEnd() {
        return ended && !endDelivered || error != null && !errorTold || gone && !goneTold;
    }

    private void onEnd() {
        ended = true;
        endFound();
    }

    private void onError(Throwable thrown) {
        if (error == null) {
            error = thrown;
        }
        endFound();
    }

    private void onClose() {
        gone = true;
        endFound();
        // Whoever does not read, or waits for 'drain', would not learn it by that.
        writeFailed(SystemException.of("ECANCELED", "write"));
    }

    /**
     * An error is told at once; the end waits for kept bytes and a reader; that the stream is gone,
     * for the end.
     */
    private void endFound() {
        boolean first = kept == null && reading || !ended || endDelivered;
        if (!closed && receiver != null && hasEnd() && (error != null || first)) {
            deliverEnd();
        }
    }

    private void deliverEnd() {
        reading = false;
        if (error != null && !errorTold) {
            // Also after the end: a writer may still be there.
            endDelivered = true;
            errorTold = true;
            receiver.onError(error);
        } else if (ended && !endDelivered) {
            endDelivered = true;
            receiver.onEnd();
        }
        if (gone && !goneTold && !closed) {
            goneTold = true;
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
        if (closed || gone || stream.destroyed()) {
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
            // Of the stream, or of who reads at its other end: the one who writes is not unwound.
            Uncaught.later(loop, thrown);
        }
        inCall[0] = false;
        return false;
    }

    /** The stream has failed a write, or is gone: nothing else of what was written will arrive. */
    private void writeFailed(Throwable error) {
        if (!writeErrorTold) {
            writeErrorTold = true;
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
        return !writeErrorTold && (backlogged || waiting > BACKLOG);
    }

    private void onDrain() {
        backlogged = false;
        if (!closed && receiver != null) {
            receiver.onWritable();
        }
    }

    @Override
    public void shutdown(Done done) {
        if (closed || gone || stream.writableEnded()) {
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
        kept = null;
        stream.destroy();
        if (done != null) {
            loop.execute(done);
        }
    }

    @Override
    public boolean reset(Runnable done) {
        return false;
    }

    @Override
    public boolean isOpen() {
        return !closed && !gone;
    }

    @Override
    public boolean isTCP() {
        return false;
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
        return null;
    }

    @Override
    public AddressInfo remoteAddress() {
        return null;
    }

    @Override
    public void setNoDelay(boolean enable) {}

    @Override
    public void setKeepAlive(boolean enable, int initialDelaySeconds) {}

    @Override
    public void ref() {
        if (stream instanceof Socket socket) {
            socket.ref();
        }
    }

    @Override
    public void unref() {
        if (stream instanceof Socket socket) {
            socket.unref();
        }
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
