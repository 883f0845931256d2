package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.errors.StateException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.ManualClock;
import io.github.securepair.net.AddressInfo;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What TLSSocket does beyond the traces: wrapping by hand, properties, arguments, time-outs,
 * threads.
 */
class TLSSocketTest extends LoopTest {
    @TempDir
    Path folder;

    private static TLSSocketOptions bareServer() {
        return new TLSSocketOptions()
                .isServer(true)
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"))
                .ca(fixture("ca1-cert.pem"));
    }

    private static TLSSocketOptions bareClient(String ca) {
        return new TLSSocketOptions().ca(fixture(ca));
    }

    // ---- wrapped by hand ----------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientMadeByHandVerifiesTheChain(String version) throws Exception {
        run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket server = new TLSSocket(pair.first(), bareServer().maxVersion(version));
            TLSSocket good = new TLSSocket(pair.second(), bareClient("ca1-cert.pem"));
            good.on(TLSSocket.SECURE, () -> {
                assertTrue(good.authorized());
                assertNull(good.authorizationError());
                assertFalse(good.secureConnecting());
                assertEquals(version, good.getProtocol());
                good.destroy();
                server.destroy();
                done.complete(null);
            });
            good.write("begins the handshake");
        });
    }

    @Test
    void aClientMadeByHandToleratesABadChainUnlessItRejects() throws Exception {
        run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket server = new TLSSocket(pair.first(), bareServer());
            TLSSocket client = new TLSSocket(pair.second(), bareClient("ca2-cert.pem"));
            client.on(TLSSocket.SECURE, () -> {
                assertFalse(client.authorized());
                assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", client.authorizationError());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
            client.write("x");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientMadeByHandThatRejectsSendsNothingToABadServer(String version) throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            DuplexPair pair = DuplexPair.create();
            TLSSocket server = new TLSSocket(pair.first(), bareServer().maxVersion(version));
            TLSSocket client = new TLSSocket(
                    pair.second(), bareClient("ca2-cert.pem").rejectUnauthorized(true));
            server.on(Readable.DATA, chunk -> events.add("server data"));
            client.on(TLSSocket.SECURE, () -> events.add("secure"));
            client.on(EventEmitter.ERROR, error -> events.add("error " + Coded.codeOf(error)));
            client.on(Socket.CLOSE, hadError -> {
                events.add("close " + hadError);
                server.destroy();
                loop.setTimeout(() -> done.complete(events), 10);
            });
            client.write("secret", error -> events.add("wrote " + Coded.codeOf(error)));
        });
        assertEquals(
                List.of(
                        "wrote UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                        "error UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                        "close true"),
                log);
    }

    @Test
    void aClientMadeByHandChecksTheServernameItWasGiven() throws Exception {
        Throwable error = run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket server = new TLSSocket(pair.first(), bareServer());
            TLSSocket client = new TLSSocket(
                    pair.second(),
                    bareClient("ca1-cert.pem")
                            .servername("elsewhere.test")
                            .rejectUnauthorized(true));
            client.on(EventEmitter.ERROR, failure -> {
                server.destroy();
                done.complete(failure);
            });
            client.write("x");
        });
        assertEquals("ERR_TLS_CERT_ALTNAME_INVALID", Coded.codeOf(error));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aServerMadeByHandRefusesAnUntrustedClient(String version) throws Exception {
        Throwable error = run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket server = new TLSSocket(
                    pair.first(),
                    bareServer().maxVersion(version).requestCert(true).rejectUnauthorized(true));
            TLSSocket client = new TLSSocket(
                    pair.second(),
                    bareClient("ca1-cert.pem")
                            .key(fixture("client-ca2-key.pem"))
                            .cert(fixture("client-ca2-cert.pem")));
            server.on(
                    TLSSocket.SECURE,
                    () -> done.completeExceptionally(new AssertionError("secure")));
            server.on(EventEmitter.ERROR, failure -> {
                assertFalse(server.authorized());
                client.destroy();
                done.complete(failure);
            });
            client.write("x");
        });
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Coded.codeOf(error));
    }

    @Test
    void aClientMadeByHandDoesNothingBeforeItWrites() throws Exception {
        run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket client = new TLSSocket(pair.second(), bareClient("ca1-cert.pem"));
            pair.first()
                    .on(
                            Readable.DATA,
                            chunk -> done.completeExceptionally(new AssertionError("data")));
            loop.setTimeout(
                    () -> {
                        client.destroy();
                        done.complete(null);
                    },
                    20);
        });
    }

    @Test
    void bytesReadBeforeWrappingAreNotLost() throws Exception {
        run(done -> {
            Server server = Net.createServer(
                    new NetServerOptions().loop(loop),
                    raw -> raw.once("readable", args -> {
                        // Everything that arrived is in the socket's buffer now.
                        assertTrue(raw.readableLength() > 0);
                        TLSSocket socket = new TLSSocket(raw, bareServer());
                        socket.on(Readable.DATA, chunk -> socket.end("got " + text(chunk)));
                    }));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.write("early");
                client.on(Readable.DATA, chunk -> assertEquals("got early", text(chunk)));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void startTlsInTheMiddleOfAPlainConversation() throws Exception {
        run(done -> {
            Server server = Net.createServer(new NetServerOptions().loop(loop), raw -> {
                raw.write("220 ready\r\n");
                raw.once(Readable.DATA, chunk -> {
                    assertEquals("STARTTLS\r\n", text(chunk));
                    raw.write("220 go\r\n");
                    TLSSocket socket = new TLSSocket(raw, bareServer());
                    socket.pipe(socket);
                });
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket raw = Net.connect(server.address().port(), "127.0.0.1");
                raw.once(Readable.DATA, greeting -> {
                    raw.write("STARTTLS\r\n");
                    raw.once(Readable.DATA, go -> {
                        TLSSocket client = TLS.connect(new ConnectOptions()
                                .socket(raw)
                                .servername("localhost")
                                .ca(fixture("ca1-cert.pem")));
                        client.write("encrypted now");
                        client.on(Readable.DATA, chunk -> {
                            assertEquals("encrypted now", text(chunk));
                            client.end();
                        });
                        client.on(
                                Socket.CLOSE,
                                hadError -> server.close(error -> done.complete(null)));
                    });
                });
            });
        });
    }

    @Test
    void aServerTakesAnyDuplexAsAConnection() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.on(TLSServer.SECURE_CONNECTION, socket -> {
                assertSame(server, socket.server());
                assertNull(socket.remoteAddress());
                assertEquals(AddressInfo.NONE, socket.address());
                socket.end("in memory");
            });
            DuplexPair pair = DuplexPair.create();
            server.emit("connection", pair.first());
            TLSSocket client = TLS.connect(new ConnectOptions()
                    .socket(pair.second())
                    .servername("localhost")
                    .ca(fixture("ca1-cert.pem")));
            client.on(Readable.DATA, chunk -> {
                assertEquals("in memory", text(chunk));
                client.destroy();
                pair.first().destroy();
                server.close(error -> done.complete(null));
            });
        });
    }

    // ---- where to -----------------------------------------------------------------------------

    @Test
    void connectTakesAllOfNodesForms() throws Exception {
        run(done -> {
            int[] secured = {0};
            int forms = 6;
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                int port = server.address().port();
                ConnectOptions rest = new ConnectOptions()
                        .loop(loop)
                        .servername("localhost")
                        .ca(fixture("ca1-cert.pem"));
                ConnectOptions all = rest.copy().port(port).host("127.0.0.1");
                for (TLSSocket each : List.of(
                        TLS.connect(all),
                        TLS.connect(all, () -> secured[0]++),
                        TLS.connect(port, "127.0.0.1", rest),
                        TLS.connect(port, "127.0.0.1", rest, () -> secured[0]++),
                        TLS.connect(1, "host.invalid", all),
                        TLS.connect(String.valueOf(port), rest.copy().host("127.0.0.1")))) {
                    each.resume();
                    each.on(Socket.CLOSE, hadError -> {
                        assertFalse(hadError);
                        if (++secured[0] == forms + 2) {
                            server.close(error -> done.complete(null));
                        }
                    });
                }
            });
        });
    }

    @Test
    void unixSocketsWorkAndHaveNoAddresses() throws Exception {
        String path = folder.resolve("tls.sock").toString();
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                assertEquals(AddressInfo.NONE, socket.address());
                socket.pipe(socket);
            });
            server.listen(path, () -> {
                TLSSocket client = TLS.connect(
                        path,
                        new ConnectOptions()
                                .loop(loop)
                                .servername("localhost")
                                .ca(fixture("ca1-cert.pem")));
                client.write("over a path");
                client.on(Readable.DATA, chunk -> {
                    assertEquals("over a path", text(chunk));
                    client.end();
                });
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void addressesAreThoseOfTheConnection() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                assertEquals("127.0.0.1", socket.remoteAddress());
                assertEquals("IPv4", socket.remoteFamily());
                socket.end(socket.remotePort() + "");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> {
                    assertEquals(client.localPort() + "", text(chunk));
                    assertEquals("127.0.0.1", client.localAddress());
                    assertEquals("IPv4", client.localFamily());
                    assertEquals(server.address().port(), client.remotePort());
                    assertEquals(client.localPort(), client.address().port());
                });
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void aRefusedConnectionIsASystemError() throws Exception {
        int port = run(done -> {
            Server server = Net.createServer(new NetServerOptions().loop(loop));
            server.listen(0, "127.0.0.1", () -> {
                int free = server.address().port();
                server.close(error -> done.complete(free));
            });
        });
        Throwable error = run(done -> {
            TLSSocket client = TLS.connect(clientOptions(port));
            client.on(EventEmitter.ERROR, done::complete);
        });
        assertEquals("ECONNREFUSED", Coded.codeOf(error));
        assertEquals("connect", assertInstanceOf(SystemException.class, error).syscall());
    }

    @Test
    void aRefusedConnectionBelowIsToldOnBothSockets() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            Socket raw = Net.connect(1, "127.0.0.1");
            raw.on(EventEmitter.ERROR, error -> events.add("raw " + Coded.codeOf(error)));
            raw.on(Socket.CLOSE, hadError -> events.add("raw close " + hadError));
            TLSSocket client =
                    TLS.connect(new ConnectOptions().socket(raw).ca(fixture("ca1-cert.pem")));
            assertTrue(client.connecting());
            client.on(EventEmitter.ERROR, error -> events.add("tls " + Coded.codeOf(error)));
            client.on(Socket.CLOSE, hadError -> {
                events.add("tls close");
                done.complete(events);
            });
        });
        assertEquals(
                List.of("raw ECONNREFUSED", "tls ECONNREFUSED", "raw close true", "tls close"),
                log);
    }

    @Test
    void theDisconnectedErrorSaysWhereTo() throws Exception {
        Throwable error = run(done -> {
            Server server = Net.createServer(new NetServerOptions().loop(loop), Socket::destroy);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(
                        EventEmitter.ERROR,
                        failure -> server.close(closed -> done.complete(failure)));
            });
        });
        DisconnectedException disconnected = assertInstanceOf(DisconnectedException.class, error);
        assertEquals("127.0.0.1", disconnected.host());
        assertTrue(disconnected.port() > 0);
        assertNull(disconnected.localAddress());
    }

    // ---- threads ------------------------------------------------------------------------------

    @Test
    void everythingMayBeStartedFromAnotherThread() throws Exception {
        CompletableFuture<String> heard = new CompletableFuture<>();
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        TLSSocket client = TLS.connect(clientOptions(server));
        client.on(Readable.DATA, chunk -> heard.complete(text(chunk)));
        client.write("from the test's thread");
        assertEquals("from the test's thread", heard.get(SECONDS, TimeUnit.SECONDS));
        client.end();
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void connectAsyncCompletesWhenSecure() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        TLSSocket client = TLS.connectAsync(clientOptions(server)).get(SECONDS, TimeUnit.SECONDS);
        assertTrue(client.authorized());
        client.destroy();
        CompletableFuture<TLSSocket> failing =
                TLS.connectAsync(clientOptions(server).ca(fixture("ca2-cert.pem")));
        Exception failure = assertThrows(
                java.util.concurrent.ExecutionException.class,
                () -> failing.get(SECONDS, TimeUnit.SECONDS));
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Coded.codeOf(failure.getCause()));
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aThreadMayReadAndWriteBlocking() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        TLSSocket client = TLS.connectAsync(clientOptions(server)).get(SECONDS, TimeUnit.SECONDS);
        byte[] sent = new byte[500_000];
        new java.util.Random(1).nextBytes(sent);
        Thread writer = new Thread(() -> {
            try {
                client.outputStream().write(sent);
                client.end();
            } catch (java.io.IOException e) {
                uncaught.add(e);
            }
        });
        writer.start();
        try (var in = client.inputStream()) {
            assertArrayEquals(sent, in.readAllBytes());
        }
        writer.join();
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    // ---- properties of the connection ---------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void bothEndsAgreeOnFinishedMessagesAndExportedKeys(String version) throws Exception {
        run(done -> {
            TLSSocket[] accepted = new TLSSocket[1];
            TLSServer server = TLS.createServer(serverOptions().maxVersion(version), socket -> {
                accepted[0] = socket;
                socket.write("x");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> {
                    TLSSocket peer = accepted[0];
                    assertArrayEquals(client.getFinished(), peer.getPeerFinished());
                    assertArrayEquals(peer.getFinished(), client.getPeerFinished());
                    byte[] context = "context".getBytes(StandardCharsets.US_ASCII);
                    assertArrayEquals(
                            client.exportKeyingMaterial(40, "label", context),
                            peer.exportKeyingMaterial(40, "label", context));
                    assertEquals(40, client.exportKeyingMaterial(40, "label").length);
                    assertTrue(
                            peer.getSharedSigalgs().contains("RSA-PSS+SHA256"),
                            "" + peer.getSharedSigalgs());
                    assertEquals(List.of(), client.getSharedSigalgs());
                    assertNotNull(client.getSession());
                    assertNotNull(peer.getSession());
                    assertNull(peer.getTLSTicket());
                    assertEquals(
                            "localhost",
                            client.getPeerX509Certificate()
                                    .getSubjectX500Principal()
                                    .getName()
                                    .substring(3, 12));
                    assertNull(client.getX509Certificate());
                    assertTrue(client.encrypted());
                    client.destroy();
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    @Test
    void theRawSocketCountsCiphertextAndATlsSocketCannotBeReset() throws Exception {
        run(done -> {
            Socket[] raw = {null};
            TLSServer server = TLS.createServer(
                    serverOptions(),
                    socket -> socket.on(Readable.DATA, chunk -> {
                        assertEquals(1000, socket.bytesRead());
                        socket.write(new byte[500]);
                        assertEquals(500, socket.bytesWritten());
                        assertTrue(raw[0].bytesRead() > 1200, "" + raw[0].bytesRead());
                        assertTrue(raw[0].bytesWritten() > 1500, "" + raw[0].bytesWritten());
                        assertEquals("ERR_INVALID_HANDLE_TYPE", codeOf(socket::resetAndDestroy));
                    }));
            server.on(Server.CONNECTION, socket -> raw[0] = socket);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.write(new byte[1000]);
                client.on(Readable.DATA, chunk -> {
                    client.destroy();
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    @Test
    void everythingIsNullOnceClosed() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(Socket.CLOSE, hadError -> {
                    assertNull(client.getCipher());
                    assertNull(client.getProtocol());
                    assertNull(client.getPeerCertificate());
                    assertNull(client.getCertificate());
                    assertNull(client.getEphemeralKeyInfo());
                    assertNull(client.getSharedSigalgs());
                    assertNull(client.getFinished());
                    assertNull(client.getPeerFinished());
                    assertNull(client.getSession());
                    assertNull(client.getTLSTicket());
                    assertNull(client.getPeerX509Certificate());
                    assertFalse(client.isSessionReused());
                    assertThrows(StateException.class, () -> client.setMaxSendFragment(1024));
                    assertFalse(client.renegotiate(new RenegotiateOptions(), null));
                    // What was decided stays.
                    assertTrue(client.authorized());
                    assertEquals("localhost", client.servername());
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    @Test
    void anUnstartedSocketSaysItsHighestProtocol() throws Exception {
        run(done -> {
            TLSSocket socket = new TLSSocket(new TLSSocketOptions());
            assertEquals("TLSv1.3", socket.getProtocol());
            assertNull(socket.getCipher());
            assertTrue(socket.getPeerCertificate().isEmpty());
            assertTrue(socket.secureConnecting());
            assertThrows(StateException.class, () -> socket.exportKeyingMaterial(10, "label"));
            socket.destroy();
            done.complete(null);
        });
    }

    @Test
    void ticketsAreTheClients() throws Exception {
        run(done -> {
            TLSServer server =
                    TLS.createServer(serverOptions().maxVersion("TLSv1.2"), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(TLSSocket.SECURE_CONNECT, () -> assertNotNull(client.getTLSTicket()));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    // ---- arguments ----------------------------------------------------------------------------

    private static String codeOf(org.junit.jupiter.api.function.Executable call) {
        return Coded.codeOf(assertThrows(RuntimeException.class, call));
    }

    @Test
    void badArgumentsFailAtTheCall() throws Exception {
        run(done -> {
            assertEquals("ERR_MISSING_ARGS", codeOf(() -> TLS.connect(new ConnectOptions())));
            assertEquals("ERR_SOCKET_BAD_PORT", codeOf(() -> TLS.connect(70_000)));
            assertEquals(
                    "ERR_SOCKET_BAD_PORT",
                    codeOf(() -> TLS.connect(new ConnectOptions().port("abc"))));
            ConnectOptions at = new ConnectOptions().port(1).host("127.0.0.1");
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "host", 5)));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "servername", 5)));
            assertEquals(
                    "ERR_TLS_INVALID_CONTEXT",
                    codeOf(() -> connectWith(at, "secureContext", "text")));
            assertEquals(
                    "ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "ALPNProtocols", "text")));
            assertEquals(
                    "ERR_INVALID_ARG_VALUE",
                    codeOf(() -> connectWith(at, "ALPNProtocols", List.of(""))));
            assertEquals(
                    "ERR_OUT_OF_RANGE",
                    codeOf(() -> connectWith(at, "ALPNProtocols", List.of("x".repeat(256)))));
            assertEquals(
                    "ERR_INVALID_ARG_TYPE",
                    codeOf(() -> connectWith(at, "checkServerIdentity", 5)));
            assertEquals("ERR_OUT_OF_RANGE", codeOf(() -> connectWith(at, "minDHSize", 0)));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "session", "text")));
            assertEquals(
                    "ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "enableTrace", "yes")));
            assertEquals(
                    "ERR_INVALID_ARG_TYPE", codeOf(() -> connectWith(at, "pskCallback", "yes")));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> serverWith("SNICallback", 5)));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> serverWith("ALPNCallback", 5)));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> serverWith("pskCallback", 5)));
            assertEquals(
                    "ERR_INVALID_ARG_TYPE", codeOf(() -> serverWith("handshakeTimeout", "abcd")));
            assertEquals(
                    "ERR_TLS_REQUIRED_SERVER_NAME",
                    codeOf(() -> TLS.createServer().addContext("", new SecureContextOptions())));
            TLSSocket server = new TLSSocket(DuplexPair.create().first(), bareServer());
            assertEquals("ERR_TLS_SNI_FROM_SERVER", codeOf(() -> server.setServername("x")));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> server.setServername(null)));
            assertEquals("ERR_INVALID_ARG_TYPE", codeOf(() -> server.renegotiate(null, null)));
            assertEquals("ERR_OUT_OF_RANGE", codeOf(() -> server.exportKeyingMaterial(0, "label")));
            server.destroy();
            // Contexts that servers made go when they close; these never listened.
            loop.setTimeout(() -> done.complete(null), 1);
        });
        System.gc();
    }

    private static void connectWith(ConnectOptions base, String name, Object value) {
        TLS.connect(base.copy().set(name, value));
    }

    private static void serverWith(String name, Object value) {
        TLS.createServer(serverOptions().set(name, value));
    }

    @Test
    void aServernameSetTooLateIsAnErrorNotACrash() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> assertThrows(
                                IllegalStateException.class, () -> client.setServername("late")));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void aClientsSecureContextIsLeftToItsOwner() throws Exception {
        run(done -> {
            SecureContext context =
                    TLS.createSecureContext(new SecureContextOptions().ca(fixture("ca1-cert.pem")));
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).secureContext(context));
                client.resume();
                client.on(Socket.CLOSE, hadError -> {
                    assertFalse(context.isClosed());
                    context.close();
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    // ---- time ---------------------------------------------------------------------------------

    @Test
    void theHandshakeTimeoutIs120SecondsFromTheConnection() throws Exception {
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            CompletableFuture<String> event = new CompletableFuture<>();
            CompletableFuture<Boolean> closed = new CompletableFuture<>();
            ServerOptions options = serverOptions().loop(timed);
            TLSServer server = TLS.createServer(options);
            List<Throwable> both = new ArrayList<>();
            server.on(TLSServer.CLIENT_ERROR, (error, socket) -> both.add(error));
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {
                both.add(error);
                event.complete(Coded.codeOf(error) + " " + socket.destroyed());
                socket.on(Socket.CLOSE, closed::complete);
            });
            CompletableFuture<Void> connected = new CompletableFuture<>();
            server.on(Server.CONNECTION, socket -> connected.complete(null));
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            try (java.net.Socket client =
                    new java.net.Socket("127.0.0.1", server.address().port())) {
                connected.get(SECONDS, TimeUnit.SECONDS);
                clock.advance(119_000);
                client.getOutputStream().write(22);
                assertFalse(event.isDone());
                clock.advance(1_000);
                assertEquals(
                        "ERR_TLS_HANDSHAKE_TIMEOUT false", event.get(SECONDS, TimeUnit.SECONDS));
                assertFalse(closed.get(SECONDS, TimeUnit.SECONDS));
                assertTrue(isCutOff(client));
            }
            timed.submit(() -> {
                        assertEquals(2, both.size());
                        assertSame(both.get(0), both.get(1));
                        return null;
                    })
                    .get(SECONDS, TimeUnit.SECONDS);
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    /** A server that did not read everything cuts off with a reset. */
    private static boolean isCutOff(java.net.Socket client) throws java.io.IOException {
        try {
            return client.getInputStream().read() == -1;
        } catch (java.net.SocketException reset) {
            return true;
        }
    }

    @Test
    void aServersRenegotiationThatNobodyAnswersTimesOut() throws Exception {
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            CompletableFuture<String> event = new CompletableFuture<>();
            CompletableFuture<Void> asked = new CompletableFuture<>();
            TLSServer server = TLS.createServer(
                    serverOptions().loop(timed).maxVersion("TLSv1.2").handshakeTimeout(5_000),
                    socket -> {
                        socket.on(EventEmitter.ERROR, error -> event.complete(Coded.codeOf(error)));
                        socket.renegotiate(
                                new RenegotiateOptions(), error -> event.complete("renegotiated"));
                        timed.setImmediate(() -> asked.complete(null));
                    });
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            // A client that receives nothing more once it is secure.
            SecurePair client = run(done -> {
                SecurePair made = TLS.createSecurePair();
                Socket socket = Net.connect(server.address().port(), "127.0.0.1");
                made.encrypted().pipe(socket);
                socket.on(EventEmitter.ERROR, error -> {});
                boolean[] deaf = {false};
                socket.on(Readable.DATA, chunk -> {
                    if (!deaf[0]) {
                        made.encrypted().write(chunk);
                    }
                });
                made.on(SecurePair.SECURE, () -> {
                    deaf[0] = true;
                    done.complete(made);
                });
            });
            asked.get(SECONDS, TimeUnit.SECONDS);
            clock.advance(5_000);
            assertEquals("ERR_TLS_HANDSHAKE_TIMEOUT", event.get(SECONDS, TimeUnit.SECONDS));
            client.destroy();
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void aServerAsksForTheClientsCertificateLater() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(
                    serverOptions()
                            .maxVersion("TLSv1.2")
                            .rejectUnauthorized(false)
                            .ca(fixture("ca1-cert.pem")),
                    socket -> {
                        assertFalse(socket.authorized());
                        socket.on(
                                Readable.DATA,
                                chunk -> socket.renegotiate(
                                        new RenegotiateOptions()
                                                .requestCert(true)
                                                .rejectUnauthorized(true),
                                        error -> {
                                            assertNull(error);
                                            assertTrue(socket.authorized());
                                            socket.end(commonName(socket.getPeerCertificate()));
                                        }));
                    });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server)
                        .key(fixture("client-key.pem"))
                        .cert(fixture("client-cert.pem")));
                client.write("x");
                client.on(Readable.DATA, chunk -> assertEquals("client one", text(chunk)));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void argumentErrorsHaveNodesClass() {
        ArgumentException error =
                assertThrows(ArgumentException.class, () -> TLS.connect(new ConnectOptions()));
        assertEquals("TypeError", error.name());
    }
}
