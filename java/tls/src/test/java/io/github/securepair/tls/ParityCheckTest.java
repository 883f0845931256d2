package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** ci/ParityCheck.java counts the reports that it is given, of either runner, and no others. */
final class ParityCheckTest {
    private static final String SUREFIRE = "<testsuite><testcase name=\"passes{String}[1]\""
            + " classname=\"some.ATest\" time=\"0.1\"/></testsuite>";
    private static final String CONSOLE = "<testsuite>\n<testcase name=\"passes(String)[1]\""
            + " classname=\"some.BTest\" time=\"0.1\">\n<system-out><![CDATA[\nunique-id: x\n]]>"
            + "</system-out>\n</testcase>\n</testsuite>";
    private static final String FAILING = "<testsuite>\n<testcase name=\"passes(String)[1]\""
            + " classname=\"some.BTest\" time=\"0.1\">\n<failure type=\"x\"/>\n"
            + "</testcase>\n</testsuite>";

    @TempDir
    Path folder;

    @Test
    void reportsOfBothRunnersCount() throws Exception {
        document();
        write("run/java/tls/TEST-some.ATest.xml", SUREFIRE);
        write("run/java/cli/TEST-junit-jupiter.xml", CONSOLE);
        assertEquals(
                "0\nparity: 227 rows, {works=227, differs=0, impossible=0, open=0}\n", check());
    }

    @Test
    void aTestThatFailedInThisRunIsAFaultWhateverAnEarlierOneSaid() throws Exception {
        document();
        write("java/cli/target/surefire-reports/TEST-some.BTest.xml", CONSOLE);
        write("run/java/tls/TEST-some.ATest.xml", SUREFIRE);
        write("run/java/cli/TEST-junit-jupiter.xml", FAILING);
        assertEquals(
                "1\nF2: `BTest#passes` failed or was skipped\n"
                        + "parity: 227 rows, {works=227, differs=0, impossible=0, open=0}\n",
                check());
    }

    @Test
    void reportsOfEarlierRunsDoNotCount() throws Exception {
        document();
        write("java/tls/target/surefire-reports/TEST-some.ATest.xml", SUREFIRE);
        write("java/cli/target/junit-reports/TEST-junit-jupiter.xml", CONSOLE);
        assertEquals("1\nno test reports in run: run the Java tests first\n", check());
    }

    private void document() throws IOException {
        StringBuilder rows = new StringBuilder();
        for (int i = 1; i <= 227; i++) {
            rows.append("| F").append(i).append(" | works | it | `");
            rows.append(i == 2 ? "BTest" : "ATest").append("#passes` | |\n");
        }
        write("docs/parity.md", rows.toString());
    }

    private void write(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    /** Exit code and output. */
    private String check() throws Exception {
        Path root = Path.of(System.getProperty("securepair.root", "../..")).toAbsolutePath();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        root.resolve("ci/ParityCheck.java").toString(),
                        "run")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(true, process.waitFor(30, TimeUnit.SECONDS));
        return process.exitValue() + "\n" + output;
    }
}
