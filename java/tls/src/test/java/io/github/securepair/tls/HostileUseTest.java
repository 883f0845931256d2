package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.DuplexOptions;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a program may do at the worst moment: nothing leaks, hangs, or reaches a peer unverified.
 */
class HostileUseTest extends LoopTest {
    private static SecurePair serverPair() {
        try (SecureContext context = TLS.createSecureContext(new SecureContextOptions()
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem")))) {
            return TLS.createSecurePair(context, true, false, false);
        }
    }

    private static SecurePair clientPair() {
        try (SecureContext context =
                TLS.createSecureContext(new SecureContextOptions().ca(fixture("ca1-cert.pem")))) {
            return TLS.createSecurePair(context, false);
        }
    }

    // ---- a loop that closes -------------------------------------------------------------------

    @Test
    void aLoopThatClosesFreesClientsThatAreStillConnecting() throws Exception {
        loopClosedFreesEverything((own, close) -> {
            TLSServer server = TLS.createServer(serverOptions().loop(own));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).loop(own));
                client.on(EventEmitter.ERROR, error -> {});
                close.run();
            });
        });
    }

    @Test
    void aLoopThatClosesFreesSocketsThatWereEnded() throws Exception {
        loopClosedFreesEverything((own, close) -> {
            TLSServer server = TLS.createServer(serverOptions().loop(own), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.end("hello");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).loop(own));
                client.on(EventEmitter.ERROR, error -> {});
                client.on(TLSSocket.SECURE, () -> server.close(error -> close.run()));
                client.on(TLSSocket.SECURE_CONNECT, () -> client.resume().end());
            });
        });
    }

    @Test
    void aLoopThatClosesFreesSocketsWithUnsentData() throws Exception {
        loopClosedFreesEverything((own, close) -> {
            TLSServer server = TLS.createServer(serverOptions().loop(own), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.pause();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server).loop(own));
                client.on(EventEmitter.ERROR, error -> {});
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    client.end(new byte[8 << 20]);
                    own.setTimeout(close, 20);
                });
            });
        });
    }

    // ---- listeners that destroy or throw ------------------------------------------------------

    @Test
    void aPairDestroyedByWhoTakesItsCiphertextIsGone() throws Exception {
        int chunks = run(done -> {
            SecurePair server = serverPair();
            SecurePair client = clientPair();
            AtomicInteger count = new AtomicInteger();
            client.encrypted().pipe(server.encrypted());
            server.encrypted().on(Readable.DATA, chunk -> client.encrypted().write(chunk));
            client.on(SecurePair.SECURE, () -> {
                server.encrypted().on(Readable.DATA, chunk -> {
                    if (count.incrementAndGet() == 3) {
                        server.destroy();
                    }
                });
                server.cleartext().write(new byte[4 << 20]);
            });
            server.cleartext().on(Socket.CLOSE, hadError -> {
                client.destroy();
                loop.setImmediate(() -> done.complete(count.get()));
            });
        });
        assertEquals(3, chunks);
    }

    @Test
    void aPairGoesOnAfterAListenerOfItsPlaintextThrew() throws Exception {
        List<String> heard = run(done -> {
            SecurePair server = serverPair();
            SecurePair client = clientPair();
            List<String> log = new ArrayList<>();
            client.encrypted().pipe(server.encrypted());
            server.encrypted().pipe(client.encrypted());
            server.cleartext().on(Readable.DATA, chunk -> {
                log.add(text(chunk));
                if (log.size() == 1) {
                    throw new IllegalStateException("listener");
                }
                client.destroy();
                server.destroy();
                done.complete(log);
            });
            client.on(SecurePair.SECURE, () -> {
                client.cleartext().write("one");
                loop.setTimeout(() -> client.cleartext().write("two"), 5);
                loop.setTimeout(
                        () -> {
                            client.destroy();
                            server.destroy();
                            done.complete(log);
                        },
                        3000);
            });
        });
        assertEquals(List.of("one", "two"), heard);
        assertEquals("listener", uncaught.remove(0).getMessage());
    }

    @Test
    void aClientWhoseIdentityCheckThrowsIsDestroyedAndHearsNothingOfTheServer() throws Exception {
        List<String> log = run(done -> {
            List<String> events = new ArrayList<>();
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("from nobody knows whom");
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(
                        clientOptions(server).checkServerIdentity((host, certificate) -> {
                            throw new IllegalStateException("check");
                        }));
                client.on(Readable.DATA, chunk -> events.add("data"));
                client.on(EventEmitter.ERROR, error -> events.add("error"));
                client.on(TLSSocket.SECURE_CONNECT, () -> events.add("secureConnect"));
                client.on(Socket.CLOSE, hadError -> events.add("close"));
                client.write("secret");
                loop.setTimeout(
                        () -> {
                            events.add("destroyed " + client.destroyed());
                            client.destroy();
                            server.close(error -> done.complete(events));
                        },
                        300);
            });
        });
        assertEquals(List.of("close", "destroyed true"), log);
        assertEquals("check", uncaught.remove(0).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aListenerOfSecureConnectionThatThrowsHoldsNoHandshakeBack(String version)
            throws Exception {
        String got = run(done -> {
            TLSServer server = TLS.createServer(serverOptions().maxVersion(version));
            server.on(TLSServer.SECURE_CONNECTION, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("hello");
                throw new IllegalStateException("listener");
            });
            server.on(
                    TLSServer.NEW_SESSION,
                    (id, session, stored) -> loop.setTimeout(stored::run, 1));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> {
                    client.destroy();
                    server.close(error -> done.complete(text(chunk)));
                });
                loop.setTimeout(
                        () -> {
                            client.destroy();
                            server.close(error -> done.complete("nothing"));
                        },
                        3000);
            });
        });
        assertEquals("hello", got);
        assertEquals("listener", uncaught.remove(0).getMessage());
    }

    // ---- arguments ----------------------------------------------------------------------------

    @Test
    void anOnreadBufferWithoutRoomIsAnErrorAsInNode() throws Exception {
        String code = run(done -> {
            Server server = Net.createServer(new NetServerOptions().loop(loop), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("hello");
            });
            server.listen(0, "127.0.0.1", () -> {
                AtomicInteger calls = new AtomicInteger();
                Socket client = Net.connect(new SocketConnectOptions()
                        .loop(loop)
                        .port(server.address().port())
                        .host("127.0.0.1")
                        .onread(Onread.of(ByteBuffer.allocate(0), (count, buffer) -> {
                            // Without this the loop would never see anything else.
                            return calls.incrementAndGet() < 1000;
                        })));
                client.on(EventEmitter.ERROR, error -> {
                    server.close(closed -> done.complete(Coded.codeOf(error) + " " + calls));
                });
                loop.setTimeout(
                        () -> {
                            client.destroy();
                            server.close(closed -> done.complete("none " + calls));
                        },
                        2000);
            });
        });
        assertEquals("ENOBUFS 0", code);
    }

    @Test
    void aBadHostBesideASocketThrowsBeforeThatIsTouched() throws Exception {
        boolean usable = run(done -> {
            Socket plain = new Socket();
            assertThrows(
                    ArgumentException.class,
                    () -> TLS.connect(
                            new ConnectOptions().loop(loop).socket(plain).set("host", 5)));
            OpenSSL.LiveObjects live = OpenSSL.live();
            done.complete(live.connections() + live.contexts() == 0);
            plain.destroy();
        });
        assertTrue(usable);
    }

    // ---- threads ------------------------------------------------------------------------------

    @Test
    void setSecureContextOfAnotherThreadLosesNoConnection() throws Exception {
        String result = run(done -> {
            TLSServer server = TLS.createServer(serverOptions());
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {});
            Thread swapper = new Thread(() -> {
                while (!done.isDone()) {
                    server.setSecureContext(serverOptions());
                }
            });
            AtomicInteger made = new AtomicInteger();
            server.listen(0, "127.0.0.1", () -> {
                swapper.start();
                for (int i = 0; i < 2000 && uncaught.isEmpty(); i++) {
                    DuplexPair pair = DuplexPair.create(new DuplexOptions().loop(loop));
                    try {
                        server.emit("connection", pair.first());
                        made.incrementAndGet();
                    } finally {
                        pair.first().destroy();
                    }
                }
                server.close(error -> done.complete("fine"));
            });
        });
        assertEquals("fine", result);
    }

    @Test
    void renegotiateOfAnotherThreadWaitsForTheLoop() throws Exception {
        boolean[] during = new boolean[1];
        String result = run(done -> {
            TLSServer server = TLS.createServer(serverOptions().maxVersion("TLSv1.2"));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(
                        TLSSocket.SECURE_CONNECT,
                        () -> loop.setImmediate(() -> {
                            Thread other = new Thread(() ->
                                    client.renegotiate(new RenegotiateOptions(), error -> {
                                        String thread = loop.inLoop() ? "loop" : "another thread";
                                        client.destroy();
                                        server.close(
                                                closed -> done.complete(error + " on " + thread));
                                    }));
                            other.start();
                            try {
                                other.join();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            // This is still the loop's callback: no other one may run TLS
                            // meanwhile.
                            during[0] = client.transport.connection().isHandshaking();
                        }));
            });
        });
        assertEquals("null on loop", result);
        assertFalse(during[0]);
    }

    @Test
    void renegotiateOfAnotherThreadIsAnsweredThoughTheSocketDies() throws Exception {
        String result = run(done -> {
            TLSServer server = TLS.createServer(serverOptions().maxVersion("TLSv1.2"));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.once(TLSSocket.SECURE_CONNECT, () -> {
                    CompletableFuture<Boolean> begun = new CompletableFuture<>();
                    Thread other = new Thread(() -> begun.complete(client.renegotiate(
                            new RenegotiateOptions(),
                            error -> server.close(closed ->
                                    done.complete(begun.join() + " " + Coded.codeOf(error))))));
                    other.start();
                    begun.join();
                    client.destroy();
                });
            });
        });
        assertEquals("true ERR_SOCKET_CLOSED", result);
    }

    @Test
    void gettersOfAnotherThreadDoNotDisturbTheLoop() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        int received = run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.pipe(socket);
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                AtomicInteger bytes = new AtomicInteger();
                client.once(TLSSocket.SECURE_CONNECT, () -> {
                    client.write(new byte[1000]);
                    new Thread(() -> {
                                while (!done.isDone() && uncaught.isEmpty()) {
                                    client.getPeerCertificate();
                                    asked.incrementAndGet();
                                }
                            })
                            .start();
                });
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(Readable.DATA, chunk -> {
                    if (bytes.addAndGet(chunk.remaining()) < 3_000_000 || asked.get() == 0) {
                        client.write(chunk);
                    } else {
                        done.complete(bytes.get());
                        client.destroy();
                        server.close();
                    }
                });
            });
        });
        assertTrue(received >= 3_000_000);
    }

    // ---- secrets ------------------------------------------------------------------------------

    @Test
    void keysAndPassphrasesAreNotShown() {
        String shown = new PemKey("-----BEGIN", "secret") + " " + new Pfx("bytes", "secret");
        assertEquals("PemKey[] Pfx[]", shown);
    }

    private interface Program {
        void run(EventLoop own, Runnable close);
    }

    private static void loopClosedFreesEverything(Program program) throws Exception {
        EventLoop own = EventLoop.create();
        CompletableFuture<Void> closing = new CompletableFuture<>();
        own.execute(() -> program.run(own, () -> {
            own.close();
            closing.complete(null);
        }));
        closing.get(SECONDS, TimeUnit.SECONDS);
        own.closed().get(SECONDS, TimeUnit.SECONDS);
        LiveObjects.assertNone();
    }
}
