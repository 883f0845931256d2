package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Default trust: rootCertificates, getCACertificates and setDefaultCACertificates of Node 22.
 * F26-F29, F60.
 */
class CACertificatesTest {
    @AfterEach
    void restore() {
        TLS.setDefaultCACertificates(TLS.rootCertificates());
    }

    private static String text(String name) {
        return new String(ModuleTraces.fixture(name), StandardCharsets.UTF_8);
    }

    private static String pem(String name) {
        return text(name).replaceAll("(?s).*(-----BEGIN CERT)", "$1").strip();
    }

    private static Object verify() {
        SecureContextOptions server = new SecureContextOptions()
                .key(text("server-rsa-key.pem"))
                .cert(text("server-rsa-cert.pem"));
        return MemoryHandshake.run(server, new SecureContextOptions()).get("verify");
    }

    @Test
    void rootCertificatesAreImmutablePemAndAlwaysTheSame() {
        List<String> roots = TLS.rootCertificates();
        assertTrue(roots.size() > 50);
        assertTrue(
                roots.stream().allMatch(each -> each.startsWith("-----BEGIN CERTIFICATE-----\n")));
        assertTrue(roots.stream().allMatch(each -> each.endsWith("\n-----END CERTIFICATE-----")));
        assertThrows(UnsupportedOperationException.class, () -> roots.add(""));
        assertSame(roots, TLS.rootCertificates());
        assertEquals(roots, TLS.getCACertificates("bundled"));
    }

    @Test
    void withoutATypeTheDefaultIsMeant() {
        assertEquals(TLS.getCACertificates("default"), TLS.getCACertificates());
        assertTrue(TLS.getCACertificates().containsAll(TLS.rootCertificates()));
    }

    @Test
    void theSystemHasCertificatesOfItsOwn() {
        List<String> system = TLS.getCACertificates("system");
        assertTrue(
                system.stream().allMatch(each -> each.startsWith("-----BEGIN CERTIFICATE-----\n")));
        assertThrows(UnsupportedOperationException.class, () -> system.add(""));
    }

    @Test
    void anUnknownTypeIsRefusedAsInNode() {
        ArgumentException error =
                assertThrows(ArgumentException.class, () -> TLS.getCACertificates("x"));
        assertEquals("ERR_INVALID_ARG_VALUE", error.code());
        assertEquals("The argument 'type' is invalid. Received 'x'", error.getMessage());
        ArgumentException type =
                assertThrows(ArgumentException.class, () -> TLS.getCACertificates(null));
        assertEquals(
                "The \"type\" argument must be of type string. Received null", type.getMessage());
    }

    @Test
    void whatIsSetIsTrustedWhenCaIsNotGiven() {
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", verify());
        TLS.setDefaultCACertificates(List.of(text("ca1-cert.pem")));
        assertEquals(null, verify());
        assertEquals(List.of(pem("ca1-cert.pem")), TLS.getCACertificates());
        assertFalse(TLS.rootCertificates().contains(pem("ca1-cert.pem")));
        TLS.setDefaultCACertificates(List.of());
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", verify());
        assertEquals(List.of(), TLS.getCACertificates());
    }

    @Test
    void everyTypeOfCertificateCanBeSetAndTwiceCountsOnce() throws Exception {
        byte[] bytes = ModuleTraces.fixture("ca1-cert.pem");
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(bytes));
        Path file = Path.of(System.getProperty("securepair.fixtures"), "ca2-cert.pem");
        TLS.setDefaultCACertificates(List.of(bytes, certificate, file, text("ca-bundle.pem")));
        assertEquals(List.of(pem("ca1-cert.pem"), pem("ca2-cert.pem")), TLS.getCACertificates());
    }

    @Test
    void contextsMadeBeforeAndThoseWithTheirOwnCaKeepTheirTrust() {
        try (SecureContext before = TLS.createSecureContext()) {
            TLS.setDefaultCACertificates(List.of(text("ca1-cert.pem")));
            try (SecureContext between = TLS.createSecureContext();
                    SecureContext own = TLS.createSecureContext(
                            new SecureContextOptions().ca(text("ca2-cert.pem")))) {
                TLS.setDefaultCACertificates(List.of());
                assertTrue(before.trusted().size() > 50);
                assertEquals(List.of(certificate("ca1-cert.pem")), between.trusted());
                assertEquals(List.of(certificate("ca2-cert.pem")), own.trusted());
            }
        }
        assertEquals(TLS.rootCertificates(), TLS.getCACertificates("bundled"));
    }

    private static X509Certificate certificate(String name) {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(ModuleTraces.fixture(name)));
        } catch (java.security.cert.CertificateException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatHoldsNoCertificateIsPassedOverUnlessNothingElseIsThere() {
        TLS.setDefaultCACertificates(List.of(text("ca1-cert.pem"), "garbage", ""));
        assertEquals(List.of(pem("ca1-cert.pem")), TLS.getCACertificates());
        SecureContextException none = assertThrows(
                SecureContextException.class,
                () -> TLS.setDefaultCACertificates(List.of("garbage")));
        assertEquals("ERR_CRYPTO_OPERATION_FAILED", none.code());
        assertEquals("No valid certificates found in the provided array", none.getMessage());
        assertEquals(List.of(pem("ca1-cert.pem")), TLS.getCACertificates());
    }

    @Test
    void nothingChangesWhenOneIsBroken() {
        List<String> before = TLS.getCACertificates();
        String broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        assertThrows(
                SecureContextException.class,
                () -> TLS.setDefaultCACertificates(List.of(text("ca1-cert.pem"), broken)));
        ArgumentException type = assertThrows(
                ArgumentException.class, () -> TLS.setDefaultCACertificates(List.of(1)));
        assertEquals("ERR_INVALID_ARG_TYPE", type.code());
        assertEquals(
                "The \"certs[0]\" argument must be of type string or an instance of"
                        + " ArrayBufferView. Received type number (1)",
                type.getMessage());
        assertEquals(
                "ERR_INVALID_ARG_TYPE",
                assertThrows(ArgumentException.class, () -> TLS.setDefaultCACertificates(null))
                        .code());
        assertEquals(before, TLS.getCACertificates());
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", verify());
    }
}
