package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A session is worth nothing under another name, trust or strictness than it was made under. */
class SessionBindingTest extends LoopTest {
    private static final byte[] KEYS = new byte[48];

    private final List<Server> servers = new ArrayList<>();
    /** What the server saw of its connections, in order. */
    private final List<String> served = new ArrayList<>();

    private final Map<String, byte[]> store = new HashMap<>();

    @AfterEach
    void closeServers() throws Exception {
        for (Server server : servers) {
            if (server.listening()) {
                server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    /** One connection of a client: what became of it, and its session. */
    private record Visit(String outcome, byte[] session) {}

    private TLSServer listen(ServerOptions options) throws Exception {
        TLSServer server = TLS.createServer(options, socket -> {
            served.add(socket.servername() + " " + socket.authorized()
                    + (socket.isSessionReused() ? " reused" : ""));
            socket.resume();
            socket.end("x");
        });
        server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> served.add("refused"));
        servers.add(server);
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        return server;
    }

    /** With a store of sessions instead of tickets. */
    private void keepSessions(TLSServer server) {
        server.on(TLSServer.NEW_SESSION, (id, session, done) -> {
            store.put(HexFormat.of().formatHex(id), session);
            done.run();
        });
        server.on(
                TLSServer.RESUME_SESSION,
                (id, callback) -> callback.done(null, store.get(HexFormat.of().formatHex(id))));
    }

    private Visit visit(ConnectOptions options) throws Exception {
        return run(done ->
                watch(TLS.connect(options), TLSSocket.SECURE_CONNECT.name(), done::complete));
    }

    private interface Seen {
        void visit(Visit visit);
    }

    private static void watch(TLSSocket client, String secure, Seen seen) {
        byte[][] session = {null};
        String[] outcome = {"closed"};
        client.on(TLSSocket.SESSION, bytes -> session[0] = bytes);
        client.on(
                secure,
                args -> outcome[0] = (client.isSessionReused() ? "reused " : "full ")
                        + (client.authorized() ? "authorized" : client.authorizationError()));
        client.on(EventEmitter.ERROR, error -> outcome[0] = Coded.codeOf(error));
        client.resume();
        client.on(Socket.CLOSE, hadError -> seen.visit(new Visit(outcome[0], session[0])));
    }

    private static ConnectOptions to(TLSServer server, String name, String version) {
        return clientOptions(server)
                .servername(name)
                .minVersion(version)
                .maxVersion(version)
                .rejectUnauthorized(false);
    }

    private static ConnectOptions as(String client, ConnectOptions options) {
        return options.key(fixture(client + "-key.pem")).cert(fixture(client + "-cert.pem"));
    }

    private static SecureContextOptions named(String name) {
        return new SecureContextOptions()
                .key(fixture(name + "-key.pem"))
                .cert(fixture(name + "-cert.pem"));
    }

    // ---- servers ------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"TLSv1.2,false", "TLSv1.3,false", "TLSv1.2,true", "TLSv1.3,true"})
    void aClientOfOneNamesCAIsNotLetInAtAnotherByItsSession(String version, boolean stored)
            throws Exception {
        TLSServer server = listen(serverOptions()
                .requestCert(true)
                .rejectUnauthorized(true)
                .secureOptions(stored ? SSLOptions.SSL_OP_NO_TICKET : 0));
        if (stored) {
            keepSessions(server);
        }
        server.addContext("a.test", named("sni-a").ca(fixture("ca1-cert.pem")));
        server.addContext("b.test", named("sni-b").ca(fixture("ca2-cert.pem")));
        byte[] session = visit(as("client", to(server, "a.test", version))).session();
        visit(as("client", to(server, "a.test", version)).session(session));
        visit(as("client", to(server, "b.test", version)).session(unbound(session)));
        visit(as("client", to(server, "c.test", version)).session(unbound(session)));
        visit(as("client-ca2", to(server, "b.test", version)));
        assertEquals(
                List.of("a.test true", "a.test true reused", "refused", "refused", "b.test true"),
                served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionIsNotResumedUnderAnotherNameWhereNobodyIsAskedForACertificate(String version)
            throws Exception {
        TLSServer server = listen(serverOptions());
        byte[] session = visit(to(server, "a.test", version)).session();
        visit(to(server, "A.test", version).session(unbound(session)));
        visit(to(server, "b.test", version).session(unbound(session)));
        visit(to(server, "", version).session(unbound(session)));
        assertEquals(
                List.of("a.test false", "A.test false reused", "b.test false", "null false"),
                served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionEndsWithTheTrustOfItsServer(String version) throws Exception {
        ServerOptions options = serverOptions()
                .requestCert(true)
                .rejectUnauthorized(true)
                .ticketKeys(KEYS)
                .ca(List.of(fixture("ca1-cert.pem"), fixture("ca2-cert.pem")));
        TLSServer server = listen(options);
        byte[] session = visit(as("client-ca2", to(server, "a.test", version))).session();
        visit(as("client-ca2", to(server, "a.test", version)).session(session));
        server.setSecureContext(serverOptions().ca(fixture("ca1-cert.pem")));
        visit(as("client-ca2", to(server, "a.test", version)).session(session));
        assertEquals(List.of("a.test true", "a.test true reused", "refused"), served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aRevocationListEndsSessionsToo(String version) throws Exception {
        ServerOptions options = serverOptions()
                .requestCert(true)
                .rejectUnauthorized(true)
                .ticketKeys(KEYS)
                .ca(fixture("ca1-cert.pem"));
        TLSServer server = listen(options);
        byte[] session =
                visit(as("client-revoked", to(server, "a.test", version))).session();
        server.setSecureContext(
                serverOptions().ca(fixture("ca1-cert.pem")).crl(fixture("ca1-crl-revoked.pem")));
        visit(as("client-revoked", to(server, "a.test", version)).session(session));
        assertEquals(List.of("a.test true", "refused"), served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void anUnknownClientsSessionIsNoWayIntoAStrictServer(String version) throws Exception {
        ServerOptions options = serverOptions().ticketKeys(KEYS).ca(fixture("ca1-cert.pem"));
        TLSServer open = listen(options.copy());
        TLSServer asking = listen(options.copy().requestCert(true).rejectUnauthorized(false));
        TLSServer strict = listen(options.copy().requestCert(true).rejectUnauthorized(true));
        byte[] unasked = visit(to(open, "a.test", version)).session();
        byte[] unknown = visit(as("client-ca2", to(asking, "a.test", version))).session();
        served.clear();
        visit(to(strict, "a.test", version).session(unasked));
        visit(to(strict, "a.test", version).session(unknown));
        visit(as("client", to(asking, "a.test", version).session(unasked)));
        assertEquals(List.of("refused", "refused", "a.test true"), served);
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2,true", "TLSv1.3,true", "TLSv1.2,false", "TLSv1.3,false"})
    void sniCallbackDecidesBeforeASessionIsResumedIfClientsAreAsked(String version, boolean asks)
            throws Exception {
        List<String> order = new ArrayList<>();
        SecureContext[] current = {
            TLS.createSecureContext(named("sni-a").ca(fixture("ca1-cert.pem")))
        };
        try {
            TLSServer server = listen(serverOptions()
                    .requestCert(asks)
                    .rejectUnauthorized(true)
                    .ALPNCallback(hello -> {
                        order.add("ALPN");
                        return "x";
                    })
                    .SNICallback((name, callback) -> {
                        order.add("SNI");
                        loop.setImmediate(() -> callback.done(null, current[0]));
                    }));
            ConnectOptions options = as("client", to(server, "a.test", version));
            byte[] session = visit(options.copy().ALPNProtocols(List.of("x"))).session();
            assertEquals(List.of("ALPN", "SNI"), order);
            order.clear();
            visit(options.copy().ALPNProtocols(List.of("x")).session(session));
            assertEquals(asks ? List.of("ALPN", "SNI") : List.of("ALPN"), order);
            current[0].close();
            current[0] = TLS.createSecureContext(named("sni-a").ca(fixture("ca2-cert.pem")));
            visit(options.copy().ALPNProtocols(List.of("x")).session(session));
            assertEquals(
                    asks
                            ? List.of("a.test true", "a.test true reused", "refused")
                            : List.of("a.test false", "a.test false reused", "a.test false reused"),
                    served);
        } finally {
            current[0].close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aNameWithoutTrustOfItsOwnHasTheServers(String version) throws Exception {
        TLSServer server = listen(serverOptions()
                .requestCert(true)
                .rejectUnauthorized(true)
                .ca(fixture("ca2-cert.pem")));
        server.addContext("a.test", named("sni-a"));
        try (SecureContext given = TLS.createSecureContext(named("sni-b"))) {
            server.addContext("b.test", given);
            visit(as("client-ca2", to(server, "a.test", version)));
            visit(as("client-ca2", to(server, "b.test", version)));
            visit(as("client", to(server, "a.test", version)));
            server.addContext("c.test", named("sni-a").crl(fixture("ca2-crl-empty.pem")));
            visit(as("client-ca2", to(server, "c.test", version)));
        }
        assertEquals(List.of("a.test true", "b.test true", "refused", "c.test true"), served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aNameWithAnEmptyListOfCasTrustsNobody(String version) throws Exception {
        TLSServer server = listen(serverOptions()
                .requestCert(true)
                .rejectUnauthorized(true)
                .ca(fixture("ca2-cert.pem")));
        server.addContext("a.test", named("sni-a").ca(List.of()));
        visit(as("client-ca2", to(server, "a.test", version)));
        assertEquals(List.of("refused"), served);
    }

    // ---- clients ------------------------------------------------------------------------------

    private static ConnectOptions strictly(TLSServer server, String name, String version) {
        return to(server, name, version).rejectUnauthorized(true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theSessionOfOneHostIsNotOfferedToAnother(String version) throws Exception {
        TLSServer server = listen(serverOptions());
        server.addContext("a.example.test", named("sni-a"));
        server.addContext("b.example.test", named("sni-b"));
        byte[] session = visit(strictly(server, "a.example.test", version)).session();
        assertEquals(
                "reused authorized",
                visit(strictly(server, "a.example.test", version).session(session))
                        .outcome());
        // The right server answers, and is known by its own certificate.
        assertEquals(
                "full authorized",
                visit(strictly(server, "b.example.test", version).session(session))
                        .outcome());
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                visit(strictly(server, "elsewhere.test", version).session(session))
                        .outcome());
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                visit(strictly(server, "elsewhere.test", version).session(unbound(session)))
                        .outcome());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionOfAServerOfTheWrongNameIsNeverAuthorized(String version) throws Exception {
        TLSServer server = listen(serverOptions());
        Visit lenient = visit(to(server, "elsewhere.test", version));
        assertEquals("full ERR_TLS_CERT_ALTNAME_INVALID", lenient.outcome());
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                visit(strictly(server, "elsewhere.test", version).session(lenient.session()))
                        .outcome());
        // Where that is no obstacle the session is resumed, and still authorizes no client.
        assertEquals(
                "reused ERR_TLS_CERT_ALTNAME_INVALID",
                visit(to(server, "elsewhere.test", version).session(lenient.session()))
                        .outcome());
        byte[] blind = visit(strictly(server, "elsewhere.test", version)
                        .checkServerIdentity((host, certificate) -> null))
                .session();
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                visit(strictly(server, "elsewhere.test", version).session(blind))
                        .outcome());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theProgramsCheckIsAskedAboutASessionOnce(String version) throws Exception {
        TLSServer server = listen(serverOptions());
        byte[] session = visit(strictly(server, "localhost", version)).session();
        List<String> asked = new ArrayList<>();
        assertEquals(
                "reused authorized",
                visit(strictly(server, "localhost", version)
                                .session(session)
                                .checkServerIdentity((host, certificate) -> {
                                    asked.add(host + " " + commonName(certificate));
                                    return null;
                                }))
                        .outcome());
        assertEquals(List.of("localhost localhost"), asked);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionIsNotOfferedUnderOtherTrust(String version) throws Exception {
        TLSServer server = listen(serverOptions("server-revoked"));
        byte[] session = visit(strictly(server, "localhost", version)).session();
        assertEquals(
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                visit(strictly(server, "localhost", version)
                                .ca(fixture("ca2-cert.pem"))
                                .session(session))
                        .outcome());
        assertEquals(
                "CERT_REVOKED",
                visit(strictly(server, "localhost", version)
                                .crl(fixture("ca1-crl-revoked.pem"))
                                .session(session))
                        .outcome());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSocketMadeByHandDecidesAsConnectDoes(String version) throws Exception {
        TLSServer server = listen(serverOptions());
        byte[] session = visit(to(server, "elsewhere.test", version)).session();
        byte[] good = visit(strictly(server, "localhost", version)).session();
        assertEquals("ERR_TLS_CERT_ALTNAME_INVALID", byHand(version, "elsewhere.test", session));
        assertEquals("reused authorized", byHand(version, "localhost", good));
        assertEquals("ERR_TLS_CERT_ALTNAME_INVALID", byHand(version, "elsewhere.test", good));
    }

    private String byHand(String version, String name, byte[] session) throws Exception {
        return run(done -> {
            Socket wire = Net.connect(servers.get(0).address().port(), "127.0.0.1");
            TLSSocket client = new TLSSocket(
                    wire,
                    new TLSSocketOptions()
                            .loop(loop)
                            .servername(name)
                            .rejectUnauthorized(true)
                            .minVersion(version)
                            .maxVersion(version)
                            .ca(fixture("ca1-cert.pem"))
                            .session(session));
            watch(client, TLSSocket.SECURE.name(), visit -> done.complete(visit.outcome()));
            client.on(Readable.END, client::end);
            client.write("x");
        });
    }

    // ---- sessions of other programs -----------------------------------------------------------

    /** The session without what ours is bound to, as a program before that has kept it. */
    private static byte[] unbound(byte[] session) {
        // SSL_SESSION's last fields: [18] ticket_appdata, an octet string of 64 bytes.
        byte[] head = {(byte) 0xb2, 0x42, 0x04, 0x40};
        for (int i = 4; i < session.length - head.length; i++) {
            if (Arrays.equals(session, i, i + head.length, head, 0, head.length)) {
                byte[] out = Arrays.copyOf(session, session.length - 68);
                System.arraycopy(session, i + 68, out, i, session.length - i - 68);
                int length = (session[2] & 0xff) << 8 | session[3] & 0xff;
                out[2] = (byte) ((length - 68) >> 8);
                out[3] = (byte) (length - 68);
                return out;
            }
        }
        throw new AssertionError("no stamp");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionOfNodeIsTakenForTheNameThatNodeHadItFor(String version) throws Exception {
        TLSServer server = listen(serverOptions());
        byte[] session = unbound(visit(strictly(server, "localhost", version)).session());
        byte[] node = wrapped("localhost", session);
        assertEquals(
                "reused authorized",
                visit(strictly(server, "localhost", version).session(node)).outcome());
        assertEquals(
                "full authorized",
                visit(strictly(server, "localhost", version).session(wrapped("a.test", session)))
                        .outcome());
        assertEquals(
                "full authorized",
                visit(strictly(server, "localhost", version).session(Arrays.copyOf(node, 30)))
                        .outcome());
    }

    private static byte[] wrapped(String name, byte[] session) {
        byte[] host = name.getBytes(StandardCharsets.US_ASCII);
        byte[] prefix = "\0nodejs:tls:session:1\0".getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(prefix.length + 2 + host.length + session.length)
                .put(prefix)
                .putShort((short) host.length)
                .put(host)
                .put(session)
                .array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionOfTheOpensslToolIsTakenIfItsCertificateVerifies(String version, @TempDir Path dir)
            throws Exception {
        TLSServer server = listen(serverOptions());
        Path file = dir.resolve("session.pem");
        Peer.require("openssl");
        try (Peer client = Peer.opensslClient(
                server.address().port(),
                "-servername",
                "localhost",
                "-sess_out",
                file.toString(),
                version.equals("TLSv1.2") ? "-tls1_2" : "-tls1_3")) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (!(Files.exists(file) && Files.readString(file).contains("END"))) {
                assertTrue(System.nanoTime() < deadline, "openssl wrote no session");
                Thread.onSpinWait();
            }
        }
        byte[] session = Base64.getMimeDecoder()
                .decode(Files.readString(file).replaceAll("-----[A-Z ]+-----", ""));
        assertEquals(
                "reused authorized",
                visit(strictly(server, "localhost", version).session(session)).outcome());
        assertEquals(
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                visit(strictly(server, "localhost", version)
                                .ca(fixture("ca2-cert.pem"))
                                .session(session))
                        .outcome());
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                visit(strictly(server, "b.test", version).session(session)).outcome());
    }

    // ---- addContext and removeContext ---------------------------------------------------------

    @Test
    void aContextTakesThePlaceOfTheFormerOfItsName() throws Exception {
        TLSServer server = listen(serverOptions());
        long before = OpenSSL.live().contexts();
        for (int i = 0; i < 100; i++) {
            server.addContext(i % 2 == 0 ? "x.test" : "X.test", named("sni-a"));
        }
        server.addContext("x.test", named("sni-b"));
        assertEquals(before + 1, OpenSSL.live().contexts());
        assertEquals("b.example.test", subjectAt(server, "x.test"));
        assertTrue(server.removeContext("x.test"));
        assertFalse(server.removeContext("x.test"));
        assertEquals(before, OpenSSL.live().contexts());
        assertEquals("localhost", subjectAt(server, "x.test"));
    }

    private String subjectAt(TLSServer server, String name) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(to(server, name, "TLSv1.3"));
            String[] subject = {null};
            client.on(
                    TLSSocket.SECURE_CONNECT,
                    () -> subject[0] = commonName(client.getPeerCertificate()));
            client.resume();
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> done.complete(subject[0]));
        });
    }
}
