package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.ManualClock;
import io.github.securepair.internal.tls.IdleBufferReaper;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.PipeOptions;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Which connections hold record buffers, and when these are freed. */
class IdleBufferReaperTest extends LoopTest {
    /** Writes, and waits for the echo. */
    private static void exchange(EventLoop loop, TLSSocket client) throws Exception {
        CompletableFuture<Void> echoed = new CompletableFuture<>();
        loop.execute(() -> {
            client.once(Readable.DATA, chunk -> echoed.complete(null));
            client.write("hello");
        });
        echoed.get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void whatTheEndOfAQuietConnectionMadeGoesToo() throws Exception {
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            CompletableFuture<TLSSocket> ended = new CompletableFuture<>();
            TLSServer server = TLS.createServer(
                    serverOptions().loop(timed).allowHalfOpen(true),
                    socket -> socket.pipe(socket, new PipeOptions().end(false))
                            .on(Readable.END, () -> ended.complete(socket)));
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            // In TLS 1.3 OpenSSL 3.5 keeps the record with the peer's end.
            ConnectOptions options = clientOptions(server).maxVersion("TLSv1.2").loop(timed);
            TLSSocket client = TLS.connectAsync(options).get(SECONDS, TimeUnit.SECONDS);
            exchange(timed, client);
            clock.advance(2 * IdleBufferReaper.IDLE_MS);
            assertEquals(0, OpenSSL.live().buffered());
            timed.execute(client::end);
            TLSSocket other = ended.get(SECONDS, TimeUnit.SECONDS);
            assertEquals(2, OpenSSL.live().buffered());
            clock.advance(2 * IdleBufferReaper.IDLE_MS);
            assertEquals(0, OpenSSL.live().buffered());
            CompletableFuture<Void> closed = new CompletableFuture<>();
            timed.execute(() -> {
                client.on(Socket.CLOSE, hadError -> closed.complete(null));
                other.end();
                server.close();
            });
            closed.get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void aConnectionKeepsItsBuffersWhileItWorksAndLosesThemWhenItIsQuiet() throws Exception {
        try (EventLoop timed = EventLoop.create()) {
            timed.onUncaughtException(uncaught::add);
            ManualClock clock = timed.manualClock();
            TLSServer server =
                    TLS.createServer(serverOptions().loop(timed), socket -> socket.pipe(socket));
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            CompletableFuture<TLSSocket> connected = new CompletableFuture<>();
            ConnectOptions options = clientOptions(server).loop(timed);
            timed.execute(() -> {
                TLSSocket made = TLS.connect(options);
                made.once(TLSSocket.SECURE_CONNECT, () -> connected.complete(made));
            });
            TLSSocket client = connected.get(SECONDS, TimeUnit.SECONDS);
            exchange(timed, client);
            assertEquals(2, OpenSSL.live().buffered());
            for (int i = 0; i < 10; i++) {
                clock.advance(IdleBufferReaper.IDLE_MS);
                assertEquals(2, OpenSSL.live().buffered());
                exchange(timed, client);
            }
            clock.advance(2 * IdleBufferReaper.IDLE_MS);
            assertEquals(0, OpenSSL.live().buffered());
            clock.advance(1000 * IdleBufferReaper.IDLE_MS);
            exchange(timed, client);
            assertEquals(2, OpenSSL.live().buffered());
            CompletableFuture<Void> closed = new CompletableFuture<>();
            timed.execute(() -> {
                client.on(Socket.CLOSE, hadError -> closed.complete(null));
                client.end();
                server.close();
            });
            closed.get(SECONDS, TimeUnit.SECONDS);
        }
    }
}
