package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.testing.Child;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Pre-shared keys, and the one call that comes from native code. */
class PSKTest {
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes();
    private static final String SUITES = "PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256";
    private static final PSKProvider SERVER_KEY = (name, key, identity) -> new PreSharedKey(KEY);
    private static final PSKProvider CLIENT_KEY =
            (name, key, identity) -> new PreSharedKey(KEY, "me");

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void nothingLives() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        open.clear();
        assertTrue(OpenSSL.live().none(), OpenSSL.live().toString());
    }

    private static SecureContext context(boolean server, int version, boolean certificates) {
        SecureContext.Builder builder = certificates
                ? server ? Fixtures.serverBuilder("server-ecdsa") : Fixtures.clientBuilder()
                : SecureContext.builder(
                        server ? SecureContext.Role.SERVER : SecureContext.Role.CLIENT);
        builder.versions(version, version);
        builder.cipherList(certificates ? SUITES + ":ECDHE-ECDSA-AES128-GCM-SHA256" : SUITES);
        builder.cipherSuites("TLS_AES_128_GCM_SHA256");
        return builder.build();
    }

    private Pair pair(int version, boolean certificates, PSKProvider client, PSKProvider server) {
        try (SecureContext c = context(false, version, certificates);
                SecureContext s = context(true, version, certificates)) {
            Pair pair = new Pair(c, s);
            open.add(pair);
            pair.client.tls.setPSK(client);
            pair.server.tls.setPSK(server);
            return pair;
        }
    }

    private Pair pair(int version, PSKProvider client, PSKProvider server) {
        return pair(version, false, client, server);
    }

    // ---- with a key ----

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void bothEndsThatKnowTheKeyMeet(int version) throws Exception {
        List<String> asked = new ArrayList<>();
        Pair pair = pair(
                version,
                (name, key, identity) -> {
                    asked.add("client: " + name + ' ' + key + ' ' + identity);
                    return new PreSharedKey(KEY, "grüße€");
                },
                (name, key, identity) -> {
                    asked.add("server: " + name + ' ' + key + ' ' + identity);
                    return new PreSharedKey(KEY);
                });
        pair.handshake();
        assertEquals(List.of("client: null 512 256", "server: grüße€ 512 0"), asked);
        assertTrue(pair.client.tls.isPSKUsed() && pair.server.tls.isPSKUsed());
        assertEquals(version == Protocol.TLS1_3, pair.client.tls.isSessionReused());
        assertFalse(pair.client.tls.hasPeerCertificate());
        pair.client.write("to the server");
        pair.server.write("to the client");
        pair.pump();
        assertEquals("to the server", pair.server.receivedText());
        assertEquals("to the client", pair.client.receivedText());
        assertEquals("0123456789abcdef0123456789abcdef", new String(KEY));
    }

    @Test
    void theClientIsToldTheHintInTLS12() throws Exception {
        List<String> hints = new ArrayList<>();
        Pair pair = pair(
                Protocol.TLS1_2,
                (name, key, identity) -> {
                    hints.add(name);
                    return new PreSharedKey(KEY, "me");
                },
                SERVER_KEY);
        pair.server.tls.setPSKIdentityHint("ask for Ελλάς");
        pair.handshake();
        assertEquals(List.of("ask for Ελλάς"), hints);
    }

    @Test
    void aHintThatIsTooLongIsRefusedAndClientsHaveNone() {
        Pair pair = pair(Protocol.TLS1_2, CLIENT_KEY, SERVER_KEY);
        pair.server.tls.setPSKIdentityHint("h".repeat(256));
        assertThrows(
                SecureContextException.class,
                () -> pair.server.tls.setPSKIdentityHint("h".repeat(257)));
        assertThrows(
                IllegalArgumentException.class, () -> pair.server.tls.setPSKIdentityHint("a\0b"));
        assertThrows(IllegalStateException.class, () -> pair.client.tls.setPSKIdentityHint("h"));
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void longestKeyAndIdentityAreTaken(int version) throws Exception {
        byte[] key = new byte[512];
        Arrays.fill(key, (byte) 7);
        String identity = "i".repeat(256);
        List<String> names = new ArrayList<>();
        Pair pair = pair(
                version,
                (name, maxKey, maxIdentity) -> new PreSharedKey(key, identity),
                (name, maxKey, maxIdentity) -> {
                    names.add(name);
                    return new PreSharedKey(key);
                });
        pair.handshake();
        assertEquals(List.of(identity), names);
    }

    // ---- without one ----

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void withoutAKeyTheHandshakeFails(int version) {
        Pair noServerKey = pair(version, CLIENT_KEY, (name, key, identity) -> null);
        noServerKey.pump();
        assertNotNull(noServerKey.server.failure);
        assertNull(noServerKey.server.failure.getCause());
        Pair empty = pair(
                version, (name, key, identity) -> new PreSharedKey(new byte[0], "me"), SERVER_KEY);
        empty.pump();
        assertNotNull(empty.client.failure);
        Pair nobody = pair(version, CLIENT_KEY, null);
        nobody.pump();
        assertNotNull(nobody.server.failure);
    }

    @Test
    void failuresAreThoseOfNode() {
        Pair pair =
                pair(Protocol.TLS1_2, CLIENT_KEY, (name, key, identity) -> null).pump();
        assertEquals("ERR_SSL_PSK_IDENTITY_NOT_FOUND", pair.server.failure.code());
        assertEquals("ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY", pair.client.failure.code());
        pair = pair(Protocol.TLS1_2, (name, key, identity) -> null, SERVER_KEY).pump();
        assertEquals("ERR_SSL_PSK_IDENTITY_NOT_FOUND", pair.client.failure.code());
        assertEquals("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", pair.server.failure.code());
        PSKProvider wrong = (name, key, identity) -> new PreSharedKey(new byte[16], "me");
        pair = pair(Protocol.TLS1_2, wrong, SERVER_KEY).pump();
        assertEquals("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", pair.server.failure.code());
        assertEquals("ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", pair.client.failure.code());
        pair = pair(Protocol.TLS1_3, wrong, SERVER_KEY).pump();
        assertEquals("ERR_SSL_BINDER_DOES_NOT_VERIFY", pair.server.failure.code());
        // OpenSSL 3.0 sends illegal_parameter, later ones what RFC 8446 asks for.
        assertTrue(
                Set.of("ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER", "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR")
                        .contains(pair.client.failure.code()));
    }

    @Test
    void certificatesAreTheWayOutInTLS13() throws Exception {
        Pair pair = pair(Protocol.TLS1_3, true, (name, key, identity) -> null, SERVER_KEY);
        pair.handshake();
        assertFalse(pair.client.tls.isPSKUsed());
        assertTrue(pair.client.tls.hasPeerCertificate());
    }

    // ---- what the provider does wrong ----

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void whatTheServersProviderThrowsIsTheCauseOfTheFailure(int version) {
        for (Throwable thrown : List.of(
                new IllegalStateException("broken"),
                new java.io.IOException("checked"),
                new AssertionError("error"))) {
            Pair pair = pair(version, CLIENT_KEY, (name, key, identity) -> {
                throw Sneaky.<RuntimeException>throwing(thrown);
            });
            pair.pump();
            assertSame(thrown, pair.server.failure.getCause());
            assertEquals(List.of(), pair.server.events(ConnectionEvent.PSKFailed.class));
        }
    }

    private static final class Sneaky {
        @SuppressWarnings("unchecked")
        static <T extends Throwable> RuntimeException throwing(Throwable thrown) throws T {
            throw (T) thrown;
        }
    }

    @Test
    void whatTheClientsProviderThrowsIsTheCauseOfTheFailure() {
        RuntimeException thrown = new RuntimeException("broken");
        Pair pair = pair(
                Protocol.TLS1_2,
                (name, key, identity) -> {
                    throw thrown;
                },
                SERVER_KEY);
        pair.pump();
        assertSame(thrown, pair.client.failure.getCause());
    }

    @Test
    void aThrowIsAnEventWhenTheHandshakeGoesOn() throws Exception {
        RuntimeException atClient = new RuntimeException("client");
        Pair pair = pair(
                Protocol.TLS1_3,
                true,
                (name, key, identity) -> {
                    throw atClient;
                },
                SERVER_KEY);
        pair.handshake();
        assertSame(atClient, theEvent(pair.client));
        RuntimeException atServer = new RuntimeException("server");
        pair = pair(Protocol.TLS1_3, true, CLIENT_KEY, (name, key, identity) -> {
            throw atServer;
        });
        pair.handshake();
        assertSame(atServer, theEvent(pair.server));
        assertFalse(pair.server.tls.isPSKUsed());
        pair.client.write("by certificate");
        pair.pump();
        assertEquals("by certificate", pair.server.receivedText());
    }

    private static Throwable theEvent(Pair.End end) {
        List<ConnectionEvent.PSKFailed> events = end.events(ConnectionEvent.PSKFailed.class);
        assertEquals(1, events.size());
        return events.get(0).thrown();
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void aProviderThatExhaustsTheStackDoesNotUnwindOpenSSL(int version) {
        PSKProvider endless = new PSKProvider() {
            @Override
            public PreSharedKey find(String name, int maxKey, int maxIdentity) throws Exception {
                return find(name, maxKey, maxIdentity);
            }
        };
        Pair pair = pair(version, CLIENT_KEY, endless);
        pair.pump();
        assertTrue(pair.server.failure.getCause() instanceof StackOverflowError);
        assertDoesNotThrow(() -> pair(version, CLIENT_KEY, SERVER_KEY).handshake());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void whatIsTooLongOrMalformedIsNotUsed(int version) {
        List<PreSharedKey> bad = List.of(
                new PreSharedKey(new byte[513], "me"),
                new PreSharedKey(KEY, "i".repeat(257)),
                new PreSharedKey(KEY, "€".repeat(86)),
                new PreSharedKey(KEY, "a\0b"),
                new PreSharedKey(KEY, null));
        for (PreSharedKey each : bad) {
            Pair pair = pair(version, (name, key, identity) -> each, SERVER_KEY);
            pair.pump();
            Throwable told = version == Protocol.TLS1_2
                    ? pair.client.failure.getCause()
                    : theEvent(pair.client);
            assertTrue(told instanceof IllegalArgumentException, "" + told);
        }
        Pair pair = pair(version, CLIENT_KEY, (name, key, identity) -> bad.get(0));
        pair.pump();
        assertTrue(pair.server.failure.getCause() instanceof IllegalArgumentException);
    }

    // ---- what the provider does beside ----

    /** Every public method of a connection, with arguments that would do if it were not busy. */
    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void theConnectionThatAsksCannotBeUsed(int version) throws Exception {
        Set<String> harmless = Set.of(
                "close",
                "isClosed",
                "isServer",
                "context",
                "events",
                "failure",
                "internal",
                "consumed",
                "produced",
                "emitted",
                "pending",
                "records",
                "recordEnd",
                "waitingEvents",
                "isHandshaking",
                "isSecure");
        AtomicInteger refused = new AtomicInteger();
        Pair[] holder = new Pair[1];
        try (SecureContext other = Fixtures.server()) {
            PSKProvider meddling = (name, key, identity) -> {
                TLSConnection busy = name == null ? holder[0].client.tls : holder[0].server.tls;
                for (Method method : TLSConnection.class.getDeclaredMethods()) {
                    int modifiers = method.getModifiers();
                    if (Modifier.isPublic(modifiers)
                            && !Modifier.isStatic(modifiers)
                            && !harmless.contains(method.getName())) {
                        InvocationTargetException e = assertThrows(
                                InvocationTargetException.class,
                                () -> method.invoke(busy, arguments(method, other)),
                                method.toString());
                        assertTrue(
                                e.getCause() instanceof IllegalStateException,
                                method + ": " + e.getCause());
                        refused.incrementAndGet();
                    }
                }
                return new PreSharedKey(KEY, "me");
            };
            holder[0] = pair(version, meddling, meddling);
            holder[0].handshake();
        }
        assertTrue(refused.get() > 80, "only " + refused + " calls");
    }

    private static Object[] arguments(Method method, SecureContext context) {
        Map<Class<?>, Object> usual = new HashMap<>();
        usual.put(int.class, 1);
        usual.put(long.class, 0L);
        usual.put(boolean.class, false);
        usual.put(byte[].class, new byte[0]);
        usual.put(String.class, "x");
        usual.put(SecureContext.class, context);
        usual.put(VerifyMode.class, VerifyMode.NONE);
        usual.put(PSKProvider.class, CLIENT_KEY);
        return Arrays.stream(method.getParameterTypes()).map(usual::get).toArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void aConnectionClosedByItsProviderIsFreedAfterTheTurn(int version) {
        Pair[] holder = new Pair[1];
        holder[0] = pair(version, CLIENT_KEY, (name, key, identity) -> {
            holder[0].server.tls.close();
            assertEquals(2, OpenSSL.live().connections());
            return new PreSharedKey(KEY);
        });
        assertThrows(IllegalStateException.class, () -> holder[0].pump());
        assertTrue(holder[0].server.tls.isClosed());
        assertEquals(1, OpenSSL.live().connections());
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void theProviderMayRunOtherConnections(int version) throws Exception {
        List<String> received = new ArrayList<>();
        Pair outer = pair(
                version,
                (name, key, identity) -> {
                    received.add(talk(version, 1));
                    return new PreSharedKey(KEY, "me");
                },
                (name, key, identity) -> {
                    received.add(talk(version, 1));
                    return new PreSharedKey(KEY);
                });
        outer.handshake();
        assertEquals(List.of("inner", "inner"), received);
        outer.client.write("outer");
        outer.pump();
        assertEquals("outer", outer.server.receivedText());
    }

    /** A connection whose provider runs another, whose provider runs another. */
    private static String talk(int version, int deeper) throws Exception {
        try (SecureContext c = context(false, version, false);
                SecureContext s = context(true, version, false);
                Pair pair = new Pair(c, s)) {
            pair.client.tls.setPSK(CLIENT_KEY);
            pair.server.tls.setPSK((name, key, identity) -> {
                if (deeper > 0) {
                    assertEquals("inner", talk(version, deeper - 1));
                }
                return new PreSharedKey(KEY);
            });
            pair.handshake();
            pair.client.write("inner");
            pair.pump();
            return pair.server.receivedText();
        }
    }

    @Test
    void aProviderIsSetBeforeTheFirstRead() throws Exception {
        Pair pair = pair(Protocol.TLS1_3, CLIENT_KEY, SERVER_KEY);
        pair.handshake();
        assertThrows(IllegalStateException.class, () -> pair.client.tls.setPSK(null));
        assertThrows(IllegalStateException.class, () -> pair.server.tls.setPSK(SERVER_KEY));
        assertThrows(IllegalStateException.class, () -> pair.server.tls.setPSKIdentityHint("late"));
    }

    // ---- many ----

    @Test
    void eachConnectionOfManyThreadsGetsItsOwnAnswer() throws Exception {
        int threads = 4;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier together = new CyclicBarrier(threads);
            List<Future<Void>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int number = t;
                results.add(pool.submit((Callable<Void>) () -> {
                    together.await();
                    for (int i = 0; i < 50; i++) {
                        meet(number * 1000 + i, i % 2 == 0 ? Protocol.TLS1_2 : Protocol.TLS1_3);
                    }
                    return null;
                }));
            }
            for (Future<Void> result : results) {
                result.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private static void meet(int number, int version) throws Exception {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) number);
        Thread thread = Thread.currentThread();
        try (SecureContext c = context(false, version, false);
                SecureContext s = context(true, version, false);
                Pair pair = new Pair(c, s)) {
            pair.client.tls.setPSK((name, maxKey, maxIdentity) -> {
                assertSame(thread, Thread.currentThread());
                return new PreSharedKey(key, "number " + number);
            });
            pair.server.tls.setPSK((name, maxKey, maxIdentity) -> {
                assertEquals("number " + number, name);
                return new PreSharedKey(key);
            });
            pair.handshake();
        }
    }

    @Test
    void connectionsThatAreForgottenAreFreed() {
        List<WeakReference<TLSConnection>> forgotten = new ArrayList<>();
        try (SecureContext context = context(false, Protocol.TLS1_3, false)) {
            for (int i = 0; i < 10; i++) {
                TLSConnection connection = TLSConnection.client(context);
                connection.setPSK((name, key, identity) ->
                        new PreSharedKey(KEY, "me" + connection.isClosed()));
                assertDoesNotThrow(
                        () -> connection.read(null, null, ByteBuffer.allocateDirect(2000)));
                forgotten.add(new WeakReference<>(connection));
            }
        }
        for (int i = 0; i < 200 && OpenSSL.live().connections() > 0; i++) {
            System.gc();
        }
        assertTrue(forgotten.stream().allMatch(each -> each.get() == null));
    }

    @Test
    void noKeyStaysInTheMemoryOfTheThread() throws Exception {
        pair(Protocol.TLS1_2, CLIENT_KEY, SERVER_KEY).handshake();
        for (String name : List.of("staged", "out")) {
            Field field = Memory.class.getDeclaredField(name);
            field.setAccessible(true);
            ByteBuffer buffer =
                    ((ByteBuffer) field.get(Memory.current())).duplicate().clear();
            byte[] all = new byte[buffer.capacity()];
            buffer.get(all);
            assertFalse(
                    new String(all, java.nio.charset.StandardCharsets.ISO_8859_1)
                            .contains("456789abcdef"),
                    name);
        }
        assertFalse(new PreSharedKey(KEY, "me").toString().contains("key"));
    }

    @Test
    void theUpcallIsCleanUnderCheckedJNI() throws Exception {
        String output = Child.run(PSKTest.class, "-Xcheck:jni");
        assertTrue(output.contains("met 40 times"), output);
        assertFalse(output.contains("FATAL"), output);
        assertFalse(output.contains("pending exception"), output);
        assertFalse(output.contains("JNI ERROR"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) throws Exception {
        PSKTest test = new PSKTest();
        int met = 0;
        for (int i = 0; i < 40; i++) {
            int version = i % 2 == 0 ? Protocol.TLS1_2 : Protocol.TLS1_3;
            meet(i, version);
            met++;
            test.whatTheServersProviderThrowsIsTheCauseOfTheFailure(version);
        }
        test.nothingLives();
        test.aConnectionClosedByItsProviderIsFreedAfterTheTurn(Protocol.TLS1_2);
        test.nothingLives();
        System.out.println("met " + met + " times");
    }
}
