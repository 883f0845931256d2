package io.github.securepair.net;

import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.DuplexOptions;

/** The options of {@code new Socket(options)}. Setters have Node's names and return this. */
public class SocketOptions {
    EventLoop loop;
    boolean allowHalfOpen;
    boolean noDelay;
    boolean keepAlive;
    double keepAliveInitialDelay;
    Integer highWaterMark;
    Integer readableHighWaterMark;
    Integer writableHighWaterMark;
    Onread onread;
    AbortSignal signal;
    BlockList blockList;

    /** Makes options with Node's defaults. */
    public SocketOptions() {}

    /** Copies options. */
    protected SocketOptions(SocketOptions other) {
        loop = other.loop;
        allowHalfOpen = other.allowHalfOpen;
        noDelay = other.noDelay;
        keepAlive = other.keepAlive;
        keepAliveInitialDelay = other.keepAliveInitialDelay;
        highWaterMark = other.highWaterMark;
        readableHighWaterMark = other.readableHighWaterMark;
        writableHighWaterMark = other.writableHighWaterMark;
        onread = other.onread;
        signal = other.signal;
        blockList = other.blockList;
    }

    /** Returns an independent copy. */
    public SocketOptions copy() {
        return new SocketOptions(this);
    }

    /** The loop the socket belongs to; by default the current thread's, else the default loop. */
    public SocketOptions loop(EventLoop value) {
        loop = value;
        return this;
    }

    /** Whether the socket stays writable after the peer's end; default false: it ends too. */
    public SocketOptions allowHalfOpen(boolean value) {
        allowHalfOpen = value;
        return this;
    }

    /** Whether small writes are sent at once (TCP_NODELAY); default false. */
    public SocketOptions noDelay(boolean value) {
        noDelay = value;
        return this;
    }

    /** Whether idle connections are probed; default false. */
    public SocketOptions keepAlive(boolean value) {
        keepAlive = value;
        return this;
    }

    /**
     * Milliseconds of silence before the first probe, rounded down to seconds; 0 leaves the
     * system's.
     */
    public SocketOptions keepAliveInitialDelay(double value) {
        keepAliveInitialDelay = Math.max(0, value);
        return this;
    }

    /** The mark of both buffers in bytes; default 16384. */
    public SocketOptions highWaterMark(int value) {
        highWaterMark = value;
        return this;
    }

    /** The mark of the read buffer alone; {@code highWaterMark} goes before it. */
    public SocketOptions readableHighWaterMark(int value) {
        readableHighWaterMark = value;
        return this;
    }

    /** The mark of the write buffer alone; {@code highWaterMark} goes before it. */
    public SocketOptions writableHighWaterMark(int value) {
        writableHighWaterMark = value;
        return this;
    }

    /** Reads into a buffer of the program's instead of emitting {@code 'data'}. */
    public SocketOptions onread(Onread value) {
        onread = value;
        return this;
    }

    /** Destroys the socket with an AbortError when aborted. */
    public SocketOptions signal(AbortSignal value) {
        signal = value;
        return this;
    }

    /** Addresses that must not be connected to: that ends in {@code ERR_IP_BLOCKED}. (Node 22.) */
    public SocketOptions blockList(BlockList value) {
        blockList = value;
        return this;
    }

    /** Returns the options of the stream that a socket is. */
    DuplexOptions ofStream() {
        DuplexOptions duplex = new DuplexOptions().allowHalfOpen(allowHalfOpen).emitClose(false);
        if (loop != null) {
            duplex.loop(loop);
        }
        // highWaterMark goes before either side's own; each side has its name in the error.
        Integer readable = highWaterMark != null ? highWaterMark : readableHighWaterMark;
        if (readable != null) {
            duplex.readableHighWaterMark(readable);
        }
        Integer writable = highWaterMark != null ? highWaterMark : writableHighWaterMark;
        if (writable != null) {
            duplex.writableHighWaterMark(writable);
        }
        return duplex;
    }
}
