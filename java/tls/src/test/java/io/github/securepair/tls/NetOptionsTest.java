package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.ManualClock;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.AbortController;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.Readable;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;

import jdk.net.ExtendedSocketOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Options of tls that are net's: each with what it does to the connection. */
class NetOptionsTest extends LoopTest {
    // ---- what reached the kernel --------------------------------------------------------------

    /** The options of the TCP socket under both ends of an encrypted connection. */
    private Map<String, Map<String, Object>> kernel(ServerOptions options, ConnectOptions more)
            throws Exception {
        return run(done -> {
            AtomicReference<Socket> raw = new AtomicReference<>();
            TLSServer server = TLS.createServer(options);
            server.on(Server.CONNECTION, raw::set);
            server.listen(0, "127.0.0.1", () -> {
                ConnectOptions all = clientOptions(server);
                all.putAll(more);
                TLSSocket client = TLS.connect(all);
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    Map<String, Map<String, Object>> seen = Map.of(
                            "server", kernel(raw.get()),
                            "client", kernel(client));
                    client.destroy();
                    server.close(error -> done.complete(seen));
                });
            });
        });
    }

    private static Map<String, Object> kernel(Socket socket) {
        try {
            Transport transport = (Transport) field(field(socket, "handle"), "transport");
            Channel channel = (Channel) field(transport.link(), "channel");
            return Map.of(
                    "TCP_NODELAY",
                    channel.config().getOption(ChannelOption.TCP_NODELAY),
                    "SO_KEEPALIVE",
                    channel.config().getOption(ChannelOption.SO_KEEPALIVE),
                    "TCP_KEEPIDLE",
                    channel.config()
                            .getOption(
                                    channel instanceof EpollSocketChannel
                                            ? EpollChannelOption.TCP_KEEPIDLE
                                            : NioChannelOption.of(
                                                    ExtendedSocketOptions.TCP_KEEPIDLE)));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Class<?> type = of instanceof Socket ? Socket.class : of.getClass();
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    @Test
    void whatIsNotAskedForIsOff() throws Exception {
        Map<String, Map<String, Object>> seen = kernel(serverOptions(), new ConnectOptions());
        for (String side : List.of("server", "client")) {
            assertEquals(false, seen.get(side).get("TCP_NODELAY"), side);
            assertEquals(false, seen.get(side).get("SO_KEEPALIVE"), side);
        }
    }

    @Test
    void aServersOptionsReachTheSocketsItAccepts() throws Exception {
        Map<String, Map<String, Object>> seen = kernel(
                serverOptions().noDelay(true).keepAlive(true).keepAliveInitialDelay(77_999),
                new ConnectOptions());
        assertEquals(true, seen.get("server").get("TCP_NODELAY"));
        assertEquals(true, seen.get("server").get("SO_KEEPALIVE"));
        assertEquals(77, seen.get("server").get("TCP_KEEPIDLE"));
        assertEquals(false, seen.get("client").get("TCP_NODELAY"));
        assertEquals(false, seen.get("client").get("SO_KEEPALIVE"));
    }

    @Test
    void aClientsOptionsReachItsSocket() throws Exception {
        Map<String, Map<String, Object>> seen = kernel(
                serverOptions(),
                new ConnectOptions().noDelay(true).keepAlive(true).keepAliveInitialDelay(66_000));
        assertEquals(true, seen.get("client").get("TCP_NODELAY"));
        assertEquals(true, seen.get("client").get("SO_KEEPALIVE"));
        assertEquals(66, seen.get("client").get("TCP_KEEPIDLE"));
        assertEquals(false, seen.get("server").get("TCP_NODELAY"));
        assertEquals(false, seen.get("server").get("SO_KEEPALIVE"));
    }

    @Test
    void settersTellTheKernel() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    client.setNoDelay().setKeepAlive(true, 55_000);
                    Map<String, Object> on = kernel(client);
                    client.setNoDelay(false).setKeepAlive(false);
                    Map<String, Object> off = kernel(client);
                    client.destroy();
                    assertEquals(true, on.get("TCP_NODELAY"));
                    assertEquals(true, on.get("SO_KEEPALIVE"));
                    assertEquals(55, on.get("TCP_KEEPIDLE"));
                    assertEquals(false, off.get("TCP_NODELAY"));
                    assertEquals(false, off.get("SO_KEEPALIVE"));
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    @Test
    void theMarkOfAServerIsThatOfTheSocketBelowTls() throws Exception {
        int[] marks = run(done -> {
            int[] seen = new int[3];
            TLSServer server = TLS.createServer(serverOptions().highWaterMark(4321), socket -> {
                seen[1] = socket.writableHighWaterMark();
                socket.end();
            });
            seen[2] = server.highWaterMark();
            server.on(Server.CONNECTION, raw -> seen[0] = raw.writableHighWaterMark());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(seen)));
            });
        });
        assertEquals(4321, marks[0]);
        // As in Node: the encrypted socket has the default.
        assertEquals(16384, marks[1]);
        assertEquals(4321, marks[2]);
    }

    @Test
    void theMarkOfAClientMakesWritesAnswerFalse() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), Readable::resume);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).highWaterMark(10));
                assertEquals(10, client.writableHighWaterMark());
                assertEquals(10, client.readableHighWaterMark());
                assertTrue(client.write("123456789"));
                assertFalse(client.write("0"));
                client.end();
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    // ---- blockList ----------------------------------------------------------------------------

    private static BlockList loopback() {
        BlockList list = new BlockList();
        list.addSubnet("127.0.0.0", 8);
        return list;
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::"})
    void aServerDropsWhoIsBlocked(String host) throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            BlockList list = loopback();
            TLSServer server =
                    TLS.createServer(serverOptions().blockList(list), s -> events.add("secure"));
            assertSame(list, server.blockList());
            server.on(Server.CONNECTION, raw -> events.add("connection"));
            server.on(Server.DROP, info -> events.add("drop"));
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, s) -> events.add("tlsClientError"));
            server.listen(0, host, () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, error -> events.add(Coded.codeOf(error)));
                client.on(
                        Socket.CLOSE,
                        hadError -> server.getConnections((failure, count) -> {
                            events.add("open " + count);
                            server.close(error -> done.complete(events));
                        }));
            });
        });
        assertEquals(List.of("ECONNRESET", "open 0"), log);
    }

    @Test
    void aServerAcceptsWhoIsNotBlocked() throws Exception {
        run(done -> {
            BlockList list = new BlockList();
            list.addAddress("127.0.0.2");
            TLSServer server =
                    TLS.createServer(serverOptions().blockList(list), socket -> socket.end("x"));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(Readable.DATA, bytes -> {});
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void aClientDoesNotConnectToWhoIsBlocked() throws Exception {
        Throwable error = run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.on(
                    Server.CONNECTION,
                    raw -> done.completeExceptionally(new AssertionError("connected")));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).blockList(loopback()));
                client.on(
                        EventEmitter.ERROR,
                        failure -> server.close(closed -> done.complete(failure)));
            });
        });
        assertEquals("ERR_IP_BLOCKED", Coded.codeOf(error));
        assertEquals("IP(127.0.0.1) is blocked by net.BlockList", error.getMessage());
    }

    @Test
    void ofSeveralAddressesABlockedOneIsPassedOver() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            BlockList list = new BlockList();
            list.addAddress("127.0.0.7");
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server)
                        .host("some.name")
                        .blockList(list)
                        .lookup((name, options, result) -> loop.nextTick(() -> result.done(
                                null,
                                List.of(
                                        new Lookup.Address("127.0.0.7", 4),
                                        new Lookup.Address("127.0.0.1", 4))))));
                client.on(
                        Socket.CONNECTION_ATTEMPT,
                        (ip, port, family) -> events.add("attempt " + ip));
                client.on(
                        Socket.CONNECTION_ATTEMPT_FAILED,
                        (ip, port, family, error) -> events.add(ip + " " + Coded.codeOf(error)));
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(events)));
            });
        });
        assertEquals(List.of("127.0.0.7 ERR_IP_BLOCKED", "attempt 127.0.0.1"), log);
    }

    @Test
    void aBlockListMustBeOne() {
        for (Options options : List.of(
                new ServerOptions().set("blockList", "x"),
                new ConnectOptions().port(1).set("blockList", "x"))) {
            ArgumentException error = assertThrows(ArgumentException.class, () -> {
                if (options instanceof ServerOptions server) {
                    TLS.createServer(server);
                } else {
                    TLS.connect((ConnectOptions) options);
                }
            });
            assertEquals("ERR_INVALID_ARG_TYPE", error.code());
            assertEquals(
                    "The \"options.blockList\" property must be an net.BlockList. Received type"
                            + " string ('x')",
                    error.getMessage());
        }
    }

    // ---- look-up ------------------------------------------------------------------------------

    /** What a look-up of the program's own is asked for. */
    private Lookup.Options asked(ConnectOptions options) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(options.loop(loop)
                    .host("some.name")
                    .port(1)
                    .lookup((name, wanted, result) -> done.complete(wanted)));
            client.on(EventEmitter.ERROR, error -> {});
            loop.setImmediate(client::destroy);
        });
    }

    @Test
    void aLookUpGetsFamilyAndHintsAsInNode() throws Exception {
        int both = Lookup.V4MAPPED | Lookup.ALL;
        assertEquals(new Lookup.Options(true, 0, Lookup.ADDRCONFIG), asked(new ConnectOptions()));
        assertEquals(new Lookup.Options(true, 0, both), asked(new ConnectOptions().hints(both)));
        assertEquals(new Lookup.Options(false, 6, 0), asked(new ConnectOptions().family(6)));
        assertEquals(
                new Lookup.Options(false, 4, 16),
                asked(new ConnectOptions().family("IPv4").hints(Lookup.ALL)));
        assertEquals(
                new Lookup.Options(false, 0, Lookup.ADDRCONFIG),
                asked(new ConnectOptions().autoSelectFamily(false)));
    }

    @Test
    void hintsReachTheSystemsLookUp() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
            server.listen(0, "127.0.0.1", () -> {
                // In IPv6 alone localhost may be there or not, but mapped it is always.
                TLSSocket client = TLS.connect(clientOptions(server)
                        .host("localhost")
                        .family(6)
                        .hints(Lookup.V4MAPPED | Lookup.ALL)
                        .lookup((name, options, result) -> Lookup.system()
                                .lookup(name, options, (error, found) -> {
                                    List<Lookup.Address> mapped = found.stream()
                                            .filter(each -> each.address().startsWith("::ffff:"))
                                            .toList();
                                    result.done(error, mapped);
                                })));
                client.on(
                        Socket.LOOKUP, (error, ip, family, host) -> events.add(ip + " " + family));
                client.on(TLSSocket.SECURE_CONNECT, () -> events.add("secureConnect"));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.resume();
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(events)));
            });
        });
        assertEquals(List.of("::ffff:127.0.0.1 6", "secureConnect"), log);
    }

    @Test
    void aClientComesFromWhereItIsTold() throws Exception {
        String from = run(done -> {
            String[] seen = {null};
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                seen[0] = socket.remoteAddress() + " " + socket.remotePort();
                socket.end();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSServer other = TLS.createServer(serverOptions());
                other.listen(0, "127.0.0.3", () -> {
                    // A port that was free on another address.
                    int port = other.address().port();
                    TLSSocket client = TLS.connect(
                            clientOptions(server).localAddress("127.0.0.2").localPort(port));
                    client.on(EventEmitter.ERROR, done::completeExceptionally);
                    client.resume();
                    client.on(
                            Socket.CLOSE,
                            hadError -> other.close(ignored -> server.close(error ->
                                    done.complete(seen[0].replace(" " + port, " as told")))));
                });
            });
        });
        assertEquals("127.0.0.2 as told", from);
    }

    @Test
    void theTimeoutOfAClientIsAnEvent() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).timeout(30));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.once(Socket.TIMEOUT, () -> {
                    assertEquals(30, client.timeout());
                    assertFalse(client.destroyed());
                    client.destroy();
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    // ---- setOptions ---------------------------------------------------------------------------

    @Test
    @SuppressWarnings("deprecation")
    void setOptionsChangesWhatConnectionsReadAndNotTheContext() throws Exception {
        TLSServer server = TLS.createServer(serverOptions().ALPNProtocols(List.of("old")));
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        assertEquals("old RSA false", visit(server, "old"));
        server.setOptions(new ServerOptions()
                .ALPNProtocols(List.of("new"))
                        .requestCert(true)
                        .rejectUnauthorized(false)
                        .key(fixture("server-ecdsa-key.pem"))
                        .cert(fixture("server-ecdsa-cert.pem"))
                        .ciphers("ECDHE-RSA-AES128-GCM-SHA256"));
        assertTrue(server.requestCert());
        assertFalse(server.rejectUnauthorized());
        assertEquals("ECDHE-RSA-AES128-GCM-SHA256", server.options().get("ciphers"));
        assertEquals(fixture("server-ecdsa-key.pem"), server.options().get("key"));
        // The certificate is the one of before.
        assertEquals("new RSA true", visit(server, "new"));
        server.setOptions(new ServerOptions());
        assertFalse(server.requestCert());
        assertTrue(server.rejectUnauthorized());
        assertEquals(true, server.options().get("honorCipherOrder"));
        assertEquals(32, ((String) server.options().get("sessionIdContext")).length());
        assertEquals("new RSA false", visit(server, "new"));
        assertEquals(
                "ERR_INVALID_ARG_TYPE",
                assertThrows(ArgumentException.class, () -> server.setOptions(null))
                        .code());
        server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
    }

    /** The protocol, the kind of certificate, and whether the client was asked for its own. */
    private String visit(TLSServer server, String protocol) throws Exception {
        return run(done -> {
            boolean[] asked = {false};
            server.once(TLSServer.SECURE_CONNECTION, socket -> {
                asked[0] = "UNABLE_TO_GET_ISSUER_CERT".equals(socket.authorizationError());
                socket.end();
            });
            TLSSocket client = TLS.connect(clientOptions(server).ALPNProtocols(List.of(protocol)));
            String[] seen = {null};
            client.on(
                    TLSSocket.SECURE_CONNECT,
                    () -> seen[0] = client.alpnProtocol()
                            + (client.getPeerX509Certificate()
                                            .getPublicKey()
                                            .getAlgorithm()
                                            .equals("RSA")
                                    ? " RSA "
                                    : " EC "));
            client.resume();
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> done.complete(seen[0] + asked[0]));
        });
    }

    @Test
    @SuppressWarnings("deprecation")
    void ticketKeysOfSetOptionsCountWithTheNextContext() {
        byte[] keys = new byte[48];
        keys[5] = 1;
        TLSServer server = TLS.createServer(serverOptions());
        server.setOptions(new ServerOptions().ticketKeys(keys));
        assertFalse(Arrays.equals(keys, server.getTicketKeys()));
        server.setSecureContext(serverOptions());
        assertArrayEquals(keys, server.getTicketKeys());
        server.close();
    }

    // ---- sockets made by hand -----------------------------------------------------------------

    private interface Two {
        void with(TLSSocket server, TLSSocket client) throws Exception;
    }

    private static TLSSocketOptions server() {
        return new TLSSocketOptions()
                .isServer(true)
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"));
    }

    private static TLSSocketOptions client() {
        return new TLSSocketOptions().ca(fixture("ca1-cert.pem"));
    }

    private static void two(
            Duplex below, TLSSocketOptions server, Duplex other, TLSSocketOptions client, Two body)
            throws Exception {
        TLSSocket there = new TLSSocket(below, server);
        TLSSocket here = new TLSSocket(other, client);
        body.with(there, here);
        here.write("");
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void pauseOnConnectLetsDataWait(boolean ofServer) throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            DuplexPair pair = DuplexPair.create();
            TLSSocketOptions first = server();
            TLSSocketOptions second = client();
            (ofServer ? first : second).pauseOnConnect(true);
            two(pair.first(), first, pair.second(), second, (there, here) -> {
                TLSSocket paused = ofServer ? there : here;
                TLSSocket other = ofServer ? here : there;
                assertTrue(paused.isPaused());
                assertFalse(other.isPaused());
                paused.on(Readable.DATA, bytes -> {
                    events.add("data " + text(bytes));
                    here.destroy();
                    there.destroy();
                    done.complete(events);
                });
                paused.on(TLSSocket.SECURE, () -> {
                    events.add("secure");
                    other.write("x");
                    loop.setTimeout(
                            () -> {
                                events.add("resume");
                                paused.resume();
                            },
                            20);
                });
                here.write("hello");
                there.on(EventEmitter.ERROR, done::completeExceptionally);
                here.on(EventEmitter.ERROR, done::completeExceptionally);
            });
        });
        assertEquals(List.of("secure", "resume"), log.subList(0, 2));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void allowHalfOpenIsThatOfTheStreamBelow(boolean below) throws Exception {
        run(done -> {
            Socket raw = new Socket(
                    new io.github.securepair.net.SocketOptions().loop(loop).allowHalfOpen(below));
            for (boolean ofServer : new boolean[] {true, false}) {
                TLSSocketOptions options = (ofServer ? server() : client()).allowHalfOpen(!below);
                TLSSocket socket = new TLSSocket(raw, options);
                assertEquals(below, socket.allowHalfOpen());
                socket.destroy();
            }
            TLSSocket alone = new TLSSocket(client().loop(loop).allowHalfOpen(below));
            assertEquals(below, alone.allowHalfOpen());
            alone.destroy();
            raw.destroy();
            done.complete(null);
        });
    }

    @ParameterizedTest
    @CsvSource({"true,MODERN", "false,MODERN", "true,NODE_0_12", "false,NODE_0_12"})
    void handshakeTimeoutOfASocketMadeByHand(boolean ofServer, Profile profile) throws Exception {
        EventLoop timed = EventLoop.create();
        ManualClock clock = timed.manualClock();
        try {
            List<String> events = new ArrayList<>();
            TLSSocket[] made = {null};
            timed.submit(() -> {
                        DuplexPair pair = DuplexPair.create();
                        made[0] = new TLSSocket(
                                pair.first(),
                                (ofServer ? server() : client())
                                        .profile(profile)
                                        .handshakeTimeout(5000));
                        made[0].on(EventEmitter.ERROR, error -> events.add(Coded.codeOf(error)));
                        return null;
                    })
                    .get(SECONDS, TimeUnit.SECONDS);
            clock.advance(4999);
            assertEquals(
                    List.of(),
                    timed.submit(() -> List.copyOf(events)).get(SECONDS, TimeUnit.SECONDS));
            clock.advance(1);
            timed.submit(() -> {
                        assertEquals(List.of("ERR_TLS_HANDSHAKE_TIMEOUT"), events);
                        // In Node, and with its old profile, the socket is still there.
                        assertEquals(profile == Profile.MODERN, made[0].destroyed());
                        made[0].destroy();
                        return null;
                    })
                    .get(SECONDS, TimeUnit.SECONDS);
        } finally {
            timed.close();
            timed.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void enableTraceOfASocketMadeByHand(boolean ofServer) throws Exception {
        StringBuilder caught = new StringBuilder();
        Logger logger = Logger.getLogger("io.github.securepair.tls.trace");
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                caught.append(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        try {
            run(done -> {
                DuplexPair pair = DuplexPair.create();
                TLSSocketOptions first = server();
                TLSSocketOptions second = client();
                (ofServer ? first : second).enableTrace(true);
                two(pair.first(), first, pair.second(), second, (there, here) -> {
                    here.write("x");
                    there.once(Readable.DATA, bytes -> {
                        there.destroy();
                        here.destroy();
                        done.complete(null);
                    });
                });
            });
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        String shown = caught.toString();
        assertTrue(shown.startsWith(ofServer ? "Received" : "Sent"), shown);
        assertTrue(shown.contains("ClientHello"), shown);
        assertThrows(
                ArgumentException.class,
                () -> new TLSSocket(new TLSSocketOptions().loop(loop).set("enableTrace", "yes")));
    }

    @Test
    void pskCallbacksOfSocketsMadeByHand() throws Exception {
        byte[] key = new byte[16];
        String identity = run(done -> {
            DuplexPair pair = DuplexPair.create();
            String[] seen = {null};
            TLSSocketOptions first = new TLSSocketOptions()
                    .isServer(true)
                    .ciphers("PSK")
                    .maxVersion("TLSv1.2")
                    .pskIdentityHint("a hint")
                    .pskCallback((socket, name) -> {
                        seen[0] = name;
                        return new PSKCallback.Psk(key);
                    });
            TLSSocketOptions second = new TLSSocketOptions()
                    .ciphers("PSK")
                    .maxVersion("TLSv1.2")
                    .pskCallback((socket, hint) -> new PSKCallback.Psk(key, "me, after " + hint));
            two(pair.first(), first, pair.second(), second, (there, here) -> {
                there.on(EventEmitter.ERROR, done::completeExceptionally);
                here.on(EventEmitter.ERROR, done::completeExceptionally);
                here.write("x");
                there.once(Readable.DATA, bytes -> {
                    there.destroy();
                    here.destroy();
                    done.complete(seen[0]);
                });
            });
        });
        assertEquals("me, after a hint", identity);
    }

    @Test
    void aSignalEndsASocketMadeByHand() throws Exception {
        Throwable error = run(done -> {
            AbortController controller = new AbortController();
            DuplexPair pair = DuplexPair.create();
            TLSSocket socket = new TLSSocket(pair.first(), client().signal(controller.signal()));
            socket.on(EventEmitter.ERROR, done::complete);
            controller.abort();
        });
        assertEquals("ABORT_ERR", Coded.codeOf(error));
    }

    // ---- what would have no effect is an error ------------------------------------------------

    @Test
    void npnNeedsAContextThatWasMadeForIt() throws Exception {
        try (SecureContext without = TLS.createSecureContext(client());
                SecureContext with = TLS.createSecureContext(client().NPNProtocols(List.of("a")))) {
            run(done -> {
                ConnectOptions options =
                        new ConnectOptions().loop(loop).port(1).NPNProtocols(List.of("a"));
                ArgumentException error = assertThrows(
                        ArgumentException.class,
                        () -> TLS.connect(options.copy().secureContext(without)));
                assertEquals("ERR_INVALID_ARG_VALUE", error.code());
                assertTrue(error.getMessage().contains("NPNProtocols"), error.getMessage());
                TLSSocket good = TLS.connect(options.copy().secureContext(with));
                good.on(EventEmitter.ERROR, ignored -> {});
                good.destroy();
                done.complete(null);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"loop", "loops"})
    void aLoopMustBeOne(String name) {
        ArgumentException error = assertThrows(
                ArgumentException.class, () -> TLS.createServer(serverOptions().set(name, "x")));
        assertEquals("ERR_INVALID_ARG_TYPE", error.code());
        if (name.equals("loop")) {
            assertEquals(
                    "ERR_INVALID_ARG_TYPE",
                    assertThrows(
                                    ArgumentException.class,
                                    () -> TLS.connect(
                                            new ConnectOptions().port(1).set(name, 5)))
                            .code());
        }
    }
}
