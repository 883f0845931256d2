package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.RenegotiateOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** docs/guide/renegotiation.md */
class RenegotiationGuideTest extends Guide {
    private static ServerOptions tls12() {
        return serverOptions().maxVersion("TLSv1.2");
    }

    /**
     * Renegotiates until something ends the connection; adds a line to the log each time it worked.
     */
    private static void renegotiateForEver(TLSSocket client, List<String> log) {
        client.renegotiate(new RenegotiateOptions(), error -> {
            log.add("renegotiated");
            renegotiateForEver(client, log);
        });
    }

    @Test
    void theServerHearsOfTheFourthRenegotiationAndEndsIt() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            ServerOptions options = tls12();
            // snippet: limit
            TLSServer server = TLS.createServer(options, socket -> {
                socket.on(EventEmitter.ERROR, error -> {
                    if ("ERR_TLS_SESSION_ATTACK".equals(Coded.codeOf(error))) {
                        socket.destroy();
                    }
                });
                socket.pipe(socket);
            });
            // end
            server.on(
                    TLSServer.SECURE_CONNECTION,
                    socket -> socket.on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error))));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(TLSSocket.SECURE_CONNECT, () -> renegotiateForEver(client, log));
                client.on(Socket.CLOSE, hadError -> {
                    log.add("closed " + hadError);
                    server.close(error -> done.complete(null));
                });
            });
        });
        assertEquals(
                List.of(
                        "renegotiated",
                        "renegotiated",
                        "renegotiated",
                        "ERR_TLS_SESSION_ATTACK",
                        "closed false"),
                log);
    }

    @Test
    void theLimitIsThreeInTenMinutes() {
        assertEquals(3, TLS.CLIENT_RENEG_LIMIT);
        assertEquals(600, TLS.CLIENT_RENEG_WINDOW);
    }

    @Test
    void aServerSocketCanForbidIt() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            ServerOptions options = tls12();
            // snippet: disable
            TLSServer server = TLS.createServer(options, socket -> {
                socket.disableRenegotiation();
                socket.on(EventEmitter.ERROR, error -> socket.destroy());
            });
            // end
            server.on(TLSServer.SECURE_CONNECTION, socket -> {
                socket.on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
                socket.write("go");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(Readable.DATA, go -> renegotiateForEver(client, log));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertEquals(List.of("ERR_TLS_RENEGOTIATION_DISABLED"), log);
    }

    @Test
    void opensslCanRefuseIt() throws Exception {
        String code = onLoop(done -> {
            ServerOptions options = tls12();
            // snippet: refuse
            options.secureOptions(SSLOptions.SSL_OP_NO_RENEGOTIATION);
            // end
            TLSServer server = TLS.createServer(options, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("go");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(Readable.DATA, go -> renegotiateForEver(client, new ArrayList<>()));
                client.on(EventEmitter.ERROR, error -> {
                    client.destroy();
                    server.close(closed -> done.complete(Coded.codeOf(error)));
                });
            });
        });
        assertEquals("ERR_SSL_NO_RENEGOTIATION", code);
    }

    @Test
    void aServerAsksForTheCertificateLater() throws Exception {
        String heard = onLoop(done -> {
            ServerOptions options = tls12().ca(file("ca1-cert.pem"));
            // snippet: certificate
            TLSServer server = TLS.createServer(options, socket -> {
                RenegotiateOptions ask =
                        new RenegotiateOptions().requestCert(true).rejectUnauthorized(false);
                socket.renegotiate(ask, error -> {
                    if (error == null && socket.authorized()) {
                        socket.end(
                                "hello " + socket.getPeerCertificate().subject().get("CN"));
                    } else {
                        socket.end("who are you?");
                    }
                });
            });
            // end
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server)
                        .key(file("client-key.pem"))
                        .cert(file("client-cert.pem")));
                client.once(Readable.DATA, bytes -> {
                    String text = text(bytes);
                    client.end();
                    server.close(closed -> done.complete(text));
                });
            });
        });
        assertEquals("hello client one", heard);
    }

    @Test
    void inTls13ItFails() throws Exception {
        List<String> codes = new ArrayList<>();
        onLoop(done -> {
            TLSServer server = TLS.createServer(serverOptions(), Readable::resume);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket socket = TLS.connect(clientOptions(server));
                socket.once(TLSSocket.SECURE_CONNECT, () -> {
                    // snippet: tls13
                    boolean begun = socket.renegotiate(
                            new RenegotiateOptions(), error -> codes.add(Coded.codeOf(error)));
                    // end
                    assertFalse(begun);
                    loop().setImmediate(socket::end);
                });
                socket.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertEquals(List.of("ERR_SSL_WRONG_SSL_VERSION"), codes);
        assertTrue(uncaught.isEmpty());
    }
}
