package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A transport's failure reaches the waiting callback, whatever that socket is doing: see
 * {@link TransportFailures}. {@code -Dsecurepair.failures=50} runs the whole matrix fifty times, in
 * another order each time; otherwise a part of it is enough.
 */
class TransportFailureTest {
    private static final int TIMES = Integer.getInteger("securepair.failures", 0);
    private static final long SECONDS = 300;
    /** One cell in so many. */
    private static final int PART = 6;

    @Test
    void everySocketClosesOnceWhateverItWasDoingWhenThePeerLeft() throws Exception {
        if (TIMES == 0) {
            assertEquals(List.of(), run(1, 1, PART));
        }
        for (int i = 0; i < TIMES; i++) {
            assertEquals(List.of(), run(1, System.nanoTime(), 1));
        }
    }

    private static List<String> run(int times, long seed, int part) throws Exception {
        List<String> faults =
                TransportFailures.run(seed, TransportFailures.sample(times, seed, part), SECONDS);
        return faults.stream().map(each -> "seed " + seed + ": " + each).toList();
    }

    /** The transport is the process's: the other one needs a process of its own. */
    @Test
    void everySocketOfNioClosesOnceToo() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx512m",
                "-Dsecurepair.transport=nio",
                "-Dsecurepair.fixtures=" + System.getProperty("securepair.fixtures")));
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-cp",
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                TransportFailures.class.getName(),
                String.valueOf(Math.max(1, TIMES)),
                "2",
                String.valueOf(TIMES == 0 ? PART * 2 : 1)));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output =
                    new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(child.waitFor(SECONDS, TimeUnit.SECONDS), output);
            assertTrue(child.exitValue() == 0 && output.contains("nio: "), output);
        } finally {
            child.destroyForcibly();
        }
    }
}
