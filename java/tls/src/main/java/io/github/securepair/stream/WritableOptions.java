package io.github.securepair.stream;

import io.github.securepair.events.Callback;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Options of a {@link Writable}. */
public final class WritableOptions extends StreamOptions<WritableOptions> {
    /** Makes options with Node's defaults. */
    public WritableOptions() {}

    /** Used as {@code _write}. */
    public WritableOptions write(BiConsumer<ByteBuffer, Callback> value) {
        write = value;
        return this;
    }

    /** Used as {@code _writev}. */
    public WritableOptions writev(BiConsumer<List<ByteBuffer>, Callback> value) {
        writev = value;
        return this;
    }

    /** Used as {@code _final} (Node's option {@code final}, which is a keyword here). */
    public WritableOptions final_(Consumer<Callback> value) {
        finale = value;
        return this;
    }
}
