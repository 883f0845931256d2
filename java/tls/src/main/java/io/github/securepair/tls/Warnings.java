package io.github.securepair.tls;

import java.util.function.BiConsumer;

/** Process warnings, as Node's {@code process.emitWarning}: logged, unless somebody listens. */
final class Warnings {
    private static final System.Logger LOG = System.getLogger("io.github.securepair.tls");
    private static volatile BiConsumer<String, String> listener;

    private Warnings() {}

    static void listen(BiConsumer<String, String> newListener) {
        listener = newListener;
    }

    /** Reports a warning of Node's type, such as {@code SecurityWarning} or {@code DEP0123}. */
    static void emit(String type, String message) {
        BiConsumer<String, String> current = listener;
        if (current != null) {
            current.accept(type, message);
        } else {
            LOG.log(System.Logger.Level.WARNING, "{0}: {1}", type, message);
        }
    }
}
