package io.github.securepair.stream;

/** Ends one step of a {@link Transform}. */
@FunctionalInterface
public interface TransformCallback {
    /**
     * Ends the step.
     *
     * @param error what went wrong, or {@code null}
     * @param data a last piece of output, as for {@link Readable#push(Object)}, or {@code null} for
     *     none
     */
    void call(Throwable error, Object data);

    /** Ends the step without more output. */
    default void done() {
        call(null, null);
    }
}
