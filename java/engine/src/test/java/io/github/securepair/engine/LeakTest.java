package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Child;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Nothing native outlives what it belongs to. */
class LeakTest {
    private static final int CONNECTIONS = 10_000;

    /** Resident memory in KiB. */
    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no VmRSS");
    }

    /**
     * In a process of its own, whose Java heap is all there from the start: what grows then is
     * native.
     */
    @Test
    void tenThousandConnectionsHalfOfThemCutOffLeaveNothing() throws Exception {
        String output = Child.run(
                LeakTest.class, "-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC");
        assertTrue(output.contains("secure 5000"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) throws Exception {
        OpenSSL.LiveObjects before = OpenSSL.live();
        Random random = new Random(1);
        long settled = 0;
        int secure = 0;
        try (SecureContext serverContext =
                        Fixtures.serverBuilder("server-ecdsa").groups("X25519").build();
                SecureContext clientContext = Fixtures.client()) {
            for (int i = 0; i < CONNECTIONS; i++) {
                if (i == CONNECTIONS / 2) {
                    System.gc();
                    settled = resident();
                }
                try (Pair pair = new Pair(clientContext, serverContext, 3000)) {
                    pair.client.tls.setEvents(random.nextInt(256));
                    pair.server.tls.setEvents(random.nextInt(256));
                    if (i % 2 == 0) {
                        pair.handshake();
                        pair.client.write("used");
                        pair.pump();
                        assertEquals("used", pair.server.receivedText());
                        secure++;
                    } else {
                        cutOff(pair, random);
                    }
                }
            }
        }
        assertEquals(before, OpenSSL.live());
        System.gc();
        long grown = resident() - settled;
        System.out.println("secure " + secure + ", grown by " + grown + " KiB from " + settled);
        assertTrue(
                grown < 10 * 1024,
                "resident memory grew by " + grown + " KiB over the second half");
    }

    /**
     * Feeds the ends piece by piece and drops them after some random number of bytes, events
     * untaken, questions open.
     */
    private static void cutOff(Pair pair, Random random) throws TLSException {
        int budget = random.nextInt(4000);
        ByteBuffer out = ByteBuffer.allocateDirect(1000);
        boolean takeEvents = random.nextBoolean();
        List<Pair.End> ends = List.of(pair.client, pair.server);
        for (int turn = 0; turn < 40 && budget > 0; turn++) {
            Pair.End end = ends.get(turn % 2);
            Pair.End other = ends.get(1 - turn % 2);
            byte[] all = end.inbox.all();
            int length = Math.min(all.length, Math.min(budget, 1 + random.nextInt(1500)));
            ByteBuffer in =
                    ByteBuffer.allocateDirect(length).put(all, 0, length).flip();
            ByteBuffer plain = ByteBuffer.allocateDirect(random.nextInt(50));
            end.tls.read(in, plain, out.clear());
            end.inbox.skip(in.position());
            budget -= in.position();
            other.inbox.put(out.flip());
            while (takeEvents) {
                ConnectionEvent event = end.tls.nextEvent();
                if (event == null) {
                    break;
                }
                if (event instanceof ConnectionEvent.Question question && random.nextInt(4) > 0) {
                    end.tls.answer(question.sequence());
                }
            }
        }
    }

    @Test
    @Timeout(60)
    void forgottenConnectionsContextsAndBuildersAreFreedByTheCleaner() throws Exception {
        OpenSSL.LiveObjects before = OpenSSL.live();
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        List<Reference<?>> references = new ArrayList<>();
        forget(queue, references);
        assertTrue(OpenSSL.live().connections() >= before.connections() + 100);
        while (!OpenSSL.live().equals(before)) {
            System.gc();
            queue.remove(50);
        }
        assertEquals(before, OpenSSL.live());
        Reference.reachabilityFence(references);
    }

    private static void forget(ReferenceQueue<Object> queue, List<Reference<?>> references) {
        SecureContext serverContext = Fixtures.server();
        SecureContext clientContext = Fixtures.client();
        for (int i = 0; i < 50; i++) {
            Pair pair = new Pair(clientContext, serverContext, 3000);
            if (i % 2 == 0) {
                pair.handshake();
            }
            references.add(new PhantomReference<>(pair, queue));
        }
        references.add(new PhantomReference<>(Fixtures.clientBuilder(), queue));
    }

    @Test
    void anIdleConnectionKeepsNoBuffers() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            pair.client.write(new byte[100_000]);
            pair.pump();
            assertEquals(0, OpenSSL.live().chunks());
            assertEquals(0, OpenSSL.live().events());
            assertEquals(100_000, pair.server.received.size());
        }
    }

    @Test
    void anIdleConnectionFreesItsRecordBuffersAndMakesThemAgain() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            long others = OpenSSL.live().buffered() - 2;
            assertTrue(pair.client.tls.idle());
            assertTrue(pair.server.tls.idle());
            assertEquals(others, OpenSSL.live().buffered());
            pair.client.write(new byte[100]);
            assertEquals(others + 1, OpenSSL.live().buffered());
            pair.pump();
            assertEquals(others + 2, OpenSSL.live().buffered());
            assertEquals(100, pair.server.received.size());
        }
    }

    @Test
    void failuresOnTheWayToAContextLeaveNothing() {
        OpenSSL.LiveObjects before = OpenSSL.live();
        for (int i = 0; i < 200; i++) {
            try (SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY)) {
                builder.certificate(Fixtures.bytes("server-rsa-cert.pem"));
                builder.privateKey(Fixtures.bytes("other-rsa-key.pem"), null);
            } catch (SecureContextException e) {
                assertEquals("ERR_OSSL_X509_KEY_VALUES_MISMATCH", e.code());
            }
        }
        assertEquals(before, OpenSSL.live());
    }
}
