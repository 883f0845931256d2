package io.github.securepair.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What OpenSSL queued when it failed: implemented by both exceptions of the engine. */
public interface OpenSSLFailure {
    /** The stable code that programs compare, as Node gives it; null where Node gives none. */
    String code();

    /**
     * Library of the entry the code comes from ("SSL routines"), or null when OpenSSL said nothing.
     */
    default String library() {
        return entries().isEmpty() ? null : entries().get(0).library();
    }

    /**
     * Reason of the entry the code comes from, in the words of OpenSSL 3.0, or null when OpenSSL
     * said nothing.
     */
    default String reason() {
        return entries().isEmpty() ? null : entries().get(0).reason();
    }

    /**
     * Description number of the fatal alert sent or received with this failure, -1 when there was
     * none.
     */
    int alert();

    /** Whether that alert was ours (true) or the peer's. */
    boolean alertSent();

    /** Everything OpenSSL had queued, oldest first. */
    List<OpenSSLError> entries();

    /**
     * The entries that {@link #code()} does not come from, newest first, each as one line: Node's
     * opensslErrorStack.
     */
    default List<String> opensslErrorStack() {
        List<String> lines = new ArrayList<>();
        for (OpenSSLError entry : entries()) {
            lines.add(entry.toString());
        }
        if (!lines.isEmpty()) {
            lines.remove(0);
        }
        Collections.reverse(lines);
        return List.copyOf(lines);
    }
}
