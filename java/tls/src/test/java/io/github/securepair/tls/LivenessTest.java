package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Timer;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexOptions;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.Writable;
import io.github.securepair.stream.WritableOptions;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Which states of timers, sockets and servers keep a loop alive: the cases of node/liveness.js,
 * each on a loop of its own, against what Node did.
 */
@Timeout(60)
class LivenessTest {
    private static final String LOOPBACK = "127.0.0.1";
    private static final long SECONDS = 20;

    /** How long a loop is watched that must stay alive, in milliseconds. */
    private static final long A_WHILE = 50;

    private static final int BIG = 16 << 20;
    private static final Map<String, Case> CASES = new LinkedHashMap<>();

    private static EventLoop peers;
    private static final Map<String, Integer> PORTS = new LinkedHashMap<>();
    private static final List<java.net.Socket> WAITING = new ArrayList<>();
    private static ServerSocket full;

    /** Brings something into a state, on the loop, and says when it is reached. */
    private interface Case {
        void run(Runnable reached) throws Exception;
    }

    /** Options of a connection; null for the default. */
    private record Want(boolean halfOpen, Onread onread, Lookup lookup) {}

    /** Connects, and has the socket used once it is connected, or secure. */
    private interface Connector {
        Socket connect(String peer, Want want, Consumer<Socket> use);
    }

    /** A case that there is with and without TLS. */
    private interface Both {
        void run(Connector connector, Runnable reached);
    }

    // ---- the peers, on a loop of their own ----------------------------------------------------

    @BeforeAll
    static void open() throws Exception {
        peers = EventLoop.create();
        Map<String, Consumer<Socket>> kinds = new LinkedHashMap<>();
        kinds.put("silent", Socket::resume);
        kinds.put("deaf", Socket::pause);
        kinds.put("talker", socket -> {
            socket.resume();
            socket.write(ByteBuffer.allocate(4 << 20));
        });
        kinds.put("ender", socket -> {
            socket.resume();
            socket.end("x");
        });
        for (Map.Entry<String, Consumer<Socket>> each : kinds.entrySet()) {
            Server plain = Net.createServer(
                    new NetServerOptions().loop(peers).allowHalfOpen(true), socket -> {
                        socket.on(EventEmitter.ERROR, error -> {});
                        each.getValue().accept(socket);
                    });
            plain.listenAsync(0, LOOPBACK).get(SECONDS, TimeUnit.SECONDS);
            PORTS.put("net " + each.getKey(), plain.address().port());
            TLSServer secure = TLS.createServer(identity(peers).allowHalfOpen(true), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                each.getValue().accept(socket);
            });
            secure.listenAsync(0, LOOPBACK).get(SECONDS, TimeUnit.SECONDS);
            PORTS.put("tls " + each.getKey(), secure.address().port());
        }
        openFull();
    }

    /** A port whose backlog is full: a connection to it gets nowhere. */
    private static void openFull() throws IOException {
        full = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK));
        while (true) {
            java.net.Socket one = new java.net.Socket();
            WAITING.add(one);
            try {
                one.connect(new InetSocketAddress(LOOPBACK, full.getLocalPort()), 200);
            } catch (SocketTimeoutException isFull) {
                return;
            }
        }
    }

    @AfterAll
    static void close() throws Exception {
        for (java.net.Socket each : WAITING) {
            each.close();
        }
        full.close();
        peers.close();
        peers.closed().get(SECONDS, TimeUnit.SECONDS);
    }

    private static ServerOptions identity(EventLoop loop) {
        return new ServerOptions()
                .loop(loop)
                .key(LoopTest.fixture("server-rsa-key.pem"))
                .cert(LoopTest.fixture("server-rsa-cert.pem"));
    }

    private static Socket plain(String peer, Want want, Consumer<Socket> use) {
        return connected(PORTS.get("net " + peer), want, use);
    }

    private static Socket connected(int port, Want want, Consumer<Socket> use) {
        SocketConnectOptions options = new SocketConnectOptions()
                .host(want.lookup == null ? LOOPBACK : "x.test")
                .port(port)
                .allowHalfOpen(want.halfOpen)
                .lookup(want.lookup);
        Socket socket = Net.connect(want.onread == null ? options : options.onread(want.onread));
        socket.on(EventEmitter.ERROR, error -> {});
        socket.on(Socket.CONNECT, () -> use.accept(socket));
        return socket;
    }

    private static Socket secure(String peer, Want want, Consumer<Socket> use) {
        return secured(PORTS.get("tls " + peer), want, use);
    }

    private static TLSSocket secured(int port, Want want, Consumer<Socket> use) {
        ConnectOptions options = new ConnectOptions()
                .host(LOOPBACK)
                .port(port)
                .rejectUnauthorized(false)
                .allowHalfOpen(want.halfOpen);
        TLSSocket socket = TLS.connect(want.onread == null ? options : options.onread(want.onread));
        socket.on(EventEmitter.ERROR, error -> {});
        socket.on(TLSSocket.SECURE_CONNECT, () -> use.accept(socket));
        return socket;
    }

    private static void over(Consumer<Socket[]> use) {
        Socket raw = Net.connect(PORTS.get("tls silent"), LOOPBACK);
        TLSSocket socket = TLS.connect(new ConnectOptions().socket(raw).rejectUnauthorized(false));
        socket.on(EventEmitter.ERROR, error -> {});
        socket.on(TLSSocket.SECURE_CONNECT, () -> use.accept(new Socket[] {raw, socket}));
    }

    private static void soon(Runnable reached) {
        EventLoop.current().setTimeout(reached, 100).unref();
    }

    private static Want none() {
        return new Want(false, null, null);
    }

    /** A connection that a server on this loop accepts; the client is a peer's. */
    private static void accept(NetServerOptions options, Consumer<Socket> use) {
        Server server = Net.createServer(options);
        server.on(Server.CONNECTION, socket -> {
            socket.on(EventEmitter.ERROR, error -> {});
            server.unref();
            use.accept(socket);
        });
        server.listen(0, LOOPBACK, () -> {
            int port = server.address().port();
            peers.execute(() -> Net.connect(port, LOOPBACK)
                    .on(EventEmitter.ERROR, error -> {})
                    .resume());
        });
    }

    private static void acceptTLS(ServerOptions options, boolean secure, Consumer<Socket> use) {
        TLSServer server = TLS.createServer(options, use::accept);
        server.on(Server.CONNECTION, socket -> {
            server.unref();
            if (!secure) {
                use.accept(socket);
            }
        });
        server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {});
        server.listen(0, LOOPBACK, () -> {
            int port = server.address().port();
            peers.execute(() -> {
                if (secure) {
                    TLS.connect(new ConnectOptions()
                                    .host(LOOPBACK)
                                    .port(port)
                                    .servername("x.test")
                                    .rejectUnauthorized(false))
                            .on(EventEmitter.ERROR, error -> {})
                            .resume();
                } else {
                    Net.connect(port, LOOPBACK)
                            .on(EventEmitter.ERROR, error -> {})
                            .resume();
                }
            });
        });
    }

    // ---- the cases ----------------------------------------------------------------------------

    private static void both(String name, Both run) {
        CASES.put("net: " + name, reached -> run.run(LivenessTest::plain, reached));
        CASES.put("tls: " + name, reached -> run.run(LivenessTest::secure, reached));
    }

    private static void one(String name, Case run) {
        CASES.put(name, run);
    }

    static {
        both(
                "flowing",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.resume();
                    r.run();
                }));
        both("never read", (c, r) -> c.connect("silent", none(), s -> r.run()));
        both(
                "readable listener",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.on(Readable.READABLE, () -> {});
                    r.run();
                }));
        both(
                "paused",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.pause();
                    r.run();
                }));
        both("paused by readable.pause before the connection", (c, r) -> {
            c.connect("silent", none(), s -> {}).pause();
            EventLoop.current().setTimeout(r, 100);
        });
        both(
                "paused, then resumed",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.pause();
                    s.resume();
                    r.run();
                }));
        both(
                "paused, data unread",
                (c, r) -> c.connect(
                        "talker",
                        none(),
                        s -> s.once(Readable.DATA, bytes -> {
                            s.pause();
                            r.run();
                        })));
        both(
                "buffer full, never read",
                (c, r) -> c.connect("talker", none(), s -> {
                    Timer[] look = {null};
                    look[0] = s.loop()
                            .setInterval(
                                    () -> {
                                        if (s.readableLength() >= s.readableHighWaterMark()) {
                                            look[0].close();
                                            r.run();
                                        }
                                    },
                                    5);
                }));
        both(
                "flowing, unref",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.resume();
                    s.unref();
                    r.run();
                }));
        both(
                "flowing, unref, ref",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.resume();
                    s.unref();
                    s.ref();
                    r.run();
                }));
        both("unref before the connection", (c, r) -> {
            Socket s = c.connect("silent", none(), connected -> {});
            s.resume();
            s.unref();
            EventLoop.current().setTimeout(r, 100);
        });
        both(
                "paused, write waiting",
                (c, r) -> c.connect("deaf", none(), s -> {
                    s.pause();
                    s.write(ByteBuffer.allocate(BIG));
                    r.run();
                }));
        both(
                "unref, write waiting",
                (c, r) -> c.connect("deaf", none(), s -> {
                    s.resume();
                    s.unref();
                    s.write(ByteBuffer.allocate(BIG));
                    r.run();
                }));
        both(
                "paused, write done",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.pause();
                    s.write("x", error -> r.run());
                }));
        both(
                "paused, end sent",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.pause();
                    s.end(error -> r.run());
                }));
        both(
                "flowing, end sent",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.resume();
                    s.end(error -> r.run());
                }));
        both(
                "peer ended, half open",
                (c, r) -> c.connect("ender", new Want(true, null, null), s -> {
                    s.resume();
                    s.on(Readable.END, r::run);
                }));
        both("peer ended, unread", (c, r) -> c.connect("ender", none(), s -> soon(r)));
        both(
                "paused with an idle timeout",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.setTimeout(50);
                    s.pause();
                    r.run();
                }));
        both(
                "destroyed",
                (c, r) -> c.connect("silent", none(), s -> {
                    s.destroy();
                    r.run();
                }));
        both(
                "piped into a full stream",
                (c, r) -> c.connect(
                        "talker",
                        none(),
                        s -> s.pipe(new Writable(new WritableOptions()
                                .highWaterMark(1)
                                .write((chunk, callback) -> r.run())))));
        both(
                "onread says stop",
                (c, r) -> c.connect(
                        "talker",
                        new Want(
                                false,
                                Onread.of(ByteBuffer.allocate(1024), (count, buffer) -> {
                                    r.run();
                                    return false;
                                }),
                                null),
                        s -> {}));
        one("net: connecting", r -> {
            connected(full.getLocalPort(), none(), s -> {});
            soon(r);
        });
        one("net: connecting, unref", r -> {
            connected(full.getLocalPort(), none(), s -> {}).unref();
            soon(r);
        });
        one("net: connecting, paused", r -> {
            connected(full.getLocalPort(), none(), s -> {}).pause();
            soon(r);
        });
        one("net: unconnected", r -> {
            new Socket();
            r.run();
        });
        one("net: own lookup never answers", r -> {
            plain("silent", new Want(false, null, (host, options, result) -> {}), s -> {});
            r.run();
        });
        handshake("", s -> {});
        handshake(", unref", Socket::unref);
        handshake(", paused", Socket::pause);
        handshake(", write waiting", s -> s.write("x"));
        wrapped("flowing", (raw, s) -> s.resume());
        wrapped("paused", (raw, s) -> s.pause());
        wrapped("unref", (raw, s) -> {
            s.resume();
            s.unref();
        });
        wrapped("socket below unref", (raw, s) -> {
            s.resume();
            raw.unref();
        });
        wrapped("socket below paused", (raw, s) -> {
            s.resume();
            raw.pause();
        });
        one("tls over a stream: handshake unanswered", r -> {
            Duplex stream = new Duplex(new DuplexOptions()
                    .read((readable, size) -> {})
                    .write((chunk, callback) -> callback.call(null)));
            TLS.connect(new ConnectOptions().socket(stream)).on(EventEmitter.ERROR, error -> {});
            r.run();
        });
        one("server: listening", r -> Net.createServer().listen(r::run));
        one("server: listening, unref", r -> {
            Server server = Net.createServer();
            server.listen(() -> {
                server.unref();
                r.run();
            });
        });
        one("server: unref before listen", r -> {
            Net.createServer().unref().listen();
            r.run();
        });
        one("server: unref, ref", r -> {
            Server server = Net.createServer();
            server.listen(() -> {
                server.unref();
                server.ref();
                r.run();
            });
        });
        one("server: never listened", r -> {
            Net.createServer();
            r.run();
        });
        one("server: closed", r -> {
            Server server = Net.createServer();
            server.listen(() -> server.close(error -> r.run()));
        });
        one(
                "server: unref, connection flowing",
                r -> accept(new NetServerOptions(), s -> {
                    s.resume();
                    r.run();
                }));
        one(
                "server: unref, connection paused",
                r -> accept(new NetServerOptions(), s -> {
                    s.pause();
                    r.run();
                }));
        one(
                "server: unref, pauseOnConnect",
                r -> accept(new NetServerOptions().pauseOnConnect(true), s -> r.run()));
        one(
                "server: closed, connection paused",
                r -> accept(new NetServerOptions(), s -> {
                    s.pause();
                    s.server().close();
                    r.run();
                }));
        one(
                "server: closed, connection flowing",
                r -> accept(new NetServerOptions(), s -> {
                    s.resume();
                    s.server().close();
                    r.run();
                }));
        one(
                "tls server: listening",
                r -> TLS.createServer(identity(EventLoop.current())).listen(r::run));
        one(
                "tls server: unref, handshake waits for SNICallback",
                r -> acceptTLS(
                        identity(EventLoop.current()).SNICallback((name, callback) -> r.run()),
                        true,
                        s -> {}));
        one(
                "tls server: unref, handshake waits for the client",
                r -> acceptTLS(identity(EventLoop.current()), false, s -> r.run()));
        one(
                "tls server: unref, connection flowing",
                r -> acceptTLS(identity(EventLoop.current()), true, s -> {
                    s.resume();
                    r.run();
                }));
        one(
                "tls server: unref, connection paused",
                r -> acceptTLS(identity(EventLoop.current()), true, s -> {
                    s.pause();
                    r.run();
                }));
        timers();
    }

    private static void handshake(String how, Consumer<Socket> then) {
        one("tls: handshake unanswered" + how, r -> {
            TLSSocket socket = secured(PORTS.get("net silent"), none(), s -> {});
            socket.on(Socket.CONNECT, () -> {
                then.accept(socket);
                r.run();
            });
        });
    }

    private interface Ends {
        void use(Socket below, Socket above);
    }

    private static void wrapped(String how, Ends then) {
        one(
                "tls over a socket: " + how,
                r -> over(ends -> {
                    then.use(ends[0], ends[1]);
                    r.run();
                }));
    }

    private static void timer(String how, Consumer<EventLoop> start) {
        one("timer: " + how, r -> {
            start.accept(EventLoop.current());
            r.run();
        });
    }

    private static void timers() {
        timer("timeout", loop -> loop.setTimeout(() -> {}, 60_000));
        timer("timeout, unref", loop -> loop.setTimeout(() -> {}, 60_000).unref());
        timer(
                "timeout, unref, ref",
                loop -> loop.setTimeout(() -> {}, 60_000).unref().ref());
        timer("timeout, cleared", loop -> loop.clear(loop.setTimeout(() -> {}, 60_000)));
        timer("interval", loop -> loop.setInterval(() -> {}, 10));
        timer("interval, unref", loop -> loop.setInterval(() -> {}, 10).unref());
        one("timer: interval, cleared inside", r -> {
            Timer[] timer = {null};
            timer[0] = EventLoop.current()
                    .setInterval(
                            () -> {
                                timer[0].close();
                                r.run();
                            },
                            10);
        });
        timer("fired", loop -> loop.setTimeout(() -> {}, 1));
        one("timer: fired, refreshed", r -> {
            Timer timer = EventLoop.current().setTimeout(() -> {}, 50);
            EventLoop.current()
                    .setTimeout(
                            () -> {
                                timer.refresh();
                                r.run();
                            },
                            60);
        });
        timer(
                "unref, refreshed",
                loop -> loop.setTimeout(() -> {}, 60_000).unref().refresh());
        one("immediate: again and again", r -> {
            again(EventLoop.current());
            r.run();
        });
        one("immediate: unref", r -> {
            EventLoop.current().setImmediate(() -> {}).unref();
            r.run();
        });
    }

    private static void again(EventLoop loop) {
        loop.setImmediate(() -> again(loop));
    }

    // ---- against what was recorded ------------------------------------------------------------

    private static Map<String, String> recorded() throws IOException {
        Map<String, String> results = new LinkedHashMap<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                LivenessTest.class.getResourceAsStream("/traces/liveness.txt"),
                StandardCharsets.UTF_8))) {
            for (String line; (line = in.readLine()) != null; ) {
                String[] parts = line.split("\t");
                results.put(parts[1], parts[0]);
            }
        }
        return results;
    }

    static List<String> names() throws IOException {
        return List.copyOf(recorded().keySet());
    }

    @Test
    void everyCaseOfNodeIsHere() throws Exception {
        assertEquals(recorded().keySet(), CASES.keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void aLoopIsAliveWhenNodesIs(String name) throws Exception {
        boolean alive = recorded().get(name).equals("alive");
        EventLoop loop = EventLoop.create();
        List<Throwable> uncaught = new ArrayList<>();
        loop.onUncaughtException(uncaught::add);
        try {
            CompletableFuture<Void> reached = new CompletableFuture<>();
            loop.execute(() -> {
                try {
                    CASES.get(name).run(() -> reached.complete(null));
                } catch (Exception thrown) {
                    throw new AssertionError(thrown);
                }
            });
            if (alive) {
                reached.get(SECONDS, TimeUnit.SECONDS);
                assertFalse(loop.awaitIdle(A_WHILE), "the loop became idle");
            } else {
                assertTrue(loop.awaitIdle(SECONDS * 1000), "the loop stays alive");
                assertTrue(
                        reached.isDone() || recorded().get(name).equals("ended early"),
                        "idle before the state was reached");
            }
            assertEquals(List.of(), uncaught);
        } finally {
            loop.close();
            loop.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }
}
