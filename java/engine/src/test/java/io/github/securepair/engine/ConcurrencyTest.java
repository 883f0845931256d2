package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that do what they must not: whoever comes second is refused, and nothing native is
 * touched twice.
 */
@Timeout(120)
class ConcurrencyTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final SecureContext serverContext = Fixtures.server();
    private final SecureContext clientContext = Fixtures.client();

    @AfterEach
    void close() throws InterruptedException {
        threads.shutdown();
        assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS));
        serverContext.close();
        clientContext.close();
    }

    private void run(List<Callable<Void>> tasks) throws Exception {
        CyclicBarrier start = new CyclicBarrier(tasks.size());
        List<Future<Void>> running = new ArrayList<>();
        for (Callable<Void> task : tasks) {
            running.add(threads.submit(() -> {
                start.await();
                return task.call();
            }));
        }
        for (Future<Void> one : running) {
            one.get();
        }
    }

    private static void hammer(TLSConnection connection, int turns, AtomicInteger refused) {
        ByteBuffer in = ByteBuffer.allocateDirect(500);
        ByteBuffer plain = ByteBuffer.allocateDirect(500);
        ByteBuffer out = ByteBuffer.allocateDirect(500);
        for (int i = 0; i < turns; i++) {
            in.clear();
            plain.clear();
            out.clear();
            try {
                switch (i % 8) {
                    case 0 -> connection.read(null, plain, out);
                    case 1 -> connection.write(plain, out);
                    case 2 -> connection.drain(out);
                    case 3 -> connection.nextEvent();
                    case 4 -> connection.cipherName();
                    case 5 -> connection.session();
                    case 6 -> connection.setEvents(TLSConnection.TELL_SESSION);
                    default -> connection.answer(1);
                }
            } catch (IllegalStateException e) {
                refused.incrementAndGet();
            } catch (TLSException e) {
                return;
            }
        }
    }

    @Test
    void manyThreadsOnOneConnectionAreRefusedOrServedOneAtATime() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        for (int round = 0; round < 20; round++) {
            try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
                List<Callable<Void>> tasks = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    tasks.add(() -> {
                        hammer(pair.client.tls, 2000, refused);
                        return null;
                    });
                }
                run(tasks);
                // The connection is whole: it still speaks, once what the threads have thrown away
                // is left out.
                assertTrue(pair.client.tls.isSecure());
            }
        }
        assertTrue(refused.get() > 0, "the threads never met");
    }

    @Test
    void callsThatWaitForOtherThreadsAreAllServed() throws Exception {
        try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
            pair.client.tls.waitForOtherThreads();
            AtomicInteger refused = new AtomicInteger();
            Callable<Void> task = () -> {
                hammer(pair.client.tls, 2000, refused);
                return null;
            };
            run(List.of(task, task, task, task));
            assertEquals(0, refused.get());
            pair.client.tls.close();
            assertThrows(IllegalStateException.class, pair.client.tls::waitForOtherThreads);
        }
    }

    @Test
    void closeBesideARunningCallFreesAfterIt() throws Exception {
        OpenSSL.LiveObjects before = OpenSSL.live();
        for (int round = 0; round < 1500; round++) {
            Pair pair = new Pair(clientContext, serverContext);
            pair.client.step();
            AtomicInteger refused = new AtomicInteger();
            run(List.of(
                    () -> {
                        hammer(pair.client.tls, 60, refused);
                        return null;
                    },
                    () -> {
                        pair.client.tls.close();
                        return null;
                    },
                    () -> {
                        pair.server.readOnceUnlessClosed();
                        return null;
                    },
                    () -> {
                        pair.server.tls.close();
                        return null;
                    }));
            assertTrue(pair.client.tls.isClosed());
            assertThrows(IllegalStateException.class, pair.client.tls::cipherName);
        }
        assertEquals(before, OpenSSL.live());
    }

    @Test
    void contextsMayBeClosedWhileOthersMakeConnectionsFromThem() throws Exception {
        OpenSSL.LiveObjects before = OpenSSL.live();
        for (int round = 0; round < 200; round++) {
            SecureContext context = Fixtures.clientBuilder().build();
            Callable<Void> maker = () -> {
                for (int i = 0; i < 20; i++) {
                    try (TLSConnection connection = TLSConnection.client(context)) {
                        connection.version();
                        context.ciphers();
                    } catch (IllegalStateException e) {
                        assertEquals("SecureContext is closed", e.getMessage());
                        return null;
                    }
                }
                return null;
            };
            run(List.of(maker, maker, () -> {
                context.close();
                return null;
            }));
        }
        assertEquals(before, OpenSSL.live());
    }

    @Test
    void ticketKeysRotateWhileConnectionsHandshake() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch rotated = new CountDownLatch(50);
        Callable<Void> rotate = () -> {
            byte[] keys = new byte[48];
            for (int i = 0; !stop.get(); i++) {
                keys[0] = (byte) i;
                keys[47] = (byte) i;
                serverContext.setTicketKeys(keys);
                byte[] read = serverContext.ticketKeys();
                assertEquals(read[0], read[47], "half old, half new");
                rotated.countDown();
            }
            return null;
        };
        Callable<Void> shake = () -> {
            for (int i = 0; i < 100 || rotated.getCount() > 0; i++) {
                new Pair(clientContext, serverContext).handshake().close();
            }
            stop.set(true);
            return null;
        };
        run(List.of(rotate, shake, shake));
    }

    @Test
    void aConnectionMayWanderFromThreadToThread() throws Exception {
        try (Pair pair = new Pair(clientContext, serverContext)) {
            boolean moved = true;
            while (moved) {
                moved = threads.submit(pair.client::step).get();
                moved |= threads.submit(pair.server::step).get();
            }
            assertTrue(pair.client.tls.isSecure() && pair.server.tls.isSecure());
            for (int i = 0; i < 20; i++) {
                String text = "from thread " + i;
                threads.submit(() -> {
                            pair.client.write(text);
                            return null;
                        })
                        .get();
                threads.submit(pair.server::step).get();
            }
            assertTrue(pair.server.receivedText().endsWith("from thread 19"));
        }
    }

    @Test
    void countersOfOneConnectionAreNotThoseOfAnother() throws Exception {
        try (Pair one = new Pair(clientContext, serverContext).handshake();
                Pair two = new Pair(clientContext, serverContext).handshake()) {
            one.client.write("1234567");
            one.server.step();
            two.client.write("12");
            two.server.step();
            assertEquals(7, one.server.tls.recordEnd(0));
            assertEquals(7, one.client.tls.consumed());
            assertEquals(2, two.server.tls.recordEnd(0));
            assertEquals(2, two.client.tls.consumed());
        }
    }
}
