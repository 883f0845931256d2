package io.github.securepair.net;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Node's option {@code onread}: bytes go into one buffer of the program's, over and over, and no
 * {@code 'data'} is emitted.
 *
 * @param buffer gives the buffer, heap or direct: called at the start, and after each callback. Its
 *     position and limit are set before each callback to what was read. One that cannot be written
 *     to (null, read-only, memory given back) destroys the socket with that error. Memory must not
 *     be given back by another thread while a socket may read into it.
 * @param callback gets how many bytes are in the buffer, and the buffer; returns false to pause the
 *     socket
 */
public record Onread(Supplier<ByteBuffer> buffer, Callback callback) {
    /** Takes what was read. */
    @FunctionalInterface
    public interface Callback {
        /**
         * Called on the loop for every read.
         *
         * @param count how many bytes were read, from the start of the buffer
         * @param buffer the buffer, position 0, limit {@code count}
         * @return false to stop reading until {@code resume()}
         */
        boolean read(int count, ByteBuffer buffer) throws Exception;
    }

    /** Checks that neither part is null. */
    public Onread {
        Objects.requireNonNull(buffer, "buffer");
        Objects.requireNonNull(callback, "callback");
    }

    /** Reads into the same buffer always. */
    public static Onread of(ByteBuffer buffer, Callback callback) {
        Objects.requireNonNull(buffer, "buffer");
        return new Onread(() -> buffer, callback);
    }
}
