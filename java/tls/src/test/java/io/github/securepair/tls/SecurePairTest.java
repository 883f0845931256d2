package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.Transform;
import io.github.securepair.stream.TransformCallback;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;

/** TLS in memory: pairs piped to each other, to sockets, and through a hostile middle. */
class SecurePairTest extends LoopTest {
    private static SecureContext serverContext(String version) {
        return TLS.createSecureContext(new SecureContextOptions()
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"))
                .ca(fixture("ca1-cert.pem"))
                .minVersion(version)
                .maxVersion(version));
    }

    private static SecureContext clientContext(String ca) {
        return TLS.createSecureContext(new SecureContextOptions().ca(fixture(ca)));
    }

    private static SecureContext clientContext() {
        return clientContext("ca1-cert.pem");
    }

    private static SecurePair server(String version) {
        try (SecureContext context = serverContext(version)) {
            return TLS.createSecurePair(context, true, false, false);
        }
    }

    private static SecurePair client() {
        try (SecureContext context = clientContext()) {
            return TLS.createSecurePair(context, false);
        }
    }

    private static void join(SecurePair one, SecurePair other) {
        one.encrypted().pipe(other.encrypted());
        other.encrypted().pipe(one.encrypted());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void twoPairsPipedToEachOtherTalkWithoutASocket(String version) throws Exception {
        List<String> events = run(done -> {
            List<String> log = new ArrayList<>();
            SecurePair client = client();
            SecurePair server = server(version);
            client.on(SecurePair.SECURE, () -> {
                log.add("client secure " + client.cleartext().authorized() + " "
                        + client.cleartext().getProtocol());
                client.cleartext().write("question");
            });
            server.on(SecurePair.SECURE, () -> log.add("server secure"));
            server.cleartext().on(Readable.DATA, chunk -> {
                log.add("server data " + text(chunk));
                server.cleartext().end("answer");
            });
            client.cleartext().on(Readable.DATA, chunk -> log.add("client data " + text(chunk)));
            client.cleartext().on(Readable.END, () -> log.add("client end"));
            client.cleartext().on(Socket.CLOSE, hadError -> {
                log.add("client close " + hadError);
                loop.setTimeout(() -> done.complete(log), 10);
            });
            server.cleartext().on(Socket.CLOSE, hadError -> log.add("server close " + hadError));
            join(client, server);
        });
        assertTrue(events.indexOf("client secure true " + version) >= 0, events.toString());
        assertTrue(events.contains("server secure"), events.toString());
        assertEquals(
                List.of("server data question", "client data answer", "client end"),
                events.stream()
                        .filter(each -> each.contains("data") || each.contains("end"))
                        .toList());
        assertTrue(events.contains("client close false"), events.toString());
        assertTrue(events.contains("server close false"), events.toString());
    }

    @Test
    void theClientBeginsByItself() throws Exception {
        int first = run(done -> {
            SecurePair client = client();
            client.encrypted().once(Readable.DATA, chunk -> {
                done.complete(chunk.get(0) & 0xff);
                client.destroy();
            });
        });
        assertEquals(22, first, "a handshake record");
    }

    @Test
    void bytesWrittenCountsTheOverhead() throws Exception {
        run(done -> {
            SecurePair client = client();
            SecurePair server = server("TLSv1.3");
            long[] read = {0};
            client.encrypted().on(Readable.DATA, chunk -> read[0] += chunk.remaining());
            join(client, server);
            server.cleartext().on(Readable.DATA, chunk -> {
                CryptoStream encrypted = (CryptoStream) client.encrypted();
                CryptoStream cleartext = (CryptoStream) client.cleartext();
                assertEquals(encrypted.bytesWritten(), cleartext.bytesWritten());
                assertEquals(read[0], encrypted.bytesWritten());
                assertTrue(encrypted.bytesWritten() > 500, "" + encrypted.bytesWritten());
                assertSame(client, encrypted.pair());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
            client.cleartext().write("x");
        });
    }

    @Test
    void aPairPipedToASocketHasTheSocketsAddressesAndCounts() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
            server.listen(0, "127.0.0.1", () -> {
                SecurePair client = client();
                assertNull(client.cleartext().remoteAddress());
                Socket socket = Net.connect(server.address().port(), "127.0.0.1");
                socket.pipe(client.encrypted());
                client.encrypted().pipe(socket);
                client.on(SecurePair.SECURE, () -> client.cleartext().write("hello"));
                client.cleartext().on(Readable.DATA, chunk -> {
                    assertEquals("hello", text(chunk));
                    assertEquals("127.0.0.1", client.cleartext().remoteAddress());
                    assertEquals(server.address().port(), client.cleartext().remotePort());
                    assertEquals(socket.address(), client.cleartext().address());
                    assertEquals(
                            socket.bytesWritten(),
                            ((CryptoStream) client.cleartext()).bytesWritten());
                    client.cleartext().end();
                });
                socket.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
    }

    @Test
    void aServersPairTakesAnAcceptedSocket() throws Exception {
        run(done -> {
            Server server = Net.createServer(new NetServerOptions().loop(loop), socket -> {
                SecurePair pair = server("TLSv1.3");
                socket.pipe(pair.encrypted());
                pair.encrypted().pipe(socket);
                pair.cleartext().pipe(pair.cleartext());
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.write("over a pair");
                client.on(Readable.DATA, chunk -> {
                    assertEquals("over a pair", text(chunk));
                    client.end();
                });
                client.on(Socket.CLOSE, hadError -> {
                    assertFalse(hadError);
                    server.close(error -> done.complete(null));
                });
            });
        });
    }

    @Test
    void whatFailsBeforeSecureIsAnErrorOfThePair() throws Exception {
        List<String> errors = run(done -> {
            List<String> log = new ArrayList<>();
            SecurePair server = server("TLSv1.3");
            server.on(EventEmitter.ERROR, error -> log.add("pair " + Coded.codeOf(error)));
            server.cleartext()
                    .on(EventEmitter.ERROR, error -> log.add("cleartext " + Coded.codeOf(error)));
            server.cleartext()
                    .on(Socket.CLOSE, hadError -> loop.setTimeout(() -> done.complete(log), 5));
            server.encrypted().resume();
            server.encrypted().write("GET / HTTP/1.1\r\n\r\n");
        });
        assertEquals(List.of("pair ERR_SSL_HTTP_REQUEST"), errors);
    }

    @Test
    void theAlertCanStillBeReadAfterAFailure() throws Exception {
        byte[] alert = run(done -> {
            SecurePair server = server("TLSv1.3");
            server.on(EventEmitter.ERROR, error -> {});
            server.encrypted().on(Readable.DATA, chunk -> {
                byte[] bytes = new byte[chunk.remaining()];
                chunk.get(bytes);
                done.complete(bytes);
            });
            // A ClientHello of nothing.
            server.encrypted().write(new byte[] {22, 3, 1, 0, 4, 1, 0, 0, 0});
        });
        assertEquals(21, alert[0], "an alert record");
        assertEquals(2, alert[5], "fatal");
    }

    @Test
    void theEndOfTheCiphertextBeforeSecureIsAnError() throws Exception {
        Throwable error = run(done -> {
            SecurePair client = client();
            client.on(EventEmitter.ERROR, done::complete);
            client.encrypted().resume();
            client.encrypted().end();
        });
        assertEquals("ECONNRESET", Coded.codeOf(error));
        assertEquals("socket hang up", error.getMessage());
    }

    @Test
    void anUnverifiedServerIsAcceptedButNotAuthorized() throws Exception {
        run(done -> {
            SecurePair client;
            try (SecureContext context = clientContext("ca2-cert.pem")) {
                client = TLS.createSecurePair(context, false);
            }
            SecurePair server = server("TLSv1.3");
            client.on(SecurePair.SECURE, () -> {
                assertFalse(client.cleartext().authorized());
                assertEquals(
                        "UNABLE_TO_VERIFY_LEAF_SIGNATURE", client.cleartext().authorizationError());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
            join(client, server);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aServersPairRefusesAClientWithoutAGoodCertificate(String version) throws Exception {
        Throwable error = run(done -> {
            SecurePair client;
            try (SecureContext context = TLS.createSecureContext(new SecureContextOptions()
                    .ca(fixture("ca1-cert.pem"))
                    .key(fixture("client-ca2-key.pem"))
                    .cert(fixture("client-ca2-cert.pem")))) {
                client = TLS.createSecurePair(context, false);
            }
            SecurePair server;
            try (SecureContext context = serverContext(version)) {
                server = TLS.createSecurePair(context, true, true, true);
            }
            client.on(EventEmitter.ERROR, ignored -> {});
            server.on(
                    SecurePair.SECURE,
                    () -> done.completeExceptionally(new AssertionError("secure")));
            server.on(EventEmitter.ERROR, failure -> {
                client.destroy();
                done.complete(failure);
            });
            join(client, server);
        });
        assertEquals("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Coded.codeOf(error));
    }

    @Test
    void aServersPairAuthorizesAClientWithAGoodCertificate() throws Exception {
        run(done -> {
            SecurePair client;
            try (SecureContext context = TLS.createSecureContext(new SecureContextOptions()
                    .ca(fixture("ca1-cert.pem"))
                    .key(fixture("client-key.pem"))
                    .cert(fixture("client-cert.pem")))) {
                client = TLS.createSecurePair(context, false);
            }
            SecurePair server;
            try (SecureContext context = serverContext("TLSv1.3")) {
                server = TLS.createSecurePair(context, true, true, true);
            }
            server.on(SecurePair.SECURE, () -> {
                assertTrue(server.cleartext().authorized());
                assertEquals("client one", commonName(server.cleartext().getPeerCertificate()));
                assertNotNull(server.cleartext().getCipher());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
            join(client, server);
        });
    }

    @Test
    void destroyClosesBothStreamsAndCanBeRepeated() throws Exception {
        List<String> closed = run(done -> {
            List<String> log = new ArrayList<>();
            SecurePair pair = client();
            pair.cleartext().on(Socket.CLOSE, hadError -> log.add("cleartext " + hadError));
            pair.encrypted().on("close", args -> log.add("encrypted"));
            pair.destroy();
            pair.destroy();
            loop.setTimeout(() -> done.complete(log), 10);
        });
        assertEquals(
                List.of("cleartext false", "encrypted"),
                closed.stream().sorted().toList());
    }

    @Test
    void destroyingTheEncryptedStreamDestroysTheCleartext() throws Exception {
        boolean hadError = run(done -> {
            SecurePair pair = client();
            pair.cleartext().on(Socket.CLOSE, done::complete);
            loop.setTimeout(() -> pair.encrypted().destroy(), 1);
        });
        assertFalse(hadError);
    }

    /** Splits, delays and joins what passes. */
    private static final class Chopper extends Transform {
        private final Random random;

        Chopper(long seed) {
            random = new Random(seed);
        }

        @Override
        protected void _transform(ByteBuffer chunk, TransformCallback callback) {
            while (chunk.hasRemaining()) {
                byte[] piece = new byte
                        [Math.min(
                                chunk.remaining(),
                                1 + random.nextInt(random.nextInt(10) == 0 ? 9000 : 7))];
                chunk.get(piece);
                push(piece);
            }
            if (random.nextInt(20) == 0) {
                loop().setTimeout(() -> callback.call(null, null), 1);
            } else {
                callback.call(null, null);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void bytesSurviveAMiddleThatSplitsAndDelays(String version) throws Exception {
        run(done -> {
            SecurePair client = client();
            SecurePair server = server(version);
            client.encrypted().pipe(new Chopper(1)).pipe(server.encrypted());
            server.encrypted().pipe(new Chopper(2)).pipe(client.encrypted());
            CRC32 sent = new CRC32();
            CRC32 got = new CRC32();
            Random random = new Random(3);
            for (int i = 0; i < 40; i++) {
                byte[] block = new byte[random.nextInt(9000)];
                random.nextBytes(block);
                sent.update(block);
                client.cleartext().write(block);
            }
            client.cleartext().end();
            server.cleartext().on(Readable.DATA, chunk -> got.update(chunk));
            server.cleartext().on(Readable.END, () -> {
                assertEquals(sent.getValue(), got.getValue());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aFlippedBitIsNeverData(String version) throws Exception {
        for (int at = 0; at < 60; at++) {
            int offset = at * 53;
            run(done -> {
                SecurePair client = client();
                SecurePair server = server(version);
                boolean[] over = {false};
                Runnable finish = () -> {
                    if (!over[0]) {
                        over[0] = true;
                        client.destroy();
                        server.destroy();
                        done.complete(null);
                    }
                };
                for (EventEmitter each :
                        new EventEmitter[] {client, server, client.cleartext(), server.cleartext()
                        }) {
                    each.on(EventEmitter.ERROR, error -> loop.setTimeout(finish, 1));
                }
                StringBuilder heard = new StringBuilder();
                server.cleartext().on(Readable.DATA, chunk -> {
                    heard.append(text(chunk));
                    if (heard.length() == 2000) {
                        finish.run();
                    }
                    if (!new String(new char[heard.length()])
                            .replace('\0', 'x')
                            .contentEquals(heard)) {
                        done.completeExceptionally(new AssertionError("changed data at " + offset));
                    }
                });
                // Some flips only stall the handshake.
                loop.setTimeout(finish, 30);
                client.cleartext().write(new String(new char[2000]).replace('\0', 'x'));
                int[] passed = {0};
                client.encrypted().on(Readable.DATA, chunk -> {
                    byte[] bytes = new byte[chunk.remaining()];
                    chunk.get(bytes);
                    if (offset >= passed[0] && offset < passed[0] + bytes.length) {
                        bytes[offset - passed[0]] ^= 0x10;
                    }
                    passed[0] += bytes.length;
                    server.encrypted().write(bytes);
                });
                server.encrypted().pipe(client.encrypted());
            });
        }
    }

    @Test
    void aWriterWaitsForWhoReadsTheCiphertext() throws Exception {
        run(done -> {
            SecurePair client = client();
            SecurePair server = server("TLSv1.3");
            List<ByteBuffer> held = new ArrayList<>();
            Duplex encrypted = client.encrypted();
            server.encrypted().pipe(encrypted);
            boolean[] holding = {false};
            encrypted.on(Readable.DATA, chunk -> {
                if (holding[0]) {
                    held.add(chunk);
                    encrypted.pause();
                } else {
                    server.encrypted().write(chunk);
                }
            });
            client.on(
                    SecurePair.SECURE,
                    () -> loop.setTimeout(
                            () -> {
                                holding[0] = true;
                                long before = ((CryptoStream) encrypted).bytesWritten();
                                boolean[] finished = {false};
                                client.cleartext().write(new byte[2_000_000], (Callback)
                                        error -> finished[0] = true);
                                loop.setTimeout(
                                        () -> {
                                            long made = ((CryptoStream) encrypted).bytesWritten()
                                                    - before;
                                            assertTrue(
                                                    made < 400_000,
                                                    "ciphertext made ahead: " + made);
                                            assertFalse(finished[0]);
                                            holding[0] = false;
                                            held.forEach(
                                                    chunk -> server.encrypted().write(chunk));
                                            encrypted.resume();
                                        },
                                        20);
                            },
                            5));
            long[] count = {0};
            server.cleartext().on(Readable.DATA, chunk -> {
                count[0] += chunk.remaining();
                if (count[0] == 2_000_000) {
                    client.destroy();
                    server.destroy();
                    done.complete(null);
                }
            });
        });
    }

    @Test
    void theContextAndTheServerOfAPairCanBeAskedFor() throws Exception {
        run(done -> {
            try (SecureContext context = clientContext()) {
                Server server = Net.createServer();
                SecurePair pair = TLS.createSecurePair(
                        context, true, false, false, new TLSSocketOptions().server(server));
                assertSame(context, pair.credentials());
                assertSame(server, pair.server());
                pair.destroy();
                SecurePair bare = TLS.createSecurePair();
                assertNull(bare.credentials());
                assertNull(bare.server());
                bare.destroy();
            }
            done.complete(null);
        });
    }

    @Test
    void theServernameOptionIsSentAndToldAtBothEnds() throws Exception {
        run(done -> {
            SecurePair client;
            try (SecureContext context = clientContext()) {
                client = TLS.createSecurePair(
                        context,
                        false,
                        true,
                        false,
                        new TLSSocketOptions().servername("localhost"));
            }
            SecurePair server = server("TLSv1.3");
            server.on(SecurePair.SECURE, () -> {
                assertEquals("localhost", server.servername());
                assertEquals("localhost", client.servername());
                client.destroy();
                server.destroy();
                done.complete(null);
            });
            join(client, server);
        });
    }

    @Test
    void npnIsToldOnThePair() throws Exception {
        run(done -> {
            SecurePair client;
            SecurePair server;
            Options options = new SecureContextOptions()
                    .ca(fixture("ca1-cert.pem"))
                    .set("NPNProtocols", List.of("a"));
            try (SecureContext context = TLS.createSecureContext(options)) {
                client = TLS.createSecurePair(
                        context,
                        false,
                        true,
                        false,
                        new TLSSocketOptions().NPNProtocols(List.of("b", "a")));
            }
            Options serverOptions = new SecureContextOptions()
                    .key(fixture("server-rsa-key.pem"))
                    .cert(fixture("server-rsa-cert.pem"))
                    .set("NPNProtocols", List.of("a"));
            try (SecureContext context = TLS.createSecureContext(serverOptions)) {
                server = TLS.createSecurePair(
                        context,
                        true,
                        false,
                        false,
                        new TLSSocketOptions().NPNProtocols(List.of("a", "b")));
            }
            client.on(SecurePair.SECURE, () -> {
                assertEquals("a", client.npnProtocol());
                loop.setTimeout(
                        () -> {
                            assertEquals("a", server.npnProtocol());
                            client.destroy();
                            server.destroy();
                            done.complete(null);
                        },
                        5);
            });
            join(client, server);
        });
    }
}
