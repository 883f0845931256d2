package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The option classes: Node's names, the Java types, copies, and that no option is without effect.
 */
class OptionsTest {
    private static final List<String> BYTES = List.of("byte[]", "ByteBuffer", "Path", "String");
    private static final List<String> NOT_OPTIONS =
            List.of("set", "copy", "keyStore", "trustStore");

    /** Node's options of createSecureContext and the Java types that each takes. */
    private static final Map<String, List<String>> CONTEXT = new HashMap<>();

    private static final Map<String, List<String>> SERVER = new HashMap<>();
    private static final Map<String, List<String>> CLIENT = new HashMap<>();
    private static final Map<String, List<String>> SOCKET = new HashMap<>();

    static {
        List<String> pem = List.of("List", "String", "byte[]", "ByteBuffer", "Path");
        CONTEXT.put("key", with(pem, "PrivateKey", "StoreURI"));
        CONTEXT.put("cert", with(pem, "X509Certificate", "StoreURI"));
        CONTEXT.put("ca", with(pem, "X509Certificate", "StoreURI"));
        CONTEXT.put("crl", pem);
        CONTEXT.put("pfx", List.of("List", "byte[]", "ByteBuffer", "Path"));
        CONTEXT.put("dhparam", BYTES);
        CONTEXT.put("ecdhCurve", List.of("String", "boolean"));
        CONTEXT.put("ticketKeys", List.of("byte[]", "ByteBuffer"));
        CONTEXT.put("sessionTimeout", List.of("long"));
        CONTEXT.put("secureOptions", List.of("long"));
        CONTEXT.put("honorCipherOrder", List.of("boolean"));
        CONTEXT.put("allowPartialTrustChain", List.of("boolean"));
        CONTEXT.put("profile", List.of("Profile"));
        for (String text : List.of(
                "passphrase",
                "ciphers",
                "secureProtocol",
                "sessionIdContext",
                "minVersion",
                "maxVersion",
                "sigalgs",
                "privateKeyIdentifier",
                "privateKeyEngine",
                "clientCertEngine")) {
            CONTEXT.put(text, List.of("String"));
        }
        List<String> protocols = List.of("List", "byte[]", "ByteBuffer");
        for (Map<String, List<String>> each : List.of(SERVER, CLIENT, SOCKET)) {
            each.put("rejectUnauthorized", List.of("boolean"));
            each.put("NPNProtocols", protocols);
            each.put("ALPNProtocols", protocols);
            each.put("enableTrace", List.of("boolean"));
            each.put("allowHalfOpen", List.of("boolean"));
            each.put("requireCloseNotify", List.of("boolean"));
            each.put("highWaterMark", List.of("int"));
            each.put("pskCallback", List.of("PSKCallback"));
            each.put("loop", List.of("EventLoop"));
        }
        for (Map<String, List<String>> each : List.of(SERVER, SOCKET)) {
            each.put("requestCert", List.of("boolean"));
            each.put("SNICallback", List.of("SNICallback"));
            each.put("ALPNCallback", List.of("ALPNCallback"));
            each.put("handshakeTimeout", List.of("long"));
        }
        for (Map<String, List<String>> each : List.of(CLIENT, SOCKET)) {
            each.put("secureContext", List.of("SecureContext"));
            each.put("servername", List.of("String"));
            each.put("session", List.of("byte[]", "ByteBuffer"));
            each.put("requestOCSP", List.of("boolean"));
            each.put("postHandshakeAuth", List.of("boolean"));
            each.put("checkServerIdentity", List.of("ServerIdentityCheck"));
        }
        SERVER.put("pskIdentityHint", List.of("String"));
        SERVER.put("pauseOnConnect", List.of("boolean"));
        SERVER.put("loops", List.of("EventLoopGroup"));
        for (Map<String, List<String>> each : List.of(SERVER, CLIENT)) {
            each.put("noDelay", List.of("boolean"));
            each.put("keepAlive", List.of("boolean"));
            each.put("keepAliveInitialDelay", List.of("int"));
            each.put("blockList", List.of("BlockList"));
        }
        CLIENT.put("host", List.of("String"));
        CLIENT.put("port", List.of("int", "String"));
        CLIENT.put("path", List.of("String", "Path"));
        CLIENT.put("socket", List.of("Duplex"));
        CLIENT.put("minDHSize", List.of("int"));
        CLIENT.put("localAddress", List.of("String"));
        CLIENT.put("localPort", List.of("int"));
        CLIENT.put("family", List.of("int", "String"));
        CLIENT.put("hints", List.of("int"));
        CLIENT.put("lookup", List.of("Lookup"));
        CLIENT.put("timeout", List.of("long"));
        CLIENT.put("onread", List.of("Onread"));
        CLIENT.put("signal", List.of("AbortSignal"));
        CLIENT.put("autoSelectFamily", List.of("boolean"));
        CLIENT.put("autoSelectFamilyAttemptTimeout", List.of("int"));
        SOCKET.put("isServer", List.of("boolean"));
        SOCKET.put("pauseOnConnect", List.of("boolean"));
        SOCKET.put("pskIdentityHint", List.of("String"));
        SOCKET.put("onread", List.of("Onread"));
        SOCKET.put("signal", List.of("AbortSignal"));
        SOCKET.put("server", List.of("Server"));
    }

    private static List<String> with(List<String> types, String... more) {
        return Stream.concat(types.stream(), Stream.of(more)).toList();
    }

    static Stream<Arguments> classes() {
        return Stream.of(
                Arguments.of(SecureContextOptions.class, Map.of()),
                Arguments.of(ServerOptions.class, SERVER),
                Arguments.of(ConnectOptions.class, CLIENT),
                Arguments.of(TLSSocketOptions.class, SOCKET));
    }

    /** The setters of a class by option. Overridden ones with the type of the class only. */
    private static Map<String, List<Method>> setters(Class<?> type) {
        return Arrays.stream(type.getMethods())
                .filter(each -> returns(each, type) && !each.isBridge())
                .filter(each -> !Modifier.isStatic(each.getModifiers())
                        && !NOT_OPTIONS.contains(each.getName()))
                .collect(Collectors.groupingBy(Method::getName));
    }

    private static boolean returns(Method method, Class<?> type) {
        return method.getGenericReturnType() instanceof TypeVariable<?> self
                ? isSelf((Class<?>) self.getGenericDeclaration(), type)
                : method.getReturnType() == type;
    }

    /** Whether the type parameter of a base class stands for the class itself. */
    private static boolean isSelf(Class<?> base, Class<?> type) {
        Class<?> below = type;
        while (below.getSuperclass() != base) {
            below = below.getSuperclass();
        }
        Type given = ((ParameterizedType) below.getGenericSuperclass()).getActualTypeArguments()[0];
        return given instanceof TypeVariable<?> ? isSelf(below, type) : given == type;
    }

    private static Options make(Class<?> type) throws ReflectiveOperationException {
        return (Options) type.getConstructor().newInstance();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void everyOptionOfNodeHasASetterForEachTypeAndReturnsItsOwnClass(
            Class<?> type, Map<String, List<String>> own) {
        Map<String, List<String>> expected = new HashMap<>(CONTEXT);
        expected.putAll(own);
        Map<String, List<Method>> setters = setters(type);
        List<String> missing = new ArrayList<>();
        expected.forEach((name, types) -> {
            Set<String> taken = setters.getOrDefault(name, List.of()).stream()
                    .map(each -> each.getParameterTypes()[0].getSimpleName())
                    .collect(Collectors.toSet());
            types.stream()
                    .filter(each -> !taken.contains(each))
                    .forEach(each -> missing.add(name + "(" + each + ")"));
        });
        assertEquals(List.of(), missing);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void everySetterStoresUnderItsNameAndNullTakesItBack(
            Class<?> type, Map<String, List<String>> own) throws Exception {
        for (List<Method> overloads : setters(type).values()) {
            for (Method setter : overloads) {
                Options options = make(type);
                Object value = sample(setter.getParameterTypes()[0]);
                if (value == null) {
                    // A class without a public constructor: see objectsAreKeptAsTheyAre.
                    continue;
                }
                assertSame(options, setter.invoke(options, value), setter.toString());
                assertEquals(Set.of(setter.getName()), options.asMap().keySet(), setter.toString());
                Object kept = options.get(setter.getName());
                if (value instanceof byte[] bytes) {
                    assertNotSame(value, kept, setter.toString());
                    assertArrayEquals(bytes, (byte[]) kept);
                } else if (value instanceof Number number) {
                    assertEquals(
                            number.longValue(), ((Number) kept).longValue(), setter.toString());
                } else {
                    assertEquals(value, kept, setter.toString());
                }
                if (!setter.getParameterTypes()[0].isPrimitive()) {
                    setter.invoke(options, (Object) null);
                    assertFalse(options.has(setter.getName()), setter.toString());
                }
            }
        }
    }

    private static Object sample(Class<?> type) {
        if (type == boolean.class) {
            return true;
        }
        if (type == int.class) {
            return 7;
        }
        if (type == long.class) {
            return 7L;
        }
        if (type == String.class) {
            return "text";
        }
        if (type == byte[].class) {
            return new byte[] {1, 2};
        }
        if (type == ByteBuffer.class) {
            return ByteBuffer.wrap(new byte[] {1, 2});
        }
        if (type == Path.class) {
            return Path.of("file");
        }
        if (type == List.class) {
            return List.of("entry");
        }
        if (type == Profile.class) {
            return Profile.NODE_0_12;
        }
        if (type.isInterface()) {
            return Proxy.newProxyInstance(
                    type.getClassLoader(),
                    new Class<?>[] {type},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> 1;
                        default -> null;
                    });
        }
        return null;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void aMapFillsAClassByName(Class<?> type, Map<String, List<String>> own) throws Exception {
        Options options = make(type);
        Set<String> names = new LinkedHashSet<>(setters(type).keySet());
        names.forEach(name -> assertSame(options, options.set(name, name)));
        names.forEach(name -> assertEquals(name, options.get(name)));
        names.forEach(name -> options.set(name, null));
        assertTrue(options.asMap().isEmpty());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void aCopyHasItsOwnValuesAndItsOwnClass(Class<?> type, Map<String, List<String>> own)
            throws Exception {
        Options options = make(type).set("ciphers", "A").set("unknown", 1);
        Options copy = options.copy();
        Options other = (Options) type.getConstructor(Options.class)
                .newInstance(new SecureContextOptions().ciphers("B"));
        options.set("ciphers", "C");
        assertEquals(type, copy.getClass());
        assertEquals("A", copy.get("ciphers"));
        assertEquals(1, copy.get("unknown"));
        assertEquals("B", other.get("ciphers"));
        assertTrue(((Options) type.getConstructor(Options.class).newInstance((Object) null))
                .asMap()
                .isEmpty());
    }

    @Test
    void bytesAndListsGivenAreCopied() {
        byte[] keys = new byte[48];
        List<Object> list = new ArrayList<>(List.of("a"));
        SecureContextOptions options = new SecureContextOptions()
                .ticketKeys(keys)
                .ca(list)
                .set("crl", keys)
                .set("cert", list);
        keys[0] = 1;
        list.add("b");
        assertEquals(0, ((byte[]) options.get("ticketKeys"))[0]);
        assertEquals(0, ((byte[]) options.get("crl"))[0]);
        assertEquals(List.of("a"), options.get("ca"));
        assertEquals(List.of("a"), options.get("cert"));
    }

    @Test
    void valuesAreNotShown() {
        String shown =
                new SecureContextOptions().passphrase("secret").key("secret").toString();
        assertEquals("SecureContextOptions[passphrase, key]", shown);
    }

    @Test
    void absentOptionsAreNull() {
        assertNull(new ConnectOptions().get("host"));
        assertFalse(new ConnectOptions().has("host"));
    }

    /**
     * Reads the constants of the classes that use each kind of options: an option none of them
     * names is ignored.
     */
    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void noOptionIsIgnored(Class<?> type, Map<String, List<String>> own) throws Exception {
        Set<String> used = new TreeSet<>();
        for (String reader : List.of("SecureContexts", "ProtocolRange")) {
            used.addAll(constants(reader));
        }
        List<String> readers = type == ServerOptions.class
                ? List.of("TLSServer", "ServerHandshake", "NetOptions")
                : type == ConnectOptions.class
                        ? List.of("ClientSocket", "NetOptions")
                        : type == TLSSocketOptions.class
                                ? List.of("TLSSocket", "ServerHandshake", "NetOptions")
                                : List.of();
        for (String reader : readers) {
            used.addAll(constants(reader));
        }
        Set<String> ignored = new TreeSet<>(setters(type).keySet());
        ignored.removeAll(used);
        assertEquals(Set.of(), ignored);
    }

    private static Set<String> constants(String name) throws Exception {
        try (InputStream in = Options.class.getResourceAsStream(name + ".class")) {
            String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            Set<String> out = new TreeSet<>();
            for (int i = 0; i + 3 < text.length(); i++) {
                // CONSTANT_Utf8: tag 1, length in two bytes, text.
                int length = text.charAt(i + 1) << 8 | text.charAt(i + 2);
                if (text.charAt(i) == 1
                        && length > 0
                        && length < 40
                        && i + 3 + length <= text.length()) {
                    out.add(text.substring(i + 3, i + 3 + length));
                }
            }
            return out;
        }
    }

    @Test
    void everyKindOfMaterialIsAccepted() {
        byte[] key = ModuleTraces.fixture("server-rsa-key.pem");
        byte[] cert = ModuleTraces.fixture("server-rsa-cert.pem");
        Path fixtures = Path.of(System.getProperty("securepair.fixtures"));
        ByteBuffer direct = ByteBuffer.allocateDirect(cert.length).put(cert).flip();
        for (SecureContextOptions options : List.of(
                new SecureContextOptions().key(key).cert(cert).ca(cert),
                new SecureContextOptions()
                        .key(new String(key))
                        .cert(direct)
                        .ca(direct.asReadOnlyBuffer()),
                new SecureContextOptions()
                        .key(fixtures.resolve("server-rsa-key.pem"))
                        .cert(fixtures.resolve("server-rsa-cert.pem"))
                        .ca(List.of(fixtures.resolve("ca1-cert.pem"), cert)),
                new SecureContextOptions()
                        .key(List.of(new PemKey(
                                ModuleTraces.fixture("server-rsa-key-encrypted.pem"),
                                "passphrase")))
                        .cert(cert),
                new SecureContextOptions()
                        .pfx(List.of(new Pfx(fixtures.resolve("server-rsa.pfx"), "passphrase"))),
                new SecureContextOptions()
                        .set("key", new Object[] {key})
                        .set("cert", new Object[] {cert}))) {
            try (SecureContext context = TLS.createSecureContext(options)) {
                assertTrue(context.certificateDer().length > 100);
            }
        }
        assertEquals(cert.length, direct.remaining());
    }

    @Test
    void objectsAreKeptAsTheyAre() {
        EventLoop loop = EventLoop.create();
        EventLoopGroup group = EventLoop.group(1);
        try (SecureContext context = TLS.createSecureContext()) {
            TLSServer server = TLS.createServer(new ServerOptions().loop(loop));
            ServerOptions options = new ServerOptions().loop(loop).loops(group);
            assertSame(loop, options.get("loop"));
            assertSame(group, options.get("loops"));
            assertSame(context, new ConnectOptions().secureContext(context).get("secureContext"));
            assertSame(context, new TLSSocketOptions().secureContext(context).get("secureContext"));
            assertSame(loop, new ConnectOptions().loop(loop).get("loop"));
            assertSame(loop, new TLSSocketOptions().loop(loop).get("loop"));
            assertSame(server, new TLSSocketOptions().server(server).get("server"));
            server.close();
        } finally {
            loop.close();
            group.close();
        }
    }
}
