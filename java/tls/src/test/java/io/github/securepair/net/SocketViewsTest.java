package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventLoop;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The streams of a plain socket do what those of {@code java.net.Socket} do. */
final class SocketViewsTest {
    private static final long SECONDS = 30;
    private static final List<Throwable> UNCAUGHT = Collections.synchronizedList(new ArrayList<>());
    private static EventLoop loop;

    @BeforeAll
    static void open() {
        loop = EventLoop.create();
        loop.onUncaughtException(UNCAUGHT::add);
    }

    @AfterAll
    static void close() throws Exception {
        boolean idle = loop.awaitIdle(TimeUnit.SECONDS.toMillis(SECONDS));
        loop.close();
        loop.closed().get(SECONDS, TimeUnit.SECONDS);
        assertEquals(List.of(), UNCAUGHT);
        assertEquals(true, idle, "a socket stayed open");
    }

    @ParameterizedTest
    @EnumSource(ViewScenario.class)
    void aClientsStreamsDoWhatTheJDKsDo(ViewScenario scenario) throws Exception {
        List<String> expected = ViewLinks.ofJDK(scenario);
        try (ServerSocket listening = ViewLinks.listen()) {
            Socket socket = new Socket(new SocketOptions().loop(loop));
            CompletableFuture<Socket> connected = socket.connectAsync(
                    new SocketConnectOptions().port(listening.getLocalPort()).host("127.0.0.1"));
            java.net.Socket peer = listening.accept();
            connected.get(SECONDS, TimeUnit.SECONDS);
            assertEquals(expected, scenario.run(new ViewLinks.OurLink(socket, peer, peer, true)));
        }
    }

    @ParameterizedTest
    @EnumSource(ViewScenario.class)
    void anAcceptedSocketsStreamsDoWhatTheJDKsDo(ViewScenario scenario) throws Exception {
        List<String> expected = ViewLinks.ofJDK(scenario);
        CompletableFuture<Socket> accepted = new CompletableFuture<>();
        Server server = new Server(new NetServerOptions().loop(loop), accepted::complete);
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        java.net.Socket peer = new java.net.Socket("127.0.0.1", server.address().port());
        Socket socket = accepted.get(SECONDS, TimeUnit.SECONDS);
        server.close();
        assertEquals(expected, scenario.run(new ViewLinks.OurLink(socket, peer, peer, true)));
    }
}
