package io.github.securepair.cli;

import static io.github.securepair.cli.Peers.fixture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command as a process, against itself and against other programs. */
class CommandTest {
    private static final String MAIN = "io.github.securepair.cli.Main";

    private static ChildProcess securepair(String... arguments) throws Exception {
        return ChildProcess.java(MAIN, List.of(), List.of(arguments));
    }

    private static ChildProcess server(String key, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "serve",
                "--host",
                "127.0.0.1",
                "--key",
                fixture("server-" + key + "-key.pem").toString(),
                "--cert",
                fixture("server-" + key + "-cert.pem").toString()));
        arguments.addAll(List.of(more));
        return ChildProcess.java(MAIN, List.of(), arguments);
    }

    private static String port(ChildProcess server) throws Exception {
        String line = server.line(text -> text.startsWith("listening on "));
        return line.replaceAll(".*port=(\\d+).*", "$1");
    }

    @Test
    void demoShowsEachVisitAndSucceeds() throws Exception {
        try (ChildProcess demo = securepair("demo")) {
            assertEquals(0, demo.exit(), demo.output());
            assertTrue(demo.output().contains("all went as it should"), demo.output());
            assertTrue(demo.output().contains("DEPTH_ZERO_SELF_SIGNED_CERT"), demo.output());
            assertTrue(demo.output().contains("connections=0"), demo.output());
        }
    }

    @Test
    void versionNamesTheLibraryAndWhereItIs() throws Exception {
        try (ChildProcess version = securepair("version")) {
            assertEquals(0, version.exit());
            assertTrue(version.output().contains("OpenSSL 3."), version.output());
            OpenSSL.Origin origin = OpenSSL.origin();
            List<String> lines = version.output().lines().toList();
            assertTrue(lines.contains("libcrypto  " + origin.libcrypto()), version.output());
            assertTrue(lines.contains("libssl     " + origin.libssl()), version.output());
            assertTrue(
                    lines.contains("flavour    " + (origin.bundled() ? "bundled" : "system")),
                    version.output());
            assertTrue(lines.contains("provider   securepair"), version.output());
            assertEquals(
                    origin.bundled(),
                    lines.contains("source     " + origin.source()),
                    version.output());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rsa,TLSv1.2",
        "rsa,TLSv1.3",
        "ecdsa,TLSv1.2",
        "ecdsa,TLSv1.3",
        "ed25519,TLSv1.2",
        "ed25519,TLSv1.3"
    })
    void connectTalksToServeAndTellsWhatWasAgreed(String key, String version) throws Exception {
        try (ChildProcess server = server(key);
                ChildProcess client = securepair(
                        "connect",
                        "localhost:" + port(server),
                        "--ca",
                        fixture("ca1-cert.pem").toString(),
                        "--max",
                        version)) {
            client.write("hello from standard input\n");
            client.endInput();
            assertEquals(0, client.exit(), client.output());
            assertTrue(client.output().contains("protocol   " + version), client.output());
            assertTrue(client.output().contains("authorized yes"), client.output());
            assertTrue(client.output().contains("hello from standard input"), client.output());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rsa,-tls1_2",
        "rsa,-tls1_3",
        "ecdsa,-tls1_2",
        "ecdsa,-tls1_3",
        "ed25519,-tls1_2",
        "ed25519,-tls1_3"
    })
    void serveAnswersOpensslsClient(String key, String version) throws Exception {
        Peers.require("openssl");
        try (ChildProcess server = server(key);
                ChildProcess client = ChildProcess.start(List.of(
                        "openssl",
                        "s_client",
                        "-connect",
                        "127.0.0.1:" + port(server),
                        version,
                        "-CAfile",
                        fixture("ca1-cert.pem").toString(),
                        "-verify_return_error",
                        "-quiet"))) {
            client.write("hello from s_client\n");
            client.line("hello from s_client"::equals);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--tlsv1.3", "--tls-max"})
    void serveGivesCurlAnAnswer(String version) throws Exception {
        Peers.require("curl");
        List<String> command =
                new ArrayList<>(List.of("curl", "--silent", "--show-error", "--cacert"));
        command.addAll(List.of(fixture("ca1-cert.pem").toString(), version));
        if (version.equals("--tls-max")) {
            command.add("1.2");
        }
        try (ChildProcess server = server("rsa", "--http", "fixed answer")) {
            command.add("https://localhost:" + port(server) + "/");
            try (ChildProcess curl = ChildProcess.start(command)) {
                assertEquals(0, curl.exit(), curl.output());
                assertEquals("fixed answer", curl.output());
            }
        }
    }

    @Test
    void serveAnswersANodeClient() throws Exception {
        Peers.require("node");
        String script = "const tls = require('tls'), fs = require('fs');const s ="
            + " tls.connect({port: +process.argv[1], host: '127.0.0.1', ca:"
            + " fs.readFileSync(process.argv[2])}, () => { console.log('authorized',"
            + " s.authorized); s.end('hello from node'); });s.on('data', d => console.log('echo',"
            + " String(d)));";
        try (ChildProcess server = server("ecdsa");
                ChildProcess node = ChildProcess.start(List.of(
                        "node",
                        "-e",
                        script,
                        port(server),
                        fixture("ca1-cert.pem").toString()))) {
            assertEquals(0, node.exit(), node.output());
            assertEquals("authorized true\necho hello from node", node.output());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void connectTalksToOpensslsServer(String version) throws Exception {
        Peers.require("openssl");
        try (ChildProcess server = ChildProcess.start(List.of(
                        "openssl",
                        "s_server",
                        "-accept",
                        "127.0.0.1:0",
                        version,
                        "-rev",
                        "-cert",
                        fixture("server-rsa-cert.pem").toString(),
                        "-key",
                        fixture("server-rsa-key.pem").toString()));
                ChildProcess client = securepair(
                        "connect",
                        "localhost:"
                                + server.line(line -> line.startsWith("ACCEPT "))
                                        .replaceAll(".*:", ""),
                        "--ca",
                        fixture("ca1-cert.pem").toString())) {
            client.write("stressed\n");
            client.line("desserts"::equals);
        }
    }

    @Test
    void connectTalksToANodeServer() throws Exception {
        Peers.require("node");
        String script = "const tls = require('tls'), fs = require('fs'), [, k, c] ="
                + " process.argv;const s = tls.createServer({key: fs.readFileSync(k), cert:"
                + " fs.readFileSync(c)}, x => x.pipe(x));s.listen(0, '127.0.0.1', () =>"
                + " console.log('port=' + s.address().port));";
        try (ChildProcess server = ChildProcess.start(List.of(
                        "node",
                        "-e",
                        script,
                        fixture("server-rsa-key.pem").toString(),
                        fixture("server-rsa-cert.pem").toString()));
                ChildProcess client = securepair(
                        "connect",
                        "localhost:"
                                + server.line(line -> line.startsWith("port=")).substring(5),
                        "--ca",
                        fixture("ca1-cert.pem").toString())) {
            client.write("over to node and back\n");
            client.endInput();
            assertEquals(0, client.exit(), client.output());
            assertTrue(client.output().contains("over to node and back"), client.output());
        }
    }

    @Test
    void serveAndConnectMeetAtAUnixSocket(@TempDir Path folder) throws Exception {
        String path = folder.resolve("socket").toString();
        try (ChildProcess server = securepair("serve", "--path", path)) {
            server.line(line -> line.startsWith("listening on "));
            try (ChildProcess client = securepair("connect", "--path", path, "--insecure")) {
                client.write("through the file system\n");
                client.endInput();
                assertEquals(0, client.exit(), client.output());
                assertTrue(
                        client.output().contains("authorized no: DEPTH_ZERO_SELF_SIGNED_CERT"),
                        client.output());
                assertTrue(client.output().contains("through the file system"), client.output());
            }
        }
    }

    @Test
    void serveRefusesAClientWithoutTheCertificateItAskedFor() throws Exception {
        try (ChildProcess server = server(
                        "rsa", "--request-cert", "--ca", fixture("ca1-cert.pem").toString());
                ChildProcess client = securepair(
                        "connect",
                        "localhost:" + port(server),
                        "--ca",
                        fixture("ca1-cert.pem").toString(),
                        "--max",
                        "TLSv1.2")) {
            assertEquals(Main.FAILED, client.exit(), client.output());
            assertTrue(
                    client.output().contains("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"),
                    client.output());
            server.line(line -> line.contains("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"));
        }
    }

    @Test
    void aPortInUseIsSaidInOneLine() throws Exception {
        try (ChildProcess first = server("rsa");
                ChildProcess second = server("rsa", "--port", port(first))) {
            assertEquals(Main.FAILED, second.exit());
            assertTrue(second.output().contains("EADDRINUSE"), second.output());
            assertEquals(1, second.output().lines().count(), second.output());
        }
    }
}
