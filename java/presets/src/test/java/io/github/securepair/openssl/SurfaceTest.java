package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.FunctionPointer;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

class SurfaceTest {
    private static final Path MODULE = Path.of("").toAbsolutePath();
    private static final String PACKAGE = "io.github.securepair.openssl";

    @Test
    void noPublicFunctionTakesOrGivesAFunctionPointer() throws Exception {
        List<String> found = new ArrayList<>();
        for (Class<?> type : classes()) {
            if (FunctionPointer.class.isAssignableFrom(type)
                    && Modifier.isPublic(type.getModifiers())) {
                found.add(type.getName());
            }
            for (Method method : type.getDeclaredMethods()) {
                boolean carries = Stream.concat(
                                Stream.of(method.getReturnType()),
                                Arrays.stream(method.getParameterTypes()))
                        .anyMatch(FunctionPointer.class::isAssignableFrom);
                if (carries && Modifier.isPublic(method.getModifiers())) {
                    found.add(method.toString());
                }
            }
            for (Constructor<?> constructor : type.getDeclaredConstructors()) {
                if (Arrays.stream(constructor.getParameterTypes())
                        .anyMatch(FunctionPointer.class::isAssignableFrom)) {
                    found.add(constructor.toString());
                }
            }
        }
        assertEquals(List.of(), found);
    }

    @Test
    void theGlueCrossesInNumbersAlone() {
        List<String> odd = Arrays.stream(Glue.class.getDeclaredMethods())
                .filter(method -> Modifier.isNative(method.getModifiers()))
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !method.getReturnType().isPrimitive()
                        || !Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive))
                .map(Method::toString)
                .toList();
        assertEquals(List.of(), odd);
    }

    @Test
    void everyConstantIsWhatTheCompilerSaysOfTheHeaders() throws Exception {
        StringBuilder source = new StringBuilder("#include <string.h>\n");
        for (String line : Files.readAllLines(MODULE.resolve("surface/headers.txt"))) {
            if (!line.startsWith("#")) {
                String header = line.split(" ")[1];
                source.append(
                        "#if __has_include(<" + header + ">)\n#include <" + header + ">\n#endif\n");
            }
        }
        int count = 0;
        for (Class<?> type : List.of(CryptoConstants.class, SslConstants.class)) {
            for (Field field : type.getDeclaredFields()) {
                String name = field.getName();
                if (field.getType() == String.class) {
                    source.append("_Static_assert(sizeof(" + name + ") == "
                            + (((String) field.get(null)).length() + 1) + ", \"" + name + "\");\n");
                } else {
                    // An int holds the bits of an unsigned int; options are 64 bits wide.
                    source.append("_Static_assert(("
                            + (field.getType() == int.class ? "int" : "long long") + ")(" + name
                            + ") == (" + field.get(null) + "LL), \"" + name + "\");\n");
                    if (name.startsWith("SSL_OP_")) {
                        assertEquals(long.class, field.getType(), name);
                        source.append("_Static_assert((unsigned long long)(" + name + ") == 0x"
                                + Long.toHexString((long) field.get(null)) + "ULL, \"" + name
                                + "\");\n");
                    }
                }
                count++;
            }
        }
        assertTrue(count > 5000, "" + count);
        Process compiler = new ProcessBuilder(
                        "gcc",
                        "-xc",
                        "-w",
                        "-fsyntax-only",
                        "-I" + built().getProperty("include"),
                        "-")
                .redirectErrorStream(true)
                .start();
        try (var in = compiler.getOutputStream()) {
            in.write(source.toString().getBytes(StandardCharsets.UTF_8));
        }
        String messages =
                new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, compiler.waitFor(), messages);
    }

    @Test
    void wellKnownConstantsHaveTheirKnownValues() {
        assertEquals(1L << 29, Ssl.SSL_OP_NO_TLSv1_3);
        assertEquals(1L << 31, Ssl.SSL_OP_CRYPTOPRO_TLSEXT_BUG);
        assertEquals(0x0304, Ssl.TLS1_3_VERSION);
        assertEquals(415, Crypto.NID_X9_62_prime256v1);
        assertEquals(18, Crypto.X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
        assertEquals(70, Ssl.SSL_AD_PROTOCOL_VERSION);
        assertEquals("TLS_AES_128_GCM_SHA256", Ssl.TLS1_3_RFC_AES_128_GCM_SHA256);
    }

    @Test
    void everyListedFunctionIsInItsClass() throws Exception {
        for (Class<?> type : List.of(Crypto.class, Ssl.class)) {
            String library = type.getSimpleName().toLowerCase();
            var names = Arrays.stream(type.getDeclaredMethods())
                    .map(Method::getName)
                    .collect(Collectors.toSet());
            List<String> missing = entries(library + "-functions.txt")
                    .filter(words -> !words.contains("optional")
                            && words.stream().noneMatch(w -> w.startsWith("since=")))
                    .map(words -> words.get(0))
                    .filter(name -> !names.contains(name))
                    .toList();
            assertEquals(List.of(), missing);
            assertEquals(
                    Integer.parseInt(counts().getProperty(library + ".functions")),
                    (int) names.stream()
                            .filter(name -> !name.startsWith("lambda$"))
                            .count(),
                    library);
        }
    }

    @Test
    void theDocumentCountsWhatIsBound() throws Exception {
        String document = Files.readString(MODULE.resolve("../../docs/raw-bindings.md"));
        Map<String, Long> reasons = new TreeMap<>(entries("left-out.txt")
                .collect(Collectors.groupingBy(words -> words.get(1), Collectors.counting())));
        reasons.forEach((reason, count) -> assertTrue(
                document.contains("| `" + reason + "` | " + count + " |"), reason + " " + count));
        for (String library : List.of("crypto", "ssl")) {
            String row = "| `" + (library.equals("crypto") ? "Crypto" : "Ssl") + "` | "
                    + entries(library + "-functions.txt").count() + " | "
                    + entries(library + "-constants.txt").count() + " |";
            assertTrue(document.contains(row), row);
        }
        long macros = 0;
        for (String library : List.of("crypto", "ssl")) {
            macros += Files.readString(MODULE.resolve("surface/" + library + "-macros.h"))
                    .replaceAll("(?s)/\\*.*?\\*/", "")
                    .lines()
                    .filter(line -> line.endsWith(");"))
                    .count();
        }
        assertTrue(document.contains(macros + " function-like macros"), "" + macros);
        long stacks = entries("stacks.txt").count();
        assertTrue(document.contains(stacks + " element types"), "" + stacks);
        long structs = entries("structs.txt").count();
        assertTrue(
                document.replace('\n', ' ').contains(structs + "   (`surface/structs.txt`)"),
                "" + structs);
        for (String line : Files.readAllLines(MODULE.resolve("surface/headers.txt"))) {
            if (!line.startsWith("#")) {
                String header = line.split("[ /]")[2];
                assertTrue(document.contains("`" + header + "`"), header);
            }
        }
    }

    private static Stream<List<String>> entries(String file) throws IOException {
        return Files.readAllLines(MODULE.resolve("surface").resolve(file)).stream()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(line -> List.of(line.split(" ")));
    }

    private static Properties built() throws IOException {
        return properties("target/openssl.properties");
    }

    private static Properties counts() throws IOException {
        return properties("target/surface/counts.properties");
    }

    private static Properties properties(String file) throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newInputStream(MODULE.resolve(file))) {
            properties.load(in);
        }
        return properties;
    }

    private static List<Class<?>> classes() throws Exception {
        Path folder = MODULE.resolve("target/classes");
        List<Class<?>> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder.resolve(PACKAGE.replace('.', '/')))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                String name = folder.relativize(file).toString().replace('/', '.');
                classes.add(Class.forName(
                        name.substring(0, name.length() - 6),
                        false,
                        SurfaceTest.class.getClassLoader()));
            }
        }
        assertTrue(classes.size() > 300, "" + classes.size());
        return classes;
    }
}
