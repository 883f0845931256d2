package io.github.securepair.stream;

import io.github.securepair.events.Callback;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Options of streams with two sides.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class TwoSidedOptions<T extends TwoSidedOptions<T>> extends StreamOptions<T> {
    TwoSidedOptions() {}

    /** Whether the writable side stays open when the readable side has ended; default true. */
    public T allowHalfOpen(boolean value) {
        allowHalfOpen = value;
        return self();
    }

    /** Whether there is a readable side at all; default true. */
    public T readable(boolean value) {
        readable = value;
        return self();
    }

    /** Whether there is a writable side at all; default true. */
    public T writable(boolean value) {
        writable = value;
        return self();
    }

    /** The readable side's mark in bytes; {@code highWaterMark} takes precedence. */
    public T readableHighWaterMark(int value) {
        readableHighWaterMark = mark(value, "options.readableHighWaterMark");
        return self();
    }

    /** The writable side's mark in bytes; {@code highWaterMark} takes precedence. */
    public T writableHighWaterMark(int value) {
        writableHighWaterMark = mark(value, "options.writableHighWaterMark");
        return self();
    }

    /** Delivers text instead of bytes, see {@link Readable#setEncoding}. */
    public T encoding(String value) {
        encoding = value == null ? null : Encoding.of(value);
        return self();
    }

    /** Used as {@code _read}. */
    public T read(ReadFunction value) {
        read = value;
        return self();
    }

    /** Used as {@code _write}. */
    public T write(BiConsumer<ByteBuffer, Callback> value) {
        write = value;
        return self();
    }

    /** Used as {@code _writev}. */
    public T writev(BiConsumer<List<ByteBuffer>, Callback> value) {
        writev = value;
        return self();
    }

    /** Used as {@code _final} (Node's option {@code final}, which is a keyword here). */
    public T final_(Consumer<Callback> value) {
        finale = value;
        return self();
    }
}
