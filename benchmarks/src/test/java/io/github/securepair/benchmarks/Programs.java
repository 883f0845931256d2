package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/** Compiles and runs the C programs. */
final class Programs {
    static final Path ROOT = Path.of(System.getProperty("securepair.root", ".."));
    private static final Properties OPENSSL = new Properties();

    static {
        try (Reader reader =
                Files.newBufferedReader(ROOT.resolve("java/presets/target/openssl.properties"))) {
            OPENSSL.load(reader);
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Programs() {}

    static String openssl(String property) {
        return OPENSSL.getProperty(property);
    }

    /** Compiles {@code benchmarks/c/name.c} into a folder; returns the program. */
    static Path compile(String name, Path folder) throws Exception {
        Path program = folder.resolve(name);
        run(List.of(
                "cc",
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-I" + openssl("include"),
                ROOT.resolve("benchmarks/c/" + name + ".c").toString(),
                "-o",
                program.toString(),
                "-L" + openssl("lib"),
                "-lssl",
                "-lcrypto"));
        return program;
    }

    /** Runs a command that must succeed; returns what it says. */
    static String run(List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", openssl("lib"));
        builder.environment().put("SP_FIXTURES", ROOT.resolve("ci/fixtures").toString());
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> command + ":\n" + text);
        return text;
    }
}
