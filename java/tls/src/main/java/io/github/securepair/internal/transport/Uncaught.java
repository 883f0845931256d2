package io.github.securepair.internal.transport;

import io.github.securepair.events.EventLoop;

/** What a listener threw in the middle of work that must go on. */
public final class Uncaught {
    private Uncaught() {}

    /** Makes it the program's uncaught exception, once the current callback has returned. */
    public static void later(EventLoop loop, Throwable thrown) {
        loop.nextTick(() -> {
            throw Uncaught.<RuntimeException>unchecked(thrown);
        });
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
