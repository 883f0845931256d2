package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** What a peer chose to send never throws from a getter. */
class PeerBytesTest {
    private static final List<String> CERTIFICATES = List.of(
            "rich-cert.pem",
            "empty-subject-cert.pem",
            "server-ecdsa-cert.pem",
            "serial-negative-cert.pem",
            "ca1-cert.pem");

    /** Methods without parameters that do something before they tell something. */
    private static final Set<String> DOERS = Set.of("idle", "nextEvent");

    private final Random random = new Random(20260101);

    /** Some bytes changed, seldom the length; dates and names are hit as often as the rest. */
    private byte[] mutated(byte[] der) {
        byte[] bytes = der.clone();
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int at = 4 + random.nextInt(bytes.length - 4);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[at] = 0;
                default -> bytes[at] = bytes[4 + random.nextInt(bytes.length - 4)];
            }
        }
        return bytes;
    }

    private static byte[] pem(byte[] der) {
        return ("-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                        + "\n-----END CERTIFICATE-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Calls all public getters; only checked exceptions may come out. */
    private static void askAll(Object object) {
        for (Method method : object.getClass().getMethods()) {
            if (method.getParameterCount() > 0
                    || Modifier.isStatic(method.getModifiers())
                    || method.getReturnType() == void.class
                    || method.getDeclaringClass() == Object.class
                    || DOERS.contains(method.getName())) {
                continue;
            }
            try {
                method.invoke(object);
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof RuntimeException || e.getCause() instanceof Error) {
                    throw new AssertionError(method.getName(), e.getCause());
                }
            } catch (IllegalAccessException e) {
                throw new AssertionError(method.getName(), e);
            }
        }
    }

    @Test
    void aDescribedCertificateThrowsNothingWhateverItsBytesAre() {
        int readable = 0;
        int readableForTheJdk = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] der = mutated(Fixtures.der(CERTIFICATES.get(i % CERTIFICATES.size())));
            PeerCertificate certificate = PeerCertificate.ofPeer(der);
            askAll(certificate);
            PeerCertificate chain =
                    PeerCertificate.chain(List.of(der, Fixtures.der("ca1-cert.pem")));
            assertEquals(certificate.fingerprint256(), chain.fingerprint256());
            if (certificate.fingerprint256() != null) {
                readable++;
            }
            try {
                certificate.toX509Certificate();
                readableForTheJdk++;
            } catch (CertificateException e) {
                assertNull(JdkCertificates.readOrNull(der));
            }
        }
        assertTrue(readable > 5000, "only " + readable);
        assertTrue(readableForTheJdk < readable, readableForTheJdk + " of " + readable);
    }

    @Test
    void whatIsNoCertificateAtAllHasItsBytesAndNothingElse() {
        byte[] bytes = {1, 2, 3};
        PeerCertificate certificate = PeerCertificate.ofPeer(bytes);
        askAll(certificate);
        assertEquals(List.of("raw"), List.copyOf(certificate.toMap().keySet()));
        assertThrows(CertificateException.class, certificate::toX509Certificate);
        assertThrows(IllegalArgumentException.class, () -> PeerCertificate.of(bytes));
    }

    @ParameterizedTest
    @CsvSource({"771, true", "771, false", "772, true", "772, false"})
    void aPeerWithAStrangeCertificateCanBeAskedEverything(int version, boolean ofServer)
            throws Exception {
        byte[] key = Fixtures.bytes("server-ecdsa-key.pem");
        byte[] der = Fixtures.der("server-ecdsa-cert.pem");
        int secure = 0;
        for (int i = 0; i < 250; i++) {
            try (SecureContext.Builder strange = SecureContext.builder(
                            ofServer ? SecureContext.Role.SERVER : SecureContext.Role.CLIENT)
                    .versions(version, version)) {
                if (!given(strange, pem(mutated(der)), key)) {
                    continue;
                }
                try (SecureContext there = strange.build();
                        SecureContext here = ofServer ? Fixtures.client() : Fixtures.server();
                        Pair pair = ofServer ? new Pair(here, there) : new Pair(there, here)) {
                    if (!ofServer) {
                        pair.server.tls.setVerify(VerifyMode.PEER);
                    }
                    secure += asked(pair, ofServer ? pair.client : pair.server) ? 1 : 0;
                    askAll(there);
                }
            }
        }
        assertTrue(secure > 50, "only " + secure);
    }

    private static boolean given(SecureContext.Builder builder, byte[] certificate, byte[] key) {
        try {
            builder.certificate(certificate).privateKey(key, null);
            return true;
        } catch (SecureContextException e) {
            return false;
        }
    }

    /** Runs the handshake, asks whatever came of it. Returns whether the end got secure. */
    private static boolean asked(Pair pair, Pair.End end) {
        boolean moved = true;
        while (moved) {
            moved = pair.client.step();
            moved |= pair.server.step();
        }
        askAll(end.tls);
        if (end.tls.peerCertificate() != null) {
            askAll(PeerCertificate.ofPeer(end.tls.peerCertificate()));
        }
        if (end.tls.peerChainCompleted() != null) {
            askAll(PeerCertificate.chain(end.tls.peerChainCompleted()));
        }
        return end.tls.isSecure() && end.tls.peerCertificate() != null;
    }

    @ParameterizedTest
    @CsvSource({"771", "772"})
    void authoritiesWithStrangeNamesCanBeAskedFor(int version) {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        for (int i = 0; i < 40; i++) {
            byte[] der = mutated(Fixtures.der("ca1-cert.pem"));
            if (PeerCertificate.isReadable(der)) {
                list.writeBytes(pem(der));
            }
        }
        try (SecureContext.Builder builder =
                Fixtures.serverBuilder("server-ecdsa").versions(version, version)) {
            assertTrue(builder.ca(list.toByteArray(), true) > 10);
            try (SecureContext server = builder.build();
                    SecureContext client = Fixtures.client();
                    Pair pair = new Pair(client, server)) {
                pair.server.tls.setVerify(VerifyMode.PEER);
                asked(pair, pair.client);
                assertTrue(pair.client.tls.peerClientCAs().size() > 10);
                askAll(server);
            }
        }
    }

    @Test
    void anAnchorThatTheJdkCannotReadTakesNoOtherAway() throws Exception {
        byte[] strange = Fixtures.bytes("empty-subject-cert.pem");
        assertNull(JdkCertificates.readOrNull(Fixtures.der("empty-subject-cert.pem")));
        try (SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY)
                .certificate(strange)
                .privateKey(Fixtures.bytes("empty-subject-key.pem"), null)) {
            builder.ca(strange, true);
            builder.ca(Fixtures.bytes("ca1-cert.pem"), true);
            try (SecureContext context = builder.build()) {
                assertEquals(2, context.trustedDer().size());
                assertEquals(1, context.trusted().size());
                assertEquals(1, context.trustStore().size());
                assertNull(context.certificate());
                assertEquals(List.of(), context.chain());
                assertEquals(1, context.chainDer().size());
            }
        }
    }
}
