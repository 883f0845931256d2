package io.github.securepair.internal.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Net;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexPair;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The contract between net and tls: lent memory, order of bytes and callbacks, what is reported.
 */
class TransportTest {
    private EventLoop loop;
    private CompletableFuture<String> result;

    @BeforeEach
    void open() {
        loop = EventLoop.create();
        result = new CompletableFuture<>();
        loop.onUncaughtException(result::completeExceptionally);
    }

    @AfterEach
    void close() throws Exception {
        loop.close();
        loop.closed().get(10, TimeUnit.SECONDS);
    }

    private interface Program {
        void run() throws Exception;
    }

    private String run(Program program) throws Exception {
        loop.execute(() -> {
            try {
                program.run();
            } catch (Throwable thrown) {
                result.completeExceptionally(thrown);
            }
        });
        try {
            return result.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    /** Two connected sockets: the accepted one is taken over once {@code before} has had it. */
    private void connected(PairProgram program) {
        Socket client = new Socket();
        Server server = Net.createServer();
        server.on(Server.CONNECTION, accepted -> {
            server.close();
            loop.setImmediate(() -> {
                try {
                    program.run(client, accepted);
                } catch (Throwable thrown) {
                    result.completeExceptionally(thrown);
                }
            });
        });
        server.listen(0, "127.0.0.1", () -> client.connect(server.address().port(), "127.0.0.1"));
    }

    private interface PairProgram {
        void run(Socket client, Socket accepted) throws Exception;
    }

    /** Collects text; takes at most {@code portion} bytes of each read. */
    private class Collector implements Receiver {
        final StringBuilder got = new StringBuilder();
        final List<String> log = new ArrayList<>();
        int portion = Integer.MAX_VALUE;
        Transport from;

        @Override
        public void onRead(ByteBuffer lent, long address) {
            byte[] taken = new byte[Math.min(portion, lent.remaining())];
            lent.get(taken);
            got.append(new String(taken, StandardCharsets.ISO_8859_1));
            log.add("read " + taken.length + (lent.hasRemaining() ? " of more" : ""));
            if (lent.hasRemaining()) {
                loop.setImmediate(() -> {
                    assertFalse(from.isReading());
                    from.readStart();
                });
            }
        }

        @Override
        public void onEnd() {
            log.add("end");
            result.complete(got + " end");
        }

        @Override
        public void onError(Throwable error) {
            log.add("error");
            result.complete(got + " " + error.getMessage());
        }

        @Override
        public void onClosed() {
            log.add("closed");
            result.complete(got + " closed");
        }
    }

    /** A socket of this library's own kind, over another stream. */
    private static final class Upper extends Socket {
        final SocketInternals internals = _internals(SocketInternals.class);
    }

    private Transport takeOver(Duplex stream, Collector collector) {
        collector.from = new Upper().internals.takeOver(stream, collector);
        return collector.from;
    }

    @Test
    void lentMemoryIsNativeAndAddressed() throws Exception {
        assertEquals(
                "true true",
                run(() -> connected((client, accepted) -> {
                    Collector collector = new Collector() {
                        @Override
                        public void onRead(ByteBuffer lent, long address) {
                            result.complete(lent.isDirect() + " " + (address != 0));
                        }
                    };
                    takeOver(accepted, collector).readStart();
                    client.write("x");
                })));
    }

    @Test
    void whatTheReceiverLeavesIsKeptAndComesFirst() throws Exception {
        Collector collector = new Collector();
        collector.portion = 3;
        assertEquals(
                "0123456789 end",
                run(() -> connected((client, accepted) -> {
                    takeOver(accepted, collector).readStart();
                    client.end("0123456789");
                })));
        assertEquals(
                List.of("read 3 of more", "read 3 of more", "read 3 of more", "read 1", "end"),
                collector.log);
    }

    @Test
    void bytesTheSocketHadBufferedComeFirst() throws Exception {
        assertEquals(
                "early late end",
                run(() -> connected((client, accepted) -> {
                    accepted.once(Socket.READABLE, () -> {
                        assertEquals(6, accepted.readableLength());
                        Collector collector = new Collector();
                        takeOver(accepted, collector);
                        collector.from.readStart();
                        assertEquals("", collector.got.toString(), "not inside readStart");
                        client.end("late");
                    });
                    client.write("early ");
                })));
    }

    @Test
    void aSocketWithoutConnectionCannotBeTakenOver() throws Exception {
        assertEquals("null", run(() -> {
            Socket client = new Socket();
            result.complete(String.valueOf(takeOver(client, new Collector())));
        }));
    }

    @Test
    void theSocketStillCountsAndClosesAfterTheTakeOver() throws Exception {
        assertEquals(
                "read 5 written 3 close false",
                run(() -> connected((client, accepted) -> {
                    Collector collector = new Collector() {
                        @Override
                        public void onRead(ByteBuffer lent, long address) {
                            lent.position(lent.limit());
                            Output output = from.lend(3);
                            output.buffer().put("abc".getBytes(StandardCharsets.US_ASCII));
                            assertTrue(from.write(
                                    output,
                                    3,
                                    error -> result.completeExceptionally(new AssertionError())));
                            accepted.destroy();
                        }
                    };
                    accepted.on(
                            Socket.CLOSE,
                            hadError -> result.complete("read " + accepted.bytesRead() + " written "
                                    + accepted.bytesWritten() + " close " + hadError));
                    takeOver(accepted, collector).readStart();
                    client.write("hello");
                })));
    }

    private static Output filled(Transport transport, String text) {
        Output output = transport.lend(text.length());
        output.buffer().put(text.getBytes(StandardCharsets.ISO_8859_1));
        return output;
    }

    @Test
    void queuedOutputGoesOutAtTheEndOfTheTurnInOrder() throws Exception {
        List<String> log = new ArrayList<>();
        assertEquals(
                "abc end",
                run(() -> connected((client, accepted) -> {
                    Collector collector = new Collector();
                    takeOver(client, collector).readStart();
                    Transport out = takeOver(accepted, new Collector());
                    out.queue(filled(out, "a"), 1, error -> log.add("a " + error));
                    out.queue(filled(out, "b"), 1, null);
                    out.queue(filled(out, "c"), 1, error -> {
                        log.add("c " + error);
                        out.shutdown(failed -> log.add("shutdown " + failed));
                    });
                    assertEquals(3, out.bytesWritten());
                    assertEquals(List.of(), log, "never inside the call");
                })));
        assertEquals(List.of("a null", "c null", "shutdown null"), log);
    }

    @Test
    void writesOvertakeNothingThatIsQueued() throws Exception {
        assertEquals(
                "queued written end",
                run(() -> connected((client, accepted) -> {
                    Collector collector = new Collector();
                    takeOver(client, collector).readStart();
                    Transport out = takeOver(accepted, new Collector());
                    out.queue(filled(out, "queued "), 7, null);
                    assertTrue(out.write(filled(out, "written"), 7, null));
                    out.shutdown(failed -> {});
                })));
    }

    @Test
    void outputAfterALongHeapWriteWaitsItsTurn() throws Exception {
        int length = 20_000_000;
        assertEquals(
                (length + 4) + " tail",
                run(() -> connected((client, accepted) -> {
                    long[] count = {0};
                    StringBuilder tail = new StringBuilder();
                    takeOver(client, new Collector() {
                                @Override
                                public void onRead(ByteBuffer lent, long address) {
                                    count[0] += lent.remaining();
                                    byte[] bytes = new byte[lent.remaining()];
                                    lent.get(bytes);
                                    tail.append(new String(
                                            bytes,
                                            Math.max(0, bytes.length - 4),
                                            Math.min(4, bytes.length)));
                                }

                                @Override
                                public void onEnd() {
                                    result.complete(
                                            count[0] + " " + tail.substring(tail.length() - 4));
                                }
                            })
                            .readStart();
                    Transport out = takeOver(accepted, new Collector());
                    assertFalse(out.write(ByteBuffer.allocate(length), error -> {}));
                    assertTrue(out.isBacklogged());
                    assertTrue(out.writeQueueSize() > 1_000_000);
                    assertFalse(out.write(filled(out, "ta"), 2, error -> {}));
                    out.queue(filled(out, "il"), 2, error -> out.shutdown(failed -> {}));
                    assertEquals(length + 4, out.bytesWritten());
                })));
    }

    @Test
    void backlogIsToldWhenItIsGone() throws Exception {
        assertEquals(
                "writable",
                run(() -> connected((client, accepted) -> {
                    Collector collector = new Collector() {
                        @Override
                        public void onWritable() {
                            result.complete(from.isBacklogged() ? "backlogged" : "writable");
                        }
                    };
                    Transport out = takeOver(accepted, collector);
                    while (!out.isBacklogged()) {
                        Output output = out.lend(100_000);
                        out.write(output, 100_000, null);
                    }
                    takeOver(client, new Collector()).readStart();
                })));
    }

    @Test
    void closingFailsWhatWasNotSentAndThenSaysClosed() throws Exception {
        List<String> log = new ArrayList<>();
        run(() -> connected((client, accepted) -> {
            Transport out = takeOver(accepted, new Collector());
            int i = 0;
            while (!out.isBacklogged()) {
                int number = i++;
                out.write(
                        out.lend(1_000_000),
                        1_000_000,
                        error -> log.add(number + " " + error.getMessage()));
            }
            out.shutdown(error -> log.add("shutdown " + error.getMessage()));
            out.close(() -> {
                log.add("closed");
                result.complete("");
            });
            out.close(() -> log.add("never"));
            assertFalse(out.isOpen());
            assertEquals(List.of(), log, "never inside the call");
            assertFalse(out.write(filled(out, "x"), 1, error -> {}));
        }));
        assertEquals("closed", log.get(log.size() - 1));
        assertTrue(log.size() >= 3, log.toString());
        assertTrue(
                log.stream().allMatch(line -> line.equals("closed") || line.contains("ECANCELED")),
                log.toString());
    }

    @Test
    void outputIsUsedOnceAndWithinItsBounds() throws Exception {
        assertEquals(
                "fine",
                run(() -> connected((client, accepted) -> {
                    Transport out = takeOver(accepted, new Collector());
                    Output output = out.lend(10);
                    assertTrue(output.capacity() >= 10);
                    output.release();
                    assertThrows(IllegalStateException.class, output::release);
                    assertThrows(IllegalStateException.class, output::address);
                    Output other = out.lend(10);
                    int tooMuch = other.capacity() + 1;
                    assertThrows(
                            IllegalArgumentException.class, () -> out.write(other, tooMuch, null));
                    assertThrows(IllegalStateException.class, other::buffer);
                    result.complete("fine");
                })));
    }

    @Test
    void addressesAndKindOfAPlainTcpTransport() throws Exception {
        assertEquals(
                "true",
                run(() -> connected((client, accepted) -> {
                    Transport transport = takeOver(accepted, new Collector());
                    Link link = transport.link();
                    assertNotNull(link.localAddress());
                    assertEquals(client.localPort(), link.remoteAddress().port());
                    link.setNoDelay(true);
                    link.setKeepAlive(true, 60);
                    result.complete(String.valueOf(((ChannelTransport) transport).isTCP()));
                })));
    }

    @Test
    void aTransportWhoseWriteFailedCostsNothingUntilItIsClosed() throws Exception {
        String cost = run(() -> connected((client, accepted) -> {
            Transport out = takeOver(accepted, new Collector());
            while (!out.isBacklogged()) {
                out.write(out.lend(1_000_000), 1_000_000, null);
            }
            out.write(filled(out, "x"), 1, error -> idleCost(error.getMessage()));
            client.resetAndDestroy();
        }));
        assertTrue(cost.startsWith("write E"), cost);
        assertTrue(Long.parseLong(cost.substring(cost.lastIndexOf(' ') + 1)) < 50, cost);
    }

    /** Completes with the processor time in ms that the loop takes in 300 ms of doing nothing. */
    private void idleCost(String text) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().getId();
        long before = threads.getThreadCpuTime(id);
        loop.setTimeout(
                () -> result.complete(
                        text + " " + (threads.getThreadCpuTime(id) - before) / 1_000_000),
                300);
    }

    @Test
    void refAndUnrefReachTheSocketBelow() throws Exception {
        List<Upper> made = new ArrayList<>();
        run(() -> connected((client, accepted) -> {
            client.unref();
            Upper upper = new Upper();
            made.add(upper);
            upper.internals.takeOver(accepted, new Collector()).readStart();
            upper.unref();
            result.complete("");
        }));
        assertTrue(loop.awaitIdle(10_000), "nothing keeps the loop alive");
        made.get(0).ref();
        loop.submit(() -> null).get(10, TimeUnit.SECONDS);
        assertTrue(loop.alive(), "the socket below reads");
    }

    // ---- over a Duplex ------------------------------------------------------------------------

    @Test
    void aDuplexPairCarriesBytesBothWays() throws Exception {
        assertEquals("over there end", run(() -> {
            DuplexPair pair = DuplexPair.create();
            Collector collector = new Collector();
            takeOver(pair.second(), collector).readStart();
            Transport out = takeOver(pair.first(), new Collector());
            assertNull(out.link());
            out.write(filled(out, "over "), 5, null);
            out.queue(filled(out, "there"), 5, error -> out.shutdown(failed -> {}));
        }));
    }

    @Test
    void aDuplexKeepsWhatIsLeftAndStopsWhenTold() throws Exception {
        Collector collector = new Collector();
        collector.portion = 4;
        assertEquals("0123456789 end", run(() -> {
            DuplexPair pair = DuplexPair.create();
            takeOver(pair.second(), collector).readStart();
            pair.first().end("0123456789");
        }));
        assertEquals(List.of("read 4 of more", "read 4 of more", "read 2", "end"), collector.log);
    }

    @Test
    void aDestroyedDuplexIsAClosedTransport() throws Exception {
        assertEquals(" closed", run(() -> {
            DuplexPair pair = DuplexPair.create();
            takeOver(pair.second(), new Collector()).readStart();
            pair.second().destroy();
        }));
    }

    @Test
    void theErrorOfADuplexIsTold() throws Exception {
        assertEquals(" broken", run(() -> {
            DuplexPair pair = DuplexPair.create();
            takeOver(pair.second(), new Collector()).readStart();
            pair.second().destroy(new java.io.IOException("broken"));
        }));
    }

    @Test
    void closingTheTransportDestroysTheDuplex() throws Exception {
        assertEquals("true", run(() -> {
            DuplexPair pair = DuplexPair.create();
            Transport transport = takeOver(pair.second(), new Collector());
            transport.close(() -> result.complete(String.valueOf(pair.second().destroyed())));
        }));
    }

    @Test
    void aFullDuplexIsBackloggedUntilItIsRead() throws Exception {
        assertEquals("writable", run(() -> {
            DuplexPair pair = DuplexPair.create();
            Collector collector = new Collector() {
                @Override
                public void onWritable() {
                    result.complete(from.isBacklogged() ? "backlogged" : "writable");
                }
            };
            Transport out = takeOver(pair.first(), collector);
            for (int i = 0; !out.isBacklogged(); i++) {
                assertTrue(i < 1000);
                out.write(out.lend(10_000), 10_000, null);
            }
            takeOver(pair.second(), new Collector()).readStart();
        }));
    }
}
