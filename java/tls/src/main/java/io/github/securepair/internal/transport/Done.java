package io.github.securepair.internal.transport;

/**
 * Gets the result of a write or a shutdown, on the loop and never inside the call it was given to.
 */
@FunctionalInterface
public interface Done {
    /**
     * Called exactly once.
     *
     * @param error null when the kernel has taken every byte; else why not, a SystemException in
     *     general
     */
    void done(Throwable error);
}
