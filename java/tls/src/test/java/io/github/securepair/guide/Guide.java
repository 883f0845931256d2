package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Server;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The code of the guide's pages. What stands between {@code // snippet: name} and {@code // end} is
 * printed there; {@link GuideSnippetsTest} keeps both equal. Snippets run on a loop of the test, as
 * a program does that was started with {@code EventLoop.run}.
 */
abstract class Guide {
    private static final long SECONDS = 30;
    private static EventLoop loop;

    final List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());

    /** What a test does on the loop; it is over when it completes the future. */
    interface Body<T> {
        void run(CompletableFuture<T> done) throws Exception;
    }

    @BeforeAll
    static void openLoop() {
        loop = EventLoop.create();
    }

    @AfterAll
    static void closeLoop() throws Exception {
        loop.awaitIdle(5000);
        loop.close();
        loop.closed().get(SECONDS, TimeUnit.SECONDS);
        assertEquals(0, OpenSSL.live().connections(), "connections");
    }

    @BeforeEach
    void hearUncaught() {
        loop.onUncaughtException(uncaught::add);
    }

    @AfterEach
    void nothingWasUncaught() {
        if (!uncaught.isEmpty()) {
            throw new AssertionError("uncaught: " + uncaught.get(0), uncaught.get(0));
        }
    }

    static <T> T onLoop(Body<T> body) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                body.run(done);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        return await(done);
    }

    static <T> T await(CompletableFuture<T> done) throws Exception {
        try {
            return done.get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    static EventLoop loop() {
        return loop;
    }

    static Path file(String name) {
        return Path.of(System.getProperty("securepair.fixtures", "../../ci/fixtures"), name);
    }

    /** A server for localhost. */
    static ServerOptions serverOptions() {
        return new ServerOptions()
                .loop(loop)
                .key(file("server-rsa-key.pem"))
                .cert(file("server-rsa-cert.pem"));
    }

    /** A client of that server. */
    static ConnectOptions clientOptions(Server server) {
        return new ConnectOptions()
                .loop(loop)
                .host("127.0.0.1")
                .port(server.address().port())
                .servername("localhost")
                .ca(file("ca1-cert.pem"));
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }
}
