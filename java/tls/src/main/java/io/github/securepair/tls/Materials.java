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
import java.util.Map;

/** Reads the bytes of keys, certificates and the like out of the types that options accept. */
final class Materials {
    private static final String EXPECTED =
            "of type string or an instance of Buffer, TypedArray, or DataView";

    private Materials() {}

    /**
     * A key or a file that may need a passphrase.
     *
     * @param content of any type: it is checked when its turn is there
     * @param passphrase its own, of any type; null for none
     */
    record Locked(Object content, Object passphrase) {
        /** Tells nothing: both are secrets. */
        @Override
        public String toString() {
            return "Locked[]";
        }
    }

    // ---- readers of options -------------------------------------------------------------------

    /** Private keys; null when there are none. */
    static List<Locked> keys(String called, Object value) {
        if (Option.isFalsy(value)) {
            return null;
        }
        boolean inList = isList(value);
        return entries(value).stream()
                .map(entry -> entry instanceof PemKey key
                        ? new Locked(key.pem(), key.passphrase())
                        : locked(entry, inList ? "pem" : null))
                .toList();
    }

    /** PKCS#12 files; null when there are none. */
    static List<Locked> files(String called, Object value) {
        if (value == null) {
            return null;
        }
        boolean inList = isList(value);
        return entries(value).stream()
                .map(entry -> entry instanceof Pfx file
                        ? new Locked(file.buf(), file.passphrase())
                        : locked(entry, inList ? "buf" : null))
                .toList();
    }

    /** As in Node, in a list also {@code {pem, passphrase}}. */
    private static Locked locked(Object entry, String field) {
        return field != null && entry instanceof Map<?, ?> map && map.get(field) != null
                ? new Locked(map.get(field), map.get("passphrase"))
                : new Locked(entry, null);
    }

    /** What was given as a list; null for what is false to JavaScript. */
    static List<?> truthyEntries(String called, Object value) {
        return Option.isFalsy(value) ? null : entries(value);
    }

    /** What was given as a list; null when nothing was. */
    static List<?> givenEntries(String called, Object value) {
        return value == null ? null : entries(value);
    }

    static byte[] optionalBytes(String called, Object value) {
        return value == null ? null : bytes(called, value);
    }

    static byte[] ticketKeys(String called, Object value) {
        if (value == null) {
            return null;
        }
        if (!(value instanceof byte[] || value instanceof ByteBuffer)) {
            throw ArgumentException.invalidArgType(
                    called, "an instance of Buffer, TypedArray, or DataView", value);
        }
        byte[] keys = bytes(value);
        if (keys.length != 48) {
            throw ArgumentException.invalidArgValue(
                    called, keys.length, "must be exactly 48 bytes");
        }
        return keys;
    }

    // ---- values -------------------------------------------------------------------------------

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

    /** Bytes, or Node's type error. */
    static byte[] bytes(String called, Object value) {
        if (!isBytes(value)) {
            throw ArgumentException.invalidArgType(called, EXPECTED, value);
        }
        return bytes(value);
    }
}
