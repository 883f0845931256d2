package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** The C program does the work of every row. */
class LimitTest {
    private static final Path ROOT = Path.of(System.getProperty("securepair.root", ".."));
    private static final Properties OPENSSL = new Properties();

    @TempDir
    static Path folder;

    @BeforeAll
    static void compile() throws Exception {
        try (Reader reader =
                Files.newBufferedReader(ROOT.resolve("java/presets/target/openssl.properties"))) {
            OPENSSL.load(reader);
        }
        run(List.of(
                "cc",
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-I" + OPENSSL.getProperty("include"),
                ROOT.resolve("benchmarks/c/limit.c").toString(),
                "-o",
                folder.resolve("limit").toString(),
                "-L" + OPENSSL.getProperty("lib"),
                "-lssl",
                "-lcrypto"));
    }

    @Test
    void everyRowHasItsWorkInC() throws Exception {
        // The hybrid group came with OpenSSL 3.5.
        boolean hybrid = !OPENSSL.getProperty("version").matches("3\\.[0-4]\\..*");
        for (Row row : Row.all()) {
            if (row.work().endsWith("-hybrid") && !hybrid) {
                continue;
            }
            List<String> command = command(row.limit());
            command.addAll(List.of("0.001", "2"));
            String text = run(command);
            assertTrue(
                    text.matches("\\{\"iterations\": \\[[0-9.]+, [0-9.]+]}\\s*"),
                    () -> row.work() + ": " + text);
        }
    }

    @Test
    void idleConnectionsAreCounted() throws Exception {
        String text = run(command(List.of("idle", "TLSv1.3", "5")));
        assertTrue(text.matches("\\{\"iterations\": \\[[0-9]+\\.[0-9]]}\\s*"), text);
    }

    private static List<String> command(List<String> words) {
        List<String> command = new ArrayList<>(List.of(folder.resolve("limit").toString()));
        command.addAll(words);
        return command;
    }

    private static String run(List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", OPENSSL.getProperty("lib"));
        builder.environment().put("SP_FIXTURES", ROOT.resolve("ci/fixtures").toString());
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> command + ":\n" + text);
        return text;
    }
}
