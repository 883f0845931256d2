package io.github.securepair.internal.transport;

/**
 * Learns, on the loop and never inside the call it was given to, how a write or a shutdown ended.
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
