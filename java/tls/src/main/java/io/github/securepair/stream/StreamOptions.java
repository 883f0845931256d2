package io.github.securepair.stream;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventLoop;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Options that every kind of stream takes, and the store for those of single kinds.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class StreamOptions<T extends StreamOptions<T>> {
    EventLoop loop;
    boolean emitClose = true;
    boolean autoDestroy = true;
    int highWaterMark = -1;
    int readableHighWaterMark = -1;
    int writableHighWaterMark = -1;
    Encoding encoding;
    Encoding defaultEncoding = Encoding.UTF8;
    boolean allowHalfOpen = true;
    boolean readable = true;
    boolean writable = true;
    Consumer<Callback> construct;
    BiConsumer<Throwable, Callback> destroy;
    ReadFunction read;
    BiConsumer<ByteBuffer, Callback> write;
    BiConsumer<List<ByteBuffer>, Callback> writev;
    Consumer<Callback> finale;

    StreamOptions() {}

    /** The function of the {@code read} option. */
    @FunctionalInterface
    public interface ReadFunction {
        /**
         * Fetches more data and gives it to {@code stream.push}, now or later.
         *
         * @param stream the stream that wants data
         * @param size how much it would like, in bytes
         */
        void read(Readable stream, int size) throws Exception;
    }

    /** The loop the stream belongs to; by default the current thread's, else the default loop. */
    public T loop(EventLoop value) {
        loop = value;
        return self();
    }

    /** Whether {@code 'close'} is emitted after destroy; default true. */
    public T emitClose(boolean value) {
        emitClose = value;
        return self();
    }

    /** Whether the stream destroys itself when it has ended or failed; default true. */
    public T autoDestroy(boolean value) {
        autoDestroy = value;
        return self();
    }

    /** The mark, in bytes, at which a buffer counts as full; default 16384. */
    public T highWaterMark(int value) {
        highWaterMark = mark(value, "options.highWaterMark");
        return self();
    }

    /** The encoding of strings for which none is given; default utf8. */
    public T defaultEncoding(String value) {
        defaultEncoding = Encoding.of(value);
        return self();
    }

    /** Used as {@code _construct}. */
    public T construct(Consumer<Callback> value) {
        construct = value;
        return self();
    }

    /** Used as {@code _destroy}. */
    public T destroy(BiConsumer<Throwable, Callback> value) {
        destroy = value;
        return self();
    }

    @SuppressWarnings("unchecked")
    final T self() {
        return (T) this;
    }

    static int mark(int value, String name) {
        if (value < 0) {
            throw ArgumentException.invalidArgValue(name, value);
        }
        return value;
    }
}
