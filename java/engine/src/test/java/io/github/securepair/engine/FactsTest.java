package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.ConnectionEvent.ClientHello;
import io.github.securepair.engine.ConnectionEvent.KeyLog;
import io.github.securepair.engine.ConnectionEvent.Message;
import io.github.securepair.engine.ConnectionEvent.NewSession;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Each thing that can be asked of a connection is the thing of its name: compared with what went
 * over the wire, or with what no neighbour of it could be. Two numbers swapped on the way to native
 * code fail here.
 */
class FactsTest {
    private static final int SERVER_HELLO = 2;
    private static final int NEW_SESSION_TICKET = 4;
    private static final int FINISHED = 20;

    private static SecureContext server(int version) {
        return Fixtures.serverBuilder("server-ecdsa")
                .versions(version, version)
                .sessionIdContext(new byte[] {1})
                .build();
    }

    /** The body of the one handshake message of that type that this end has sent or received. */
    private static byte[] body(Pair.End end, boolean sent, int type) {
        List<byte[]> found = end.events(Message.class).stream()
                .filter(message -> message.sent() == sent && message.contentType() == 22)
                .map(Message::bytes)
                .filter(bytes -> bytes[0] == type)
                .toList();
        assertEquals(1, found.size());
        return Arrays.copyOfRange(found.get(0), 4, found.get(0).length);
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void theRandomsAreThoseOfTheHellos(int version) {
        try (SecureContext serverContext = server(version);
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setEvents(TLSConnection.TELL_MESSAGE);
            pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
            pair.handshake();
            byte[] ofClient = pair.server.events(ClientHello.class).get(0).random();
            byte[] ofServer = Arrays.copyOfRange(body(pair.client, false, SERVER_HELLO), 2, 2 + 32);
            for (Pair.End end : List.of(pair.client, pair.server)) {
                assertArrayEquals(ofClient, end.tls.clientRandom());
                assertArrayEquals(ofServer, end.tls.serverRandom());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void finishedIsWhatThisEndHasSentAndPeerFinishedWhatItHasReceived(int version) {
        try (SecureContext serverContext = server(version);
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setEvents(TLSConnection.TELL_MESSAGE);
            pair.server.tls.setEvents(TLSConnection.TELL_MESSAGE);
            pair.handshake();
            for (Pair.End end : List.of(pair.client, pair.server)) {
                assertArrayEquals(body(end, true, FINISHED), end.tls.finished());
                assertArrayEquals(body(end, false, FINISHED), end.tls.peerFinished());
            }
        }
    }

    @Test
    void theMasterKeyIsThatOfTheKeyLog() {
        try (SecureContext serverContext = server(Protocol.TLS1_2);
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setEvents(TLSConnection.TELL_KEYLOG);
            pair.handshake();
            HexFormat hex = HexFormat.of();
            assertEquals(
                    "CLIENT_RANDOM " + hex.formatHex(pair.client.tls.clientRandom()) + ' '
                            + hex.formatHex(pair.client.tls.masterKey()),
                    pair.client.events(KeyLog.class).get(0).line());
        }
    }

    @Test
    void sessionTicketAndSessionIdAreThreeThings() {
        try (SecureContext serverContext = server(Protocol.TLS1_2);
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setEvents(TLSConnection.TELL_SESSION | TLSConnection.TELL_MESSAGE);
            pair.handshake();
            NewSession session = pair.client.events(NewSession.class).get(0);
            assertArrayEquals(session.der(), pair.client.tls.session());
            assertArrayEquals(session.id(), pair.client.tls.sessionId());
            byte[] ticket = body(pair.client, false, NEW_SESSION_TICKET);
            assertArrayEquals(
                    Arrays.copyOfRange(ticket, 4 + 2, ticket.length), pair.client.tls.ticket());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void certificatesChainsAndNamesOfCAsAreThoseOfTheirEnd(int version) throws Exception {
        SecureContext.Builder serverBuilder = serverWithChain().versions(version, version);
        serverBuilder.ca(Fixtures.bytes("ca2-cert.pem"), true);
        try (SecureContext serverContext = serverBuilder.build();
                SecureContext clientContext = Fixtures.clientBuilder()
                        .certificate(Fixtures.bytes("client-cert.pem"))
                        .privateKey(Fixtures.bytes("client-key.pem"), null)
                        .build();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.server.tls.setVerify(VerifyMode.PEER);
            pair.handshake();
            TLSConnection client = pair.client.tls;
            TLSConnection server = pair.server.tls;
            byte[] root = Fixtures.der("ca1-cert.pem");
            byte[] intermediate = Fixtures.der("intermediate-cert.pem");
            byte[] ofClient = Fixtures.der("client-cert.pem");
            byte[] ofServer = Fixtures.der("server-intermediate-cert.pem");
            assertArrayEquals(ofServer, server.ownCertificate());
            assertArrayEquals(ofServer, client.peerCertificate());
            assertArrayEquals(ofClient, client.ownCertificate());
            assertArrayEquals(ofClient, server.peerCertificate());
            assertChain(client.ownChain(), ofClient);
            assertChain(server.ownChain(), ofServer, intermediate);
            assertChain(client.peerChain(), ofServer, intermediate);
            assertChain(client.peerChainCompleted(), ofServer, intermediate, root);
            assertChain(client.peerClientCAs(), subject(Fixtures.der("ca2-cert.pem")));
        }
    }

    private static SecureContext.Builder serverWithChain() {
        return SecureContext.builder(SecureContext.Role.SERVER)
                .certificate(Fixtures.bytes("server-intermediate-chain.pem"))
                .privateKey(Fixtures.bytes("server-intermediate-key.pem"), null);
    }

    private static void assertChain(List<byte[]> chain, byte[]... expected) {
        assertEquals(expected.length, chain.size());
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], chain.get(i), "certificate " + i);
        }
    }

    private static byte[] subject(byte[] der) throws CertificateException {
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der));
        return certificate.getSubjectX500Principal().getEncoded();
    }

    @Test
    void theNamesOfSuiteProtocolAndKeyExchangeAreFourTimesDifferent() {
        try (SecureContext serverContext = server(Protocol.TLS1_2);
                SecureContext clientContext = Fixtures.clientBuilder()
                        .cipherList("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
                        .groups("X25519:P-256")
                        .build();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.client.tls.setServername("localhost");
            pair.handshake();
            TLSConnection client = pair.client.tls;
            assertEquals("ECDHE-ECDSA-AES128-SHA", client.cipherName());
            assertEquals("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", client.cipherStandardName());
            assertEquals("TLSv1.0", client.cipherVersion());
            assertEquals("TLSv1.2", client.protocol());
            assertEquals("x25519", client.group().toLowerCase(Locale.ROOT));
            assertEquals("ECDH X25519 253", client.ephemeralKey());
            assertTrue(pair.server.tls.sharedSigalgs().contains("+SHA"));
        }
    }

    /** What the numbers of a connection say, in one line. */
    private static String numbers(TLSConnection tls) {
        return Protocol.name(tls.version()) + " of " + Protocol.name(tls.maxVersion())
                + (tls.isSessionReused() ? " reused" : "")
                + (tls.hasPeerCertificate() ? " certificate " + tls.verifyResult() : "")
                + (tls.isSecureRenegotiation() ? " secure-renegotiation" : "")
                + (tls.isPSKUsed() ? " psk" : "")
                + (tls.isSessionResumable() ? " resumable" : "")
                + " renegotiations " + tls.renegotiations();
    }

    @Test
    void eachNumberOfAConnectionIsTheOneOfItsName() throws Exception {
        try (SecureContext old = server(Protocol.TLS1_2);
                SecureContext current =
                        Fixtures.serverBuilder("self-signed").numTickets(0).build();
                SecureContext clientContext = Fixtures.client()) {
            byte[] session;
            try (Pair full = new Pair(clientContext, old).handshake()) {
                full.client.tls.renegotiate(false);
                full.handshake();
                full.client.tls.renegotiate(false);
                full.handshake();
                assertEquals(
                        "TLSv1.2 of TLSv1.3 certificate 0 secure-renegotiation resumable"
                                + " renegotiations 2",
                        numbers(full.client.tls));
                session = full.client.tls.session();
            }
            try (Pair resumed = new Pair(clientContext, old)) {
                resumed.client.tls.setSession(session);
                resumed.handshake();
                assertEquals(
                        "TLSv1.2 of TLSv1.2 reused secure-renegotiation resumable"
                                + " renegotiations 0",
                        numbers(resumed.server.tls));
            }
            try (Pair newer = new Pair(clientContext, current).handshake()) {
                assertEquals(
                        "TLSv1.3 of TLSv1.3 certificate 18 renegotiations 0",
                        numbers(newer.client.tls));
            }
        }
    }

    @Test
    void eachBitOfAClientHelloIsTheOneOfItsName() throws Exception {
        try (SecureContext serverContext = Fixtures.serverBuilder("server-ecdsa")
                        .versions(0, Protocol.TLS1_2)
                        .npn()
                        .build();
                SecureContext plain =
                        Fixtures.clientBuilder().versions(0, Protocol.TLS1_2).build();
                SecureContext current = Fixtures.client();
                SecureContext npn = Fixtures.clientBuilder()
                        .versions(0, Protocol.TLS1_2)
                        .npn()
                        .build()) {
            assertEquals("", bits(plain, serverContext, pair -> {}));
            assertEquals(" tls13", bits(current, serverContext, pair -> {}));
            assertEquals(
                    " npn",
                    bits(npn, serverContext, pair -> pair.client.tls.setNPN(Wire.protocols("x"))));
            assertEquals(
                    " ocsp", bits(plain, serverContext, pair -> pair.client.tls.requestOCSP()));
            byte[] session;
            try (Pair pair = new Pair(plain, serverContext).handshake()) {
                session = pair.client.tls.session();
            }
            assertEquals(
                    " ticket",
                    bits(plain, serverContext, pair -> pair.client.tls.setSession(session)));
            try (Pair pair = new Pair(plain, serverContext).handshake()) {
                pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
                pair.client.tls.renegotiate(false);
                pair.handshake();
                assertEquals(" renegotiation", bits(pair));
            }
        }
    }

    private interface Preparation {
        void run(Pair pair);
    }

    private static String bits(SecureContext client, SecureContext server, Preparation prepare) {
        try (Pair pair = new Pair(client, server)) {
            pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
            prepare.run(pair);
            return bits(pair.handshake());
        }
    }

    private static String bits(Pair pair) {
        ClientHello hello = pair.server.events(ClientHello.class).get(0);
        return (hello.hasTicket() ? " ticket" : "")
                + (hello.requestsOCSP() ? " ocsp" : "")
                + (hello.tls13() ? " tls13" : "")
                + (hello.npn() ? " npn" : "")
                + (hello.renegotiation() ? " renegotiation" : "");
    }

    @Test
    void everyFieldOfAnErrorIsTheOneOfItsName() {
        try (SecureContext context = Fixtures.server();
                Pair pair = new Pair(
                        TLSConnection.server(context), TLSConnection.server(context), 1000)) {
            pair.client.inbox.put("this is no TLS at all".getBytes());
            pair.client.step();
            pair.client.step();
            OpenSSLError error = pair.client.failure.entries().get(0);
            assertEquals(20, error.libraryNumber());
            assertEquals(267, error.reasonNumber());
            assertEquals(20L << 23 | 267, error.packed());
            assertEquals("SSL routines", error.library());
            assertEquals("wrong version number", error.reason());
            assertEquals("", error.data());
            assertTrue(error.file().endsWith(".c"), error.file());
            assertTrue(error.function().matches("\\w+"), error.function());
            assertTrue(error.line() > 0 && error.line() < 10_000, error.line() + " is the line");
        }
    }

    @Test
    void eachCountOfLivingObjectsIsTheOneOfItsName() throws Exception {
        OpenSSL.LiveObjects before = OpenSSL.live();
        try (SecureContext context = Fixtures.client()) {
            assertEquals(before.contexts() + 1, OpenSSL.live().contexts());
            assertEquals(before.connections(), OpenSSL.live().connections());
            try (TLSConnection client = TLSConnection.client(context)) {
                OpenSSL.LiveObjects made = OpenSSL.live();
                assertEquals(before.connections() + 1, made.connections());
                assertEquals(before.ssl() + 1, made.ssl());
                assertEquals(before.buffered(), made.buffered());
                ByteBuffer out = ByteBuffer.allocateDirect(5000);
                assertEquals(Status.EVENT, client.read(null, null, out));
                OpenSSL.LiveObjects started = OpenSSL.live();
                assertEquals(before.events() + 1, started.events());
                assertEquals(before.chunks(), started.chunks());
                assertEquals(before.buffered() + 1, started.buffered());
                assertEquals(before.sessionOffers(), started.sessionOffers());
            }
            try (TLSConnection client = TLSConnection.client(context)) {
                client.read(null, null, null);
                client.nextEvent();
                OpenSSL.LiveObjects sending = OpenSSL.live();
                assertEquals(before.events(), sending.events());
                assertEquals(before.chunks() + 1, sending.chunks(), "the ClientHello waits");
            }
        }
        assertEquals(before, OpenSSL.live());
    }

    @Test
    void aSessionThatWasOfferedIsCountedUntilItIsUsed() {
        try (SecureContext serverContext = Fixtures.serverBuilder("server-ecdsa")
                        .versions(Protocol.TLS1_2, Protocol.TLS1_2)
                        .options(SSLOptions.SSL_OP_NO_TICKET, 0)
                        .sessionIdContext(new byte[] {1})
                        .build();
                SecureContext clientContext = Fixtures.client()) {
            byte[] session;
            byte[] ofServer;
            try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
                session = pair.client.tls.session();
                ofServer = pair.server.tls.session();
            }
            try (Pair pair = new Pair(clientContext, serverContext)) {
                OpenSSL.LiveObjects before = OpenSSL.live();
                pair.client.tls.setSession(session);
                pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
                pair.server.onEvent = event -> {
                    if (event instanceof ClientHello hello) {
                        assertTrue(pair.server.tls.offerSession(ofServer));
                        assertEquals(before.sessionOffers() + 1, OpenSSL.live().sessionOffers());
                        pair.server.tls.answer(hello.sequence());
                    }
                };
                pair.handshake();
                assertTrue(pair.server.tls.isSessionReused());
                assertEquals(before.sessionOffers(), OpenSSL.live().sessionOffers());
            }
        }
    }

    @Test
    void eachTextOfTheLibraryIsTheOneOfItsName() {
        assertTrue(OpenSSL.versionText().startsWith("OpenSSL 3."), OpenSSL.versionText());
        assertTrue(OpenSSL.compilerFlags().startsWith("compiler: "), OpenSSL.compilerFlags());
        assertTrue(OpenSSL.builtOn().startsWith("built on: "), OpenSSL.builtOn());
        assertTrue(OpenSSL.platform().startsWith("platform: "), OpenSSL.platform());
        assertTrue(OpenSSL.directory().startsWith("OPENSSLDIR: "), OpenSSL.directory());
    }

    @Test
    void certificateChainIssuerAndTrustOfAContextAreFourThings() {
        SecureContext.Builder builder = serverWithChain();
        builder.ca(Fixtures.bytes("ca2-cert.pem"), false);
        try (SecureContext context = builder.build()) {
            byte[] intermediate = Fixtures.der("intermediate-cert.pem");
            byte[] leaf = Fixtures.der("server-intermediate-cert.pem");
            assertArrayEquals(leaf, context.certificateDer());
            assertArrayEquals(intermediate, context.issuerDer());
            assertChain(context.chainDer(), leaf, intermediate);
            assertChain(context.trustedDer(), Fixtures.der("ca2-cert.pem"));
        }
    }
}
