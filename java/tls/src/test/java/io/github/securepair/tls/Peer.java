package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Assumptions;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Another program at the other end of the wire: openssl, node, curl. Killed at the end, whatever
 * happened.
 */
final class Peer implements AutoCloseable {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

    private final Process process;
    private final StringBuilder output = new StringBuilder();
    private final Thread reader;
    private boolean ended;

    private Peer(Process process) {
        this.process = process;
        reader = new Thread(this::read, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts it. Without the program the test is skipped, but fails where everything must be there
     * (CI=true).
     */
    static Peer start(String... command) throws IOException {
        require(command[0]);
        return new Peer(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    static void require(String program) {
        for (String folder : System.getenv("PATH").split(":")) {
            if (java.nio.file.Files.isExecutable(java.nio.file.Path.of(folder, program))) {
                return;
            }
        }
        if ("true".equals(System.getenv("CI"))) {
            fail(program + " is not installed");
        }
        Assumptions.abort(program + " is not installed");
    }

    private void read() {
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            char[] some = new char[4096];
            for (int count; (count = in.read(some)) >= 0; ) {
                synchronized (output) {
                    output.append(some, 0, count);
                    output.notifyAll();
                }
            }
        } catch (IOException closed) {
            // Killed.
        }
        synchronized (output) {
            ended = true;
            output.notifyAll();
        }
    }

    /** Waits until its output matches somewhere, and returns the match. */
    Matcher await(String regex) throws InterruptedException {
        Pattern pattern = Pattern.compile(regex);
        long deadline = System.nanoTime() + PATIENCE;
        synchronized (output) {
            while (true) {
                Matcher matcher = pattern.matcher(output.toString());
                if (matcher.find()) {
                    return matcher;
                }
                long left = deadline - System.nanoTime();
                if (ended || left <= 0) {
                    return fail("no " + regex + " in:\n" + output);
                }
                TimeUnit.NANOSECONDS.timedWait(output, left);
            }
        }
    }

    int port(String regex) throws InterruptedException {
        return Integer.parseInt(await(regex).group(1));
    }

    void send(String text) throws IOException {
        OutputStream in = process.getOutputStream();
        in.write(text.getBytes(StandardCharsets.UTF_8));
        in.flush();
    }

    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** Waits for its end and returns all it said. */
    String finish() throws InterruptedException {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            fail("does not end:\n" + output());
        }
        reader.join(TimeUnit.SECONDS.toMillis(20));
        return output();
    }

    int exitCode() {
        return process.exitValue();
    }

    String output() {
        synchronized (output) {
            return output.toString();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** An {@code openssl s_server} on a free port, for the fixture of this name. */
    static Peer opensslServer(String fixture, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "openssl",
                "s_server",
                "-accept",
                "127.0.0.1:0",
                "-key",
                LoopTest.fixture(fixture + "-key.pem").toString(),
                "-cert",
                LoopTest.fixture(fixture + "-cert.pem").toString()));
        command.addAll(List.of(more));
        return start(command.toArray(String[]::new));
    }

    /** An {@code openssl s_client} that trusts ca1. */
    static Peer opensslClient(int port, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "openssl",
                "s_client",
                "-connect",
                "127.0.0.1:" + port,
                "-servername",
                "localhost",
                "-CAfile",
                LoopTest.fixture("ca1-cert.pem").toString()));
        command.addAll(List.of(more));
        return start(command.toArray(String[]::new));
    }

    int opensslPort() throws InterruptedException {
        return port("ACCEPT 127\\.0\\.0\\.1:(\\d+)");
    }

    /** A node program. */
    static Peer node(String program) throws IOException {
        return start("node", "-e", program);
    }
}
