package io.github.securepair.net;

import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.DuplexOptions;

/**
 * What every way of making a socket takes. Setters have Node's names.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class BaseSocketOptions<T extends BaseSocketOptions<T>> {
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

    BaseSocketOptions() {}

    BaseSocketOptions(BaseSocketOptions<?> other) {
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
    public abstract T copy();

    @SuppressWarnings("unchecked")
    final T self() {
        return (T) this;
    }

    /** The loop the socket belongs to; by default the current thread's, else the default loop. */
    public T loop(EventLoop value) {
        loop = value;
        return self();
    }

    /** Whether the socket stays writable after the peer's end; default false: it ends too. */
    public T allowHalfOpen(boolean value) {
        allowHalfOpen = value;
        return self();
    }

    /** Whether small writes are sent at once (TCP_NODELAY); default false. */
    public T noDelay(boolean value) {
        noDelay = value;
        return self();
    }

    /** Whether idle connections are probed; default false. */
    public T keepAlive(boolean value) {
        keepAlive = value;
        return self();
    }

    /**
     * Milliseconds of silence before the first probe, rounded down to seconds; 0 leaves the
     * system's.
     */
    public T keepAliveInitialDelay(double value) {
        keepAliveInitialDelay = Math.max(0, value);
        return self();
    }

    /** The mark of both buffers in bytes; default 16384. */
    public T highWaterMark(int value) {
        highWaterMark = value;
        return self();
    }

    /** The mark of the read buffer alone; {@code highWaterMark} takes precedence. */
    public T readableHighWaterMark(int value) {
        readableHighWaterMark = value;
        return self();
    }

    /** The mark of the write buffer alone; {@code highWaterMark} takes precedence. */
    public T writableHighWaterMark(int value) {
        writableHighWaterMark = value;
        return self();
    }

    /** Reads into a buffer of the program's instead of emitting {@code 'data'}. */
    public T onread(Onread value) {
        onread = value;
        return self();
    }

    /** Destroys the socket with an AbortError when aborted. */
    public T signal(AbortSignal value) {
        signal = value;
        return self();
    }

    /** Addresses that must not be connected to: that ends in {@code ERR_IP_BLOCKED}. (Node 22.) */
    public T blockList(BlockList value) {
        blockList = value;
        return self();
    }

    /** Returns the options of the stream that a socket is. */
    DuplexOptions ofStream() {
        DuplexOptions duplex = new DuplexOptions().allowHalfOpen(allowHalfOpen).emitClose(false);
        if (loop != null) {
            duplex.loop(loop);
        }
        // highWaterMark takes precedence over the per-side options; each has its name in the error.
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
