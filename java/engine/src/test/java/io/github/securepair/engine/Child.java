package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a main class of the tests in a process of its own, for what changes or measures a whole
 * process.
 */
final class Child {
    private Child() {}

    /** What it printed; fails the test when it does not exit with 0. */
    static String run(Class<?> main, String... jvmArguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(jvmArguments));
        command.add("-Dsecurepair.fixtures=" + System.getProperty("securepair.fixtures"));
        command.add("-cp");
        command.add(System.getProperty(
                "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(main.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
