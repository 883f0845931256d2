package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
}
