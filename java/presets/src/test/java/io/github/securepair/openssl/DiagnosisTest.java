package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;

/** What is made of the dynamic linker's words, for machines that the tests do not run on. */
class DiagnosisTest {
    private static final Path FILE = Path.of("/home/u/.cache/securepair/natives/k/libjni.so");

    private static String explain(List<String> maps, List<String> mounts, String message) {
        return new Diagnosis(Mappings.of(maps), mounts)
                .explain(new UnsatisfiedLinkError(message), FILE);
    }

    @Test
    void muslIsNotSupported() {
        String text = explain(
                List.of("7f0-7f1 r-xp 0 08:01 42                 /lib/ld-musl-x86_64.so.1"),
                List.of(),
                "Error loading shared library ld-linux-x86-64.so.2: No such file");
        assertTrue(text.startsWith("the C library of this JVM is musl, which is not supported"));
        assertTrue(text.contains("a distribution with glibc"), text);
        assertTrue(text.contains("ld-linux-x86-64.so.2"), text);
    }

    @Test
    void anOlderCLibraryIsNamedWithTheVersionThatIsNeeded() {
        String text = explain(
                List.of(),
                List.of(),
                "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.36' not found (required by"
                        + " /x/libcrypto-securepair.so.3)");
        assertTrue(text.startsWith("this machine's glibc is too old, 2.36 is needed"), text);
    }

    @Test
    void anOlderOpenSSLOfTheMachinesIsNamedWithTheVersionThatIsNeeded() {
        String text = explain(
                List.of(),
                List.of(),
                "/usr/lib/libcrypto.so.3: version `OPENSSL_3.4.0' not found (required by /x)");
        assertTrue(text.startsWith("the OpenSSL of this machine is too old, 3.4.0 is needed"));
        assertTrue(text.contains("run without -Dsecurepair.openssl=system"), text);
    }

    @Test
    void theMountThatCountsIsTheLastOneAboveTheFile() {
        List<String> mounts = List.of(
                "21 1 8:1 / / rw,relatime - ext4 /dev/a rw",
                "22 21 8:2 / /home rw,noexec,relatime - ext4 /dev/b rw",
                "23 22 8:3 / /home/u/.cache rw,relatime - ext4 /dev/c rw");
        String message = "libjni.so: failed to map segment from shared object";
        assertTrue(
                explain(List.of(), mounts, message).contains("does not let a library be mapped"));
        assertEquals(
                "/home/u/.cache/securepair/natives/k is mounted noexec, so that no library can be"
                        + " loaded from it: name a folder without it by"
                        + " -Dsecurepair.natives.dir=DIR",
                explain(List.of(), mounts.subList(0, 2), message));
    }

    @Test
    void whatIsNotUnderstoodIsPassedOnAsItIs() {
        assertEquals("something else", explain(List.of(), List.of(), "something else"));
    }

    @Test
    void mappingsTellWhatIsThereAndWhatWasReplaced() {
        Mappings mappings = Mappings.of(List.of(
                "7f0-7f1 r--p 00000000 08:01 42                 /a/libssl-securepair.so.3",
                "7f1-7f2 r-xp 00001000 08:01 42                 /a/libssl-securepair.so.3",
                "7f2-7f3 r-xp 00001000 08:01 43           /b/libcrypto-securepair.so.3 (deleted)",
                "7f3-7f4 rw-p 00000000 00:00 0                  [heap]"));
        assertTrue(mappings.has(Path.of("/a/libssl-securepair.so.3")));
        assertFalse(mappings.replaced(Path.of("/a/libssl-securepair.so.3")));
        assertTrue(mappings.replaced(Path.of("/b/libcrypto-securepair.so.3")));
        assertEquals(List.of(Path.of("/b/libcrypto-securepair.so.3")), mappings.named("libcrypto"));
        assertFalse(mappings.musl());
    }
}
