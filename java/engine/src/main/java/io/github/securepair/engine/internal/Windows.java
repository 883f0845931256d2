package io.github.securepair.engine.internal;

import java.nio.ByteBuffer;

/**
 * The buffers that a caller lends for a turn. Position and limit are each read once, and a limit
 * never exceeds the capacity: whatever another thread does to the buffer meanwhile, the window
 * stays inside its memory. Null stands for an empty window.
 */
final class Windows {
    private Windows() {}

    static void checkDistinct(ByteBuffer a, ByteBuffer b, ByteBuffer c) {
        if (a == b && a != null || b == c && b != null || a == c && a != null) {
            throw new IllegalArgumentException("one buffer given as two windows");
        }
    }

    static int position(ByteBuffer window) {
        return window == null ? 0 : window.position();
    }

    static int length(ByteBuffer window, int position) {
        return window == null ? 0 : Math.max(window.limit() - position, 0);
    }

    static long readable(Memory m, ByteBuffer window, int position, int length) {
        if (window == null) {
            return 0;
        }
        long address = m.addresses.readable(window) + position;
        touch(window, position, length);
        return address;
    }

    static long writable(Memory m, ByteBuffer window, int position, int length) {
        if (window == null) {
            return 0;
        }
        long address = m.addresses.writable(window) + position;
        touch(window, position, length);
        return address;
    }

    /**
     * A view of a memory segment whose arena was closed throws here, in place of a crash in native
     * code.
     */
    private static void touch(ByteBuffer window, int position, int length) {
        if (length > 0) {
            window.get(position);
        }
    }

    static void advance(ByteBuffer window, int position) {
        if (window != null) {
            window.position(position);
        }
    }
}
