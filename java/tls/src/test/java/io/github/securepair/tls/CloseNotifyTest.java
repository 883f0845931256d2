package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexOptions;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.net.ssl.SSLException;

/** The end of a connection with and without close_notify, cut at any place. */
final class CloseNotifyTest extends LoopTest {
    private static final String CUT = "ERR_SSL_UNEXPECTED_EOF_WHILE_READING";

    /** Where: after so many of the two last records, data and close_notify, and so many bytes. */
    private static final int[][] PLACES = {
        {0, 0}, {0, 1}, {0, 4}, {0, 5}, {0, 6}, {0, 20}, {1, 0}, {1, 1}, {1, 5}, {1, 6}
    };

    static Stream<Arguments> waysOut() {
        return Stream.of("TLSv1.2", "TLSv1.3")
                .flatMap(version -> Stream.of(
                        Arguments.of(version, true, true),
                        Arguments.of(version, true, false),
                        Arguments.of(version, false, true),
                        Arguments.of(version, false, false)));
    }

    /** A connection through a relay: the end that reads, and the one that writes. */
    private final class Wire implements AutoCloseable {
        final CuttingRelay relay;
        final TLSSocket reader;
        final TLSSocket writer;

        Wire(String version, boolean clientReads, boolean required) throws Exception {
            CompletableFuture<TLSSocket> accepted = new CompletableFuture<>();
            TLSServer server = TLS.createServer(
                    serverOptions()
                            .maxVersion(version)
                            .requireCloseNotify(required && !clientReads),
                    socket -> {
                        socket.on(EventEmitter.ERROR, error -> {});
                        accepted.complete(socket);
                    });
            server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
            relay = new CuttingRelay(server.address().port(), clientReads);
            TLSSocket client = TLS.connectAsync(
                            clientOptions(relay.port()).requireCloseNotify(required && clientReads))
                    .get(SECONDS, TimeUnit.SECONDS);
            TLSSocket served = accepted.get(SECONDS, TimeUnit.SECONDS);
            reader = clientReads ? client : served;
            writer = clientReads ? served : client;
            server.close();
        }

        @Override
        public void close() {
            reader.destroy();
            writer.destroy();
            relay.close();
        }
    }

    /** What the reader emits when the relay lets so much of the end through. */
    private List<String> seen(String version, boolean clientReads, boolean required, int[] place)
            throws Exception {
        try (Wire wire = new Wire(version, clientReads, required)) {
            List<String> seen = new ArrayList<>();
            run(done -> {
                TLSSocket reader = wire.reader;
                reader.on(Readable.DATA, bytes -> {
                    seen.add("data " + text(bytes));
                    if (seen.size() == 1) {
                        if (place != null) {
                            wire.relay.cutAfter(place[0], place[1]);
                        }
                        wire.writer.end("world");
                    }
                });
                reader.on(Readable.END, () -> seen.add("end"));
                reader.on(EventEmitter.ERROR, error -> seen.add("error " + Coded.codeOf(error)));
                reader.on(Socket.CLOSE, hadError -> {
                    seen.add("close " + hadError);
                    done.complete(null);
                });
                wire.writer.write("hello");
            });
            seen.add("close_notify " + wire.reader.closeNotifyReceived());
            return seen;
        }
    }

    @ParameterizedTest(name = "{0}, the client reads: {1}, required: {2}")
    @MethodSource("waysOut")
    void aConnectionThatIsCutIsToldFromOneThatEnds(
            String version, boolean clientReads, boolean required) throws Exception {
        assertEquals(
                List.of("data hello", "data world", "end", "close false", "close_notify true"),
                seen(version, clientReads, required, null));
        for (int[] place : PLACES) {
            List<String> expected = new ArrayList<>(List.of("data hello"));
            if (place[0] == 1) {
                expected.add("data world");
            }
            expected.addAll(
                    required
                            ? List.of("error " + CUT, "close true")
                            : List.of("end", "close false"));
            expected.add("close_notify false");
            assertEquals(
                    expected,
                    seen(version, clientReads, required, place),
                    "cut at " + Arrays.toString(place));
        }
    }

    @ParameterizedTest(name = "{0}, the client reads: {1}, required: {2}")
    @MethodSource("waysOut")
    void aWaitingThreadReadsAllThatCameAndThenHasTheError(
            String version, boolean clientReads, boolean required) throws Exception {
        for (int[] place : PLACES) {
            try (Wire wire = new Wire(version, clientReads, required)) {
                InputStream in = wire.reader.inputStream();
                wire.writer.write("hello");
                assertEquals("hello", new String(in.readNBytes(5), "US-ASCII"));
                wire.relay.cutAfter(place[0], place[1]);
                wire.writer.end("world");
                assertEquals(
                        place[0] == 1 ? "world" : "",
                        new String(in.readNBytes(place[0] == 1 ? 5 : 0), "US-ASCII"));
                if (required) {
                    SSLException cut = assertThrows(SSLException.class, in::read);
                    assertEquals(CUT, Coded.codeOf(cut.getCause()));
                    assertThrows(SSLException.class, in::read);
                } else {
                    assertEquals(-1, in.read());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aPausedReaderHasItsBytesBeforeTheError(String version) throws Exception {
        try (Wire wire = new Wire(version, true, true)) {
            List<String> seen = run(done -> {
                List<String> lines = new ArrayList<>();
                wire.reader.on(EventEmitter.ERROR, error -> lines.add(Coded.codeOf(error)));
                wire.reader.on(Socket.CLOSE, hadError -> done.complete(lines));
                // With the first bytes the handshake is through, session tickets and all: what
                // follows is the last data and close_notify.
                wire.reader.once(Readable.DATA, hello -> {
                    wire.reader.pause();
                    wire.relay.cutAfter(1, 0);
                    wire.writer.end("world");
                });
                wire.relay.whenCut(() -> loop.setTimeout(
                        () -> {
                            lines.add("resumed");
                            wire.reader.on(Readable.DATA, bytes -> lines.add(text(bytes)));
                            wire.reader.resume();
                        },
                        20));
                wire.writer.write("hello");
            });
            assertEquals(List.of("resumed", "world", CUT), seen);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aStreamBelowThatIsDestroyedCutsToo(String version) throws Exception {
        List<String> seen = run(done -> {
            Duplex[] ends = pipe();
            TLSSocket server = new TLSSocket(
                    ends[0],
                    new TLSSocketOptions()
                            .isServer(true)
                            .key(fixture("server-rsa-key.pem"))
                            .cert(fixture("server-rsa-cert.pem"))
                            .maxVersion(version));
            TLSSocket client = TLS.connect(new ConnectOptions()
                    .loop(loop)
                    .socket(ends[1])
                    .servername("localhost")
                    .ca(fixture("ca1-cert.pem"))
                    .requireCloseNotify(true));
            List<String> lines = new ArrayList<>();
            client.on(Readable.DATA, bytes -> {
                lines.add(text(bytes));
                ends[1].destroy();
            });
            client.on(EventEmitter.ERROR, error -> lines.add(Coded.codeOf(error)));
            client.on(Socket.CLOSE, hadError -> {
                server.destroy();
                done.complete(lines);
            });
            server.write("hello");
        });
        assertEquals(List.of("hello", CUT), seen);
    }

    @Test
    void theOptionIsABoolean() {
        ArgumentException refused = assertThrows(
                ArgumentException.class,
                () -> TLS.createServer(
                        (ServerOptions) serverOptions().set("requireCloseNotify", 1)));
        assertEquals("ERR_INVALID_ARG_TYPE", refused.code());
    }

    /** Two streams of which each reads what the other writes. */
    private static Duplex[] pipe() {
        Duplex[] ends = new Duplex[2];
        for (int i = 0; i < 2; i++) {
            int other = 1 - i;
            ends[i] = new Duplex(new DuplexOptions()
                    .read((stream, size) -> {})
                    .write((chunk, callback) -> {
                        byte[] copy = new byte[chunk.remaining()];
                        chunk.get(copy);
                        loop.setImmediate(() -> {
                            ends[other].push(copy);
                            callback.done();
                        });
                    }));
        }
        return ends;
    }
}
