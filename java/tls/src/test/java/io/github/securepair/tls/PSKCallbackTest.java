package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** pskCallback and pskIdentityHint; what Node 20 does was recorded from it first. */
class PSKCallbackTest extends LoopTest {
    private static final String HEX = "d731ef57be09e5204f0b205b60627028";
    private static final byte[] KEY = HexFormat.of().parseHex(HEX);
    private static final String CIPHERS = "PSK-AES128-CBC-SHA256:TLS_AES_128_GCM_SHA256";
    private static final PSKCallback SERVER_KEY = (socket, name) -> new PSKCallback.Psk(KEY);
    private static final PSKCallback CLIENT_KEY = (socket, name) -> new PSKCallback.Psk(KEY, "me");

    private static ServerOptions server(String version, PSKCallback callback) {
        return new ServerOptions()
                .loop(loop)
                .ciphers(CIPHERS)
                .minVersion(version)
                .maxVersion(version)
                .pskCallback(callback);
    }

    private static ConnectOptions client(String version, PSKCallback callback) {
        return new ConnectOptions()
                .loop(loop)
                .host("127.0.0.1")
                .ciphers(CIPHERS)
                .minVersion(version)
                .maxVersion(version)
                .checkServerIdentity((host, certificate) -> null)
                .pskCallback(callback);
    }

    /** What happened at either end of one connection, once both are closed. */
    private static final class Result {
        final List<String> facts = Collections.synchronizedList(new ArrayList<>());
        Throwable serverError;
        Throwable clientError;

        private static String code(Throwable error) {
            return error == null ? null : Coded.codeOf(error);
        }

        String serverCode() {
            return code(serverError);
        }

        String clientCode() {
            return code(clientError);
        }
    }

    private Result meet(ServerOptions serverOptions, ConnectOptions clientOptions)
            throws Exception {
        return meet(serverOptions, clientOptions, made -> {});
    }

    private Result meet(
            ServerOptions serverOptions,
            ConnectOptions clientOptions,
            Consumer<TLSSocket> withClient)
            throws Exception {
        Result result = new Result();
        return run(done -> {
            int[] open = {2};
            TLSServer[] listening = new TLSServer[1];
            Runnable closed = () -> {
                if (--open[0] == 0) {
                    listening[0].close(error -> done.complete(result));
                }
            };
            TLSServer server = TLS.createServer(serverOptions, socket -> {
                result.facts.add("server " + socket.authorized() + ' ' + socket.isSessionReused());
                socket.on(EventEmitter.ERROR, error -> result.serverError = error);
                socket.on(Socket.CLOSE, hadError -> closed.run());
                socket.end("hello");
            });
            listening[0] = server;
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {
                result.serverError = error;
                closed.run();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client =
                        TLS.connect(clientOptions.port(server.address().port()));
                withClient.accept(client);
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> result.facts.add("client " + client.authorized() + ' '
                                + client.isSessionReused() + ' ' + client.getProtocol() + ' '
                                + client.getPeerCertificate().isEmpty()));
                client.setEncoding("utf8");
                client.on(Readable.TEXT, text -> result.facts.add(text));
                client.on(EventEmitter.ERROR, error -> result.clientError = error);
                client.on(Socket.CLOSE, hadError -> closed.run());
            });
        });
    }

    // ---- with a key ----

    @ParameterizedTest
    @CsvSource({"TLSv1.2, false, hint", "TLSv1.3, true,"})
    void bothEndsAreToldAndMeet(String version, boolean reused, String hint) throws Exception {
        List<String> asked = new ArrayList<>();
        TLSSocket[] asking = new TLSSocket[1];
        Result result = meet(
                server(version, (socket, identity) -> {
                            asked.add("server " + identity + ' ' + socket.isServer + ' '
                                    + socket.remoteAddress());
                            return new PSKCallback.Psk(KEY);
                        })
                        .pskIdentityHint("hint"),
                client(version, (socket, name) -> {
                    asked.add("client " + name + ' ' + (socket == asking[0]));
                    return new PSKCallback.Psk(KEY, "grüße€");
                }),
                made -> asking[0] = made);
        assertNull(result.clientError);
        assertNull(result.serverError);
        assertEquals(List.of("client " + hint + " true", "server grüße€ true 127.0.0.1"), asked);
        assertTrue(result.facts.contains("client true " + reused + ' ' + version + " true"));
        assertTrue(result.facts.contains("server false " + reused));
        assertTrue(result.facts.contains("hello"));
    }

    @Test
    void aClientOfBothVersionsIsAskedWithoutAHintFirst() throws Exception {
        List<String> hints = new ArrayList<>();
        ConnectOptions both = client("TLSv1.2", (socket, hint) -> {
                    hints.add(hint);
                    return new PSKCallback.Psk(KEY, "me");
                })
                .maxVersion("TLSv1.3");
        Result result = meet(server("TLSv1.2", SERVER_KEY).pskIdentityHint("hint"), both);
        assertNull(result.clientError);
        assertEquals(Arrays.asList(null, "hint"), hints);
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2, ERR_TLS_CERT_ALTNAME_INVALID", "TLSv1.3,"})
    void theUsualCheckOfTheServersIdentityWantsACertificateInTLS12(String version, String code)
            throws Exception {
        ConnectOptions options = client(version, CLIENT_KEY).checkServerIdentity(null);
        Result result = meet(server(version, SERVER_KEY), options);
        assertEquals(code, result.clientCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientWithAKeyIsAuthorizedWhereCertificatesAreRequired(String version) throws Exception {
        Result result = meet(
                server(version, SERVER_KEY).requestCert(true).rejectUnauthorized(true),
                client(version, CLIENT_KEY));
        assertTrue(result.facts.contains("server true " + version.equals("TLSv1.3")));
    }

    @Test
    void certificatesAreTheWayOutInTLS13() throws Exception {
        Result result = meet(
                serverOptions().minVersion("TLSv1.3").pskCallback((socket, identity) -> null),
                client("TLSv1.3", CLIENT_KEY).ca(fixture("ca1-cert.pem")));
        assertNull(result.clientError);
        assertTrue(result.facts.contains("client true false TLSv1.3 false"), "" + result.facts);
    }

    // ---- without one ----

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, client, ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE, ERR_SSL_PSK_IDENTITY_NOT_FOUND",
        "TLSv1.2, server, ERR_SSL_PSK_IDENTITY_NOT_FOUND, ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
        "TLSv1.2, wrong, ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,"
                + " ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC",
        "TLSv1.3, client, ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM,"
                + " ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSv1.3, server, ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM,"
                + " ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSv1.3, wrong, ERR_SSL_BINDER_DOES_NOT_VERIFY,",
    })
    void failuresComeInNodesPairs(String version, String who, String atServer, String atClient)
            throws Exception {
        PSKCallback none = (socket, name) -> null;
        PSKCallback wrong = (socket, name) -> new PSKCallback.Psk(new byte[16], "me");
        Result result = meet(
                server(version, who.equals("server") ? none : SERVER_KEY),
                client(
                        version,
                        who.equals("client") ? none : who.equals("wrong") ? wrong : CLIENT_KEY));
        assertEquals(atServer, result.serverCode());
        if (atClient != null) {
            assertEquals(atClient, result.clientCode());
        } else {
            // The alert differs between OpenSSL 3.0 and later ones.
            assertTrue(result.clientCode().contains("_ALERT_"), result.clientCode());
        }
        assertEquals(List.of(), result.facts);
    }

    // ---- callbacks that do wrong ----

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void whatACallbackThrowsIsTheErrorOfItsSocket(String version) throws Exception {
        for (Throwable thrown : List.of(new RuntimeException("boom"), new AssertionError("boom"))) {
            PSKCallback broken = (socket, name) -> {
                throw PSKCallbackTest.<RuntimeException>unchecked(thrown);
            };
            Result result = meet(server(version, broken), client(version, CLIENT_KEY));
            assertSame(thrown, result.serverError);
            assertEquals("ECONNRESET", result.clientCode());
            result = meet(server(version, SERVER_KEY), client(version, broken));
            assertSame(thrown, result.clientError);
            assertEquals("ECONNRESET", result.serverCode());
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Test
    void aThrowEndsTheConnectionEvenWhenCertificatesWouldDo() throws Exception {
        RuntimeException thrown = new RuntimeException("boom");
        Result result = meet(
                serverOptions().minVersion("TLSv1.3").pskCallback((socket, identity) -> {
                    throw thrown;
                }),
                client("TLSv1.3", CLIENT_KEY).ca(fixture("ca1-cert.pem")));
        assertSame(thrown, result.serverError);
        assertEquals("ECONNRESET", result.clientCode());
        assertEquals(List.of(), result.facts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void anAnswerThatCannotBeUsedIsNodesError(String version) throws Exception {
        byte[] tooLong = new byte[513];
        check(
                version,
                new PSKCallback.Psk(null, "me"),
                "ERR_INVALID_ARG_TYPE",
                "The \"psk\" argument must be an instance of Buffer, TypedArray, or DataView."
                        + " Received null");
        check(
                version,
                new PSKCallback.Psk(KEY, null),
                "ERR_INVALID_ARG_TYPE",
                "The \"identity\" argument must be of type string. Received null");
        check(
                version,
                new PSKCallback.Psk(tooLong, "me"),
                "ERR_INVALID_ARG_VALUE",
                "The argument 'psk' Pre-shared key exceeds 512 bytes. Received 513 bytes");
        String long257 = "i".repeat(257);
        check(
                version,
                new PSKCallback.Psk(KEY, long257),
                "ERR_INVALID_ARG_VALUE",
                "The argument 'identity' PSK identity exceeds 256 bytes. Received '" + long257
                        + "'");
        check(
                version,
                new PSKCallback.Psk(KEY, "a\0b"),
                "ERR_INVALID_ARG_VALUE",
                "The argument 'identity' must be a string without null bytes. Received 'a\\x00b'");
        Result result = meet(
                server(version, (socket, identity) -> new PSKCallback.Psk(tooLong)),
                client(version, CLIENT_KEY));
        assertEquals("ERR_INVALID_ARG_VALUE", result.serverCode());
        result = meet(
                server(version, (socket, identity) -> new PSKCallback.Psk(null)),
                client(version, CLIENT_KEY));
        assertEquals("ERR_INVALID_ARG_TYPE", result.serverCode());
    }

    private void check(String version, PSKCallback.Psk answer, String code, String message)
            throws Exception {
        Result result =
                meet(server(version, SERVER_KEY), client(version, (socket, hint) -> answer));
        assertEquals(code, result.clientCode());
        assertEquals(message, result.clientError.getMessage());
        assertEquals("ECONNRESET", result.serverCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aHintThatIsTooLongIsTheErrorOfEachClient(String version) throws Exception {
        Result result = meet(
                server(version, SERVER_KEY).pskIdentityHint("h".repeat(257)),
                client(version, CLIENT_KEY));
        assertEquals("ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED", result.serverCode());
        assertEquals("Failed to set PSK identity hint", result.serverError.getMessage());
        assertEquals("ECONNRESET", result.clientCode());
        result = meet(
                server(version, SERVER_KEY).pskIdentityHint("h".repeat(256)),
                client(version, CLIENT_KEY));
        assertNull(result.serverError);
    }

    @Test
    void aHintWithoutACallbackIsNoMatter() throws Exception {
        Result result = meet(
                serverOptions().pskIdentityHint("h".repeat(300)),
                new ConnectOptions()
                        .loop(loop)
                        .host("127.0.0.1")
                        .servername("localhost")
                        .ca(fixture("ca1-cert.pem")));
        assertNull(result.serverError);
        assertTrue(result.facts.contains("hello"));
    }

    // ---- what callbacks do beside ----

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aCallbackMayDestroyItsSocket(String version) throws Exception {
        Result result = meet(
                server(version, (socket, identity) -> {
                    socket.destroy();
                    return new PSKCallback.Psk(KEY);
                }),
                client(version, CLIENT_KEY));
        assertEquals("ECONNRESET", result.serverCode());
        assertEquals("ECONNRESET", result.clientCode());
        RuntimeException mine = new RuntimeException("mine");
        result = meet(
                server(version, (socket, identity) -> {
                    socket.destroy(mine);
                    return null;
                }),
                client(version, CLIENT_KEY));
        assertSame(mine, result.serverError);
        assertEquals("ECONNRESET", result.clientCode());
        result = meet(server(version, SERVER_KEY), client(version, (socket, hint) -> {
            socket.destroy();
            return new PSKCallback.Psk(KEY, "me");
        }));
        assertNull(result.clientError);
        assertEquals("ECONNRESET", result.serverCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void whatACallbackWritesFollowsTheHandshake(String version) throws Exception {
        Result result = meet(
                server(version, (socket, identity) -> {
                    socket.write("written inside, ");
                    return new PSKCallback.Psk(KEY);
                }),
                client(version, (socket, hint) -> {
                    socket.pause();
                    socket.resume();
                    return new PSKCallback.Psk(KEY, "me");
                }));
        assertNull(result.serverError);
        assertTrue(String.join("", result.facts).contains("written inside, hello"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theConnectionThatAsksCannotBeUsed(String version) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        Result result = meet(
                server(version, (socket, identity) -> {
                    for (Runnable each : List.<Runnable>of(
                            socket::getProtocol,
                            socket::getSession,
                            socket::getPeerCertificate,
                            socket::isSessionReused,
                            () -> socket.setMaxSendFragment(1024))) {
                        assertThrows(IllegalStateException.class, each::run);
                        refused.incrementAndGet();
                    }
                    return new PSKCallback.Psk(KEY);
                }),
                client(version, CLIENT_KEY));
        assertNull(result.serverError);
        assertEquals(5, refused.get());
    }

    @Test
    void loopsAskAtTheSameTimeEachForItsOwn() throws Exception {
        int count = 60;
        AtomicInteger bad = new AtomicInteger();
        ConcurrentHashMap<String, Thread> askedBy = new ConcurrentHashMap<>();
        try (EventLoopGroup group = EventLoop.group(3)) {
            group.loops().forEach(each -> each.onUncaughtException(uncaught::add));
            run(done -> {
                TLSServer server = TLS.createServer(
                        server("TLSv1.2", (socket, identity) -> {
                                    askedBy.put(identity, Thread.currentThread());
                                    return new PSKCallback.Psk(keyOf(identity));
                                })
                                .maxVersion("TLSv1.3")
                                .loops(group),
                        socket -> socket.end("hello"));
                server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> bad.incrementAndGet());
                server.listen(0, "127.0.0.1", () -> {
                    int[] left = {count};
                    for (int i = 0; i < count; i++) {
                        String name = "client " + i;
                        TLSSocket client = TLS.connect(client(
                                        i % 2 == 0 ? "TLSv1.2" : "TLSv1.3",
                                        (socket, hint) -> new PSKCallback.Psk(keyOf(name), name))
                                .port(server.address().port()));
                        client.on(EventEmitter.ERROR, error -> bad.incrementAndGet());
                        client.resume();
                        client.on(Socket.CLOSE, hadError -> {
                            if (--left[0] == 0) {
                                server.close(error -> done.complete(null));
                            }
                        });
                    }
                });
            });
            group.close();
            group.closed().get(SECONDS, TimeUnit.SECONDS);
        }
        assertEquals(0, bad.get());
        assertEquals(count, askedBy.size());
        assertTrue(askedBy.values().stream().distinct().count() > 1);
        assertFalse(askedBy.containsValue(Thread.currentThread()));
    }

    private static byte[] keyOf(String name) {
        return Arrays.copyOf(name.getBytes(StandardCharsets.UTF_8), 32);
    }

    // ---- other programs ----

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void anOpensslClientMeetsOurServer(String flag) throws Exception {
        List<String> identities = Collections.synchronizedList(new ArrayList<>());
        TLSServer server = listen(identities);
        try (Peer client = Peer.start(
                "openssl",
                "s_client",
                "-connect",
                "127.0.0.1:" + server.address().port(),
                flag,
                "-psk",
                HEX,
                "-psk_identity",
                "openssl",
                "-cipher",
                "PSK",
                "-quiet")) {
            client.await("hello");
        }
        assertEquals(List.of("openssl"), identities);
        close(server);
    }

    @ParameterizedTest
    @CsvSource({"-tls1_2, TLSv1.2", "-tls1_3, TLSv1.3"})
    void ourClientMeetsAnOpensslServer(String flag, String version) throws Exception {
        try (Peer server = Peer.start(
                "openssl",
                "s_server",
                "-accept",
                "127.0.0.1:0",
                flag,
                "-nocert",
                "-psk",
                HEX,
                "-psk_identity",
                "me",
                "-psk_hint",
                "who",
                "-cipher",
                "PSK",
                "-rev")) {
            List<String> hints = new ArrayList<>();
            assertEquals(version + " true olleh", ask(server.opensslPort(), version, hints));
            assertEquals(version.equals("TLSv1.2") ? "[who]" : "[null]", hints.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aNodeClientMeetsOurServer(String version) throws Exception {
        List<String> identities = Collections.synchronizedList(new ArrayList<>());
        TLSServer server = listen(identities);
        String program = "const s = require('tls').connect({port: "
                + server.address().port()
                + ", host: '127.0.0.1', minVersion: '" + version + "', maxVersion: '" + version
                + "', ciphers: 'PSK:TLS_AES_128_GCM_SHA256', checkServerIdentity() {},"
                + " pskCallback: (hint) => { console.log(hint); return {psk: Buffer.from('" + HEX
                + "', 'hex'), identity: 'node'}; }}, () => console.log(s.authorized));"
                + " s.on('data', (d) => { console.log('' + d); s.destroy(); });";
        try (Peer client = Peer.node(program)) {
            String hint = version.equals("TLSv1.2") ? "who" : "null";
            assertEquals(hint + "\ntrue\nhello\n", client.finish());
        }
        assertEquals(List.of("node"), identities);
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void ourClientMeetsANodeServer(String version) throws Exception {
        String program = "const s = require('tls').createServer({minVersion: '" + version
                + "', maxVersion: '" + version + "', ciphers: 'PSK:TLS_AES_128_GCM_SHA256',"
                + " pskIdentityHint: 'who', pskCallback: (socket, identity) =>"
                + " identity === 'me' ? Buffer.from('" + HEX + "', 'hex') : null},"
                + " (c) => c.on('data', (d) => c.write([...('' + d).trim()].reverse().join(''))));"
                + " s.listen(0, '127.0.0.1', () => console.log('port ' + s.address().port));";
        try (Peer server = Peer.node(program)) {
            List<String> hints = new ArrayList<>();
            assertEquals(version + " true olleh", ask(server.port("port (\\d+)"), version, hints));
            assertEquals(version.equals("TLSv1.2") ? "[who]" : "[null]", hints.toString());
        }
    }

    private TLSServer listen(List<String> identities) throws Exception {
        return run(done -> {
            TLSServer server = TLS.createServer(
                    server("TLSv1.2", (socket, identity) -> {
                                identities.add(identity);
                                return new PSKCallback.Psk(KEY);
                            })
                            .maxVersion("TLSv1.3")
                            .ciphers("PSK:TLS_AES_128_GCM_SHA256")
                            .pskIdentityHint("who"),
                    socket -> {
                        socket.on(EventEmitter.ERROR, error -> {});
                        socket.write("hello");
                        socket.resume();
                    });
            server.listen(0, "127.0.0.1", () -> done.complete(server));
        });
    }

    private void close(TLSServer server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    /** Sends "hello"; returns facts and the answer. */
    private String ask(int port, String version, List<String> hints) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(client(version, (socket, hint) -> {
                        hints.add(hint);
                        return new PSKCallback.Psk(KEY, "me");
                    })
                    .ciphers("PSK:TLS_AES_128_GCM_SHA256")
                    .port(port));
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(TLSSocket.SECURE_CONNECT, () -> client.write("hello\n"));
            client.setEncoding("utf8");
            client.on(Readable.TEXT, text -> {
                String facts = client.getProtocol() + ' ' + client.authorized() + ' ' + text.trim();
                client.destroy();
                client.on(Socket.CLOSE, hadError -> done.complete(facts));
            });
        });
    }
}
