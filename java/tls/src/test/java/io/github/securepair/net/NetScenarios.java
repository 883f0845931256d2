package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener1;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/**
 * What the recorded scenarios of net share: they run on a loop of their own, against their record.
 */
abstract class NetScenarios {
    static final String LOOPBACK = "127.0.0.1";

    EventLoop loop;

    /** One scenario: ends when {@code done} is run. */
    interface Scenario {
        void run(NetTrace t, Runnable done) throws Exception;
    }

    void compare(Scenario scenario) throws Exception {
        String name = StackWalker.getInstance()
                .walk(frames -> frames.skip(1).findFirst().orElseThrow().getMethodName());
        NetTrace t = new NetTrace();
        loop = EventLoop.create();
        CompletableFuture<String> text = new CompletableFuture<>();
        loop.onUncaughtException(text::completeExceptionally);
        loop.execute(() -> {
            try {
                scenario.run(t, () -> settle(3, () -> text.complete(t.text())));
            } catch (Throwable thrown) {
                text.completeExceptionally(thrown);
            }
        });
        try {
            assertEquals(NetTrace.recorded(name), text.get(10, TimeUnit.SECONDS));
        } catch (java.util.concurrent.TimeoutException stuck) {
            assertEquals(NetTrace.recorded(name), "stuck after\n" + t.text());
        } finally {
            loop.close();
            loop.closed().get(5, TimeUnit.SECONDS);
            t.deleteFiles();
        }
    }

    void settle(int rounds, Runnable then) {
        if (rounds == 0) {
            then.run();
        } else {
            loop.setImmediate(() -> settle(rounds - 1, then));
        }
    }

    // ---- what the scenarios share -------------------------------------------------------------

    static NetServerOptions server() {
        return new NetServerOptions();
    }

    static SocketConnectOptions to(int port) {
        return new SocketConnectOptions().port(port).host(LOOPBACK);
    }

    static SocketConnectOptions name(int port, String... addresses) {
        return new SocketConnectOptions().port(port).host("some.name").lookup(lookupOf(addresses));
    }

    static ByteBuffer zeros(int length) {
        return ByteBuffer.allocate(length);
    }

    /** A loopback port without a listener: bound and released again. */
    static void closedPort(IntConsumer then) {
        Server probe = Net.createServer();
        probe.listen(0, LOOPBACK, () -> {
            int port = probe.address().port();
            probe.close(error -> then.accept(port));
        });
    }

    static void listening(
            NetTrace t,
            NetServerOptions options,
            Listener1<Socket> onConnection,
            BiConsumer<Server, Integer> then) {
        Server server = Net.createServer(options, onConnection);
        server.listen(0, LOOPBACK, () -> {
            int port = server.address().port();
            t.port("PORT", port);
            then.accept(server, port);
        });
    }

    void whenClosed(EventEmitter emitter, Runnable done) {
        emitter.on("close", args -> loop.setImmediate(done));
    }

    static Lookup lookupOf(String... list) {
        List<Lookup.Address> found = Arrays.stream(list)
                .map(each -> new Lookup.Address(each, Net.isIP(each)))
                .toList();
        return (host, options, result) ->
                EventLoop.current().nextTick(() -> result.done(null, found));
    }

    static void close(Server server, Runnable done) {
        server.close(error -> done.run());
    }
}
