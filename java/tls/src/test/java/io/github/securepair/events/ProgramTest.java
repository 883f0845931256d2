package io.github.securepair.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** How whole programs end: each runs in a JVM of its own. */
@Timeout(60)
class ProgramTest {
    private record Ended(int status, String output) {}

    private static Ended run(Class<?> program) throws IOException, InterruptedException {
        String path = System.getProperty("jdk.module.path", "")
                + File.pathSeparator
                + System.getProperty("java.class.path")
                + File.pathSeparator
                + new File(ProgramTest.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                + File.pathSeparator
                + new File(EventLoop.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath());
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xshare:auto",
                        "-cp",
                        path,
                        program.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), output);
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

    @Test
    void aProgramEndsWhenItsWorkEnds() throws Exception {
        assertEquals(new Ended(0, "main\ndone\n"), run(WorkFromMain.class));
    }

    @Test
    void aScriptRunsOnTheLoopAndIsWaitedFor() throws Exception {
        assertEquals(new Ended(0, "script\ntick\ntimer\nafter\n"), run(Script.class));
    }

    @Test
    void anUncaughtExceptionIsPrintedAndEndsTheProgramWithStatusOne() throws Exception {
        Ended ended = run(Failing.class);
        assertEquals(1, ended.status);
        assertTrue(ended.output.contains("java.lang.IllegalStateException: broken"), ended.output);
        assertTrue(ended.output.contains("Uncaught exception on securepair-loop"), ended.output);
    }

    @Test
    void aHandlerThatThrowsEndsTheProgramWithStatusSeven() throws Exception {
        Ended ended = run(FailingTwice.class);
        assertEquals(7, ended.status);
        assertTrue(ended.output.contains("IllegalStateException: handler"), ended.output);
        assertTrue(ended.output.contains("java.io.IOException: unheard"), ended.output);
    }

    @Test
    void aQueuedTaskRunsAlthoughMainHasReturned() throws Exception {
        assertEquals(new Ended(0, "ran\n"), run(Idle.class));
    }
}
