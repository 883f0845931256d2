package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.engine.OpenSSL;

import java.util.concurrent.TimeUnit;

/** Native objects that are alive: a test class that closes all it opened leaves none. */
final class LiveObjects {
    private LiveObjects() {}

    static void assertNone() {
        OpenSSL.LiveObjects live = OpenSSL.live();
        // Loops that are closing free what they had a moment later.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        while (live.connections() + live.contexts() > 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            live = OpenSSL.live();
        }
        assertEquals(0, live.connections(), "connections: " + live);
        assertEquals(0, live.contexts(), "contexts: " + live);
        assertEquals(0, live.chunks(), "chunks: " + live);
        assertEquals(0, live.events(), "events: " + live);
    }
}
