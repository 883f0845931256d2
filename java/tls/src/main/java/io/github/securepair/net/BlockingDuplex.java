package io.github.securepair.net;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexOptions;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketException;
import java.util.concurrent.Executor;

/** The part of {@link Socket} that is for threads that wait. */
abstract class BlockingDuplex extends Duplex implements AutoCloseable {
    /** The streams, null until one is asked for. */
    private volatile BlockingViews views;

    private volatile int soTimeout;

    /** Runs tasks after the turn of the thread that made this; null when that is over. */
    private volatile Executor making;

    BlockingDuplex(DuplexOptions options) {
        super(options);
        making = loop().inLoop() ? null : _turn(loop());
    }

    /** Whether bytes go to memory of the program's and not to the stream. */
    abstract boolean readsIntoBuffer();

    /**
     * Returns the bytes received, for threads that wait, virtual ones too; not for the loop's own.
     * It behaves as the input stream of a {@link java.net.Socket}; every call returns the same one.
     *
     * <p>It takes the place of {@code data} listeners and lets the socket flow. At most some 64 KiB
     * are read ahead: a peer that sends more has to wait for the reader. What arrived before an
     * error is still read, then every read throws: a {@link SocketException} for errors of the
     * network, on a TLS socket a {@link javax.net.ssl.SSLException} for those of TLS; the cause is
     * what {@code 'error'} had. The peer's end is -1, for good. After {@link #close},
     * {@link #destroy()} or the closing of either stream reads throw {@code Socket closed}. A read
     * waits no longer than {@link #setSoTimeout}.
     *
     * <p>From now on {@link #allowHalfOpen()} is true: when the peer has ended, writing goes on,
     * and the socket is open until it is closed. Closing the stream does that, as closing
     * {@link #outputStream} does.
     *
     * <p>An interrupt does not end the wait of a platform thread. That of a virtual thread closes
     * the socket, and the read throws {@code Closed by interrupt}.
     *
     * @throws IllegalStateException when the socket has an encoding, or {@code onread}
     */
    public InputStream inputStream() {
        if (readableEncoding() != null || readsIntoBuffer()) {
            throw new IllegalStateException("the bytes of this socket go to "
                    + (readsIntoBuffer() ? "onread" : "listeners of text"));
        }
        return views().input();
    }

    /**
     * Returns the way out for threads that wait, virtual ones too; not for the loop's own. It
     * behaves as the output stream of a {@link java.net.Socket}; every call returns the same one.
     *
     * <p>A write waits while more than 64 KiB are on their way, and its array is never mixed with
     * that of another thread. {@code flush} waits until everything is with the system. Bytes that
     * were taken and could not be sent are reported once, by the next call. {@link #end()} ends the
     * output alone, as {@code shutdownOutput} does.
     *
     * <p>Closing it closes the socket: what was written is sent, with TLS {@code close_notify} too,
     * then both directions are closed. When another thread is waiting in {@code write} or
     * {@code flush}, the connection is cut at once and that thread gets {@code Socket closed}.
     *
     * <p>Errors and interrupts: as for {@link #inputStream}.
     */
    public OutputStream outputStream() {
        return views().output();
    }

    private BlockingViews views() {
        if (views == null) {
            synchronized (this) {
                if (views == null) {
                    views = new BlockingViews((Socket) this);
                }
            }
        }
        return views;
    }

    /**
     * Sets how long a read of {@link #inputStream} waits, from the next one on: it throws a
     * {@link java.net.SocketTimeoutException} then, and the socket and its bytes stay as they are.
     * This is SO_TIMEOUT of {@link java.net.Socket}; {@link #setTimeout} is Node's, for listeners.
     * Any thread.
     *
     * @param milliseconds 0, the default, for no limit
     * @throws IllegalArgumentException for negative ones
     */
    public void setSoTimeout(int milliseconds) {
        if (milliseconds < 0) {
            throw new IllegalArgumentException("timeout can't be negative");
        }
        soTimeout = milliseconds;
    }

    /** Returns what {@link #setSoTimeout} was given, or 0. */
    public int getSoTimeout() {
        return soTimeout;
    }

    /**
     * Makes what a waiting thread is thrown for an error of this socket.
     *
     * @param reading whether it reads; else it writes
     */
    protected IOException _thrown(Throwable error, boolean reading) {
        if (!(error instanceof SystemException system)) {
            return new IOException(error.getMessage(), error);
        }
        boolean reset = "ECONNRESET".equals(system.code()) || "EPIPE".equals(system.code());
        String message = !reset
                ? system.getMessage()
                : reading
                        ? "Connection reset"
                        : "EPIPE".equals(system.code())
                                ? "Broken pipe"
                                : "Connection reset by peer";
        SocketException thrown = new SocketException(message);
        thrown.initCause(error);
        return thrown;
    }

    /**
     * Destroys the socket, for try-with-resources: what is not sent yet is lost. {@link #end} sends
     * it. Any thread.
     */
    @Override
    public void close() {
        if (views != null) {
            // Threads that wait are woken at once.
            views.cut();
        }
        destroy();
    }

    // ---- the turn of the thread that made the socket ------------------------------------------

    /** Notes that what this socket was made for begins: {@code 'close'} need not wait any more. */
    protected final void _hadTurn() {
        making = null;
    }

    /** Returns the same, or what runs it when the thread had its turn to add listeners. */
    final Runnable inTurn(Runnable emission) {
        Executor turn = making;
        return turn == null ? emission : () -> turn.execute(emission);
    }

    // ---- what happens to the socket -----------------------------------------------------------

    final void inputEnded() {
        if (views != null) {
            views.inputEnded();
        }
    }

    final void destroyedUnderStreams(Throwable error) {
        if (views != null) {
            views.destroyed(error);
        }
    }

    @Override
    public Duplex end(Object chunk, String encoding, Callback callback) {
        if (views != null) {
            views.endOutput();
        }
        return super.end(chunk, encoding, callback);
    }

    @Override
    protected void _undestroy() {
        super._undestroy();
        views = null;
    }
}
