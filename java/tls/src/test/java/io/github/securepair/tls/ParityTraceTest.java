package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.securepair.events.EventLoop;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Every scenario of scenarios/tls.json leaves the trace that Node 20 left, recorded by
 * src/test/node/tls-traces.js in traces/tls. Where ours is meant to differ, traces/tls-ours has
 * what it must be, with the reason in its first lines.
 */
class ParityTraceTest {
    private static final Map<String, String> VERSIONS = Map.of("1.2", "TLSv1.2", "1.3", "TLSv1.3");
    private static final String DEFAULT_CIPHERS = TLS.DEFAULT_CIPHERS;
    private static final String DEFAULT_ECDH_CURVE = TLS.DEFAULT_ECDH_CURVE;
    private static final String DEFAULT_MIN_VERSION = TLS.DEFAULT_MIN_VERSION;
    private static final String DEFAULT_MAX_VERSION = TLS.DEFAULT_MAX_VERSION;
    private static EventLoop loop;

    private final List<Throwable> uncaught = new ArrayList<>();

    @BeforeAll
    static void open() {
        loop = EventLoop.create();
    }

    @AfterAll
    static void closeAndCount() throws Exception {
        loop.close();
        loop.closed().get(10, TimeUnit.SECONDS);
        LiveObjects.assertNone();
    }

    @AfterEach
    void restore() {
        TLS.CLIENT_RENEG_LIMIT = 3;
        TLS.CLIENT_RENEG_WINDOW = 600;
        TLS.DEFAULT_CIPHERS = DEFAULT_CIPHERS;
        TLS.DEFAULT_ECDH_CURVE = DEFAULT_ECDH_CURVE;
        TLS.DEFAULT_MIN_VERSION = DEFAULT_MIN_VERSION;
        TLS.DEFAULT_MAX_VERSION = DEFAULT_MAX_VERSION;
    }

    @SuppressWarnings("unchecked")
    static Stream<Arguments> scenarios() {
        List<Arguments> out = new ArrayList<>();
        for (Object each : (List<Object>) Json.parse(resource("/scenarios/tls.json"))) {
            Map<String, Object> scenario = (Map<String, Object>) each;
            List<Object> versions = (List<Object>) scenario.getOrDefault("versions", List.of(""));
            for (Object version : versions) {
                String name = scenario.get("name")
                        + (version.equals("") ? "" : "-tls" + ((String) version).replace(".", ""));
                out.add(Arguments.of(name, scenario, VERSIONS.get(version)));
            }
        }
        return out.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void leavesTheTraceOfNode(String name, Map<String, Object> scenario, String version)
            throws Exception {
        loop.onUncaughtException(uncaught::add);
        String expected = expected(name);
        String actual = null;
        // Some scenarios wait some milliseconds, which a busy machine may not keep: those run
        // again.
        for (int attempt = 0; attempt < 3 && !expected.equals(actual); attempt++) {
            actual = new ScenarioRun(scenario, version, loop).start().get(20, TimeUnit.SECONDS);
            if (!uncaught.isEmpty()) {
                fail("uncaught: " + uncaught.get(0), uncaught.get(0));
            }
        }
        assertEquals(expected, actual);
    }

    private static String expected(String name) {
        String ours = resource("/traces/tls-ours/" + name + ".txt");
        if (ours == null) {
            return resource("/traces/tls/" + name + ".txt");
        }
        assertTrue(ours.startsWith("## "), "the reason comes first");
        return ours.replaceAll("(?m)^## .*\n", "");
    }

    private static String resource(String name) {
        try (InputStream in = ParityTraceTest.class.getResourceAsStream(name)) {
            return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
