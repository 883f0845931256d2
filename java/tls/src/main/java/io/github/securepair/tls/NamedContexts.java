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
 * (Node takes parentheses for a regular expression.) Any thread.
 */
final class NamedContexts {
    private record Entry(String name, Pattern pattern, ServerContext context) {
        boolean isNamed(String servername) {
            return name.equalsIgnoreCase(servername);
        }
    }

    private final List<Entry> entries = new CopyOnWriteArrayList<>();
    private final boolean firstWins;

    /**
     * @param firstWins whether of several that match the first added counts, as in Node 0.12, else
     *     the last
     */
    NamedContexts(boolean firstWins) {
        this.firstWins = firstWins;
    }

    /** Takes the place of an earlier one of that very name, whose memory is given back. */
    synchronized void add(String servername, ServerContext context) {
        String regex = Arrays.stream(servername.split("\\*", -1))
                .map(part -> part.isEmpty() ? "" : Pattern.quote(part))
                .collect(Collectors.joining("[^.]*"));
        Pattern pattern = Pattern.compile(regex, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
        Entry entry = new Entry(servername, pattern, context);
        int before = indexOf(servername);
        if (before >= 0 && firstWins) {
            entries.set(before, entry).context.retire();
            return;
        }
        // First the new one: there is no moment without.
        entries.add(firstWins ? entries.size() : 0, entry);
        if (before >= 0) {
            entries.remove(before + 1).context.retire();
        }
    }

    /** Returns false when there is none of that very name. */
    synchronized boolean remove(String servername) {
        int at = indexOf(servername);
        if (at >= 0) {
            entries.remove(at).context.retire();
        }
        return at >= 0;
    }

    private int indexOf(String servername) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).isNamed(servername)) {
                return i;
            }
        }
        return -1;
    }

    /** The context for a name, or null. */
    SecureContext find(String servername) {
        for (Entry entry : entries) {
            if (entry.pattern.matcher(servername).matches()) {
                SecureContext context = entry.context.get();
                if (context != null) {
                    return context;
                }
                // Replaced or removed in this moment.
                return find(servername);
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
