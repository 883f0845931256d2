package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What the streams for waiting threads do beyond those of {@code java.net.Socket}. */
final class WaitingThreadsTest extends LoopTest {
    private static final int MUCH = 24 << 20;

    /** More than is ever read ahead, or on its way out. */
    private static final int BOUND = 256 * 1024;

    private TLSSocket client;
    private TLSSocket served;

    private void open(String version) throws Exception {
        CompletableFuture<TLSSocket> accepted = new CompletableFuture<>();
        TLSServer server = TLS.createServer(
                serverOptions().maxVersion(version).pauseOnConnect(true), socket -> {
                    socket.on(EventEmitter.ERROR, error -> {});
                    accepted.complete(socket);
                });
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        client = TLS.connectAsync(clientOptions(server)).get(SECONDS, TimeUnit.SECONDS);
        served = accepted.get(SECONDS, TimeUnit.SECONDS);
        server.close();
    }

    private <T> T onLoop(Supplier<T> question) throws Exception {
        return run(done -> done.complete(question.get()));
    }

    private void await(Supplier<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!onLoop(condition)) {
            assertTrue(System.nanoTime() < deadline, "waited too long");
        }
    }

    /** The failure is known before what it has lost is. */
    @Test
    void closingDoesNotReportAgainWhatAWriteWasThrownFor() throws Exception {
        open("TLSv1.3");
        OutputStream out = client.outputStream();
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch failed = new CountDownLatch(1);
        CountDownLatch thrown = new CountDownLatch(1);
        CompletableFuture<Void> held = CompletableFuture.runAsync(
                () -> {
                    busy.countDown();
                    awaitNow(written);
                    client.destroy(new IOException("mine"));
                    failed.countDown();
                    awaitNow(thrown);
                },
                loop);
        awaitNow(busy);
        out.write(1);
        written.countDown();
        awaitNow(failed);
        try {
            assertThrows(IOException.class, () -> out.write(2));
        } finally {
            thrown.countDown();
        }
        held.get(SECONDS, TimeUnit.SECONDS);
        assertTrue(onLoop(client::destroyed));
        out.close();
        served.destroy();
    }

    private static void awaitNow(CountDownLatch latch) {
        try {
            assertTrue(latch.await(SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aWriterWaitsWhileThePeerDoesNotRead(String version) throws Exception {
        open(version);
        CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
            try {
                OutputStream out = client.outputStream();
                out.write(new byte[MUCH]);
                out.flush();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        // The kernel's buffers are full when more is waiting here than one write brought.
        await(() -> client.writableLength() > 64 * 1024);
        assertTrue(onLoop(client::writableLength) <= BOUND);
        assertEquals(false, written.isDone());
        InputStream in = served.inputStream();
        byte[] some = new byte[64 * 1024];
        for (int got = 0; got < MUCH; ) {
            got += in.read(some);
            assertTrue(client.writableLength() <= BOUND);
            assertTrue(served.bytesRead() - got <= BOUND, "reads ahead too far");
        }
        written.get(SECONDS, TimeUnit.SECONDS);
        in.close();
        client.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void oneEndsAndTheOtherAnswers(String version) throws Exception {
        open(version);
        client.outputStream().write("question".getBytes("US-ASCII"));
        client.end();
        OutputStream answers = served.outputStream();
        assertEquals("question", new String(served.inputStream().readAllBytes(), "US-ASCII"));
        answers.write("answer".getBytes("US-ASCII"));
        answers.close();
        assertEquals("answer", new String(client.inputStream().readAllBytes(), "US-ASCII"));
        client.outputStream().close();
        client.inputStream().close();
        assertEquals(true, onLoop(client::destroyed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aThreadThatComesLateHasWhatCameBeforeTheReset(String version) throws Exception {
        CompletableFuture<TLSSocket> accepted = new CompletableFuture<>();
        CompletableFuture<Socket> below = new CompletableFuture<>();
        TLSServer server =
                TLS.createServer(serverOptions().maxVersion(version), accepted::complete);
        server.on("connection", (io.github.securepair.events.Listener1<Socket>) below::complete);
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        client = TLS.connectAsync(clientOptions(server)).get(SECONDS, TimeUnit.SECONDS);
        served = accepted.get(SECONDS, TimeUnit.SECONDS);
        served.on(EventEmitter.ERROR, error -> {});
        server.close();
        served.write("answer");
        await(() -> client.readableLength() == 6);
        below.get(SECONDS, TimeUnit.SECONDS).resetAndDestroy();
        await(() -> client.destroyed());
        InputStream in = client.inputStream();
        assertEquals("answer", new String(in.readNBytes(6), "US-ASCII"));
        SocketException reset = assertThrows(SocketException.class, in::read);
        assertEquals("ECONNRESET", Coded.codeOf(reset.getCause()));
        assertThrows(SocketException.class, () -> client.outputStream().write(1));
        served.destroy();
    }

    @Test
    void streamsAskedForAgainAddNoListeners() throws Exception {
        open("TLSv1.3");
        client.inputStream();
        client.outputStream();
        String before = onLoop(this::listeners);
        for (int i = 0; i < 20; i++) {
            assertSame(client.inputStream(), client.inputStream());
            assertSame(client.outputStream(), client.outputStream());
        }
        assertEquals(before, onLoop(this::listeners));
        client.close();
        served.close();
    }

    private String listeners() {
        StringBuilder out = new StringBuilder();
        client.eventNames()
                .forEach(name ->
                        out.append(name).append(client.listenerCount(name)).append(' '));
        return out.toString();
    }

    @Test
    void theLoopItselfDoesNotWait() throws Exception {
        open("TLSv1.3");
        InputStream in = client.inputStream();
        OutputStream out = client.outputStream();
        onLoop(() -> assertThrows(IllegalStateException.class, in::read));
        onLoop(() -> assertThrows(IllegalStateException.class, () -> out.write(1)));
        onLoop(() -> {
            try {
                out.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            return true;
        });
        served.inputStream().readAllBytes();
        await(client::destroyed);
        served.close();
    }

    @Test
    void aSocketOfTextHasNoBytesToRead() throws Exception {
        open("TLSv1.3");
        onLoop(() -> client.setEncoding("utf8"));
        assertThrows(IllegalStateException.class, client::inputStream);
        client.close();
        served.close();
    }
}
