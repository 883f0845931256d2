package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.openssl.Glue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The numbers of {@code sp.h} have one source, the header: Java takes them from the generated
 * constants, by name. What each name does is the subject of {@link FactsTest}.
 */
class HeaderNumbersTest {
    /** Numbers of OpenSSL and of TLS, which no header of ours has. */
    private static final Set<String> OTHERS_NUMBERS =
            Set.of("OpenSSLError.java", "Protocol.java", "SSLOptions.java");

    /** Parameters whose values are constants of the header. */
    private static final Set<String> NAMED =
            Set.of("what", "kind", "feature", "mode", "role", "wanted", "mask");

    private static final Path ROOT = Path.of(System.getProperty("securepair.root"));

    /** The SP_* constants, without that prefix. */
    private static Map<String, Integer> constants() throws IllegalAccessException {
        Map<String, Integer> constants = new TreeMap<>();
        for (Field field : Glue.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getName().startsWith("SP_")) {
                constants.put(field.getName().substring(3), field.getInt(null));
            }
        }
        assertTrue(constants.size() > 150, "only " + constants.size());
        return constants;
    }

    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new TreeMap<>();
        try (Stream<Path> files = Files.walk(ROOT.resolve("java/engine/src/main/java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                sources.put(
                        file.getFileName().toString(),
                        Files.readString(file).replaceAll("(?s)/\\*.*?\\*/|//[^\\n]*", ""));
            }
        }
        assertTrue(sources.size() > 25, "only " + sources.keySet());
        return sources;
    }

    @Test
    void allOfThemAreConstantsThatTheCompilerKnows() throws Exception {
        // Not fields that a native call fills, as macros would become: those cost a call and cannot
        // stand in a switch.
        String generated = Files.readString(ROOT.resolve("java/presets/target/generated-sources"
                + "/javacpp/io/github/securepair/openssl/Glue.java"));
        for (String name : constants().keySet()) {
            assertTrue(
                    Pattern.compile("\\bSP_" + name + " = -?(\\d+|0x[0-9a-f]+)[,;]")
                            .matcher(generated)
                            .find(),
                    name);
        }
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Status.class,
                VerifyMode.class,
                SecureContext.Role.class,
                OpenSSL.Feature.class
            })
    void enumsHaveTheNumbersOfTheirNames(Class<? extends Enum<?>> type) throws Exception {
        String prefix = switch (type.getSimpleName()) {
            case "VerifyMode" -> "VERIFY_";
            case "Role" -> "ROLE_";
            case "Feature" -> "FEATURE_";
            default -> "";
        };
        Field code = type.getDeclaredField("code");
        code.setAccessible(true);
        Map<String, Integer> constants = constants();
        Set<String> names = new TreeSet<>();
        for (Enum<?> value : type.getEnumConstants()) {
            String name = prefix + value.name();
            names.add(name);
            assertEquals(constants.get(name), code.getInt(value), name);
        }
        if (!prefix.isEmpty()) {
            assertEquals(
                    constants.keySet().stream()
                            .filter(name -> name.startsWith(prefix))
                            .toList(),
                    List.copyOf(names),
                    "every constant of the header has its value");
        }
    }

    @Test
    void eventBitsHaveTheNumbersOfTheirNames() throws Exception {
        Map<String, Integer> ours = new TreeMap<>();
        for (Field field : TLSConnection.class.getFields()) {
            ours.put(field.getName(), field.getInt(null));
        }
        Map<String, Integer> header = new TreeMap<>(constants());
        header.keySet().removeIf(name -> !name.matches("(ASK|TELL)_.*"));
        assertEquals(header, ours);
    }

    @Test
    void noNumberOfTheHeaderIsTypedAgain() throws Exception {
        Set<String> names = new TreeSet<>();
        for (String name : constants().keySet()) {
            names.add(name);
            names.add(name.replaceFirst("^[A-Z0-9]+_", ""));
        }
        Pattern declaration =
                Pattern.compile("\\b(?:int|long|short)\\s+([A-Z][A-Z0-9_]*)\\s*=\\s*[-(]*\\d");
        List<String> typed = new ArrayList<>();
        sources().forEach((file, source) -> {
            if (!OTHERS_NUMBERS.contains(file)) {
                Matcher found = declaration.matcher(source);
                while (found.find()) {
                    if (names.contains(found.group(1))) {
                        typed.add(file + ": " + found.group(1));
                    }
                }
            }
            if (source.contains(".ordinal()")) {
                typed.add(file + ": the order of an enum");
            }
        });
        assertEquals(List.of(), typed);
    }

    @Test
    void noCallOfTheGluePassesALiteralForAConstant() throws Exception {
        Map<String, List<String>> parameters = new HashMap<>();
        Matcher function = Pattern.compile("\\b(sp_\\w+)\\(([^)]*)\\);")
                .matcher(Files.readString(ROOT.resolve("native/include/sp.h"))
                        .replaceAll("(?s)/\\*.*?\\*/", ""));
        while (function.find()) {
            List<String> names = new ArrayList<>();
            for (String parameter : function.group(2).split(",")) {
                names.add(parameter.strip().replaceFirst(".*?(\\w+)(\\[\\w+\\])?$", "$1"));
            }
            parameters.put(function.group(1), names);
        }
        int calls = 0;
        List<String> literals = new ArrayList<>();
        for (Map.Entry<String, String> source : sources().entrySet()) {
            Matcher call = Pattern.compile("Glue\\.(sp_\\w+)\\(").matcher(source.getValue());
            while (call.find()) {
                List<String> names = parameters.getOrDefault(call.group(1), List.of());
                List<String> values = values(source.getValue(), call.end());
                for (int i = 0; i < names.size(); i++) {
                    if (NAMED.contains(names.get(i)) && values.get(i).matches("[-\\dx_]+L?")) {
                        literals.add(source.getKey() + ": " + call.group(1) + values);
                    }
                }
                calls++;
            }
        }
        assertTrue(calls > 40, "only " + calls + " calls were found");
        assertEquals(List.of(), literals);
    }

    /** The arguments of a call whose parenthesis opens just before {@code from}. */
    private static List<String> values(String source, int from) {
        List<String> values = new ArrayList<>();
        int depth = 0;
        int start = from;
        for (int i = from; ; i++) {
            char c = source.charAt(i);
            if (c == '(') {
                depth++;
            } else if (depth == 0 && (c == ',' || c == ')')) {
                values.add(source.substring(start, i).strip());
                start = i + 1;
                if (c == ')') {
                    return values;
                }
            } else if (c == ')') {
                depth--;
            }
        }
    }
}
