package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContextException;
import io.github.securepair.events.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a TLSServer has beside its handshakes: its members, its events, its options as properties.
 */
class ServerMembersTest extends LoopTest {
    /** The common name that a client sees, after which it ends. */
    private String nameSeenBy(ConnectOptions options) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(options);
            String[] name = {null};
            client.resume();
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                name[0] = commonName(client.getPeerCertificate());
                client.end();
            });
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> done.complete(name[0]));
        });
    }

    private TLSServer listening(TLSServer server) throws Exception {
        run(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        return server;
    }

    private void close(Server server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    @Test
    void theAddressIsThereWhileItListens() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            assertNull(server.address());
            assertFalse(server.listening());
            int[] calls = {0};
            server.listen(0, "127.0.0.1", () -> {
                calls[0]++;
                assertTrue(server.listening());
                assertEquals("127.0.0.1", server.address().address());
                assertEquals("IPv4", server.address().family());
                assertTrue(server.address().port() > 0);
                server.close(error -> {
                    assertNull(error);
                    assertEquals(1, calls[0]);
                    done.complete(null);
                });
                assertNull(server.address());
                assertFalse(server.listening());
            });
        });
    }

    @Test
    void closingWaitsForTheLastConnectionAndIsAnErrorWithoutAServer() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.server().close(error -> events.add("closed " + error));
                events.add("still talking");
                socket.end("last words");
            });
            server.on(Server.CLOSE, () -> events.add("close"));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, bytes -> events.add(text(bytes)));
                client.on(
                        Socket.CLOSE,
                        hadError -> loop.setTimeout(
                                () -> server.close(error -> {
                                    events.add(Coded.codeOf(error));
                                    done.complete(events);
                                }),
                                10));
            });
        });
        // The server's last connection may be gone before or after its client has closed.
        assertEquals("still talking", log.get(0));
        assertTrue(log.indexOf("last words") > 0, log.toString());
        assertTrue(log.indexOf("close") < log.indexOf("closed null"), log.toString());
        assertEquals("ERR_SERVER_NOT_RUNNING", log.get(log.size() - 1));
    }

    @Test
    void connectionsAreCountedFromTheFirstByteOn() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            assertEquals(0, server.connections());
            server.on(Server.CONNECTION, raw -> {
                assertEquals(1, server.connections());
                server.getConnections((error, count) -> {
                    assertNull(error);
                    assertEquals(1, count);
                    raw.destroy();
                });
            });
            server.on(
                    TLSServer.TLS_CLIENT_ERROR,
                    (error, socket) -> loop.setTimeout(
                            () -> {
                                assertEquals(0, server.connections());
                                server.close(closed -> done.complete(null));
                            },
                            10));
            server.listen(0, "127.0.0.1", () -> {
                // No handshake: the connection counts all the same.
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.on(EventEmitter.ERROR, error -> {});
                client.resume();
            });
        });
    }

    @Test
    void aNewContextIsForNewConnectionsAndABadOneChangesNothing() throws Exception {
        TLSServer server = listening(TLS.createServer(serverOptions(), TLSSocket::end));
        assertEquals("localhost", nameSeenBy(clientOptions(server)));
        assertThrows(
                SecureContextException.class,
                () -> server.setSecureContext(new SecureContextOptions()
                        .key(fixture("other-rsa-key.pem"))
                        .cert(fixture("server-rsa-cert.pem"))));
        assertEquals(
                "ERR_INVALID_ARG_TYPE",
                Coded.codeOf(
                        assertThrows(RuntimeException.class, () -> server.setSecureContext(null))));
        assertEquals("localhost", nameSeenBy(clientOptions(server)));
        server.setSecureContext(new SecureContextOptions()
                .key(fixture("sni-a-key.pem"))
                .cert(fixture("sni-a-cert.pem")));
        assertEquals(
                "a.example.test", nameSeenBy(clientOptions(server).servername("a.example.test")));
        close(server);
    }

    @Test
    void givenTicketKeysSurviveANewContextAndRandomOnesDoNot() throws Exception {
        byte[] keys = new byte[48];
        keys[47] = 1;
        SecureContextOptions other = new SecureContextOptions()
                .key(fixture("sni-a-key.pem"))
                .cert(fixture("sni-a-cert.pem"));
        TLSServer given = listening(TLS.createServer(serverOptions().ticketKeys(keys)));
        given.setSecureContext(other);
        assertArrayEquals(keys, given.getTicketKeys());
        close(given);
        TLSServer random = listening(TLS.createServer(serverOptions()));
        byte[] before = random.getTicketKeys();
        assertEquals(48, before.length);
        random.setSecureContext(other);
        assertFalse(java.util.Arrays.equals(before, random.getTicketKeys()));
        assertEquals(
                "ERR_INTERNAL_ASSERTION",
                Coded.codeOf(assertThrows(
                        RuntimeException.class, () -> random.setTicketKeys(new byte[47]))));
        close(random);
    }

    @Test
    void theLastNameAddedWinsAndInTheOldProfileTheFirst() throws Exception {
        for (Profile profile : Profile.values()) {
            TLSServer server = TLS.createServer(serverOptions().profile(profile), TLSSocket::end);
            server.addContext(
                    "*.example.test",
                    new SecureContextOptions()
                            .key(fixture("sni-a-key.pem"))
                            .cert(fixture("sni-a-cert.pem")));
            server.addContext(
                    "b.example.test",
                    new SecureContextOptions()
                            .key(fixture("sni-b-key.pem"))
                            .cert(fixture("sni-b-cert.pem")));
            listening(server);
            assertEquals(
                    profile == Profile.MODERN ? "b.example.test" : "a.example.test",
                    nameSeenBy(clientOptions(server)
                            .servername("b.example.test")
                            .rejectUnauthorized(false)));
            close(server);
        }
    }

    @Test
    void whatAServerRejectsDependsOnTheProfile() throws Exception {
        assertTrue(TLS.createServer(serverOptions()).rejectUnauthorized());
        assertFalse(
                TLS.createServer(serverOptions().profile(Profile.NODE_0_12)).rejectUnauthorized());
        TLSServer server = TLS.createServer(
                serverOptions()
                        .profile(Profile.NODE_0_12)
                        .requestCert(true)
                        .ca(fixture("ca1-cert.pem")),
                socket -> {
                    assertFalse(socket.authorized());
                    assertEquals("UNABLE_TO_GET_ISSUER_CERT", socket.authorizationError());
                    socket.end();
                });
        listening(server);
        assertTrue(server.requestCert());
        assertEquals("localhost", nameSeenBy(clientOptions(server)));
        close(server);
    }

    @Test
    void optionsCanBeReadBack() throws Exception {
        TLSServer server =
                TLS.createServer(serverOptions().sessionIdContext("mine").honorCipherOrder(false));
        assertEquals("mine", server.options().get("sessionIdContext"));
        assertEquals(false, server.options().get("honorCipherOrder"));
        assertEquals(fixture("server-rsa-key.pem"), server.options().get("key"));
        server.close();
    }

    @Test
    void bothErrorEventsComeWithOneErrorAndTheSocket() throws Exception {
        run(done -> {
            List<Object> seen = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions());
            server.on(
                    TLSServer.CLIENT_ERROR, (error, socket) -> seen.addAll(List.of(error, socket)));
            server.on(
                    TLSServer.TLS_CLIENT_ERROR,
                    (error, socket) -> seen.addAll(List.of(error, socket)));
            server.listen(0, "127.0.0.1", () -> {
                Socket client = Net.connect(server.address().port(), "127.0.0.1");
                client.end("GET / HTTP/1.1\r\n\r\n");
                client.on(EventEmitter.ERROR, error -> {});
                client.resume();
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(4, seen.size());
                            assertSame(seen.get(0), seen.get(2));
                            assertSame(seen.get(1), seen.get(3));
                            assertEquals(
                                    "ERR_SSL_HTTP_REQUEST", Coded.codeOf((Throwable) seen.get(0)));
                            done.complete(null);
                        }));
            });
        });
    }

    @Test
    void theKeysOfEachConnectionAreTold() throws Exception {
        String lines = run(done -> {
            StringBuilder log = new StringBuilder();
            TLSServer server =
                    TLS.createServer(serverOptions().maxVersion("TLSv1.2"), TLSSocket::end);
            server.on(TLSServer.KEYLOG, (line, socket) -> {
                assertSame(server, socket.server());
                log.append(new String(line, StandardCharsets.US_ASCII));
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> done.complete(log.toString())));
            });
        });
        assertTrue(lines.matches("CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n"), lines);
    }

    @Test
    void listenersOfQuestionsCountOnlyForLaterConnections() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            TLSServer server =
                    TLS.createServer(serverOptions().ca(fixture("ca1-cert.pem")), TLSSocket::end);
            server.once(Server.CONNECTION, raw -> {
                // This connection's socket exists already.
                server.on(TLSServer.NEW_SESSION, (id, session, callback) -> {
                    events.add("newSession");
                    callback.run();
                });
                server.on(TLSServer.RESUME_SESSION, (id, callback) -> {
                    events.add("resumeSession");
                    callback.done(null, null);
                });
                server.on(TLSServer.OCSP_REQUEST, (certificate, issuer, callback) -> {
                    events.add("OCSPRequest");
                    callback.done(null, null);
                });
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket first = TLS.connect(clientOptions(server).requestOCSP(true));
                first.resume();
                first.on(Socket.CLOSE, hadError -> {
                    events.add("second");
                    TLSSocket second = TLS.connect(clientOptions(server).requestOCSP(true));
                    second.resume();
                    second.on(Socket.CLOSE, none -> server.close(error -> done.complete(events)));
                });
            });
        });
        assertEquals(
                List.of("second", "resumeSession", "OCSPRequest", "newSession", "newSession"), log);
    }

    @Test
    void aConnectionTooManyIsDropped() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions(), Readable::resume);
            server.maxConnections(1);
            assertEquals(1, server.maxConnections());
            server.on(Server.DROP, info -> events.add("drop " + (info.remotePort() > 0)));
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> events.add("tlsClientError"));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket first = TLS.connect(clientOptions(server));
                first.on(TLSSocket.SECURE_CONNECT, () -> {
                    TLSSocket second = TLS.connect(clientOptions(server));
                    second.on(EventEmitter.ERROR, error -> events.add(Coded.codeOf(error)));
                    second.on(Socket.CLOSE, hadError -> {
                        first.end();
                        server.close(error -> done.complete(events));
                    });
                });
                first.resume();
            });
        });
        assertEquals(List.of("drop true", "ECONNRESET"), log);
    }
}
