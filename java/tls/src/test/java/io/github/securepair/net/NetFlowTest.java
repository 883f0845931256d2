package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventLoop;
import io.netty.buffer.PooledByteBufAllocator;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Backpressure: a socket that is not read does not read either, and nothing piles up. */
class NetFlowTest {
    private static final int MEBIBYTE = 1 << 20;

    /** The pool's chunks are 4 MiB each; a few arenas may hold one. */
    private static final long POOL_LIMIT = 24L * MEBIBYTE;

    private static long pooled() {
        return PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    }

    /** Writes {@code total} bytes, waiting for 'drain', then ends. Each byte shows its place. */
    private static final class Pump {
        private final Socket to;
        private final long total;
        private long written;
        private int mostQueued;

        Pump(Socket to, long total) {
            this.to = to;
            this.total = total;
            to.on(Socket.DRAIN, this::go);
        }

        void go() {
            boolean more = true;
            while (more && written < total) {
                int length = (int) Math.min(60_000, total - written);
                ByteBuffer chunk = ByteBuffer.allocate(length);
                for (int i = 0; i < length; i++) {
                    chunk.put(i, at(written + i));
                }
                written += length;
                more = to.write(chunk);
                mostQueued = Math.max(mostQueued, to.writableLength());
            }
            if (written == total) {
                written++;
                to.end();
            }
        }

        static byte at(long place) {
            return (byte) (place * 31 + (place >> 8));
        }
    }

    /** Takes one chunk, pauses, and goes on in the next round. */
    private static final class SlowReader {
        private long read;
        private long mostPooled;
        private int mostBuffered;
        private boolean wrong;

        SlowReader(EventLoop loop, Socket from) {
            from.on(Socket.DATA, chunk -> {
                while (chunk.hasRemaining()) {
                    wrong |= chunk.get() != Pump.at(read++);
                }
                from.pause();
                mostPooled = Math.max(mostPooled, pooled());
                mostBuffered = Math.max(mostBuffered, from.readableLength());
                loop.setImmediate(() -> loop.setImmediate(from::resume));
            });
        }

        void check(long expected) {
            assertEquals(expected, read);
            assertTrue(!wrong, "bytes were changed");
            assertTrue(mostBuffered <= 16_384 + 65_536, "buffered " + mostBuffered);
            assertTrue(mostPooled < POOL_LIMIT, "pooled " + mostPooled);
        }
    }

    @Test
    void aHundredMegabytesToASlowClientKeepMemoryFlat() throws Exception {
        long total = 100_000_000;
        Pump[] pump = {null};
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> {
                pump[0] = new Pump(c.resume(), total);
                pump[0].go();
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                SlowReader slow = new SlowReader(loop, client);
                client.on(Socket.END, () -> result.complete(slow));
            });
        });
        reader.check(total);
        assertTrue(pump[0].mostQueued <= 60_000 + 16_384, "queued " + pump[0].mostQueued);
    }

    @Test
    void aHundredMegabytesToASlowServerKeepMemoryFlat() throws Exception {
        long total = 100_000_000;
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> {
                SlowReader slow = new SlowReader(loop, c);
                c.on(Socket.END, () -> result.complete(slow));
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                new Pump(client.resume(), total).go();
            });
        });
        reader.check(total);
    }

    @Test
    void oneWriteOfThirtyMegabytesIsCopiedPieceByPiece() throws Exception {
        int total = 30_000_000;
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> {
                SlowReader slow = new SlowReader(loop, c);
                c.on(Socket.END, () -> result.complete(slow));
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                byte[] all = new byte[total];
                for (int i = 0; i < total; i++) {
                    all[i] = Pump.at(i);
                }
                client.end(all);
            });
        });
        reader.check(total);
    }

    @Test
    void manyWritesInOneTurnArriveInOrder() throws Exception {
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> {
                SlowReader slow = new SlowReader(loop, c);
                c.on(Socket.END, () -> result.complete(slow));
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                long place = 0;
                for (int i = 0; i < 3000; i++) {
                    byte[] chunk = new byte[i % 700 == 0 ? 300_000 : i % 400];
                    for (int k = 0; k < chunk.length; k++) {
                        chunk[k] = Pump.at(place++);
                    }
                    client.write(chunk);
                }
                client.end();
            });
        });
        reader.check(total(3000));
    }

    private static long total(int count) {
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += i % 700 == 0 ? 300_000 : i % 400;
        }
        return total;
    }

    @Test
    void aPausedSocketLeavesTheBytesOfAnEndedPeerInTheKernel() throws Exception {
        long[] seen = OnLoop.run((loop, result) -> {
            Socket[] conn = {null};
            Server server =
                    Net.createServer(new NetServerOptions().pauseOnConnect(true), c -> conn[0] = c);
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.resume();
                client.end(new byte[50_000]);
                // The end of the peer is in our kernel too; give the loop rounds to notice what it
                // should not.
                client.on(
                        Socket.FINISH,
                        () -> rounds(loop, 50, () -> {
                            long before = conn[0].bytesRead();
                            conn[0].resume();
                            conn[0].on(
                                    Socket.END,
                                    () -> result.complete(
                                            new long[] {before, conn[0].bytesRead()}));
                        }));
            });
        });
        assertEquals(0, seen[0]);
        assertEquals(50_000, seen[1]);
    }

    private static void rounds(EventLoop loop, int count, Runnable then) {
        if (count == 0) {
            then.run();
        } else {
            loop.setImmediate(() -> rounds(loop, count - 1, then));
        }
    }

    @Test
    void aHalfOpenSocketCanStillWriteMoreThanTheKernelTakes() throws Exception {
        int total = 30_000_000;
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(new NetServerOptions().allowHalfOpen(true), c -> {
                c.resume();
                c.on(Socket.END, () -> new Pump(c, total).go());
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                SlowReader slow = new SlowReader(loop, client);
                client.on(Socket.END, () -> result.complete(slow));
                client.end();
            });
        });
        reader.check(total);
    }

    /** Returns the processor time in ms that the loop's thread takes in 300 ms of doing nothing. */
    private static void idleCost(EventLoop loop, CompletableFuture<Long> result) {
        long id = Thread.currentThread().getId();
        long before = ManagementFactory.getThreadMXBean().getThreadCpuTime(id);
        loop.setTimeout(
                () -> result.complete(
                        (ManagementFactory.getThreadMXBean().getThreadCpuTime(id) - before)
                                / 1_000_000),
                300);
    }

    @Test
    void aPausedSocketCostsNothingAfterThePeerHasReset() throws Exception {
        long cost = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(
                    new NetServerOptions().pauseOnConnect(true),
                    c -> c.on(Socket.ERROR, error -> {}));
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.write("x", error -> loop.setImmediate(client::resetAndDestroy));
                client.on(Socket.CLOSE, hadError -> idleCost(loop, result));
            });
        });
        assertTrue(cost < 50, cost + " ms of 300");
    }

    @Test
    void aHalfOpenSocketCostsNothingAfterThePeerHasReset() throws Exception {
        long cost = OnLoop.run((loop, result) -> {
            Socket client = new Socket();
            Server server = Net.createServer(new NetServerOptions().allowHalfOpen(true), c -> {
                c.resume();
                c.on(Socket.ERROR, error -> {});
                c.on(Socket.END, client::resetAndDestroy);
            });
            server.listen(0, "127.0.0.1", () -> {
                client.connect(server.address().port(), "127.0.0.1", client::end);
                client.on(Socket.CLOSE, hadError -> idleCost(loop, result));
            });
        });
        assertTrue(cost < 50, cost + " ms of 300");
    }

    @Test
    void aPausedSocketThatWasResetSaysSoWhenItReadsAgain() throws Exception {
        String got = OnLoop.run((loop, result) -> {
            Socket[] conn = {null};
            Server server =
                    Net.createServer(new NetServerOptions().pauseOnConnect(true), c -> conn[0] = c);
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.on(Socket.CONNECT, () -> rounds(loop, 20, client::resetAndDestroy));
                client.on(
                        Socket.CLOSE,
                        hadError -> rounds(loop, 20, () -> {
                            Socket c = conn[0];
                            c.on(
                                    Socket.ERROR,
                                    error -> result.complete(
                                            c.destroyed() + " " + error.getMessage()));
                            c.resume();
                        }));
            });
        });
        assertEquals("true read ECONNRESET", got);
    }

    @Test
    void writingToAPeerThatHasGoneFailsWithEpipeOrEconnreset() throws Exception {
        String got = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(new NetServerOptions().pauseOnConnect(true), c -> {
                c.on(Socket.ERROR, error -> result.complete(error.getMessage()));
                writeOn(loop, c);
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.on(Socket.CONNECT, client::resetAndDestroy);
            });
        });
        assertTrue(got.equals("write EPIPE") || got.equals("write ECONNRESET"), got);
    }

    private static void writeOn(EventLoop loop, Socket socket) {
        if (!socket.destroyed()) {
            socket.write("more", error -> loop.setImmediate(() -> writeOn(loop, socket)));
        }
    }

    @Test
    void onreadUsesOneBufferForEverything() throws Exception {
        ByteBuffer buffer = ByteBuffer.allocateDirect(10_000);
        long total = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> new Pump(c.resume(), 3_000_000).go());
            server.listen(0, "127.0.0.1", () -> {
                long[] read = {0};
                Onread onread = Onread.of(buffer, (count, same) -> {
                    assertTrue(same == buffer && same.remaining() == count);
                    for (int i = 0; i < count; i++) {
                        assertEquals(Pump.at(read[0]++), same.get(i));
                    }
                    return true;
                });
                Socket client = Net.connect(new SocketConnectOptions()
                        .port(server.address().port())
                        .host("127.0.0.1")
                        .onread(onread));
                client.on(
                        Socket.DATA,
                        never -> result.completeExceptionally(new AssertionError("'data'")));
                client.on(Socket.END, () -> result.complete(read[0]));
            });
        });
        assertEquals(3_000_000, total);
    }

    @Test
    void aUnixSocketKeepsMemoryFlatToo() throws Exception {
        Path directory = Files.createTempDirectory("sp-flow-");
        String path = directory.resolve("s").toString();
        SlowReader reader = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> new Pump(c.resume(), 20_000_000).go());
            server.listen(path, () -> {
                Socket client = Net.connect(path);
                SlowReader slow = new SlowReader(loop, client);
                client.on(Socket.END, () -> result.complete(slow));
                client.on(Socket.CLOSE, hadError -> server.close());
            });
        });
        reader.check(20_000_000);
        Files.deleteIfExists(Path.of(path));
        Files.delete(directory);
    }
}
