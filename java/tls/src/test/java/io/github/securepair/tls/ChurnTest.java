package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Ten thousand connections, half of them broken off at a random byte: nothing native stays, memory
 * is flat.
 */
class ChurnTest extends LoopTest {
    private static final int CONNECTIONS = 10_000;
    private static final int AT_ONCE = 50;
    private static final int WARM_UP = 3_000;
    private static final long MEGABYTE = 1024 * 1024;

    @Test
    void tenThousandConnectionsHalfOfThemBrokenOffLeaveNothing() throws Exception {
        try (SecureContext context = TLS.createSecureContext(
                new SecureContextOptions().ca(fixture("ca1-cert.pem")).ecdhCurve("X25519"))) {
            long[] resident = {0};
            int[] used = run(10 * SECONDS, done -> {
                TLSServer server = TLS.createServer(
                        serverOptions("server-ecdsa").ecdhCurve("X25519"),
                        socket -> socket.pipe(socket));
                server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {});
                server.listen(
                        0,
                        "127.0.0.1",
                        1024,
                        () -> new Churn(server, context, resident, done).start());
            });
            assertEquals(CONNECTIONS / 2, used[0], "connections that were used");
            assertTrue(used[1] > CONNECTIONS / 4, "connections broken off: " + used[1]);
            long grown = (residentBytes() - resident[0]) / MEGABYTE;
            assertTrue(
                    grown < 100,
                    "resident memory grew by " + grown + " MiB after the first " + WARM_UP);
        }
    }

    private static long residentBytes() throws IOException {
        Path status = Path.of("/proc/self/statm");
        Assumptions.assumeTrue(Files.exists(status));
        return Long.parseLong(Files.readString(status).split(" ")[1]) * 4096;
    }

    private static final class Churn {
        private final TLSServer server;
        private final SecureContext context;
        private final long[] resident;
        private final CompletableFuture<int[]> done;
        private final Random random = new Random(42);
        private int started;
        private int ended;
        private int used;
        private int broken;

        Churn(
                TLSServer server,
                SecureContext context,
                long[] resident,
                CompletableFuture<int[]> done) {
            this.server = server;
            this.context = context;
            this.resident = resident;
            this.done = done;
        }

        void start() {
            for (int i = 0; i < AT_ONCE; i++) {
                next();
            }
        }

        private void next() {
            if (started == CONNECTIONS) {
                return;
            }
            if (started++ % 2 == 0) {
                use();
            } else {
                breakOff();
            }
        }

        private void ended() {
            ended++;
            if (ended == WARM_UP) {
                try {
                    resident[0] = residentBytes();
                } catch (IOException e) {
                    done.completeExceptionally(e);
                }
            }
            if (ended == CONNECTIONS) {
                server.close(error -> done.complete(new int[] {used, broken}));
            } else {
                next();
            }
        }

        private void use() {
            TLSSocket client = TLS.connect(clientOptions(server).secureContext(context));
            client.write("hello");
            client.on(Readable.DATA, chunk -> {
                used++;
                client.end();
            });
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> ended());
        }

        /** A client whose bytes this class carries, up to a random one. */
        private void breakOff() {
            SecurePair pair = TLS.createSecurePair(context, false);
            Socket socket = Net.connect(server.address().port(), "127.0.0.1");
            int[] left = {random.nextInt(2500)};
            boolean reset = random.nextBoolean();
            pair.on(EventEmitter.ERROR, error -> {});
            socket.on(EventEmitter.ERROR, error -> {});
            Runnable cut = () -> {
                broken++;
                if (reset) {
                    socket.resetAndDestroy();
                } else {
                    socket.destroy();
                }
                pair.destroy();
            };
            pair.encrypted().on(Readable.DATA, chunk -> {
                int count = chunk.remaining();
                if (left[0] >= 0 && count > left[0]) {
                    chunk.limit(chunk.position() + left[0]);
                    left[0] = -1;
                    socket.write(chunk, error -> cut.run());
                } else if (left[0] >= 0) {
                    left[0] -= count;
                    socket.write(chunk);
                }
            });
            socket.on(Readable.DATA, chunk -> {
                if (left[0] < 0) {
                    return;
                }
                left[0] -= chunk.remaining();
                if (left[0] < 0) {
                    cut.run();
                } else {
                    pair.encrypted().write(chunk);
                }
            });
            // Those that got through with bytes to spare end here.
            pair.on(
                    SecurePair.SECURE,
                    () -> loop.setTimeout(
                            () -> {
                                if (!socket.destroyed()) {
                                    cut.run();
                                }
                            },
                            5));
            socket.on(Socket.CLOSE, hadError -> ended());
        }
    }
}
