package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.WritableStream;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** docs/guide/for-node-people.md */
class NodePeopleGuideTest extends Guide {
    @Test
    void theEchoServerOfTheNodeDocumentation() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            // snippet: echo-server
            ServerOptions options = new ServerOptions()
                    .key(file("server-rsa-key.pem"))
                    .cert(file("server-rsa-cert.pem"))
                    .requestCert(true)
                    .ca(file("ca1-cert.pem"));

            TLSServer server = TLS.createServer(options, socket -> {
                log.add("server connected "
                        + (socket.authorized() ? "authorized" : "unauthorized"));
                socket.write("welcome!\n");
                socket.setEncoding("utf8");
                socket.pipe(socket);
            });
            server.listen(0, () -> log.add("server bound"));
            // end
            server.on("listening", args -> {
                int port = server.address().port();
                // snippet: echo-client
                ConnectOptions trust = new ConnectOptions()
                        .key(file("client-key.pem"))
                        .cert(file("client-cert.pem"))
                        .ca(file("ca1-cert.pem"));

                TLS.connect(port, trust, socket -> {
                    socket.on(TLSSocket.SECURE_CONNECT, () -> {
                        log.add("client connected "
                                + (socket.authorized() ? "authorized" : "unauthorized"));
                        socket.end("hello\n");
                    });
                    socket.setEncoding("utf8");
                    socket.on(Readable.TEXT, text -> log.add(text));
                    socket.on(Readable.END, () -> server.close());
                });
                // end
                server.on("close", none -> done.complete(null));
            });
        });
        assertEquals("server bound", log.get(0));
        assertTrue(log.contains("client connected authorized"), log.toString());
        assertTrue(log.contains("server connected authorized"), log.toString());
        String heard = String.join("", log.subList(1, log.size()));
        assertTrue(
                heard.replaceAll("(client|server) connected authorized", "")
                        .equals("welcome!\nhello\n"),
                heard);
    }

    @Test
    void eventsHaveKeysAndNames() throws Exception {
        List<String> log = onLoop(done -> {
            List<String> heard = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket socket = TLS.connect(clientOptions(server));
                // snippet: events
                socket.once(TLSSocket.SECURE_CONNECT, () -> heard.add("by key"));
                socket.once("secureConnect", args -> heard.add("by name"));
                socket.on(Socket.CLOSE, hadError -> heard.add("close " + hadError));
                // end
                socket.resume();
                server.on("close", args -> {});
                socket.on("close", args -> server.close(error -> done.complete(heard)));
            });
        });
        assertEquals(List.of("by key", "by name", "close false"), log);
    }

    @Test
    void errorsHaveCodes() throws Exception {
        String code = onLoop(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket socket = TLS.connect(clientOptions(server).ca(file("ca2-cert.pem")));
                // snippet: errors
                socket.on(EventEmitter.ERROR, error -> {
                    switch (String.valueOf(Coded.codeOf(error))) {
                        case "UNABLE_TO_VERIFY_LEAF_SIGNATURE" -> done.complete("not our CA");
                        case "ECONNREFUSED" -> done.complete("nobody there");
                        default -> done.complete(error.getMessage());
                    }
                });
                // end
                socket.on("close", args -> server.close());
            });
        });
        assertEquals("not our CA", code);
    }

    @Test
    void badArgumentsThrow() {
        // snippet: thrown
        ArgumentException wrong = assertThrows(
                ArgumentException.class,
                () -> TLS.createSecureContext(new ConnectOptions().minVersion("TLSv9")));
        assertEquals("ERR_TLS_INVALID_PROTOCOL_VERSION", wrong.code());

        SecureContextException refused = assertThrows(
                SecureContextException.class,
                () -> TLS.createSecureContext(new ConnectOptions().ciphers("no-such-cipher")));
        assertEquals("ERR_SSL_NO_CIPHER_MATCH", refused.code());
        // end
    }

    @Test
    void writeTellsWhenToWait() throws Exception {
        int sent = onLoop(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                byte[] chunk = new byte[10_000];
                int[] count = {0};
                // snippet: drain
                Runnable[] pump = {null};
                pump[0] = () -> {
                    while (count[0] < 100) {
                        count[0]++;
                        if (!socket.write(chunk)) {
                            socket.once(WritableStream.DRAIN, pump[0]::run);
                            return;
                        }
                    }
                    socket.end();
                };
                pump[0].run();
                // end
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                int[] got = {0};
                client.on(Readable.DATA, bytes -> got[0] += bytes.remaining());
                client.on("close", args -> server.close(error -> done.complete(got[0])));
            });
        });
        assertEquals(1_000_000, sent);
    }

    @Test
    void timersAndTicksGoAsInNode() throws Exception {
        List<String> log = onLoop(done -> {
            List<String> out = new ArrayList<>();
            // snippet: loop
            EventLoop loop = EventLoop.current();
            loop.setTimeout(() -> out.add("timeout"), 1);
            loop.setImmediate(() -> out.add("immediate"));
            loop.nextTick(() -> out.add("tick"));
            out.add("now");
            // end
            loop.setTimeout(() -> done.complete(out), 20);
        });
        assertEquals(List.of("now", "tick"), log.subList(0, 2));
        assertTrue(log.containsAll(List.of("timeout", "immediate")));
    }
}
