package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;

import java.util.List;

/**
 * Finds the addresses of a name, as Node's option {@code lookup}; by default the operating system
 * does, off the loop.
 */
@FunctionalInterface
public interface Lookup {
    /** A hint: only addresses of a kind that this machine itself has, loopback aside. */
    int ADDRCONFIG = 32;

    /** A hint: with family 6, IPv4-mapped addresses when there are none of IPv6. */
    int V4MAPPED = 8;

    /** A hint: with {@link #V4MAPPED}, the IPv4-mapped addresses in any case. */
    int ALL = 16;

    /**
     * Starts a look-up. Called on the loop thread: must not block.
     *
     * @param result to be called once, on any thread
     */
    void lookup(String hostname, Options options, Result result);

    /**
     * What to look up.
     *
     * @param all whether more than the first address is of use
     * @param family 4 or 6, or 0 for any
     * @param hints bits of {@link #ADDRCONFIG}, {@link #V4MAPPED} and {@link #ALL}
     */
    record Options(boolean all, int family, int hints) {}

    /** What was found. */
    @FunctionalInterface
    interface Result {
        /**
         * Ends a look-up.
         *
         * @param error why it failed, or null
         * @param addresses in the order in which to try them; ignored when there is an error. No
         *     list without an error is {@code ERR_INVALID_IP_ADDRESS}
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

    /** Returns the operating system's resolution, which is used when none is given. */
    static Lookup system() {
        return SystemLookup.INSTANCE;
    }

    /** Throws {@code ERR_INVALID_ARG_VALUE} for bits that are no hints. */
    static void checkHints(int hints) {
        if ((hints & ~(ADDRCONFIG | V4MAPPED | ALL)) != 0) {
            throw ArgumentException.invalidArgValue("hints", hints & 0xffffffffL);
        }
    }
}
