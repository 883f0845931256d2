package io.github.securepair.net;

import io.github.securepair.errors.SystemException;

import java.nio.ByteBuffer;

/**
 * The program's memory that a socket reads into and the callback that gets it. On the loop thread.
 */
final class ReadBuffer {
    private final Onread program;
    private ByteBuffer memory;

    ReadBuffer(Onread program) {
        this.program = program;
        renew();
    }

    void renew() {
        memory = program.buffer().get();
    }

    /** Returns the memory when native code can write to it, else null. */
    ByteBuffer target() {
        return memory != null && memory.isDirect() && !memory.isReadOnly() ? memory : null;
    }

    /**
     * Copies what fits; returns how much, not 0. Throws when the memory is unusable,
     * {@code ENOBUFS} when it has no room.
     */
    int take(ByteBuffer lent) throws SystemException {
        int count = Math.min(memory.clear().remaining(), lent.remaining());
        if (count == 0) {
            throw SystemException.of("ENOBUFS", "read");
        }
        memory.put(0, lent, lent.position(), count);
        lent.position(lent.position() + count);
        return count;
    }

    /** Gives the program the first {@code count} bytes; false when it pauses. */
    boolean deliver(int count) {
        try {
            boolean more = program.callback().read(count, memory.clear().limit(count));
            renew();
            return more;
        } catch (Exception thrown) {
            throw ReadBuffer.<RuntimeException>unchecked(thrown);
        }
    }

    /** Adds the second failure to the first, which may be null; returns that. */
    static Throwable join(Throwable first, Throwable second) {
        if (first == null) {
            return second;
        }
        if (first != second) {
            first.addSuppressed(second);
        }
        return first;
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
