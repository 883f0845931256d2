package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The engine stands on the generated class of the glue, and shows it to no one. Its ground floor,
 * {@code engine.internal}, knows nothing of the package above.
 */
class LayeringTest {
    private static List<Path> classFiles() throws IOException, URISyntaxException {
        Path root = Path.of(TLSConnection.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path engine = root.resolve("io/github/securepair/engine");
        assertTrue(Files.isDirectory(engine), engine + " is where the classes of this module lie");
        try (Stream<Path> files = Files.walk(engine)) {
            return files.filter(file -> file.toString().endsWith(".class")).toList();
        }
    }

    /** All texts of a constant pool. */
    private static List<String> constants(Path file) throws IOException {
        List<String> texts = new ArrayList<>();
        try (InputStream bytes = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(bytes)) {
            in.readInt();
            in.readInt();
            int count = in.readUnsignedShort();
            for (int i = 1; i < count; i++) {
                int tag = in.readUnsignedByte();
                switch (tag) {
                    case 1 -> texts.add(in.readUTF());
                    case 3, 4, 9, 10, 11, 12, 17, 18 -> in.readInt();
                    case 5, 6 -> {
                        in.readLong();
                        i++;
                    }
                    case 7, 8, 16, 19, 20 -> in.readUnsignedShort();
                    case 15 -> {
                        in.readUnsignedByte();
                        in.readUnsignedShort();
                    }
                    default -> throw new IOException("constant " + tag + " in " + file);
                }
            }
        }
        return texts;
    }

    @Test
    void ofTheGeneratedClassesOnlyTheGlueIsUsed() throws Exception {
        Set<String> names = new TreeSet<>();
        for (Path file : classFiles()) {
            for (String text : constants(file)) {
                Matcher generated = Pattern.compile(
                                "io/github/securepair/openssl/[\\w$/]+|org/bytedeco/.*")
                        .matcher(text);
                while (generated.find()) {
                    names.add(generated.group());
                }
            }
        }
        names.remove("io/github/securepair/openssl/Glue$PSKHandler");
        // Written by hand: what was loaded, and from where.
        names.removeAll(Set.of(
                "io/github/securepair/openssl/Natives", "io/github/securepair/openssl/Flavour"));
        assertEquals(Set.of("io/github/securepair/openssl/Glue"), names);
    }

    @Test
    void theGroundFloorKnowsNothingOfThePackageAbove() throws Exception {
        int seen = 0;
        for (Path file : classFiles()) {
            if (!file.getParent().endsWith("internal")) {
                continue;
            }
            seen++;
            for (String text : constants(file)) {
                assertFalse(
                        text.matches(".*io/github/securepair/engine/(?!internal/).*"),
                        file.getFileName() + " names " + text);
            }
        }
        assertTrue(seen > 5, "only " + seen + " classes");
    }

    @Test
    void noPublicSignatureNamesAGeneratedClassOrTheGroundFloor() throws Exception {
        int seen = 0;
        for (Path file : classFiles()) {
            if (!file.getParent().endsWith("engine")) {
                continue;
            }
            String name = "io.github.securepair.engine."
                    + file.getFileName().toString().replace(".class", "");
            if (name.endsWith("package-info")) {
                continue;
            }
            Class<?> type = Class.forName(name, false, getClass().getClassLoader());
            if (!Modifier.isPublic(type.getModifiers())) {
                continue;
            }
            seen++;
            List<Executable> executables = new ArrayList<>(List.of(type.getDeclaredMethods()));
            executables.addAll(List.of(type.getDeclaredConstructors()));
            for (Executable executable : executables) {
                if (Modifier.isPublic(executable.getModifiers())
                        || Modifier.isProtected(executable.getModifiers())) {
                    check(executable, executable.getParameterTypes());
                    check(executable, executable.getExceptionTypes());
                    if (executable instanceof Method method) {
                        check(method, method.getReturnType());
                    }
                }
            }
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isPublic(field.getModifiers())) {
                    check(field, field.getType());
                }
            }
        }
        assertTrue(seen > 15, "only " + seen + " public classes");
    }

    private static void check(Object where, Class<?>... types) {
        for (Class<?> type : types) {
            Class<?> element = type;
            while (element.isArray()) {
                element = element.getComponentType();
            }
            String name = element.getName();
            assertTrue(
                    element.isPrimitive()
                            || name.startsWith("java.")
                            || name.matches("io\\.github\\.securepair\\.engine\\.[A-Z].*"),
                    where + " names " + name);
        }
    }
}
