package io.github.securepair.cli;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Path;

/** Programs of the machine that tests talk to. */
final class Peers {
    private Peers() {}

    /** A missing one fails the test where CI is set, and skips it elsewhere. */
    static void require(String program) {
        for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
            if (Path.of(folder, program).toFile().canExecute()) {
                return;
            }
        }
        if ("true".equals(System.getenv("CI"))) {
            fail(program + " is not installed");
        }
        assumeTrue(false, program + " is not installed");
    }

    static Path fixture(String name) {
        return Path.of(System.getProperty("securepair.fixtures"), name);
    }
}
