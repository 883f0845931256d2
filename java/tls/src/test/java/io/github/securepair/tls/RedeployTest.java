package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.File;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * An application that is deployed again and again, in a class loader of its own each time, and
 * closes its loop when it ends; the thread that started it lives on.
 */
class RedeployTest {
    private static final int ROUNDS = 4;

    @ParameterizedTest
    @ValueSource(strings = {"nio", "auto"})
    void classLoadersThatUsedSocketsAreUnloadedOnceTheirLoopIsClosed(String transport)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dsecurepair.transport=" + transport,
                "-Dsecurepair.fixtures=" + System.getProperty("securepair.fixtures")));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), RedeployTest.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("unloaded 4 of 4"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) throws Exception {
        ReferenceQueue<ClassLoader> unloaded = new ReferenceQueue<>();
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            loaders.add(new WeakReference<>(deploy(), unloaded));
        }
        int gone = 0;
        for (int i = 0; i < 200 && gone < ROUNDS; i++) {
            System.gc();
            unloaded.remove(20); // meanwhile threads of Netty's and the cleaner's end
            gone = (int) loaders.stream().filter(loader -> loader.get() == null).count();
        }
        Reference.reachabilityFence(loaders);
        System.out.println("unloaded " + gone + " of " + ROUNDS);
    }

    private static ClassLoader deploy() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(Path.of(path).toUri().toURL());
        }
        URLClassLoader loader =
                new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        Thread thread = Thread.currentThread();
        ClassLoader context = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            Class<?> application = loader.loadClass(Application.class.getName());
            application.getMethod("run").invoke(null);
        } finally {
            thread.setContextClassLoader(context);
            loader.close();
        }
        return loader;
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
