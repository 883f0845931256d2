package io.github.securepair.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.Coded;
import io.github.securepair.net.Net;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** How whole programs end: each runs in a JVM of its own. */
@Timeout(60)
class ProgramTest {
    /** How a program ended: status, standard output, standard error. */
    private record Ended(int status, String output, String errors) {}

    @TempDir
    private Path folder;

    private Ended run(Class<?> program) throws IOException, InterruptedException {
        String path = String.join(
                File.pathSeparator,
                System.getProperty("java.class.path"),
                System.getProperty("jdk.module.path", ""),
                location(ProgramTest.class),
                location(EventLoop.class));
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        path,
                        program.getName())
                .redirectError(errors.toFile())
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), output, Files.readString(errors));
    }

    private static String location(Class<?> type) {
        return new File(type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .getPath();
    }

    private void endsWell(String output, Class<?> program) throws Exception {
        Ended ended = run(program);
        assertEquals(output, ended.output, ended.errors);
        assertEquals(0, ended.status, ended.errors);
    }

    /** Ends when its timers are done, although main returned long before. */
    public static final class WorkFromMain {
        public static void main(String[] args) {
            EventLoop loop = EventLoop.defaultLoop();
            loop.setInterval(() -> System.out.println("never"), 60_000).unref();
            loop.setTimeout(() -> loop.setTimeout(() -> System.out.println("done"), 20), 20);
            System.out.println("main");
        }
    }

    /** Runs on the loop like a script. */
    public static final class Script {
        public static void main(String[] args) {
            EventLoop.run(() -> {
                EventLoop loop = EventLoop.current();
                loop.setTimeout(() -> System.out.println("timer"), 5);
                loop.nextTick(() -> System.out.println("tick"));
                System.out.println("script");
            });
            System.out.println("after");
        }
    }

    /** Fails in a callback. */
    public static final class Failing {
        public static void main(String[] args) {
            EventLoop loop = EventLoop.defaultLoop();
            loop.handle();
            loop.setTimeout(
                    () -> {
                        throw new IllegalStateException("broken");
                    },
                    1);
        }
    }

    /** Has a handler that fails itself. */
    public static final class FailingTwice {
        public static void main(String[] args) {
            EventLoop loop = EventLoop.defaultLoop();
            loop.onUncaughtException(error -> {
                throw new IllegalStateException("handler", error);
            });
            loop.execute(() -> new EventEmitter().emit("error", new IOException("unheard")));
        }
    }

    /** Does nothing at all with a loop it made. */
    public static final class Idle {
        public static void main(String[] args) {
            EventLoop.group(2);
            EventLoop.defaultLoop().execute(() -> System.out.println("ran"));
        }
    }

    /** Connects, pauses, and has nothing else to do. */
    public static final class Paused {
        public static void main(String[] args) throws IOException {
            ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
            Net.connect(server.getLocalPort(), "127.0.0.1", socket -> {
                socket.on(Socket.CONNECT, () -> {
                    socket.pause();
                    System.out.println("connected");
                });
            });
        }
    }

    /** Adds its listeners after connect(), and takes its time. */
    public static final class Refused {
        public static void main(String[] args) throws IOException {
            int port;
            try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = taken.getLocalPort();
            }
            Socket socket = Net.connect(port, "127.0.0.1");
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(100);
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            socket.on(EventEmitter.ERROR, error -> System.out.println(Coded.codeOf(error)));
            socket.on(Socket.CLOSE, hadError -> System.out.println("close " + hadError));
        }
    }

    @Test
    void aProgramWhoseSocketIsPausedEnds() throws Exception {
        endsWell("connected\n", Paused.class);
    }

    @Test
    void aProgramThatAddsItsListenersLateMissesNothing() throws Exception {
        endsWell("ECONNREFUSED\nclose true\n", Refused.class);
    }

    @Test
    void aProgramEndsWhenItsWorkEnds() throws Exception {
        endsWell("main\ndone\n", WorkFromMain.class);
    }

    @Test
    void aScriptRunsOnTheLoopAndIsWaitedFor() throws Exception {
        endsWell("script\ntick\ntimer\nafter\n", Script.class);
    }

    @Test
    void anUncaughtExceptionIsPrintedAndEndsTheProgramWithStatusOne() throws Exception {
        Ended ended = run(Failing.class);
        assertEquals(1, ended.status);
        assertTrue(ended.errors.contains("java.lang.IllegalStateException: broken"), ended.errors);
        assertTrue(ended.errors.contains("Uncaught exception on securepair-loop"), ended.errors);
    }

    @Test
    void aHandlerThatThrowsEndsTheProgramWithStatusSeven() throws Exception {
        Ended ended = run(FailingTwice.class);
        assertEquals(7, ended.status);
        assertTrue(ended.errors.contains("IllegalStateException: handler"), ended.errors);
        assertTrue(ended.errors.contains("java.io.IOException: unheard"), ended.errors);
    }

    @Test
    void aQueuedTaskRunsAlthoughMainHasReturned() throws Exception {
        endsWell("ran\n", Idle.class);
    }
}
