package io.github.securepair.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** Wrong use and failed work: one line, a code, no stack trace. */
class WrongUseTest {
    private record Outcome(int code, String err) {}

    private static Outcome run(String... args) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            int code = Main.run(args);
            return new Outcome(code, err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    static Stream<List<String>> wrongUses() {
        String key = Peers.fixture("server-ecdsa-key.pem").toString();
        return Stream.of(
                List.of(),
                List.of("nonsense"),
                List.of("connect"),
                List.of("connect", "localhost"),
                List.of("connect", "localhost:99999"),
                List.of("connect", "localhost:http"),
                List.of("connect", "localhost:1", "--path", "/tmp/x"),
                List.of("connect", "localhost:1", "--no-such-option"),
                List.of("connect", "localhost:1", "--cert", key),
                List.of("connect", "localhost:1", "--key", "/nonexistent", "--cert", key),
                List.of("serve", "--port", "70000"),
                List.of("serve", "--port", "x"),
                List.of("serve", "--port", "1", "--path", "/tmp/x"),
                List.of("ciphers", "HIGH", "LOW"),
                List.of("version", "now"));
    }

    @ParameterizedTest
    @MethodSource("wrongUses")
    void wrongUseIsOneLineAndExitCodeTwo(List<String> args) {
        Outcome outcome = run(args.toArray(String[]::new));
        assertEquals(Main.WRONG_USE, outcome.code(), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertFalse(outcome.err().contains("\tat "), outcome.err());
    }

    @Test
    void anUnknownCipherFailsWithOpenSSLsCode() {
        Outcome outcome = run("ciphers", "no-such");
        assertEquals(Main.FAILED, outcome.code());
        assertTrue(outcome.err().contains("ERR_SSL_NO_CIPHER_MATCH"), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
    }

    @Test
    void anUnreachableServerFailsWithItsCode() {
        Outcome outcome = run("connect", "127.0.0.1:1");
        assertEquals(Main.FAILED, outcome.code());
        assertTrue(outcome.err().contains("connect ECONNREFUSED 127.0.0.1:1"), outcome.err());
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() {
        Outcome outcome = run(
                "serve",
                "--key",
                Peers.fixture("other-rsa-key.pem").toString(),
                "--cert",
                Peers.fixture("server-rsa-cert.pem").toString());
        assertEquals(Main.FAILED, outcome.code());
        assertTrue(outcome.err().contains("ERR_OSSL_X509_KEY_VALUES_MISMATCH"), outcome.err());
    }

    @Test
    void aWrongPassphraseIsRefused() {
        Outcome outcome = run(
                "serve",
                "--pfx",
                Peers.fixture("server-rsa.pfx").toString(),
                "--passphrase",
                "wrong");
        assertEquals(Main.FAILED, outcome.code());
        assertTrue(outcome.err().contains("mac verify failure"), outcome.err());
    }

    @Test
    void helpIsNoError() {
        assertEquals(0, Main.run("help", "connect"));
        assertEquals(0, Main.run("--help"));
        assertEquals(0, Main.run("--version"));
    }
}
