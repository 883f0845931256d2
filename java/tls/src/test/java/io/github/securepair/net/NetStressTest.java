package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;

import org.junit.jupiter.api.Test;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Many connections that end in every way there is: no byte goes astray, nothing is left behind. */
class NetStressTest {
    private static final int CONNECTIONS = 1500;
    private static final int AT_ONCE = 150;

    private final Random random = new Random(20);
    private final AtomicInteger closes = new AtomicInteger();
    private final AtomicInteger wrong = new AtomicInteger();
    private final CompletableFuture<Void> finished = new CompletableFuture<>();
    private EventLoop main;
    private Server server;
    private int started;

    private static long allocations() {
        return PooledByteBufAllocator.DEFAULT.metric().directArenas().stream()
                .mapToLong(PoolArenaMetric::numActiveAllocations)
                .sum();
    }

    @Test
    void connectionsThatEndInAnyWayLeaveNothingBehind() throws Exception {
        long before = allocations();
        EventLoopGroup group = EventLoop.group(2);
        main = EventLoop.create();
        main.onUncaughtException(finished::completeExceptionally);
        group.loops().forEach(each -> each.onUncaughtException(finished::completeExceptionally));
        server = new Server(new NetServerOptions().loop(main).loops(group), this::serve);
        server.listenAsync(0, "127.0.0.1").get(10, TimeUnit.SECONDS);
        main.execute(() -> {
            for (int i = 0; i < AT_ONCE; i++) {
                next();
            }
        });
        finished.get(60, TimeUnit.SECONDS);
        server.closeAsync().get(10, TimeUnit.SECONDS);
        assertEquals(0, server.connections());
        assertEquals(0, wrong.get());
        assertEquals(CONNECTIONS, closes.get());
        main.close();
        group.close();
        main.closed().get(10, TimeUnit.SECONDS);
        group.closed().get(10, TimeUnit.SECONDS);
        assertEquals(before, allocations());
        assertTrue(main.closed().isDone());
    }

    /** Echoes; every so often it hangs up in the middle. */
    private void serve(Socket socket) {
        Random mood = new Random(socket.remotePort());
        socket.on(Socket.ERROR, error -> {});
        socket.on(Socket.DATA, chunk -> {
            switch (mood.nextInt(40)) {
                case 0 -> socket.destroy();
                case 1 -> socket.resetAndDestroy();
                case 2 -> socket.end(chunk);
                default -> socket.write(chunk);
            }
        });
    }

    private void next() {
        if (started == CONNECTIONS) {
            return;
        }
        started++;
        int seed = random.nextInt();
        Random mood = new Random(seed);
        Socket client = Net.connect(server.address().port(), "127.0.0.1");
        int[] got = {0};
        int[] sent = {0};
        boolean[] ended = {false};
        client.on(Socket.ERROR, error -> {});
        client.on(Socket.CLOSE, hadError -> {
            if (closes.incrementAndGet() == CONNECTIONS) {
                finished.complete(null);
            }
            next();
        });
        client.on(Socket.DATA, chunk -> {
            while (chunk.hasRemaining()) {
                if (chunk.get() != at(seed, got[0]++)) {
                    wrong.incrementAndGet();
                }
            }
            if (ended[0]) {
                return;
            }
            switch (mood.nextInt(16)) {
                case 0 -> client.destroy();
                case 1 -> client.resetAndDestroy();
                case 2 -> client.destroySoon();
                case 3 -> {
                    client.pause();
                    main.setImmediate(client::resume);
                }
                case 4, 5 -> {
                    ended[0] = true;
                    client.end();
                }
                default -> client.write(bytes(seed, sent, mood.nextInt(30_000)));
            }
        });
        switch (mood.nextInt(20)) {
            case 0 -> client.destroy();
            case 1 -> client.end();
            default -> client.write(bytes(seed, sent, 1 + mood.nextInt(300_000)));
        }
        // A conversation that falls silent (an empty write, a paused end) is cut short.
        client.setTimeout(2000, client::destroy);
    }

    private static byte at(int seed, int place) {
        return (byte) (seed + place * 31 + (place >> 8));
    }

    private static byte[] bytes(int seed, int[] sent, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = at(seed, sent[0]++);
        }
        return bytes;
    }
}
