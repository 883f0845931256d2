package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.ManualClock;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What counts as an attack by renegotiation, and when. */
class RenegotiationTest extends LoopTest {
    private static CompletableFuture<Void> renegotiate(EventLoop loop, TLSSocket socket) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(
                () -> socket.renegotiate(new RenegotiateOptions(), error -> done.complete(null)));
        return done;
    }

    @Test
    void theCountStartsAnewWhenTheWindowHasPassed() throws Exception {
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            List<String> errors = Collections.synchronizedList(new ArrayList<>());
            TLSServer server =
                    TLS.createServer(serverOptions().loop(timed).maxVersion("TLSv1.2"), socket -> {
                        socket.on(EventEmitter.ERROR, error -> errors.add(Coded.codeOf(error)));
                        socket.pipe(socket);
                    });
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            TLSSocket client = run(done -> {
                TLSSocket made = TLS.connect(clientOptions(server));
                made.once(TLSSocket.SECURE_CONNECT, () -> made.write("x"));
                made.once(Readable.DATA, echo -> done.complete(made));
            });
            for (int i = 0; i < 3; i++) {
                renegotiate(loop, client).get(SECONDS, TimeUnit.SECONDS);
            }
            clock.advance(600_000);
            for (int i = 0; i < 3; i++) {
                renegotiate(loop, client).get(SECONDS, TimeUnit.SECONDS);
            }
            assertEquals(List.of(), errors);
            clock.advance(599_000);
            String seen = run(done -> {
                client.on(EventEmitter.ERROR, error -> done.complete(Coded.codeOf(error)));
                client.renegotiate(new RenegotiateOptions(), null);
            });
            // No listener ended the connection, so the server does.
            assertEquals("ERR_SSL_TLSV1_ALERT_NO_RENEGOTIATION", seen);
            assertEquals(List.of("ERR_TLS_SESSION_ATTACK"), errors);
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Renegotiates once; what the server's socket and the client's went through then. */
    private List<String> refused(Consumer<TLSSocket> prepare) throws Exception {
        List<String> log = Collections.synchronizedList(new ArrayList<>());
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions().maxVersion("TLSv1.2"), socket -> {
                prepare.accept(socket);
                socket.on(TLSSocket.SECURE, () -> log.add("renegotiated"));
                socket.on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
                socket.on(Socket.CLOSE, hadError -> log.add("server closed"));
                socket.resume();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, error -> log.add("client " + Coded.codeOf(error)));
                client.once(TLSSocket.SECURE_CONNECT, () -> {
                    // One tick later the server has its own secure behind it.
                    client.write("x");
                    loop.setImmediate(() -> client.renegotiate(new RenegotiateOptions(), null));
                });
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        return log;
    }

    @Test
    void aRenegotiationTooManyEndsTheConnectionWithOneErrorAndAnAlert() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 0;
        List<String> log = refused(socket -> {});
        assertEquals(1, Collections.frequency(log, "ERR_TLS_SESSION_ATTACK"), log::toString);
        assertEquals(
                1,
                Collections.frequency(log, "client ERR_SSL_TLSV1_ALERT_NO_RENEGOTIATION"),
                log::toString);
        assertEquals(1, Collections.frequency(log, "server closed"), log::toString);
        assertEquals(
                3, log.stream().filter(line -> !line.equals("renegotiated")).count());
    }

    @Test
    void aForbiddenRenegotiationEndsTheConnection() throws Exception {
        List<String> log = refused(TLSSocket::disableRenegotiation);
        assertEquals(
                1, Collections.frequency(log, "ERR_TLS_RENEGOTIATION_DISABLED"), log::toString);
        assertEquals(1, Collections.frequency(log, "server closed"), log::toString);
    }

    @Test
    void aListenerThatDestroysHasTheLastWord() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 0;
        List<String> log =
                refused(socket -> socket.on(EventEmitter.ERROR, error -> socket.destroy()));
        assertEquals(1, Collections.frequency(log, "ERR_TLS_SESSION_ATTACK"), log::toString);
        assertEquals(1, Collections.frequency(log, "server closed"), log::toString);
    }

    @Test
    void whatTheServerAsksForIsNotCounted() throws Exception {
        TLS.CLIENT_RENEG_LIMIT = 0;
        int rounds = run(done -> {
            int[] count = {0};
            TLSServer server = TLS.createServer(serverOptions().maxVersion("TLSv1.2"), socket -> {
                socket.on(EventEmitter.ERROR, done::completeExceptionally);
                Runnable[] again = {null};
                again[0] = () -> socket.renegotiate(new RenegotiateOptions(), error -> {
                    if (++count[0] < 5) {
                        loop.setImmediate(again[0]);
                    } else {
                        socket.end();
                    }
                });
                again[0].run();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(count[0])));
            });
        });
        assertEquals(5, rounds);
    }
}
