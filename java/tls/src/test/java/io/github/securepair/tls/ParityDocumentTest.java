package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The scenarios that docs/parity.md names for its rows are there. */
class ParityDocumentTest {
    private static final Pattern SCENARIOS =
            Pattern.compile("Scenarios? ([a-z0-9., A-Z-]+?)[.;|]( |$)");

    @Test
    void everyScenarioThatARowNamesExists() throws IOException {
        Set<String> known = new HashSet<>();
        String json = new String(
                ParityDocumentTest.class
                        .getResourceAsStream("/scenarios/tls.json")
                        .readAllBytes(),
                StandardCharsets.UTF_8);
        for (Object each : (List<?>) Json.parse(json)) {
            known.add((String) ((Map<?, ?>) each).get("name"));
        }
        Path document =
                Path.of(System.getProperty("securepair.root", "../..")).resolve("docs/parity.md");
        Set<String> unknown = new TreeSet<>();
        int rows = 0;
        for (String line : Files.readAllLines(document)) {
            boolean named = line.contains("`ParityTraceTest#");
            Matcher scenarios = SCENARIOS.matcher(line.substring(line.indexOf('|') + 1));
            boolean found = scenarios.find();
            if (!line.startsWith("| F")) {
                continue;
            }
            assertEquals(named, found, "a row that names the traces names its scenarios: " + line);
            if (found) {
                rows++;
                List<String> names = Arrays.asList(scenarios.group(1).split(", "));
                names.stream().filter(name -> !known.contains(name)).forEach(unknown::add);
            }
        }
        assertEquals(Set.of(), unknown);
        assertTrue(rows > 0);
    }
}
