package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Server;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;

/** What both ends of a connection know of it is the same in openssl, and in Node, as in ours. */
class SharedFactsTest extends LoopTest {
    private static final String LABEL = "EXPORTER-securepair";

    @TempDir
    Path folder;

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** A server that reports one fact about its first connection, then ends it. */
    private TLSServer server(
            ServerOptions options,
            Function<TLSSocket, String> question,
            CompletableFuture<String> told)
            throws Exception {
        return run(done -> {
            TLSServer made = TLS.createServer(options, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                told.complete(question.apply(socket));
                socket.end("bye\n");
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
    }

    /** What a client knows once it is secure. */
    private String client(ConnectOptions options, Function<TLSSocket, String> question)
            throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(options);
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                done.complete(question.apply(client));
                client.end();
            });
            client.resume();
        });
    }

    private void close(Server server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    // ---- exported keys ------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientExportsTheSameKeys(String version) throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        TLSServer server = server(
                serverOptions(), socket -> hex(socket.exportKeyingMaterial(48, LABEL)), told);
        try (Peer client = Peer.opensslClient(
                server.address().port(),
                version,
                "-ign_eof",
                "-keymatexport",
                LABEL,
                "-keymatexportlen",
                "48")) {
            String theirs = client.await("Keying material: ([0-9A-F]{96})").group(1);
            assertEquals(told.get(SECONDS, TimeUnit.SECONDS), theirs.toLowerCase());
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslServerExportsTheSameKeys(String version) throws Exception {
        try (Peer server = Peer.opensslServer(
                "server-rsa", version, "-keymatexport", LABEL, "-keymatexportlen", "48")) {
            String ours = client(
                    clientOptions(server.opensslPort()),
                    socket -> hex(socket.exportKeyingMaterial(48, LABEL)));
            String theirs = server.await("Keying material: ([0-9A-F]{96})").group(1);
            assertEquals(ours, theirs.toLowerCase());
        }
    }

    /** Exported keys with each kind of context, and both Finished messages. */
    private static String facts(TLSSocket socket, boolean swapped) {
        return hex(socket.exportKeyingMaterial(32, LABEL)) + " "
                + hex(socket.exportKeyingMaterial(32, LABEL, new byte[0])) + " "
                + hex(socket.exportKeyingMaterial(32, LABEL, ascii("context"))) + " "
                + hex(swapped ? socket.getPeerFinished() : socket.getFinished()) + " "
                + hex(swapped ? socket.getFinished() : socket.getPeerFinished());
    }

    private static String factsOfNode(String socket) {
        String export = socket + ".exportKeyingMaterial(32, '" + LABEL + "'";
        return "console.log('facts', " + export + ").toString('hex'), " + export
                + ", Buffer.alloc(0)).toString('hex'), " + export
                + ", Buffer.from('context')).toString('hex'), " + socket
                + ".getFinished().toString('hex'), " + socket
                + ".getPeerFinished().toString('hex'));";
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aNodeServerKnowsTheSame(String version) throws Exception {
        String program = "const tls = require('tls'), fs = require('fs');"
                + "const s = tls.createServer({key: fs.readFileSync('"
                + fixture("server-ecdsa-key.pem") + "'), cert: fs.readFileSync('"
                + fixture("server-ecdsa-cert.pem") + "'), minVersion: '" + version
                + "', maxVersion: '" + version + "'}, (c) => { " + factsOfNode("c")
                + " c.on('error', () => {}); });s.listen(0, '127.0.0.1', () =>"
                + " console.log('port', s.address().port));";
        try (Peer server = Peer.node(program)) {
            String ours = client(
                    clientOptions(server.port("port (\\d+)")), socket -> facts(socket, true));
            assertEquals(ours, server.await("facts (.*)\n").group(1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aNodeClientKnowsTheSame(String version) throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        TLSServer server = server(serverOptions(), socket -> facts(socket, true), told);
        String program = "const tls = require('tls'), fs = require('fs');"
                + "const s = tls.connect({port: " + server.address().port()
                + ", host: '127.0.0.1', servername: 'localhost', minVersion: '" + version
                + "', maxVersion: '" + version + "', ca: fs.readFileSync('"
                + fixture("ca1-cert.pem") + "')}, () => { " + factsOfNode("s") + " s.end(); });";
        try (Peer client = Peer.node(program)) {
            String theirs = client.await("facts (.*)\n").group(1);
            assertEquals(told.get(SECONDS, TimeUnit.SECONDS), theirs);
        }
        close(server);
    }

    // ---- signature algorithms -----------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "-tls1_2, RSA-PSS+SHA384, SHA384, RSA-PSS",
        "-tls1_2, RSA+SHA512, SHA512, RSA",
        "-tls1_3, RSA-PSS+SHA512, SHA512, RSA-PSS"
    })
    void theServerSignsAsItsOptionSays(String version, String sigalgs, String digest, String type)
            throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        TLSServer server = server(
                serverOptions().sigalgs(sigalgs),
                socket -> String.join(":", socket.getSharedSigalgs()),
                told);
        try (Peer client = Peer.opensslClient(server.address().port(), version, "-ign_eof")) {
            String said = client.finish();
            assertTrue(said.contains("Peer signing digest: " + digest + "\n"), said);
            assertTrue(said.contains("Peer signature type: " + type + "\n"), said);
        }
        assertEquals(sigalgs, told.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void theServerSharesWhatAnOpensslClientOffers(String version) throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        // With honorCipherOrder, which is the default, they are in the server's order.
        TLSServer server = server(
                serverOptions().honorCipherOrder(false),
                socket -> String.join(":", socket.getSharedSigalgs()),
                told);
        String offered = "RSA-PSS+SHA512:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256";
        try (Peer client = Peer.opensslClient(
                server.address().port(), version, "-ign_eof", "-sigalgs", offered)) {
            client.await("Verify return code: 0");
        }
        assertEquals(offered, told.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void theClientOffersWhatItsOptionSays(String version) throws Exception {
        String offered = "RSA-PSS+SHA384:RSA-PSS+SHA256:ECDSA+SHA256";
        try (Peer server = Peer.opensslServer("server-rsa", version)) {
            client(clientOptions(server.opensslPort()).sigalgs(offered), socket -> "");
            server.await("(?m)^Signature Algorithms: " + Pattern.quote(offered) + "$");
            server.await("(?m)^Shared Signature Algorithms: " + Pattern.quote(offered) + "$");
        }
    }

    // ---- ephemeral keys -----------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "-tls1_2, X25519, ECDH X25519 253",
        "-tls1_2, P-384, ECDH secp384r1 384",
        "-tls1_3, X448, ECDH X448 448",
        "-tls1_3, P-521, ECDH secp521r1 521",
        "-tls1_3, ffdhe3072, DH null 3072"
    })
    void theClientKnowsTheKeyOfAnOpensslServer(String version, String group, String expected)
            throws Exception {
        try (Peer server = Peer.opensslServer("server-rsa", version, "-groups", group)) {
            assertEquals(
                    expected,
                    client(
                            clientOptions(server.opensslPort())
                                    .ecdhCurve("X25519:P-384:X448:P-521:ffdhe3072"),
                            socket -> {
                                EphemeralKeyInfo key = socket.getEphemeralKeyInfo();
                                return key.type() + " " + key.name() + " " + key.size();
                            }));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-tls1_2, P-384, 'Server Temp Key: ECDH, secp384r1, 384 bits'",
        "-tls1_2, X25519, 'Server Temp Key: X25519, 253 bits'",
        "-tls1_3, P-521, 'Server Temp Key: ECDH, secp521r1, 521 bits'"
    })
    void anOpensslClientKnowsTheKeyOfTheServer(String version, String curve, String expected)
            throws Exception {
        TLSServer server =
                server(serverOptions().ecdhCurve(curve), socket -> "", new CompletableFuture<>());
        try (Peer client = Peer.opensslClient(server.address().port(), version, "-ign_eof")) {
            String said = client.finish();
            assertTrue(said.contains(expected), said);
        }
        close(server);
    }

    @ParameterizedTest
    @CsvSource({"auto, 2048", "dh2048.pem, 2048", "dh1024.pem, 1024"})
    void anOpensslClientSeesTheSizeOfDhparam(String dhparam, int size) throws Exception {
        ServerOptions options = serverOptions().ciphers("DHE-RSA-AES128-GCM-SHA256");
        if (dhparam.equals("auto")) {
            options.dhparam(dhparam);
        } else {
            options.dhparam(fixture(dhparam));
        }
        TLSServer server = server(options, socket -> "", new CompletableFuture<>());
        try (Peer client = Peer.opensslClient(
                server.address().port(),
                "-tls1_2",
                "-ign_eof",
                "-cipher",
                "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")) {
            String said = client.finish();
            assertTrue(said.contains("Server Temp Key: DH, " + size + " bits"), said);
        }
        close(server);
    }

    // ---- sessions -----------------------------------------------------------------------------

    @Test
    void anOpensslClientReconnectsWithItsSession() throws Exception {
        TLSServer server = server(serverOptions(), socket -> "", new CompletableFuture<>());
        try (Peer client =
                Peer.opensslClient(server.address().port(), "-tls1_2", "-ign_eof", "-reconnect")) {
            String said = client.finish();
            assertEquals(1, said.split("(?m)^New, TLSv1.2", -1).length - 1, said);
            assertEquals(5, said.split("(?m)^Reused, TLSv1.2", -1).length - 1, said);
        }
        close(server);
    }

    @Test
    void anOpensslClientGetsTwoTicketsOfTls13() throws Exception {
        TLSServer server = server(serverOptions(), socket -> "", new CompletableFuture<>());
        try (Peer client = Peer.opensslClient(server.address().port(), "-tls1_3", "-ign_eof")) {
            String said = client.finish();
            assertEquals(
                    2,
                    said.split("Post-Handshake New Session Ticket arrived", -1).length - 1,
                    said);
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientResumesFromTheStoreInEachVersion(String version) throws Exception {
        Map<String, byte[]> store = new ConcurrentHashMap<>();
        List<Boolean> reused = new ArrayList<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions().secureOptions(SSLOptions.SSL_OP_NO_TICKET), socket -> {
                        reused.add(socket.isSessionReused());
                        socket.end("bye\n");
                    });
            made.on(TLSServer.NEW_SESSION, (id, data, stored) -> {
                store.put(hex(id), data);
                stored.run();
            });
            made.on(
                    TLSServer.RESUME_SESSION,
                    (id, callback) -> callback.done(null, store.get(hex(id))));
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        int port = server.address().port();
        String session = folder.resolve("session").toString();
        try (Peer first = Peer.opensslClient(port, version, "-ign_eof", "-sess_out", session)) {
            first.finish();
        }
        assertTrue(Files.size(Path.of(session)) > 0);
        try (Peer second = Peer.opensslClient(port, version, "-ign_eof", "-sess_in", session)) {
            second.await("Reused, TLSv1");
            second.finish();
        }
        assertEquals(List.of(false, true), reused);
        close(server);
    }
}
