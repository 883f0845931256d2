package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.events.ManualClock;
import io.github.securepair.net.Net;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** What TLSServer does beyond the traces: sessions between servers, names, contexts, loops. */
class TLSServerTest extends LoopTest {
    private final List<Server> servers = new ArrayList<>();

    /** What a client saw of one connection. */
    private record Seen(
            String protocol,
            boolean reused,
            String subject,
            byte[] session,
            String npn,
            String alpn,
            boolean authorized) {}

    @AfterEach
    void closeServers() throws Exception {
        for (Server server : servers) {
            if (server.listening()) {
                server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    private TLSServer listen(ServerOptions options) throws Exception {
        return listen(TLS.createServer(options, socket -> socket.end("x")));
    }

    private TLSServer listen(TLSServer server) throws Exception {
        servers.add(server);
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        return server;
    }

    /** Connects, waits for the server's end, and returns what was negotiated. */
    private Seen visit(ConnectOptions options) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(options);
            Seen[] seen = {null};
            byte[][] session = {null};
            client.on(TLSSocket.SESSION, bytes -> session[0] = bytes);
            client.on(
                    TLSSocket.SECURE_CONNECT,
                    () -> seen[0] = new Seen(
                            client.getProtocol(),
                            client.isSessionReused(),
                            client.getPeerCertificate().isEmpty()
                                    ? null
                                    : commonName(client.getPeerCertificate()),
                            null,
                            client.npnProtocol(),
                            client.alpnProtocol(),
                            client.authorized()));
            client.resume();
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(
                    Socket.CLOSE,
                    hadError -> done.complete(new Seen(
                            seen[0].protocol,
                            seen[0].reused,
                            seen[0].subject,
                            session[0],
                            seen[0].npn,
                            seen[0].alpn,
                            seen[0].authorized)));
        });
    }

    // ---- tickets ------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void serversWithTheSameTicketKeysResumeEachOthersSessions(String version) throws Exception {
        byte[] keys = new byte[48];
        Arrays.fill(keys, (byte) 7);
        ServerOptions options = serverOptions().maxVersion(version).ticketKeys(keys);
        TLSServer first = listen(options);
        TLSServer second = listen(options);
        TLSServer stranger = listen(serverOptions().maxVersion(version));
        byte[] session = visit(clientOptions(first)).session();
        assertTrue(visit(clientOptions(second).session(session)).reused());
        assertFalse(visit(clientOptions(stranger).session(session)).reused());
        assertArrayEquals(keys, second.getTicketKeys());
    }

    @Test
    void sessionsOfAnotherSessionIdContextAreNotResumed() throws Exception {
        byte[] keys = new byte[48];
        TLSServer one = listen(serverOptions().ticketKeys(keys).sessionIdContext("one"));
        TLSServer two = listen(serverOptions().ticketKeys(keys).sessionIdContext("two"));
        byte[] session = visit(clientOptions(one)).session();
        assertFalse(visit(clientOptions(two).session(session)).reused());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void ticketKeysAreRotatedWhileTheServerRuns(String version) throws Exception {
        TLSServer server = listen(serverOptions().maxVersion(version));
        byte[] old = server.getTicketKeys();
        byte[] session = visit(clientOptions(server)).session();
        assertTrue(visit(clientOptions(server).session(session)).reused());
        byte[] next = new byte[48];
        Arrays.fill(next, (byte) 9);
        server.setTicketKeys(next);
        assertFalse(visit(clientOptions(server).session(session)).reused());
        byte[] newer = visit(clientOptions(server)).session();
        assertTrue(visit(clientOptions(server).session(newer)).reused());
        server.setTicketKeys(old);
        assertTrue(visit(clientOptions(server).session(session)).reused());
    }

    @Test
    void badTicketKeysAreRefused() throws Exception {
        TLSServer server = listen(serverOptions());
        assertEquals(
                "ERR_INTERNAL_ASSERTION",
                assertThrows(ArgumentException.class, () -> server.setTicketKeys(new byte[47]))
                        .code());
        assertEquals(
                "ERR_INVALID_ARG_TYPE",
                assertThrows(ArgumentException.class, () -> server.setTicketKeys(null))
                        .code());
    }

    @Test
    void aServerThatListensAgainHasItsTicketKeysStill() throws Exception {
        TLSServer server = listen(serverOptions());
        byte[] session = visit(clientOptions(server)).session();
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        assertTrue(visit(clientOptions(server).session(session)).reused());
    }

    // ---- the session store --------------------------------------------------------------------

    private TLSServer withStore(
            ServerOptions options, Map<String, byte[]> store, List<String> asked) throws Exception {
        TLSServer server = TLS.createServer(options, socket -> socket.end("x"));
        server.on(TLSServer.NEW_SESSION, (id, data, done) -> {
            store.put(HexFormat.of().formatHex(id), data);
            // From another thread, as a store does.
            CompletableFuture.runAsync(done);
        });
        server.on(
                TLSServer.RESUME_SESSION,
                (id, done) -> CompletableFuture.runAsync(() -> {
                    byte[] known = store.get(HexFormat.of().formatHex(id));
                    asked.add(known == null ? "unknown" : "known");
                    done.done(null, known);
                }));
        return listen(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void serversThatShareAStoreResumeEachOthersSessions(String version) throws Exception {
        Map<String, byte[]> store = new ConcurrentHashMap<>();
        List<String> asked = new ArrayList<>();
        ServerOptions options = serverOptions()
                .maxVersion(version)
                .sessionIdContext("shared")
                .secureOptions(SSLOptions.SSL_OP_NO_TICKET);
        TLSServer first = withStore(options, store, asked);
        TLSServer second = withStore(options, store, asked);
        byte[] session = visit(clientOptions(first)).session();
        assertFalse(store.isEmpty());
        Seen again = visit(clientOptions(second).session(session));
        assertTrue(again.reused(), asked.toString());
        assertTrue(asked.contains("known"));
    }

    // ---- names --------------------------------------------------------------------------------

    private static SecureContextOptions named(String fixture) {
        return new SecureContextOptions()
                .key(fixture(fixture + "-key.pem"))
                .cert(fixture(fixture + "-cert.pem"));
    }

    private String subjectFor(TLSServer server, String name) throws Exception {
        return visit(clientOptions(server).servername(name).rejectUnauthorized(false))
                .subject();
    }

    @ParameterizedTest
    @CsvSource({
        "a.example.test, a.example.test, true",
        "A.Example.TEST, a.example.test, true",
        "*.test.com, x.test.com, true",
        "*.test.com, test.com, false",
        "*.test.com, a.b.test.com, false",
        "f*o.com, fzzo.com, true",
        "f*o.com, fo.com, true",
        "(a|b).example.com, a.example.com, false",
        "a.example.com, aXexample.com, false",
        "*, plain, true",
        "*, a.b, false"
    })
    void aContextIsFoundByItsPattern(String pattern, String name, boolean matches)
            throws Exception {
        TLSServer server = TLS.createServer(serverOptions("server-ecdsa"), socket -> socket.end());
        server.addContext(pattern, named("sni-a"));
        listen(server);
        assertEquals(matches ? "a.example.test" : "localhost", subjectFor(server, name));
    }

    @Test
    void theContextAddedLastWins() throws Exception {
        TLSServer server = TLS.createServer(serverOptions("server-ecdsa"), socket -> socket.end());
        server.addContext("a.example.test", named("sni-a"));
        server.addContext("*.example.test", named("sni-b"));
        listen(server);
        assertEquals("b.example.test", subjectFor(server, "a.example.test"));
    }

    @Test
    void inTheProfileOfNode012TheContextAddedFirstWins() throws Exception {
        TLSServer server = TLS.createServer(
                serverOptions("server-rsa").profile(Profile.NODE_0_12), socket -> socket.end());
        server.addContext("a.example.test", named("server-rsa1024"));
        server.addContext("*.example.test", named("sni-b"));
        listen(server);
        assertEquals("localhost", subjectFor(server, "a.example.test"));
    }

    @Test
    void aContextGivenToAddContextStaysItsOwners() throws Exception {
        try (SecureContext context = TLS.createSecureContext(named("sni-a"))) {
            TLSServer server =
                    TLS.createServer(serverOptions("server-ecdsa"), socket -> socket.end());
            server.addContext("a.example.test", context);
            listen(server);
            assertEquals("a.example.test", subjectFor(server, "a.example.test"));
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            assertFalse(context.isClosed());
        }
    }

    @Test
    void aContextMayBeAddedWhileTheServerListens() throws Exception {
        TLSServer server = listen(serverOptions("server-ecdsa"));
        assertEquals("localhost", subjectFor(server, "a.example.test"));
        server.addContext("a.example.test", named("sni-a"));
        assertEquals("a.example.test", subjectFor(server, "a.example.test"));
    }

    @Test
    void anSNICallbackMayAnswerFromAnotherThread() throws Exception {
        try (SecureContext context = TLS.createSecureContext(named("sni-a"))) {
            TLSServer server = listen(serverOptions("server-ecdsa")
                    .SNICallback((name, done) ->
                            CompletableFuture.runAsync(() -> done.done(null, context))));
            assertEquals("a.example.test", subjectFor(server, "a.example.test"));
        }
    }

    @Test
    void aClosedContextFromAnSNICallbackIsAnErrorOfTheConnection() throws Exception {
        SecureContext context = TLS.createSecureContext(named("sni-a"));
        context.close();
        TLSServer server = TLS.createServer(
                serverOptions("server-ecdsa").SNICallback((name, done) -> done.done(null, context)),
                socket -> socket.end());
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> failure.complete(error));
        listen(server);
        Throwable atClient = run(
                done -> TLS.connect(clientOptions(server)).on(EventEmitter.ERROR, done::complete));
        assertEquals("ECONNRESET", Coded.codeOf(atClient));
        assertTrue(failure.get(SECONDS, TimeUnit.SECONDS) instanceof IllegalStateException);
    }

    // ---- contexts -----------------------------------------------------------------------------

    @Test
    void setSecureContextCountsForLaterConnections() throws Exception {
        TLSServer server = listen(serverOptions("server-rsa"));
        assertEquals("localhost", subjectFor(server, "localhost"));
        server.setSecureContext(named("sni-a"));
        assertEquals("a.example.test", subjectFor(server, "localhost"));
    }

    @Test
    void aFailingSetSecureContextKeepsTheOldOne() throws Exception {
        TLSServer server = listen(serverOptions("server-rsa"));
        SecureContextOptions wrong = new SecureContextOptions()
                .key(fixture("other-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"));
        SecureContextException error =
                assertThrows(SecureContextException.class, () -> server.setSecureContext(wrong));
        assertEquals("ERR_OSSL_X509_KEY_VALUES_MISMATCH", error.code());
        assertThrows(ArgumentException.class, () -> server.setSecureContext(null));
        assertEquals("localhost", subjectFor(server, "localhost"));
    }

    @Test
    void setSecureContextKeepsTicketKeysThatWereGiven() throws Exception {
        byte[] keys = new byte[48];
        TLSServer given = listen(serverOptions().ticketKeys(keys));
        byte[] session = visit(clientOptions(given)).session();
        given.setSecureContext(named("server-rsa"));
        assertTrue(visit(clientOptions(given).session(session)).reused());
        TLSServer random = listen(serverOptions());
        byte[] before = random.getTicketKeys();
        random.setSecureContext(named("server-rsa"));
        assertNotEquals(
                HexFormat.of().formatHex(before), HexFormat.of().formatHex(random.getTicketKeys()));
    }

    // ---- errors -------------------------------------------------------------------------------

    @Test
    void aFailureIsToldUnderBothNamesWithOneError() throws Exception {
        List<Object> told = run(done -> {
            List<Object> all = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions());
            server.on(
                    TLSServer.TLS_CLIENT_ERROR,
                    (error, socket) -> all.addAll(List.of("tlsClientError", error, socket)));
            server.on(TLSServer.CLIENT_ERROR, (error, socket) -> {
                all.addAll(List.of("clientError", error, socket));
                server.close();
                done.complete(all);
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket raw = Net.connect(server.address().port(), "127.0.0.1");
                raw.end("garbage that is no hello");
                raw.resume();
            });
        });
        assertEquals("tlsClientError", told.get(0));
        assertEquals("clientError", told.get(3));
        assertSame(told.get(1), told.get(4));
        assertSame(told.get(2), told.get(5));
        assertEquals("ERR_SSL_WRONG_VERSION_NUMBER", Coded.codeOf((Throwable) told.get(1)));
    }

    @Test
    void aFailureNobodyListensToIsHarmless() throws Exception {
        TLSServer server = listen(serverOptions());
        run(done -> {
            Socket raw = Net.connect(server.address().port(), "127.0.0.1");
            raw.write("garbage that is no hello");
            raw.resume();
            raw.on(Socket.CLOSE, hadError -> done.complete(null));
        });
        assertEquals("localhost", subjectFor(server, "localhost"));
    }

    @Test
    void anErrorAfterTheHandshakeDoesNotNeedAListenerOnServers() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.resume();
                socket.on(Socket.CLOSE, hadError -> {
                    assertTrue(hadError);
                    done.complete(null);
                });
            });
            servers.add(server);
            server.listen(0, "127.0.0.1", () -> {
                Socket raw = Net.connect(server.address().port(), "127.0.0.1");
                TLSSocket client = TLS.connect(new ConnectOptions()
                        .socket(raw)
                        .servername("localhost")
                        .ca(fixture("ca1-cert.pem")));
                client.write("x", error -> loop.setTimeout(raw::resetAndDestroy, 20));
            });
        });
    }

    // ---- counting -----------------------------------------------------------------------------

    @Test
    void connectionsAreCountedFromTheHandshakeOn() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            servers.add(server);
            server.listen(0, "127.0.0.1", () -> {
                Socket raw = Net.connect(server.address().port(), "127.0.0.1");
                server.on(Server.CONNECTION, socket -> {
                    assertEquals(1, server.connections());
                    server.getConnections((error, count) -> {
                        assertEquals(1, count);
                        // Half-open handshakes keep a server from closing.
                        boolean[] closed = {false};
                        server.close(failure -> closed[0] = true);
                        assertNull(server.address());
                        loop.setTimeout(
                                () -> {
                                    assertFalse(closed[0]);
                                    raw.destroy();
                                    loop.setTimeout(
                                            () -> {
                                                assertTrue(closed[0]);
                                                assertEquals(0, server.connections());
                                                done.complete(null);
                                            },
                                            20);
                                },
                                20);
                    });
                });
            });
        });
    }

    @Test
    void connectionsAboveTheMaximumAreDropped() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(
                    serverOptions(), socket -> socket.on(Readable.DATA, chunk -> {}));
            servers.add(server);
            server.maxConnections(1);
            List<String> log = new ArrayList<>();
            server.on(Server.DROP, info -> log.add("drop " + info.remoteAddress()));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket first = TLS.connect(clientOptions(server));
                first.on(TLSSocket.SECURE_CONNECT, () -> {
                    TLSSocket second = TLS.connect(clientOptions(server));
                    second.on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
                    second.on(Socket.CLOSE, hadError -> {
                        assertEquals(List.of("drop 127.0.0.1", "ECONNRESET"), log);
                        first.destroy();
                        done.complete(null);
                    });
                });
            });
        });
    }

    // ---- loops --------------------------------------------------------------------------------

    @Test
    void connectionsAreSpreadOverTheLoopsAndShareTheirTickets() throws Exception {
        try (EventLoopGroup group = EventLoop.group(2)) {
            group.loops().forEach(each -> each.onUncaughtException(uncaught::add));
            Set<EventLoop> used = ConcurrentHashMap.newKeySet();
            TLSServer server = TLS.createServer(serverOptions().loops(group), socket -> {
                assertTrue(socket.loop().inLoop());
                used.add(socket.loop());
                socket.end("x");
            });
            listen(server);
            byte[] session = visit(clientOptions(server)).session();
            for (int i = 0; i < 4; i++) {
                assertTrue(visit(clientOptions(server).session(session)).reused());
            }
            assertEquals(Set.copyOf(group.loops()), used);
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            group.close();
            group.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    // ---- renegotiation ------------------------------------------------------------------------

    @Test
    void theRenegotiationLimitCountsWithinItsWindow() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 1;
        TLS.CLIENT_RENEG_WINDOW = 10;
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            CompletableFuture<String> code = new CompletableFuture<>();
            TLSServer server =
                    TLS.createServer(serverOptions().loop(timed).maxVersion("TLSv1.2"), socket -> {
                        socket.on(EventEmitter.ERROR, error -> {
                            code.complete(Coded.codeOf(error));
                            socket.destroy();
                        });
                        socket.write("go");
                    });
            listen(server);
            TLSSocket client = run(done -> {
                TLSSocket made = TLS.connect(clientOptions(server));
                made.once(Readable.DATA, chunk -> done.complete(made));
            });
            for (int i = 0; i < 4; i++) {
                clock.advance(10_000);
                run(done -> client.renegotiate(new RenegotiateOptions(), done::complete));
            }
            assertFalse(code.isDone());
            run(done -> {
                client.on(Socket.CLOSE, done::complete);
                client.renegotiate(new RenegotiateOptions(), null);
            });
            assertEquals("ERR_TLS_SESSION_ATTACK", code.get(SECONDS, TimeUnit.SECONDS));
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void renegotiationByTheServerIsNotCounted() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 0;
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions().maxVersion("TLSv1.2"), socket -> {
                socket.on(EventEmitter.ERROR, done::completeExceptionally);
                socket.renegotiate(new RenegotiateOptions(), error -> socket.end("done"));
            });
            servers.add(server);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> done.complete(null));
            });
        });
    }

    // ---- ALPN ---------------------------------------------------------------------------------

    @Test
    void anALPNCallbackMayChooseTheCertificate() throws Exception {
        try (SecureContext context = TLS.createSecureContext(named("sni-a"))) {
            TLSServer server = listen(serverOptions("server-ecdsa").ALPNCallback(hello -> {
                hello.socket().setKeyCert(context);
                return hello.protocols().get(1);
            }));
            Seen seen = visit(clientOptions(server)
                    .servername("a.example.test")
                    .ALPNProtocols(List.of("first", "second")));
            assertEquals("second", seen.alpn());
            assertEquals("a.example.test", seen.subject());
        }
    }

    @Test
    void anSNICallbackKnowsItsSocket() throws Exception {
        CompletableFuture<String> address = new CompletableFuture<>();
        TLSServer server = listen(serverOptions().SNICallback(new SNICallback() {
            @Override
            public void select(String servername, Callback callback) {
                throw new AssertionError("the other one is called");
            }

            @Override
            public void select(TLSSocket socket, String servername, Callback callback) {
                address.complete(socket.remoteAddress() + " " + servername);
                callback.done(null, null);
            }
        }));
        visit(clientOptions(server));
        assertEquals("127.0.0.1 localhost", address.get(SECONDS, TimeUnit.SECONDS));
    }

    // ---- NPN ----------------------------------------------------------------------------------

    private String npn(List<String> ofServer, List<String> ofClient, String[] atServer)
            throws Exception {
        CompletableFuture<String> chosen = new CompletableFuture<>();
        ServerOptions options = serverOptions();
        if (ofServer != null) {
            options.NPNProtocols(ofServer);
        }
        TLSServer server = listen(TLS.createServer(options, socket -> {
            chosen.complete(String.valueOf(socket.npnProtocol()));
            socket.end();
        }));
        ConnectOptions client = clientOptions(server);
        if (ofClient != null) {
            client.NPNProtocols(ofClient);
        } else {
            client.profile(Profile.NODE_0_12).rejectUnauthorized(false);
        }
        String atClient = visit(client).npn();
        atServer[0] = chosen.get(SECONDS, TimeUnit.SECONDS);
        return atClient;
    }

    @Test
    void theClientTakesTheFirstOfTheServersProtocolsThatItKnows() throws Exception {
        String[] atServer = {null};
        assertEquals("b", npn(List.of("a", "b", "c"), List.of("c", "b"), atServer));
        assertEquals("b", atServer[0]);
    }

    @Test
    void withoutACommonNpnProtocolTheServerSeesTheClientsFirst() throws Exception {
        String[] atServer = {null};
        assertNull(npn(List.of("a"), List.of("x", "y"), atServer));
        assertEquals("x", atServer[0]);
    }

    @Test
    void aClientOfNode012WithoutListAnswersHttp11() throws Exception {
        String[] atServer = {null};
        assertNull(npn(List.of("a"), null, atServer));
        assertEquals("http/1.1", atServer[0]);
    }

    @Test
    void alpnWinsOverNpn() throws Exception {
        TLSServer server = listen(serverOptions()
                .ALPNProtocols(List.of("alpn"))
                .NPNProtocols(List.of("npn"))
                .maxVersion("TLSv1.2"));
        Seen seen = visit(
                clientOptions(server).ALPNProtocols(List.of("alpn")).NPNProtocols(List.of("npn")));
        assertEquals("alpn", seen.alpn());
        assertNull(seen.npn());
    }

    // ---- the old profile ----------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1", "TLSv1.1", "TLSv1.2"})
    void theProfileOfNode012SpeaksOldProtocols(String version) throws Exception {
        TLSServer server = listen(serverOptions().profile(Profile.NODE_0_12));
        Seen seen = visit(clientOptions(server).profile(Profile.NODE_0_12).maxVersion(version));
        assertEquals(version, seen.protocol());
        assertTrue(seen.authorized());
    }

    @Test
    void serversOfTheProfileOfNode012DoNotRejectByThemselves() throws Exception {
        TLSServer server = listen(serverOptions()
                .profile(Profile.NODE_0_12)
                .requestCert(true)
                .ca(fixture("ca1-cert.pem")));
        assertFalse(server.rejectUnauthorized());
        assertEquals("localhost", visit(clientOptions(server)).subject());
    }
}
