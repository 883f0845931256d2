package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Pre-shared keys in both directions, with openssl too. */
class PSKTest extends LoopTest {
    private static final byte[] KEY = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
    private static final String SUITES = "PSK-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256";

    private static ServerOptions server(String version, PSKCallback callback) {
        return new ServerOptions()
                .loop(loop)
                .ciphers(SUITES)
                .maxVersion(version)
                .pskCallback(callback);
    }

    private static ConnectOptions client(int port, PSKCallback callback) {
        return new ConnectOptions()
                .loop(loop)
                .host("127.0.0.1")
                .port(port)
                .ciphers(SUITES)
                .checkServerIdentity((host, certificate) -> null)
                .pskCallback(callback);
    }

    /** What both ends saw: "server ..." and "client ..." lines. */
    private List<String> talk(String version, PSKCallback atServer, PSKCallback atClient)
            throws Exception {
        return run(done -> {
            List<String> log = Collections.synchronizedList(new ArrayList<>());
            TLSServer server =
                    TLS.createServer(server(version, atServer), socket -> socket.end("hello"));
            server.on(
                    TLSServer.TLS_CLIENT_ERROR,
                    (error, socket) -> log.add("server " + Coded.codeOf(error)));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(client(server.address().port(), atClient));
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> log.add("client " + client.authorized() + " " + client.getProtocol()
                                + " " + client.isSessionReused()));
                client.on(Readable.DATA, chunk -> log.add("client " + text(chunk)));
                client.on(EventEmitter.ERROR, error -> log.add("client " + Coded.codeOf(error)));
                client.on(
                        Socket.CLOSE,
                        hadError ->
                                loop.setTimeout(() -> server.close(e -> done.complete(log)), 10));
            });
        });
    }

    private static PSKCallback.Psk good() {
        return new PSKCallback.Psk(KEY, "me");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void bothEndsAreSecureByTheKeyAlone(String version) throws Exception {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        List<String> log = talk(
                version,
                (socket, identity) -> {
                    asked.add(socket.remoteAddress() + " " + identity);
                    return good();
                },
                (socket, hint) -> good());
        assertEquals(
                List.of("client true " + version + " " + version.endsWith("3"), "client hello"),
                log);
        assertTrue(asked.contains("127.0.0.1 me"), asked.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aWrongKeyIsNoKey(String version) throws Exception {
        List<String> log = talk(
                version,
                (socket, identity) -> new PSKCallback.Psk(new byte[16], null),
                (socket, hint) -> good());
        assertEquals(2, log.size(), log.toString());
        assertFalse(log.get(0).contains("true"), log.toString());
    }

    @Test
    void anUnknownIdentityIsRefused() throws Exception {
        List<String> log = talk("TLSv1.2", (socket, identity) -> null, (socket, hint) -> good());
        assertEquals(
                List.of(
                        "client ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
                        "server ERR_SSL_PSK_IDENTITY_NOT_FOUND"),
                log.stream().sorted().toList());
    }

    @Test
    void aClientWithoutAKeyFails() throws Exception {
        List<String> log = talk("TLSv1.2", (socket, identity) -> good(), (socket, hint) -> null);
        assertTrue(log.contains("client ERR_SSL_PSK_IDENTITY_NOT_FOUND"), log.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void whatACallbackThrowsIsTheErrorOfItsSide(String version) throws Exception {
        List<String> atServer = talk(
                version,
                (socket, identity) -> {
                    throw new io.github.securepair.errors.StateException("EMINE", "mine");
                },
                (socket, hint) -> good());
        assertTrue(atServer.contains("server EMINE"), atServer.toString());
        List<String> atClient = talk(version, (socket, identity) -> good(), (socket, hint) -> {
            throw new io.github.securepair.errors.StateException("EMINE", "mine");
        });
        assertTrue(atClient.contains("client EMINE"), atClient.toString());
    }

    @Test
    void aKeyThatIsTooLongIsAnArgumentError() throws Exception {
        List<String> log = talk(
                "TLSv1.3",
                (socket, identity) -> good(),
                (socket, hint) -> new PSKCallback.Psk(new byte[10_000], "me"));
        assertTrue(log.contains("client ERR_INVALID_ARG_VALUE"), log.toString());
        log = talk(
                "TLSv1.3",
                (socket, identity) -> good(),
                (socket, hint) -> new PSKCallback.Psk(KEY, "x".repeat(5000)));
        assertTrue(log.contains("client ERR_INVALID_ARG_VALUE"), log.toString());
        log = talk(
                "TLSv1.3",
                (socket, identity) -> good(),
                (socket, hint) -> new PSKCallback.Psk(null, "me"));
        assertTrue(log.contains("client ERR_INVALID_ARG_TYPE"), log.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aCallbackMayDestroyItsSocket(String version) throws Exception {
        List<String> log = talk(
                version,
                (socket, identity) -> {
                    socket.destroy();
                    return good();
                },
                (socket, hint) -> good());
        assertEquals(
                List.of("client ECONNRESET", "server ECONNRESET"),
                log.stream().sorted().toList());
        log = talk(version, (socket, identity) -> good(), (socket, hint) -> {
            socket.destroy();
            return good();
        });
        assertFalse(log.toString().contains("true"), log.toString());
    }

    @Test
    void theHintReachesTheClient() throws Exception {
        List<String> hints = Collections.synchronizedList(new ArrayList<>());
        run(done -> {
            TLSServer server = TLS.createServer(
                    server("TLSv1.2", (socket, identity) -> good()).pskIdentityHint("a hint"),
                    socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(client(server.address().port(), (socket, hint) -> {
                    hints.add(String.valueOf(hint));
                    return good();
                }));
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertTrue(hints.contains("a hint"), hints.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientHasTheKey(String version) throws Exception {
        TLSServer server = TLS.createServer(
                server("TLSv1.3", (socket, identity) -> identity.equals("me") ? good() : null),
                socket -> socket.end("bye\n"));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        try (Peer client = Peer.start(
                "openssl",
                "s_client",
                "-connect",
                "127.0.0.1:" + server.address().port(),
                version,
                "-ign_eof",
                "-psk_identity",
                "me",
                "-psk",
                HexFormat.of().formatHex(KEY),
                "-cipher",
                "PSK-AES128-GCM-SHA256",
                "-ciphersuites",
                "TLS_AES_128_GCM_SHA256")) {
            assertTrue(client.finish().contains("bye"));
        }
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslServerHasTheKey(String version) throws Exception {
        try (Peer server = Peer.start(
                "openssl",
                "s_server",
                "-accept",
                "127.0.0.1:0",
                version,
                "-nocert",
                "-rev",
                "-psk_identity",
                "me",
                "-psk",
                HexFormat.of().formatHex(KEY),
                "-cipher",
                "PSK-AES128-GCM-SHA256",
                "-ciphersuites",
                "TLS_AES_128_GCM_SHA256")) {
            int port = server.opensslPort();
            String heard = run(done -> {
                TLSSocket client = TLS.connect(client(port, (socket, hint) -> good()));
                client.write("abc\n");
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(Readable.DATA, chunk -> {
                    client.destroy();
                    done.complete(text(chunk));
                });
            });
            assertEquals("cba\n", heard);
        }
    }
}
