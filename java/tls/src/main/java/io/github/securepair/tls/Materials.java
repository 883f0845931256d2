package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** Reads the bytes of keys, certificates and the like out of the types that options accept. */
final class Materials {
    private static final String EXPECTED =
            "of type string or an instance of Buffer, TypedArray, or DataView";

    private Materials() {}

    /** One value or a list of values, as a list; an entry may be null. */
    static List<?> entries(Object value) {
        if (value instanceof Collection<?> list) {
            return new ArrayList<>(list);
        }
        if (value instanceof Object[] array) {
            return Arrays.asList(array);
        }
        return Collections.singletonList(value);
    }

    static boolean isList(Object value) {
        return value instanceof Collection<?> || value instanceof Object[];
    }

    static boolean isBytes(Object value) {
        return value instanceof String
                || value instanceof byte[]
                || value instanceof ByteBuffer
                || value instanceof Path;
    }

    /** Bytes of a value already known to be of a good type. */
    static byte[] bytes(Object value) {
        if (value instanceof String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        if (value instanceof byte[] bytes) {
            return bytes;
        }
        if (value instanceof ByteBuffer buffer) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.duplicate().get(copy);
            return copy;
        }
        Path file = (Path) value;
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FileException.of(file, e);
        }
    }

    /** Bytes of the option {@code name}, or Node's type error. */
    static byte[] bytes(String name, Object value) {
        if (!isBytes(value)) {
            throw ArgumentException.invalidArgType("options." + name, EXPECTED, value);
        }
        return bytes(value);
    }
}
