package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What no caller should do gets an exception, never a crash. */
class MisuseTest {
    private final SecureContext serverContext = Fixtures.server();
    private final SecureContext clientContext = Fixtures.client();
    private final TLSConnection client = TLSConnection.client(clientContext);
    private final ByteBuffer some = ByteBuffer.allocateDirect(100);

    @AfterEach
    void close() {
        client.close();
        clientContext.close();
        serverContext.close();
    }

    // ---- any call at any time ----

    @ParameterizedTest
    @CsvSource({"771", "772"})
    void aConnectionThatWipesItsPlaintextRestsTwice(int version) throws Exception {
        long wipe = SSLOptions.SSL_OP_CLEANSE_PLAINTEXT;
        try (SecureContext.Builder ours = Fixtures.clientBuilder().options(wipe, 0);
                SecureContext.Builder theirs = Fixtures.serverBuilder("server-ecdsa")
                        .options(wipe, 0)
                        .versions(version, version);
                SecureContext here = ours.build();
                SecureContext there = theirs.build();
                Pair pair = new Pair(here, there).handshake()) {
            for (Pair.End end : List.of(pair.client, pair.server)) {
                end.tls.idle();
                end.tls.drain(null);
                end.tls.idle();
                end.write("x");
                end.tls.idle();
                end.tls.idle();
            }
            pair.pump();
            assertEquals("x", pair.client.receivedText());
            assertEquals("x", pair.server.receivedText());
            assertEquals(wipe, pair.client.tls.setOptions(0, 0) & wipe);
        }
    }

    @Test
    void afterAFailureSettingsDoNothingAndRequestsAreRefused() throws Exception {
        try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
            TLSConnection failed = pair.client.tls;
            ByteBuffer garbage = ByteBuffer.allocateDirect(5);
            garbage.put(new byte[] {23, 3, 3, 0, 0}).flip();
            garbage.put(0, (byte) 99);
            assertThrows(TLSException.class, () -> failed.read(garbage, some, null));
            assertFalse(failed.idle());
            failed.setVerify(VerifyMode.PEER);
            failed.setEvents(255);
            assertTrue(failed.setMaxSendFragment(1024));
            assertFalse(failed.setMaxSendFragment(1));
            assertEquals(
                    failed.setOptions(0, 0),
                    failed.setOptions(SSLOptions.SSL_OP_CLEANSE_PLAINTEXT, 0));
            assertThrows(IllegalStateException.class, () -> failed.keyUpdate(true));
            assertThrows(IllegalStateException.class, () -> failed.renegotiate(false));
            TLSException again = assertThrows(
                    TLSException.class, () -> failed.exportKeyingMaterial(32, "late", null));
            assertEquals(failed.failure().code(), again.code());
            assertEquals("TLSv1.3", failed.protocol());
            assertTrue(failed.hasPeerCertificate());
        }
    }

    // ---- windows ----

    @Test
    void heapBuffersAreRefused() {
        ByteBuffer heap = ByteBuffer.allocate(100);
        assertThrows(IllegalArgumentException.class, () -> client.read(heap, null, null));
        assertThrows(IllegalArgumentException.class, () -> client.read(null, heap, null));
        assertThrows(IllegalArgumentException.class, () -> client.read(null, null, heap));
        assertThrows(IllegalArgumentException.class, () -> client.write(heap, some));
        assertThrows(IllegalArgumentException.class, () -> client.write(some, heap));
        assertThrows(IllegalArgumentException.class, () -> client.drain(heap));
        assertThrows(IllegalArgumentException.class, () -> client.shutdown(heap));
        // The connection is as good as before.
        assertDoesNotThrow(() -> client.read(null, null, some));
    }

    @Test
    void readOnlyOutputsAreRefusedAlsoWhenSeenBefore() {
        ByteBuffer readOnly = ByteBuffer.allocateDirect(100).asReadOnlyBuffer();
        for (int i = 0; i < 3; i++) {
            assertThrows(IllegalArgumentException.class, () -> client.read(null, readOnly, null));
            assertThrows(IllegalArgumentException.class, () -> client.read(null, null, readOnly));
            assertThrows(IllegalArgumentException.class, () -> client.drain(readOnly));
            assertDoesNotThrow(() -> client.write(readOnly, null));
        }
    }

    @Test
    void oneBufferAsTwoWindowsIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> client.read(some, some, null));
        assertThrows(IllegalArgumentException.class, () -> client.read(some, null, some));
        assertThrows(IllegalArgumentException.class, () -> client.read(null, some, some));
        assertThrows(IllegalArgumentException.class, () -> client.write(some, some));
    }

    @Test
    void overlappingWindowsDoNoHarm() throws Exception {
        try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
            pair.client.write(
                    "some text that will be overwritten while it is being read".repeat(100));
            byte[] wire = pair.server.inbox.takeAll();
            for (int shift : new int[] {0, 1, 5, 21, 100}) {
                ByteBuffer all = ByteBuffer.allocateDirect(wire.length + 200);
                all.put(wire).flip();
                ByteBuffer plain = all.duplicate().clear().position(shift).slice();
                ByteBuffer out = all.duplicate().clear().slice();
                try {
                    pair.server.tls.read(all, plain, out);
                    while (pair.server.tls.nextEvent() != null) {
                        // Whatever it was.
                    }
                } catch (TLSException e) {
                    assertEquals("SSL routines", e.library());
                }
            }
        }
    }

    @Test
    void emptyAndExhaustedBuffersAreEmptyWindows() throws Exception {
        ByteBuffer empty = ByteBuffer.allocateDirect(0);
        ByteBuffer done = ByteBuffer.allocateDirect(10).position(10);
        assertEquals(Status.EVENT, client.read(empty, done, null));
        client.nextEvent();
        assertEquals(Status.WANT_INPUT, client.read(done, empty, null));
        assertTrue(client.pending() > 0);
    }

    /** Java 22 and newer have buffers whose memory can be freed under them. */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_22)
    void viewsOfFreedMemoryAreRefused() throws Exception {
        Class<?> arenaClass = Class.forName("java.lang.foreign.Arena");
        Object arena = arenaClass.getMethod("ofConfined").invoke(null);
        Object segment = arenaClass.getMethod("allocate", long.class).invoke(arena, 1000L);
        ByteBuffer view = (ByteBuffer) Class.forName("java.lang.foreign.MemorySegment")
                .getMethod("asByteBuffer")
                .invoke(segment);
        for (int i = 0; i < 3; i++) {
            client.drain(view);
        }
        arenaClass.getMethod("close").invoke(arena);
        assertThrows(IllegalStateException.class, () -> client.drain(view));
        assertThrows(IllegalStateException.class, () -> client.read(view, null, null));
        assertThrows(IllegalStateException.class, () -> client.read(null, view, null));
        assertDoesNotThrow(() -> client.read(null, null, some));
    }

    // ---- closed ----

    static List<Method> publicMethods() {
        List<Method> methods = new ArrayList<>();
        Set<String> allowed = Set.of(
                "close",
                "isClosed",
                "isServer",
                "context",
                "events",
                "consumed",
                "produced",
                "emitted",
                "pending",
                "records",
                "recordEnd",
                "waitingEvents",
                "isHandshaking",
                "isSecure",
                "failure",
                "internal");
        for (Method method : TLSConnection.class.getDeclaredMethods()) {
            int modifiers = method.getModifiers();
            if (Modifier.isPublic(modifiers)
                    && !Modifier.isStatic(modifiers)
                    && !allowed.contains(method.getName())) {
                methods.add(method);
            }
        }
        return methods;
    }

    /** Arguments that a working connection would not refuse out of hand. */
    private Object[] arguments(Method method) {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            if (types[i] == int.class) {
                arguments[i] = 1;
            } else if (types[i] == long.class) {
                arguments[i] = 0L;
            } else if (types[i] == boolean.class) {
                arguments[i] = true;
            } else if (types[i] == String.class) {
                arguments[i] = "a";
            } else if (types[i] == byte[].class) {
                arguments[i] = new byte[] {1, 'a'};
            } else if (types[i] == VerifyMode.class) {
                arguments[i] = VerifyMode.PEER;
            } else if (types[i] == SecureContext.class) {
                arguments[i] = serverContext;
            } else if (types[i] == ByteBuffer.class) {
                arguments[i] = ByteBuffer.allocateDirect(10);
            }
        }
        return arguments;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("publicMethods")
    void everyCallOnAClosedConnectionThrowsIllegalState(Method method) {
        client.close();
        client.close();
        assertTrue(client.isClosed());
        InvocationTargetException e = assertThrows(
                InvocationTargetException.class, () -> method.invoke(client, arguments(method)));
        assertTrue(e.getCause() instanceof IllegalStateException, String.valueOf(e.getCause()));
        assertEquals("TLSConnection is closed", e.getCause().getMessage());
    }

    /**
     * Every method at every stage of a connection's life: whatever comes is an exception of ours.
     */
    @ParameterizedTest
    @ValueSource(strings = {"new", "started", "paused", "secure", "shut", "failed"})
    void everyCallAtEveryStageEndsWell(String stage) throws Exception {
        for (Method method : publicMethods()) {
            for (boolean atServer : new boolean[] {false, true}) {
                try (Pair pair = new Pair(clientContext, serverContext)) {
                    advance(pair, stage);
                    TLSConnection target = atServer ? pair.server.tls : pair.client.tls;
                    try {
                        method.invoke(target, arguments(method));
                    } catch (InvocationTargetException e) {
                        Throwable cause = e.getCause();
                        assertTrue(
                                cause instanceof IllegalStateException
                                        || cause instanceof IllegalArgumentException
                                        || cause instanceof TLSException,
                                method + ": " + cause);
                    }
                    pair.pump();
                }
            }
        }
    }

    private static void advance(Pair pair, String stage) {
        switch (stage) {
            case "new" -> {}
            case "started" -> pair.client.step();
            case "paused" -> {
                pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
                pair.server.onEvent = event -> {};
                pair.pump();
            }
            case "secure" -> pair.handshake();
            case "shut" -> {
                pair.handshake();
                pair.client.shutdown();
                pair.server.shutdown();
                pair.pump();
            }
            case "failed" -> {
                pair.client.inbox.put(new byte[] {1, 2, 3, 4, 5, 6, 7});
                pair.server.inbox.put(new byte[] {1, 2, 3, 4, 5, 6, 7});
                pair.pump();
            }
            default -> throw new IllegalStateException(stage);
        }
    }

    @Test
    void aClosedContextIsRefusedButItsConnectionsGoOn() {
        try (Pair pair = new Pair(clientContext, serverContext)) {
            serverContext.close();
            clientContext.close();
            serverContext.close();
            assertTrue(serverContext.isClosed());
            assertThrows(IllegalStateException.class, () -> TLSConnection.server(serverContext));
            assertThrows(IllegalStateException.class, serverContext::ticketKeys);
            assertThrows(IllegalStateException.class, serverContext::ciphers);
            assertThrows(
                    IllegalStateException.class, () -> serverContext.setTicketKeys(new byte[48]));
            pair.handshake();
        }
    }

    @Test
    void aBuilderIsOfNoUseAfterBuild() {
        SecureContext.Builder builder = Fixtures.clientBuilder();
        try (SecureContext context = builder.build()) {
            assertThrows(IllegalStateException.class, () -> builder.versions(0, 0));
            assertThrows(IllegalStateException.class, builder::build);
            assertThrows(IllegalStateException.class, builder::options);
            builder.close();
            assertFalse(context.isClosed());
            try (TLSConnection connection = TLSConnection.client(context)) {
                assertFalse(connection.isClosed());
            }
        }
    }

    // ---- wrong end, wrong time ----

    @Test
    void settingsOfTheOtherEndAreRefused() {
        try (TLSConnection server = TLSConnection.server(serverContext)) {
            assertThrows(IllegalStateException.class, () -> server.setServername("a"));
            assertThrows(IllegalStateException.class, () -> server.setSession(new byte[] {1}));
            assertThrows(IllegalStateException.class, server::requestOCSP);
            assertThrows(IllegalStateException.class, server::offerPostHandshakeAuth);
        }
    }

    @Test
    void settingsThatComeTooLateAreRefused() {
        try (Pair pair = new Pair(clientContext, serverContext).handshake()) {
            assertThrows(IllegalStateException.class, () -> pair.client.tls.setServername("a"));
            assertThrows(
                    IllegalStateException.class, () -> pair.client.tls.setSession(new byte[] {1}));
            assertThrows(
                    IllegalStateException.class,
                    () -> pair.client.tls.setALPN(Wire.protocols("a")));
            assertThrows(IllegalStateException.class, pair.client.tls::requestOCSP);
        }
    }

    @Test
    void badArgumentsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> client.setServername("a\0b"));
        assertThrows(IllegalArgumentException.class, () -> client.setServername("a".repeat(256)));
        assertThrows(NullPointerException.class, () -> client.setServername(null));
        assertThrows(NullPointerException.class, () -> client.setVerify(null));
        for (byte[] list :
                new byte[][] {{0}, {1}, {2, 'a'}, {1, 'a', 0}, {1, 'a', 5, 'b'}, new byte[65536]}) {
            assertThrows(IllegalArgumentException.class, () -> client.setALPN(list));
            assertThrows(IllegalArgumentException.class, () -> client.setNPN(list));
        }
        assertThrows(
                IllegalArgumentException.class, () -> client.exportKeyingMaterial(0, "a", null));
        assertThrows(IllegalStateException.class, () -> client.exportKeyingMaterial(1, "a", null));
        assertThrows(NullPointerException.class, () -> TLSConnection.client(null));
        assertThrows(NullPointerException.class, () -> SecureContext.builder(null));
        // Null and empty lists mean: no ALPN.
        client.setALPN(null);
        client.setALPN(new byte[0]);
    }

    @Test
    void aContextOfTheOtherRoleDoesNotCrash() {
        // Like OpenSSL, a one-sided method may still be forced into the other state; the handshake
        // then fails or not,
        // but nothing breaks.
        try (Pair pair = new Pair(serverContext, clientContext)) {
            pair.pump();
            assertTrue(pair.client.failure != null
                    || pair.server.failure != null
                    || !pair.client.tls.isSecure());
        } catch (SecureContextException e) {
            assertFalse(e.entries().isEmpty());
        }
    }
}
