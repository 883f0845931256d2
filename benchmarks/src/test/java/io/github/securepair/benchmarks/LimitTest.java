package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The C program does the work of every row. */
class LimitTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void compile() throws Exception {
        Programs.compile("limit", folder);
    }

    @Test
    void everyRowHasItsWorkInC() throws Exception {
        // The hybrid group came with OpenSSL 3.5.
        boolean hybrid = !Programs.openssl("version").matches("3\\.[0-4]\\..*");
        for (Row row : Row.all()) {
            if (row.work().endsWith("-hybrid") && !hybrid) {
                continue;
            }
            List<String> command = command(row.limit());
            command.addAll(List.of("0.001", "2"));
            String text = Programs.run(command);
            assertTrue(
                    text.matches("\\{\"iterations\": \\[[0-9.]+, [0-9.]+]}\\s*"),
                    () -> row.work() + ": " + text);
        }
    }

    @Test
    void idleConnectionsAreCounted() throws Exception {
        String text = Programs.run(command(List.of("idle", "TLSv1.3", "5")));
        assertTrue(text.matches("\\{\"iterations\": \\[[0-9]+\\.[0-9]]}\\s*"), text);
    }

    private static List<String> command(List<String> words) {
        List<String> command = new ArrayList<>(List.of(folder.resolve("limit").toString()));
        command.addAll(words);
        return command;
    }
}
