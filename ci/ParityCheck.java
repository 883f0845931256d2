import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks docs/parity.md: every feature has one row, a row that claims something names tests, and
 * those tests exist, ran and passed.
 *
 * <p>Run it from the top of the project: {@code java ci/ParityCheck.java REPORTS}. All reports
 * below that folder count, Surefire's and those of JUnit's console, so it has to be one that holds
 * the reports of one run: {@code ci/test java} makes target/ci/reports. Prints the rows per state;
 * exits with 1 and one line per fault when something is wrong.
 */
public final class ParityCheck {
    private static final int FEATURES = 227;
    private static final Pattern ROW =
            Pattern.compile("^\\| (F\\d+) \\| (\\w+) \\|([^|]*)\\|(.*)\\|([^|]*)\\|$");
    private static final Pattern TEST = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final Pattern CASE = Pattern.compile(
            "<testcase name=\"([^\"]*)\" classname=\"([^\"]*)\"[^>]*?(/>|>(.*?)</testcase>)",
            Pattern.DOTALL);

    private enum State {
        works,
        differs,
        impossible,
        open
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: java ci/ParityCheck.java REPORTS");
            System.exit(2);
        }
        List<String> faults = new ArrayList<>();
        Map<String, Boolean> ran = testsThatRan(Path.of(args[0]));
        if (ran.isEmpty()) {
            System.err.println("no test reports in " + args[0] + ": run the Java tests first");
            System.exit(1);
        }
        Map<String, State> rows = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("docs/parity.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                check(row, rows, ran, faults);
            } else if (line.startsWith("| F")) {
                faults.add("not a row of five columns: " + line);
            }
        }
        for (int i = 1; i <= FEATURES; i++) {
            if (!rows.containsKey("F" + i)) {
                faults.add("F" + i + " has no row");
            }
        }
        Map<State, Integer> counts = new EnumMap<>(State.class);
        for (State state : State.values()) {
            counts.put(state, 0);
        }
        rows.values().forEach(state -> counts.merge(state, 1, Integer::sum));
        faults.forEach(System.err::println);
        System.out.println("parity: " + rows.size() + " rows, " + counts);
        System.exit(faults.isEmpty() ? 0 : 1);
    }

    private static void check(
            Matcher row, Map<String, State> rows, Map<String, Boolean> ran, List<String> faults) {
        String id = row.group(1);
        State state;
        try {
            state = State.valueOf(row.group(2));
        } catch (IllegalArgumentException e) {
            faults.add(id + " has an unknown state: " + row.group(2));
            return;
        }
        if (rows.put(id, state) != null) {
            faults.add(id + " has two rows");
        }
        Matcher test = TEST.matcher(row.group(4));
        int tests = 0;
        while (test.find()) {
            tests++;
            Boolean passed = ran.get(test.group(1) + "#" + test.group(2));
            if (passed == null) {
                faults.add(id + ": " + test.group() + " did not run");
            } else if (!passed) {
                faults.add(id + ": " + test.group() + " failed or was skipped");
            }
        }
        if (tests == 0 && (state == State.works || state == State.differs)) {
            faults.add(id + " claims to work and names no test");
        }
        boolean explained = !row.group(5).isBlank();
        if (!explained && (state == State.differs || state == State.impossible)) {
            faults.add(id + " does not say what differs, or why it is impossible");
        }
    }

    /** Class#method to whether every run of it passed. */
    private static Map<String, Boolean> testsThatRan(Path folder) throws IOException {
        Map<String, Boolean> ran = new HashMap<>();
        List<Path> reports = List.of();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                reports = files.filter(
                                file -> file.getFileName().toString().matches("TEST-.*\\.xml"))
                        .collect(Collectors.toList());
            }
        }
        for (Path report : reports) {
            Matcher testCase = CASE.matcher(Files.readString(report));
            while (testCase.find()) {
                String method = testCase.group(1).replaceFirst("[({\\[ ].*", "");
                String className = testCase.group(2).replaceFirst(".*[.$]", "");
                String body = testCase.group(4) == null ? "" : testCase.group(4);
                boolean passed = !body.contains("<failure")
                        && !body.contains("<error")
                        && !body.contains("<skipped");
                ran.merge(className + "#" + method, passed, Boolean::logicalAnd);
            }
        }
        return ran;
    }
}
