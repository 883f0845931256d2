package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.errors.Coded;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A record is delivered, and may be answered, before the next one has consequences; wherever TCP
 * cuts the bytes.
 */
class DeliveryTest extends LoopTest {
    private static final String LAST = "close true";

    /** A client by hand: it says which bytes go out together. */
    private static final class Hand implements AutoCloseable {
        private final Socket wire;
        private final SecureContext context;
        private final TLSConnection tls;
        private final ByteBuffer plain = ByteBuffer.allocateDirect(20_000);
        private final ByteBuffer out = ByteBuffer.allocateDirect(40_000);
        private final ByteBuffer in = ByteBuffer.allocateDirect(40_000).limit(0);
        private final StringBuilder text = new StringBuilder();
        /** Outer types of the records that arrived. */
        private final List<Integer> types = new ArrayList<>();

        private byte[] received = {};

        Hand(int port, String version) throws Exception {
            context = TLS.createSecureContext(new SecureContextOptions()
                    .ca(fixture("ca1-cert.pem"))
                    .minVersion(version)
                    .maxVersion(version));
            tls = TLSConnection.client(context);
            wire = new Socket(InetAddress.getLoopbackAddress(), port);
            wire.setTcpNoDelay(true);
            wire.setSoTimeout(20_000);
            turn();
            send(taken());
            while (!tls.isSecure()) {
                receive();
                send(taken());
            }
        }

        private void turn() throws TLSException {
            Status status;
            do {
                plain.clear();
                status = tls.read(in, plain, out);
                while (tls.nextEvent() != null) {
                    // None matters here.
                }
                text.append(StandardCharsets.UTF_8.decode(plain.flip()));
            } while (status == Status.EVENT || status == Status.FULL);
        }

        /** What the connection wants to send. */
        byte[] taken() {
            byte[] bytes = new byte[out.flip().remaining()];
            out.get(bytes);
            out.clear();
            return bytes;
        }

        byte[] record(String plaintext) throws TLSException {
            ByteBuffer bytes = ByteBuffer.allocateDirect(plaintext.length());
            tls.write(bytes.put(plaintext.getBytes(StandardCharsets.UTF_8)).flip(), out);
            return taken();
        }

        byte[] clientHello() throws TLSException {
            tls.renegotiate(false);
            turn();
            return taken();
        }

        void send(byte[]... parts) throws IOException {
            OutputStream to = wire.getOutputStream();
            for (byte[] part : parts) {
                to.write(part);
                to.flush();
            }
        }

        /** Takes the next record; false at the end. */
        boolean receive() throws IOException {
            InputStream from = wire.getInputStream();
            byte[] bytes = new byte[20_000];
            int count = from.read(bytes);
            if (count < 0) {
                return false;
            }
            note(Arrays.copyOf(bytes, count));
            in.compact().put(bytes, 0, count).flip();
            turn();
            return true;
        }

        /** Spoils the next record: the connection fails, and has an alert to send. */
        void receiveForged() throws IOException {
            byte[] bytes = new byte[20_000];
            int count = wire.getInputStream().read(bytes);
            bytes[count - 1] ^= 1;
            in.compact().put(bytes, 0, count).flip();
            try {
                turn();
            } catch (TLSException expected) {
                return;
            }
            throw new AssertionError("a forged record was taken");
        }

        private void note(byte[] bytes) {
            int before = received.length;
            received = Arrays.copyOf(received, before + bytes.length);
            System.arraycopy(bytes, 0, received, before, bytes.length);
            types.clear();
            for (int at = 0; at + 5 <= received.length; ) {
                types.add((int) received[at]);
                at += 5 + ((received[at + 3] & 0xFF) << 8 | received[at + 4] & 0xFF);
            }
        }

        void forgetTypes() {
            received = new byte[0];
        }

        @Override
        public void close() throws IOException {
            wire.close();
            tls.close();
            context.close();
        }
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private final List<String> events = new ArrayList<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    private TLSServer answering(ServerOptions options, CompletableFuture<Integer> port) {
        TLSServer server = TLS.createServer(options, socket -> {
            events.add("secure");
            socket.on("data", args -> {
                events.add("data " + text((ByteBuffer) args[0]));
                socket.write("answer", error -> events.add("written " + code(error)));
            });
            socket.on("error", args -> {
                events.add("error");
                socket.write("late", error -> events.add("late " + code(error)));
            });
            socket.on("close", args -> {
                events.add("close " + args[0]);
                loop.setImmediate(() -> closed.complete(null));
            });
        });
        server.listen(0, "127.0.0.1", () -> port.complete(server.address().port()));
        return server;
    }

    private static String code(Throwable error) {
        return error == null ? null : Coded.codeOf(error);
    }

    private TLSServer server;

    private int serve(String version) throws Exception {
        CompletableFuture<Integer> port = new CompletableFuture<>();
        loop.execute(() ->
                server = answering(serverOptions().minVersion(version).maxVersion(version), port));
        return port.get();
    }

    private void stop() throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    @ParameterizedTest(name = "{0}, cut at {1}")
    @CsvSource({"TLSv1.2,0", "TLSv1.2,1", "TLSv1.2,2", "TLSv1.3,0", "TLSv1.3,1", "TLSv1.3,2"})
    void aGoodRecordIsAnsweredThoughAForgedOneFollows(String version, int cut) throws Exception {
        int port = serve(version);
        try (Hand hand = new Hand(port, version)) {
            byte[] request = hand.record("request");
            byte[] forged = hand.record("forged");
            forged[forged.length - 1] ^= 1;
            byte[] both = join(request, forged);
            int at = cut == 0 ? both.length : cut == 1 ? request.length : request.length + 7;
            hand.send(Arrays.copyOf(both, at), Arrays.copyOfRange(both, at, both.length));
            String failure = null;
            try {
                while (hand.receive()) {
                    // Until the alert arrives.
                }
            } catch (TLSException expected) {
                failure = expected.code();
            }
            assertEquals("answer", hand.text.toString());
            assertTrue(String.valueOf(failure).contains("BAD_RECORD_MAC"), failure);
        }
        closed.get();
        List<String> sorted = events.stream().sorted().toList();
        assertEquals(
                List.of(
                        "close true",
                        "data request",
                        "error",
                        "late ERR_STREAM_DESTROYED",
                        "secure",
                        "written null"),
                sorted,
                events.toString());
        assertTrue(events.indexOf("data request") < events.indexOf("error"), events.toString());
        assertEquals(LAST, events.get(events.size() - 1), events.toString());
        stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theGreetingOfASecureConnectionLeavesThoughAForgedRecordFollowsFinished(String version)
            throws Exception {
        CompletableFuture<Integer> port = new CompletableFuture<>();
        CompletableFuture<String> written = new CompletableFuture<>();
        TLSServer[] greeting = {null};
        loop.execute(() -> {
            greeting[0] = TLS.createServer(
                    serverOptions().minVersion(version).maxVersion(version), socket -> {
                        socket.on("error", args -> {});
                        socket.write("hello", error -> written.complete(code(error)));
                    });
            greeting[0].listen(
                    0, "127.0.0.1", () -> port.complete(greeting[0].address().port()));
        });
        try (Hand hand = new Hand(port.get(), version)) {
            // The client is secure, and what it sends now follows its Finished.
            byte[] forged = hand.record("forged");
            forged[forged.length - 1] ^= 1;
            hand.send(forged);
            try {
                while (hand.receive()) {
                    // Until the alert arrives.
                }
            } catch (TLSException expected) {
                // bad_record_mac
            }
            assertEquals("hello", hand.text.toString());
        }
        assertNull(written.get());
        run(done -> greeting[0].close(error -> done.complete(null)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRequestIsAnsweredBeforeTheRenegotiationBehindIt(boolean together) throws Exception {
        int port = serve("TLSv1.2");
        try (Hand hand = new Hand(port, "TLSv1.2")) {
            hand.forgetTypes();
            byte[] request = hand.record("request");
            byte[] hello = hand.clientHello();
            if (together) {
                hand.send(join(request, hello));
            } else {
                hand.send(request, hello);
            }
            while (hand.text.isEmpty() || hand.types.size() < 2) {
                assertTrue(hand.receive());
            }
            assertEquals("answer", hand.text.toString());
            assertEquals(List.of(0x17, 0x16), hand.types.subList(0, 2));
        }
        closed.get();
        stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aWriteThatMeetsAFailedConnectionFails(String version) throws Exception {
        int port = serve(version);
        try (Hand hand = new Hand(port, version)) {
            hand.send(hand.record("request"));
            hand.receiveForged();
            hand.send(hand.taken());
            while (hand.wire.getInputStream().read() >= 0) {
                // The server closes.
            }
        }
        closed.get();
        assertTrue(events.contains("late EPROTO"), events.toString());
        assertEquals(LAST, events.get(events.size() - 1), events.toString());
        stop();
    }
}
