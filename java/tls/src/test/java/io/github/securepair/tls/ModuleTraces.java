package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.OpenSSLFailure;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.Warnings;

import org.junit.jupiter.params.provider.Arguments;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What Node 20 did with many inputs, recorded by src/test/node/module.js in traces/module, and
 * where ours is meant to differ: traces/module/differences.json, each with its reason.
 */
final class ModuleTraces {
    private static final Path FIXTURES = Path.of(System.getProperty("securepair.fixtures"));

    private ModuleTraces() {}

    /** Every case of a trace: its name and itself. */
    static Stream<Arguments> cases(String trace) {
        return read(trace).stream().map(each -> Arguments.of(each.get("case"), each));
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> read(String trace) {
        String name = "/traces/module/" + trace + ".json";
        try (InputStream in = ModuleTraces.class.getResourceAsStream(name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return (List<Map<String, Object>>) Json.parse(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The answer recorded for one case. */
    static Object answer(String trace, String name) {
        return read(trace).stream()
                .filter(each -> name.equals(each.get("case")))
                .findFirst()
                .orElseThrow()
                .get("ok");
    }

    /** The recorded value, as a Java program would give it. */
    static Object value(Object recorded) {
        if (recorded instanceof List<?> list) {
            List<Object> out = new ArrayList<>();
            list.forEach(each -> out.add(value(each)));
            return out;
        }
        if (!(recorded instanceof Map<?, ?> map)) {
            return recorded;
        }
        if (map.size() == 1) {
            Map.Entry<?, ?> entry = map.entrySet().iterator().next();
            Object of = entry.getValue();
            switch ((String) entry.getKey()) {
                case "$file":
                    return fixture((String) of);
                case "$text":
                    return new String(fixture((String) of), StandardCharsets.UTF_8);
                case "$hex":
                    return HexFormat.of().parseHex((String) of);
                case "$zeros":
                    return new byte[((Long) of).intValue()];
                case "$repeat":
                    List<?> repeat = (List<?>) of;
                    return ((String) repeat.get(0)).repeat(((Long) repeat.get(1)).intValue());
                case "$join":
                    StringBuilder joined = new StringBuilder();
                    ((List<?>) of).forEach(each -> joined.append(value(each)));
                    return joined.toString();
                case "$head":
                    List<?> head = (List<?>) of;
                    String text = new String(fixture((String) head.get(0)), StandardCharsets.UTF_8);
                    return text.substring(0, ((Long) head.get(1)).intValue());
                case "$number":
                    return Double.valueOf((String) of);
                default:
            }
        }
        Map<String, Object> out = new LinkedHashMap<>();
        map.forEach((name, each) -> out.put((String) name, value(each)));
        return out;
    }

    static byte[] fixture(String name) {
        try {
            return Files.readAllBytes(FIXTURES.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sets every recorded option by its name. */
    static <O extends Options> O fill(O options, Object recorded) {
        ((Map<?, ?>) recorded).forEach((name, each) -> options.set((String) name, value(each)));
        return options;
    }

    /** Runs, and describes what happened in the words of the record. */
    static Map<String, Object> attempt(Callable<Object> action) {
        List<Object> warnings = new ArrayList<>();
        Consumer<Warnings.Warning> before =
                Warnings.onWarning(warning -> warnings.add(warning.message()));
        Map<String, Object> out = new LinkedHashMap<>();
        try {
            out.put("ok", action.call());
        } catch (Exception e) {
            out.put("error", describe(e));
        } finally {
            Warnings.onWarning(before);
        }
        if (!warnings.isEmpty()) {
            out.put("warnings", warnings);
        }
        return out;
    }

    static Map<String, Object> describe(Throwable error) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("name", error instanceof Coded coded ? coded.name() : "Error");
        put(out, "code", Coded.codeOf(error));
        put(out, "message", error.getMessage());
        if (error instanceof OpenSSLFailure failure) {
            put(out, "library", failure.library());
            put(out, "reason", failure.reason());
            if (!failure.opensslErrorStack().isEmpty()) {
                out.put("opensslErrorStack", failure.opensslErrorStack());
            }
        } else if (error instanceof ServerIdentityException mismatch) {
            put(out, "reason", mismatch.reason());
            put(out, "host", mismatch.host());
        } else if (Coded.codeOf(error) == null) {
            out.put("class", error.getClass().getName());
        }
        return out;
    }

    private static void put(Map<String, Object> out, String name, Object value) {
        if (value != null) {
            out.put(name, value);
        }
    }

    /** Compares with the record, or with the difference that is listed for the case. */
    static void assertAsRecorded(
            String trace, Map<String, Object> recorded, Map<String, Object> actual) {
        Map<String, Object> expected = new LinkedHashMap<>();
        for (String field : List.of("ok", "error", "warnings")) {
            if (recorded.containsKey(field)) {
                expected.put(field, recorded.get(field));
            }
        }
        String name = (String) recorded.get("case");
        Map<String, Object> difference = difference(trace, name);
        if (difference == null) {
            assertEquals(plain(expected), plain(actual), name);
            return;
        }
        if (difference.get("adds") instanceof List<?> fields
                && actual.get("error") instanceof Map<?, ?> error) {
            fields.forEach(error::remove);
            assertEquals(plain(expected), plain(actual), name);
            return;
        }
        assertNotEquals(plain(expected), plain(actual), "no longer a difference: " + name);
        assertContains(plain(difference.get("ours")), plain(actual), name);
    }

    /** Every field that a difference names must be so; fields that it does not name are free. */
    private static void assertContains(Object wanted, Object actual, String name) {
        if (wanted instanceof Map<?, ?> fields && actual instanceof Map<?, ?> found) {
            fields.forEach(
                    (field, each) -> assertContains(each, found.get(field), name + ": " + field));
        } else {
            assertEquals(wanted, actual, name);
        }
    }

    static Map<String, Object> difference(String trace, String name) {
        for (Map<String, Object> each : read("differences")) {
            if (trace.equals(each.get("trace")) && name.matches((String) each.get("cases"))) {
                if (isOfThisLibrary(each)) {
                    return each;
                }
            }
        }
        return null;
    }

    /** A difference that only newer libraries show is none on older ones. */
    private static boolean isOfThisLibrary(Map<String, Object> difference) {
        String since = (String) difference.get("since");
        return since == null || number(OpenSSL.version()) >= number(since);
    }

    /** 3.5 and 3.5.7 as 305. */
    private static int number(String version) {
        String[] parts = version.split("\\.");
        return 100 * Integer.parseInt(parts[0]) + Integer.parseInt(parts[1]);
    }

    /**
     * A class of Java cannot have the name of one of JavaScript: what a value is an instance of
     * does not count.
     */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> out = new LinkedHashMap<>();
            map.forEach((name, each) -> out.put(name, plain(each)));
            return out;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(ModuleTraces::plain).toList();
        }
        return value instanceof String text
                ? text.replaceAll("Received an instance of \\S+", "Received an instance of ...")
                : value;
    }
}
