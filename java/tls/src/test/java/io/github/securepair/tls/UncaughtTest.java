package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What listeners throw, where a handler takes it. */
@Timeout(60)
class UncaughtTest extends LoopTest {
    private record Thrown(EventEmitter source, Throwable error) {}

    private final BlockingQueue<Thrown> thrown = new LinkedBlockingQueue<>();

    private Thrown next() throws InterruptedException {
        Thrown one = thrown.poll(SECONDS, TimeUnit.SECONDS);
        assertTrue(one != null, "nothing was thrown");
        return one;
    }

    /** A server whose connections fail at their first bytes. */
    private TLSServer failing(String version, ServerOptions options, List<String> got)
            throws Exception {
        TLSServer server =
                TLS.createServer(options.minVersion(version).maxVersion(version), socket -> {
                    socket.setEncoding("utf8");
                    socket.on(Readable.TEXT, text -> {
                        got.add(text);
                        if (got.size() == 1) {
                            throw new IOException("broken");
                        }
                        socket.end("bye");
                    });
                });
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        return server;
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aConnectionWhoseListenerThrewGoesOnAsInNode(String version) throws Exception {
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        loop.onUncaughtExceptionFrom((source, error) -> thrown.add(new Thrown(source, error)));
        try (TLSServer server = failing(version, serverOptions(), got)) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            TLSSocket client = TLS.connect(clientOptions(server), socket -> {
                socket.setEncoding("utf8");
                socket.on(TLSSocket.SECURE_CONNECT, () -> socket.write("one"));
                socket.on(Readable.TEXT, answer::complete);
            });
            Thrown first = next();
            assertEquals("broken", first.error.getMessage());
            assertTrue(assertInstanceOf(TLSSocket.class, first.source).isServer);
            client.write("two");
            assertEquals("bye", answer.get(SECONDS, TimeUnit.SECONDS));
            assertEquals(List.of("one", "two"), got);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void oneHandlerOfAGroupMayDestroyTheConnection(String version) throws Exception {
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        try (EventLoopGroup group = EventLoop.group(2)) {
            group.onUncaughtExceptionFrom((source, error) -> {
                thrown.add(new Thrown(source, error));
                ((Socket) source).destroy();
            });
            try (TLSServer server = failing(version, serverOptions().loops(group), got)) {
                CompletableFuture<Boolean> closed = new CompletableFuture<>();
                TLS.connect(clientOptions(server), socket -> {
                    socket.on(TLSSocket.SECURE_CONNECT, () -> socket.write("one"));
                    socket.on(EventEmitter.ERROR, error -> {});
                    socket.on(Socket.CLOSE, closed::complete);
                    socket.resume();
                });
                next();
                closed.get(SECONDS, TimeUnit.SECONDS);
                server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
            }
            group.close();
            group.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void aGroupsHandlerIsThatOfEachOfItsLoops() throws Exception {
        try (EventLoopGroup group = EventLoop.group(3)) {
            group.onUncaughtException(error -> thrown.add(new Thrown(null, error)));
            for (EventLoop each : group.loops()) {
                IllegalStateException broken = new IllegalStateException(each.name());
                each.execute(() -> {
                    throw broken;
                });
                assertSame(broken, next().error);
            }
        }
    }

    @Test
    void whatIsThrownByTheListenerOfANewConnectionComesFromTheConnection() throws Exception {
        loop.onUncaughtExceptionFrom((source, error) -> {
            thrown.add(new Thrown(source, error));
            ((Socket) source).destroy();
        });
        Server server = Net.createServer(new NetServerOptions().loop(loop), socket -> {
            throw new IOException("broken");
        });
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        Net.connect(
                new SocketConnectOptions()
                        .loop(loop)
                        .host("127.0.0.1")
                        .port(server.address().port()),
                Socket::resume);
        assertSame(server, assertInstanceOf(Socket.class, next().source).server());
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void whatNoListenerThrewHasNoSource() throws Exception {
        loop.onUncaughtExceptionFrom((source, error) -> thrown.add(new Thrown(source, error)));
        EventEmitter emitter = new EventEmitter();
        emitter.on("x", args -> {
            throw new IOException("caught");
        });
        loop.execute(() -> {
            try {
                emitter.emit("x");
            } catch (Exception caught) {
                throw new IllegalStateException("anew", caught);
            }
        });
        assertNull(next().source);
    }
}
