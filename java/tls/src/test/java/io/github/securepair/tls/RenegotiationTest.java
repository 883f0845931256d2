package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.Coded;
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
            renegotiate(loop, client).get(SECONDS, TimeUnit.SECONDS);
            assertEquals(List.of("ERR_TLS_SESSION_ATTACK"), errors);
            run(done -> {
                client.on(Socket.CLOSE, hadError -> done.complete(null));
                client.end();
            });
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
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
