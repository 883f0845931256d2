package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.AbortController;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.PassThrough;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.WritableStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Options of sockets made by hand, and members of encrypted connections. */
class ConnectionMembersTest extends LoopTest {
    private static TLSSocketOptions bareServer() {
        return new TLSSocketOptions()
                .isServer(true)
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"))
                .ca(fixture("ca1-cert.pem"));
    }

    private static TLSSocketOptions bareClient() {
        return new TLSSocketOptions().ca(fixture("ca1-cert.pem"));
    }

    /** Two sockets made by hand; the body gets both once the client has an answer. */
    private void bare(
            TLSSocketOptions server,
            TLSSocketOptions client,
            List<String> log,
            BiConsumer<TLSSocket, TLSSocket> check)
            throws Exception {
        run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket there = new TLSSocket(pair.first(), server);
            TLSSocket here = new TLSSocket(pair.second(), client);
            here.on(
                    TLSSocket.OCSP_RESPONSE,
                    response -> log.add("OCSPResponse " + (response == null)));
            here.on(EventEmitter.ERROR, done::completeExceptionally);
            there.on(EventEmitter.ERROR, done::completeExceptionally);
            there.pipe(there);
            here.write("x");
            here.once(Readable.DATA, bytes -> {
                check.accept(there, here);
                here.destroy();
                there.destroy();
                done.complete(null);
            });
        });
    }

    private void client(ServerOptions options, ConnectOptions more, Check check) throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(options, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.pipe(socket);
            });
            server.listen(0, "127.0.0.1", () -> {
                ConnectOptions all = clientOptions(server);
                all.putAll(more);
                TLSSocket client = TLS.connect(all);
                client.on(TLSSocket.SECURE_CONNECT, () -> check.with(client));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
                client.on(EventEmitter.ERROR, error -> done.completeExceptionally(error));
            });
        });
    }

    private interface Check {
        void with(TLSSocket client) throws Exception;
    }

    @Test
    void aResetIsRefusedAndTheConnectionGoesOn() throws Exception {
        client(serverOptions(), new ConnectOptions(), client -> {
            assertEquals(
                    "ERR_INVALID_HANDLE_TYPE",
                    Coded.codeOf(assertThrows(RuntimeException.class, client::resetAndDestroy)));
            assertFalse(client.destroyed());
            client.once(Readable.DATA, echo -> client.end());
            client.write("still here");
        });
    }

    @Test
    void aContextIsUsedByManySockets() throws Exception {
        try (SecureContext identity = TLS.createSecureContext(bareServer());
                SecureContext trust = TLS.createSecureContext(bareClient())) {
            for (int i = 0; i < 3; i++) {
                bare(
                        new TLSSocketOptions().isServer(true).secureContext(identity),
                        new TLSSocketOptions().secureContext(trust),
                        new ArrayList<>(),
                        (server, client) -> assertTrue(client.authorized()));
            }
        }
        assertEquals(
                "ERR_TLS_INVALID_CONTEXT",
                Coded.codeOf(assertThrows(
                        RuntimeException.class,
                        () -> new TLSSocket(new TLSSocketOptions().set("secureContext", "x")))));
    }

    @Test
    void certificatesOfBothEndsAreAlsoThoseOfTheJdk() throws Exception {
        TLSSocket[] ends = new TLSSocket[2];
        bare(bareServer(), bareClient(), new ArrayList<>(), (server, client) -> {
            ends[0] = server;
            ends[1] = client;
            try {
                byte[] der = server.getX509Certificate().getEncoded();
                assertArrayEquals(server.getCertificate().raw(), der);
                assertArrayEquals(der, client.getPeerX509Certificate().getEncoded());
            } catch (CertificateEncodingException e) {
                throw new IllegalStateException(e);
            }
            assertNull(client.getX509Certificate());
            assertNull(server.getPeerX509Certificate());
        });
        assertNull(ends[0].getX509Certificate());
        assertNull(ends[1].getPeerX509Certificate());
    }

    /** An empty subject beside alternative names that are not critical: fine for OpenSSL. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aPeersCertificateThatTheJdkCannotReadIsNullInAListener(String version) throws Exception {
        TLSSocketOptions strange = new TLSSocketOptions()
                .key(fixture("empty-subject-key.pem"))
                .cert(fixture("empty-subject-cert.pem"))
                .ca(fixture("ca1-cert.pem"))
                .minVersion(version)
                .maxVersion(version);
        bare(
                new TLSSocketOptions(strange)
                        .isServer(true)
                        .requestCert(true)
                        .rejectUnauthorized(false),
                strange.rejectUnauthorized(false),
                new ArrayList<>(),
                (server, client) -> {
                    for (TLSSocket end : List.of(server, client)) {
                        assertNull(end.getPeerX509Certificate());
                        assertNull(end.getX509Certificate());
                        assertEquals(
                                "DNS:localhost", end.getPeerCertificate(true).subjectaltname());
                    }
                });
    }

    @Test
    void namesAndProtocolsWorkBetweenSocketsMadeByHand() throws Exception {
        try (SecureContext a = TLS.createSecureContext(new SecureContextOptions()
                .key(fixture("sni-a-key.pem"))
                .cert(fixture("sni-a-cert.pem")))) {
            List<String> asked = new ArrayList<>();
            bare(
                    bareServer().NPNProtocols(List.of("a", "b")).SNICallback((name, callback) -> {
                        asked.add(name);
                        callback.done(null, a);
                    }),
                    bareClient().NPNProtocols(List.of("b")).servername("a.example.test"),
                    asked,
                    (server, client) -> {
                        assertEquals("b", server.npnProtocol());
                        assertEquals("b", client.npnProtocol());
                        assertEquals("a.example.test", server.servername());
                        assertEquals("a.example.test", commonName(client.getPeerCertificate()));
                        assertTrue(client.authorized());
                    });
            assertEquals(List.of("a.example.test"), asked);
        }
    }

    @Test
    void anOptionServerHearsOfSessionsAndOcsp() throws Exception {
        List<String> log = new ArrayList<>();
        Server plain = new Server(new NetServerOptions().loop(loop));
        plain.on(TLSServer.NEW_SESSION, (id, session, callback) -> {
            log.add("newSession");
            callback.run();
        });
        plain.on(TLSServer.RESUME_SESSION, (id, callback) -> {
            log.add("resumeSession");
            callback.done(null, null);
        });
        bare(
                bareServer().server(plain),
                bareClient().requestOCSP(true),
                log,
                (server, client) -> assertSame(plain, server.server()));
        assertEquals(
                List.of("resumeSession", "OCSPResponse true", "newSession", "newSession"),
                log.stream()
                        .sorted((x, y) -> Boolean.compare(x.startsWith("new"), y.startsWith("new")))
                        .toList());
    }

    @Test
    void aSessionGivenToASocketMadeByHandIsResumed() throws Exception {
        byte[] keys = new byte[48];
        byte[][] session = {null};
        boolean[] reused = new boolean[2];
        for (int i = 0; i < 2; i++) {
            int round = i;
            TLSSocketOptions options = bareClient().maxVersion("TLSv1.2");
            if (session[0] != null) {
                options.session(session[0]);
            }
            bare(
                    bareServer().ticketKeys(keys).sessionIdContext("same"),
                    options,
                    new ArrayList<>(),
                    (server, client) -> {
                        session[0] = client.getSession();
                        reused[round] = client.isSessionReused();
                    });
        }
        assertFalse(reused[0]);
        assertTrue(reused[1]);
    }

    @Test
    void setSessionIsTheOptionForOneMadeBefore() throws Exception {
        byte[] keys = new byte[48];
        ServerOptions options =
                serverOptions().maxVersion("TLSv1.2").ticketKeys(keys).sessionIdContext("one");
        byte[][] session = {null};
        client(options, new ConnectOptions(), client -> {
            session[0] = client.getSession();
            client.end();
        });
        run(done -> {
            TLSServer server = TLS.createServer(options, TLSSocket::end);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(
                        clientOptions(server).servername(null).host("localhost").family(4));
                client.setServername("localhost");
                client.setSession(session[0]);
                boolean[] reused = {false};
                client.resume();
                client.on(TLSSocket.SECURE_CONNECT, () -> reused[0] = client.isSessionReused());
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertTrue(reused[0]);
                            done.complete(null);
                        }));
            });
        });
    }

    @Test
    void anIdentityIsSwitchedInTheAlpnCallback() throws Exception {
        try (SecureContext b = TLS.createSecureContext(new SecureContextOptions()
                .key(fixture("sni-b-key.pem"))
                .cert(fixture("sni-b-cert.pem")))) {
            TLSSocket[] accepted = {null};
            TLSSocketOptions server = bareServer().ALPNCallback(hello -> {
                accepted[0].setKeyCert(b);
                return hello.protocols().get(0);
            });
            run(done -> {
                DuplexPair pair = DuplexPair.create();
                accepted[0] = new TLSSocket(pair.first(), server);
                TLSSocket client =
                        new TLSSocket(pair.second(), bareClient().ALPNProtocols(List.of("x")));
                client.on(TLSSocket.SECURE, () -> {
                    assertEquals("b.example.test", commonName(client.getPeerCertificate()));
                    assertEquals("x", client.alpnProtocol());
                    client.destroy();
                    accepted[0].destroy();
                    done.complete(null);
                });
                client.write("x");
            });
        }
    }

    @Test
    void aSharedContextGoesBeforeTheOtherOptions() throws Exception {
        try (SecureContext trust = TLS.createSecureContext(bareClient())) {
            client(
                    serverOptions(),
                    new ConnectOptions().secureContext(trust).ca(fixture("ca2-cert.pem")),
                    client -> {
                        assertTrue(client.authorized());
                        client.end();
                    });
        }
    }

    @Test
    void aClientsPfxIsItsCertificateAndItsTrust() throws Exception {
        List<String> names = new ArrayList<>();
        run(done -> {
            TLSServer server = TLS.createServer(
                    serverOptions().requestCert(true).ca(fixture("ca1-cert.pem")), socket -> {
                        names.add(commonName(socket.getPeerCertificate()));
                        socket.end();
                    });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(new ConnectOptions()
                        .host("127.0.0.1")
                        .port(server.address().port())
                        .servername("localhost")
                        .pfx(fixture("client.pfx"))
                        .ca(fixture("ca1-cert.pem"))
                        .passphrase("passphrase"));
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertEquals(List.of("client one"), names);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void clientsAreToldWhomTheServerBelieves(String version) throws Exception {
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    serverOptions()
                            .requestCert(true)
                            .rejectUnauthorized(false)
                            .ca(List.of(fixture("ca1-cert.pem"), fixture("ca2-cert.pem"))),
                    TLSSocket::end);
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        try (Peer client = Peer.opensslClient(server.address().port(), version, "-ign_eof")) {
            String said = client.finish();
            String names = said.substring(said.indexOf("Acceptable client certificate CA names"));
            assertTrue(names.contains("CN = Securepair test ca1"), said);
            assertTrue(names.contains("CN = Securepair test ca2"), said);
        }
        run(done -> server.close(error -> done.complete(null)));
    }

    @Test
    void thePlaintextOfAPairIsATlsSocketInEverything() throws Exception {
        try (SecureContext identity = TLS.createSecureContext(bareServer());
                SecureContext trust = TLS.createSecureContext(bareClient())) {
            run(done -> {
                SecurePair server = TLS.createSecurePair(identity, true);
                SecurePair client = TLS.createSecurePair(trust, false);
                client.encrypted().pipe(server.encrypted());
                server.encrypted().pipe(client.encrypted());
                client.on(SecurePair.SECURE, () -> {
                    TLSSocket socket = client.cleartext();
                    assertEquals("localhost", commonName(socket.getPeerCertificate()));
                    assertEquals("TLSv1.3", socket.getCipher().version());
                    assertTrue(socket.getSession().length > 100);
                    assertFalse(socket.isSessionReused());
                    assertEquals("open", socket.readyState());
                    assertSame(socket, socket.setNoDelay(true));
                    assertSame(socket, socket.setKeepAlive(true, 10));
                    socket.setTimeout(10, () -> {
                        socket.setTimeout(0);
                        socket.write("last words");
                        socket.destroySoon();
                    });
                    socket.on(Socket.CLOSE, hadError -> {
                        assertEquals("closed", socket.readyState());
                        assertNull(socket.getCipher());
                        assertNull(socket.getPeerCertificate());
                        server.destroy();
                        done.complete(null);
                    });
                });
            });
        }
    }

    @Test
    void theTraceGoesToStandardError() throws Exception {
        PrintStream before = System.err;
        ByteArrayOutputStream caught = new ByteArrayOutputStream();
        System.setErr(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try {
            client(serverOptions(), new ConnectOptions().enableTrace(true), TLSSocket::end);
            assertTrue(
                    caught.toString(StandardCharsets.UTF_8).contains("ClientHello"), "of a client");
            caught.reset();
            client(serverOptions().enableTrace(true), new ConnectOptions(), TLSSocket::end);
            assertTrue(
                    caught.toString(StandardCharsets.UTF_8).contains("ClientHello"), "of a server");
            caught.reset();
            client(serverOptions(), new ConnectOptions(), client -> {
                client.enableTrace();
                client.end();
            });
            String late = caught.toString(StandardCharsets.UTF_8);
            assertTrue(late.contains("close notify") && !late.contains("ClientHello"), late);
            caught.reset();
            client(serverOptions(), new ConnectOptions(), TLSSocket::end);
            assertEquals("", caught.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    @Test
    void anAbortSignalEndsTheConnection() throws Exception {
        Throwable error = run(done -> {
            AbortController controller = new AbortController();
            TLSServer server = TLS.createServer(serverOptions());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).signal(controller.signal()));
                Throwable[] seen = {null};
                client.on(EventEmitter.ERROR, failure -> seen[0] = failure);
                client.on(TLSSocket.SECURE_CONNECT, controller::abort);
                client.on(Socket.CLOSE, hadError -> {
                    assertTrue(hadError);
                    server.close(closed -> done.complete(seen[0]));
                });
            });
        });
        assertEquals("ABORT_ERR", Coded.codeOf(error));
    }

    /** Nothing listens on port 1; the socket does not come that far. */
    private static Socket abortedBefore(boolean tls) {
        return tls
                ? TLS.connect(clientOptions(1).signal(AbortSignal.abort()))
                : Net.connect(new SocketConnectOptions()
                        .loop(loop)
                        .port(1)
                        .host("127.0.0.1")
                        .signal(AbortSignal.abort()));
    }

    private static void collect(Socket socket, CompletableFuture<List<String>> done) {
        List<String> seen = new ArrayList<>(List.of("returned " + socket.connecting()));
        socket.on(EventEmitter.ERROR, error -> seen.add(Coded.codeOf(error)));
        socket.on(Socket.CONNECT, () -> seen.add("connect"));
        socket.on(Socket.CLOSE, hadError -> {
            seen.add("close " + hadError);
            done.complete(seen);
        });
    }

    @ParameterizedTest(name = "TLS: {0}")
    @ValueSource(booleans = {true, false})
    void aSignalThatWasAbortedBeforeIsAnErrorOfTheSocketThatConnectReturns(boolean tls)
            throws Exception {
        assertEquals(
                List.of("returned true", "ABORT_ERR", "close true"),
                run((CompletableFuture<List<String>> done) -> collect(abortedBefore(tls), done)));
        CompletableFuture<List<String>> outside = new CompletableFuture<>();
        collect(abortedBefore(tls), outside);
        List<String> seen = outside.get(SECONDS, TimeUnit.SECONDS);
        assertEquals(
                List.of("ABORT_ERR", "close true"), seen.subList(1, seen.size()), seen.toString());
    }

    @Test
    void settersAnswerTheSocketAndTimersDoNotClose() throws Exception {
        client(serverOptions(), new ConnectOptions(), client -> {
            assertSame(client, client.ref());
            assertSame(client, client.unref());
            assertSame(client, client.ref());
            assertSame(client, client.setNoDelay(true));
            assertSame(client, client.setKeepAlive(true, 1000));
            assertSame(client, client.setEncoding("utf8"));
            assertSame(client, client.pause());
            assertTrue(client.isPaused());
            assertSame(client, client.resume());
            assertSame(client, client.setTimeout(15, () -> {
                assertFalse(client.destroyed());
                assertEquals(15, client.timeout());
                assertSame(client, client.setTimeout(0));
                assertSame(client, client.end());
            }));
        });
    }

    @Test
    void statesAreThoseOfASocket() throws Exception {
        client(serverOptions(), new ConnectOptions(), client -> {
            assertEquals("open", client.readyState());
            assertFalse(client.connecting());
            assertFalse(client.pending());
            assertEquals(16384, client.writableHighWaterMark());
            assertEquals(16384, client.readableHighWaterMark());
            assertEquals(0, client.bytesWritten());
            client.write("four");
            assertEquals(4, client.bytesWritten());
            client.once(Readable.DATA, echo -> {
                assertEquals(4, client.bytesRead());
                client.end();
                assertEquals("readOnly", client.readyState());
            });
            client.on(Socket.CLOSE, hadError -> {
                assertEquals("closed", client.readyState());
                assertTrue(client.destroyed());
                assertTrue(client.closed());
                assertNull(client.errored());
                assertTrue(client.readableEnded());
                assertEquals(4, client.bytesWritten());
                assertEquals(4, client.bytesRead());
            });
        });
    }

    @Test
    void theRawSocketCountsCiphertext() throws Exception {
        run(done -> {
            Socket[] raw = {null};
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.once(Readable.DATA, bytes -> {
                    assertEquals(1000, socket.bytesRead());
                    assertTrue(raw[0].bytesRead() > 1200, "" + raw[0].bytesRead());
                    assertTrue(raw[0].bytesWritten() > 1200, "" + raw[0].bytesWritten());
                    socket.end();
                });
            });
            server.on(Server.CONNECTION, socket -> raw[0] = socket);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.write(new byte[1000]);
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void pipesCanBePutOnAndTakenOff() throws Exception {
        client(serverOptions(), new ConnectOptions(), client -> {
            List<String> events = new ArrayList<>();
            PassThrough through = new PassThrough();
            through.on(WritableStream.PIPE, source -> events.add("pipe " + (source == client)));
            through.on(
                    WritableStream.UNPIPE,
                    (source, info) -> events.add("unpipe " + (source == client)));
            client.pipe(through);
            client.write("through the pipe");
            through.once(Readable.DATA, bytes -> {
                assertEquals("through the pipe", text(bytes));
                client.unpipe(through);
                assertEquals(List.of("pipe true", "unpipe true"), events);
                client.resume();
                client.end();
            });
        });
    }

    @Test
    void bytesAreReadOnDemandAndPutBack() throws Exception {
        client(serverOptions(), new ConnectOptions(), client -> {
            client.cork();
            client.setDefaultEncoding("hex");
            client.write("68656c6c");
            client.write("o", "utf8");
            client.uncork();
            StringBuilder heard = new StringBuilder();
            client.on(Readable.READABLE, () -> {
                Object two;
                while ((two = client.read(2)) != null) {
                    heard.append(text((java.nio.ByteBuffer) two)).append('|');
                    if (heard.toString().equals("he|")) {
                        client.unshift(java.nio.ByteBuffer.wrap(new byte[] {'H', 'E'}));
                    }
                }
                if (heard.toString().equals("he|HE|ll|")) {
                    client.end();
                }
            });
            client.on(
                    Readable.END,
                    () -> assertTrue(heard.toString().startsWith("he|HE|ll|"), "" + heard));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void destroySoonAndEndSendEverything(String version) throws Exception {
        // In TLS 1.3 unread tickets make the kernel reset a connection closed so soon.
        for (boolean soon : version.equals("TLSv1.2") ? List.of(true, false) : List.of(false)) {
            int received = run(done -> {
                int[] count = {0};
                TLSServer server = TLS.createServer(serverOptions().maxVersion(version), socket -> {
                    socket.on(Readable.DATA, bytes -> count[0] += bytes.remaining());
                });
                server.listen(0, "127.0.0.1", () -> {
                    TLSSocket client = TLS.connect(clientOptions(server));
                    client.resume();
                    client.write(new byte[100_000]);
                    client.on(TLSSocket.SECURE_CONNECT, () -> {
                        if (soon) {
                            client.write(new byte[100_000]);
                            client.destroySoon();
                        } else {
                            client.end(new byte[100_000]);
                        }
                    });
                    client.on(
                            Socket.CLOSE,
                            hadError -> server.close(error -> done.complete(count[0])));
                });
            });
            assertEquals(200_000, received, "destroySoon " + soon);
        }
    }

    @Test
    void aPlainTextServerIsAnErrorOfTheClient() throws Exception {
        Throwable error = run(done -> {
            Server plain = Net.createServer(new NetServerOptions().loop(loop), socket -> {
                socket.on(EventEmitter.ERROR, failure -> {});
                socket.resume();
                socket.end("220 mail.example.test ESMTP\r\n");
            });
            plain.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(plain));
                client.on(
                        EventEmitter.ERROR,
                        failure -> plain.close(closed -> done.complete(failure)));
            });
        });
        assertEquals("ERR_SSL_WRONG_VERSION_NUMBER", Coded.codeOf(error));
        io.github.securepair.engine.TLSException tls =
                (io.github.securepair.engine.TLSException) error;
        assertEquals("SSL routines", tls.library());
        assertEquals("wrong version number", tls.reason());
    }
}
