package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.TLSConnection;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Context options have the effect on a handshake that they have in Node 20: F37, F39-F49, F53-F58.
 */
class HandshakeOptionsTest {
    private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final String LEVEL0 = "DEFAULT:@SECLEVEL=0";

    static Stream<Arguments> handshakes() {
        return ModuleTraces.cases("handshakes");
    }

    static Stream<Arguments> ranges() {
        return ModuleTraces.cases("ranges");
    }

    @AfterAll
    static void count() throws InterruptedException {
        LiveObjects.assertNone();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("handshakes")
    void endsAsInNode(String name, Map<String, Object> recorded) {
        Map<String, Object> actual = ModuleTraces.attempt(() -> MemoryHandshake.run(
                ModuleTraces.fill(new SecureContextOptions(), recorded.get("server")),
                ModuleTraces.fill(new SecureContextOptions(), recorded.get("client"))));
        actual.remove("warnings");
        ModuleTraces.assertAsRecorded("handshakes", recorded, actual);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ranges")
    void negotiatesTheVersionsOfNode(String name, Map<String, Object> recorded) {
        Map<String, Object> actual = new LinkedHashMap<>();
        actual.put("server", negotiated(recorded.get("range"), true));
        actual.put("client", negotiated(recorded.get("range"), false));
        assertEquals(
                Map.of("server", recorded.get("server"), "client", recorded.get("client")), actual);
    }

    private static List<Object> negotiated(Object range, boolean asServer) {
        List<Object> out = new ArrayList<>();
        for (String version : VERSIONS) {
            Options mine =
                    ModuleTraces.fill(new SecureContextOptions(), range).set("ciphers", LEVEL0);
            Options other = new SecureContextOptions()
                    .minVersion(version)
                    .maxVersion(version)
                    .ciphers(LEVEL0);
            Options server = (asServer ? mine : other)
                    .set("key", ModuleTraces.fixture("server-rsa-key.pem"))
                    .set("cert", ModuleTraces.fixture("server-rsa-cert.pem"));
            Map<String, Object> done;
            try {
                done = MemoryHandshake.run(server, asServer ? other : mine);
            } catch (RuntimeException e) {
                // A context for the other side only.
                continue;
            }
            if (done.containsKey("protocol")) {
                out.add(done.get("protocol"));
            }
        }
        return out;
    }

    private static SecureContextOptions server() {
        return new SecureContextOptions()
                .key(ModuleTraces.fixture("server-rsa-key.pem"))
                .cert(ModuleTraces.fixture("server-rsa-cert.pem"));
    }

    /** A handshake of TLS 1.2 with a look at the client before and after. */
    private static void look(
            Options server, Consumer<TLSConnection> before, Consumer<TLSConnection> after) {
        Options old = new SecureContextOptions().maxVersion("TLSv1.2");
        try (SecureContext context = TLS.createSecureContext(server);
                SecureContext client = TLS.createSecureContext(old)) {
            MemoryHandshake.run(context, client, before, after);
        }
    }

    private static byte[] session(Options server) {
        byte[][] out = new byte[1][];
        look(server, client -> {}, client -> out[0] = client.session());
        return out[0];
    }

    private static boolean resumes(byte[] session, Options server) {
        boolean[] out = new boolean[1];
        look(
                server,
                client -> client.setSession(session),
                client -> out[0] = client.isSessionReused());
        return out[0];
    }

    @Test
    void sessionTimeoutIsTheLifetimeOfTickets() {
        // ticket_lifetime_hint of an SSL_SESSION is [9] INTEGER; 4242 is 0x1092.
        String session = HexFormat.of().formatHex(session(server().sessionTimeout(4242)));
        assertTrue(session.contains("a90402021092"), session);
    }

    @Test
    void ticketKeysAreSharedByContextsThatAreGivenTheSame() {
        byte[] keys = new byte[48];
        Arrays.fill(keys, (byte) 7);
        try (SecureContext context = TLS.createSecureContext(server().ticketKeys(keys))) {
            assertArrayEquals(keys, context.ticketKeys());
        }
        byte[] session = session(server().ticketKeys(keys));
        assertTrue(resumes(session, server().ticketKeys(ByteBuffer.wrap(keys))));
        assertFalse(resumes(session, server()));
    }

    @Test
    void sessionsResumeOnlyUnderAnEqualSessionIdContext() {
        byte[] keys = new byte[48];
        byte[] session = session(server().ticketKeys(keys).sessionIdContext("a"));
        assertTrue(resumes(session, server().ticketKeys(keys).sessionIdContext("a")));
        assertFalse(resumes(session, server().ticketKeys(keys).sessionIdContext("b")));
    }

    @Test
    void secureOptionsReachTheConnection() {
        byte[] keys = new byte[48];
        byte[] session = session(server().ticketKeys(keys));
        assertTrue(resumes(session, server().ticketKeys(keys)));
        assertFalse(resumes(
                session, server().ticketKeys(keys).secureOptions(SSLOptions.SSL_OP_NO_TICKET)));
    }
}
