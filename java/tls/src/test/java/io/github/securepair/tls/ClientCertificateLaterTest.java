package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.errors.StateException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A TLS 1.3 server asks for the client's certificate after the handshake. */
class ClientCertificateLaterTest extends LoopTest {
    /** What the server received: the answer to its request, then whether the socket was closed. */
    private final List<String> facts = new ArrayList<>();

    private static ServerOptions asking() {
        return serverOptions().ca(fixture("ca1-cert.pem")).minVersion("TLSv1.3");
    }

    private static ConnectOptions answering(Server server, String identity) {
        ConnectOptions options = clientOptions(server).postHandshakeAuth(true);
        return identity == null
                ? options
                : options.key(fixture(identity + "-key.pem")).cert(fixture(identity + "-cert.pem"));
    }

    /** A server that asks when the first data arrives, and answers with the name of the client. */
    private TLSServer askingServer(ServerOptions options, CompletableFuture<List<String>> ended)
            throws Exception {
        return run(done -> {
            TLSServer made = TLS.createServer(options, socket -> {
                facts.add(
                        socket.authorized() + " " + socket.getPeerCertificate().isEmpty());
                socket.on(EventEmitter.ERROR, error -> facts.add("error " + Coded.codeOf(error)));
                socket.once(
                        Readable.DATA,
                        bytes -> facts.add("asked "
                                + socket.requestClientCertificate(error -> {
                                    facts.add(
                                            error == null
                                                    ? "may stay"
                                                    : "refused " + Coded.codeOf(error));
                                    if (error == null) {
                                        facts.add(socket.authorized() + " "
                                                + socket.authorizationError() + " "
                                                + (socket.getPeerCertificate().isEmpty()
                                                        ? "nobody"
                                                        : commonName(socket.getPeerCertificate())));
                                    }
                                    if (!socket.destroyed()) {
                                        socket.end("done\n");
                                    }
                                })));
                socket.on(Socket.CLOSE, hadError -> {
                    facts.add("close");
                    ended.complete(facts);
                });
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
    }

    /** Connects and writes; returns what arrived and how it ended. */
    private String talk(ConnectOptions options) throws Exception {
        return run(done -> {
            StringBuilder heard = new StringBuilder();
            TLSSocket client = TLS.connect(options);
            client.setEncoding("utf8");
            client.on(TLSSocket.SECURE_CONNECT, () -> client.write("hello"));
            client.on(Readable.TEXT, heard::append);
            client.on(
                    EventEmitter.ERROR,
                    error -> heard.append("error ").append(Coded.codeOf(error)));
            client.on(Socket.CLOSE, hadError -> done.complete(heard.toString()));
        });
    }

    private void close(Server server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    private List<String> facts(CompletableFuture<List<String>> ended) throws Exception {
        return ended.get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aKnownClientIsKnownFromThenOn() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking(), ended);
        assertEquals("done\n", talk(answering(server, "client")));
        assertEquals(
                List.of("false true", "asked true", "may stay", "true null client one", "close"),
                facts(ended));
        close(server);
    }

    @Test
    void withoutRejectUnauthorizedTheServerOnlyLearnsWhyNot() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking().rejectUnauthorized(false), ended);
        assertEquals("done\n", talk(answering(server, "client-ca2")));
        List<String> heard = facts(ended);
        assertEquals(List.of("false true", "asked true", "may stay"), heard.subList(0, 3));
        assertTrue(heard.get(3).startsWith("false UNABLE_TO_"), heard.toString());
        close(server);
    }

    @Test
    void withoutRejectUnauthorizedTheClientMayHaveNone() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking().rejectUnauthorized(false), ended);
        assertEquals("done\n", talk(answering(server, null)));
        assertEquals(
                List.of(
                        "false true",
                        "asked true",
                        "may stay",
                        "false UNABLE_TO_GET_ISSUER_CERT nobody",
                        "close"),
                facts(ended));
        close(server);
    }

    @Test
    void aStrangerIsRefused() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking(), ended);
        assertFalse(talk(answering(server, "client-ca2")).contains("done"));
        List<String> heard = facts(ended);
        assertEquals(List.of("false true", "asked true"), heard.subList(0, 2));
        assertTrue(heard.get(2).startsWith("refused UNABLE_TO_"), heard.toString());
        assertEquals(List.of("close"), heard.subList(3, heard.size()));
        close(server);
    }

    @Test
    void aClientWithoutOneIsRefusedWithAnAlert() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking(), ended);
        assertEquals(
                "error ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", talk(answering(server, null)));
        assertEquals(
                List.of(
                        "false true",
                        "asked true",
                        "refused ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
                        "close"),
                facts(ended));
        close(server);
    }

    @Test
    void aCallbackThatThrowsDoesNotLetTheClientStay() throws Exception {
        IllegalStateException thrown = new IllegalStateException("of the callback");
        List<Boolean> gone = Collections.synchronizedList(new ArrayList<>());
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(asking(), socket -> {
                socket.requestClientCertificate(error -> {
                    loop.execute(() -> gone.add(socket.destroyed()));
                    throw thrown;
                });
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        for (String identity : new String[] {null, "client-ca2"}) {
            talk(answering(server, identity));
        }
        close(server);
        assertEquals(List.of(true, true), gone);
        assertEquals(List.of(thrown, thrown), uncaught);
        uncaught.clear();
    }

    @Test
    void whoAsksFromAnotherThreadHearsOfASocketThatWentMeanwhile() throws Exception {
        CompletableFuture<Throwable> answer = new CompletableFuture<>();
        CompletableFuture<Boolean> asked = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(asking(), socket -> {
                // The loop waits, so that the request reaches it only after the end.
                Thread other = new Thread(
                        () -> asked.complete(socket.requestClientCertificate(answer::complete)));
                other.start();
                asked.join();
                socket.destroy();
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        talk(answering(server, "client"));
        assertTrue(asked.join());
        assertEquals("ERR_SOCKET_CLOSED", Coded.codeOf(answer.get(SECONDS, TimeUnit.SECONDS)));
        close(server);
    }

    @Test
    void aClientThatDidNotOfferItIsNotAsked() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking(), ended);
        assertEquals("done\n", talk(answering(server, "client").postHandshakeAuth(false)));
        assertEquals(
                List.of(
                        "false true",
                        "asked false",
                        "refused ERR_SSL_EXTENSION_NOT_RECEIVED",
                        "close"),
                facts(ended));
        close(server);
    }

    @Test
    void inTls12ThereIsRenegotiationInstead() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server =
                askingServer(asking().minVersion("TLSv1.2").maxVersion("TLSv1.2"), ended);
        assertEquals("done\n", talk(answering(server, "client")));
        assertEquals("refused ERR_SSL_WRONG_SSL_VERSION", facts(ended).get(2));
        close(server);
    }

    @Test
    void whoIsBeingAskedIsNotAskedAgainAndAClosedSocketAnswersToo() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(asking(), socket -> {
                socket.requestClientCertificate(error -> facts.add("first " + Coded.codeOf(error)));
                socket.requestClientCertificate(error -> {
                    facts.add("second " + Coded.codeOf(error));
                    socket.destroy();
                });
                socket.on(
                        Socket.CLOSE,
                        hadError -> loop.setImmediate(() -> {
                            facts.add("later " + socket.requestClientCertificate(null));
                            ended.complete(facts);
                        }));
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        talk(answering(server, "client"));
        assertEquals(
                List.of("second ERR_SSL_REQUEST_PENDING", "first ERR_SOCKET_CLOSED", "later false"),
                facts(ended));
        close(server);
    }

    @Test
    void whoDoesNotAnswerInTimeIsDropped() throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking().handshakeTimeout(150), ended);
        try (Capture between = new Capture(server.address().port())) {
            run(done -> {
                TLSSocket client = TLS.connect(answering(server, "client").port(between.port()));
                client.on(EventEmitter.ERROR, error -> {});
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    between.mute();
                    client.write("hello");
                });
                ended.thenRun(() -> loop.execute(client::destroy));
                client.on(Socket.CLOSE, hadError -> done.complete(null));
            });
        }
        assertEquals(
                List.of(
                        "false true",
                        "asked true",
                        "error ERR_TLS_HANDSHAKE_TIMEOUT",
                        "refused ERR_TLS_HANDSHAKE_TIMEOUT",
                        "close"),
                facts(ended));
        close(server);
    }

    @Test
    void clientsAndUnsecureServersCannotAsk() throws Exception {
        TLSServer server = askingServer(asking(), new CompletableFuture<>());
        run(done -> {
            TLSSocket client = TLS.connect(answering(server, "client"));
            StateException refused =
                    assertThrows(StateException.class, () -> client.requestClientCertificate(null));
            assertEquals("ERR_TLS_INVALID_STATE", refused.code());
            client.on(Socket.CLOSE, hadError -> done.complete(null));
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                assertThrows(StateException.class, () -> client.requestClientCertificate(null));
                client.destroy();
            });
        });
        close(server);
        TLSSocket made = new TLSSocket(new TLSSocketOptions(serverOptions()).set("isServer", true));
        assertThrows(StateException.class, () -> made.requestClientCertificate(null));
        run(done -> made.on(Socket.CLOSE, hadError -> done.complete(null)).destroy());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anOpensslClientAnswers(boolean offers) throws Exception {
        CompletableFuture<List<String>> ended = new CompletableFuture<>();
        TLSServer server = askingServer(asking(), ended);
        List<String> flags = new ArrayList<>(List.of(
                "-ign_eof",
                "-key",
                fixture("client-key.pem").toString(),
                "-cert",
                fixture("client-cert.pem").toString()));
        if (offers) {
            flags.add("-enable_pha");
        }
        try (Peer client =
                Peer.opensslClient(server.address().port(), flags.toArray(String[]::new))) {
            client.await("Verify return code");
            client.send("hello\n");
            client.await("done");
        }
        List<String> heard = facts(ended);
        assertEquals(
                offers
                        ? List.of("asked true", "may stay", "true null client one")
                        : List.of("asked false", "refused ERR_SSL_EXTENSION_NOT_RECEIVED"),
                heard.subList(1, offers ? 4 : 3));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anOpensslServerAsks(boolean hasOne) throws Exception {
        try (Peer server = Peer.opensslServer(
                "server-rsa", "-tls1_3", "-CAfile", fixture("ca1-cert.pem").toString())) {
            ConnectOptions options = clientOptions(server.opensslPort()).postHandshakeAuth(true);
            if (hasOne) {
                options.key(fixture("client-key.pem")).cert(fixture("client-cert.pem"));
            }
            CompletableFuture<String> heard = new CompletableFuture<>();
            loop.execute(() -> {
                TLSSocket client = TLS.connect(options);
                client.setEncoding("utf8");
                client.on(TLSSocket.SECURE_CONNECT, () -> client.write("hello\n"));
                client.once(Readable.TEXT, text -> {
                    heard.complete(text);
                    client.end();
                });
                client.on(EventEmitter.ERROR, heard::completeExceptionally);
            });
            server.await("hello");
            assertFalse(server.output().contains("client one"));
            server.send("c\n");
            server.await(hasOne ? "CN = client one" : "SSL_do_handshake -> 1");
            server.await("SSL_do_handshake -> 1");
            server.send("after\n");
            assertEquals("after\n", heard.get(SECONDS, TimeUnit.SECONDS));
        }
    }
}
