package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class HandshakeTest {
    static List<Arguments> combinations() {
        List<Arguments> all = new ArrayList<>();
        for (int version : new int[] {Protocol.TLS1_2, Protocol.TLS1_3}) {
            for (String key : new String[] {"server-rsa", "server-ecdsa", "server-ed25519"}) {
                for (int window : new int[] {1, 7, 100, 1000, 20_000}) {
                    all.add(Arguments.of(version, key, window));
                }
            }
        }
        return all;
    }

    @ParameterizedTest(name = "{0} {1} windows of {2}")
    @MethodSource("combinations")
    void dataPassesBothWays(int version, String key, int window) throws Exception {
        try (SecureContext serverContext =
                        Fixtures.serverBuilder(key).versions(version, version).build();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext, window).handshake()) {
            assertEquals(version, pair.client.tls.version());
            assertEquals(Protocol.name(version), pair.server.tls.protocol());
            assertEquals(0, pair.client.tls.verifyResult());
            byte[] data = new byte[window < 100 ? 3000 : 100_000];
            new Random(window).nextBytes(data);
            pair.client.write(data);
            pair.server.write(data);
            pair.pump();
            assertArrayEquals(data, pair.server.received.all());
            assertArrayEquals(data, pair.client.received.all());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void closeNotifyArrivesAsClosed(int version) throws Exception {
        try (SecureContext serverContext = Fixtures.serverBuilder("server-ecdsa")
                        .versions(version, version)
                        .build();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            pair.client.write("bye");
            pair.client.shutdown();
            pair.pump();
            assertEquals("bye", pair.server.receivedText());
            assertEquals(Status.CLOSED, pair.server.status);
            // The other direction stays open until it is closed too.
            pair.server.write("still here");
            pair.server.shutdown();
            pair.pump();
            assertEquals("still here", pair.client.receivedText());
            assertEquals(Status.CLOSED, pair.client.status);
            assertEquals(
                    Status.CLOSED,
                    pair.client.tls.write(direct("late"), ByteBuffer.allocateDirect(100)));
            assertEquals(0, pair.client.tls.consumed());
        }
    }

    @Test
    void writeBeforeTheHandshakeTakesNothing() throws Exception {
        try (SecureContext context = Fixtures.client();
                TLSConnection client = TLSConnection.client(context)) {
            ByteBuffer plain = direct("early");
            assertEquals(Status.WANT_INPUT, client.write(plain, ByteBuffer.allocateDirect(100)));
            assertEquals(0, plain.position());
            assertEquals(0, client.consumed());
            assertTrue(client.isHandshaking());
            assertFalse(client.isSecure());
        }
    }

    @Test
    void nullWindowsAreEmpty() throws Exception {
        try (SecureContext context = Fixtures.client();
                TLSConnection client = TLSConnection.client(context)) {
            assertEquals(Status.EVENT, client.read(null, null, null));
            assertTrue(client.nextEvent() instanceof ConnectionEvent.HandshakeStart);
            assertEquals(Status.WANT_INPUT, client.read(null, null, null));
            int pending = client.pending();
            assertTrue(pending > 100, "the ClientHello waits");
            ByteBuffer out = ByteBuffer.allocateDirect(64);
            assertEquals(Status.FULL, client.drain(out));
            assertEquals(64, client.emitted());
            assertEquals(64, out.position());
            assertEquals(pending - 64, client.pending());
            assertEquals(Status.FULL, client.drain(null));
            assertEquals(Status.WANT_INPUT, client.write(null, null));
        }
    }

    @Test
    void positionsAdvanceFromWhereTheyWereAndOnlyWithinLimits() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            ByteBuffer plain = direct("0123456789").position(2).limit(8);
            ByteBuffer out = ByteBuffer.allocateDirect(500).put(0, (byte) 7).position(100);
            pair.client.tls.write(plain, out);
            assertEquals(8, plain.position());
            assertEquals(6, pair.client.tls.consumed());
            assertEquals(100 + pair.client.tls.emitted(), out.position());
            assertEquals(7, out.get(0));
            assertEquals(0, out.get(99));
            out.flip().position(100);
            ByteBuffer target = ByteBuffer.allocateDirect(50).position(10).limit(14);
            assertEquals(Status.FULL, pair.server.tls.read(out, target, null));
            assertEquals(14, target.position());
            assertEquals(4, pair.server.tls.produced());
            target.limit(50);
            assertEquals(Status.WANT_INPUT, pair.server.tls.read(out, target, null));
            target.flip().position(10);
            assertEquals("234567", Wire.text(target));
        }
    }

    @Test
    void recordEndsTellWhereRecordsEnded() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            assertTrue(pair.client.tls.setMaxSendFragment(512));
            // Else the first record ends the read.
            pair.server.tls.shutdown(null);
            pair.client.write(new byte[1500]);
            ByteBuffer in = Wire.direct(pair.server.inbox.takeAll());
            ByteBuffer plain = ByteBuffer.allocateDirect(20_000);
            pair.server.tls.read(in, plain, null);
            assertEquals(3, pair.server.tls.records());
            assertEquals(512, pair.server.tls.recordEnd(0));
            assertEquals(1024, pair.server.tls.recordEnd(1));
            assertEquals(1500, pair.server.tls.recordEnd(2));
            assertThrows(IndexOutOfBoundsException.class, () -> pair.server.tls.recordEnd(3));
            assertFalse(pair.client.tls.setMaxSendFragment(511));
            assertFalse(pair.client.tls.setMaxSendFragment(16385));
        }
    }

    @Test
    void afterShutdownMoreRecordsThanTheTurnHoldsComeInSeveralTurns() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            pair.server.tls.shutdown(null);
            for (int i = 0; i < 100; i++) {
                pair.client.write("x");
            }
            ByteBuffer in = Wire.direct(pair.server.inbox.takeAll());
            ByteBuffer plain = ByteBuffer.allocateDirect(20_000);
            assertEquals(Status.FULL, pair.server.tls.read(in, plain, null));
            assertEquals(32, pair.server.tls.records());
            assertEquals(32, pair.server.tls.recordEnd(31));
            while (pair.server.tls.read(in, plain, null) == Status.FULL) {
                assertEquals(32, pair.server.tls.records());
            }
            assertEquals(100, plain.position());
            assertEquals(4, pair.server.tls.records());
        }
    }

    @Test
    void theStateOfAConnectionIsTold() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext =
                        Fixtures.clientBuilder().groups("P-256").build();
                Pair pair = new Pair(clientContext, serverContext)) {
            assertNull(pair.client.tls.cipherName());
            assertNull(pair.client.tls.peerCertificate());
            assertNull(pair.client.tls.finished());
            pair.client.tls.setServername("localhost");
            pair.handshake();
            TLSConnection client = pair.client.tls;
            TLSConnection server = pair.server.tls;
            assertFalse(client.isServer());
            assertTrue(server.isServer());
            assertEquals(clientContext, client.context());
            assertEquals("TLS_AES_256_GCM_SHA384", client.cipherName());
            assertEquals("TLS_AES_256_GCM_SHA384", server.cipherStandardName());
            assertEquals("TLSv1.3", client.cipherVersion());
            assertEquals("localhost", server.servername());
            assertEquals("localhost", client.servername());
            assertNull(client.alpnProtocol());
            assertArrayEquals(client.finished(), server.peerFinished());
            assertArrayEquals(client.peerFinished(), server.finished());
            assertArrayEquals(client.clientRandom(), server.clientRandom());
            assertArrayEquals(client.serverRandom(), server.serverRandom());
            assertArrayEquals(client.masterKey(), server.masterKey());
            assertArrayEquals(Fixtures.der("server-ecdsa-cert.pem"), client.peerCertificate());
            assertArrayEquals(client.peerCertificate(), server.ownCertificate());
            assertEquals(1, client.peerChain().size());
            assertEquals(2, client.peerChainCompleted().size());
            assertArrayEquals(
                    Fixtures.der("ca1-cert.pem"), client.peerChainCompleted().get(1));
            assertTrue(client.hasPeerCertificate());
            assertFalse(server.hasPeerCertificate());
            assertNull(server.peerChain());
            assertNull(client.verifyErrorName());
            assertEquals("ECDH prime256v1 256", client.ephemeralKey());
            assertFalse(client.isSessionReused());
            assertNotNull(server.sharedSigalgs());
            assertArrayEquals(
                    client.exportKeyingMaterial(32, "label", new byte[] {1}),
                    server.exportKeyingMaterial(32, "label", new byte[] {1}));
            assertFalse(java.util.Arrays.equals(
                    client.exportKeyingMaterial(32, "label", null),
                    client.exportKeyingMaterial(32, "other", null)));
        }
    }

    @Test
    void anUntrustedServerIsToldByTheVerifyResult() throws Exception {
        try (SecureContext serverContext = Fixtures.serverBuilder("self-signed").build();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake()) {
            assertEquals(18, pair.client.tls.verifyResult());
            assertEquals("DEPTH_ZERO_SELF_SIGNED_CERT", pair.client.tls.verifyErrorName());
            assertEquals("self-signed certificate", pair.client.tls.verifyErrorText());
        }
    }

    @Test
    void alpnAgreesOnTheServersPreference() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setALPN(Wire.protocols("c", "b"));
            pair.server.tls.setALPN(Wire.protocols("a", "b", "c"));
            pair.handshake();
            assertEquals("b", pair.client.tls.alpnProtocol());
            assertEquals("b", pair.server.tls.alpnProtocol());
        }
    }

    @Test
    void npnLetsTheClientChoose() throws Exception {
        try (SecureContext serverContext = Fixtures.serverBuilder("server-ecdsa")
                        .versions(0, Protocol.TLS1_2)
                        .npn()
                        .build();
                SecureContext clientContext = Fixtures.clientBuilder()
                        .versions(0, Protocol.TLS1_2)
                        .npn()
                        .build();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setNPN(Wire.protocols("b", "c"));
            pair.server.tls.setNPN(Wire.protocols("a", "c", "b"));
            pair.handshake();
            assertEquals("c", pair.client.tls.npnProtocol());
            assertEquals("c", pair.server.tls.npnProtocol());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void clientCertificatesAreSeenByTheServer(int version) throws Exception {
        SecureContext.Builder serverBuilder =
                Fixtures.serverBuilder("server-ecdsa").versions(version, version);
        serverBuilder.ca(Fixtures.bytes("ca1-cert.pem"), true);
        try (SecureContext serverContext = serverBuilder.build();
                SecureContext clientContext = Fixtures.clientBuilder()
                        .certificate(Fixtures.bytes("client-cert.pem"))
                        .privateKey(Fixtures.bytes("client-key.pem"), null)
                        .build();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.server.tls.setVerify(VerifyMode.REQUIRE);
            pair.handshake();
            assertArrayEquals(Fixtures.der("client-cert.pem"), pair.server.tls.peerCertificate());
            assertEquals(0, pair.server.tls.verifyResult());
            assertEquals(1, pair.client.tls.peerClientCAs().size());
        }
    }

    @Test
    void renegotiationAndItsRefusalInTls13() throws Exception {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext =
                        Fixtures.clientBuilder().versions(0, Protocol.TLS1_2).build();
                SecureContext newerContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext).handshake();
                Pair newer = new Pair(newerContext, serverContext).handshake()) {
            pair.client.tls.renegotiate(true);
            ByteBuffer plain = direct("offered again after the handshake");
            ByteBuffer out = ByteBuffer.allocateDirect(2000);
            assertEquals(Status.WANT_INPUT, pair.client.tls.write(plain, out));
            assertEquals(0, pair.client.tls.consumed());
            assertTrue(pair.client.tls.isHandshaking());
            pair.server.inbox.put(out.flip());
            pair.handshake();
            assertEquals(1, pair.client.tls.renegotiations());
            assertEquals(
                    2, pair.server.events(ConnectionEvent.HandshakeDone.class).size());
            TLSException refused =
                    assertThrows(TLSException.class, () -> newer.client.tls.renegotiate(true));
            assertEquals("ERR_SSL_WRONG_SSL_VERSION", refused.code());
            assertEquals("wrong ssl version", refused.reason());
        }
    }

    @Test
    void postHandshakeAuthenticationAndKeyUpdate() throws Exception {
        SecureContext.Builder serverBuilder = Fixtures.serverBuilder("server-ecdsa");
        serverBuilder.ca(Fixtures.bytes("ca1-cert.pem"), true);
        try (SecureContext serverContext = serverBuilder.build();
                SecureContext clientContext = Fixtures.clientBuilder()
                        .certificate(Fixtures.bytes("client-cert.pem"))
                        .privateKey(Fixtures.bytes("client-key.pem"), null)
                        .build();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.offerPostHandshakeAuth();
            pair.handshake();
            assertFalse(pair.server.tls.hasPeerCertificate());
            pair.server.tls.setVerify(VerifyMode.PEER);
            pair.server.tls.requestClientCertificate();
            pair.pump();
            assertTrue(pair.server.tls.hasPeerCertificate());
            pair.client.tls.keyUpdate(true);
            pair.client.write("new keys");
            pair.pump();
            pair.server.write("both ways");
            pair.pump();
            assertEquals("new keys", pair.server.receivedText());
            assertEquals("both ways", pair.client.receivedText());
        }
    }

    private static ByteBuffer direct(String text) {
        return Wire.direct(text);
    }
}
