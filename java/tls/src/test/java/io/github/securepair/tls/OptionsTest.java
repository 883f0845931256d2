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
import io.github.securepair.events.Warnings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The option classes: Node's names, the Java types, copies, and that no option is without effect.
 */
class OptionsTest {
    private static final List<String> BYTES = List.of("byte[]", "ByteBuffer", "Path", "String");
    private static final String AES128 = "ECDHE-ECDSA-AES128-GCM-SHA256";
    private static final String AES256 = "ECDHE-ECDSA-AES256-GCM-SHA384";
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

    /** Names that count without a setter: for contexts of both, and Node 0.12's name of another. */
    private static final Map<Class<?>, Set<String>> WITHOUT_SETTER = Map.of(
            SecureContextOptions.class, Set.of("ALPNProtocols", "NPNProtocols"),
            TLSSocketOptions.class, Set.of("credentials"));

    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void everyOptionIsDeclaredForTheClassesThatHaveItsSetter(
            Class<?> type, Map<String, List<String>> own) throws Exception {
        Set<String> expected = new TreeSet<>(setters(type).keySet());
        expected.addAll(WITHOUT_SETTER.getOrDefault(type, Set.of()));
        assertEquals(
                expected,
                Option.all(make(type).entry()).stream()
                        .map(Option::name)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    /**
     * An option counts when some value of it changes what the entry makes of the options: another
     * error, another setting, or another handshake.
     */
    @ParameterizedTest(name = "{0}")
    @MethodSource("classes")
    void noOptionIsIgnored(Class<?> type, Map<String, List<String>> own) throws Exception {
        Set<String> ignored = new TreeSet<>();
        for (Option<?> option : Option.all(make(type).entry())) {
            String name = option.name();
            String without = outcome(company(type, name));
            boolean counts = false;
            for (Object value : new Object[] {new Object(), true, false, "text"}) {
                counts |= !outcome(company(type, name).set(name, value)).equals(without);
            }
            if (!counts) {
                ignored.add(name);
            }
        }
        assertEquals(Set.of(), ignored);
    }

    /** What an option needs beside it to be of use. */
    private static Options company(Class<?> type, String name) throws Exception {
        Options options = make(type)
                .set("key", ModuleTraces.fixture("server-intermediate-key.pem"))
                .set("cert", ModuleTraces.fixture("server-intermediate-chain.pem"))
                .set("ca", ModuleTraces.fixture("intermediate-cert.pem"))
                .set("ciphers", AES128 + ":" + AES256)
                .set("maxVersion", "TLSv1.2");
        if (name.endsWith("Protocols")) {
            options.set("maxVersion", null);
        }
        if (name.equals("ALPNProtocols")) {
            options.put(ContextOptions.NPN_PROTOCOLS, List.of("text"));
        }
        if (type == ConnectOptions.class) {
            options.set("port", 1);
        }
        if (type == TLSSocketOptions.class
                && List.of("requestCert", "pskIdentityHint").contains(name)) {
            options.set("isServer", true).set("pskCallback", (PSKCallback) (socket, hint) -> null);
        }
        return name.equals("privateKeyEngine")
                ? options.set("privateKeyIdentifier", "id")
                : options;
    }

    /** What the entry makes of options: the error, or the settings and two handshakes. */
    private static String outcome(Options options) {
        try {
            if (options instanceof ServerOptions server) {
                return text(ServerSettings.of(server))
                        + handshakes(SecureContexts.createForServer(server));
            }
            if (options instanceof ConnectOptions client) {
                ClientSettings settings = ClientSettings.of(client);
                return text(settings)
                        + text(settings.socket(client))
                        + handshakes(SecureContexts.create(client));
            }
            String settings = options instanceof TLSSocketOptions socket
                    ? text(SocketSettings.byHand(socket))
                    : "";
            return settings + handshakes(SecureContexts.create(options));
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    private static String handshakes(SecureContext made) {
        Options other = new SecureContextOptions()
                .key(ModuleTraces.fixture("server-intermediate-key.pem"))
                .cert(ModuleTraces.fixture("server-intermediate-chain.pem"))
                .ciphers(AES256 + ":" + AES128);
        try (made;
                SecureContext peer = TLS.createSecureContext(other)) {
            return MemoryHandshake.run(made, peer) + " " + MemoryHandshake.run(peer, made);
        }
    }

    /** Settings and the options of net in them, field by field; not the options they are of. */
    private static String text(Object value) {
        if (value instanceof byte[] bytes) {
            return Arrays.toString(bytes);
        }
        if (value == null || value instanceof Options || !isOfParts(value.getClass())) {
            return value instanceof Options ? "" : String.valueOf(value);
        }
        StringBuilder out = new StringBuilder();
        for (Class<?> each = value.getClass(); each != Object.class; each = each.getSuperclass()) {
            for (Field field : each.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    try {
                        out.append(field.getName()).append('=').append(text(field.get(value)));
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                    out.append(' ');
                }
            }
        }
        return out.toString();
    }

    private static boolean isOfParts(Class<?> type) {
        return type.isRecord()
                || type.getPackageName().endsWith(".net")
                        && type.getSimpleName().endsWith("Options");
    }

    @Test
    void aNameThatIsNoOptionIsWarnedAboutOnceWithTheClosestThatIs() {
        List<Warnings.Warning> warnings = new ArrayList<>();
        Consumer<Warnings.Warning> before = Warnings.onWarning(warnings::add);
        try {
            new ServerOptions().set("regectUnauthorised", false).set("regectUnauthorised", true);
            new ConnectOptions().set("colour", "red").set("shade", null).set("host", "h");
            new ServerOptions(new ConnectOptions().host("h")).set("port", 1);
        } finally {
            Warnings.onWarning(before);
        }
        assertEquals(
                List.of(
                        "'regectUnauthorised' is not an option of ServerOptions and has no effect;"
                                + " did you mean 'rejectUnauthorized'?",
                        "'colour' is not an option of ConnectOptions and has no effect",
                        "'port' is not an option of ServerOptions and has no effect"),
                warnings.stream().map(Warnings.Warning::message).toList());
        assertEquals("UNKNOWN_OPTION", warnings.get(0).code());
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
