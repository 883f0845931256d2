package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What all option classes share: a map from Node's option names to the values given.
 *
 * <p>The typed setters of the subclasses are the usual way in; {@link #set} takes any name and
 * value, for code that is driven by data or by scripts. Values are checked when they are used, so a
 * value of the wrong type fails in the function that is given the options, with Node's
 * {@code ERR_INVALID_ARG_TYPE}.
 */
public abstract class Options {
    private final Map<String, Object> values = new LinkedHashMap<>();

    Options() {}

    /** Copies these options; changes to either leave the other alone. */
    public abstract Options copy();

    /**
     * Sets the option called {@code name}, whatever the type of {@code value}. A {@code null} value
     * is the same as not giving the option. Unknown names are kept and have no effect.
     */
    public Options set(String name, Object value) {
        if (value instanceof byte[] bytes) {
            put(name, bytes.clone());
        } else if (value instanceof List<?> list) {
            put(name, new ArrayList<>(list));
        } else {
            put(name, value);
        }
        return this;
    }

    /** The value given for {@code name}, as it is kept, or {@code null}. */
    public Object get(String name) {
        return values.get(name);
    }

    /** Whether a value was given for {@code name}. */
    public boolean has(String name) {
        return values.get(name) != null;
    }

    /**
     * All values given, by name. The map is a read-only view; its byte arrays must not be changed.
     */
    public Map<String, Object> asMap() {
        return Collections.unmodifiableMap(values);
    }

    final void put(String name, Object value) {
        if (value == null) {
            values.remove(name);
        } else {
            values.put(name, value);
        }
    }

    final void putAll(Options other) {
        if (other != null) {
            values.putAll(other.values);
        }
    }

    /** Shows the option names; values may be secrets and are left out. */
    @Override
    public String toString() {
        return getClass().getSimpleName() + values.keySet();
    }

    // ---- reading, with Node's errors

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

    static boolean truthy(Object value) {
        return !isFalsy(value);
    }

    /** An option that must be of a type when it is given, with Node's error. */
    static Object typed(Options options, String name, Class<?> type) {
        Object value = options.get(name);
        if (value == null || type.isInstance(value)) {
            return value;
        }
        String expected = type == Boolean.class
                ? "of type boolean"
                : type.isInterface()
                        ? "of type function"
                        : "an instance of " + type.getSimpleName();
        throw ArgumentException.invalidArgType("options." + name, expected, value);
    }

    static long number(Options options, String name, long otherwise) {
        Object value = options.get(name);
        if (value == null || value instanceof Number n && n.doubleValue() == 0) {
            return otherwise;
        }
        if (!(value instanceof Number number)) {
            throw ArgumentException.invalidArgType("options." + name, "of type number", value);
        }
        return number.longValue();
    }

    static String string(String name, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw ArgumentException.invalidArgType(name, "of type string", value);
    }

    /** An integer within bounds, or Node's type or range error. */
    static long integer(String name, Object value, long min, long max) {
        if (!(value instanceof Number number)) {
            throw ArgumentException.invalidArgType(name, "of type number", value);
        }
        double exact = number.doubleValue();
        if (Double.isInfinite(exact) || exact != Math.rint(exact)) {
            throw ArgumentException.outOfRange(name, "an integer", value);
        }
        long integer = number.longValue();
        if (integer < min || integer > max) {
            throw ArgumentException.outOfRange(name, ">= " + min + " && <= " + max, value);
        }
        return integer;
    }
}
