package io.github.securepair.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * Full and resumed handshakes in memory, both ends in one thread; the client verifies the server.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class HandshakeBenchmark {
    @Param({"ours", "jsse", "tcnative", "conscrypt"})
    String subject;

    @Param({"TLSv1.3", "TLSv1.2"})
    String protocol;

    @Param({"ecdsa", "rsa"})
    String key;

    @Param({"false"})
    boolean resume;

    private Subject stack;
    private Setting setting;

    @Setup
    public void open() throws Exception {
        setting = new Setting(protocol, key, Setting.X25519, resume);
        stack = Subject.of(subject, setting);
        check();
    }

    /** The right work, before it is timed. */
    private void check() throws Exception {
        try (TlsPair pair = stack.pair()) {
            pair.handshake();
            String expected = setting.protocol() + " " + setting.standardCipher();
            if (!pair.agreed().equals(expected)) {
                throw new IllegalStateException(
                        subject + " agreed on " + pair.agreed() + " instead of " + expected);
            }
            if (pair.resumed() != resume) {
                throw new IllegalStateException(
                        subject + (resume ? " did not resume" : " resumed"));
            }
        }
    }

    @Benchmark
    public boolean handshake() throws Exception {
        try (TlsPair pair = stack.pair()) {
            pair.handshake();
            if (pair.resumed() != resume) {
                throw new IllegalStateException(
                        subject + (resume ? " did not resume" : " resumed"));
            }
            return pair.resumed();
        }
    }

    @TearDown
    public void close() {
        stack.close();
    }
}
