package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** docs/guide/sessions.md */
class SessionsGuideTest extends Guide {
    private static <S extends TLSServer> S listening(S server) throws Exception {
        onLoop(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        return server;
    }

    private static void close(TLSServer... servers) throws Exception {
        for (TLSServer server : servers) {
            onLoop(done -> server.close(error -> done.complete(null)));
        }
    }

    private static TLSServer server(ServerOptions options) throws Exception {
        return listening(TLS.createServer(options, socket -> socket.pipe(socket)));
    }

    /** Connects once, keeps the newest session in {@code last} and offers what was there. */
    private static boolean reused(ConnectOptions options, AtomicReference<byte[]> last)
            throws Exception {
        return onLoop(done -> {
            // snippet: resume
            byte[] session = last.get();
            if (session != null) {
                options.session(session);
            }
            TLS.connect(options, socket -> {
                socket.on(TLSSocket.SESSION, last::set);
                socket.on(TLSSocket.SECURE_CONNECT, () -> {
                    boolean resumed = socket.isSessionReused();
                    socket.write(resumed ? "here again" : "here for the first time");
                    // end
                    socket.on(Readable.DATA, echo -> socket.end());
                    socket.on("close", args -> done.complete(resumed));
                });
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientComesBackWithItsSession(String version) throws Exception {
        TLSServer server = server(serverOptions().maxVersion(version));
        AtomicReference<byte[]> last = new AtomicReference<>();
        assertFalse(reused(clientOptions(server), last));
        assertTrue(reused(clientOptions(server), last));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void serversShareTicketKeys(String version) throws Exception {
        ServerOptions options = serverOptions().maxVersion(version);
        // snippet: ticket-keys
        byte[] keys = new byte[48];
        new SecureRandom().nextBytes(keys);
        options.ticketKeys(keys).sessionIdContext("shop");
        TLSServer one = TLS.createServer(options, socket -> socket.pipe(socket));
        TLSServer two = TLS.createServer(options, socket -> socket.pipe(socket));
        // end
        listening(one);
        listening(two);
        AtomicReference<byte[]> last = new AtomicReference<>();
        assertFalse(reused(clientOptions(one), last));
        assertTrue(reused(clientOptions(two), last));

        // Another sessionIdContext, or other keys: a full handshake, and no error.
        TLSServer stranger = server(options.copy().sessionIdContext("bank"));
        assertFalse(reused(clientOptions(stranger), new AtomicReference<>(last.get())));
        byte[] nextKeys = new byte[48];
        // snippet: rotate
        for (TLSServer server : new TLSServer[] {one, two}) {
            server.setTicketKeys(nextKeys);
        }
        // end
        assertFalse(reused(clientOptions(two), new AtomicReference<>(last.get())));
        one.setTicketKeys(keys);
        assertTrue(reused(clientOptions(one), new AtomicReference<>(last.get())));
        close(one, two, stranger);
    }

    @Test
    void aSessionGrowsTooOld() throws Exception {
        ServerOptions options = serverOptions().maxVersion("TLSv1.2");
        // snippet: timeout
        options.sessionTimeout(300);
        // end
        TLSServer server = server(options);
        AtomicReference<byte[]> last = new AtomicReference<>();
        reused(clientOptions(server), last);
        // The ticket's lifetime hint, as the session has it: [9] INTEGER 300.
        assertTrue(HexFormat.of().formatHex(last.get()).contains("a9040202012c"));
        close(server);
    }

    /** A store that answers later, on another thread. */
    private static final class Store {
        private final Map<String, byte[]> sessions = new ConcurrentHashMap<>();

        CompletableFuture<Void> put(byte[] id, byte[] session) {
            return CompletableFuture.runAsync(
                    () -> sessions.put(HexFormat.of().formatHex(id), session));
        }

        CompletableFuture<byte[]> get(byte[] id) {
            return CompletableFuture.supplyAsync(
                    () -> sessions.get(HexFormat.of().formatHex(id)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aStoreKeepsTheSessions(String version) throws Exception {
        ServerOptions options = serverOptions().minVersion(version).maxVersion(version);
        Store store = new Store();
        // snippet: store
        options.secureOptions(SSLOptions.SSL_OP_NO_TICKET).sessionIdContext("shop");
        TLSServer server = TLS.createServer(options, socket -> socket.pipe(socket));
        server.on(
                TLSServer.NEW_SESSION,
                (id, session, callback) -> store.put(id, session).thenRun(callback));
        server.on(
                TLSServer.RESUME_SESSION,
                (id, callback) -> store.get(id)
                        .whenComplete((session, error) -> callback.done(error, session)));
        // end
        listening(server);
        AtomicReference<byte[]> last = new AtomicReference<>();
        assertFalse(reused(clientOptions(server), last));
        assertTrue(reused(clientOptions(server), last));
        store.sessions.clear();
        assertFalse(reused(clientOptions(server), last));
        close(server);
    }

    @Test
    void theServersKeysCanBeRead() throws Exception {
        byte[] keys = new byte[48];
        keys[0] = 7;
        TLSServer server = server(serverOptions().ticketKeys(keys));
        assertEquals(
                HexFormat.of().formatHex(keys), HexFormat.of().formatHex(server.getTicketKeys()));
        close(server);
    }
}
