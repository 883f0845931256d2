package io.github.securepair.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs the load program against one server after the other. The server has a processor for itself
 * and so has the load program, where there are two.
 */
final class SocketRuns {
    /** Who can be a server; the C program has none. */
    private static final List<String> SERVERS = List.of("ours", "tcnative", "jsse", "node");

    private static final Pattern RESULT =
            Pattern.compile("\\{\"iterations\": \\[([^\\]]*)], \"cpu\": \\[([^\\]]*)]}\\s*");
    private static final Path NODE_SERVER = Path.of("benchmarks/node/server.js");

    /**
     * What one run against one server gave.
     *
     * @param perSecond what was done in a second, for each iteration
     * @param perCpuSecond what was done in a second of the server's CPU time
     */
    record Result(List<Double> perSecond, List<Double> perCpuSecond) {}

    /**
     * How long to measure.
     *
     * @param warmup seconds of the server's CPU time; handshakes, which run through more code, get
     *     twice as much
     * @param seconds of an iteration
     */
    record Times(double warmup, double seconds, int iterations) {}

    private final String load;
    private final String library;
    private final Path logs;
    private final Times times;

    SocketRuns(String load, String library, Path logs, Times times) {
        this.load = load;
        this.library = library;
        this.logs = logs;
        this.times = times;
    }

    /** Measures each of {@code subjects} that can serve, in turns with the caller's rounds. */
    void measure(SocketRow row, List<String> subjects, Scores scores) throws Exception {
        for (String subject : subjects) {
            if (!SERVERS.contains(subject)) {
                continue;
            }
            try {
                add(row, subject, "", run(row, subject), scores);
                if (row.data()) {
                    // A peer has no second way to read: it is the same for both.
                    Result second = subject.equals("ours") ? run(row, "ours-data") : last;
                    add(row, subject, "-data", second, scores);
                }
            } catch (IllegalStateException e) {
                System.err.println("bench: " + row.work() + ": " + subject + " cannot do it ("
                        + e.getMessage() + ")");
            }
        }
    }

    private Result last;

    private static void add(
            SocketRow row, String subject, String way, Result result, Scores scores) {
        String title = row.title() + (way.isEmpty() ? "" : ", data listeners");
        for (double each : result.perSecond()) {
            scores.add(row.work() + way, title, row.unit(), subject, each * row.factor());
        }
        for (double each : result.perCpuSecond()) {
            scores.add(
                    row.work() + way + "-cpu",
                    title + ", by the server's CPU time",
                    row.unit(),
                    subject,
                    each * row.factor());
        }
    }

    /** One server, one load program; {@code server} is a subject or {@code ours-data}. */
    Result run(SocketRow row, String server) throws Exception {
        return run(row, server, row.serverWords());
    }

    /** The same, the server asked for something else. */
    Result run(SocketRow row, String server, List<String> words) throws Exception {
        Path log = logs.resolve(row.work() + "-" + server + ".log");
        List<String> processors = processors();
        Process process = start(pinned(processors, 0, serverCommand(server, words)), log);
        try {
            String port = port(process, log);
            last = load(row, port, process.pid(), pinned(processors, 1, List.of(load)), log);
            return last;
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static List<String> serverCommand(String server, List<String> words) {
        List<String> command = new ArrayList<>();
        if (server.equals("node")) {
            command.addAll(List.of("node", root().resolve(NODE_SERVER).toString()));
        } else {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                    .filter(flag -> !flag.startsWith("-Xm") && !flag.startsWith("-javaagent"))
                    .forEach(command::add);
            command.addAll(List.of(
                    "-Xms1g",
                    "-Xmx1g",
                    "-XX:+UseSerialGC",
                    "-Dsecurepair.fixtures=" + fixtures(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    SocketServer.class.getName(),
                    server));
        }
        command.addAll(words);
        return command;
    }

    private static Path root() {
        return Path.of(System.getProperty("securepair.root", "."));
    }

    private static Process start(List<String> command, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
        builder.environment().put("SP_FIXTURES", fixtures());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static String fixtures() {
        return System.getProperty("securepair.fixtures", "ci/fixtures");
    }

    private static String port(Process server, Path log) throws IOException {
        BufferedReader reader = new BufferedReader(
                new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        String line;
        while ((line = reader.readLine()) != null) {
            if (line.startsWith("port ")) {
                return line.substring("port ".length());
            }
        }
        throw new IllegalStateException("the server did not start: " + Files.readString(log));
    }

    private Result load(SocketRow row, String port, long pid, List<String> start, Path log)
            throws Exception {
        List<String> command = new ArrayList<>(start);
        command.addAll(List.of(
                row.mode(),
                row.key(),
                "" + row.connections(),
                port,
                "" + pid,
                "" + times.warmup() * (row.serverWords().contains("hello") ? 2 : 1),
                "" + times.seconds(),
                "" + times.iterations()));
        command.addAll(row.sizes());
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("LD_LIBRARY_PATH", library);
        builder.environment().put("SP_FIXTURES", fixtures());
        Process process = builder.start();
        String text =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        Matcher matcher = RESULT.matcher(text);
        if (process.waitFor() != 0 || !matcher.matches()) {
            throw new IllegalStateException(reason(log));
        }
        return new Result(numbers(matcher.group(1)), numbers(matcher.group(2)));
    }

    private static String reason(Path log) throws IOException {
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.startsWith("load: ")).findFirst().orElse("see " + log);
        }
    }

    private static List<Double> numbers(String text) {
        List<Double> numbers = new ArrayList<>();
        for (String number : text.split(", ")) {
            numbers.add(Double.parseDouble(number));
        }
        return numbers;
    }

    // ---------------------------------------------------------------- processors ----

    private static List<String> pinned(List<String> processors, int which, List<String> command) {
        if (processors.size() < 2) {
            return command;
        }
        List<String> words = new ArrayList<>(List.of("taskset", "-c", processors.get(which)));
        words.addAll(command);
        return words;
    }

    /** The processors this process may use. */
    private static List<String> processors() throws IOException {
        List<String> processors = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("Cpus_allowed_list:")) {
                for (String range : line.substring(line.indexOf(':') + 1).trim().split(",")) {
                    String[] ends = range.split("-");
                    int end = Integer.parseInt(ends[ends.length - 1]);
                    for (int i = Integer.parseInt(ends[0]); i <= end; i++) {
                        processors.add("" + i);
                    }
                }
            }
        }
        return processors;
    }
}
