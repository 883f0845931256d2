package io.github.securepair.net;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * Does what node/net.js does, step by step, and compares the trace with the one recorded from Node.
 * A scenario's name is that of the method.
 */
class NetParityTest extends NetScenarios {

    // ---- scenarios ----------------------------------------------------------------------------

    @Test
    void echo() throws Exception {
        compare((t, done) -> listening(
                t,
                server(),
                c -> {
                    t.data("conn", t.watch("conn", c));
                    t.state("conn", c);
                    c.on(Socket.DATA, c::write);
                    c.on(Socket.END, () -> t.state("conn", c));
                    c.on(Socket.CLOSE, hadError -> t.state("conn", c));
                },
                (server, port) -> {
                    Socket client =
                            t.data("client", t.watch("client", Net.connect(port, LOOPBACK)));
                    t.state("client", client);
                    client.on(Socket.CONNECT, () -> {
                        t.port("CLIENT", client.localPort());
                        t.state("client", client);
                        t.addresses("client", client);
                        client.write("hello");
                    });
                    client.on(Socket.DATA, chunk -> {
                        t.state("client", client);
                        client.end();
                        t.state("client", client);
                    });
                    client.on(Socket.CLOSE, hadError -> {
                        t.state("client", client);
                        t.addresses("client", client);
                        server.close();
                    });
                    whenClosed(server, done);
                }));
    }

    @Test
    void connectListener() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end(), (server, port) -> {
            Socket client = Net.connect(to(port), () -> t.log("client", "listener"));
            t.watch("client", client);
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void refused() throws Exception {
        compare((t, done) -> closedPort(port -> {
            t.port("PORT", port);
            Socket client = t.watch("client", Net.connect(port, LOOPBACK));
            client.on(Socket.ERROR, error -> t.state("client", client));
            client.on(Socket.CLOSE, hadError -> t.state("client", client));
            whenClosed(client, done);
        }));
    }

    @Test
    void refusedWithLocalAddress() throws Exception {
        compare((t, done) -> closedPort(port -> closedPort(localPort -> {
            t.port("PORT", port);
            t.port("LOCAL", localPort);
            Socket client = t.watch(
                    "client", Net.connect(to(port).localAddress(LOOPBACK).localPort(localPort)));
            client.on(Socket.ERROR, error -> {
                ConnectException e = (ConnectException) error;
                t.log(
                        "client",
                        "local " + NetTrace.show(e.localAddress()) + " "
                                + NetTrace.show(e.localPort()));
            });
            whenClosed(client, done);
        })));
    }

    @Test
    void localAddressInUse() throws Exception {
        compare((t, done) -> listening(t, server(), c -> {}, (server, port) -> {
            Socket client = t.watch(
                    "client", Net.connect(to(port).localAddress(LOOPBACK).localPort(port)));
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void localAddressForeign() throws Exception {
        compare((t, done) -> closedPort(port -> {
            t.port("PORT", port);
            Socket client = t.watch("client", Net.connect(to(port).localAddress("192.0.2.1")));
            whenClosed(client, done);
        }));
    }

    @Test
    void localPortChosen() throws Exception {
        compare((t, done) -> closedPort(localPort -> {
            t.port("LOCAL", localPort);
            listening(
                    t,
                    server(),
                    c -> {
                        t.addresses("conn", c);
                        c.end();
                    },
                    (server, port) -> {
                        Socket client =
                                t.watch("client", Net.connect(to(port).localPort(localPort)));
                        client.on(Socket.CONNECT, () -> t.addresses("client", client));
                        client.resume();
                        whenClosed(client, () -> close(server, done));
                    });
        }));
    }

    @Test
    void lookupOne() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end(), (server, port) -> {
            Socket client = t.watch("client", Net.connect(name(port, LOOPBACK)));
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void lookupFamilyFour() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end(), (server, port) -> {
            Socket client = t.watch("client", Net.connect(name(port, LOOPBACK).family(4)));
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    private static SocketConnectOptions some() {
        return new SocketConnectOptions().port(1).host("some.name");
    }

    @Test
    void lookupOptions() throws Exception {
        compare((t, done) -> {
            List<SocketConnectOptions> all = List.of(
                    some(),
                    some().family(4),
                    some().family(6),
                    some().family("IPv6"),
                    some().hints(Lookup.V4MAPPED | Lookup.ALL),
                    some().family(4).hints(Lookup.ALL),
                    some().autoSelectFamily(false),
                    some().localAddress(LOOPBACK));
            int[] left = {all.size()};
            for (SocketConnectOptions each : all) {
                Socket client = Net.connect(each.lookup((host, options, result) -> {
                    t.log(
                            "lookup",
                            host + " " + options.all() + " " + options.family() + " "
                                    + options.hints());
                    loop.nextTick(() -> result.done(new Exception("enough"), List.of()));
                }));
                client.on(Socket.ERROR, error -> {
                    if (--left[0] == 0) {
                        done.run();
                    }
                });
            }
        });
    }

    @Test
    void lookupArguments() throws Exception {
        compare((t, done) -> {
            t.attempt("net", "family 5", () -> Net.connect(some().family(5)));
            t.attempt("net", "family -1", () -> Net.connect(some().family(-1)));
            t.attempt("net", "family x", () -> Net.connect(some().family("x")));
            t.attempt("net", "hints 5", () -> Net.connect(some().hints(5)));
            t.attempt("net", "hints -1", () -> Net.connect(some().hints(-1)));
            t.attempt("net", "mark -1", () -> Net.connect(some().highWaterMark(-1)));
            done.run();
        });
    }

    @Test
    void lookupFails() throws Exception {
        compare((t, done) -> {
            Lookup fails = (host, options, result) -> loop.nextTick(
                    () -> result.done(new LookupException("ENOTFOUND", host), List.of()));
            Socket client = t.watch(
                    "client",
                    Net.connect(
                            new SocketConnectOptions().port(1).host("no.name").lookup(fails)));
            client.on(
                    Socket.ERROR,
                    error -> t.log("client", "hostname " + ((LookupException) error).hostname()));
            whenClosed(client, done);
        });
    }

    @Test
    void lookupNotAnAddress() throws Exception {
        compare((t, done) -> {
            Socket client = t.watch(
                    "client",
                    Net.connect(new SocketConnectOptions()
                            .port(1)
                            .host("no.name")
                            .family(4)
                            .lookup(lookupOf("what"))));
            whenClosed(client, done);
        });
    }

    @Test
    void secondAddressAnswers() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end(), (server, port) -> {
            Socket client =
                    t.watch("client", Net.connect(name(port, "127.0.0.2", "::1", LOOPBACK)));
            client.resume();
            client.on(
                    Socket.CONNECT,
                    () -> t.log(
                            "client",
                            "attempted "
                                    + String.join(
                                            ",", client.autoSelectFamilyAttemptedAddresses())));
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void allAddressesRefuse() throws Exception {
        compare((t, done) -> closedPort(port -> {
            t.port("PORT", port);
            Socket client = t.watch("client", Net.connect(name(port, LOOPBACK, "::1")));
            whenClosed(client, done);
        }));
    }

    @Test
    void firstAddressOnlyWithoutAutoSelect() throws Exception {
        compare((t, done) -> closedPort(port -> {
            t.port("PORT", port);
            Socket client = t.watch(
                    "client", Net.connect(name(port, LOOPBACK, "::1").autoSelectFamily(false)));
            whenClosed(client, done);
        }));
    }

    @Test
    void unixEcho() throws Exception {
        compare((t, done) -> {
            String file = t.unix("echo.sock");
            Server server = t.watchServer("server", Net.createServer(c -> {
                t.watch("conn", c);
                t.addresses("conn", c);
                c.pipe(c);
            }));
            server.listen(file, () -> {
                t.log("server", "address " + server.address());
                t.log("server", "file " + Files.exists(Path.of(file)));
                Socket client = t.data("client", t.watch("client", Net.connect(file)));
                client.on(Socket.CONNECT, () -> {
                    t.addresses("client", client);
                    client.end("over a path");
                });
                whenClosed(
                        client,
                        () -> server.close(error -> {
                            t.log("server", "file " + Files.exists(Path.of(file)));
                            t.log("server", "address " + server.address());
                            done.run();
                        }));
            });
        });
    }

    @Test
    void unixNoSuchFile() throws Exception {
        compare((t, done) -> {
            Socket client = t.watch(
                    "client", Net.connect(new SocketConnectOptions().path(t.unix("none.sock"))));
            whenClosed(client, done);
        });
    }

    @Test
    void unixInUse() throws Exception {
        compare((t, done) -> {
            String file = t.unix("twice.sock");
            Server first = Net.createServer();
            first.listen(file, () -> {
                Server second = t.watchServer("server", Net.createServer());
                second.on(Server.ERROR, error -> close(first, done));
                second.listen(file);
            });
        });
    }

    @Test
    void unixStaleFileRefuses() throws Exception {
        compare((t, done) -> {
            String file = t.unix("stale.sock");
            Files.writeString(Path.of(file), "");
            Socket client = t.watch("client", Net.connect(file));
            whenClosed(client, () -> {
                Server server = t.watchServer("server", Net.createServer());
                server.on(Server.ERROR, error -> done.run());
                server.listen(file);
            });
        });
    }

    @Test
    void halfOpenServer() throws Exception {
        compare((t, done) -> listening(
                t,
                server().allowHalfOpen(true),
                c -> {
                    t.data("conn", t.watch("conn", c));
                    c.on(Socket.END, () -> {
                        t.state("conn", c);
                        c.write("late ");
                        loop.setImmediate(() -> c.end("bye"));
                    });
                },
                (server, port) -> {
                    Socket client = new Socket();
                    t.watch("client", client);
                    client.connect(port, LOOPBACK, () -> client.end("done"));
                    StringBuilder got = new StringBuilder();
                    client.on(Socket.DATA, chunk -> got.append(NetTrace.string(chunk)));
                    client.on(Socket.END, () -> t.log("client", "got " + got));
                    client.on(Socket.FINISH, () -> t.state("client", client));
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void halfOpenClient() throws Exception {
        compare((t, done) -> listening(
                t,
                server(),
                c -> {
                    t.data("conn", t.watch("conn", c));
                    c.end("first");
                },
                (server, port) -> {
                    Socket client = t.data(
                            "client", t.watch("client", Net.connect(to(port).allowHalfOpen(true))));
                    client.on(Socket.END, () -> {
                        t.state("client", client);
                        loop.setImmediate(() -> client.end("answer"));
                    });
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void writeAfterPeerEnded() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume().end("x"), (server, port) -> {
            Socket client = t.data("client", t.watch("client", Net.connect(port, LOOPBACK)));
            client.on(
                    Socket.END,
                    () -> loop.setImmediate(() -> {
                        t.log("client", "ended " + client.writableEnded());
                        t.log("client", "write " + write(t, client));
                    }));
            whenClosed(client, () -> close(server, done));
        }));
    }

    private static boolean write(NetTrace t, Socket client) {
        return client.write("y", error -> t.log("client", "callback " + NetTrace.describe(error)));
    }

    @Test
    void writeAfterEnd() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            Socket client = t.watch("client", new Socket());
            prependConnect(client, port, () -> {
                client.end();
                t.log("client", "write " + write(t, client));
            });
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    /** As in net.connect(port, host, listener): the listener is called before those of watch(). */
    private static void prependConnect(Socket client, int port, Runnable listener) {
        client.prependOnceListener(Socket.CONNECT, listener::run);
        client.connect(port, LOOPBACK);
    }

    @Test
    void writeAfterDestroy() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            Socket client = t.watch("client", new Socket());
            prependConnect(client, port, () -> {
                client.destroy();
                t.state("client", client);
                t.log("client", "write " + write(t, client));
            });
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void writeBeforeConnect() throws Exception {
        compare((t, done) -> listening(
                t,
                server(),
                c -> {
                    StringBuilder got = new StringBuilder();
                    c.on(Socket.DATA, chunk -> got.append(NetTrace.string(chunk)));
                    c.on(Socket.END, () -> t.log("conn", "got " + got));
                },
                (server, port) -> {
                    Socket client = t.watch("client", Net.connect(port, LOOPBACK));
                    t.log(
                            "client",
                            "write " + client.write("one", error -> t.log("client", "wrote one")));
                    t.log(
                            "client",
                            "write " + client.write("two", error -> t.log("client", "wrote two")));
                    t.state("client", client);
                    t.log("client", "length " + client.writableLength());
                    client.end("three", error -> t.log("client", "ended"));
                    client.on(Socket.CONNECT, () -> t.state("client", client));
                    client.resume();
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void destroyBeforeConnect() throws Exception {
        compare((t, done) -> listening(t, server(), c -> {}, (server, port) -> {
            Socket client = t.watch("client", Net.connect(port, LOOPBACK));
            client.write("one", error -> t.log("client", "one " + NetTrace.describe(error)));
            client.write("two", error -> t.log("client", "two " + NetTrace.describe(error)));
            client.destroy();
            t.state("client", client);
            whenClosed(client, () -> close(server, done));
        }));
    }

    private static final class Mine extends io.github.securepair.errors.CodedException {
        private static final long serialVersionUID = 1L;

        Mine() {
            super("EMINE", "mine");
        }
    }

    @Test
    void destroyWithError() throws Exception {
        compare((t, done) ->
                listening(t, server(), c -> t.watch("conn", c.resume()), (server, port) -> {
                    Socket client = t.watch("client", new Socket());
                    prependConnect(client, port, () -> {
                        client.destroy(new Mine());
                        client.destroy(new IOException("second"));
                        t.state("client", client);
                    });
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void destroyNeverConnected() throws Exception {
        compare((t, done) -> {
            Socket client = t.watch("client", new Socket());
            t.state("client", client);
            client.destroy();
            whenClosed(client, done);
        });
    }

    @Test
    void destroySoon() throws Exception {
        compare((t, done) -> listening(
                t,
                server(),
                c -> {
                    t.watch("conn", c);
                    int[] got = {0};
                    c.on(Socket.DATA, chunk -> got[0] += chunk.remaining());
                    c.on(Socket.END, () -> t.log("conn", "got " + got[0]));
                },
                (server, port) -> {
                    Socket client = t.watch("client", new Socket());
                    prependConnect(client, port, () -> {
                        client.write(zeros(100000));
                        client.destroySoon();
                        t.state("client", client);
                    });
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void reset() throws Exception {
        compare((t, done) -> {
            Socket client = new Socket();
            listening(
                    t,
                    server(),
                    c -> {
                        t.watch("conn", c.resume());
                        c.on(Socket.CLOSE, hadError -> t.state("conn", c));
                        c.once(Socket.DATA, chunk -> client.resetAndDestroy());
                    },
                    (server, port) -> {
                        t.watch("client", client);
                        client.connect(port, LOOPBACK, () -> client.write("x"));
                        client.on(Socket.CLOSE, hadError -> t.state("client", client));
                        whenClosed(client, () -> close(server, done));
                    });
        });
    }

    @Test
    void resetUnconnected() throws Exception {
        compare((t, done) -> {
            Socket client = t.watch("client", new Socket());
            client.resetAndDestroy();
            whenClosed(client, done);
        });
    }

    @Test
    void resetWhileConnecting() throws Exception {
        compare((t, done) ->
                listening(t, server(), c -> t.watch("conn", c.resume()), (server, port) -> {
                    Socket client = t.watch("client", Net.connect(port, LOOPBACK));
                    client.resetAndDestroy();
                    t.state("client", client);
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void resetUnix() throws Exception {
        compare((t, done) -> {
            String file = t.unix("reset.sock");
            Server server = Net.createServer(c -> c.resume());
            server.listen(file, () -> {
                Socket client = Net.connect(file);
                client.once(Socket.CONNECT, () -> {
                    t.attempt("client", "reset", client::resetAndDestroy);
                    client.destroy();
                });
                t.watch("client", client);
                whenClosed(client, () -> close(server, done));
            });
        });
    }

    @Test
    void idleTimeout() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            Socket client = t.watch("client", Net.connect(port, LOOPBACK));
            t.log("client", "timeout " + NetTrace.show((int) client.timeout()));
            client.setTimeout(20, () -> {
                t.log("client", "listener");
                t.log("client", "timeout " + client.timeout() + " destroyed " + client.destroyed());
                client.destroy();
            });
            client.ref();
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void timeoutOption() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            Socket client = t.watch("client", Net.connect(to(port).timeout(20)));
            t.log("client", "timeout " + client.timeout());
            client.on(Socket.TIMEOUT, client::end);
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void timeoutArguments() throws Exception {
        compare((t, done) -> {
            Socket client = new Socket();
            t.attempt("client", "setTimeout(-1)", () -> client.setTimeout(-1));
            t.attempt("client", "setTimeout(0)", () -> client.setTimeout(0));
            t.log("client", "timeout " + client.timeout());
            t.attempt("client", "setTimeout(5000)", () -> client.setTimeout(5000));
            t.log("client", "timeout " + client.timeout());
            client.destroy();
            whenClosed(client, done);
        });
    }

    @Test
    void pauseOnConnect() throws Exception {
        compare((t, done) -> listening(
                t,
                server().pauseOnConnect(true),
                c -> {
                    t.data("conn", t.watch("conn", c));
                    t.log("conn", "paused " + c.isPaused());
                    loop.setImmediate(() -> loop.setImmediate(() -> {
                        t.log("conn", "read " + c.bytesRead());
                        c.resume();
                    }));
                },
                (server, port) -> {
                    Socket client = t.watch("client", new Socket());
                    prependConnect(client, port, () -> client.end("held back"));
                    client.resume();
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void maxConnections() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer(c -> c.resume()));
            server.maxConnections(1);
            server.listen(0, LOOPBACK, () -> {
                int port = server.address().port();
                t.port("PORT", port);
                secondOfTwo(t, done, server, () -> Net.connect(port, LOOPBACK));
            });
        });
    }

    @Test
    void maxConnectionsUnix() throws Exception {
        compare((t, done) -> {
            String file = t.unix("max.sock");
            Server server = t.watchServer("server", Net.createServer(c -> c.resume()));
            server.maxConnections(1);
            server.listen(file, () -> secondOfTwo(t, done, server, () -> Net.connect(file)));
        });
    }

    private void secondOfTwo(NetTrace t, Runnable done, Server server, Supplier<Socket> connect) {
        Socket one = connect.get();
        one.on(Socket.CONNECT, () -> {
            Socket two = t.watch("two", connect.get());
            two.on(Socket.CONNECT, () -> {
                if (two.localPort() > 0) {
                    t.port("TWO", two.localPort());
                }
            });
            two.resume();
            two.on(Socket.CLOSE, hadError -> {
                one.end();
                one.resume();
                server.close(error -> loop.setImmediate(done));
            });
        });
    }

    @Test
    void serverClose() throws Exception {
        compare((t, done) -> {
            Socket client = new Socket();
            Server[] self = {null};
            Server server = t.watchServer("server", Net.createServer(c -> {
                Server it = self[0];
                c.resume();
                it.close(error -> t.log("server", "callback " + NetTrace.describe(error)));
                t.log("server", "listening " + it.listening() + " address " + it.address());
                it.getConnections((error, n) -> {
                    t.log("server", "connections " + n);
                    client.end();
                });
            }));
            self[0] = server;
            server.listen(0, LOOPBACK, () -> {
                t.log("server", "listening " + server.listening());
                client.connect(server.address().port(), LOOPBACK);
                client.resume();
            });
            server.on(
                    Server.CLOSE,
                    () -> server.close(error -> {
                        t.log("server", "again " + NetTrace.describe(error));
                        server.removeAllListeners("close");
                        loop.setImmediate(done);
                    }));
        });
    }

    @Test
    void serverCloseNotRunning() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer());
            server.close(error -> {
                t.log("server", "callback " + NetTrace.describe(error));
                loop.setImmediate(done);
            });
            t.log("server", "returned");
        });
    }

    @Test
    void serverCloseBeforeListening() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer());
            server.listen(0, LOOPBACK);
            t.log("server", "listening " + server.listening());
            server.close(error -> {
                t.log("server", "callback " + NetTrace.describe(error));
                loop.setImmediate(done);
            });
        });
    }

    @Test
    void listenTwice() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer());
            server.listen(0, LOOPBACK, () -> {
                t.attempt("server", "listen", () -> server.listen(0));
                server.close(error -> server.listen(0, LOOPBACK, () -> {
                    t.log("server", "family " + server.address().family());
                    close(server, done);
                }));
            });
        });
    }

    @Test
    void listenDefaultHost() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer(c -> {
                t.port("CLIENT", c.remotePort());
                t.addresses("conn", c);
                c.end();
            }));
            t.log("server", "address " + server.address());
            server.listen(() -> {
                t.port("PORT", server.address().port());
                t.log("server", "address " + NetTrace.facts(server.address()));
                Socket client = Net.connect(server.address().port(), LOOPBACK).resume();
                client.on(Socket.CLOSE, hadError -> close(server, done));
            });
        });
    }

    @Test
    void listenInUse() throws Exception {
        compare((t, done) -> listening(t, server(), c -> {}, (first, port) -> {
            Server server = t.watchServer("server", Net.createServer());
            server.on(Server.ERROR, error -> {
                t.log("server", "listening " + server.listening());
                close(first, done);
            });
            server.listen(port, LOOPBACK, () -> t.log("server", "never"));
            t.log("server", "listening " + server.listening());
        }));
    }

    @Test
    void listenForeignAddress() throws Exception {
        compare((t, done) -> {
            Server server = t.watchServer("server", Net.createServer());
            server.on(Server.ERROR, error -> done.run());
            server.listen(0, "192.0.2.1");
        });
    }

    @Test
    void listenArguments() throws Exception {
        compare((t, done) -> {
            listenWith(t, "port 70000", s -> s.listen(70000));
            listenWith(t, "port -1", s -> s.listen(-1));
            listenWith(t, "option port 65536", s -> s.listen(new ListenOptions().port(65536)));
            listenWith(t, "empty options", s -> s.listen(new ListenOptions()));
            listenWith(t, "string port", s -> s.listen("0"));
            done.run();
        });
    }

    private static void listenWith(
            NetTrace t, String label, java.util.function.UnaryOperator<Server> call) {
        Server server = Net.createServer();
        server.on(Server.ERROR, error -> {});
        t.attempt("server", label, () -> call.apply(server));
        server.close();
    }

    @Test
    void connectArguments() throws Exception {
        compare((t, done) -> {
            connectWith(t, "no port", new SocketConnectOptions());
            connectWith(t, "nothing", new SocketConnectOptions());
            connectWith(t, "port 65536", new SocketConnectOptions().port(65536));
            connectWith(t, "port -1", to(-1));
            connectWith(t, "port text", new SocketConnectOptions().port("abc"));
            connectWith(
                    t,
                    "port numeric text",
                    new SocketConnectOptions().port("80").host(LOOPBACK));
            connectWith(
                    t,
                    "local address a name",
                    new SocketConnectOptions().port(80).localAddress("localhost"));
            connectWith(
                    t,
                    "attempt timeout 0",
                    new SocketConnectOptions().port(80).autoSelectFamilyAttemptTimeout(0));
            done.run();
        });
    }

    private static void connectWith(NetTrace t, String label, SocketConnectOptions options) {
        Socket client = new Socket();
        client.on(Socket.ERROR, error -> {});
        t.attempt("client", label, () -> client.connect(options));
        client.destroy();
    }

    @Test
    void reconnect() throws Exception {
        compare((t, done) -> {
            int[] count = {0};
            listening(t, server(), c -> c.end("hello " + ++count[0]), (server, port) -> {
                Socket client = t.data("client", t.watch("client", Net.connect(port, LOOPBACK)));
                client.once(Socket.CLOSE, hadError -> {
                    client.connect(port, LOOPBACK);
                    t.state("client", client);
                    client.once(Socket.CLOSE, again -> {
                        t.state("client", client);
                        close(server, done);
                    });
                });
            });
        });
    }

    @Test
    void onread() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end("abcdefghij"), (server, port) -> {
            StringBuilder got = new StringBuilder();
            Socket client = t.data(
                    "client",
                    t.watch(
                            "client",
                            Net.connect(to(port).onread(
                                            Onread.of(ByteBuffer.allocate(4), (n, b) -> {
                                                got.append(StandardCharsets.ISO_8859_1.decode(b));
                                                return true;
                                            })))));
            client.on(
                    Socket.END,
                    () -> t.log("client", "got " + got + " bytesRead " + client.bytesRead()));
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void onreadStops() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end("abcdefgh"), (server, port) -> {
            Socket[] self = {null};
            Socket client = t.watch(
                    "client",
                    Net.connect(to(port).onread(Onread.of(ByteBuffer.allocateDirect(4), (n, b) -> {
                        t.log("client", "read " + StandardCharsets.ISO_8859_1.decode(b));
                        loop.setImmediate(() -> {
                            t.log("client", "resume");
                            self[0].resume();
                        });
                        return false;
                    }))));
            self[0] = client;
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void abortConnected() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            AbortController controller = new AbortController();
            Socket client = t.watch("client", Net.connect(to(port).signal(controller.signal())));
            client.on(
                    Socket.CONNECT,
                    () -> loop.setImmediate(() -> {
                        controller.abort();
                        t.state("client", client);
                    }));
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void abortBefore() throws Exception {
        compare((t, done) -> {
            AbortController controller = new AbortController();
            controller.abort();
            Socket client =
                    t.watch("client", new Socket(new SocketOptions().signal(controller.signal())));
            whenClosed(client, done);
        });
    }

    @Test
    void abortListening() throws Exception {
        compare((t, done) -> {
            AbortController controller = new AbortController();
            Server server = t.watchServer("server", Net.createServer());
            server.listen(
                    new ListenOptions().port(0).host(LOOPBACK).signal(controller.signal()),
                    controller::abort);
            whenClosed(server, done);
        });
    }

    @Test
    void corkedWrites() throws Exception {
        compare((t, done) -> listening(
                t,
                server(),
                c -> {
                    StringBuilder got = new StringBuilder();
                    c.on(Socket.DATA, chunk -> got.append(NetTrace.string(chunk)));
                    c.on(Socket.END, () -> t.log("conn", "got " + got));
                },
                (server, port) -> {
                    Socket client = t.watch("client", new Socket());
                    prependConnect(client, port, () -> {
                        client.cork();
                        client.write("a");
                        client.write("b");
                        t.log(
                                "client",
                                "length " + client.writableLength() + " written "
                                        + client.bytesWritten());
                        client.uncork();
                        t.log(
                                "client",
                                "length " + client.writableLength() + " written "
                                        + client.bytesWritten());
                        client.write("c", error -> t.log("client", "callback"));
                        client.end();
                    });
                    client.resume();
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void drain() throws Exception {
        compare((t, done) -> {
            Socket[] conn = {null};
            listening(t, server().pauseOnConnect(true), c -> conn[0] = c, (server, port) -> {
                Socket client = t.watch("client", new Socket());
                prependConnect(client, port, () -> {
                    t.log(
                            "client",
                            "marks " + client.readableHighWaterMark() + " "
                                    + client.writableHighWaterMark());
                    t.log(
                            "client",
                            "write "
                                    + client.write(
                                            zeros(20000000), error -> t.log("client", "callback")));
                    t.log("client", need(client));
                    loop.setImmediate(() -> conn[0].resume());
                });
                client.on(Socket.DRAIN, client::end);
                client.resume();
                whenClosed(client, () -> close(server, done));
            });
        });
    }

    private static String need(Socket client) {
        return "need " + client.writableNeedDrain() + " length " + client.writableLength()
                + " written " + client.bytesWritten();
    }

    @Test
    void writeTakenAtOnce() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.resume(), (server, port) -> {
            Socket client = t.watch("client", new Socket());
            prependConnect(client, port, () -> {
                t.log(
                        "client",
                        "write "
                                + client.write(zeros(20000), error -> {
                                    t.log("client", "callback");
                                    client.end();
                                }));
                t.log("client", need(client));
            });
            client.resume();
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void highWaterMark() throws Exception {
        compare((t, done) -> listening(
                t,
                server().highWaterMark(1000),
                c -> {
                    t.log(
                            "conn",
                            "marks " + c.readableHighWaterMark() + " " + c.writableHighWaterMark());
                    c.end();
                },
                (server, port) -> {
                    Socket client = Net.connect(to(port).highWaterMark(2000));
                    t.log(
                            "client",
                            "marks " + client.readableHighWaterMark() + " "
                                    + client.writableHighWaterMark());
                    client.resume();
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void injectedConnection() throws Exception {
        compare((t, done) -> {
            Socket mine = new Socket();
            Server server = t.watchServer(
                    "server", Net.createServer(s -> t.log("server", "got " + (s == mine))));
            server.emit("connection", mine);
            server.getConnections((error, n) -> {
                t.log("server", "connections " + n);
                done.run();
            });
        });
    }

    @Test
    void isIP() throws Exception {
        compare((t, done) -> {
            for (String text : new String[] {
                "127.0.0.1",
                "1.2.3",
                "1.2.3.256",
                "01.2.3.4",
                "::",
                "::1",
                "fe80::1%eth0",
                "::ffff:1.2.3.4",
                "1::2::3",
                "x",
                "",
                "1:2:3:4:5:6:7:8",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "::1%",
                "1.2.3.4%e",
                "12345::",
                ":1",
                "1:",
                "::1.2.3",
                "fe80::%1"
            }) {
                t.log(
                        "ip",
                        "'" + text + "' " + Net.isIP(text) + " " + Net.isIPv4(text) + " "
                                + Net.isIPv6(text));
            }
            done.run();
        });
    }

    @Test
    void endAtOnce() throws Exception {
        compare((t, done) ->
                listening(t, server(), c -> t.watch("conn", c.resume()), (server, port) -> {
                    Socket client = t.watch("client", Net.connect(port, LOOPBACK));
                    client.end();
                    t.state("client", client);
                    client.resume();
                    whenClosed(client, () -> close(server, done));
                }));
    }

    @Test
    void unreadDataHoldsTheEnd() throws Exception {
        compare((t, done) -> listening(t, server(), c -> c.end("unread"), (server, port) -> {
            Socket client = t.watch("client", Net.connect(port, LOOPBACK));
            client.once(Socket.READABLE, () -> {
                t.state("client", client);
                loop.setImmediate(() -> {
                    Object read = client.read();
                    t.log(
                            "client",
                            "read " + (read == null ? "null" : NetTrace.string((ByteBuffer) read)));
                });
            });
            whenClosed(client, () -> close(server, done));
        }));
    }

    @Test
    void errorInsideClose() throws Exception {
        compare((t, done) -> closedPort(port -> {
            t.port("PORT", port);
            Socket client = Net.connect(port, LOOPBACK);
            client.on(Socket.ERROR, error -> {
                t.log(
                        "client",
                        "error " + io.github.securepair.errors.Coded.codeOf(error) + " closed "
                                + client.closed() + " errored " + (client.errored() == error));
                client.destroy();
            });
            client.on(
                    Socket.CLOSE,
                    hadError ->
                            t.log("client", "close " + hadError + " closed " + client.closed()));
            whenClosed(client, done);
        }));
    }
}
