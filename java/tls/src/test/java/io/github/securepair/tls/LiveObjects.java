package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.engine.OpenSSL;

/** Native objects that are alive: a test class that closes all it opened leaves none. */
final class LiveObjects {
    private LiveObjects() {}

    static void assertNone() throws InterruptedException {
        OpenSSL.LiveObjects live = OpenSSL.live();
        // Loops that are closing free what they had a moment later.
        for (int i = 0; i < 100 && live.connections() + live.contexts() > 0; i++) {
            Thread.onSpinWait();
            Thread.sleep(10);
            live = OpenSSL.live();
        }
        assertEquals(0, live.connections(), "connections: " + live);
        assertEquals(0, live.contexts(), "contexts: " + live);
        assertEquals(0, live.chunks(), "chunks: " + live);
        assertEquals(0, live.events(), "events: " + live);
    }
}
