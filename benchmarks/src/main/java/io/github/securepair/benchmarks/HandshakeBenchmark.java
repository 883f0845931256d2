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
    @Param({"ours", "tcnative", "conscrypt", "jsse"})
    String subject;

    @Param({"TLSv1.3", "TLSv1.2"})
    String protocol;

    @Param({"ecdsa", "rsa"})
    String key;

    @Param({Setting.X25519})
    String group;

    @Param({"false"})
    boolean resume;

    private Subject stack;
    private Setting setting;

    /** Includes the proof that the right work will be done. */
    @Setup
    public void open() throws Exception {
        setting = new Setting(protocol, key, group, resume);
        stack = Subject.of(subject, setting);
        Subject.connect(stack, setting).close();
    }

    /** A new pair, its handshake, its end. */
    @Benchmark
    public boolean handshake() throws Exception {
        try (TlsPair pair = stack.pair()) {
            pair.handshake();
            Subject.checkResumed(pair, setting);
            return pair.resumed();
        }
    }

    @TearDown
    public void close() {
        stack.close();
    }
}
