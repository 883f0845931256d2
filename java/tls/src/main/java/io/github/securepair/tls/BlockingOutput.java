package io.github.securepair.tls;

import io.github.securepair.events.Callback;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A socket's other side for threads that wait, virtual ones too: a writer waits while much of what
 * it wrote is not gone.
 */
final class BlockingOutput extends OutputStream {
    private static final int MARK = 64 * 1024;

    private final Socket socket;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition gone = lock.newCondition();
    private int pending;
    private boolean closed;
    private boolean finished;
    private Throwable error;

    BlockingOutput(Socket socket) {
        this.socket = socket;
        // Heard here, and thrown by the next write.
        socket.on(EventEmitter.ERROR, this::fail);
        socket.on(Socket.CLOSE, hadError -> finish(null));
    }

    private void fail(Throwable failure) {
        lock.lock();
        try {
            if (error == null) {
                error = failure;
            }
            gone.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void written(int count, Throwable failure) {
        lock.lock();
        try {
            pending -= count;
            if (failure != null && error == null) {
                error = failure;
            }
            gone.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void finish(Throwable failure) {
        lock.lock();
        try {
            finished = true;
            if (failure != null && error == null) {
                error = failure;
            }
            gone.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        for (int at = offset; at < offset + length; at += MARK) {
            int count = Math.min(MARK, offset + length - at);
            await(MARK);
            byte[] chunk = Arrays.copyOfRange(source, at, at + count);
            lock.lock();
            try {
                if (closed) {
                    throw new IOException("Stream closed");
                }
                pending += count;
            } finally {
                lock.unlock();
            }
            socket.write(chunk, (Callback) failure -> written(count, failure));
        }
    }

    /** Waits until everything written has been handed to the system. */
    @Override
    public void flush() throws IOException {
        await(0);
    }

    /** Ends the socket's writable side, and waits until that has been sent. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        socket.end((Callback) this::finish);
        lock.lock();
        try {
            refuseLoop();
            while (!finished && error == null) {
                gone.await();
            }
            throwError();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        } finally {
            lock.unlock();
        }
    }

    private void await(int most) throws IOException {
        lock.lock();
        try {
            refuseLoop();
            while (pending > most && error == null && !finished) {
                gone.await();
            }
            throwError();
            if (finished && !closed) {
                throw new IOException("Socket is closed");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        } finally {
            lock.unlock();
        }
    }

    private void refuseLoop() {
        if (socket.loop().inLoop()) {
            throw new IllegalStateException(
                    "a blocking write on the socket's own loop would never end");
        }
    }

    private void throwError() throws IOException {
        if (error != null) {
            throw new IOException(error.getMessage(), error);
        }
    }
}
