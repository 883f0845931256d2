package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
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
    void optionsCanBeReadBack() throws Exception {
        TLSServer server =
                TLS.createServer(serverOptions().sessionIdContext("mine").honorCipherOrder(false));
        assertEquals("mine", server.options().get("sessionIdContext"));
        assertEquals(false, server.options().get("honorCipherOrder"));
        assertEquals(fixture("server-rsa-key.pem"), server.options().get("key"));
        server.close();
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
}
