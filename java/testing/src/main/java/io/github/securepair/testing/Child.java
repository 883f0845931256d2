package io.github.securepair.testing;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a main class of the tests in a process of its own, for what changes or measures a whole
 * process.
 */
public final class Child {
    private Child() {}

    /**
     * Returns what it printed.
     *
     * @throws AssertionError when it does not exit with 0
     */
    public static String run(Class<?> main, String... jvmArguments) throws Exception {
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
        int status = process.waitFor();
        if (status != 0) {
            throw new AssertionError("exit status " + status + ": " + output);
        }
        return output;
    }
}
