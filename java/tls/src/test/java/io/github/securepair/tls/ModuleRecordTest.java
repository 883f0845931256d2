package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The records that the tests of the module functions compare with, and the list of differences. */
class ModuleRecordTest {
    private static final Path SCRIPT = Path.of(
            System.getProperty("securepair.root"),
            "java",
            "tls",
            "src",
            "test",
            "node",
            "module.js");

    @Test
    void nodeStillAnswersAsRecorded() throws Exception {
        assumeTrue("true".equals(System.getenv("CI")), "only where Node is known to be");
        assumeTrue(output("node", "--version").startsWith("v20."), "the records are of Node 20");
        assertEquals("", output("node", SCRIPT.toString(), "--check"));
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return "";
        }
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        return process.exitValue() == 0 ? text : text + "exit " + process.exitValue();
    }

    @Test
    void everyDifferenceHasAReasonAndACase() {
        for (Map<String, Object> each : ModuleTraces.read("differences")) {
            assertTrue(((String) each.get("why")).length() > 20, each.toString());
            assertTrue(
                    ModuleTraces.read((String) each.get("trace")).stream()
                            .anyMatch(one ->
                                    ((String) one.get("case")).matches((String) each.get("cases"))),
                    each.toString());
        }
    }
}
