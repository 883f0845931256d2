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

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * One record from client to server, or a record each way; multiply records per second by the size
 * for bytes.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class RecordBenchmark {
    @Param({"ours", "tcnative", "conscrypt", "jsse"})
    String subject;

    @Param({"TLSv1.3"})
    String protocol;

    @Param({"16384", "1024", "64"})
    int size;

    private Subject stack;
    private TlsPair pair;
    private ByteBuffer text;

    @Setup
    public void open() throws Exception {
        Setting setting = Setting.of(protocol);
        stack = Subject.of(subject, setting);
        pair = Subject.connect(stack, setting);
        text = ByteBuffer.allocateDirect(size);
        byte[] random = new byte[size];
        new Random(7).nextBytes(random);
        text.put(random).flip();
        pair.clientToServer(text);
        compare();
    }

    private void compare() {
        if (!pair.arrived().equals(text.clear())) {
            throw new IllegalStateException(subject + " did not deliver what was sent");
        }
    }

    /** One record, client to server. */
    @Benchmark
    public int oneWay() throws Exception {
        int arrived = pair.clientToServer(text.clear());
        if (arrived != size) {
            throw new IllegalStateException("Only " + arrived + " bytes arrived");
        }
        return arrived;
    }

    /** One record there and one back. */
    @Benchmark
    public int pingPong() throws Exception {
        int there = pair.clientToServer(text.clear());
        int back = pair.serverToClient(text.clear());
        if (there != size || back != size) {
            throw new IllegalStateException("Only " + there + " and " + back + " bytes arrived");
        }
        return back;
    }

    @TearDown
    public void close() {
        compare();
        pair.close();
        stack.close();
    }
}
