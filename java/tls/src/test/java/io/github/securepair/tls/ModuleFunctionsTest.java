package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventLoop;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The functions and constants of the module, compared with Node 20's where it has them. */
class ModuleFunctionsTest {
    private static EventLoop loop;

    static Stream<Arguments> protocolLists() {
        return ModuleTraces.cases("convertALPNProtocols");
    }

    static Stream<Arguments> functions() {
        return ModuleTraces.cases("functions");
    }

    @BeforeAll
    static void open() {
        loop = EventLoop.create();
    }

    @AfterAll
    static void closeAndCount() throws Exception {
        loop.close();
        loop.closed().get(20, TimeUnit.SECONDS);
        LiveObjects.assertNone();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("protocolLists")
    void convertsProtocolListsAsNode(String name, Map<String, Object> recorded) {
        Map<String, Object> actual = ModuleTraces.attempt(() -> {
            Object list = ModuleTraces.value(recorded.get("list"));
            byte[] wire = ProtocolLists.toWire("ALPNProtocols", list);
            return list == null ? null : wire == null ? "" : HexFormat.of().formatHex(wire);
        });
        ModuleTraces.assertAsRecorded("convertALPNProtocols", recorded, actual);
    }

    @Test
    void theWireFormIsACopy() {
        byte[] wire = {1, 'a'};
        byte[] copy = TLS.convertALPNProtocols(wire);
        assertNotSame(wire, copy);
        assertEquals("0161", HexFormat.of().formatHex(copy));
        assertEquals("0161", HexFormat.of().formatHex(TLS.convertNPNProtocols(List.of("a"))));
        assertEquals(0, TLS.convertALPNProtocols(List.of()).length);
    }

    @Test
    void theWireFormBecomesAnOptionOfTheOtherArgument() {
        ConnectOptions out = new ConnectOptions();
        byte[] wire = {1, 'a'};
        TLS.convertALPNProtocols(wire, out);
        TLS.convertNPNProtocols(List.of("b", "cc"), out);
        wire[1] = 'x';
        assertEquals("0161", HexFormat.of().formatHex((byte[]) out.get("ALPNProtocols")));
        assertEquals("0162026363", HexFormat.of().formatHex((byte[]) out.get("NPNProtocols")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("functions")
    void serversAndClientsRefuseAtTheCallWhatNodeRefuses(
            String name, Map<String, Object> recorded) {
        Map<String, Object> actual = ModuleTraces.attempt(() -> {
            try {
                return loop.submit(() ->
                                call((String) recorded.get("function"), recorded.get("options")))
                        .get(20, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw (Exception) e.getCause();
            }
        });
        ModuleTraces.assertAsRecorded("functions", recorded, actual);
    }

    private static Object call(String function, Object options) {
        if (function.equals("createServer")) {
            TLS.createServer(ModuleTraces.fill(new ServerOptions().loop(loop), options))
                    .close();
        } else {
            TLSSocket socket =
                    TLS.connect(ModuleTraces.fill(new ConnectOptions().loop(loop), options));
            socket.on(TLSSocket.ERROR, error -> {});
            socket.destroy();
        }
        return true;
    }

    @Test
    void getCiphersHasAllOfNode() {
        TreeSet<Object> missing =
                new TreeSet<>((List<?>) ModuleTraces.answer("inventory", "getCiphers"));
        missing.removeAll(TLS.getCiphers());
        // SRP is not built in.
        missing.removeIf(each -> each.toString().startsWith("srp-"));
        assertEquals(List.of(), List.copyOf(missing));
    }

    @Test
    void getCiphersIsLowerCaseSortedWithoutDoublesAndFreshEachTime() {
        List<String> names = TLS.getCiphers();
        assertEquals(List.copyOf(new TreeSet<>(names)), names);
        assertTrue(names.stream().noneMatch(each -> each.chars().anyMatch(Character::isUpperCase)));
        names.clear();
        assertFalse(TLS.getCiphers().isEmpty());
    }

    @Test
    void constantsAreThoseOfNode() {
        Map<?, ?> node = (Map<?, ?>) ModuleTraces.answer("inventory", "constants");
        assertEquals(node.get("CLIENT_RENEG_LIMIT"), (long) TLS.CLIENT_RENEG_LIMIT);
        assertEquals(node.get("CLIENT_RENEG_WINDOW"), (long) TLS.CLIENT_RENEG_WINDOW);
        assertEquals(node.get("DEFAULT_CIPHERS"), TLS.DEFAULT_CIPHERS);
        assertEquals(node.get("DEFAULT_ECDH_CURVE"), TLS.DEFAULT_ECDH_CURVE);
        assertEquals(node.get("DEFAULT_MIN_VERSION"), TLS.DEFAULT_MIN_VERSION);
        assertEquals(node.get("DEFAULT_MAX_VERSION"), TLS.DEFAULT_MAX_VERSION);
        assertEquals(10 << 20, TLS.SLAB_BUFFER_SIZE);
    }

    @Test
    void optionBitsAreThoseOfNode() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<?, ?> bit :
                ((Map<?, ?>) ModuleTraces.answer("inventory", "SSL_OP")).entrySet()) {
            try {
                Object ours = SSLOptions.class.getField((String) bit.getKey()).get(null);
                if (!ours.equals(bit.getValue())) {
                    wrong.add(bit.getKey() + " " + ours);
                }
            } catch (NoSuchFieldException e) {
                wrong.add(bit.getKey() + " is missing");
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void reassignedDefaultsCountForLaterContexts() {
        String ciphers = TLS.DEFAULT_CIPHERS;
        String curve = TLS.DEFAULT_ECDH_CURVE;
        try {
            TLS.DEFAULT_CIPHERS = "ECDHE-RSA-AES128-GCM-SHA256";
            try (SecureContext context = TLS.createSecureContext()) {
                assertTrue(context.ciphers().contains("ECDHE-RSA-AES128-GCM-SHA256"));
                assertFalse(context.ciphers().contains("ECDHE-RSA-AES256-GCM-SHA384"));
            }
            TLS.DEFAULT_CIPHERS = "no-such";
            assertEquals("ERR_SSL_NO_CIPHER_MATCH", contextError().code());
            TLS.DEFAULT_CIPHERS = ciphers;
            TLS.DEFAULT_ECDH_CURVE = "no-such";
            assertEquals("ERR_CRYPTO_OPERATION_FAILED", contextError().code());
            TLS.DEFAULT_ECDH_CURVE = curve;
            TLS.DEFAULT_MIN_VERSION = "TLSv9";
            assertEquals(
                    "\"TLSv9\" is not a valid minimum TLS protocol version",
                    assertThrows(ArgumentException.class, TLS::createSecureContext)
                            .getMessage());
            TLS.DEFAULT_MIN_VERSION = "TLSv1.2";
            TLS.DEFAULT_MAX_VERSION = "TLSv9";
            assertEquals(
                    "ERR_TLS_INVALID_PROTOCOL_VERSION",
                    assertThrows(ArgumentException.class, TLS::createSecureContext)
                            .code());
        } finally {
            TLS.DEFAULT_CIPHERS = ciphers;
            TLS.DEFAULT_ECDH_CURVE = curve;
            TLS.DEFAULT_MIN_VERSION = "TLSv1.2";
            TLS.DEFAULT_MAX_VERSION = "TLSv1.3";
        }
    }

    private static SecureContextException contextError() {
        return assertThrows(SecureContextException.class, TLS::createSecureContext);
    }

    @Test
    void parseCertStringMakesListsOfWhatOccursAgain() {
        assertEquals(
                "{C=US, OU=[a, b, c], CN=x=y}",
                TLS.parseCertString("C=US\nOU=a\nOU=b\nOU=c\nno separator\n=none\nCN=x=y")
                        .toString());
        assertEquals(Map.of(), TLS.parseCertString(""));
    }

    @Test
    void legacyCiphersAreLists() {
        for (String version : List.of("v0.10.38", "v0.10.39", "v0.12.2", "v0.12.3")) {
            try (SecureContext context = TLS.createSecureContext(
                    new SecureContextOptions().ciphers(TLS.getLegacyCiphers(version)))) {
                assertEquals(
                        "ECDHE-RSA-AES128-SHA256",
                        context.ciphers().stream()
                                .filter(name -> !name.startsWith("TLS_"))
                                .findFirst()
                                .orElse(null),
                        version);
            }
            String list = TLS.getLegacyCiphers(version);
            boolean newer = version.endsWith("39") || version.endsWith("3");
            assertEquals(!newer, list.contains(":RC4:"), version);
            assertEquals(newer, list.contains(":!RC4:"), version);
            boolean dhe = version.startsWith("v0.12");
            assertEquals(dhe, list.contains(":DHE-RSA-AES128-SHA256:"), version);
            assertEquals(!dhe, list.endsWith(":!EDH"), version);
        }
        assertEquals(
                "ERR_INVALID_ARG_VALUE",
                assertThrows(ArgumentException.class, () -> TLS.getLegacyCiphers("v0.8"))
                        .code());
    }

    @Test
    void everyMethodNameIsAcceptedOrRefusedByName() {
        assertEquals(21, TLS.SSL_METHODS.size());
        for (String method : TLS.SSL_METHODS) {
            try {
                TLS.createSecureContext(new SecureContextOptions().secureProtocol(method))
                        .close();
                assertFalse(method.startsWith("SSLv2_"), method);
            } catch (ArgumentException e) {
                assertTrue(e.getMessage().matches("SSLv[23] methods disabled"), method);
            }
        }
    }

    @Test
    void featuresTellWhatTheLibraryHas() {
        Map<?, ?> node = (Map<?, ?>) ModuleTraces.answer("inventory", "features");
        Map<String, Boolean> ours = TLS.features();
        node.forEach((name, on) -> assertEquals(on, ours.get(name), (String) name));
        assertEquals(OpenSSL.supports(OpenSSL.Feature.NPN), ours.get("tls_npn"));
    }

    @Test
    void aUriCountsAsANameOnlyForTheOldProfile() {
        PeerCertificate none = PeerCertificate.EMPTY;
        assertNotNull(
                ServerIdentity.check("a.b.a.com", Map.of(), "URI:http://a.b.a.com/", none, false));
        assertNull(
                ServerIdentity.check("a.b.a.com", Map.of(), "URI:http://a.b.a.com/", none, true));
        assertNull(
                ServerIdentity.check("A.B.a.com.", Map.of(), "URI:http://a.b.A.com/x", none, true));
        assertNotNull(
                ServerIdentity.check("a.b.a.com", Map.of(), "URI:http://*.b.a.com/", none, true));
        assertNotNull(ServerIdentity.check(
                "b.com", Map.of(), "URI:http://a.com/, URI:http://[", none, true));
        PeerCertificate rich =
                PeerCertificate.chain(List.of(der("rich-cert.pem"))).issuerCertificate();
        assertNotNull(TLS.checkServerIdentity("no.test", rich == null ? none : rich));
    }

    private static byte[] der(String name) {
        String pem = new String(ModuleTraces.fixture(name));
        return java.util.Base64.getMimeDecoder()
                .decode(pem.replaceAll("(?s).*BEGIN CERTIFICATE-----|-----END.*", ""));
    }
}
