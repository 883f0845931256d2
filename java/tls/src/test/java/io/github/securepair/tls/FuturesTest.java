package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.ListenOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.net.SocketOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Futures, threads that wait, and try-with-resources: how Java programs like it. */
class FuturesTest extends LoopTest {
    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(SECONDS, TimeUnit.SECONDS);
    }

    private static Throwable failure(CompletableFuture<?> future) {
        return assertThrows(ExecutionException.class, () -> get(future)).getCause();
    }

    /** Accepts and says nothing: a handshake that never ends. Whether the client went away. */
    private static CompletableFuture<Boolean> silent(ServerSocket listener) {
        CompletableFuture<Boolean> left = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try (java.net.Socket socket = listener.accept()) {
                InputStream in = socket.getInputStream();
                byte[] some = new byte[4096];
                int count = in.read(some);
                assertTrue(count > 0);
                left.complete(in.read(some) < 0);
            } catch (java.io.IOException reset) {
                left.complete(true);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return left;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aConnectionThatIsCancelledOrOutOfTimeIsDestroyed(boolean cancel) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Boolean> left = silent(listener);
            CompletableFuture<TLSSocket> client =
                    TLS.connectAsync(clientOptions(listener.getLocalPort()));
            if (cancel) {
                // Not before it has begun.
                run(done -> loop.setTimeout(() -> done.complete(null), 100));
                assertTrue(client.cancel(false));
                assertThrows(CancellationException.class, () -> get(client));
            } else {
                assertInstanceOf(
                        TimeoutException.class,
                        failure(client.orTimeout(200, TimeUnit.MILLISECONDS)));
            }
            assertTrue(get(left));
        }
    }

    @Test
    void aConnectionCancelledAtOnceIsNeverMade() throws Exception {
        long contexts = OpenSSL.live().contexts();
        boolean made = run(done -> {
            CountDownLatch cancelled = new CountDownLatch(1);
            boolean[] begun = {false};
            Thread other = new Thread(() -> {
                // The loop is busy, so nothing begins before this.
                TLS.connectAsync(clientOptions(1)
                                .host("never.example.test")
                                .lookup((name, wanted, answer) -> begun[0] = true))
                        .cancel(true);
                cancelled.countDown();
            });
            other.start();
            cancelled.await();
            loop.execute(() -> done.complete(begun[0]));
        });
        assertFalse(made);
        assertEquals(contexts, OpenSSL.live().contexts());
    }

    @Test
    void aPlainConnectionThatIsCancelledIsDestroyed() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Socket socket = new Socket(new SocketOptions().loop(loop));
            CompletableFuture<Boolean> closed = new CompletableFuture<>();
            socket.on(Socket.CLOSE, closed::complete);
            // A name that is never looked up.
            CompletableFuture<Socket> client = socket.connectAsync(new SocketConnectOptions()
                    .host("never.example.test")
                    .port(listener.getLocalPort())
                    .lookup((name, wanted, answer) -> {}));
            client.cancel(false);
            assertFalse(get(closed));
            assertTrue(socket.destroyed());
        }
    }

    @Test
    void aFutureFailsWithTheErrorOfTheSocket() throws Exception {
        TLSServer server = TLS.createServer(serverOptions());
        get(server.listenAsync(0, "127.0.0.1"));
        int port = server.address().port();
        Throwable untrusted =
                failure(TLS.connectAsync(clientOptions(port).ca(fixture("ca2-cert.pem"))));
        assertTrue(Coded.codeOf(untrusted).startsWith("UNABLE_TO_"), untrusted.toString());
        assertEquals(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                Coded.codeOf(failure(
                        TLS.connectAsync(clientOptions(port).servername("elsewhere.invalid")))));
        assertEquals(
                "ERR_MISSING_ARGS",
                Coded.codeOf(failure(TLS.connectAsync(new ConnectOptions().loop(loop)))));
        get(server.closeAsync());
        assertEquals("ECONNREFUSED", Coded.codeOf(failure(TLS.connectAsync(clientOptions(port)))));
    }

    @Test
    void aServerThatIsCancelledDoesNotListen() throws Exception {
        TLSServer server = TLS.createServer(serverOptions());
        CompletableFuture<Server> cancelled = run(done -> {
            CompletableFuture<Server> listening =
                    server.listenAsync(new ListenOptions().port(0).host("127.0.0.1"));
            listening.cancel(false);
            server.on(Server.CLOSE, () -> done.complete(listening));
        });
        assertTrue(cancelled.isCancelled());
        assertFalse(server.listening());
        assertNull(server.address());
        // It is as good as new.
        get(server.listenAsync(0, "127.0.0.1"));
        CompletableFuture<Void> closed = server.closeAsync();
        get(closed);
        assertEquals("ERR_SERVER_NOT_RUNNING", Coded.codeOf(failure(server.closeAsync())));
    }

    @Test
    void aServerCancelledAtOnceNeverBegins() throws Exception {
        TLSServer server = TLS.createServer(serverOptions());
        List<String> events = new ArrayList<>();
        server.on(Server.LISTENING, () -> events.add("listening"));
        run(done -> {
            CountDownLatch cancelled = new CountDownLatch(1);
            Thread other = new Thread(() -> {
                // The loop is busy, so nothing begins before this.
                server.listenAsync(0, "127.0.0.1").cancel(true);
                cancelled.countDown();
            });
            other.start();
            cancelled.await();
            loop.execute(() -> done.complete(null));
        });
        assertNull(run(done -> done.complete(server.address())));
        get(TLS.createServer(serverOptions()).listenAsync(0, "127.0.0.1")).close();
        assertEquals(List.of(), events);
        get(server.listenAsync(0, "127.0.0.1"));
        server.close();
    }

    @Test
    void aServerThatCannotListenIsNotClosedByItsFuture() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            TLSServer server = TLS.createServer(serverOptions());
            List<String> events = new ArrayList<>();
            server.on(Server.CLOSE, () -> events.add("close"));
            int own = server.listenerCount(Server.CLOSE);
            assertEquals(
                    "EADDRINUSE",
                    Coded.codeOf(failure(server.listenAsync(other.getLocalPort(), "127.0.0.1"))));
            get(TLS.createServer(serverOptions()).listenAsync(0, "127.0.0.1")).close();
            assertEquals(List.of(), events);
            assertEquals(0, server.listenerCount(EventEmitter.ERROR));
            assertEquals(own, server.listenerCount(Server.CLOSE));
            get(server.listenAsync(0, "127.0.0.1"));
            assertEquals(0, server.listenerCount(EventEmitter.ERROR));
            server.close();
        }
    }

    @Test
    void aPlainConnectionWithBadOptionsLeavesTheErrorsToOthers() throws Exception {
        Socket socket = new Socket(new SocketOptions().loop(loop));
        assertEquals(
                "ERR_MISSING_ARGS",
                Coded.codeOf(failure(socket.connectAsync(new SocketConnectOptions()))));
        assertEquals(0, socket.listenerCount(EventEmitter.ERROR));
        run(done -> socket.on(Socket.CLOSE, hadError -> done.complete(null)).destroy());
    }

    @Test
    void resourcesCloseThemselves() throws Exception {
        TLSServer kept;
        TLSSocket client;
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        try (SecureContext context = TLS.createSecureContext(clientOptions(1).loop(null));
                TLSServer server = TLS.createServer(serverOptions(), socket -> {
                    socket.on(EventEmitter.ERROR, error -> {});
                    socket.resume();
                })) {
            kept = server;
            get(server.listenAsync(0, "127.0.0.1"));
            try (TLSSocket socket = get(TLS.connectAsync(new ConnectOptions()
                    .loop(loop)
                    .host("127.0.0.1")
                    .port(server.address().port())
                    .servername("localhost")
                    .secureContext(context)))) {
                client = socket;
                socket.on(Socket.CLOSE, closed::complete);
                assertTrue(socket.authorized());
            }
            assertFalse(get(closed));
        }
        assertTrue(client.destroyed());
        run(done -> loop.setImmediate(() -> done.complete(null)));
        assertFalse(kept.listening());
    }

    /** A virtual thread where the JDK has them. */
    private static void start(Runnable task) throws Exception {
        try {
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
        } catch (NoSuchMethodException before21) {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Test
    void waitingThreadsHoldNoCarrier() throws Exception {
        int many = 64;
        List<TLSSocket> asked = new ArrayList<>();
        TLSServer server = TLS.createServer(serverOptions(), socket -> {
            socket.on(EventEmitter.ERROR, error -> {});
            socket.once(io.github.securepair.stream.Readable.DATA, bytes -> {
                // No request is answered until all have arrived: threads that waited each on a
                // carrier of its own, of which there are as many as cores, would stop the others.
                asked.add(socket);
                if (asked.size() == many) {
                    asked.forEach(each -> each.end("now"));
                }
            });
        });
        get(server.listenAsync(0, "127.0.0.1"));
        int port = server.address().port();
        List<CompletableFuture<String>> heard = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            heard.add(answer);
            start(() -> {
                try {
                    TLSSocket socket = get(TLS.connectAsync(clientOptions(port)));
                    try (InputStream in = socket.inputStream();
                            OutputStream out = socket.outputStream()) {
                        out.write("when?".getBytes(StandardCharsets.US_ASCII));
                        out.flush();
                        answer.complete(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
                    }
                } catch (Throwable failed) {
                    answer.completeExceptionally(failed);
                }
            });
        }
        for (CompletableFuture<String> each : heard) {
            assertEquals("now", get(each));
        }
        get(server.closeAsync());
    }

    @Test
    void manyWritersWaitForReadersThatAreLate() throws Exception {
        int many = 16;
        byte[] block = new byte[1 << 20];
        TLSServer server = TLS.createServer(serverOptions(), socket -> {
            socket.on(EventEmitter.ERROR, error -> {});
            socket.pause();
            socket.pipe(socket);
        });
        get(server.listenAsync(0, "127.0.0.1"));
        int port = server.address().port();
        List<CompletableFuture<Integer>> counts = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            CompletableFuture<Integer> count = new CompletableFuture<>();
            counts.add(count);
            start(() -> {
                try {
                    TLSSocket socket = get(TLS.connectAsync(clientOptions(port)));
                    InputStream in = socket.inputStream();
                    start(() -> {
                        try {
                            socket.outputStream().write(block);
                            socket.end();
                        } catch (java.io.IOException failed) {
                            count.completeExceptionally(failed);
                        }
                    });
                    count.complete(in.readAllBytes().length);
                    in.close();
                } catch (Throwable failed) {
                    count.completeExceptionally(failed);
                }
            });
        }
        for (CompletableFuture<Integer> each : counts) {
            assertEquals(block.length, get(each));
        }
        get(server.closeAsync());
    }
}
