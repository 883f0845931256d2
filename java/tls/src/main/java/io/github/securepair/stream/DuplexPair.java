package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Listener0;

import java.nio.ByteBuffer;

/**
 * Two streams in memory, each delivering what is written to the other (Node's
 * {@code stream.duplexPair}). A write is done when the other side wants more, so that backpressure
 * goes through.
 *
 * @param first one end
 * @param second the other end
 */
public record DuplexPair(Duplex first, Duplex second) {
    /** Makes a pair with Node's defaults. */
    public static DuplexPair create() {
        return create(null);
    }

    /** Makes a pair whose two sides have these options, {@code null} for the defaults. */
    public static DuplexPair create(DuplexOptions options) {
        Side first = new Side(options);
        Side second = new Side(options);
        first.other = second;
        second.other = first;
        return new DuplexPair(first, second);
    }

    private static final class Side extends Duplex {
        private Side other;

        /** Ends the other side's write once this side wants more. */
        private Callback waiting;

        Side(DuplexOptions options) {
            super(options);
        }

        @Override
        protected void _read(int size) {
            Callback callback = waiting;
            if (callback != null) {
                waiting = null;
                callback.done();
            }
        }

        @Override
        protected void _write(ByteBuffer chunk, Callback callback) {
            if (!chunk.hasRemaining()) {
                loop().nextTick(callback::done);
            } else {
                other.push(chunk);
                other.waiting = callback;
            }
        }

        @Override
        protected void _final(Callback callback) {
            other.on(END, (Listener0) callback::done);
            other.push(null);
        }
    }
}
