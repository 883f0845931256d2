package io.github.securepair.openssl;

import static io.github.securepair.openssl.Crypto.*;
import static io.github.securepair.openssl.Ssl.*;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.openssl.types.SSL_CTX;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

class CallbacksTest {
    private static Raw.Identity authority;
    private static Raw.Identity identity;

    private SSL_CTX serverContext;
    private SSL_CTX clientContext;
    private int liveBefore;

    @BeforeAll
    static void makeIdentities() {
        authority = Raw.authority("Test CA");
        identity = Raw.server(authority, "raw.test");
    }

    @AfterAll
    static void freeIdentities() {
        identity.close();
        authority.close();
    }

    @BeforeEach
    void makeContexts() {
        liveBefore = Callbacks.live();
        serverContext = Raw.serverContext(identity);
        clientContext = Raw.clientContext(authority);
    }

    @AfterEach
    void freeContexts() {
        SSL_CTX_free(clientContext);
        SSL_CTX_free(serverContext);
        assertEquals(liveBefore, Callbacks.live(), "freed contexts let go of their callbacks");
    }

    private boolean handshake() {
        try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
            return pair.handshake();
        }
    }

    @Test
    void fiftyLiveCallbacksReachTheirOwnObjectsFromFourThreadsAndSurviveTheCollector()
            throws Exception {
        int count = 50;
        SSL_CTX[] contexts = new SSL_CTX[count];
        AtomicInteger[] calls = new AtomicInteger[count];
        AtomicInteger[] lines = new AtomicInteger[count];
        for (int i = 0; i < count; i++) {
            contexts[i] = Raw.clientContext(authority);
            AtomicInteger verified = calls[i] = new AtomicInteger();
            AtomicInteger logged = lines[i] = new AtomicInteger();
            ContextCallbacks.on(contexts[i])
                    .verify((preverified, store, ssl) ->
                            verified.incrementAndGet() > 0 && preverified)
                    .keyLog((ssl, line) -> logged.incrementAndGet());
        }
        assertEquals(liveBefore + count, Callbacks.live());
        System.gc();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<Boolean>> results = new ArrayList<>();
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < count; i++) {
                SSL_CTX context = contexts[i];
                boolean collect = i == count / 2;
                Callable<Boolean> work = () -> {
                    if (collect) {
                        System.gc();
                    }
                    try (Raw.Pair pair = new Raw.Pair(context, serverContext)) {
                        return pair.handshake();
                    }
                };
                results.add(threads.submit(work));
            }
        }
        for (Future<Boolean> result : results) {
            assertTrue(result.get());
        }
        threads.shutdown();
        int[] wanted = new int[count];
        Arrays.fill(wanted, 8); // two certificates, four handshakes
        assertEquals(Arrays.toString(wanted), Arrays.toString(calls));
        Arrays.fill(wanted, lines[0].get());
        assertEquals(0, lines[0].get() % 4);
        assertTrue(lines[0].get() > 0);
        assertEquals(Arrays.toString(wanted), Arrays.toString(lines));
        Arrays.stream(contexts).forEach(Ssl::SSL_CTX_free);
        assertEquals(liveBefore, Callbacks.live());
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify", "alpn", "hello", "servername", "status", "server status"})
    void aHandlerThatThrowsRefusesTheHandshakeAndIsReported(String kind) {
        byte[] alpn = {2, 'h', '2'};
        SSL_CTX_set_alpn_protos(clientContext, alpn, alpn.length);
        SSL_CTX_set_tlsext_status_type(clientContext, TLSEXT_STATUSTYPE_ocsp);
        ContextCallbacks client = ContextCallbacks.on(clientContext);
        ContextCallbacks server = ContextCallbacks.on(serverContext);
        Error thrown = new StackOverflowError("from " + kind);
        ContextCallbacks blamed = server;
        switch (kind) {
            case "verify" ->
                blamed = client.verify((preverified, store, ssl) -> {
                    throw thrown;
                });
            case "alpn" ->
                server.alpnSelect((ssl, offered) -> {
                    throw thrown;
                });
            case "hello" ->
                server.clientHello((ssl, alert) -> {
                    throw thrown;
                });
            case "servername" ->
                server.servername((ssl, alert) -> {
                    throw thrown;
                });
            case "server status" ->
                server.status(ssl -> {
                    throw thrown;
                });
            default ->
                blamed = client.status(ssl -> {
                    throw thrown;
                });
        }
        assertFalse(handshake());
        assertSame(thrown, blamed.failure());
        assertNull(blamed.failure(), "told once");
    }

    @ParameterizedTest
    @ValueSource(strings = {"info", "message", "keylog", "session"})
    void aListenerThatThrowsIsReportedAndTheHandshakeGoesOn(String kind) {
        RuntimeException thrown = new IllegalStateException("from " + kind);
        SSL_CTX_set_session_cache_mode(serverContext, SSL_SESS_CACHE_SERVER);
        ContextCallbacks server = ContextCallbacks.on(serverContext);
        switch (kind) {
            case "info" ->
                server.info((ssl, where, value) -> {
                    throw thrown;
                });
            case "message" ->
                server.message((ssl, sent, version, type, data) -> {
                    throw thrown;
                });
            case "session" ->
                server.newSession((ssl, session) -> {
                    throw thrown;
                });
            default ->
                server.keyLog((ssl, line) -> {
                    throw thrown;
                });
        }
        assertTrue(handshake());
        assertSame(thrown, server.failure());
    }

    @Test
    void aVerifierMayAcceptWhatOpensslWouldNot() {
        try (Raw.Identity other = Raw.authority("Other CA")) {
            SSL_CTX stranger = Raw.clientContext(other);
            try (Raw.Pair pair = new Raw.Pair(stranger, serverContext)) {
                ConnectionCallbacks.on(pair.client).verify((preverified, store, ssl) -> true);
                assertTrue(pair.handshake());
            }
            SSL_CTX_free(stranger);
        }
    }

    @Test
    void aProtocolThatWasNotOfferedIsRefused() {
        byte[] alpn = {2, 'h', '2'};
        SSL_CTX_set_alpn_protos(clientContext, alpn, alpn.length);
        ContextCallbacks server =
                ContextCallbacks.on(serverContext).alpnSelect((ssl, offered) -> "h3");
        assertFalse(handshake());
        assertInstanceOf(IllegalArgumentException.class, server.failure());
    }

    @Test
    void noProtocolGoesOnWithoutOne() {
        byte[] alpn = {2, 'h', '2'};
        SSL_CTX_set_alpn_protos(clientContext, alpn, alpn.length);
        ContextCallbacks.on(serverContext).alpnSelect((ssl, offered) -> null);
        assertTrue(handshake());
    }

    @Test
    void theClientHelloIsRefusedWithTheAlertOfTheHandler() {
        List<Integer> alerts = new ArrayList<>();
        ContextCallbacks.on(serverContext).clientHello((ssl, alert) -> {
            alert.description(SSL_AD_UNRECOGNIZED_NAME);
            return SSL_CLIENT_HELLO_ERROR;
        });
        ContextCallbacks.on(clientContext).info((ssl, where, value) -> {
            if ((where & SSL_CB_ALERT) != 0) {
                alerts.add(value & 0xff);
            }
        });
        assertFalse(handshake());
        assertEquals(List.of(SSL_AD_UNRECOGNIZED_NAME), alerts);
    }

    @Test
    void aHelloThatIsRetriedIsAskedAgain() {
        AtomicInteger asked = new AtomicInteger();
        ContextCallbacks.on(serverContext)
                .clientHello((ssl, alert) -> asked.incrementAndGet() < 3
                        ? SSL_CLIENT_HELLO_RETRY
                        : SSL_CLIENT_HELLO_SUCCESS);
        assertTrue(handshake());
        assertEquals(3, asked.get());
    }

    @Test
    void verificationSurvivesASwitchOfTheContextByServerName() {
        SSL_CTX other = Raw.serverContext(identity);
        AtomicInteger verified = new AtomicInteger();
        ContextCallbacks.on(serverContext)
                .servername((ssl, alert) -> {
                    SSL_set_SSL_CTX(ssl, other);
                    return SSL_TLSEXT_ERR_OK;
                })
                .verify((preverified, store, ssl) -> verified.incrementAndGet() > 0);
        SSL_CTX_set_verify(serverContext, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
        SSL_CTX_use_certificate(clientContext, identity.certificate());
        SSL_CTX_use_PrivateKey(clientContext, identity.key());
        try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
            SSL_set_tlsext_host_name(pair.client, "raw.test");
            assertTrue(pair.handshake());
        }
        assertTrue(verified.get() > 0);
        SSL_CTX_free(other);
    }

    @Test
    void aConnectionWhoseCallbacksAreClosedFailsClosed() {
        ContextCallbacks client =
                ContextCallbacks.on(clientContext).verify((preverified, store, ssl) -> true);
        try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
            client.close();
            assertFalse(pair.handshake());
        }
        assertTrue(handshake(), "a new connection verifies as OpenSSL does");
    }

    @Test
    void closedCallbacksMakeRoomForOthers() {
        ContextCallbacks first = ContextCallbacks.on(clientContext);
        assertThrows(IllegalStateException.class, () -> ContextCallbacks.on(clientContext));
        first.close();
        first.close();
        assertThrows(IllegalStateException.class, () -> first.info((ssl, where, value) -> {}));
        ContextCallbacks.on(clientContext).close();
        assertThrows(NullPointerException.class, () -> ContextCallbacks.on(null));
    }

    @Test
    void freeingAConnectionReleasesItsCallbacks() {
        try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
            ConnectionCallbacks callbacks =
                    ConnectionCallbacks.on(pair.client).info((ssl, where, value) -> {});
            assertEquals(liveBefore + 1, Callbacks.live());
            pair.handshake();
            assertNull(callbacks.failure());
        }
        assertEquals(liveBefore, Callbacks.live());
    }

    @Test
    void messagesAndStatesAreTold() {
        List<Integer> types = new ArrayList<>();
        AtomicInteger done = new AtomicInteger();
        Consumer<Integer> note = types::add;
        ContextCallbacks.on(clientContext)
                .message((ssl, sent, version, type, data) -> {
                    if (type == SSL3_RT_HANDSHAKE && sent) {
                        note.accept((int) data[0]);
                    }
                })
                .info((ssl, where, value) -> {
                    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
                        done.incrementAndGet();
                    }
                });
        assertTrue(handshake());
        assertEquals(List.of(SSL3_MT_CLIENT_HELLO, SSL3_MT_FINISHED), types);
        assertEquals(1, done.get());
    }
}
