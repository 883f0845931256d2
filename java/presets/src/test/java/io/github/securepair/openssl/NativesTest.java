package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

class NativesTest {
    @Test
    void oneLibcryptoAndOneLibsslAreInTheProcess() {
        Natives.glue();
        Natives.raw();
        assertEquals(List.of(Natives.libcrypto()), Mappings.now().named("libcrypto"));
        assertEquals(List.of(Natives.libssl()), Mappings.now().named("libssl"));
        assertEquals(Natives.libcrypto().getParent(), Natives.libssl().getParent());
    }

    @Test
    void theVersionIsThatOfTheLibraryThatWasBuilt() throws IOException {
        Properties built = new Properties();
        try (var in = Files.newInputStream(Path.of("target/openssl.properties"))) {
            built.load(in);
        }
        // A distribution's revision may stand after a plus.
        assertEquals(built.getProperty("version"), Natives.version().split("[ +]")[1]);
        assertEquals(built.getProperty("version"), NativeLoader.text(Natives.versionNumber()));
        assertEquals(
                built.getProperty("version"), NativeLoader.text(Natives.headerVersionNumber()));
    }

    @Test
    void addressesAreOfDirectBuffersOnly() {
        ByteBuffer direct = ByteBuffer.allocateDirect(64);
        long address = Glue.address(direct);
        assertNotEquals(0, address);
        assertEquals(address + 7, Glue.address(direct.position(7)));
        assertEquals(0, Glue.address(ByteBuffer.allocate(64)));
        assertEquals(0, Glue.address(null));
    }

    @Test
    void theLimitOnPhysicalMemoryIsOff() throws Exception {
        assertEquals("0", run("-Dtest=limit", "limit").get(0));
        assertEquals(
                "123456789",
                run("-Dorg.bytedeco.javacpp.maxPhysicalBytes=123456789", "limit")
                        .get(0));
    }

    @Test
    void settingsOfJavaCPPAreLeftAsTheyWere() throws Exception {
        assertEquals("[]", run("-Dtest=limit", "limit").get(1));
        assertEquals(
                "[org.bytedeco.javacpp.maxPhysicalBytes]",
                run("-Dorg.bytedeco.javacpp.maxPhysicalBytes=123456789", "limit")
                        .get(1));
    }

    @Test
    void theGlueRunsOnTheMachinesOwnLibraryAndTheRawFunctionsSayWhyTheyDoNot() throws Exception {
        Path system = FlavourTest.machine();
        List<String> lines = run("-Dsecurepair.openssl=system", "skew");
        assertEquals(system.resolve("libcrypto.so.3").toRealPath().toString(), lines.get(0));
        assertEquals(system.resolve("libssl.so.3").toRealPath().toString(), lines.get(1));
        assertEquals("1 1", lines.get(2));
        String found = lines.get(3);
        String wanted = NativeLoader.text(Natives.headerVersionNumber());
        if (number(found) < number(wanted)) {
            assertTrue(
                    lines.get(4).contains("OpenSSL " + wanted)
                            && lines.get(4).contains("OpenSSL " + found),
                    lines.get(4));
            assertEquals(lines.get(4), lines.get(5));
        } else {
            assertEquals("raw functions run", lines.get(4));
        }
    }

    @Test
    void eightThreadsThatLoadAtOnceAllGetThrough() throws Exception {
        for (int round = 0; round < 3; round++) {
            assertEquals(List.of("8 loaded"), run("race"));
        }
    }

    /** What the child processes of these tests run. */
    public static final class Child {
        public static void main(String[] args) throws Exception {
            switch (args[0]) {
                case "limit" -> {
                    Natives.glue();
                    System.out.println(Pointer.maxPhysicalBytes());
                    System.out.println(System.getProperties().stringPropertyNames().stream()
                            .filter(name -> name.startsWith("org.bytedeco"))
                            .toList());
                }
                case "skew" -> {
                    System.out.println(Natives.libcrypto());
                    System.out.println(Natives.libssl());
                    System.out.println(Mappings.now().named("libcrypto").size() + " "
                            + Mappings.now().named("libssl").size());
                    System.out.println(NativeLoader.text(Natives.versionNumber()));
                    try {
                        Crypto.OpenSSL_version_num();
                        System.out.println("raw functions run");
                    } catch (UnsatisfiedLinkError e) {
                        System.out.println(e.getMessage());
                    }
                    try {
                        Natives.raw();
                    } catch (UnsatisfiedLinkError e) {
                        System.out.println(e.getMessage());
                    }
                }
                default -> race();
            }
        }

        private static void race() throws Exception {
            List<Runnable> ways = List.of(
                    Natives::glue,
                    Natives::raw,
                    () -> Ssl.TLS_method(),
                    () -> Crypto.X509_new(),
                    () -> new io.github.securepair.openssl.types.X509V3_CTX(),
                    Natives::version,
                    () -> Glue.sp_library_version(),
                    () -> Ssl.SSL_CTX_new(Ssl.TLS_method()));
            List<Thread> threads = new ArrayList<>();
            var loaded = new java.util.concurrent.atomic.AtomicInteger();
            var start = new java.util.concurrent.CountDownLatch(1);
            for (Runnable way : ways) {
                Thread thread = new Thread(() -> {
                    try {
                        start.await();
                        way.run();
                        loaded.incrementAndGet();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                thread.setDaemon(true);
                thread.start();
                threads.add(thread);
            }
            start.countDown();
            long end = System.nanoTime() + 60_000_000_000L;
            for (Thread thread : threads) {
                thread.join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
            }
            System.out.println(loaded + " loaded");
            System.exit(0);
        }
    }

    private static List<String> run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx128m", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(arguments).subList(0, arguments.length - 1));
        command.add(Child.class.getName());
        command.add(arguments[arguments.length - 1]);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), text);
        return text.lines()
                .filter(line -> !line.startsWith("WARNING: ") && !line.isBlank())
                .toList();
    }

    private static long number(String version) {
        String[] parts = version.split("\\.");
        return Long.parseLong(parts[0]) * 10_000
                + Long.parseLong(parts[1]) * 100
                + Long.parseLong(parts[2]);
    }
}
