package io.github.securepair.tls;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A socket's bytes for threads that wait, virtual ones too: no monitor is held while waiting. */
final class BlockingInput extends InputStream {
    private static final int MARK = 64 * 1024;

    private final Socket socket;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<ByteBuffer> chunks = new ArrayDeque<>();
    private int buffered;
    private boolean paused;
    private boolean ended;
    private boolean closed;
    private Throwable error;

    BlockingInput(Socket socket) {
        this.socket = socket;
        if (socket.loop().inLoop()) {
            listen();
        } else {
            socket.loop().execute(this::listen);
        }
    }

    private void listen() {
        socket.on(Readable.DATA, this::add);
        socket.on(Readable.END, () -> end(null));
        socket.on(EventEmitter.ERROR, this::end);
        socket.on(Socket.CLOSE, hadError -> end(null));
        if (socket.destroyed() || socket.readableEnded()) {
            end(socket.errored());
        }
    }

    private void add(ByteBuffer chunk) {
        lock.lock();
        try {
            chunks.add(chunk);
            buffered += chunk.remaining();
            if (buffered > MARK && !paused) {
                paused = true;
                socket.pause();
            }
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void end(Throwable failure) {
        lock.lock();
        try {
            ended = true;
            if (error == null) {
                error = failure;
            }
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (socket.loop().inLoop()) {
            throw new IllegalStateException(
                    "a blocking read on the socket's own loop would never end");
        }
        lock.lock();
        try {
            while (chunks.isEmpty() && !ended && !closed) {
                arrived.await();
            }
            if (closed) {
                throw new IOException("Stream closed");
            }
            if (chunks.isEmpty()) {
                if (error != null) {
                    throw new IOException(error.getMessage(), error);
                }
                return -1;
            }
            ByteBuffer chunk = chunks.peekFirst();
            int count = Math.min(length, chunk.remaining());
            chunk.get(target, offset, count);
            if (!chunk.hasRemaining()) {
                chunks.pollFirst();
            }
            buffered -= count;
            if (paused && buffered <= MARK / 2) {
                paused = false;
                socket.resume();
            }
            return count;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int available() {
        lock.lock();
        try {
            return buffered;
        } finally {
            lock.unlock();
        }
    }

    /** Destroys the socket unless the peer has ended. */
    @Override
    public void close() {
        boolean cut;
        lock.lock();
        try {
            cut = !ended;
            closed = true;
            chunks.clear();
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        if (cut) {
            socket.destroy();
        }
    }
}
