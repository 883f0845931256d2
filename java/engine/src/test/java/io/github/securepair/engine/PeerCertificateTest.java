package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

class PeerCertificateTest {
    private static final Path DATA =
            Path.of(System.getProperty("securepair.root", "."), "native", "test", "data", "x509");

    static List<String> recorded() throws IOException {
        try (Stream<Path> files = Files.list(DATA)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".txt"))
                    .map(name -> name.substring(0, name.length() - 4))
                    .sorted()
                    .toList();
        }
    }

    private static byte[] der(String name) throws IOException {
        String pem = Files.readString(DATA.resolve(name + ".pem"), StandardCharsets.ISO_8859_1);
        Matcher block = Pattern.compile("-----BEGIN CERTIFICATE-----(.*?)-----END", Pattern.DOTALL)
                .matcher(pem);
        assertTrue(block.find());
        return Base64.getMimeDecoder().decode(block.group(1));
    }

    /**
     * What Node 20 says about each certificate is in native/test/data/x509, recorded by a script
     * there.
     */
    @ParameterizedTest(name = "{0}")
    @MethodSource("recorded")
    void theMapIsNodesObject(String name) throws IOException {
        List<String> expected =
                Files.readAllLines(DATA.resolve(name + ".txt"), StandardCharsets.UTF_8);
        PeerCertificate certificate = PeerCertificate.chain(List.of(der(name)));
        List<String> actual = new ArrayList<>();
        for (String field : new String[] {"subject", "issuer"}) {
            if (!certificate.toMap().containsKey(field)) {
                actual.add("invalid\t" + field);
            }
        }
        certificate.toMap().forEach((key, value) -> add(actual, key, value));
        actual.add("self_issued\t" + (certificate.issuerCertificate() == certificate ? 1 : 0));
        assertEquals(String.join("\n", expected), String.join("\n", actual));
    }

    private static void add(List<String> lines, String key, Object value) {
        if (key.equals("raw") || key.equals("issuerCertificate")) {
            return;
        }
        if (value == null) {
            lines.add("invalid\t" + key);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((inner, text) -> add(lines, key + "." + inner, text));
        } else if (value instanceof List<?> list) {
            list.forEach(one -> add(lines, key, one));
        } else if (value instanceof byte[] bytes) {
            lines.add(key + "\t" + HexFormat.of().formatHex(bytes));
        } else if (value instanceof Boolean bit) {
            lines.add(key + "\t" + (bit ? 1 : 0));
        } else {
            lines.add(escape(key) + "\t" + escape(String.valueOf(value)));
        }
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("\n", "\\n")
                .replace("\r", "\\r")
                .replace("\t", "\\t")
                .replace("\0", "\\0");
    }

    @Test
    void theFieldsHaveMethods() throws Exception {
        PeerCertificate certificate = PeerCertificate.of(Fixtures.der("server-rsa-cert.pem"));
        assertFalse(certificate.isEmpty());
        assertEquals("localhost", certificate.subject().get("CN"));
        assertSame(certificate.issuer(), certificate.issuerInfo());
        assertEquals(
                "DNS:localhost, DNS:*.example.test, IP Address:127.0.0.1, IP"
                        + " Address:0:0:0:0:0:0:0:1",
                certificate.subjectaltname());
        assertEquals(2048, certificate.bits());
        assertEquals("0x10001", certificate.exponent());
        assertEquals(512, certificate.modulus().length());
        assertFalse(certificate.ca());
        assertNull(certificate.asn1Curve());
        assertNull(certificate.infoAccess());
        assertEquals(certificate.valid_from(), certificate.validFrom());
        assertEquals(certificate.valid_to(), certificate.validTo());
        assertTrue(certificate.valid_from().endsWith(" GMT"));
        assertEquals(
                certificate.toX509Certificate().getNotBefore().toInstant(),
                certificate.validFromDate());
        assertEquals(
                certificate.toX509Certificate().getNotAfter().toInstant(),
                certificate.validToDate());
        assertNull(PeerCertificate.EMPTY.validToDate());
        assertEquals(59, certificate.fingerprint().length());
        assertEquals(95, certificate.fingerprint256().length());
        assertEquals(191, certificate.fingerprint512().length());
        assertNull(certificate.issuerCertificate());
        assertFalse(certificate.toMap().containsKey("issuerCertificate"));
        assertArrayEquals(Fixtures.der("server-rsa-cert.pem"), certificate.raw());
        assertNotSame(certificate.raw(), certificate.raw());
        assertEquals(
                certificate.serialNumber(),
                certificate.toX509Certificate().getSerialNumber().toString(16).toUpperCase());
        assertThrows(
                UnsupportedOperationException.class, () -> certificate.subject().clear());
        PeerCertificate elliptic = PeerCertificate.of(Fixtures.der("server-ecdsa-cert.pem"));
        assertEquals("prime256v1", elliptic.asn1Curve());
        assertEquals("P-256", elliptic.nistCurve());
        assertEquals(65, elliptic.pubkey().length);
        assertNull(elliptic.modulus());
        PeerCertificate rich = PeerCertificate.of(Fixtures.der("rich-cert.pem"));
        assertFalse(rich.infoAccess().isEmpty());
        assertEquals("FF01", rich.serialNumber());
    }

    @Test
    void aChainIsLinkedAndItsRootIsItsOwnIssuer() {
        PeerCertificate leaf = PeerCertificate.chain(List.of(
                Fixtures.der("server-intermediate-cert.pem"),
                Fixtures.der("intermediate-cert.pem"),
                Fixtures.der("ca1-cert.pem")));
        PeerCertificate intermediate = leaf.issuerCertificate();
        PeerCertificate root = intermediate.issuerCertificate();
        assertTrue(intermediate.ca());
        assertSame(root, root.issuerCertificate());
        Map<?, ?> map = leaf.toMap();
        Map<?, ?> top =
                (Map<?, ?>) ((Map<?, ?>) map.get("issuerCertificate")).get("issuerCertificate");
        assertSame(top, top.get("issuerCertificate"));
        PeerCertificate alone = PeerCertificate.chain(List.of(Fixtures.der("server-rsa-cert.pem")));
        assertNull(alone.issuerCertificate());
    }

    @Test
    void noCertificateIsTheEmptyObject() {
        assertTrue(PeerCertificate.EMPTY.isEmpty());
        assertSame(PeerCertificate.EMPTY, PeerCertificate.chain(List.of()));
        assertTrue(PeerCertificate.EMPTY.toMap().isEmpty());
        assertNull(PeerCertificate.EMPTY.subject());
        assertNull(PeerCertificate.EMPTY.raw());
        assertNull(PeerCertificate.EMPTY.pubkey());
        assertFalse(PeerCertificate.EMPTY.ca());
        assertEquals("{}", PeerCertificate.EMPTY.toString());
    }

    @Test
    void whatIsNoCertificateIsRefused() {
        byte[] good = Fixtures.der("server-rsa-cert.pem");
        assertThrows(IllegalArgumentException.class, () -> PeerCertificate.of(new byte[0]));
        assertThrows(
                IllegalArgumentException.class, () -> PeerCertificate.of(new byte[] {0x30, 0}));
        assertThrows(
                IllegalArgumentException.class,
                () -> PeerCertificate.of(java.util.Arrays.copyOf(good, good.length - 1)));
        assertThrows(
                IllegalArgumentException.class,
                () -> PeerCertificate.of(java.util.Arrays.copyOf(good, good.length + 1)));
    }
}
