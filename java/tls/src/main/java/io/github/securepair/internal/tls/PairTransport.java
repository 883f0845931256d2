package io.github.securepair.internal.tls;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.Link;
import io.github.securepair.internal.transport.Output;
import io.github.securepair.internal.transport.Receiver;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.internal.transport.Uncaught;
import io.github.securepair.stream.Duplex;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What TLS stands on in a SecurePair: no wire, but a stream from which the program reads the
 * ciphertext made here, and to which it writes the peer's.
 */
public final class PairTransport implements Transport {
    /** Ciphertext that waits to be read, above which no more is made (as in Node 0.12). */
    private static final int MARK = 128 * 1024;

    private final EventLoop loop;
    private final Duplex stream;

    private Receiver receiver;
    private boolean reading;
    private boolean closed;
    private boolean backlogged;
    private boolean ended;
    private boolean pushedEnd;
    private boolean delivering;
    private ByteBuffer waiting;
    private Callback waitingCallback;
    private boolean scheduled;
    private long bytesRead;
    private long bytesWritten;

    /**
     * Makes one.
     *
     * @param stream ciphertext is pushed into it; its own methods call {@link #feed},
     *     {@link #feedEnd}, {@link #wanted} and {@link #cut}
     */
    public PairTransport(EventLoop loop, Duplex stream) {
        this.loop = loop;
        this.stream = stream;
    }

    // ---- from the encrypted stream ------------------------------------------------------------

    /** Ciphertext of the peer. The callback waits until it was taken: that is the backpressure. */
    public void feed(ByteBuffer chunk, Callback callback) {
        waiting = chunk;
        waitingCallback = callback;
        bytesRead += chunk.remaining();
        deliver();
    }

    private void deliver() {
        scheduled = false;
        if (waiting == null || delivering) {
            return;
        }
        ByteBuffer chunk = waiting;
        if (closed) {
            chunk.position(chunk.limit());
        } else if (!reading) {
            return;
        } else if (chunk.hasRemaining()) {
            delivering = true;
            try {
                receiver.onRead(chunk, 0);
            } catch (Throwable thrown) {
                // Thrown by a listener; the writer's callback still runs.
                Uncaught.later(loop, thrown);
            } finally {
                delivering = false;
            }
        }
        if (chunk.hasRemaining()) {
            reading = false;
            return;
        }
        Callback callback = waitingCallback;
        waiting = null;
        waitingCallback = null;
        callback.done();
    }

    /** The peer's side has ended. */
    public void feedEnd() {
        if (!ended && !closed) {
            ended = true;
            receiver.onEnd();
        }
    }

    /** The stream's buffer of ciphertext was read from. */
    public void wanted() {
        if (backlogged && stream.readableLength() < MARK) {
            backlogged = false;
            loop.nextTick(() -> {
                if (!closed) {
                    receiver.onWritable();
                }
            });
        }
    }

    /** The stream was destroyed. */
    public void cut() {
        if (!closed) {
            receiver.onClosed();
        }
    }

    // ---- Transport ----------------------------------------------------------------------------

    @Override
    public EventLoop loop() {
        return loop;
    }

    /** There is no wire. */
    @Override
    public Link link() {
        return null;
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
    public void readStart() {
        reading = true;
        if (waiting != null && !scheduled && !delivering) {
            scheduled = true;
            loop.nextTick(this::deliver);
        }
    }

    @Override
    public void readStop() {
        reading = false;
    }

    @Override
    public boolean isReading() {
        return reading;
    }

    @Override
    public Output lend(int capacity) {
        return new PlainOutput(capacity);
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        byte[] chunk = new byte[length];
        output.buffer().get(chunk);
        output.release();
        if (closed || stream.destroyed()) {
            if (done != null) {
                loop.nextTick(() -> done.done(SystemException.of("EPIPE", "write")));
            }
            return false;
        }
        bytesWritten += length;
        try {
            stream.push(ByteBuffer.wrap(chunk));
        } catch (Throwable thrown) {
            // Thrown by the ciphertext's consumer; must not propagate to the plaintext's writer.
            Uncaught.later(loop, thrown);
        }
        backlogged = stream.readableLength() >= MARK;
        return true;
    }

    @Override
    public void queue(Output output, int length, Done done) {
        if (write(output, length, done) && done != null) {
            loop.nextTick(() -> done.done(null));
        }
    }

    @Override
    public void flush() {}

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        throw new UnsupportedOperationException("only TLS writes here");
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        throw new UnsupportedOperationException("only TLS writes here");
    }

    @Override
    public long writeQueueSize() {
        return 0;
    }

    @Override
    public boolean isBacklogged() {
        return backlogged;
    }

    @Override
    public void shutdown(Done done) {
        pushEnd();
        loop.nextTick(() -> done.done(null));
    }

    private void pushEnd() {
        if (!pushedEnd && !stream.destroyed()) {
            pushedEnd = true;
            stream.push(null);
        }
    }

    @Override
    public void close(Runnable whenClosed) {
        if (closed) {
            return;
        }
        closed = true;
        // What is still to be read, such as an alert, can be; then the stream goes as well.
        pushEnd();
        stream.once(Duplex.END, () -> stream.destroy());
        if (waiting != null && !scheduled && !delivering) {
            scheduled = true;
            loop.nextTick(this::deliver);
        }
        if (whenClosed != null) {
            loop.execute(whenClosed);
        }
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return bytesWritten;
    }
}
