package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.events.Warnings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a user sets from outside: environment variables and system properties, in a program of its
 * own. F31-F33.
 */
class EnvironmentTest {
    private static final Path FIXTURES = Path.of(System.getProperty("securepair.fixtures"));

    /** The program: a server and a client that trusts the default roots, in one process. */
    static final class Program {
        public static void main(String[] arguments) {
            Warnings.onWarning(warning -> System.out.println("warning " + warning.message()));
            System.out.println("ciphers " + TLS.DEFAULT_CIPHERS);
            System.out.println("range " + TLS.DEFAULT_MIN_VERSION + " " + TLS.DEFAULT_MAX_VERSION);
            System.out.println("legacy " + readsRC2());
            ServerOptions identity = new ServerOptions()
                    .key(FIXTURES.resolve("server-rsa-key.pem"))
                    .cert(FIXTURES.resolve("server-rsa-cert.pem"));
            TLSServer server = TLS.createServer(identity, socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(
                        new ConnectOptions().port(server.address().port()).servername("localhost"));
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> System.out.println("secure " + client.getProtocol() + " "
                                + client.getCipher().name() + " " + client.authorized()));
                client.on(
                        TLSSocket.ERROR,
                        error -> System.out.println("error " + error.getMessage()));
                client.on(TLSSocket.CLOSE, hadError -> server.close(error -> tellTrust()));
                client.resume();
            });
        }

        /**
         * Called last: contexts must have read the environment before these functions are called.
         */
        private static void tellTrust() {
            System.out.println("extra " + TLS.getCACertificates("extra").size());
            int more = TLS.getCACertificates().size() - TLS.rootCertificates().size();
            System.out.println("more " + more);
            System.out.println("lists " + TLS.getCACertificates("system").size() + " "
                    + TLS.getCACertificates("bundled").equals(TLS.rootCertificates()));
        }
    }

    /**
     * Whether the engine by itself, in this process, reads a container that needs the legacy
     * provider.
     */
    private static boolean readsRC2() {
        TLS.createSecureContext().close();
        try (SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY)) {
            builder.pfx(
                    Materials.bytes(FIXTURES.resolve("server-rsa-legacy.pfx")),
                    "passphrase".getBytes(StandardCharsets.UTF_8));
            return true;
        } catch (SecureContextException e) {
            return false;
        }
    }

    private static String run(Map<String, String> environment, String... properties)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dsecurepair.fixtures=" + FIXTURES));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(properties));
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .keySet()
                .removeIf(each -> each.startsWith("NODE_") || each.startsWith("SSL_CERT_"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), output);
        return output;
    }

    @Test
    void withoutAnyOfThemTheDefaultsHold() throws Exception {
        String output = run(Map.of());
        assertTrue(output.contains("range TLSv1.2 TLSv1.3\n"), output);
        assertTrue(output.contains("extra 0\nmore 0\n"), output);
        assertTrue(output.contains("error "), output);
        assertTrue(output.contains("legacy false\n"), output);
        assertFalse(output.contains("warning "), output);
    }

    @Test
    void propertiesGiveSuitesAndVersionsAndExtraRootsAreTrusted() throws Exception {
        String output = run(
                Map.of("NODE_EXTRA_CA_CERTS", FIXTURES.resolve("ca-bundle.pem").toString()),
                "-Dsecurepair.tls.cipherList=ECDHE-RSA-AES256-GCM-SHA384",
                "-Dsecurepair.tls.minVersion=TLSv1.1",
                "-Dsecurepair.tls.maxVersion=TLSv1.2");
        assertTrue(
                output.contains("ciphers ECDHE-RSA-AES256-GCM-SHA384\nrange TLSv1.1 TLSv1.2\n"),
                output);
        assertTrue(output.contains("extra 2\nmore 2\n"), output);
        assertTrue(output.contains("secure TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 true\n"), output);
    }

    @Test
    void eachTypeOfCertificatesIsAListOfItsOwn() throws Exception {
        String output = run(Map.of(
                "NODE_EXTRA_CA_CERTS",
                FIXTURES.resolve("ca-bundle.pem").toString(),
                "SSL_CERT_FILE",
                FIXTURES.resolve("ca1-cert.pem").toString()));
        assertTrue(output.contains("extra 2\nmore 2\nlists 1 true\n"), output);
    }

    @Test
    void anUnreadableFileOfExtraRootsOnlyWarns(@TempDir Path folder) throws Exception {
        Path none = folder.resolve("none.pem");
        String output = run(Map.of("NODE_EXTRA_CA_CERTS", none.toString()));
        assertTrue(
                output.contains("warning Ignoring extra certs from `" + none + "`, load failed: "
                        + "error:80000002:system library::No such file or directory"),
                output);
        assertTrue(output.contains("extra 0\nmore 0\n"), output);
    }

    @Test
    void zeroLetsClientsAcceptEverybodyAndWarns() throws Exception {
        String output = run(Map.of("NODE_TLS_REJECT_UNAUTHORIZED", "0"));
        assertTrue(
                output.contains(
                        "warning Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to"
                            + " '0' makes TLS connections and HTTPS requests insecure by disabling"
                            + " certificate verification.\n"),
                output);
        assertTrue(output.contains(" false\n"), output);
        assertTrue(output.contains("secure TLSv1.3"), output);
        assertTrue(run(Map.of("NODE_TLS_REJECT_UNAUTHORIZED", "false")).contains("error "));
    }

    @Test
    void theSystemsRootsCanBeUsedBesideOrInsteadOfTheBundledOnes() throws Exception {
        Map<String, String> system =
                Map.of("SSL_CERT_FILE", FIXTURES.resolve("ca1-cert.pem").toString());
        String beside = run(system, "-Dsecurepair.tls.useSystemCA=true");
        assertTrue(beside.contains("more 1\n"), beside);
        assertTrue(beside.contains(" true\n"), beside);
        String instead = run(system, "-Dsecurepair.tls.useOpensslCA=true");
        assertTrue(instead.contains("more -"), instead);
        assertTrue(instead.contains(" true\n"), instead);
        assertTrue(run(system).contains("error "));
    }

    @Test
    void keysAreLoggedToAFileForItsOwnerOnlyAndHandshakesTraced(@TempDir Path folder)
            throws Exception {
        Path log = folder.resolve("keys");
        String output = run(
                Map.of("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
                "-Dsecurepair.tls.keylog=" + log,
                "-Dsecurepair.tls.trace=true");
        List<String> lines = Files.readAllLines(log);
        // Both ends are in this process.
        assertEquals(
                2,
                lines.stream()
                        .filter(each -> each.startsWith("CLIENT_TRAFFIC_SECRET_0 "))
                        .count(),
                output);
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(log)));
        assertTrue(output.contains(
                "makes TLS connections insecure by writing secret key material to file " + log));
        assertEquals(2, output.split("ClientHello, ", -1).length - 1, output);
    }
}
