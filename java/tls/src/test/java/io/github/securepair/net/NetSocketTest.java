package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.events.ManualClock;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What Node's net promises and the recorded scenarios do not show; and what is for Java alone. */
class NetSocketTest {
    private static final String LOOPBACK = "127.0.0.1";

    private static SocketConnectOptions to(Server server) {
        return new SocketConnectOptions().port(server.address().port()).host(LOOPBACK);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    // ---- connecting ---------------------------------------------------------------------------

    @Test
    void aNameIsLookedUpBeforeTheConnection() throws Exception {
        List<String> events = OnLoop.run((loop, result) -> {
            List<String> seen = new ArrayList<>();
            Server server = Net.createServer(c -> c.end());
            server.listen(() -> {
                Socket client = Net.connect(server.address().port());
                client.on(
                        Socket.LOOKUP,
                        (error, ip, family, host) -> seen.add("lookup " + error + " " + host));
                client.on(Socket.CONNECT, () -> seen.add("connect"));
                client.on(Socket.CLOSE, hadError -> result.complete(seen));
                client.resume();
            });
        });
        assertEquals("lookup null localhost", events.get(0));
        assertEquals("connect", events.get(events.size() - 1));
    }

    /** The addresses that are left, as text. */
    private static String chosen(int family, int hints, int kinds, String... all) throws Exception {
        List<InetAddress> found = new ArrayList<>();
        for (String each : all) {
            found.add(InetAddress.getByName(each));
        }
        List<String> out = new ArrayList<>();
        for (Lookup.Address each :
                SystemLookup.choose(found, new Lookup.Options(true, family, hints), kinds)) {
            out.add(each.address() + " " + each.family());
        }
        return String.join(", ", out);
    }

    @Test
    void hintsDoWhatGetaddrinfoDoesWithThem() throws Exception {
        String[] both = {"::1", "127.0.0.1"};
        int mapped = Lookup.V4MAPPED;
        assertEquals("::1 6, 127.0.0.1 4", chosen(0, 0, 0, both));
        assertEquals("::1 6", chosen(6, 0, 0, both));
        // A machine that has one kind of addresses wants no other; one that has none, or both, all.
        assertEquals("127.0.0.1 4", chosen(0, Lookup.ADDRCONFIG, SystemLookup.HAS_IPV4, both));
        assertEquals("::1 6", chosen(0, Lookup.ADDRCONFIG, SystemLookup.HAS_IPV6, both));
        assertEquals("::1 6, 127.0.0.1 4", chosen(0, Lookup.ADDRCONFIG, 0, both));
        assertEquals("::1 6, 127.0.0.1 4", chosen(0, Lookup.ADDRCONFIG, 3, both));
        assertEquals("", chosen(6, Lookup.ADDRCONFIG, SystemLookup.HAS_IPV4, both));
        assertEquals("127.0.0.1 4", chosen(4, Lookup.ADDRCONFIG, SystemLookup.HAS_IPV4, both));
        // Mapped addresses are for look-ups of IPv6 alone.
        assertEquals("::1 6", chosen(6, mapped, 0, both));
        assertEquals("::ffff:127.0.0.1 6", chosen(6, mapped, 0, "127.0.0.1"));
        assertEquals("::1 6, ::ffff:127.0.0.1 6", chosen(6, mapped | Lookup.ALL, 0, both));
        assertEquals("::1 6", chosen(6, Lookup.ALL, 0, both));
        assertEquals("127.0.0.1 4", chosen(4, mapped | Lookup.ALL, 0, both));
        assertEquals("127.0.0.1 4", chosen(0, mapped, 0, "127.0.0.1"));
    }

    @Test
    void theOptionsOfAServerCanBeReadBack() {
        BlockList list = new BlockList();
        Server server = new Server(new NetServerOptions()
                .allowHalfOpen(true)
                .noDelay(true)
                .keepAlive(true)
                .keepAliveInitialDelay(2500)
                .highWaterMark(7)
                .blockList(list));
        assertTrue(server.allowHalfOpen() && server.noDelay() && server.keepAlive());
        assertFalse(server.pauseOnConnect());
        assertEquals(2, server.keepAliveInitialDelay());
        assertEquals(7, server.highWaterMark());
        assertSame(list, server.blockList());
        assertEquals(16384, new Server(new NetServerOptions().highWaterMark(-1)).highWaterMark());
    }

    @Test
    void aSocketThatWasMadeWithABlockListKeepsToIt() throws Exception {
        BlockList list = new BlockList();
        list.addRange("127.0.0.0", "127.0.0.2");
        Throwable error = OnLoop.run((loop, result) -> {
            Socket client = new Socket(new SocketOptions().blockList(list));
            client.on(Socket.ERROR, result::complete);
            client.connect(1, LOOPBACK);
        });
        assertEquals("ERR_IP_BLOCKED", Coded.codeOf(error));
    }

    @Test
    void anUnknownNameIsEnotfound() throws Exception {
        Throwable error = OnLoop.run((loop, result) -> {
            Socket client = Net.connect(1, "nope.invalid");
            client.on(Socket.ERROR, result::complete);
        });
        LookupException lookup = (LookupException) error;
        // Without any name server the answer is that there is none at the moment.
        assertTrue(Set.of("ENOTFOUND", "EAI_AGAIN").contains(lookup.code()));
        assertEquals("getaddrinfo " + lookup.code() + " nope.invalid", lookup.getMessage());
        assertEquals("getaddrinfo", lookup.syscall());
        assertEquals("nope.invalid", lookup.hostname());
    }

    /**
     * With several addresses Node throws a TypeError out of the look-up, which ends the program.
     */
    @Test
    void aLookUpThatFindsNullIsAnInvalidAddress() throws Exception {
        List<Lookup.Address> one = new ArrayList<>();
        one.add(null);
        for (boolean several : List.of(false, true)) {
            assertEquals(
                    "lookup null null, ERR_INVALID_IP_ADDRESS Invalid IP address: null",
                    looked(several, null));
            assertEquals(
                    "lookup null null, ERR_INVALID_IP_ADDRESS Invalid IP address: null",
                    looked(several, one));
        }
    }

    private static String looked(boolean several, List<Lookup.Address> found) throws Exception {
        return OnLoop.run((loop, result) -> {
            List<String> seen = new ArrayList<>();
            Socket client = Net.connect(new SocketConnectOptions()
                    .port(1)
                    .host("some.name")
                    .autoSelectFamily(several)
                    .lookup((host, options, answer) ->
                            loop.setImmediate(() -> answer.done(null, found))));
            client.on(
                    Socket.LOOKUP,
                    (error, ip, family, host) -> seen.add("lookup " + error + " " + ip));
            client.on(Socket.ERROR, error -> {
                seen.add(Coded.codeOf(error) + " " + error.getMessage());
                result.complete(String.join(", ", seen));
            });
        });
    }

    @Test
    void anAttemptThatTakesTooLongGivesWayToTheNextAddress() throws Exception {
        // The backlog of the first is full, so that the kernel drops its SYN.
        List<String> seen = OnLoop.run((loop, result) -> {
            List<String> events = new ArrayList<>();
            try (FullBacklog full = new FullBacklog()) {
                Server server = Net.createServer(c -> c.end());
                server.listen(full.port(), "::1", () -> {
                    Lookup both = (host, options, found) -> found.done(
                            null,
                            List.of(new Lookup.Address(LOOPBACK, 4), new Lookup.Address("::1", 6)));
                    Socket client = Net.connect(new SocketConnectOptions()
                            .port(full.port())
                            .host("some.name")
                            .autoSelectFamilyAttemptTimeout(10)
                            .lookup(both));
                    client.on(
                            Socket.CONNECTION_ATTEMPT_TIMEOUT,
                            (ip, port, family) -> events.add("timeout " + ip));
                    client.on(Socket.CONNECT, () -> {
                        events.add("connect " + client.remoteAddress());
                        client.destroy();
                        result.complete(events);
                    });
                });
                // The server above listens later: keep the first one full until the test is over.
                full.keep();
            }
        });
        assertEquals(List.of("timeout " + LOOPBACK, "connect ::1"), seen);
    }

    /** A listening socket that does not answer any more. */
    private static final class FullBacklog implements AutoCloseable {
        private final java.net.ServerSocket server;
        private final List<java.nio.channels.SocketChannel> waiting = new ArrayList<>();
        private boolean kept;

        FullBacklog() throws Exception {
            server = new java.net.ServerSocket(0, 1, java.net.InetAddress.getByName(LOOPBACK));
            for (int i = 0; i < 4; i++) {
                java.nio.channels.SocketChannel channel = java.nio.channels.SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(server.getLocalSocketAddress());
                waiting.add(channel);
            }
        }

        int port() {
            return server.getLocalPort();
        }

        void keep() {
            kept = true;
        }

        @Override
        public void close() throws Exception {
            if (!kept) {
                server.close();
            }
        }
    }

    @Test
    void connectingASocketTwiceFailsAsTheSystemDoes() throws Exception {
        String twice = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> c.resume());
            server.listen(0, LOOPBACK, () -> {
                Socket client = Net.connect(to(server));
                client.on(Socket.ERROR, error -> result.complete(Coded.codeOf(error)));
                client.once(Socket.CONNECT, () -> client.connect(to(server)));
            });
        });
        assertEquals("EISCONN", twice);
    }

    @Test
    void aPathThatIsTooLongIsRefusedAndNotCutOff() throws Exception {
        String path = "/tmp/" + "x".repeat(120);
        List<String> codes = OnLoop.run((loop, result) -> {
            List<String> seen = new ArrayList<>();
            Server server = Net.createServer();
            server.on(Server.ERROR, error -> {
                seen.add(error.getMessage());
                Socket client = Net.connect(path);
                client.on(Socket.ERROR, failed -> {
                    seen.add(failed.getMessage());
                    result.complete(seen);
                });
            });
            server.listen(path);
        });
        assertEquals(
                List.of(
                        "listen ENAMETOOLONG: name too long " + path,
                        "connect ENAMETOOLONG " + path),
                codes);
    }

    // ---- listeners that do things -------------------------------------------------------------

    @Test
    void destroyInsideEachEventLeavesOnlyClose() throws Exception {
        for (String event :
                List.of("connectionAttempt", "connect", "ready", "data", "end", "finish")) {
            List<String> after = OnLoop.run((loop, result) -> {
                List<String> seen = new ArrayList<>();
                Server server = Net.createServer(c -> {
                    c.resume();
                    c.on(Socket.ERROR, error -> {});
                    c.end("hello");
                });
                server.listen(0, LOOPBACK, () -> {
                    Socket client = Net.connect(to(server));
                    boolean[] gone = {false};
                    for (String name : List.of(
                            "connectionAttempt",
                            "connect",
                            "ready",
                            "data",
                            "end",
                            "finish",
                            "error",
                            "close")) {
                        client.on(name, args -> {
                            if (gone[0]) {
                                seen.add(name);
                            }
                            if (name.equals(event)) {
                                gone[0] = true;
                                client.destroy();
                            }
                            if (name.equals("close")) {
                                server.close(error -> result.complete(seen));
                            }
                        });
                    }
                });
            });
            // 'ready' follows 'connect' in the same call, whatever the listener did, as in Node.
            List<String> expected =
                    event.equals("connect") ? List.of("ready", "close") : List.of("close");
            assertEquals(expected, after, "destroyed in '" + event + "'");
        }
    }

    @Test
    void whatAListenerThrowsReachesTheLoopAndNothingElseBreaks() throws Exception {
        List<String> seen = new ArrayList<>();
        EventLoop loop = EventLoop.create();
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.onUncaughtException(thrown -> seen.add(thrown.getMessage()));
        loop.execute(() -> {
            Server server = Net.createServer(c -> {
                c.on(Socket.DATA, c::write);
                throw new IllegalStateException("in connection");
            });
            server.listen(0, LOOPBACK, () -> {
                Socket client = Net.connect(to(server));
                client.on(Socket.READY, () -> {
                    throw new IllegalStateException("in ready");
                });
                client.write("a");
                client.on(Socket.DATA, chunk -> {
                    if (seen.size() < 3) {
                        client.write("b");
                        throw new IllegalStateException("in data");
                    }
                    client.end();
                });
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        get(done);
        loop.close();
        get(loop.closed());
        assertEquals(Set.of("in connection", "in ready", "in data"), Set.copyOf(seen));
    }

    @Test
    void pausingInsideDataStopsAfterThatChunk() throws Exception {
        int[] counts = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> c.end(new byte[1_000_000]));
            server.listen(0, LOOPBACK, () -> {
                Socket client = Net.connect(to(server));
                int[] seen = {0, 0};
                client.on(Socket.DATA, chunk -> {
                    seen[0]++;
                    if (seen[0] == 1) {
                        client.pause();
                        loop.setTimeout(
                                () -> {
                                    seen[1] = seen[0];
                                    client.resume();
                                },
                                30);
                    }
                });
                client.on(Socket.END, () -> result.complete(seen));
            });
        });
        assertEquals(1, counts[1]);
        assertTrue(counts[0] > 1);
    }

    // ---- options ------------------------------------------------------------------------------

    @Test
    void trafficInEitherDirectionRestartsTheIdleTimer() throws Exception {
        List<String> seen = new ArrayList<>();
        EventLoop loop = EventLoop.create();
        ManualClock clock = loop.manualClock();
        Socket[] ends = new Socket[2];
        CompletableFuture<Void> ready = new CompletableFuture<>();
        loop.execute(() -> {
            Server server = Net.createServer(c -> {
                ends[1] = c;
                c.resume();
                ready.complete(null);
            });
            server.listen(0, LOOPBACK, () -> {
                ends[0] = Net.connect(to(server)).resume();
                ends[0].setTimeout(1000, () -> seen.add("once"));
                ends[0].on(Socket.TIMEOUT, () -> seen.add("timeout"));
            });
        });
        get(ready);
        clock.advance(900);
        writeAndWait(loop, ends[0], ends[1]);
        clock.advance(900);
        writeAndWait(loop, ends[1], ends[0]);
        clock.advance(900);
        assertEquals(List.of(), seen);
        clock.advance(200);
        assertEquals(List.of("once", "timeout"), seen);
        clock.advance(5000);
        assertEquals(List.of("once", "timeout"), seen, "one event per idle time");
        writeAndWait(loop, ends[0], ends[1]);
        clock.advance(1100);
        assertEquals(List.of("once", "timeout", "timeout"), seen);
        get(loop.submit(() -> ends[0].setTimeout(0)));
        clock.advance(5000);
        assertEquals(3, seen.size());
        loop.close();
        get(loop.closed());
    }

    private static void writeAndWait(EventLoop loop, Socket from, Socket to) throws Exception {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        loop.execute(() -> {
            to.once(Socket.DATA, chunk -> arrived.complete(null));
            from.write("x");
        });
        get(arrived);
    }

    @Test
    void settersReturnTheSocketBeforeAndAfterTheConnection() throws Exception {
        OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> c.end());
            server.listen(0, LOOPBACK, () -> {
                Socket client = new Socket();
                assertSame(
                        client,
                        client.setNoDelay()
                                .setKeepAlive(true, 5000)
                                .setTimeout(0)
                                .unref()
                                .ref());
                assertSame(client, client.connect(to(server)));
                client.on(Socket.CONNECT, () -> {
                    assertSame(
                            client,
                            client.setNoDelay(false)
                                    .setKeepAlive(false)
                                    .ref()
                                    .pause()
                                    .resume());
                    assertSame(client, client.setEncoding("utf8").end().destroy());
                    result.complete(null);
                });
            });
        });
    }

    @Test
    void bufferSizeIsWhatWaitsToBeWritten() throws Exception {
        int[] sizes = OnLoop.run((loop, result) -> {
            Socket client = new Socket();
            assertEquals(0, client.bufferSize());
            Server server = Net.createServer(new NetServerOptions().pauseOnConnect(true));
            server.listen(
                    0,
                    LOOPBACK,
                    () -> client.connect(to(server), () -> {
                        client.write(new byte[30_000_000]);
                        result.complete(new int[] {client.bufferSize(), client.writableLength()});
                    }));
        });
        assertEquals(30_000_000, sizes[0]);
        assertEquals(sizes[1], sizes[0]);
    }

    @Test
    void optionsCanBeCopied() {
        SocketConnectOptions one = new SocketConnectOptions().port(1).host("a").allowHalfOpen(true);
        SocketConnectOptions two = one.copy().port(2);
        assertEquals(1, one.port);
        assertEquals(2, two.port);
        assertTrue(two.allowHalfOpen);
        assertEquals("a", two.host);
        assertTrue(new NetServerOptions().noDelay(true).copy().noDelay);
        assertEquals("p", new ListenOptions().path("p").copy().path);
    }

    @Test
    void defaultsOfAutoSelectFamilyCanBeChanged() {
        assertTrue(Net.getDefaultAutoSelectFamily());
        assertEquals(250, Net.getDefaultAutoSelectFamilyAttemptTimeout());
        try {
            Net.setDefaultAutoSelectFamily(false);
            Net.setDefaultAutoSelectFamilyAttemptTimeout(3);
            assertFalse(Net.getDefaultAutoSelectFamily());
            assertEquals(10, Net.getDefaultAutoSelectFamilyAttemptTimeout());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Net.setDefaultAutoSelectFamilyAttemptTimeout(0));
        } finally {
            Net.setDefaultAutoSelectFamily(true);
            Net.setDefaultAutoSelectFamilyAttemptTimeout(250);
        }
    }

    // ---- life of the loop ---------------------------------------------------------------------

    @Test
    void openSocketsKeepTheLoopAliveUnlessUnreferenced() throws Exception {
        EventLoop loop = EventLoop.create();
        CompletableFuture<Socket> both = new CompletableFuture<>();
        Server server = new Server(
                new NetServerOptions().loop(loop), c -> loop.setImmediate(() -> both.complete(c)));
        Socket client = new Socket(new SocketOptions().loop(loop));
        server.listen(0, LOOPBACK, () -> client.connect(to(server)));
        Socket accepted = get(both);
        server.unref();
        accepted.unref();
        assertFalse(loop.awaitIdle(50));
        client.unref();
        assertTrue(loop.awaitIdle(5000));
        client.ref();
        assertFalse(loop.awaitIdle(50));
        client.destroy();
        accepted.destroy();
        server.close();
        assertTrue(loop.awaitIdle(5000));
        loop.close();
        get(loop.closed());
    }

    @Test
    void closingTheLoopClosesServersAndSockets() throws Exception {
        EventLoop loop = EventLoop.create();
        List<String> seen = new ArrayList<>();
        CompletableFuture<Void> both = new CompletableFuture<>();
        loop.execute(() -> {
            Server server = Net.createServer(c -> {
                c.on(Socket.CLOSE, hadError -> seen.add("accepted " + hadError));
                both.complete(null);
            });
            server.on(Server.CLOSE, () -> seen.add("server"));
            server.listen(0, LOOPBACK, () -> {
                Socket client = Net.connect(to(server)).resume();
                client.on(Socket.CLOSE, hadError -> seen.add("client " + hadError));
            });
        });
        get(both);
        loop.close();
        get(loop.closed());
        assertEquals(Set.of("accepted false", "client false", "server"), Set.copyOf(seen));
    }

    @Test
    void closingTheLoopWhileConnectingIsNoError() throws Exception {
        try (FullBacklog full = new FullBacklog()) {
            EventLoop loop = EventLoop.create();
            List<String> seen = new ArrayList<>();
            CompletableFuture<Void> trying = new CompletableFuture<>();
            loop.onUncaughtException(thrown -> seen.add("uncaught " + thrown));
            loop.execute(() -> {
                Socket client = Net.connect(full.port(), LOOPBACK);
                client.on(Socket.ERROR, error -> seen.add("error " + error.getMessage()));
                client.on(Socket.CONNECT, () -> seen.add("connect"));
                client.on(Socket.CLOSE, hadError -> seen.add("close " + hadError));
                client.on(
                        Socket.CONNECTION_ATTEMPT,
                        (ip, port, family) -> loop.setImmediate(() -> trying.complete(null)));
            });
            get(trying);
            loop.close();
            get(loop.closed());
            assertEquals(List.of("close false"), seen);
        }
    }

    // ---- other threads, several loops ---------------------------------------------------------

    @Test
    void futuresWorkFromAnyThread() throws Exception {
        EventLoop loop = EventLoop.create();
        Server server = new Server(new NetServerOptions().loop(loop), c -> c.pipe(c));
        assertSame(server, get(server.listenAsync(0, LOOPBACK)));
        Socket client = get(Net.connectAsync(to(server).loop(loop)));
        CompletableFuture<String> echo = new CompletableFuture<>();
        client.on(Socket.DATA, chunk -> echo.complete(NetTrace.string(chunk)));
        client.write("from another thread");
        assertEquals("from another thread", get(echo));
        client.end();
        get(server.closeAsync());
        assertEquals("ERR_SERVER_NOT_RUNNING", codeOf(server.closeAsync()));
        loop.close();
        get(loop.closed());
    }

    private static String codeOf(CompletableFuture<?> failing) throws Exception {
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> get(failing));
        return Coded.codeOf(thrown.getCause());
    }

    @Test
    void futuresFailWithTheErrorOfTheEvent() throws Exception {
        EventLoop loop = EventLoop.create();
        Server first = new Server(new NetServerOptions().loop(loop));
        int port = get(first.listenAsync(0, LOOPBACK)).address().port();
        Server second = new Server(new NetServerOptions().loop(loop));
        assertEquals("EADDRINUSE", codeOf(second.listenAsync(port, LOOPBACK)));
        get(first.closeAsync());
        SocketConnectOptions options =
                new SocketConnectOptions().port(port).host(LOOPBACK).loop(loop);
        assertEquals("ECONNREFUSED", codeOf(Net.connectAsync(options)));
        assertEquals(
                "ERR_MISSING_ARGS",
                codeOf(Net.connectAsync(new SocketConnectOptions().loop(loop))));
        loop.close();
        get(loop.closed());
    }

    @Test
    void connectionsAreSpreadOverLoopsInTurn() throws Exception {
        EventLoopGroup group = EventLoop.group(3);
        EventLoop main = EventLoop.create();
        Map<EventLoop, Integer> counts = new ConcurrentHashMap<>();
        List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
        NetServerOptions options = new NetServerOptions().loop(main).loops(group);
        Server server = new Server(options, c -> {
            counts.merge(c.loop(), 1, Integer::sum);
            c.on(Socket.DATA, chunk -> {
                if (EventLoop.current() != c.loop()) {
                    wrong.add("data on " + Thread.currentThread().getName());
                }
                c.write(chunk);
            });
        });
        get(server.listenAsync(0, LOOPBACK));
        List<CompletableFuture<String>> echoes = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            String text = "client " + i;
            Socket client = get(Net.connectAsync(to(server).loop(main)));
            CompletableFuture<String> echo = new CompletableFuture<>();
            client.on(Socket.DATA, chunk -> {
                client.end();
                client.on(Socket.CLOSE, hadError -> echo.complete(NetTrace.string(chunk)));
            });
            client.write(text);
            echoes.add(echo);
        }
        for (int i = 0; i < 12; i++) {
            assertEquals("client " + i, get(echoes.get(i)));
        }
        Map<EventLoop, Integer> expected = new HashMap<>();
        group.loops().forEach(each -> expected.put(each, 4));
        assertEquals(expected, counts);
        assertEquals(List.of(), wrong);
        get(server.closeAsync());
        assertEquals(0, server.connections());
        group.close();
        main.close();
        get(group.closed());
        get(main.closed());
    }

    // ---- servers ------------------------------------------------------------------------------

    @Test
    void aServerForgetsItsConnectionsWhenTheyClose() throws Exception {
        List<Integer> counts = OnLoop.run((loop, result) -> {
            List<Integer> seen = new ArrayList<>();
            Server server = Net.createServer(c -> c.resume());
            server.listen(0, LOOPBACK, () -> {
                Socket client = Net.connect(to(server)).resume();
                server.on(Server.CONNECTION, c -> {
                    seen.add(server.connections());
                    assertSame(server, c.server());
                    c.on(Socket.CLOSE, hadError -> {
                        seen.add(server.connections());
                        result.complete(seen);
                    });
                    client.end();
                });
            });
        });
        assertEquals(List.of(1, 0), counts);
    }

    @Test
    void maxConnectionsZeroIsNoLimit() throws Exception {
        OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> result.complete(null));
            server.maxConnections(1).maxConnections(0);
            server.listen(0, LOOPBACK, () -> Net.connect(to(server)));
        });
    }

    @Test
    void readableAllAndWritableAllOpenAUnixSocketToEverybody() throws Exception {
        Path directory = Files.createTempDirectory("sp-mode-");
        String path = directory.resolve("s").toString();
        String mode = OnLoop.run((loop, result) -> {
            Server server = Net.createServer();
            server.listen(
                    new ListenOptions().path(path).readableAll(true).writableAll(true), () -> {
                        String text = PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(Path.of(path)));
                        server.close(error -> result.complete(text));
                    });
        });
        assertEquals("rw-rw-rw-", mode.replace('x', '-'));
        Files.delete(directory);
    }

    @Test
    void anIpv6OnlyServerDoesNotAnswerIpv4() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                io.github.securepair.internal.NettyLoop.usesEpoll(), "needs epoll");
        String code = OnLoop.run((loop, result) -> {
            Server server = Net.createServer();
            server.listen(new ListenOptions().port(0).host("::").ipv6Only(true), () -> {
                Socket client = Net.connect(to(server));
                client.on(Socket.ERROR, error -> result.complete(Coded.codeOf(error)));
                client.on(Socket.CONNECT, () -> result.complete("connected"));
            });
        });
        assertEquals("ECONNREFUSED", code);
    }

    @Test
    void aServerSubclassSeesInjectedConnections() throws Exception {
        class Counting extends Server {
            private int seen;

            Counting() {
                on(CONNECTION, socket -> seen++);
            }
        }

        int seen = OnLoop.run((loop, result) -> {
            Counting server = new Counting();
            server.emit(Server.CONNECTION, new Socket());
            server.emit("connection", new Socket());
            result.complete(server.seen);
        });
        assertEquals(2, seen);
    }

    @Test
    void tryWithResourcesClosesAServer() throws Exception {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        EventLoop loop = EventLoop.create();
        try (Server server = new Server(new NetServerOptions().loop(loop))) {
            server.on(Server.CLOSE, () -> closed.complete(null));
            get(server.listenAsync(0, LOOPBACK));
        }
        get(closed);
        loop.close();
        get(loop.closed());
    }

    @Test
    void addressesAreUndefinedWhereThereAreNone() {
        Socket client = new Socket();
        assertSame(AddressInfo.NONE, client.address());
        assertNull(client.remoteAddress());
        assertEquals(-1, client.remotePort());
        assertNull(client.localFamily());
        assertEquals("{}", client.address().toString());
        assertTrue(client.address().isEmpty());
    }

    @Test
    void writingABufferDoesNotMoveIt() throws Exception {
        int position = OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> c.resume());
            server.listen(0, LOOPBACK, () -> {
                ByteBuffer chunk = ByteBuffer.allocateDirect(100).position(10);
                Socket client = Net.connect(to(server));
                client.write(chunk, error -> result.complete(chunk.position()));
            });
        });
        assertEquals(10, position);
    }
}
