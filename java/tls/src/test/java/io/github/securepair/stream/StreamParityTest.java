package io.github.securepair.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventLoop;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs what the real Node was recorded doing, and compares line by line. See
 * {@code test/node/streams.js}.
 */
class StreamParityTest {
    private static EventLoop loop;

    @BeforeAll
    static void open() {
        loop = EventLoop.create();
    }

    @AfterAll
    static void close() {
        loop.close();
    }

    @TestFactory
    List<DynamicTest> everyScenarioGoesAsInNode() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (StreamScenario scenario : StreamScenario.parse(resource("scenarios.scn"))) {
            tests.add(DynamicTest.dynamicTest(scenario.name, () -> {
                String node = resource(scenario.name + ".txt");
                assertNotNull(node, "not recorded: run test/node/streams.js");
                // Written by hand where we mean to differ; the reason stands above the scenario.
                String ours = resource(scenario.name + ".ours");
                assertEquals(ours != null ? ours : node, text(scenario.run(loop)));
                assertNotEquals(ours, node);
            }));
        }
        assertTrue(tests.size() >= 30);
        return tests;
    }

    @Test
    void randomScenariosGoAsInNode() throws Exception {
        Map<String, String> recorded = sections(resource("generated.traces"));
        List<String> different = new ArrayList<>();
        List<StreamScenario> scenarios = StreamScenario.parse(resource("generated.scn"));
        for (StreamScenario scenario : scenarios) {
            String actual = text(scenario.run(loop));
            if (!actual.equals(recorded.get(scenario.name))) {
                different.add(scenario.name);
            }
        }
        assertEquals(List.of(), different);
        assertEquals(recorded.size(), scenarios.size());
    }

    private static Map<String, String> sections(String text) {
        Map<String, String> sections = new LinkedHashMap<>();
        for (String part : text.split("(?m)^== ")) {
            int end = part.indexOf('\n');
            if (end > 0) {
                sections.put(part.substring(0, end), part.substring(end + 1));
            }
        }
        return sections;
    }

    private static String text(List<String> trace) {
        StringBuilder text = new StringBuilder();
        for (String line : trace) {
            text.append(line).append('\n');
        }
        return text.toString();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in =
                StreamParityTest.class.getResourceAsStream("/traces/streams/" + name)) {
            return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
