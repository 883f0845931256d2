package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Bytes that no honest peer sends: an error, and nothing worse. */
class HostileInputTest {
    private static final int STRINGS = 20_000;

    private final Random random = new Random(42);
    private final ByteBuffer in = ByteBuffer.allocateDirect(20_000);
    private final ByteBuffer plain = ByteBuffer.allocateDirect(2000);
    private final ByteBuffer out = ByteBuffer.allocateDirect(2000);

    @Test
    void randomAndMutatedBytesEndInAnErrorAndLeaveNothing() {
        OpenSSL.LiveObjects before = OpenSSL.live();
        int failed = 0;
        try (SecureContext serverContext =
                        Fixtures.serverBuilder("server-ecdsa").groups("X25519").build();
                SecureContext clientContext =
                        Fixtures.clientBuilder().groups("X25519").build()) {
            List<byte[]> toServer = new ArrayList<>();
            List<byte[]> toClient = new ArrayList<>();
            for (int version : new int[] {Protocol.TLS1_2, Protocol.TLS1_3}) {
                record(clientContext, version, toServer, toClient);
            }
            for (int i = 0; i < STRINGS; i++) {
                boolean server = i % 2 == 0;
                List<byte[]> honest = server ? toServer : toClient;
                byte[] bytes = i % 4 < 2
                        ? randomBytes()
                        : mutated(honest.get(random.nextInt(honest.size())));
                try (TLSConnection connection = server
                        ? TLSConnection.server(serverContext)
                        : TLSConnection.client(clientContext)) {
                    connection.setEvents(random.nextInt(256));
                    if (feed(connection, bytes)) {
                        failed++;
                    }
                    assertFalse(
                            connection.isSecure(),
                            "bytes of another handshake made a connection secure");
                }
            }
        }
        assertTrue(failed > STRINGS * 3 / 4, "only " + failed + " failed");
        assertEquals(before, OpenSSL.live());
    }

    private static void record(
            SecureContext client, int version, List<byte[]> toServer, List<byte[]> toClient) {
        try (SecureContext server = Fixtures.serverBuilder("server-ecdsa")
                        .groups("X25519")
                        .versions(version, version)
                        .build();
                Pair pair = new Pair(client, server)) {
            pair.client.tls.setServername("localhost");
            pair.client.tls.setALPN(Wire.protocols("a", "b"));
            boolean moved = true;
            while (moved) {
                moved = pair.client.step();
                if (pair.server.inbox.size() > 0) {
                    toServer.add(pair.server.inbox.all());
                }
                moved |= pair.server.step();
                if (pair.client.inbox.size() > 0) {
                    toClient.add(pair.client.inbox.all());
                }
            }
        }
    }

    private byte[] randomBytes() {
        byte[] bytes = new byte[1 + random.nextInt(600)];
        random.nextBytes(bytes);
        if (random.nextBoolean() && bytes.length > 5) {
            // Looks like a record of the right length.
            bytes[0] = (byte) (20 + random.nextInt(4));
            bytes[1] = 3;
            bytes[2] = (byte) random.nextInt(5);
            bytes[3] = (byte) (bytes.length - 5 >> 8);
            bytes[4] = (byte) (bytes.length - 5);
        }
        return bytes;
    }

    private byte[] mutated(byte[] honest) {
        byte[] bytes = honest.clone();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
                case 3 -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(20));
                    System.arraycopy(
                            bytes,
                            at,
                            longer,
                            at + longer.length - bytes.length,
                            bytes.length - at);
                    bytes = longer;
                }
                default -> {
                    int length = Math.min(bytes.length - at, 1 + random.nextInt(30));
                    System.arraycopy(bytes, 0, bytes, at, length);
                }
            }
        }
        return bytes;
    }

    /**
     * Whether the connection failed. A peer that hangs up follows, so bytes that only ask for more
     * fail here too.
     */
    private boolean feed(TLSConnection connection, byte[] bytes) {
        in.clear();
        in.put(bytes, 0, Math.min(bytes.length, in.capacity())).flip();
        try {
            for (int turn = 0; turn < 100; turn++) {
                plain.clear();
                out.clear();
                Status status = connection.read(in, plain, out);
                ConnectionEvent event;
                boolean told = false;
                while ((event = connection.nextEvent()) != null) {
                    told = true;
                    if (event instanceof ConnectionEvent.Question question) {
                        answer(connection, event, question.sequence());
                    }
                }
                if (!told && !in.hasRemaining() && status != Status.FULL) {
                    return false;
                }
            }
            return false;
        } catch (TLSException e) {
            assertTrue(e.code().startsWith("ERR_SSL_"), e.code());
            assertNotNull(e.reason(), e.getMessage());
            return true;
        }
    }

    private void answer(TLSConnection connection, ConnectionEvent event, int sequence) {
        if (event instanceof ConnectionEvent.ClientHello) {
            byte[] junk = new byte[random.nextInt(200)];
            random.nextBytes(junk);
            connection.offerSession(junk);
            connection.selectALPN("b");
        } else if (event instanceof ConnectionEvent.CertificateRequest) {
            connection.setOCSPResponse(new byte[random.nextInt(100)]);
        }
        if (random.nextInt(8) == 0) {
            connection.refuse(sequence, random.nextInt(256));
        } else {
            connection.answer(sequence);
        }
    }

    @Test
    void everyFlippedBitOfARecordIsNoticed() throws Exception {
        for (int version : new int[] {Protocol.TLS1_2, Protocol.TLS1_3}) {
            try (SecureContext serverContext = Fixtures.serverBuilder("server-ecdsa")
                            .versions(version, version)
                            .build();
                    SecureContext clientContext = Fixtures.client()) {
                for (int offset = 0; offset < 35; offset++) {
                    try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
                        pair.client.write("hello");
                        pair.server.inbox.flip(
                                Math.min(offset, pair.server.inbox.size() - 1), 0x10);
                        pair.pump();
                        assertTrue(
                                pair.server.failure != null || pair.server.received.size() == 0,
                                "byte " + offset);
                        if (offset >= 5) {
                            // Node says so too: in TLS 1.2 the first entry is the provider's.
                            assertEquals(
                                    version == Protocol.TLS1_2
                                            ? "ERR_SSL_CIPHER_OPERATION_FAILED"
                                            : "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
                                    pair.server.failure.code(),
                                    "byte " + offset);
                            assertEquals(20, pair.server.failure.alert());
                            assertEquals(
                                    "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC",
                                    pair.client.failure.code());
                        }
                    }
                }
            }
        }
    }

    @Test
    void aMegabyteOfStarsIsAnError() {
        try (SecureContext serverContext = Fixtures.server();
                TLSConnection server = TLSConnection.server(serverContext)) {
            byte[] stars = new byte[in.capacity()];
            Arrays.fill(stars, (byte) '*');
            assertTrue(feed(server, stars));
            assertEquals("ERR_SSL_WRONG_VERSION_NUMBER", server.failure().code());
        }
    }
}
