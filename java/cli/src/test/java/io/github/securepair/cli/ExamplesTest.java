package io.github.securepair.cli;

import static io.github.securepair.cli.Peers.fixture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The programs under examples/ compile, and do what they say. */
class ExamplesTest {
    @TempDir
    static Path classes;

    @TempDir
    static Path keys;

    @BeforeAll
    static void compileAndMakeKeys() throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> listed =
                        Files.list(Path.of(System.getProperty("securepair.root"), "examples"))) {
            List<Path> sources =
                    listed.filter(file -> file.toString().endsWith(".java")).toList();
            List<String> options = List.of(
                    "-cp",
                    System.getProperty("java.class.path"),
                    "-d",
                    classes.toString(),
                    "-Xlint:all",
                    "-Werror",
                    "-proc:none");
            boolean good = compiler.getTask(
                            messages,
                            files,
                            null,
                            options,
                            null,
                            files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertEquals(true, good, messages.toString());
        }
        identity("self-signed", "server");
        identity("client-self-signed", "client");
    }

    private static void identity(String from, String to)
            throws IOException, GeneralSecurityException {
        Path key = Files.copy(fixture(from + "-key.pem"), keys.resolve(to + "-key.pem"));
        Path certificate = Files.copy(fixture(from + "-cert.pem"), keys.resolve(to + "-cert.pem"));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (var in = Files.newInputStream(certificate);
                OutputStream out = Files.newOutputStream(keys.resolve(to + ".pfx"))) {
            Certificate parsed = CertificateFactory.getInstance("X.509").generateCertificate(in);
            byte[] der = Base64.getMimeDecoder()
                    .decode(Files.readString(key).replaceAll("-----[A-Z ]+-----", ""));
            PrivateKey parsedKey = KeyFactory.getInstance(parsed.getPublicKey().getAlgorithm())
                    .generatePrivate(new PKCS8EncodedKeySpec(der));
            store.setKeyEntry("key", parsedKey, "sample".toCharArray(), new Certificate[] {parsed});
            store.store(out, "sample".toCharArray());
        }
    }

    private static ChildProcess example(String name, String... arguments) throws IOException {
        String path = classes + ":" + System.getProperty("java.class.path");
        return ChildProcess.java(name, List.of("-cp", path), List.of(arguments));
    }

    private static void echo(String serverName, String clientName, String serverSays)
            throws Exception {
        try (ChildProcess server = example(serverName, keys.toString(), "0")) {
            String port =
                    server.line(line -> line.startsWith("server bound to ")).replaceAll("\\D", "");
            try (ChildProcess client = example(clientName, keys.toString(), port)) {
                assertEquals(0, client.exit(), client.output());
                assertEquals("client connected authorized\nwelcome!\nhello\nend", client.output());
                server.line(serverSays::equals);
            }
        }
    }

    @Test
    void theEchoServerAndClientWithPemFilesAuthorizeEachOther() throws Exception {
        echo("EchoServer", "EchoClient", "server connected authorized");
    }

    @Test
    void theEchoServerAndClientWithPfxFilesTalk() throws Exception {
        echo("EchoServerPfx", "EchoClientPfx", "server connected unauthorized");
    }

    @Test
    void theInMemoryPairNeedsNoSocketAndEndsByItself() throws Exception {
        try (ChildProcess pair = example("InMemoryPair", keys.toString())) {
            assertEquals(0, pair.exit(), pair.output());
            assertEquals("secure, authorized\nserver got: hello from memory", pair.output());
        }
    }
}
