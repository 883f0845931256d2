package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * What sharing costs: the same work on one thread, on two that have contexts of their own, and on
 * two that share one server and one client context (ticket keys, session lists, certificate and
 * OpenSSL's locks with them). {@code SharedContext SECONDS ITERATIONS}; prints lines of {@code WORK
 * THREADS own|shared PER-THREAD...}. Two with contexts of their own show what the machine allows,
 * two with shared ones beside them what sharing takes.
 */
public final class SharedContext {
    private static final int RECORD = 16384;

    private final double seconds;
    private final int iterations;

    private SharedContext(double seconds, int iterations) {
        this.seconds = seconds;
        this.iterations = iterations;
    }

    public static void main(String[] words) throws Exception {
        SharedContext runs =
                new SharedContext(Double.parseDouble(words[0]), Integer.parseInt(words[1]));
        Setting full = Setting.of("TLSv1.3");
        Setting resumed = new Setting("TLSv1.3", "ecdsa", Setting.X25519, true);
        runs.compare("full", full);
        runs.compare("resumed", resumed);
        runs.compare("records-16384", full);
    }

    private void compare(String work, Setting setting) throws Exception {
        for (int i = 0; i < 2; i++) {
            // The first time warms up.
            List<String> lines = new ArrayList<>();
            lines.add(run(work, setting, 1, false));
            lines.add(run(work, setting, 2, false));
            lines.add(run(work, setting, 2, true));
            if (i == 1) {
                lines.forEach(System.out::println);
            }
        }
    }

    private String run(String work, Setting setting, int threads, boolean shared) throws Exception {
        List<OurSubject> subjects = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            subjects.add(shared && i > 0 ? subjects.get(0).sharing() : new OurSubject(setting));
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        StringBuilder line =
                new StringBuilder(work + " " + threads + " " + (shared ? "shared" : "own"));
        try {
            CyclicBarrier together = new CyclicBarrier(threads);
            for (int i = 0; i < iterations; i++) {
                List<Callable<Double>> tasks = new ArrayList<>();
                for (OurSubject subject : subjects) {
                    tasks.add(() -> once(work, setting, subject, together));
                }
                double sum = 0;
                for (Future<Double> each : pool.invokeAll(tasks)) {
                    sum += each.get();
                }
                line.append(String.format(Locale.ROOT, " %.0f", sum / threads));
            }
        } finally {
            pool.shutdown();
            // Those that share come after their owner.
            for (int i = subjects.size() - 1; i >= 0; i--) {
                subjects.get(i).close();
            }
        }
        return line.toString();
    }

    private double once(String work, Setting setting, OurSubject subject, CyclicBarrier together)
            throws Exception {
        TlsPair pair = work.startsWith("records") ? Subject.connect(subject, setting) : null;
        ByteBuffer text = ByteBuffer.allocateDirect(RECORD);
        together.await(1, TimeUnit.MINUTES);
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        long done = 0;
        long now;
        do {
            if (pair == null) {
                Subject.connect(subject, setting).close();
            } else if (pair.clientToServer(text.clear()) != RECORD) {
                throw new IllegalStateException("Not all bytes arrived");
            }
            done++;
            now = System.nanoTime();
        } while (now < end);
        if (pair != null) {
            pair.close();
        }
        return done / ((now - start) / 1e9);
    }
}
