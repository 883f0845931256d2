package io.github.securepair.net;

import java.util.List;

/**
 * Finds the addresses of a name, as Node's option {@code lookup}; by default the operating system
 * does, off the loop.
 */
@FunctionalInterface
public interface Lookup {
    /**
     * Starts a look-up. Called on the loop thread: must not block.
     *
     * @param all whether more than the first address is of use
     * @param family 4 or 6, or 0 for any
     * @param result to be called once, on any thread
     */
    void lookup(String hostname, boolean all, int family, Result result);

    /** What was found. */
    @FunctionalInterface
    interface Result {
        /**
         * Ends a look-up.
         *
         * @param error why it failed, or null
         * @param addresses in the order in which to try them; ignored when there is an error
         */
        void done(Throwable error, List<Address> addresses);
    }

    /**
     * One address of a name.
     *
     * @param address in text form
     * @param family 4 or 6
     */
    record Address(String address, int family) {}
}
