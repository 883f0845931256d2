package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Server;

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

/** Tests on a loop of their own, which leave nothing native behind. */
abstract class LoopTest {
    static final long SECONDS = 30;
    static EventLoop loop;

    final List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());

    /** What a test does on the loop; it ends when it completes the future. */
    interface Body<T> {
        void run(CompletableFuture<T> done) throws Exception;
    }

    @BeforeAll
    static void openLoop() {
        loop = EventLoop.create();
    }

    @AfterAll
    static void closeLoop() throws Exception {
        loop.close();
        loop.closed().get(SECONDS, TimeUnit.SECONDS);
        LiveObjects.assertNone();
    }

    @BeforeEach
    void hearUncaught() {
        loop.onUncaughtException(uncaught::add);
    }

    @AfterEach
    void nothingWasUncaught() {
        TLS.CLIENT_RENEG_LIMIT = 3;
        TLS.CLIENT_RENEG_WINDOW = 600;
        if (!uncaught.isEmpty()) {
            throw new AssertionError("uncaught: " + uncaught.get(0), uncaught.get(0));
        }
    }

    /** Runs a body on the loop and waits for its result. */
    <T> T run(Body<T> body) throws Exception {
        return run(SECONDS, body);
    }

    /** The same, with more or less patience. */
    <T> T run(long seconds, Body<T> body) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                body.run(done);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        try {
            return done.get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        }
    }

    static Path fixture(String name) {
        return ScenarioRun.FIXTURES.resolve(name);
    }

    static ServerOptions serverOptions(String name) {
        return new ServerOptions()
                .loop(loop)
                .key(fixture(name + "-key.pem"))
                .cert(fixture(name + "-cert.pem"));
    }

    static ServerOptions serverOptions() {
        return serverOptions("server-rsa");
    }

    static ConnectOptions clientOptions(int port) {
        return new ConnectOptions()
                .loop(loop)
                .host("127.0.0.1")
                .port(port)
                .servername("localhost")
                .ca(fixture("ca1-cert.pem"));
    }

    static ConnectOptions clientOptions(Server server) {
        return clientOptions(server.address().port());
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    static String commonName(PeerCertificate certificate) {
        return (String) certificate.subject().get("CN");
    }
}
