package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexPair;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.WritableStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** Many bytes, both ways, intact, with little in memory at any time. */
class ThroughputTest extends LoopTest {
    private static final int MEGABYTE = 1024 * 1024;

    /** Writes numbered blocks as fast as the stream takes them. */
    private static final class Source {
        final CRC32 sum = new CRC32();
        int mostBuffered;
        private final Duplex stream;
        private final int blockSize;
        private long left;

        Source(Duplex stream, long total, int blockSize) {
            this.stream = stream;
            this.left = total;
            this.blockSize = blockSize;
        }

        void start() {
            stream.on(WritableStream.DRAIN, this::more);
            more();
        }

        private void more() {
            while (left > 0) {
                byte[] block = new byte[(int) Math.min(blockSize, left)];
                for (int i = 0; i < block.length; i++) {
                    block[i] = (byte) (left - i * 31L >>> 3);
                }
                sum.update(block);
                left -= block.length;
                boolean go = stream.write(block);
                mostBuffered = Math.max(mostBuffered, stream.writableLength());
                if (!go) {
                    return;
                }
            }
            if (left == 0) {
                left = -1;
                stream.end();
            }
        }
    }

    private static final class Sink {
        final CRC32 sum = new CRC32();
        long count;
        int mostBuffered;

        void take(Duplex stream, ByteBuffer chunk) {
            count += chunk.remaining();
            sum.update(chunk.duplicate());
            mostBuffered = Math.max(mostBuffered, stream.readableLength());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, 100, 65536",
        "TLSv1.3, 100, 65536",
        "TLSv1.2, 10, 1000",
        "TLSv1.3, 10, 1000",
        "TLSv1.3, 20, 10000000"
    })
    void everyByteArrivesBothWays(String version, int megabytes, int blockSize) throws Exception {
        long total = (long) megabytes * MEGABYTE;
        run(done -> {
            Sink atServer = new Sink();
            Sink atClient = new Sink();
            Source[] sources = new Source[2];
            TLSServer server = TLS.createServer(
                    serverOptions().minVersion(version).maxVersion(version), socket -> {
                        socket.on(Readable.DATA, chunk -> atServer.take(socket, chunk));
                        sources[1] = new Source(socket, total, blockSize);
                        sources[1].start();
                    });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> atClient.take(client, chunk));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                sources[0] = new Source(client, total, blockSize);
                sources[0].start();
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(total, atServer.count);
                            assertEquals(total, atClient.count);
                            assertEquals(sources[0].sum.getValue(), atServer.sum.getValue());
                            assertEquals(sources[1].sum.getValue(), atClient.sum.getValue());
                            int most = Math.max(sources[0].mostBuffered, sources[1].mostBuffered);
                            assertTrue(
                                    most < 2 * blockSize + 32_768,
                                    "buffered by the writer: " + most);
                            done.complete(null);
                        }));
            });
        });
    }

    /** A part of {@code text} in native memory, in the middle of a larger buffer. */
    private static ByteBuffer inNative(byte[] text, int from, int length, boolean readOnly) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length + 19);
        buffer.position(7);
        buffer.put(text, from, length).flip().position(7);
        return readOnly ? buffer.asReadOnlyBuffer() : buffer;
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 5000, 16384})
    void chunksInNativeMemoryArriveAsTheyWere(int fragment) throws Exception {
        byte[] text = new byte[3 * MEGABYTE];
        new java.util.Random(7).nextBytes(text);
        int[] sizes = {1, 100_000, 0, 16_384, 65_536, 65_537, 300_000, 5, 511, 32_768};
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                // Late, so that the kernel takes part of what is written only.
                loop.setTimeout(
                        () -> socket.on(
                                Readable.DATA,
                                chunk -> heard.write(chunk.array(), 0, chunk.remaining())),
                        20);
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    assertTrue(client.setMaxSendFragment(fragment));
                    int at = 0;
                    for (int i = 0; at < text.length; i++) {
                        int length = Math.min(sizes[i % sizes.length], text.length - at);
                        if (i % 7 == 3) {
                            client.cork();
                        }
                        client.write(
                                i % 5 == 4
                                        ? ByteBuffer.wrap(text, at, length)
                                        : inNative(text, at, length, i % 3 == 1));
                        if (i % 7 == 5) {
                            client.uncork();
                        }
                        at += length;
                    }
                    client.end();
                });
            });
        });
        assertArrayEquals(text, heard.toByteArray());
    }

    @Test
    void aServersSocketReadsIntoABufferOfTheProgram() throws Exception {
        int total = 2 * MEGABYTE;
        run(done -> {
            Sink sink = new Sink();
            ByteBuffer buffer = ByteBuffer.allocateDirect(1000);
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                socket.on(
                        Readable.DATA,
                        chunk -> done.completeExceptionally(
                                new AssertionError("'data' in spite of onread")));
                socket.onread(Onread.of(buffer, (count, bytes) -> {
                    assertSame(buffer, bytes);
                    assertEquals(count, bytes.remaining());
                    sink.take(socket, bytes);
                    return true;
                }));
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                Source source = new Source(client, total, 10_000);
                source.start();
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(total, sink.count);
                            assertEquals(source.sum.getValue(), sink.sum.getValue());
                            done.complete(null);
                        }));
            });
        });
    }

    @Test
    void onreadComesTooLateWhenBytesWait() throws Exception {
        run(done -> {
            TLSServer server = TLS.createServer(
                    serverOptions(),
                    socket -> socket.once(Readable.READABLE, () -> {
                        Onread onread = Onread.of(ByteBuffer.allocate(10), (count, bytes) -> true);
                        assertThrows(IllegalStateException.class, () -> socket.onread(onread));
                        socket.destroy();
                    }));
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(EventEmitter.ERROR, error -> {});
                client.write("some");
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
                client.resume();
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aReaderThatPausesStopsTheWriter(String version) throws Exception {
        int total = 30 * MEGABYTE;
        run(done -> {
            Sink sink = new Sink();
            Source[] source = new Source[1];
            TLSServer server = TLS.createServer(
                    serverOptions().minVersion(version).maxVersion(version), socket -> {
                        source[0] = new Source(socket, total, 100_000);
                        source[0].start();
                    });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(Readable.DATA, chunk -> {
                    sink.take(client, chunk);
                    if (sink.count / MEGABYTE != (sink.count - chunk.remaining()) / MEGABYTE) {
                        client.pause();
                        loop.setTimeout(
                                () -> {
                                    // What one read of the transport decrypts to may be more than
                                    // the mark, no more.
                                    assertTrue(
                                            client.readableLength() <= 16_384 + 65_536,
                                            "" + client.readableLength());
                                    client.resume();
                                },
                                3);
                    }
                });
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(total, sink.count);
                            assertEquals(source[0].sum.getValue(), sink.sum.getValue());
                            done.complete(null);
                        }));
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aWriterThatDoesNotWaitIsHeldInItsOwnBufferOnly(String version) throws Exception {
        run(done -> {
            TLSSocket[] writer = new TLSSocket[1];
            TLSServer server = TLS.createServer(
                    serverOptions().minVersion(version).maxVersion(version), socket -> {
                        writer[0] = socket;
                        for (int i = 0; i < 100; i++) {
                            socket.write(new byte[200_000]);
                        }
                        socket.end();
                    });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(server));
                long[] count = {0};
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> loop.setTimeout(
                                () -> {
                                    // The kernel, the transport's queue and one slice hold the rest
                                    // of the first writes.
                                    assertTrue(
                                            writer[0].writableLength() > 10_000_000,
                                            "" + writer[0].writableLength());
                                    client.on(
                                            Readable.DATA, chunk -> count[0] += chunk.remaining());
                                },
                                100));
                client.on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(20_000_000, count[0]);
                            done.complete(null);
                        }));
            });
        });
    }

    @ParameterizedTest
    @CsvSource({"1000", "16384", "100000"})
    void onreadFillsTheProgramsBuffer(int size) throws Exception {
        int total = 2 * MEGABYTE + 77;
        run(done -> {
            CRC32 sum = new CRC32();
            long[] count = {0, 0};
            Source[] source = new Source[1];
            TLSServer server = TLS.createServer(serverOptions(), socket -> {
                source[0] = new Source(socket, total, 50_000);
                source[0].start();
            });
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket[] client = new TLSSocket[1];
                Onread onread = Onread.of(ByteBuffer.allocateDirect(size), (read, buffer) -> {
                    assertEquals(read, buffer.remaining());
                    assertTrue(read <= size);
                    count[0] += read;
                    sum.update(buffer.duplicate());
                    if (++count[1] % 50 == 0) {
                        loop.setTimeout(() -> client[0].resume(), 1);
                        return false;
                    }
                    return true;
                });
                client[0] = TLS.connect(clientOptions(server).onread(onread));
                client[0].on(
                        Socket.CLOSE,
                        hadError -> server.close(error -> {
                            assertEquals(total, count[0]);
                            assertEquals(source[0].sum.getValue(), sum.getValue());
                            done.complete(null);
                        }));
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void tlsInTlsInAPairOfStreamsIsIntact(String version) throws Exception {
        int total = 3 * MEGABYTE;
        run(done -> {
            DuplexPair pair = DuplexPair.create();
            TLSSocket outerServer = bareServer(pair.first(), version);
            TLSSocket outerClient = TLS.connect(bareClient(pair.second()));
            TLSSocket innerServer = bareServer(outerServer, version);
            TLSSocket innerClient = TLS.connect(bareClient(outerClient));
            Sink sink = new Sink();
            Source source = new Source(innerClient, total, 30_000);
            source.start();
            innerServer.on(Readable.DATA, chunk -> sink.take(innerServer, chunk));
            for (TLSSocket socket :
                    new TLSSocket[] {outerServer, outerClient, innerServer, innerClient}) {
                socket.on(EventEmitter.ERROR, done::completeExceptionally);
            }
            innerServer.on(Readable.END, () -> {
                assertEquals(total, sink.count);
                assertEquals(source.sum.getValue(), sink.sum.getValue());
                outerServer.destroy();
                outerClient.destroy();
                done.complete(null);
            });
        });
    }

    private static TLSSocket bareServer(Duplex stream, String version) {
        return new TLSSocket(
                stream,
                new TLSSocketOptions()
                        .isServer(true)
                        .minVersion(version)
                        .maxVersion(version)
                        .key(fixture("server-rsa-key.pem"))
                        .cert(fixture("server-rsa-cert.pem")));
    }

    private static ConnectOptions bareClient(Duplex stream) {
        return new ConnectOptions()
                .socket(stream)
                .servername("localhost")
                .ca(fixture("ca1-cert.pem"));
    }
}
