package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;

import java.util.Locale;

/**
 * Node's {@code net.SocketAddress}: an IP address with its port, as {@link BlockList} takes it. A
 * name is never looked up. Immutable.
 *
 * @see <a href="https://nodejs.org/api/net.html#class-netsocketaddress">Node's documentation</a>
 */
public final class SocketAddress {
    /** The address in network order: 4 or 16 bytes. */
    final byte[] bytes;

    private final int port;
    private final long flowlabel;

    /** Makes {@code 127.0.0.1} with port 0. */
    public SocketAddress() {
        this("127.0.0.1", 0, "ipv4", 0);
    }

    /** Makes an address with port 0; its text form decides the family. */
    public SocketAddress(String address) {
        this(address, 0, IPText.isIPv6(address) ? "ipv6" : "ipv4", 0);
    }

    /**
     * Makes an address with port 0.
     *
     * @param family {@code "ipv4"} or {@code "ipv6"}
     */
    public SocketAddress(String address, String family) {
        this(address, 0, family, 0);
    }

    /**
     * Makes an address.
     *
     * @param address in text form; a scope after a percent sign is dropped
     * @param port 0 to 65535
     * @param family {@code "ipv4"} or {@code "ipv6"}, in any case
     * @param flowlabel of IPv6, at most 2<sup>32</sup> - 1
     * @throws RuntimeException {@code ERR_INVALID_ADDRESS} when the text is no address of that
     *     family
     */
    public SocketAddress(String address, int port, String family, long flowlabel) {
        if (family == null) {
            throw ArgumentException.invalidArgType("options.family", "of type string", null);
        }
        String kind = family.toLowerCase(Locale.ROOT);
        if (!kind.equals("ipv4") && !kind.equals("ipv6")) {
            throw ArgumentException.invalidArgValue("options.family", family);
        }
        if (address == null) {
            throw ArgumentException.invalidArgType("options.address", "of type string", null);
        }
        this.port = NetErrors.port(port, "options.port");
        if (flowlabel < 0 || flowlabel > 0xffffffffL) {
            throw ArgumentException.outOfRange(
                    "options.flowlabel", ">= 0 && <= 4294967295", flowlabel);
        }
        boolean four = kind.equals("ipv4");
        if (!(four ? IPText.isIPv4(address) : IPText.isIPv6(address))) {
            throw new ArgumentException("Error", "ERR_INVALID_ADDRESS", "Invalid socket address");
        }
        bytes = four ? IPText.ipv4(address) : IPText.ipv6(address);
        this.flowlabel = four ? 0 : flowlabel;
    }

    /** Returns null instead of throwing {@code ERR_INVALID_ADDRESS} and the like. */
    static SocketAddress orNull(String address, String family) {
        try {
            return new SocketAddress(address, 0, family, 0);
        } catch (ArgumentException invalid) {
            return null;
        }
    }

    /** Returns the address in text form, as short as it can be written. */
    public String address() {
        return IPText.text(bytes);
    }

    /** Returns the port. */
    public int port() {
        return port;
    }

    /** Returns {@code "ipv4"} or {@code "ipv6"}. */
    public String family() {
        return bytes.length == 4 ? "ipv4" : "ipv6";
    }

    /** Returns the flow label, 0 for IPv4. */
    public long flowlabel() {
        return flowlabel;
    }

    /** As Node's console shows it. */
    @Override
    public String toString() {
        return "SocketAddress { address: '" + address() + "', port: " + port + ", family: '"
                + family() + "', flowlabel: " + flowlabel + " }";
    }
}
