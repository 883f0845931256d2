package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What reading through {@code onread} costs the Java heap. */
class OnreadAllocationTest extends LoopTest {
    private static final int RECORD = 16 * 1024;
    private static final int RECORDS = 2000;

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    @Test
    void aRecordThatOnreadTakesAllocatesNothing() throws Exception {
        try (EventLoop reader = EventLoop.create()) {
            reader.onUncaughtException(uncaught::add);
            ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
            long[] seen = new long[2];
            CompletableFuture<Long> perRecord = new CompletableFuture<>();
            TLSServer server = TLS.createServer(serverOptions().loop(reader), socket -> {
                socket.onread(Onread.of(buffer, (count, bytes) -> {
                    long before = seen[0] / RECORD;
                    seen[0] += count;
                    if (before < RECORDS && seen[0] / RECORD >= RECORDS) {
                        seen[1] = allocated();
                    } else if (before < 2 * RECORDS && seen[0] / RECORD >= 2 * RECORDS) {
                        perRecord.complete((allocated() - seen[1]) / RECORDS);
                    }
                    return true;
                }));
            });
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            TLSSocket client = run(done -> {
                TLSSocket made = TLS.connect(clientOptions(server));
                made.once(TLSSocket.SECURE_CONNECT, () -> done.complete(made));
            });
            loop.execute(() -> send(client, 0));
            long bytes = perRecord.get(SECONDS, TimeUnit.SECONDS);
            // A turn of the loop reads several records and allocates a little of its own.
            assertTrue(bytes < 64, bytes + " bytes for each record");
            run(done -> {
                client.on(Socket.CLOSE, hadError -> done.complete(null));
                client.end();
            });
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            reader.close();
            reader.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    private static void send(TLSSocket client, int sent) {
        if (sent < 2 * RECORDS + 10 && !client.writableEnded()) {
            client.write(new byte[RECORD], error -> send(client, sent + 1));
        }
    }
}
