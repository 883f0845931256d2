package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The declaration of one option: its name, where it counts, and what a value of any type becomes,
 * with Node's error for a value that cannot be used. Its setter stores under it, the entry that it
 * is given to reads by it, and a name without a declaration is an unknown option.
 *
 * @param <T> what a value becomes
 */
final class Option<T> {
    /** What options are given to. */
    enum Entry {
        CONTEXT,
        CLIENT,
        SERVER,
        SOCKET
    }

    /** Makes what is needed out of what was given. */
    @FunctionalInterface
    interface Reader<T> {
        /**
         * Reads a value.
         *
         * @param called what Node calls the option in its errors
         * @param value what was given; null when nothing was
         */
        T read(String called, Object value);
    }

    private static final Map<Entry, Map<String, Option<?>>> DECLARED = new EnumMap<>(Entry.class);

    static {
        for (Entry entry : Entry.values()) {
            DECLARED.put(entry, new ConcurrentHashMap<>());
        }
    }

    private final String name;
    private final Reader<T> reader;

    private Option(String name, Reader<T> reader) {
        this.name = name;
        this.reader = reader;
    }

    /** Declares an option of these entries; without any, of all. */
    static <T> Option<T> of(String name, Reader<T> reader, Entry... entries) {
        Option<T> option = new Option<>(name, reader);
        for (Entry entry : entries.length == 0 ? Entry.values() : entries) {
            DECLARED.get(entry).put(name, option);
        }
        return option;
    }

    String name() {
        return name;
    }

    T read(Object value) {
        return reader.read("options." + name, value);
    }

    /** Reads under the name that Node's error has in this place. */
    T read(String called, Object value) {
        return reader.read(called, value);
    }

    /** The options that count for an entry, as far as the class of the entry has been used. */
    static Collection<Option<?>> all(Entry entry) {
        return Collections.unmodifiableCollection(DECLARED.get(entry).values());
    }

    static boolean isDeclared(Entry entry, String name) {
        return DECLARED.get(entry).containsKey(name);
    }

    // ---- readers ------------------------------------------------------------------------------

    /** The value as it is: what it means depends on other options. */
    static Object any(String called, Object value) {
        return value;
    }

    /** As a condition of JavaScript; absent is false. */
    static Boolean truthy(String called, Object value) {
        return isTruthy(value);
    }

    /** As a condition of JavaScript; absent is null. */
    static Boolean flag(String called, Object value) {
        return value == null ? null : isTruthy(value);
    }

    /** True or false and nothing else; absent is null. */
    static Boolean bool(String called, Object value) {
        if (value == null || value instanceof Boolean) {
            return (Boolean) value;
        }
        throw ArgumentException.invalidArgType(called, "of type boolean", value);
    }

    /** An object of a class, or a function; absent is null. */
    static <T> Reader<T> instance(Class<T> type) {
        String expected =
                type.isInterface() ? "of type function" : "an instance of " + type.getSimpleName();
        return (called, value) -> {
            if (value == null || type.isInstance(value)) {
                return type.cast(value);
            }
            throw ArgumentException.invalidArgType(called, expected, value);
        };
    }

    /** A text; absent is null. */
    static String string(String called, Object value) {
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw ArgumentException.invalidArgType(called, "of type string", value);
    }

    /** A text; what is false to JavaScript is null. */
    static String truthyString(String called, Object value) {
        return isTruthy(value) ? string(called, value) : null;
    }

    /**
     * A name that is given to C, which would end it at a NUL where Java goes on: a host would be
     * asked for under one name and checked under another. (Node takes such a servername.) What is
     * false to JavaScript and no text is null.
     *
     * @param type what the error for another type calls the option
     */
    static Reader<String> name(String type) {
        return (called, value) -> {
            if (value instanceof String text) {
                return withoutNul(called, text);
            }
            if (isFalsy(value)) {
                return null;
            }
            throw ArgumentException.invalidArgType(type, "of type string", value);
        };
    }

    static String withoutNul(String called, String text) {
        if (text.indexOf('\0') >= 0) {
            throw ArgumentException.invalidArgValue(
                    called, text, "must be a string without null bytes");
        }
        return text;
    }

    /** A number; absent is 0. */
    static Double number(String called, Object value) {
        if (value == null) {
            return 0.0;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw ArgumentException.invalidArgType(called, "of type number", value);
    }

    /** A number; what is false to JavaScript is 0. */
    static Double truthyNumber(String called, Object value) {
        return isTruthy(value) ? number(called, value) : 0.0;
    }

    /** An integer within bounds, or Node's type or range error; absent is null. */
    static Reader<Long> integer(long min, long max) {
        return (called, value) -> value == null ? null : integer(called, value, min, max);
    }

    private static long integer(String called, Object value, long min, long max) {
        if (!(value instanceof Number number)) {
            throw ArgumentException.invalidArgType(called, "of type number", value);
        }
        double exact = number.doubleValue();
        if (Double.isInfinite(exact) || exact != Math.rint(exact)) {
            throw ArgumentException.outOfRange(called, "an integer", value);
        }
        long integer = number.longValue();
        if (integer < min || integer > max) {
            throw ArgumentException.outOfRange(called, ">= " + min + " && <= " + max, value);
        }
        return integer;
    }

    /**
     * Whether JavaScript would call the value false: absent, false, an empty string, zero, not a
     * number.
     */
    static boolean isFalsy(Object value) {
        return value == null
                || Boolean.FALSE.equals(value)
                || "".equals(value)
                || value instanceof Number number
                        && (number.doubleValue() == 0 || Double.isNaN(number.doubleValue()));
    }

    static boolean isTruthy(Object value) {
        return !isFalsy(value);
    }
}
