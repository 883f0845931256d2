package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The contexts of {@code addContext}, found by the name that a client asks for. In a pattern
 * {@code *} stands for any characters but dots; everything else for itself, whatever its case.
 * (Node compares case and takes parentheses for a regular expression.)
 */
final class NamedContexts {
    private record Entry(Pattern pattern, ServerContext context) {}

    private final List<Entry> entries = new CopyOnWriteArrayList<>();
    private final boolean firstWins;

    /**
     * @param firstWins whether of several that match the first added counts, as in Node 0.12, else
     *     the last
     */
    NamedContexts(boolean firstWins) {
        this.firstWins = firstWins;
    }

    void add(String servername, ServerContext context) {
        String regex = Arrays.stream(servername.split("\\*", -1))
                .map(part -> part.isEmpty() ? "" : Pattern.quote(part))
                .collect(Collectors.joining("[^.]*"));
        Pattern pattern = Pattern.compile(regex, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
        entries.add(firstWins ? entries.size() : 0, new Entry(pattern, context));
    }

    /** The context for a name, or null. */
    SecureContext find(String servername) {
        for (Entry entry : entries) {
            if (entry.pattern.matcher(servername).matches()) {
                return entry.context.get();
            }
        }
        return null;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    void release() {
        entries.forEach(entry -> entry.context.release());
    }
}
