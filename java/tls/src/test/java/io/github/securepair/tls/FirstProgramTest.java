package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener0;
import io.github.securepair.net.ListenOptions;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.net.SocketOptions;
import io.github.securepair.stream.DuplexOptions;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Programs that make a socket or a server on a thread outside of the loop, and add their listeners
 * afterwards, as the README's first program does: no event gets lost.
 */
@Timeout(60)
class FirstProgramTest extends LoopTest {
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());

    /** Keeps the thread running, so that the loop has all the time to be first. */
    private static void compute(long milliseconds) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    private static int closedPort() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return taken.getLocalPort();
        }
    }

    private TLSServer welcoming(String version) throws Exception {
        TLSServer server = TLS.createServer(
                serverOptions().minVersion(version).maxVersion(version),
                socket -> socket.end("welcome"));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        return server;
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(SECONDS, TimeUnit.SECONDS), latch + " is left");
    }

    private void watch(TLSSocket socket, CountDownLatch closed) {
        socket.on(Socket.CONNECT, () -> log.add("connect"));
        socket.on(TLSSocket.SECURE_CONNECT, () -> log.add("secureConnect"));
        socket.setEncoding("utf8");
        socket.on(Readable.TEXT, log::add);
        socket.on(Readable.END, () -> log.add("end"));
        socket.on(Socket.CLOSE, hadError -> {
            log.add("close " + hadError);
            closed.countDown();
        });
        socket.on(EventEmitter.ERROR, error -> log.add("error " + error));
    }

    private static final List<String> WHOLE =
            List.of("connect", "secureConnect", "welcome", "end", "close false");

    // ---- a plain connect() --------------------------------------------------------------------

    @Test
    void aRefusedConnectionReachesTheListenerThatIsAddedAfterwards() throws Exception {
        int port = closedPort();
        int count = 200;
        CountDownLatch refused = new CountDownLatch(count);
        CountDownLatch closed = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
            TLSSocket socket = TLS.connect(clientOptions(port));
            if (i % 40 == 0) {
                compute(20);
            }
            socket.on(EventEmitter.ERROR, error -> {
                if ("ECONNREFUSED".equals(Coded.codeOf(error))) {
                    refused.countDown();
                }
            });
            socket.on(Socket.CLOSE, hadError -> closed.countDown());
        }
        await(refused);
        await(closed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aWholeConnectionReachesListenersThatAreAddedAfterwards(String version) throws Exception {
        try (TLSServer server = welcoming(version)) {
            CountDownLatch closed = new CountDownLatch(1);
            TLSSocket socket = TLS.connect(clientOptions(server));
            compute(50);
            watch(socket, closed);
            await(closed);
            assertEquals(WHOLE, log);
        }
    }

    @Test
    void aPlainConnectionReachesListenersThatAreAddedAfterwards() throws Exception {
        Server server = Net.createServer(
                new NetServerOptions().loop(loop), socket -> socket.end("welcome"));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        try (server) {
            CountDownLatch closed = new CountDownLatch(1);
            Socket socket = Net.connect(new SocketConnectOptions()
                    .loop(loop)
                    .port(server.address().port())
                    .host("127.0.0.1"));
            compute(50);
            socket.on(Socket.CONNECTION_ATTEMPT, (ip, port, family) -> log.add("attempt"));
            socket.on(Socket.CONNECT, () -> log.add("connect"));
            socket.on(Readable.DATA, bytes -> log.add(text(bytes)));
            socket.on(Socket.CLOSE, hadError -> closed.countDown());
            await(closed);
            assertEquals(List.of("attempt", "connect", "welcome"), log);
        }
    }

    @Test
    void whatIsWrittenBeforeTheConnectionBeginsIsSent() throws Exception {
        CompletableFuture<String> got = new CompletableFuture<>();
        TLSServer server = TLS.createServer(
                serverOptions(),
                socket -> socket.on(Readable.DATA, bytes -> got.complete(text(bytes))));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        try (server) {
            TLSSocket socket = TLS.connect(clientOptions(server));
            socket.write("hello");
            compute(20);
            socket.on(EventEmitter.ERROR, got::completeExceptionally);
            assertEquals("hello", got.get(SECONDS, TimeUnit.SECONDS));
            socket.destroy();
        }
    }

    @Test
    void aThreadThatNeverWaitsGetsItsEventsAllTheSame() throws Exception {
        int port = closedPort();
        AtomicBoolean refused = new AtomicBoolean();
        TLSSocket socket = TLS.connect(clientOptions(port));
        socket.on(EventEmitter.ERROR, error -> refused.set(true));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!refused.get() && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertTrue(refused.get());
    }

    /** It stops every thread of the JVM, or the loop until the thread has a processor. */
    @Test
    void theStackOfAThreadThatRunsIsSeldomLookedAt() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch closed = new CountDownLatch(1);
        int port = closedPort();
        Thread thread =
                new Thread(() -> {
                    TLSSocket socket = TLS.connect(clientOptions(port));
                    compute(500);
                    watch(socket, closed);
                }) {
                    @Override
                    public StackTraceElement[] getStackTrace() {
                        looks.incrementAndGet();
                        return super.getStackTrace();
                    }
                };
        thread.start();
        await(closed);
        assertTrue(looks.get() <= 10, looks + " in half a second");
    }

    @Test
    void aThreadThatWaitsInASystemCallHadItsTurn() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        int port = closedPort();
        try (Pipe.SourceChannel source = Pipe.open().source()) {
            Thread thread = new Thread(() -> {
                TLSSocket socket = TLS.connect(clientOptions(port));
                socket.on(Socket.CLOSE, hadError -> closed.countDown());
                try {
                    source.read(ByteBuffer.allocate(1));
                } catch (IOException interrupted) {
                    // It has waited long enough.
                }
            });
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            loop.onUncaughtException(thrown::complete);
            thread.start();
            await(closed);
            assertEquals("ECONNREFUSED", Coded.codeOf(thrown.get(SECONDS, TimeUnit.SECONDS)));
            assertTrue(thread.isAlive());
            thread.interrupt();
            thread.join();
        }
    }

    @Test
    void aThreadThatHasEndedHadItsTurn() throws Exception {
        int port = closedPort();
        CountDownLatch refused = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            TLSSocket socket = TLS.connect(clientOptions(port));
            compute(20);
            socket.on(EventEmitter.ERROR, error -> refused.countDown());
        });
        thread.start();
        while (refused.getCount() > 0 && thread.isAlive()) {
            Thread.onSpinWait();
        }
        await(refused);
    }

    @Test
    void theTurnOfAnotherLoopIsItsCallback() throws Exception {
        int port = closedPort();
        CountDownLatch refused = new CountDownLatch(1);
        EventLoop other = EventLoop.create();
        other.onUncaughtException(uncaught::add);
        try {
            other.execute(() -> {
                TLSSocket socket = TLS.connect(clientOptions(port));
                compute(20);
                socket.on(EventEmitter.ERROR, error -> {
                    assertTrue(loop.inLoop());
                    refused.countDown();
                });
            });
            await(refused);
        } finally {
            other.close();
        }
    }

    @Test
    void anErrorOfOnesOwnDoingWaitsForItsListenerToo() throws Exception {
        int port = closedPort();
        CountDownLatch heard = new CountDownLatch(1);
        TLSSocket socket = TLS.connect(clientOptions(port));
        socket.destroy(new IOException("mine"));
        compute(50);
        socket.on(EventEmitter.ERROR, error -> {
            log.add(error.getMessage());
            heard.countDown();
        });
        await(heard);
        assertEquals(List.of("mine"), log);
    }

    @Test
    void theEndOfOnesOwnDoingWaitsForItsListenerToo() throws Exception {
        CountDownLatch closed = new CountDownLatch(2);
        TLSSocket socket = TLS.connect(clientOptions(closedPort()));
        Socket plain = Net.connect(
                new SocketConnectOptions().loop(loop).port(closedPort()).host("127.0.0.1"));
        socket.destroy();
        plain.destroy(new IOException("mine"));
        compute(50);
        socket.on(Socket.CLOSE, hadError -> closed.countDown());
        plain.on(EventEmitter.ERROR, error -> log.add(error.getMessage()));
        plain.on(Socket.CLOSE, hadError -> {
            log.add("close " + hadError);
            closed.countDown();
        });
        await(closed);
        assertEquals(List.of("mine", "close true"), log);
    }

    @Test
    void theEndOfASocketOverAnotherWaitsForItsListenerToo() throws Exception {
        CountDownLatch closed = new CountDownLatch(4);
        DuplexPair dying = DuplexPair.create(new DuplexOptions().loop(loop));
        TLSSocket over = TLS.connect(new ConnectOptions().loop(loop).socket(dying.first()));
        dying.first().destroy();
        DuplexPair living = DuplexPair.create(new DuplexOptions().loop(loop));
        TLSSocket byHand = new TLSSocket(living.first(), new TLSSocketOptions());
        byHand.destroy();
        TLSSocket unconnected = new TLSSocket(new TLSSocketOptions().loop(loop));
        unconnected.destroy();
        Socket plain = new Socket(new SocketOptions().loop(loop));
        plain.destroy();
        compute(50);
        for (Socket each : List.of(over, byHand, unconnected, plain)) {
            each.on(EventEmitter.ERROR, error -> {});
            each.on(Socket.CLOSE, hadError -> closed.countDown());
        }
        await(closed);
    }

    @Test
    void aSocketThatIsDestroyedWhileItsListenersAreAddedClosesOnce() throws Exception {
        CountDownLatch closed = new CountDownLatch(3);
        int port = closedPort();
        TLS.connect(clientOptions(port), socket -> {
            socket.destroy();
            compute(50);
            socket.on(Socket.CLOSE, hadError -> closed.countDown());
        });
        loop.execute(() -> TLS.connect(clientOptions(port), socket -> {
            socket.destroy();
            socket.on(Socket.CLOSE, hadError -> closed.countDown());
        }));
        assertThrows(
                IllegalStateException.class,
                () -> TLS.connect(clientOptions(port), socket -> {
                    socket.on(Socket.CLOSE, hadError -> closed.countDown());
                    throw new IllegalStateException("mine");
                }));
        await(closed);
    }

    @Test
    void anErrorWithoutAnyListenerIsUncaughtWhenTheTurnIsOver() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        loop.onUncaughtException(thrown::complete);
        TLS.connect(clientOptions(closedPort()));
        assertEquals("ECONNREFUSED", Coded.codeOf(thrown.get(SECONDS, TimeUnit.SECONDS)));
    }

    // ---- with the listeners -------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void listenersThatAreGivenAlongMissNothing(String version) throws Exception {
        try (TLSServer server = welcoming(version)) {
            CountDownLatch closed = new CountDownLatch(1);
            TLSSocket[] given = {null};
            TLSSocket socket = TLS.connect(clientOptions(server), made -> {
                given[0] = made;
                compute(50);
                watch(made, closed);
            });
            assertSame(given[0], socket);
            await(closed);
            assertEquals(WHOLE, log);
        }
    }

    @Test
    void listenersThatAreGivenAlongMissNothingOnTheLoopEither() throws Exception {
        try (TLSServer server = welcoming("TLSv1.3")) {
            CountDownLatch closed = new CountDownLatch(1);
            loop.execute(() -> TLS.connect(clientOptions(server), made -> watch(made, closed)));
            await(closed);
            assertEquals(WHOLE, log);
        }
    }

    @Test
    void listenersMayBeGivenAlongWithPortAndHost() throws Exception {
        try (TLSServer server = welcoming("TLSv1.3")) {
            ConnectOptions options = new ConnectOptions()
                    .loop(loop)
                    .servername("localhost")
                    .ca(fixture("ca1-cert.pem"));
            CountDownLatch closed = new CountDownLatch(2);
            int port = server.address().port();
            TLS.connect(
                    port,
                    "127.0.0.1",
                    options,
                    made -> made.resume().on(Socket.CLOSE, hadError -> closed.countDown()));
            TLS.connect(
                    port,
                    options.host("127.0.0.1"),
                    made -> made.resume().on(Socket.CLOSE, hadError -> closed.countDown()));
            await(closed);
        }
    }

    @Test
    void aPlainSocketTakesItsListenersAlong() throws Exception {
        int port = closedPort();
        CountDownLatch refused = new CountDownLatch(1);
        Net.connect(new SocketConnectOptions().loop(loop).port(port).host("127.0.0.1"), socket -> {
            compute(20);
            socket.on(EventEmitter.ERROR, error -> refused.countDown());
        });
        await(refused);
    }

    @Test
    void whatTheSetUpThrowsGoesToTheCallerAndTheSocketIsDestroyed() throws Exception {
        int port = closedPort();
        TLSSocket[] made = {null};
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> TLS.connect(clientOptions(port), socket -> {
                    made[0] = socket;
                    throw new IllegalStateException("broken");
                }));
        assertEquals("broken", thrown.getMessage());
        assertTrue(loop.awaitIdle(SECONDS * 1000));
        assertTrue(made[0].destroyed());
    }

    @Test
    void aLambdaWithoutParameterIsTheListenerOfSecureConnect() throws Exception {
        try (TLSServer server = welcoming("TLSv1.3")) {
            CountDownLatch secure = new CountDownLatch(2);
            Listener0 nothing = null;
            TLS.connect(clientOptions(server), () -> secure.countDown()).resume();
            TLS.connect(clientOptions(server), secure::countDown).resume();
            TLS.connect(clientOptions(server), nothing).resume();
            await(secure);
        }
    }

    // ---- servers ------------------------------------------------------------------------------

    @Test
    void thatAPortIsTakenReachesTheListenerThatIsAddedAfterwards() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            int count = 20;
            CountDownLatch told = new CountDownLatch(count);
            for (int i = 0; i < count; i++) {
                TLSServer server = TLS.createServer(serverOptions());
                server.listen(taken.getLocalPort(), "127.0.0.1");
                if (i % 5 == 0) {
                    compute(20);
                }
                server.on(EventEmitter.ERROR, error -> {
                    if ("EADDRINUSE".equals(Coded.codeOf(error))) {
                        told.countDown();
                    }
                });
            }
            await(told);
        }
    }

    @Test
    void listeningReachesTheListenerThatIsAddedAfterwards() throws Exception {
        CountDownLatch listening = new CountDownLatch(1);
        Server server = Net.createServer(new NetServerOptions().loop(loop));
        server.listen(0, "127.0.0.1");
        compute(50);
        server.on(Server.LISTENING, listening::countDown);
        await(listening);
        server.close();
    }

    @Test
    void aConnectionThatComesBeforeTheListenerWaits() throws Exception {
        CountDownLatch accepted = new CountDownLatch(1);
        Server server = Net.createServer(new NetServerOptions().loop(loop));
        server.listen(0, "127.0.0.1");
        while (server.address() == null) {
            Thread.onSpinWait();
        }
        try (java.net.Socket early =
                new java.net.Socket("127.0.0.1", server.address().port())) {
            assertTrue(early.isConnected());
            compute(50);
            server.on(Server.CONNECTION, socket -> {
                accepted.countDown();
                socket.destroy();
            });
            await(accepted);
        }
        server.close();
    }

    @Test
    void aServerThatIsClosedAtOnceDoesNotListen() throws Exception {
        Server server = Net.createServer(new NetServerOptions().loop(loop));
        CompletableFuture<Throwable> closed = new CompletableFuture<>();
        server.listen(new ListenOptions().port(0), () -> log.add("listening"));
        server.close(closed::complete);
        assertEquals(null, closed.get(SECONDS, TimeUnit.SECONDS));
        assertTrue(loop.awaitIdle(SECONDS * 1000));
        assertEquals(List.of(), log);
        assertFalse(server.listening());
    }

    // ---- without a socket ---------------------------------------------------------------------

    @Test
    void aSecurePairReachesListenersThatAreAddedAfterwards() throws Exception {
        try (var identity = TLS.createSecureContext(serverOptions());
                var trust = TLS.createSecureContext(
                        new SecureContextOptions().ca(fixture("ca1-cert.pem")))) {
            TLSSocketOptions here = new TLSSocketOptions().loop(loop);
            SecurePair server = TLS.createSecurePair(identity, true, false, false, here);
            SecurePair client = TLS.createSecurePair(trust, false, true, true, here);
            client.encrypted().pipe(server.encrypted());
            server.encrypted().pipe(client.encrypted());
            compute(50);
            CountDownLatch secure = new CountDownLatch(2);
            client.on(SecurePair.SECURE, secure::countDown);
            server.on(SecurePair.SECURE, secure::countDown);
            await(secure);
            client.destroy();
            server.destroy();
        }
    }

    @Test
    void aSocketThatIsWrappedByHandReachesListenersThatAreAddedAfterwards() throws Exception {
        int port;
        CountDownLatch closed = new CountDownLatch(1);
        try (TLSServer server = welcoming("TLSv1.3")) {
            port = server.address().port();
            Socket raw =
                    Net.connect(new SocketConnectOptions().loop(loop).port(port).host("127.0.0.1"));
            TLSSocket socket = TLS.connect(clientOptions(port).socket(raw));
            compute(50);
            watch(socket, closed);
            await(closed);
            assertEquals(WHOLE, log);
        }
    }
}
