package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Bad input to a builder: Node's codes, messages and error stacks. */
class ContextErrorsTest {
    private final SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY);

    @AfterEach
    void close() {
        builder.close();
    }

    // ---- all recorded cases: what Node 20 says is in native/test/data, recorded by a script the

    private static final Path DATA =
            Path.of(System.getProperty("securepair.root", "."), "native", "test", "data");

    static List<Arguments> recordedCases() throws IOException {
        Map<String, String> outcomes = new HashMap<>();
        addOutcomes(outcomes, "errors.txt");
        if (OpenSSL.versionNumber() >= 0x30500000L) {
            addOutcomes(outcomes, "errors-3.5.txt");
        }
        List<Arguments> cases = new ArrayList<>();
        for (String line : Files.readAllLines(DATA.resolve("errors.cases"))) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                String[] parts = line.split("\\|");
                cases.add(Arguments.of(
                        parts[0],
                        parts[1],
                        parts[2],
                        parts.length > 3 ? parts[3] : null,
                        outcomes.get(parts[0])));
            }
        }
        assertTrue(cases.size() >= 75, "only " + cases.size() + " cases");
        return cases;
    }

    private static void addOutcomes(Map<String, String> to, String file) throws IOException {
        for (String line : Files.readAllLines(DATA.resolve(file))) {
            int tab = line.indexOf('\t');
            if (tab > 0) {
                to.put(line.substring(0, tab), line.substring(tab + 1));
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("recordedCases")
    void everyBadInputIsReportedAsNodeDoes(
            String name, String what, String file, String argument, String expected) {
        String actual = "ok";
        try {
            use(what, input(file), argument);
        } catch (SecureContextException e) {
            List<String> lines = new ArrayList<>(e.opensslErrorStack());
            if (!e.getMessage().startsWith("error:")) {
                lines.clear();
            }
            Collections.reverse(lines);
            lines.add(
                    0,
                    e.getMessage()
                            .replaceAll(
                                    "(?s)^[0-9A-F]+:(error:[0-9A-F]{8}:[^:]*:)[^:]*(:[^:]*):.*",
                                    "$1$2"));
            actual = String.join("\t", lines);
        }
        assertEquals(withoutWart(expected), actual);
    }

    /** Node's error for bad signature algorithms says nothing; ours does. */
    private static String withoutWart(String expected) {
        return expected.equals("error:00000000:lib(0)::reason(0)")
                ? "Failed to set signature algorithms"
                : expected;
    }

    private void use(String what, byte[] input, String argument) {
        String text = new String(input, StandardCharsets.UTF_8);
        switch (what) {
            case "key" -> builder.privateKey(input, passphrase(argument));
            case "cert" -> builder.certificate(input);
            case "cert+" -> builder.certificate(input).privateKey(input(argument), null);
            case "pfx" -> builder.pfx(input, passphrase(argument));
            case "ciphers" -> builder.cipherList(text);
            case "suites" -> builder.cipherSuites(text);
            case "sidctx" -> builder.sessionIdContext(input);
            case "groups" -> builder.groups(text);
            case "sigalgs" -> builder.signatureAlgorithms(text);
            case "dh" -> {
                int bits = builder.dhParameters(input, 1024);
                if (bits > 0 && bits < 1024) {
                    throw new SecureContextException(null, "DH parameter is less than 1024 bits");
                }
            }
            case "crl" -> {
                if (builder.crl(input) == 0) {
                    throw new SecureContextException(null, "Failed to parse CRL");
                }
            }
            default -> throw new IllegalStateException(what);
        }
    }

    private static byte[] input(String spec) {
        if (spec.startsWith("=")) {
            return spec.substring(1).replace("\\n", "\n").getBytes(StandardCharsets.UTF_8);
        }
        String[] parts = spec.split("<");
        byte[] bytes = Fixtures.bytes(parts[0]);
        return parts.length == 1 ? bytes : Arrays.copyOf(bytes, Integer.parseInt(parts[1]));
    }

    private static byte[] passphrase(String spec) {
        if (spec == null) {
            return null;
        }
        String text = spec.equals("\"\"") ? "" : spec;
        if (text.startsWith("*")) {
            text = "x".repeat(Integer.parseInt(text.substring(1)));
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- codes, which the records do not have ----

    @ParameterizedTest
    @CsvSource({
        "key, =garbage, , ERR_OSSL_UNSUPPORTED, DECODER routines, unsupported",
        "key, server-rsa-key-encrypted.pem, wrong, ERR_OSSL_BAD_DECRYPT, Provider routines, bad"
                + " decrypt",
        "key, server-rsa-key-encrypted.pem, *1025, ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED, "
                + "common libcrypto routines, interrupted or cancelled",
        "cert, =garbage, , ERR_OSSL_PEM_NO_START_LINE, PEM routines, no start line",
        "cert, server-rsa-cert.pem<500, , ERR_OSSL_PEM_BAD_END_LINE, PEM routines, bad end line",
        "cert+, server-rsa-cert.pem, other-rsa-key.pem, ERR_OSSL_X509_KEY_VALUES_MISMATCH, "
                + "x509 certificate routines, key values mismatch",
        "cert, server-rsa512-cert.pem, , ERR_SSL_EE_KEY_TOO_SMALL, SSL routines, ee key too small",
        "ciphers, =no-such, , ERR_SSL_NO_CIPHER_MATCH, SSL routines, no cipher match",
        "ciphers, =AES128-SHA:@SECLEVEL=9, , ERR_SSL_INVALID_COMMAND, SSL routines, invalid"
                + " command",
    })
    void codesAreNodes(
            String what, String file, String argument, String code, String library, String reason) {
        SecureContextException e =
                assertThrows(SecureContextException.class, () -> use(what, input(file), argument));
        assertEquals(code, e.code());
        assertEquals(library, e.library());
        assertEquals(reason, e.reason());
        assertEquals(-1, e.alert());
        assertEquals(e.entries().size() - 1, e.opensslErrorStack().size());
    }

    @ParameterizedTest
    @CsvSource({
        "pfx, server-rsa.pfx, wrong, , mac verify failure",
        "pfx, no-key.pfx, passphrase, ERR_CRYPTO_OPERATION_FAILED, Unable to load private key from"
                + " PFX data",
        "pfx, no-cert.pfx, passphrase, ERR_CRYPTO_OPERATION_FAILED, Unable to load certificate"
                + " from PFX data",
        "pfx, server-rsa-legacy.pfx, passphrase, ERR_CRYPTO_UNSUPPORTED_OPERATION, Unsupported"
                + " PKCS12 PFX data",
        "groups, =no-such, , ERR_CRYPTO_OPERATION_FAILED, Failed to set ECDH curve",
        "sigalgs, =no-such, , ERR_CRYPTO_OPERATION_FAILED, Failed to set signature algorithms",
    })
    void fixedTextsAreNodes(
            String what, String file, String argument, String code, String message) {
        SecureContextException e =
                assertThrows(SecureContextException.class, () -> use(what, input(file), argument));
        assertEquals(code, e.code());
        assertEquals(message, e.getMessage());
    }

    @Test
    void aSessionIdContextThatIsTooLongGivesThePrintedLineWithoutACode() {
        SecureContextException e = assertThrows(
                SecureContextException.class, () -> builder.sessionIdContext(new byte[33]));
        assertNull(e.code());
        assertTrue(
                e.getMessage()
                        .matches("[0-9A-F]{16}:error:0A000111:SSL"
                                + " routines:SSL_CTX_set_session_id_context:ssl session id"
                                + " context too long:.*ssl_lib\\.c:\\d+:\n"),
                e.getMessage());
    }

    // ---- trust ----

    @Test
    void certificatesOfCasAreCountedAndNoneIsZero() {
        assertEquals(2, builder.ca(Fixtures.bytes("ca-bundle.pem"), true));
        assertEquals(0, builder.ca("garbage".getBytes(StandardCharsets.UTF_8), true));
        assertEquals(0, builder.ca(new byte[0], true));
        assertEquals(1, builder.caDer(Fixtures.der("ca1-cert.pem"), false));
        assertEquals(1, builder.crl(Fixtures.bytes("ca1-crl-empty.pem")));
        assertEquals(0, builder.crl("garbage".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aBrokenCaIsRefusedAlsoBehindAGoodOne() {
        byte[] good = Fixtures.bytes("ca1-cert.pem");
        byte[] cut = Arrays.copyOf(good, good.length * 2 - 300);
        System.arraycopy(good, 0, cut, good.length, good.length - 300);
        SecureContextException e =
                assertThrows(SecureContextException.class, () -> builder.ca(cut, false));
        assertEquals("ERR_OSSL_PEM_BAD_END_LINE", e.code());
        assertThrows(
                SecureContextException.class, () -> builder.caDer(new byte[] {0x30, 1}, false));
    }

    // ---- versions, numbers ----

    @Test
    void aProtocolThatTheLibraryLacksIsNamed() {
        SecureContextException e =
                assertThrows(SecureContextException.class, () -> builder.versions(0x0305, 0));
        assertTrue(e.getMessage().contains("0x305") || !e.entries().isEmpty(), e.getMessage());
    }

    @Test
    void badNumbersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> builder.securityLevel(6));
        assertThrows(IllegalArgumentException.class, () -> builder.securityLevel(-1));
        assertThrows(IllegalArgumentException.class, () -> builder.numTickets(-1));
        assertThrows(IllegalArgumentException.class, () -> builder.ticketKeys(new byte[47]));
        assertThrows(IllegalArgumentException.class, () -> builder.cipherList("A\0B"));
        assertThrows(NullPointerException.class, () -> builder.cipherList(null));
        assertThrows(NullPointerException.class, () -> builder.certificate(null));
        builder.numTickets(0).sessionTimeout(0).sessionTimeout(Integer.MAX_VALUE);
    }

    @Test
    void dhParametersBelowTheMinimumAreMeasuredButNotSet() {
        assertEquals(512, builder.dhParameters(Fixtures.bytes("dh512.pem"), 1024));
        assertEquals(2048, builder.dhParameters(Fixtures.bytes("dh2048.pem"), 1024));
        assertEquals(0, builder.dhParameters("garbage".getBytes(StandardCharsets.UTF_8), 1024));
    }

    @Test
    void aBuilderGoesOnAfterAnError() {
        assertThrows(SecureContextException.class, () -> builder.certificate(new byte[] {1, 2, 3}));
        builder.certificate(Fixtures.bytes("server-rsa-cert.pem"))
                .privateKey(Fixtures.bytes("server-rsa-key.pem"), null);
        try (SecureContext context = builder.build()) {
            assertArrayEquals(Fixtures.der("server-rsa-cert.pem"), context.certificateDer());
        }
    }

    @Test
    void passphrasesOfTheCallerAreLeftAlone() {
        byte[] passphrase = Fixtures.PASSPHRASE.clone();
        builder.privateKey(Fixtures.bytes("server-rsa-key-encrypted.pem"), passphrase);
        assertEquals("passphrase", new String(passphrase, StandardCharsets.UTF_8));
    }
}
