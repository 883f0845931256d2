package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.FunctionPointer;
import org.bytedeco.javacpp.annotation.Allocator;
import org.junit.jupiter.api.Test;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The bindings of the glue have one way from native code to Java, which nobody can use in a wrong
 * way.
 */
class GlueTest {
    private static List<Class<?>> classesOfGlue() throws Exception {
        Path root = Path.of(
                Glue.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Class<?>> classes = new ArrayList<>();
        try (Stream<Path> files = Files.list(root.resolve("io/github/securepair/openssl"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("Glue(\\$.*)?\\.class")) {
                    classes.add(Class.forName(
                            "io.github.securepair.openssl." + name.replace(".class", ""),
                            false,
                            Glue.class.getClassLoader()));
                }
            }
        }
        assertTrue(classes.contains(Glue.class));
        return classes;
    }

    @Test
    void theUpcallForPreSharedKeysIsTheOnlyFunctionPointer() throws Exception {
        List<String> pointers = classesOfGlue().stream()
                .filter(FunctionPointer.class::isAssignableFrom)
                .map(Class::getSimpleName)
                .toList();
        assertEquals(List.of("PSKFunction"), pointers);
    }

    @Test
    void theUpcallHasOneSlotAndPrimitiveArgumentsAndNobodyElseCanMakeIt() throws Exception {
        Class<?> function = Class.forName("io.github.securepair.openssl.Glue$PSKFunction");
        assertEquals(1, function.getAnnotation(Allocator.class).max());
        assertTrue(Modifier.isFinal(function.getModifiers())
                && !Modifier.isPublic(function.getModifiers()));
        for (Constructor<?> constructor : function.getDeclaredConstructors()) {
            assertTrue(Modifier.isPrivate(constructor.getModifiers()) || constructor.isSynthetic());
        }
        for (Method method : function.getDeclaredMethods()) {
            assertTrue(
                    Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive),
                    method.toString());
            assertTrue(method.getReturnType().isPrimitive(), method.toString());
        }
    }

    @Test
    void noFunctionOfGlueTakesAPointerObject() {
        for (Method method : Glue.class.getDeclaredMethods()) {
            if (Modifier.isNative(method.getModifiers())
                    && Modifier.isPublic(method.getModifiers())) {
                assertTrue(
                        Arrays.stream(method.getParameterTypes())
                                .allMatch(type ->
                                        type.isPrimitive() || type == java.nio.Buffer.class),
                        method.toString());
            }
        }
    }

    @Test
    void whoAnswersForPreSharedKeysIsSetOnce() {
        assertThrows(IllegalStateException.class, () -> Glue.setPSKHandler(null));
        Glue.setPSKHandler(
                (token, name, nameLength, identity, cap, identityLength, psk, pskCap) -> 0);
        assertThrows(
                IllegalStateException.class,
                () -> Glue.setPSKHandler(
                        (token, name, nameLength, identity, cap, identityLength, psk, pskCap) ->
                                0));
    }
}
