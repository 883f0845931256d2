package io.github.securepair.events;

/**
 * Node's callback of an asynchronous operation that has no result: called once, with what went
 * wrong or nothing.
 */
@FunctionalInterface
public interface Callback {
    /**
     * Ends the operation.
     *
     * @param error what went wrong, or {@code null}
     */
    void call(Throwable error);

    /** Ends the operation well: the same as {@code call(null)}. */
    default void done() {
        call(null);
    }
}
