package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.net.Server;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** The other end is openssl, node, curl or the JDK, in both directions. */
class InteropTest extends LoopTest {
    private static final String[] VERSION_FLAGS = {"-tls1_2", "-tls1_3"};

    @TempDir
    Path folder;

    private TLSServer echoServer(ServerOptions options) throws Exception {
        return run(done -> {
            TLSServer server = TLS.createServer(options, socket -> {
                socket.on(io.github.securepair.events.EventEmitter.ERROR, e -> {});
                socket.pipe(socket);
            });
            server.listen(0, "127.0.0.1", () -> done.complete(server));
        });
    }

    private void close(Server server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    /** Connects, sends a line, ends after the first data; returns what arrived. */
    private String ask(ConnectOptions options, List<String> facts) throws Exception {
        return run(done -> {
            StringBuilder heard = new StringBuilder();
            TLSSocket client = TLS.connect(options);
            client.setEncoding("utf8");
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                facts.add(client.getProtocol());
                facts.add(String.valueOf(client.authorized()));
                facts.add(commonName(client.getPeerCertificate()));
                client.write("hello\n");
            });
            client.on(Readable.TEXT, text -> {
                heard.append(text);
                client.end();
            });
            client.on(io.github.securepair.events.EventEmitter.ERROR, done::completeExceptionally);
            client.on(
                    io.github.securepair.net.Socket.CLOSE,
                    hadError -> done.complete(heard.toString()));
        });
    }

    @ParameterizedTest
    @CsvSource({
        "server-rsa, -tls1_2",
        "server-rsa, -tls1_3",
        "server-ecdsa, -tls1_2",
        "server-ecdsa, -tls1_3",
        "server-ed25519, -tls1_2",
        "server-ed25519, -tls1_3"
    })
    void theServerEchoesToAnOpensslClient(String fixture, String version) throws Exception {
        TLSServer server = echoServer(serverOptions(fixture));
        try (Peer client = Peer.opensslClient(server.address().port(), version, "-ign_eof")) {
            client.await("Verify return code: 0 \\(ok\\)");
            client.send("hello from openssl\n");
            // Once as an echo: s_client does not show what it sends.
            client.await("(?m)^hello from openssl$");
        }
        close(server);
    }

    @ParameterizedTest
    @CsvSource({
        "server-rsa, -tls1_2, TLSv1.2", "server-rsa, -tls1_3, TLSv1.3",
                "server-ecdsa, -tls1_2, TLSv1.2",
        "server-ecdsa, -tls1_3, TLSv1.3", "server-ed25519, -tls1_2, TLSv1.2",
                "server-ed25519, -tls1_3, TLSv1.3"
    })
    void theClientTalksToAnOpensslServer(String fixture, String flag, String version)
            throws Exception {
        try (Peer server = Peer.opensslServer(fixture, flag, "-rev")) {
            List<String> facts = new ArrayList<>();
            assertEquals("olleh\n", ask(clientOptions(server.opensslPort()), facts));
            assertEquals(List.of(version, "true", "localhost"), facts);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theServerEchoesToANodeClient(String version) throws Exception {
        TLSServer server = echoServer(serverOptions());
        String program = "const tls = require('tls'), fs = require('fs');"
                + "const s = tls.connect({port: " + server.address().port()
                + ", host: '127.0.0.1', servername: 'localhost',"
                + " minVersion: '" + version + "', maxVersion: '" + version
                + "', ca: fs.readFileSync('"
                + fixture("ca1-cert.pem") + "')}, () => { console.log(s.authorized,"
                + " s.getProtocol(), s.getPeerCertificate().subject.CN);"
                + " s.end('hello from node'); });s.setEncoding('utf8');"
                + " s.on('data', (d) => console.log('echo', d));"
                + " s.on('close', (e) => console.log('close', e));";
        try (Peer client = Peer.node(program)) {
            assertEquals(
                    "true " + version + " localhost\necho hello from node\nclose false\n",
                    client.finish());
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theClientTalksToANodeServer(String version) throws Exception {
        String program = "const tls = require('tls'), fs = require('fs');"
                + "const s = tls.createServer({key: fs.readFileSync('"
                + fixture("server-ecdsa-key.pem") + "'), cert: fs.readFileSync('"
                + fixture("server-ecdsa-cert.pem") + "'), ca: fs.readFileSync('"
                + fixture("ca1-cert.pem")
                + "'), requestCert: true, minVersion: '" + version + "', maxVersion: '" + version
                + "'}, (c) => { console.log('client', c.authorized, c.servername,"
                + " c.getPeerCertificate().subject.CN); c.on('data', (d) =>"
                + " c.write(d.toString().toUpperCase())); });s.listen(0, '127.0.0.1', () =>"
                + " console.log('port', s.address().port));";
        try (Peer server = Peer.node(program)) {
            List<String> facts = new ArrayList<>();
            ConnectOptions options = clientOptions(server.port("port (\\d+)"))
                    .key(fixture("client-key.pem"))
                    .cert(fixture("client-cert.pem"));
            assertEquals("HELLO\n", ask(options, facts));
            assertEquals(List.of(version, "true", "localhost"), facts);
            server.await("client true localhost client one");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.2", "1.3"})
    void curlGetsAPage(String version) throws Exception {
        TLSServer server = run(done -> {
            TLSServer page = TLS.createServer(
                    serverOptions(),
                    socket -> socket.once(
                            Readable.DATA,
                            request -> socket.end("HTTP/1.1 200 OK\r\n"
                                    + "Content-Length: 5\r\n"
                                    + "Connection: close\r\n\r\n"
                                    + socket.getProtocol().substring(3) + "\n")));
            page.listen(0, "127.0.0.1", () -> done.complete(page));
        });
        int port = server.address().port();
        try (Peer curl = Peer.start(
                "curl",
                "-sS",
                "--tlsv" + version,
                "--tls-max",
                version,
                "--cacert",
                fixture("ca1-cert.pem").toString(),
                "--resolve",
                "localhost:" + port + ":127.0.0.1",
                "https://localhost:" + port + "/")) {
            assertEquals("v" + version + "\n", curl.finish());
            assertEquals(0, curl.exitCode());
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientAuthenticatesWithACertificate(String version) throws Exception {
        CompletableFuture<String> peer = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions().requestCert(true).ca(fixture("ca1-cert.pem")), socket -> {
                        peer.complete(socket.authorized() + " "
                                + commonName(socket.getPeerCertificate()));
                        socket.end("bye\n");
                    });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(
                server.address().port(),
                version,
                "-ign_eof",
                "-key",
                fixture("client-key.pem").toString(),
                "-cert",
                fixture("client-cert.pem").toString())) {
            assertTrue(client.finish().contains("bye"));
        }
        assertEquals("true client one", peer.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientWithoutACertificateIsRefused(String version) throws Exception {
        CompletableFuture<String> code = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made =
                    TLS.createServer(serverOptions().requestCert(true).ca(fixture("ca1-cert.pem")));
            made.on(
                    TLSServer.TLS_CLIENT_ERROR,
                    (error, socket) -> code.complete(Coded.codeOf(error)));
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(server.address().port(), version, "-ign_eof")) {
            String said = client.finish();
            assertTrue(
                    said.contains("alert handshake failure")
                            || said.contains("alert certificate required"),
                    said);
        }
        assertEquals(
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", code.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientResumesItsSession(String version) throws Exception {
        TLSServer server = echoServer(serverOptions());
        String port = "127.0.0.1:" + server.address().port();
        Path session = folder.resolve("session");
        try (Peer first = Peer.opensslClient(
                server.address().port(), version, "-ign_eof", "-sess_out", session.toString())) {
            first.await("Verify return code");
            first.send("one\n");
            first.await("(?m)^one$");
            // Written when the session, or its ticket, arrived.
            while (!Files.exists(session) || Files.size(session) == 0) {
                Thread.onSpinWait();
            }
        }
        try (Peer second = Peer.start(
                "openssl",
                "s_client",
                "-connect",
                port,
                "-servername",
                "localhost",
                version,
                "-ign_eof",
                "-sess_in",
                session.toString())) {
            second.await("Reused, TLSv1");
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void theClientResumesASessionOfAnOpensslServer(String version) throws Exception {
        try (Peer server = Peer.opensslServer("server-rsa", version, "-rev")) {
            int port = server.opensslPort();
            byte[] session = run(done -> {
                TLSSocket client = TLS.connect(clientOptions(port));
                client.on(TLSSocket.SESSION, bytes -> {
                    done.complete(bytes);
                    client.destroy();
                });
            });
            boolean reused = run(done -> {
                TLSSocket client = TLS.connect(clientOptions(port).session(session));
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    done.complete(client.isSessionReused());
                    client.destroy();
                });
            });
            assertTrue(reused);
        }
    }

    @Test
    void opensslsRenegotiationIsLimited() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 2;
        CompletableFuture<String> code = new CompletableFuture<>();
        CompletableFuture<Integer> secures = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(serverOptions().maxVersion("TLSv1.2"), socket -> {
                int[] count = {1};
                socket.on(TLSSocket.SECURE, () -> {
                    count[0]++;
                    socket.write("secure " + count[0] + "\n");
                });
                socket.on(io.github.securepair.events.EventEmitter.ERROR, error -> {
                    code.complete(Coded.codeOf(error));
                    secures.complete(count[0]);
                    socket.destroy();
                });
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(server.address().port(), "-tls1_2")) {
            // The listener was added by the first 'secure', so that one is not counted.
            client.await("Verify return code: 0");
            client.send("R\n");
            client.await("secure 3|secure 2");
            client.send("R\n");
            client.await("secure 3");
            client.send("R\n");
            client.finish();
        }
        assertEquals("ERR_TLS_SESSION_ATTACK", code.get(SECONDS, TimeUnit.SECONDS));
        assertEquals(3, secures.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientSeesTheStaple(String version) throws Exception {
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions().ca(fixture("ca1-cert.pem")), socket -> socket.end());
            made.on(
                    TLSServer.OCSP_REQUEST,
                    (certificate, issuer, callback) ->
                            callback.done(null, ScenarioRun.file("server-rsa-ocsp.der")));
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client =
                Peer.opensslClient(server.address().port(), version, "-ign_eof", "-status")) {
            String said = client.finish();
            assertTrue(said.contains("OCSP Response Status: successful (0x0)"), said);
            assertTrue(said.contains("Cert Status: good"), said);
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void theClientGetsTheStapleOfAnOpensslServer(String version) throws Exception {
        try (Peer server = Peer.opensslServer(
                "server-rsa",
                version,
                "-rev",
                "-status_file",
                fixture("server-rsa-ocsp.der").toString())) {
            int port = server.opensslPort();
            byte[] staple = run(done -> {
                TLSSocket client = TLS.connect(clientOptions(port).requestOCSP(true));
                client.on(TLSSocket.OCSP_RESPONSE, response -> {
                    done.complete(response);
                    client.destroy();
                });
            });
            assertArrayEquals(ScenarioRun.file("server-rsa-ocsp.der"), staple);
        }
    }

    @ParameterizedTest
    @CsvSource({"a.example.test, a.example.test", "b.example.test, localhost"})
    void anOpensslClientGetsTheCertificateOfTheName(String name, String subject) throws Exception {
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(serverOptions(), socket -> socket.end());
            made.addContext(
                    "a.example.test",
                    new SecureContextOptions()
                            .key(fixture("sni-a-key.pem"))
                            .cert(fixture("sni-a-cert.pem")));
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.start(
                "openssl",
                "s_client",
                "-connect",
                "127.0.0.1:" + server.address().port(),
                "-servername",
                name,
                "-ign_eof")) {
            String said = client.finish();
            assertTrue(said.contains("CN = " + subject), said);
        }
        close(server);
    }

    @Test
    void theClientsNameChoosesTheCertificateOfAnOpensslServer() throws Exception {
        try (Peer server = Peer.opensslServer(
                "server-rsa",
                "-rev",
                "-servername",
                "a.example.test",
                "-key2",
                fixture("sni-a-key.pem").toString(),
                "-cert2",
                fixture("sni-a-cert.pem").toString())) {
            int port = server.opensslPort();
            for (String name : new String[] {"a.example.test", "localhost"}) {
                List<String> facts = new ArrayList<>();
                ask(clientOptions(port).servername(name), facts);
                assertEquals(name, facts.get(2));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void alpnIsNegotiatedWithOpenssl(String version) throws Exception {
        CompletableFuture<String> chosen = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions().ALPNProtocols(List.of("h2", "http/1.1")), socket -> {
                        chosen.complete(socket.alpnProtocol());
                        socket.end();
                    });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(
                server.address().port(), version, "-ign_eof", "-alpn", "http/1.1,h2")) {
            assertTrue(client.finish().contains("ALPN protocol: h2"));
        }
        assertEquals("h2", chosen.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @Test
    void npnIsNegotiatedWithAnOpensslClient() throws Exception {
        CompletableFuture<String> chosen = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions().NPNProtocols(List.of("a", "b", "c")), socket -> {
                        chosen.complete(socket.npnProtocol());
                        socket.end();
                    });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(
                server.address().port(), "-tls1_2", "-ign_eof", "-nextprotoneg", "c,b")) {
            assertTrue(client.finish().contains("Next protocol: (1) b"));
        }
        assertEquals("b", chosen.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @Test
    void npnIsNegotiatedWithAnOpensslServer() throws Exception {
        try (Peer server =
                Peer.opensslServer("server-rsa", "-tls1_2", "-rev", "-nextprotoneg", "a,b,c")) {
            int port = server.opensslPort();
            String chosen = run(done -> {
                TLSSocket client = TLS.connect(clientOptions(port).NPNProtocols(List.of("c", "b")));
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    done.complete(client.npnProtocol());
                    client.destroy();
                });
            });
            assertEquals("b", chosen);
            String none = run(done -> {
                TLSSocket client = TLS.connect(clientOptions(port).NPNProtocols(List.of("x", "y")));
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    done.complete(client.npnProtocol());
                    client.destroy();
                });
            });
            assertNull(none);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theServerEchoesToTheJdk(String version) throws Exception {
        TLSServer server = echoServer(serverOptions());
        try (SSLSocket client = (SSLSocket) jdkContext()
                .getSocketFactory()
                .createSocket("127.0.0.1", server.address().port())) {
            client.setSoTimeout(20_000);
            client.setEnabledProtocols(new String[] {version});
            client.startHandshake();
            OutputStream out = client.getOutputStream();
            out.write("hello".getBytes(StandardCharsets.US_ASCII));
            InputStream in = client.getInputStream();
            assertEquals("hello", new String(in.readNBytes(5), StandardCharsets.US_ASCII));
            assertEquals(version, client.getSession().getProtocol());
            assertEquals(
                    "CN=localhost,O=Securepair tests,C=XX",
                    client.getSession().getPeerPrincipal().getName());
        }
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theClientTalksToTheJdk(String version) throws Exception {
        try (SSLServerSocket listener =
                (SSLServerSocket) jdkContext().getServerSocketFactory().createServerSocket(0)) {
            listener.setEnabledProtocols(new String[] {version});
            Thread thread = new Thread(() -> {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    byte[] line = socket.getInputStream().readNBytes(6);
                    socket.getOutputStream().write(line);
                    socket.getInputStream().read();
                } catch (java.io.IOException e) {
                    // The assertion below fails then.
                }
            });
            thread.start();
            List<String> facts = new ArrayList<>();
            assertEquals("hello\n", ask(clientOptions(listener.getLocalPort()), facts));
            assertEquals(List.of(version, "true", "localhost"), facts);
            thread.join(20_000);
        }
    }

    static SSLContext jdkContext() throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null);
        trust.setCertificateEntry(
                "ca",
                factory.generateCertificate(
                        new ByteArrayInputStream(ScenarioRun.file("ca1-cert.pem"))));
        TrustManagerFactory trusts =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusts.init(trust);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(
                new ByteArrayInputStream(ScenarioRun.file("server-rsa.pfx")),
                "passphrase".toCharArray());
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "passphrase".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), trusts.getTrustManagers(), null);
        return context;
    }
}
