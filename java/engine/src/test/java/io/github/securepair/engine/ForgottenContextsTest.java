package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Child;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Contexts that nobody closes, in a process of its own whose heap has room for all of them. */
class ForgottenContextsTest {
    private static final String[] JVM = {
        "-Xms400m", "-Xmx400m", "-Xmn300m", "-XX:+UseSerialGC", "-XX:MaxTenuringThreshold=15"
    };

    private static String run(String what) throws Exception {
        String[] flags = Arrays.copyOf(JVM, JVM.length + 1);
        flags[JVM.length] = "-Dforgotten.what=" + what;
        return Child.run(ForgottenContextsTest.class, flags);
    }

    @Test
    void theirNativeMemoryPressesTheCollector() throws Exception {
        String output = run("forget");
        assertTrue(output.contains("bounded"), output);
    }

    @Test
    void whoClosesThemNeverCausesACollection() throws Exception {
        String output = run("close");
        assertTrue(output.contains("collections 0"), output);
    }

    @Test
    void whatTheyTrustIsHeldOnce() throws Exception {
        String output = run("share");
        assertTrue(output.contains("held once"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) {
        switch (System.getProperty("forgotten.what")) {
            case "forget" -> forget();
            case "close" -> close();
            default -> share();
        }
    }

    private static SecureContext make(byte[] anchors) {
        try (SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.ANY)) {
            builder.ca(anchors, true);
            return builder.build();
        }
    }

    /** Some 20 KiB each, which makes some 300 MiB in all. */
    private static void forget() {
        byte[] anchor = Fixtures.bytes("ca1-cert.pem");
        long most = 0;
        for (int i = 0; i < 15_000; i++) {
            make(anchor);
            most = Math.max(most, OpenSSL.live().contextBytes());
        }
        assertTrue(most < 150L << 20, "contexts took " + (most >> 20) + " MiB");
        System.out.println("bounded: " + (most >> 20) + " MiB");
    }

    private static void close() {
        byte[] anchor = Fixtures.bytes("ca1-cert.pem");
        make(anchor).close();
        long before = collections();
        for (int i = 0; i < 15_000; i++) {
            make(anchor).close();
        }
        System.out.println("collections " + (collections() - before));
    }

    /** Of the old generation, which nothing but System.gc() makes here. */
    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .filter(bean -> bean.getName().contains("MarkSweep"))
                .mapToLong(bean -> bean.getCollectionCount())
                .sum();
    }

    private static void share() {
        byte[] anchors = (String.join("\n", RootCertificates.pem()) + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        List<SecureContext> contexts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            contexts.add(make(anchors));
        }
        OpenSSL.LiveObjects live = OpenSSL.live();
        assertTrue(live.anchors() <= RootCertificates.pem().size(), live.toString());
        assertTrue(live.anchors() > 50, live.toString());
        assertTrue(live.contextBytes() < 15L << 20, live.toString());
        contexts.forEach(SecureContext::close);
        assertEquals(0, OpenSSL.live().anchors());
        assertEquals(0, OpenSSL.live().contextBytes());
        System.out.println("held once");
    }
}
