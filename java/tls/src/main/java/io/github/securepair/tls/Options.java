package io.github.securepair.tls;

import io.github.securepair.events.Warnings;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What all option classes share: a map from Node's option names to the values given.
 *
 * <p>The typed setters of the subclasses are the usual way in; {@link #set} takes any name and
 * value, for code that is driven by data or by scripts. Values are checked when they are used, so a
 * value of the wrong type fails in the function that is given the options, with Node's
 * {@code ERR_INVALID_ARG_TYPE}.
 */
public abstract class Options {
    /** Programs take names from their users: of more than these no warning is given. */
    private static final int MAX_WARNINGS = 100;

    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    private final Map<String, Object> values = new LinkedHashMap<>();

    Options() {}

    /** Copies these options; changes to either leave the other alone. */
    public abstract Options copy();

    /**
     * Sets the option called {@code name}, whatever the type of {@code value}. A {@code null} value
     * is the same as not giving the option.
     *
     * <p>A name that does not count for this class of options is kept, so that {@link #get} has it,
     * and has no effect. The first time each is given there is a warning, see {@link Warnings}.
     */
    public Options set(String name, Object value) {
        if (value != null && !Option.isDeclared(entry(), name)) {
            warn(name);
        }
        put(name, value);
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

    /** What these options are given to. */
    abstract Option.Entry entry();

    /** Keeps what was given. Bytes and lists are copied. */
    final void put(Option<?> option, Object value) {
        put(option.name(), value);
    }

    private void put(String name, Object value) {
        if (value == null) {
            values.remove(name);
        } else if (value instanceof byte[] bytes) {
            values.put(name, bytes.clone());
        } else if (value instanceof List<?> list) {
            values.put(name, new ArrayList<>(list));
        } else {
            values.put(name, value);
        }
    }

    /** Keeps it unless the option was given. */
    final void putMissing(Option<?> option, Object value) {
        if (!has(option)) {
            put(option, value);
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

    // ---- reading, with Node's errors ----------------------------------------------------------

    final <T> T read(Option<T> option) {
        return option.read(given(option));
    }

    /** Reads under the name that Node's error has in this place. */
    final <T> T read(Option<T> option, String called) {
        return option.read(called, given(option));
    }

    /** The value as it was given, or null. */
    final Object given(Option<?> option) {
        return values.get(option.name());
    }

    final boolean has(Option<?> option) {
        return given(option) != null;
    }

    // ---- unknown names ------------------------------------------------------------------------

    private void warn(String name) {
        String about = getClass().getSimpleName();
        if (WARNED.size() >= MAX_WARNINGS || !WARNED.add(about + '.' + name)) {
            return;
        }
        String closest = null;
        int least = Math.max(1, name.length() / 4);
        for (Option<?> each : Option.all(entry())) {
            int distance = distance(name.toLowerCase(Locale.ROOT), each.name());
            if (distance <= least) {
                least = distance - 1;
                closest = each.name();
            }
        }
        Warnings.emit(
                "Warning",
                "UNKNOWN_OPTION",
                "'" + name + "' is not an option of " + about + " and has no effect"
                        + (closest == null ? "" : "; did you mean '" + closest + "'?"));
    }

    /** How many characters have to be inserted, removed or replaced; case does not count. */
    private static int distance(String text, String option) {
        String other = option.toLowerCase(Locale.ROOT);
        int[] before = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= text.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int replaced = before[j - 1] + (text.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(row[j - 1], before[j]));
            }
            before = row;
        }
        return before[other.length()];
    }
}
