package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Every server does the work that the load program times, and the program notices when not. */
class SocketServersTest {
    @TempDir
    static Path folder;

    private static SocketRuns runs;

    @BeforeAll
    static void compile() throws Exception {
        String load = Programs.compile("load", folder).toString();
        runs = new SocketRuns(
                load, Programs.openssl("lib"), folder, new SocketRuns.Times(0, 0.05, 2));
    }

    /** The row that a name stands for, with few connections. */
    private static SocketRow row(String mode, String key, String... sizes) {
        return new SocketRow(
                mode, mode, "1/s", 1, false, false, mode, key, 3, Arrays.asList(sizes));
    }

    @TestFactory
    List<DynamicTest> everyServerDoesTheWork() {
        List<String> servers = new ArrayList<>(SocketServer.SUBJECTS);
        servers.add("node");
        List<DynamicTest> tests = new ArrayList<>();
        for (String server : servers) {
            for (SocketRow row : List.of(
                    row("full", "ecdsa"),
                    row("full", "rsa"),
                    row("resumed", "ecdsa"),
                    row("requests", "ecdsa", "64", "1024"),
                    row("requests", "ecdsa", "40000", "64"),
                    row("send", "ecdsa"),
                    row("receive", "ecdsa"))) {
                String name = server + ", " + row.mode() + ", " + row.key() + " " + row.sizes();
                tests.add(DynamicTest.dynamicTest(name, () -> works(server, row)));
            }
        }
        return tests;
    }

    private static void works(String server, SocketRow row) throws Exception {
        assumeTrue(!server.equals("node") || isOnPath("node"), "no Node here");
        assumeTrue(
                !server.equals("jsse") || !row.mode().equals("resumed"),
                "JSSE does not resume what OpenSSL offers");
        SocketRuns.Result result = runs.run(row, server);
        assertEquals(2, result.perSecond().size());
        assertEquals(2, result.perCpuSecond().size());
    }

    private static boolean isOnPath(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, program)));
    }

    @Test
    void theLoadProgramRefusesAnotherCertificate() throws Exception {
        // The certificate is right, but not the one expected.
        assertFails(row("full", "rsa"), List.of("ecdsa", "hello"), "load: handshake");
    }

    @Test
    void theLoadProgramRefusesAnotherAnswer() throws Exception {
        assertFails(
                row("requests", "ecdsa", "64", "64"),
                List.of("ecdsa", "requests", "64", "65"),
                "load: not the answer");
    }

    @Test
    void theLoadProgramNoticesThatTheServerDied() throws Exception {
        // More than a request: the server ends itself.
        assertFails(
                row("requests", "ecdsa", "64", "64"),
                List.of("ecdsa", "requests", "63", "64"),
                "load: ");
    }

    @Test
    void rowsAreNamedOnce() {
        List<String> names = SocketRow.all().stream().map(SocketRow::work).toList();
        assertEquals(names.stream().distinct().toList(), names);
        assertTrue(SocketRow.all().stream().anyMatch(SocketRow::isShort));
    }

    private static void assertFails(SocketRow row, List<String> server, String message) {
        Exception e =
                assertThrows(IllegalStateException.class, () -> runs.run(row, "ours", server));
        assertTrue(e.getMessage().startsWith(message), e::toString);
    }
}
