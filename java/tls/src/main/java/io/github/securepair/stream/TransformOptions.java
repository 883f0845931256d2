package io.github.securepair.stream;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Options of a {@link Transform}. */
public final class TransformOptions extends TwoSidedOptions<TransformOptions> {
    BiConsumer<ByteBuffer, TransformCallback> transform;
    Consumer<TransformCallback> flush;

    /** Makes options with Node's defaults. */
    public TransformOptions() {}

    /** Used as {@code _transform}. */
    public TransformOptions transform(BiConsumer<ByteBuffer, TransformCallback> value) {
        transform = value;
        return this;
    }

    /** Used as {@code _flush}. */
    public TransformOptions flush(Consumer<TransformCallback> value) {
        flush = value;
        return this;
    }
}
