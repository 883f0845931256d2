package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;
import io.github.securepair.testing.Child;
import io.github.securepair.testing.Redeployment;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * An application that is deployed again and again, in a class loader of its own each time, and
 * closes its loop when it ends; the thread that started it lives on.
 */
class RedeployTest {
    @ParameterizedTest
    @ValueSource(strings = {"nio", "auto"})
    void classLoadersThatUsedSocketsAreUnloadedOnceTheirLoopIsClosed(String transport)
            throws Exception {
        String output = Child.run(
                RedeployTest.class,
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dsecurepair.transport=" + transport);
        assertTrue(output.contains("unloaded 4 of 4"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) throws Exception {
        Redeployment deployed = new Redeployment();
        for (int round = 0; round < 4; round++) {
            deployed.deploy(Application.class);
        }
        System.out.println(deployed.collect());
    }

    /** What is deployed: a server, and a client that has a line echoed. */
    public static final class Application {
        private Application() {}

        /** Runs it, and closes the loop. */
        public static void run() throws Exception {
            Path fixtures = Path.of(System.getProperty("securepair.fixtures"));
            ServerOptions options = new ServerOptions()
                    .key(fixtures.resolve("server-rsa-key.pem"))
                    .cert(fixtures.resolve("server-rsa-cert.pem"));
            EventLoop loop = EventLoop.defaultLoop();
            TLSServer server = TLS.createServer(options, socket -> socket.pipe(socket));
            server.listenAsync(0, "127.0.0.1").get(20, TimeUnit.SECONDS);
            int port = server.address().port();
            CompletableFuture<String> answer = new CompletableFuture<>();
            loop.execute(() -> {
                TLSSocket client = TLS.connect(new ConnectOptions()
                        .port(port)
                        .host("127.0.0.1")
                        .rejectUnauthorized(false));
                client.setEncoding("utf8");
                client.on(EventEmitter.ERROR, answer::completeExceptionally);
                client.on(Readable.TEXT, text -> {
                    answer.complete(text);
                    client.end();
                });
                client.write("hello");
            });
            assertEquals("hello", answer.get(20, TimeUnit.SECONDS));
            server.closeAsync().get(20, TimeUnit.SECONDS);
            loop.close();
            loop.closed().get(20, TimeUnit.SECONDS);
        }
    }
}
