package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.ConnectionEvent.CertificateRequest;
import io.github.securepair.engine.ConnectionEvent.ClientHello;
import io.github.securepair.engine.ConnectionEvent.OCSPResponse;
import io.github.securepair.engine.ConnectionEvent.RenegotiationRequest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.List;

/** Pauses of the handshake, and their answers: right, late, twice, never. */
class QuestionTest {
    private static final int BOTH = TLSConnection.ASK_HELLO | TLSConnection.ASK_CERT;

    private final SecureContext serverContext = Fixtures.server();
    private final SecureContext clientContext = Fixtures.client();
    private Pair pair = new Pair(clientContext, serverContext);

    @AfterEach
    void close() {
        pair.close();
        clientContext.close();
        serverContext.close();
    }

    private void limitTo(int version) {
        long others = version == Protocol.TLS1_3
                ? SSLOptions.SSL_OP_NO_TLSv1_2
                : SSLOptions.SSL_OP_NO_TLSv1_3;
        pair.server.tls.setOptions(others, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void theHandshakeStandsStillUntilEachQuestionIsAnswered(int version) throws Exception {
        limitTo(version);
        pair.client.tls.setServername("a.example.test");
        pair.client.tls.setALPN(Wire.protocols("x", "y"));
        pair.server.tls.setEvents(BOTH);
        pair.server.onEvent = event -> {};
        pair.pump();
        assertEquals(Status.PAUSED, pair.server.status);
        ClientHello hello = pair.server.events(ClientHello.class).get(0);
        assertEquals("a.example.test", hello.servername());
        assertEquals(List.of("x", "y"), hello.alpnProtocols());
        assertEquals(32, hello.random().length);
        assertEquals(0x0303, hello.legacyVersion());
        assertTrue(hello.tls13());
        assertFalse(hello.hasTicket());
        assertFalse(hello.requestsOCSP());
        assertFalse(hello.npn());
        assertFalse(hello.renegotiation());
        assertTrue(hello.cipherSuites().length > 3);
        assertTrue(hello.extensions().stream().anyMatch(extension -> extension.type() == 0));
        assertTrue(hello.pskIdentities().isEmpty());
        assertEquals(0, hello.offset());

        ByteBuffer out = ByteBuffer.allocateDirect(5000);
        assertEquals(Status.PAUSED, pair.server.tls.read(null, null, out));
        assertEquals(Status.PAUSED, pair.server.tls.write(Wire.direct("not now"), out));
        assertEquals(0, pair.server.tls.consumed());
        assertFalse(pair.server.tls.answer(hello.sequence() + 1), "that question was never asked");
        assertTrue(pair.server.tls.answer(hello.sequence()));
        assertFalse(pair.server.tls.answer(hello.sequence()), "answered twice");
        assertFalse(pair.server.tls.refuse(hello.sequence(), 40), "too late");

        pair.pump();
        assertEquals(Status.PAUSED, pair.server.status);
        CertificateRequest cert = pair.server.events(CertificateRequest.class).get(0);
        assertEquals("a.example.test", cert.servername());
        assertFalse(cert.requestsOCSP());
        assertFalse(cert.renegotiation());
        assertFalse(pair.server.tls.answer(hello.sequence()), "an answer to the former question");
        assertTrue(pair.server.tls.answer(cert.sequence()));
        pair.handshake();
        assertEquals(1, pair.server.events(ClientHello.class).size());
        assertEquals(1, pair.server.events(CertificateRequest.class).size());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void refusingAtTheHelloSendsThatAlert(int version) {
        limitTo(version);
        pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
        pair.server.onEvent = event -> {
            if (event instanceof ClientHello hello) {
                assertTrue(pair.server.tls.refuse(hello.sequence(), 112));
            }
        };
        pair.pump();
        assertEquals(112, pair.server.failure.alert());
        assertTrue(pair.server.failure.alertSent());
        assertEquals(112, pair.client.failure.alert());
        assertFalse(pair.client.failure.alertSent());
        assertEquals("ERR_SSL_TLSV1_UNRECOGNIZED_NAME", pair.client.failure.code());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void refusingAtTheCertificateSendsThatAlert(int version) {
        limitTo(version);
        pair.server.tls.setEvents(TLSConnection.ASK_CERT);
        pair.server.onEvent = event -> {
            if (event instanceof CertificateRequest cert) {
                assertTrue(pair.server.tls.refuse(cert.sequence(), 112));
            }
        };
        pair.pump();
        assertEquals(112, pair.client.failure.alert());
        assertNotNull(pair.server.failure);
    }

    @Test
    void anAlertMustBeAByte() {
        assertThrows(IllegalArgumentException.class, () -> pair.server.tls.refuse(1, 256));
        assertThrows(IllegalArgumentException.class, () -> pair.server.tls.refuse(1, -1));
        assertFalse(pair.server.tls.answer(0));
        assertFalse(pair.server.tls.answer(-1));
    }

    @Test
    void alpnIsChosenAtTheHello() {
        pair.client.tls.setALPN(Wire.protocols("x", "y", "?"));
        pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
        pair.server.onEvent = event -> {
            if (event instanceof ClientHello hello) {
                assertFalse(pair.server.tls.selectALPN("z"));
                assertFalse(pair.server.tls.selectALPN("\u2603"), "not a question mark");
                assertFalse(pair.server.tls.selectALPN(""));
                assertFalse(pair.server.tls.selectALPN("x".repeat(256)));
                assertTrue(pair.server.tls.selectALPN("y"));
                assertTrue(pair.server.tls.answer(hello.sequence()));
                assertFalse(pair.server.tls.selectALPN("x"), "after the answer");
            }
        };
        pair.handshake();
        assertEquals("y", pair.client.tls.alpnProtocol());
        assertEquals("y", pair.server.tls.alpnProtocol());
    }

    @Test
    void refusingAllAlpnProtocolsIsFatal() {
        pair.client.tls.setALPN(Wire.protocols("x"));
        pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
        pair.server.onEvent = event -> {
            if (event instanceof ClientHello hello) {
                assertTrue(pair.server.tls.selectALPN(null));
                pair.server.tls.answer(hello.sequence());
            }
        };
        pair.pump();
        assertEquals(120, pair.client.failure.alert());
        assertEquals("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", pair.client.failure.code());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void theIdentityIsSwitchedAtTheCertificateQuestion(int version) {
        limitTo(version);
        try (SecureContext other = Fixtures.serverBuilder("sni-a").build();
                SecureContext empty =
                        SecureContext.builder(SecureContext.Role.ANY).build()) {
            pair.client.tls.setServername("a.example.test");
            pair.server.tls.setEvents(TLSConnection.ASK_CERT);
            pair.server.onEvent = event -> {
                if (event instanceof CertificateRequest cert) {
                    assertFalse(pair.server.tls.useIdentity(empty), "it has no certificate");
                    assertTrue(pair.server.tls.useIdentity(other));
                    pair.server.tls.answer(cert.sequence());
                }
            };
            pair.handshake();
            assertArrayEquals(Fixtures.der("sni-a-cert.pem"), pair.client.tls.peerCertificate());
        }
    }

    @Test
    void theOtherContextMayBeClosedOnceItWasUsed() {
        SecureContext other = Fixtures.serverBuilder("sni-a").build();
        pair.server.tls.setEvents(TLSConnection.ASK_CERT);
        pair.server.onEvent = event -> {
            if (event instanceof CertificateRequest cert) {
                pair.server.tls.useIdentity(other);
                other.close();
                assertThrows(IllegalStateException.class, () -> pair.server.tls.useIdentity(other));
                pair.server.tls.answer(cert.sequence());
            }
        };
        pair.handshake();
        assertArrayEquals(Fixtures.der("sni-a-cert.pem"), pair.client.tls.peerCertificate());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void aStapleArrives(int version) {
        limitTo(version);
        byte[] staple = {1, 2, 3, 4};
        pair.client.tls.requestOCSP();
        pair.server.tls.setEvents(TLSConnection.ASK_CERT);
        pair.server.onEvent = event -> {
            if (event instanceof CertificateRequest cert) {
                assertTrue(cert.requestsOCSP());
                pair.server.tls.setOCSPResponse(staple);
                pair.server.tls.answer(cert.sequence());
            }
        };
        pair.handshake();
        List<OCSPResponse> told = pair.client.events(OCSPResponse.class);
        assertEquals(1, told.size());
        assertArrayEquals(staple, told.get(0).response());
        assertArrayEquals(staple, pair.client.tls.ocspResponse());
    }

    @Test
    void withoutAStapleTheClientIsToldNull() {
        pair.client.tls.requestOCSP();
        pair.handshake();
        assertEquals(1, pair.client.events(OCSPResponse.class).size());
        assertNull(pair.client.events(OCSPResponse.class).get(0).response());
    }

    @Test
    void aRenegotiationIsAskedAboutAndMayBeRefused() throws Exception {
        limitTo(Protocol.TLS1_2);
        pair.server.tls.setEvents(TLSConnection.ASK_RENEGOTIATION);
        pair.handshake();
        assertTrue(
                pair.server.events(RenegotiationRequest.class).isEmpty(),
                "not for the first handshake");
        pair.client.tls.renegotiate(false);
        pair.handshake();
        assertEquals(1, pair.server.events(RenegotiationRequest.class).size());
        assertEquals(1, pair.server.tls.renegotiations());
        pair.server.onEvent = event -> {
            if (event instanceof RenegotiationRequest request) {
                pair.server.tls.refuse(request.sequence(), 100);
            }
        };
        pair.client.tls.renegotiate(false);
        pair.pump();
        assertNotNull(pair.server.failure);
        assertEquals(100, pair.client.failure.alert());
    }

    @Test
    void answersOutsideAPauseAreRefusedWithoutHarm() {
        assertThrows(
                IllegalStateException.class, () -> pair.server.tls.offerSession(new byte[] {1}));
        assertThrows(
                IllegalStateException.class, () -> pair.server.tls.setOCSPResponse(new byte[] {1}));
        assertThrows(IllegalStateException.class, () -> pair.server.tls.useIdentity(clientContext));
        assertFalse(pair.server.tls.selectALPN("x"));
        pair.handshake();
        assertThrows(
                IllegalStateException.class, () -> pair.server.tls.setOCSPResponse(new byte[] {1}));
    }

    @Test
    void aConnectionMayBeClosedWhilePaused() {
        pair.server.tls.setEvents(BOTH);
        pair.server.onEvent = event -> {};
        pair.pump();
        assertEquals(Status.PAUSED, pair.server.status);
        int sequence = pair.server.events(ClientHello.class).get(0).sequence();
        pair.server.tls.close();
        assertThrows(IllegalStateException.class, () -> pair.server.tls.answer(sequence));
    }
}
