package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** docs/guide/client-certificates.md */
class ClientCertificatesGuideTest extends Guide {
    private static TLSServer listening(TLSServer server) throws Exception {
        onLoop(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        return server;
    }

    private static void close(TLSServer server) throws Exception {
        onLoop(done -> server.close(error -> done.complete(null)));
    }

    private static TLSServer demanding(List<String> log) throws Exception {
        ServerOptions options = serverOptions();
        // snippet: demand
        options.requestCert(true).ca(file("ca1-cert.pem"));
        TLSServer server = TLS.createServer(options, socket -> {
            String name = (String) socket.getPeerCertificate().subject().get("CN");
            socket.end("hello " + name + "\n");
        });
        server.on(
                TLSServer.TLS_CLIENT_ERROR,
                (error, socket) ->
                        log.add(Coded.codeOf(error) + " " + socket.authorizationError()));
        // end
        return listening(server);
    }

    /** The text the client gets, then its error code if it has one, then "closed". */
    private static List<String> visit(ConnectOptions options) throws Exception {
        return onLoop(done -> {
            List<String> log = new ArrayList<>();
            TLSSocket client = TLS.connect(options);
            client.setEncoding("utf8");
            client.on(TLSSocket.SECURE_CONNECT, () -> log.add("secureConnect"));
            client.on(Readable.TEXT, log::add);
            client.on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
            client.on("close", args -> done.complete(log));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aKnownClientIsCalledByItsName(String version) throws Exception {
        TLSServer server = demanding(new ArrayList<>());
        ConnectOptions options = clientOptions(server).maxVersion(version);
        // snippet: client
        options.key(file("client-key.pem")).cert(file("client-cert.pem"));
        // end
        assertEquals(List.of("secureConnect", "hello client one\n"), visit(options));
        close(server);
    }

    @Test
    void inTls12TheClientIsToldInTheHandshake() throws Exception {
        List<String> log = new ArrayList<>();
        TLSServer server = demanding(log);
        assertEquals(
                List.of("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"),
                visit(clientOptions(server).maxVersion("TLSv1.2")));
        assertEquals(List.of("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE null"), log);
        close(server);
    }

    @Test
    void inTls13TheClientIsToldAfterIt() throws Exception {
        List<String> log = new ArrayList<>();
        TLSServer server = demanding(log);
        assertEquals(
                List.of("secureConnect", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"),
                visit(clientOptions(server)));
        assertEquals(List.of("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE null"), log);
        close(server);
    }

    @Test
    void theReasonIsOnTheSocket() throws Exception {
        List<String> log = new ArrayList<>();
        TLSServer server = demanding(log);
        visit(clientOptions(server)
                .key(file("client-expired-key.pem"))
                .cert(file("client-expired-cert.pem")));
        assertEquals(List.of("ECONNRESET CERT_HAS_EXPIRED"), log);
        close(server);
    }

    @Test
    void aServerDecidesForItself() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: decide
        options.requestCert(true).rejectUnauthorized(false).ca(file("ca1-cert.pem"));
        TLSServer server = TLS.createServer(options, socket -> {
            if (socket.authorized()) {
                socket.end("come in\n");
            } else {
                socket.end("not you: " + socket.authorizationError() + "\n");
            }
        });
        // end
        listening(server);
        assertEquals(
                List.of("secureConnect", "not you: UNABLE_TO_GET_ISSUER_CERT\n"),
                visit(clientOptions(server)));
        assertEquals(
                List.of("secureConnect", "not you: DEPTH_ZERO_SELF_SIGNED_CERT\n"),
                visit(clientOptions(server)
                        .key(file("client-self-signed-key.pem"))
                        .cert(file("client-self-signed-cert.pem"))));
        assertEquals(
                List.of("secureConnect", "come in\n"),
                visit(clientOptions(server)
                        .key(file("client-key.pem"))
                        .cert(file("client-cert.pem"))));
        close(server);
    }

    @Test
    void aRevokedClientIsRefused() throws Exception {
        ServerOptions options = serverOptions().requestCert(true).ca(file("ca1-cert.pem"));
        List<String> log = new ArrayList<>();
        // snippet: crl
        options.crl(file("ca1-crl-revoked.pem"));
        // end
        TLSServer server = TLS.createServer(options, socket -> socket.end("come in\n"));
        server.on(
                TLSServer.TLS_CLIENT_ERROR,
                (error, socket) -> log.add(socket.authorizationError()));
        listening(server);
        visit(clientOptions(server)
                .key(file("client-revoked-key.pem"))
                .cert(file("client-revoked-cert.pem")));
        assertEquals(List.of("CERT_REVOKED"), log);
        assertTrue(visit(clientOptions(server)
                        .key(file("client-key.pem"))
                        .cert(file("client-cert.pem")))
                .contains("come in\n"));
        close(server);
    }

    @Test
    void theWholeChainCanBeSeen() throws Exception {
        List<String> names = new ArrayList<>();
        TLSServer server = TLS.createServer(
                serverOptions().requestCert(true).ca(file("ca1-cert.pem")), socket -> {
                    // snippet: chain
                    var certificate = socket.getPeerCertificate(true);
                    while (certificate != null) {
                        names.add((String) certificate.subject().get("CN"));
                        var issuer = certificate.issuerCertificate();
                        certificate = issuer == certificate ? null : issuer;
                    }
                    // end
                    socket.end();
                });
        listening(server);
        visit(clientOptions(server)
                .key(file("client-intermediate-key.pem"))
                .cert(file("client-intermediate-chain.pem")));
        assertEquals(3, names.size(), names.toString());
        assertEquals("Securepair test ca1", names.get(2));
        close(server);
    }

    @Test
    void aServerOfTls13AsksLater() throws Exception {
        // snippet: later
        TLSServer server = TLS.createServer(
                serverOptions().ca(file("ca1-cert.pem")).minVersion("TLSv1.3"),
                socket -> socket.once(
                        Readable.DATA,
                        request -> socket.requestClientCertificate(error -> {
                            if (error == null) {
                                socket.end("welcome, "
                                        + socket.getPeerCertificate().subject().get("CN") + "\n");
                            }
                        })));
        // end
        listening(server);
        String heard = onLoop(done -> {
            // snippet: offer
            TLSSocket client = TLS.connect(clientOptions(server)
                    .key(file("client-key.pem"))
                    .cert(file("client-cert.pem"))
                    .postHandshakeAuth(true));
            // end
            client.setEncoding("utf8");
            client.on(TLSSocket.SECURE_CONNECT, () -> client.write("let me in"));
            client.on(Readable.TEXT, done::complete);
        });
        assertEquals("welcome, client one\n", heard);
        close(server);
    }
}
