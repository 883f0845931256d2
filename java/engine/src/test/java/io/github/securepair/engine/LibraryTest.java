package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Child;

import org.junit.jupiter.api.Test;

import java.io.Reader;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The OpenSSL in use, the default roots, contexts as a whole. */
class LibraryTest {
    @Test
    void theVersionIsTold() {
        assertTrue(OpenSSL.version().matches("3\\.\\d+\\.\\d+"), OpenSSL.version());
        assertTrue(
                OpenSSL.versionText().startsWith("OpenSSL " + OpenSSL.version()),
                OpenSSL.versionText());
        assertTrue(OpenSSL.headerVersion().startsWith("3."));
        assertFalse(OpenSSL.compilerFlags().isEmpty());
        assertFalse(OpenSSL.builtOn().isEmpty());
        assertFalse(OpenSSL.platform().isEmpty());
        assertFalse(OpenSSL.directory().isEmpty());
    }

    @Test
    void oneLibsslAndOneLibcryptoAreInTheProcess() throws Exception {
        Path path = Path.of(OpenSSL.libraryPath());
        assertTrue(Files.exists(path));
        try (Stream<String> lines =
                Files.lines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
            List<String> libraries = lines.filter(line -> line.contains("/lib"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .filter(file -> file.contains("/libssl") || file.contains("/libcrypto"))
                    .distinct()
                    .toList();
            assertEquals(2, libraries.size(), libraries.toString());
            assertTrue(libraries.contains(path.toString()));
        }
    }

    @Test
    void whereTheLibraryComesFromIsTold() throws Exception {
        OpenSSL.Origin origin = OpenSSL.origin();
        assertEquals(OpenSSL.version(), origin.version());
        assertEquals(origin.libcrypto().getParent(), origin.libssl().getParent());
        assertEquals(OpenSSL.libraryPath(), origin.libssl().toString());
        Properties built = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(System.getProperty("securepair.root"))
                .resolve("java/presets/target/openssl.properties"))) {
            built.load(file);
        }
        assertEquals("bundled".equals(built.getProperty("kind")), origin.bundled());
        assertEquals(origin.bundled(), !origin.source().isEmpty());
        assertEquals(origin.bundled(), !origin.options().isEmpty());
    }

    @Test
    void whatCannotBeLoadedIsToldWithItsReasonEachTime() throws Exception {
        String output = Child.run(LibraryTest.class, "-Dsecurepair.openssl=neither");
        assertEquals(
                List.of(
                        "OpenSSL cannot be used: -Dsecurepair.openssl=neither is not understood:"
                                + " say bundled or system",
                        "OpenSSL cannot be used: -Dsecurepair.openssl=neither is not understood:"
                                + " say bundled or system"),
                output.lines().toList());
    }

    /** The child process. */
    public static void main(String[] arguments) {
        for (int i = 0; i < 2; i++) {
            try {
                OpenSSL.version();
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void ciphersAreListedInTheOrderOfTheLibrary() {
        List<String> ciphers = OpenSSL.ciphers();
        assertEquals("TLS_AES_256_GCM_SHA384", ciphers.get(0));
        assertTrue(ciphers.contains("ECDHE-RSA-AES128-GCM-SHA256"));
    }

    @Test
    void featuresAreAsked() {
        assertTrue(OpenSSL.supports(OpenSSL.Feature.TLS1_2));
        assertTrue(OpenSSL.supports(OpenSSL.Feature.TLS1_3));
        for (OpenSSL.Feature feature : OpenSSL.Feature.values()) {
            OpenSSL.supports(feature);
        }
    }

    @Test
    void aVersionThatTheLibraryLacksFailsByName() {
        if (OpenSSL.supports(OpenSSL.Feature.SSL3)) {
            try (SecureContext context = Fixtures.clientBuilder()
                    .versions(Protocol.SSL3, Protocol.SSL3)
                    .build()) {
                assertFalse(context.isClosed());
            }
            return;
        }
        try (SecureContext.Builder builder = Fixtures.clientBuilder()) {
            SecureContextException e = assertThrows(
                    SecureContextException.class,
                    () -> builder.versions(Protocol.SSL3, Protocol.SSL3));
            assertEquals("ERR_SSL_UNSUPPORTED_PROTOCOL", e.code());
            assertTrue(e.getMessage().contains("SSLv3"), e.getMessage());
        }
    }

    /**
     * Against the header of the OpenSSL that was built with, so that no number is trusted to have
     * been copied well.
     */
    @Test
    void optionBitsAreThoseOfTheHeader() throws Exception {
        Properties build = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(
                System.getProperty("securepair.root"), "java/presets/target/openssl.properties"))) {
            build.load(file);
        }
        Matcher bits = Pattern.compile("#\\s*define\\s+(SSL_OP_\\w+)\\s+SSL_OP_BIT\\((\\d+)\\)")
                .matcher(Files.readString(
                        Path.of(build.getProperty("include"), "openssl", "ssl.h")));
        Map<String, Long> header = new HashMap<>();
        while (bits.find()) {
            header.put(bits.group(1), 1L << Integer.parseInt(bits.group(2)));
        }
        int compared = 0;
        for (Field field : SSLOptions.class.getFields()) {
            if (header.containsKey(field.getName())) {
                assertEquals(header.get(field.getName()), field.getLong(null), field.getName());
                compared++;
            }
        }
        assertTrue(compared >= 28, "only " + compared + " are in this header");
        assertEquals(0x80000850L, SSLOptions.SSL_OP_ALL);
    }

    @Test
    void theDefaultRootsAreThoseOfTheJdkAndCanBeReplaced() throws Exception {
        List<byte[]> before = RootCertificates.der();
        List<String> texts = RootCertificates.pem();
        assertEquals(before.size(), texts.size());
        assertTrue(texts.get(0).startsWith("-----BEGIN CERTIFICATE-----\n"));
        assertTrue(texts.get(0).endsWith("\n-----END CERTIFICATE-----"));
        assertArrayEquals(
                before.get(0),
                Base64.getMimeDecoder().decode(texts.get(0).replaceAll("-----[A-Z ]+-----", "")));
        try (SecureContext roots =
                SecureContext.builder(SecureContext.Role.CLIENT).defaultRoots().build()) {
            assertEquals(before.size(), roots.trustedDer().size());
            RootCertificates.setDefault(List.of(Fixtures.der("ca1-cert.pem")));
            assertEquals(1, RootCertificates.pem().size());
            assertThrows(
                    SecureContextException.class,
                    () -> RootCertificates.setDefault(List.of(new byte[] {1, 2, 3})));
            assertEquals(1, RootCertificates.der().size(), "a failure changes nothing");
            assertEquals(before.size(), roots.trustedDer().size(), "older contexts keep theirs");
            try (SecureContext server = Fixtures.server();
                    SecureContext client = SecureContext.builder(SecureContext.Role.CLIENT)
                            .defaultRoots()
                            .build();
                    Pair pair = new Pair(client, server).handshake()) {
                assertEquals(0, pair.client.tls.verifyResult());
            }
        } finally {
            RootCertificates.setDefault(before);
        }
    }

    @Test
    void aContextTellsWhatItIsMadeOf() {
        SecureContext.Builder builder = Fixtures.serverBuilder("server-ecdsa")
                .options(SSLOptions.SSL_OP_NO_TICKET, SSLOptions.SSL_OP_ALLOW_CLIENT_RENEGOTIATION)
                .cipherList("ECDHE-ECDSA-AES128-GCM-SHA256")
                .cipherSuites("TLS_AES_128_GCM_SHA256")
                .ticketKeys(new byte[48]);
        builder.ca(Fixtures.bytes("ca1-cert.pem"), false);
        assertEquals(SSLOptions.SSL_OP_NO_TICKET, builder.options() & SSLOptions.SSL_OP_NO_TICKET);
        assertEquals(0, builder.options() & SSLOptions.SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
        try (SecureContext context = builder.build()) {
            assertArrayEquals(Fixtures.der("server-ecdsa-cert.pem"), context.certificateDer());
            assertArrayEquals(Fixtures.der("ca1-cert.pem"), context.issuerDer());
            assertEquals(1, context.trustedDer().size());
            assertEquals(1, context.chainDer().size());
            assertEquals(
                    List.of("TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
                    context.ciphers());
            assertArrayEquals(new byte[48], context.ticketKeys());
        }
        try (SecureContext empty = SecureContext.builder(SecureContext.Role.ANY).build()) {
            assertEquals(null, empty.certificateDer());
            assertEquals(null, empty.issuerDer());
            assertEquals(null, empty.chainDer());
            assertEquals(List.of(), empty.trustedDer());
        }
    }

    @Test
    void aPfxBringsKeyCertificateAndChain() {
        try (SecureContext context = SecureContext.builder(SecureContext.Role.SERVER)
                        .pfx(Fixtures.bytes("server-intermediate.pfx"), Fixtures.PASSPHRASE)
                        .build();
                SecureContext client = Fixtures.client();
                Pair pair = new Pair(client, context).handshake()) {
            assertEquals(0, pair.client.tls.verifyResult());
            assertEquals(3, pair.client.tls.peerChainCompleted().size());
        }
    }

    @Test
    void aClosedHandleNamesWhereItWasClosedWhenAskedTo() throws Exception {
        String output = Child.run(UseAfterClose.class, "-Dsecurepair.trace=handles");
        assertTrue(output.contains("closed here"), output);
        assertTrue(output.contains("UseAfterClose.whereItIsClosed"), output);
    }

    @Test
    void theLegacyProviderOpensOldPfxFiles() throws Exception {
        assertEquals("refused, then true and opened", Child.run(Legacy.class).strip());
    }

    /** The child process of the test above: the provider is loaded for a whole process. */
    static final class Legacy {
        public static void main(String[] arguments) {
            try (SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY)) {
                byte[] pfx = Fixtures.bytes("server-rsa-legacy.pfx");
                try {
                    builder.pfx(pfx, Fixtures.PASSPHRASE);
                } catch (SecureContextException e) {
                    System.out.print("refused, then ");
                }
                System.out.print(OpenSSL.loadLegacy());
                builder.pfx(pfx, Fixtures.PASSPHRASE);
                System.out.println(" and opened");
            }
        }
    }

    /** The child process of the test for it. */
    static final class UseAfterClose {
        public static void main(String[] arguments) {
            try (SecureContext context = Fixtures.client()) {
                TLSConnection connection = TLSConnection.client(context);
                whereItIsClosed(connection);
                connection.version();
            } catch (IllegalStateException e) {
                e.printStackTrace();
            }
        }

        private static void whereItIsClosed(TLSConnection connection) {
            connection.close();
        }
    }
}
