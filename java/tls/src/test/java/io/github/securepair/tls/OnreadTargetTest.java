package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.net.Onread;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Random;

/** Records that are decrypted where {@code onread} wants them. */
class OnreadTargetTest extends LoopTest {
    private static final int[] SIZES = {1, 64, 300, 5000, 8191, 8192, 16383, 16384, 16385, 70_000};
    private static final int WRITES = 1200;

    /** The program overwrites its memory after each call and may have more than one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void recordsOfAllSizesArriveInMemoryThatIsUsedAgainAtOnce(int buffers) throws Exception {
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            ByteBuffer[] memory = new ByteBuffer[buffers];
            for (int i = 0; i < buffers; i++) {
                // The last is a part of a larger one, and of three one is too small for a record.
                int size = i == 1 ? 9000 : 64 * 1024;
                memory[i] = ByteBuffer.allocateDirect(size + 100).slice(i * 10, size);
            }
            int[] next = {0};
            TLSServer server = TLS.createServer(
                    serverOptions(),
                    socket -> socket.onread(new Onread(
                            () -> memory[next[0]++ % buffers], (count, bytes) -> {
                                assertEquals(count, bytes.remaining());
                                byte[] copy = new byte[count];
                                bytes.get(copy);
                                heard.writeBytes(copy);
                                for (ByteBuffer each : memory) {
                                    each.clear().put(new byte[each.capacity()]);
                                }
                                return true;
                            })));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(TLSSocket.SECURE_CONNECT, () -> {
                    Random random = new Random(buffers);
                    send(client, random, sent, 0);
                });
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertTrue(sent.size() > 1_000_000);
        assertArrayEquals(sent.toByteArray(), heard.toByteArray());
    }

    private static void send(
            TLSSocket client, Random random, ByteArrayOutputStream sent, int from) {
        boolean more = true;
        int i = from;
        for (; i < WRITES && more; i++) {
            byte[] chunk = new byte[SIZES[random.nextInt(SIZES.length)]];
            random.nextBytes(chunk);
            sent.writeBytes(chunk);
            more = client.write(chunk);
        }
        int reached = i;
        if (reached == WRITES) {
            client.end();
        } else {
            client.once(TLSSocket.DRAIN, () -> send(client, random, sent, reached));
        }
    }

    /** A listener that sets another buffer in the turn of a record gets the record there. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aBufferSetByACallbackHoldsTheNextRecord(String version) throws Exception {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            TLSServer server = TLS.createServer(
                    serverOptions().maxVersion(version), socket -> listen(socket, heard, 0));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.write("a".repeat(16384));
                client.write("b".repeat(16384));
                client.write("c");
                client.write("d".repeat(16384));
                client.end();
                client.on(Stream.ERROR, done::completeExceptionally);
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertEquals(
                "a".repeat(16384) + "b".repeat(16384) + "c" + "d".repeat(16384), heard.toString());
    }

    private static void listen(TLSSocket socket, ByteArrayOutputStream heard, int number) {
        ByteBuffer own = ByteBuffer.allocateDirect(20_000 + number);
        socket.onread(Onread.of(own, (count, bytes) -> {
            assertEquals(own, bytes);
            byte[] copy = new byte[count];
            bytes.get(copy);
            heard.writeBytes(copy);
            listen(socket, heard, number + 1);
            return true;
        }));
    }
}
