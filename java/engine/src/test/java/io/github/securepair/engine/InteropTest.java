package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/** Our connection against the JDK's SSLEngine, at either end. */
class InteropTest {
    static List<Arguments> combinations() {
        List<Arguments> all = new ArrayList<>();
        for (boolean ourServer : new boolean[] {false, true}) {
            for (String version : new String[] {"TLSv1.2", "TLSv1.3"}) {
                for (String key : new String[] {"server-rsa", "server-ecdsa"}) {
                    for (boolean clientCertificate : new boolean[] {false, true}) {
                        all.add(Arguments.of(ourServer, version, key, clientCertificate));
                    }
                }
            }
        }
        return all;
    }

    @ParameterizedTest(name = "our server {0}, {1}, {2}, client certificate {3}")
    @MethodSource("combinations")
    void dataPassesBothWaysAndBothEndsClose(
            boolean ourServer, String version, String key, boolean clientCertificate)
            throws Exception {
        SSLEngine theirs = engine(!ourServer, version, key, clientCertificate);
        try (SecureContext context = context(ourServer, version, key, clientCertificate);
                TLSConnection ours =
                        ourServer ? TLSConnection.server(context) : TLSConnection.client(context)) {
            if (ourServer && clientCertificate) {
                ours.setVerify(VerifyMode.REQUIRE);
            }
            Meeting meeting = new Meeting(new Pair.End(ours, 5000), theirs);
            meeting.run(() -> ours.isSecure()
                    && theirs.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING);
            assertEquals(version, ours.protocol());
            assertEquals(version, theirs.getSession().getProtocol());
            assertEquals(0, ours.verifyResult());
            assertEquals(ours.cipherStandardName(), theirs.getSession().getCipherSuite());
            if (clientCertificate && ourServer) {
                assertArrayEquals(Fixtures.der("client-cert.pem"), ours.peerCertificate());
            }
            byte[] data = new byte[70_000];
            new Random(5).nextBytes(data);
            meeting.sendTheirs(data);
            meeting.ours.write(data);
            meeting.run(() -> meeting.ours.received.size() == data.length
                    && meeting.received.size() == data.length);
            assertArrayEquals(data, meeting.ours.received.all());
            assertArrayEquals(data, meeting.received.toByteArray());
            meeting.ours.shutdown();
            meeting.run(theirs::isInboundDone);
            theirs.closeOutbound();
            meeting.run(() -> meeting.ours.status == Status.CLOSED);
        }
    }

    private static SecureContext context(
            boolean server, String version, String key, boolean clientCertificate) {
        int number = version.equals("TLSv1.3") ? Protocol.TLS1_3 : Protocol.TLS1_2;
        if (server) {
            SecureContext.Builder builder = Fixtures.serverBuilder(key).versions(number, number);
            if (clientCertificate) {
                builder.ca(Fixtures.bytes("ca1-cert.pem"), true);
            }
            return builder.build();
        }
        SecureContext.Builder builder = Fixtures.clientBuilder().versions(number, number);
        if (clientCertificate) {
            builder.certificate(Fixtures.bytes("client-cert.pem"))
                    .privateKey(Fixtures.bytes("client-key.pem"), null);
        }
        return builder.build();
    }

    private static SSLEngine engine(
            boolean server, String version, String key, boolean clientCertificate)
            throws Exception {
        char[] password = "passphrase".toCharArray();
        KeyStore identity = KeyStore.getInstance("PKCS12");
        String file = server ? key + ".pfx" : "client.pfx";
        identity.load(new ByteArrayInputStream(Fixtures.bytes(file)), password);
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, password);
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry(
                "ca1",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(Fixtures.der("ca1-cert.pem"))));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors);
        SSLContext context = SSLContext.getInstance("TLS");
        boolean needsIdentity = server || clientCertificate;
        context.init(needsIdentity ? keys.getKeyManagers() : null, trust.getTrustManagers(), null);
        SSLEngine engine = context.createSSLEngine("localhost", 443);
        engine.setUseClientMode(!server);
        engine.setEnabledProtocols(new String[] {version});
        if (server) {
            engine.setNeedClientAuth(clientCertificate);
        }
        return engine;
    }

    /** Carries bytes between the two. */
    private static final class Meeting {
        interface Goal {
            boolean reached();
        }

        final Pair.End ours;
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final SSLEngine theirs;
        private final Pair.Bytes toTheirs = new Pair.Bytes();
        private final ByteBuffer packet = ByteBuffer.allocate(40_000);
        private final ByteBuffer plain = ByteBuffer.allocate(40_000);
        private byte[] unsent = {};

        Meeting(Pair.End ours, SSLEngine theirs) {
            this.ours = ours;
            this.theirs = theirs;
            ours.sendTo(toTheirs);
        }

        void sendTheirs(byte[] data) {
            unsent = data;
        }

        void run(Goal goal) throws SSLException {
            for (int turn = 0; turn < 1000 && !goal.reached(); turn++) {
                ours.step();
                if (ours.failure != null) {
                    throw new AssertionError(ours.failure);
                }
                unwrap();
                wrap();
            }
            assertTrue(goal.reached(), ours.status + " " + theirs.getHandshakeStatus());
        }

        private void unwrap() throws SSLException {
            while (toTheirs.size() > 0) {
                packet.clear();
                toTheirs.peekInto(packet);
                packet.flip();
                plain.clear();
                SSLEngineResult result = theirs.unwrap(packet, plain);
                toTheirs.skip(packet.position());
                received.write(plain.array(), 0, plain.position());
                runTasks();
                if (packet.position() == 0
                                && theirs.getHandshakeStatus() != HandshakeStatus.NEED_UNWRAP
                        || result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                    return;
                }
            }
        }

        private void wrap() throws SSLException {
            while (true) {
                packet.clear();
                ByteBuffer from = ByteBuffer.wrap(unsent);
                SSLEngineResult result = theirs.wrap(from, packet);
                unsent = java.util.Arrays.copyOfRange(unsent, from.position(), unsent.length);
                ours.inbox.put(packet.flip());
                runTasks();
                if (result.bytesProduced() == 0) {
                    return;
                }
            }
        }

        private void runTasks() {
            Runnable task;
            while ((task = theirs.getDelegatedTask()) != null) {
                task.run();
            }
        }
    }
}
