package io.github.securepair.benchmarks;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs every row for every subject and shows the ratios; {@code ci/bench} calls it. The subjects of
 * a row run one right after the other, each in a fresh process, several rounds of that: what slows
 * the machine down for a while slows down all of them.
 */
public final class Comparison {
    private static final int CONSCRYPT_PAIRS = 4000;
    private static final Pattern NUMBER = Pattern.compile("[0-9.]+");
    private static final String ALLOCATION = "gc.alloc.rate.norm";

    private final Arguments arguments;
    private final Scores scores = new Scores();

    private Comparison(Arguments arguments) {
        this.arguments = arguments;
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        new Comparison(arguments).run();
    }

    private void run() throws Exception {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        if (load > 0.5) {
            say(String.format(
                    Locale.ROOT,
                    "the machine is busy (load %.1f): the ratios will be noisy",
                    load));
        }
        for (Row row : Row.all()) {
            if (arguments.rows().matcher(row.work()).find()) {
                say(row.title());
                for (int round = 0; round < arguments.rounds(); round++) {
                    measure(row);
                }
            }
        }
        sockets();
        if (arguments.rows().matcher("threads").find() && !arguments.isShort()) {
            threads();
        }
        if (arguments.rows().matcher("idle").find()) {
            say("memory of an idle connection");
            idle("TLSv1.3");
        }
        if (arguments.plainLibrary() != null && samePlain()) {
            say("c-plain is c: the library under test is the plain build");
            scores.copy("c", "c-plain");
        }
        System.out.print(scores.ratios());
        System.out.print(scores.bytes());
        write(arguments.json(), scores.json());
        write(arguments.svg(), scores.svg());
    }

    private void sockets() throws Exception {
        boolean isShort = arguments.isShort();
        SocketRuns runs = new SocketRuns(
                arguments.load(),
                arguments.library(),
                arguments.logs(),
                isShort ? new SocketRuns.Times(3, 0.5, 3) : new SocketRuns.Times(5, 1, 3));
        for (SocketRow row : SocketRow.all()) {
            if (arguments.rows().matcher(row.work()).find() && (row.isShort() || !isShort)) {
                say(row.title());
                for (int round = 0; round < arguments.rounds(); round++) {
                    runs.measure(row, arguments.subjects(), scores);
                }
            }
        }
    }

    /** Per thread: one, two with contexts of their own, two that share theirs. */
    private void threads() throws Exception {
        if (!arguments.subjects().contains("ours")
                || Runtime.getRuntime().availableProcessors() < 2) {
            return;
        }
        say("one and two threads");
        List<String> command = java("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC");
        command.addAll(List.of(
                SharedContext.class.getName(),
                "" + arguments.millis() / 1000.0,
                "" + arguments.iterations()));
        for (String line : output(new ProcessBuilder(command)).split("\n")) {
            String[] words = line.split(" ");
            String work = "threads-" + words[0] + "-" + words[1] + "-" + words[2];
            String title = "per thread, " + words[0] + ": "
                    + (words[1].equals("1") ? "1 thread" : "2 threads, contexts " + words[2]);
            for (int i = 3; i < words.length; i++) {
                scores.add(work, title, "1/s", "ours", Double.parseDouble(words[i]));
            }
        }
    }

    private static void write(String file, String text) throws IOException {
        if (file != null) {
            Files.writeString(Path.of(file), text);
        }
    }

    private static void say(String text) {
        System.err.println("bench: " + text);
    }

    private boolean samePlain() {
        return arguments.plainLibrary().equals(arguments.library());
    }

    private void measure(Row row) throws Exception {
        for (String subject : arguments.subjects()) {
            switch (subject) {
                case "c" -> limit(row, subject, arguments.library());
                case "c-plain" -> {
                    if (arguments.plainLibrary() != null && !samePlain()) {
                        limit(row, subject, arguments.plainLibrary());
                    }
                }
                case "node" -> {
                    // Has no engine without a socket.
                }
                default -> jmh(row, subject);
            }
        }
    }

    // ---------------------------------------------------------------- the JVM ----

    private void jmh(Row row, String subject) throws IOException {
        Path log = arguments.log(row.work() + "-" + subject);
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + Pattern.quote(row.benchmark()) + "$")
                .param("subject", subject)
                .forks(1)
                .warmupIterations(arguments.warmups())
                .warmupTime(TimeValue.milliseconds(arguments.millis()))
                .measurementIterations(arguments.iterations())
                .measurementTime(TimeValue.milliseconds(arguments.millis()))
                .jvmArgsAppend("-Xms1g", "-Xmx1g")
                .shouldFailOnError(true)
                .addProfiler(GCProfiler.class)
                .output(log.toString());
        row.parameters().forEach(options::param);
        try {
            for (RunResult result : new Runner(options.build()).run()) {
                for (BenchmarkResult fork : result.getBenchmarkResults()) {
                    fork.getIterationResults().forEach(iteration -> take(row, subject, iteration));
                }
            }
        } catch (RunnerException e) {
            say(row.work() + ": " + subject + " cannot do it (" + reason(log) + ")");
        }
    }

    private void take(Row row, String subject, IterationResult iteration) {
        double operations = iteration.getPrimaryResult().getScore();
        scores.add(row.work(), row.title(), row.unit(), subject, operations * row.factor());
        Result<?> allocated = iteration.getSecondaryResults().get(ALLOCATION);
        if (allocated != null) {
            scores.add(
                    "allocation-" + row.work(),
                    "heap allocated: " + row.title(),
                    "B/op",
                    subject,
                    allocated.getScore());
        }
    }

    /** The last cause in a log. */
    private static String reason(Path log) throws IOException {
        try (var lines = Files.lines(log)) {
            return lines.filter(line ->
                            line.matches("(Caused by: )?(\\w+\\.)+\\w*(Exception|Error)\\b.*"))
                    .reduce((first, second) -> second)
                    .orElse("see " + log);
        }
    }

    // ---------------------------------------------------------------- the C program ----

    private void limit(Row row, String subject, String library) throws Exception {
        List<String> words = new ArrayList<>(row.limit());
        words.add("" + arguments.millis() / 1000.0);
        words.add("" + arguments.iterations());
        List<Double> iterations;
        try {
            iterations = limit(words, library);
        } catch (IllegalStateException e) {
            say(row.work() + ": " + subject + " cannot do it (" + e.getMessage() + ")");
            return;
        }
        for (double perSecond : iterations) {
            scores.add(row.work(), row.title(), row.unit(), subject, perSecond * row.factor());
        }
    }

    private List<Double> limit(List<String> words, String library) throws Exception {
        List<String> command = new ArrayList<>(List.of(arguments.limit()));
        command.addAll(words);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LD_LIBRARY_PATH", library);
        builder.environment()
                .put("SP_FIXTURES", System.getProperty("securepair.fixtures", "ci/fixtures"));
        return numbers(output(builder));
    }

    private static String output(ProcessBuilder builder) throws Exception {
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String text =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("failed: " + builder.command());
        }
        return text;
    }

    private static List<Double> numbers(String text) {
        List<Double> numbers = new ArrayList<>();
        Matcher matcher = NUMBER.matcher(text);
        while (matcher.find()) {
            numbers.add(Double.parseDouble(matcher.group()));
        }
        return numbers;
    }

    // ---------------------------------------------------------------- memory ----

    private void idle(String protocol) throws Exception {
        String title = "idle connection, ";
        for (String subject : arguments.subjects()) {
            if (subject.equals("c")) {
                List<String> words = List.of("idle", protocol, "" + arguments.pairs());
                double bytes = limit(words, arguments.library()).get(0);
                scores.add("idle-native", title + "native", "B", subject, bytes);
                scores.add("idle-total", title + "heap and native", "B", subject, bytes);
            } else if (Subject.NAMES.contains(subject)) {
                List<Double> bytes = numbers(output(idleJvm(subject, protocol)));
                scores.add("idle-heap", title + "heap", "B", subject, bytes.get(0));
                scores.add("idle-native", title + "native", "B", subject, bytes.get(1));
                scores.add(
                        "idle-total",
                        title + "heap and native",
                        "B",
                        subject,
                        bytes.get(0) + bytes.get(1));
            }
        }
    }

    private ProcessBuilder idleJvm(String subject, String protocol) {
        List<String> command = java("-Xms2g", "-Xmx2g", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch");
        // Conscrypt's engines open two files each, and 20,000 is a common limit.
        int pairs = subject.equals("conscrypt")
                ? Math.min(arguments.pairs(), CONSCRYPT_PAIRS)
                : arguments.pairs();
        command.addAll(List.of(IdleMemory.class.getName(), subject, protocol, "" + pairs));
        return new ProcessBuilder(command);
    }

    private static List<String> java(String... flags) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        return command;
    }
}
