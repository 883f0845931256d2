package io.github.securepair.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures what an idle connection keeps: {@code IdleMemory SUBJECT PROTOCOL PAIRS} in a JVM of its
 * own, with a heap of fixed size that is touched in advance, so that the growth of the process is
 * native memory. Prints two numbers, bytes for one end of a connection: heap, native.
 */
public final class IdleMemory {
    private static final int WARM_UP = 300;

    private IdleMemory() {}

    public static void main(String[] arguments) throws Exception {
        Setting setting = Setting.of(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        List<TlsPair> pairs = new ArrayList<>(count);
        Subject subject = Subject.of(arguments[0], setting);
        ByteBuffer text = ByteBuffer.allocateDirect(1024);
        // Classes, compiled code, the stack's own tables, an allocator's first blocks.
        for (int i = 0; i < WARM_UP; i++) {
            TlsPair pair = Subject.connect(subject, setting);
            pair.clientToServer(text.clear());
            pair.close();
        }
        collect();
        long heap = heapUsed();
        long resident = resident();
        for (int i = 0; i < count; i++) {
            TlsPair pair = Subject.connect(subject, setting);
            pair.clientToServer(text.clear());
            pair.serverToClient(text.clear());
            pair.idle();
            pairs.add(pair);
        }
        collect();
        heap = heapUsed() - heap;
        resident = resident() - resident;
        System.out.println(heap / (2L * count) + " " + resident / (2L * count));
        // Alive until here.
        for (TlsPair pair : pairs) {
            if (pair.clientToServer(text.clear()) != text.capacity()) {
                throw new IllegalStateException("A connection died");
            }
        }
    }

    private static void collect() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
    }

    private static long heapUsed() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        throw new IOException("No VmRSS in /proc/self/status");
    }
}
