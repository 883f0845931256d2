package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Node's {@code net.BlockList}: rules for IP addresses that must not connect, or be connected to.
 * Any thread; a rule counts for what is checked after it was added.
 *
 * <p>An IPv4 address and its IPv4-mapped IPv6 form are the same to a rule.
 *
 * @see <a href="https://nodejs.org/api/net.html#class-netblocklist">Node's documentation</a>
 */
public final class BlockList {
    private static final int MAPPED_BITS = 96;

    private final List<Rule> rules = new CopyOnWriteArrayList<>();

    /** Makes a list that blocks nothing. */
    public BlockList() {}

    /** Blocks an IPv4 address. */
    public void addAddress(String address) {
        addAddress(address, "ipv4");
    }

    /**
     * Blocks an address.
     *
     * @param family {@code "ipv4"} or {@code "ipv6"}
     */
    public void addAddress(String address, String family) {
        addAddress(given("address", address, family));
    }

    /** Blocks an address; its port does not count. */
    public void addAddress(SocketAddress address) {
        byte[] wanted = wide(address);
        add(new Rule("Address: " + shown(address)) {
            @Override
            boolean blocks(byte[] bytes, boolean four) {
                return Arrays.equals(wanted, bytes);
            }
        });
    }

    /** Blocks IPv4 addresses from {@code start} to {@code end}, both included. */
    public void addRange(String start, String end) {
        addRange(start, end, "ipv4");
    }

    /**
     * Blocks the addresses from {@code start} to {@code end}, both included.
     *
     * @param family {@code "ipv4"} or {@code "ipv6"}
     * @throws ArgumentException {@code ERR_INVALID_ARG_VALUE} when the end is before the start
     */
    public void addRange(String start, String end, String family) {
        addRange(given("start", start, family), given("end", end, family));
    }

    /**
     * Does what {@link #addRange(String, String, String)} does. When the addresses are of different
     * families only IPv4 addresses, mapped or not, are in the range, as Node has it.
     */
    public void addRange(SocketAddress start, SocketAddress end) {
        byte[] low = wide(start);
        byte[] high = wide(end);
        // As in Node: a range that is not one of IPv4 addresses has none of them in it.
        boolean hasFour = isMapped(low) && isMapped(high);
        boolean mixed = start.bytes.length != end.bytes.length;
        if ((hasFour || !mixed) && Arrays.compareUnsigned(low, high) > 0) {
            throw ArgumentException.invalidArgValue("start", start, "must come before end");
        }
        add(new Rule("Range: " + shown(start) + "-" + end.address()) {
            @Override
            boolean blocks(byte[] bytes, boolean four) {
                return (hasFour || !four)
                        && (!mixed || isMapped(bytes))
                        && Arrays.compareUnsigned(low, bytes) <= 0
                        && Arrays.compareUnsigned(bytes, high) <= 0;
            }
        });
    }

    /** Blocks the IPv4 addresses whose first {@code prefix} bits are those of {@code network}. */
    public void addSubnet(String network, int prefix) {
        addSubnet(network, prefix, "ipv4");
    }

    /**
     * Blocks the addresses whose first {@code prefix} bits are those of {@code network}.
     *
     * @param prefix up to 32 for IPv4, up to 128 for IPv6
     * @param family {@code "ipv4"} or {@code "ipv6"}
     */
    public void addSubnet(String network, int prefix, String family) {
        addSubnet(given("network", network, family), prefix);
    }

    /** Does what {@link #addSubnet(String, int, String)} does. */
    public void addSubnet(SocketAddress network, int prefix) {
        int most = network.bytes.length * 8;
        if (prefix < 0 || prefix > most) {
            throw ArgumentException.outOfRange("prefix", ">= 0 && <= " + most, prefix);
        }
        byte[] wanted = wide(network);
        int bits = most == 32 ? MAPPED_BITS + prefix : prefix;
        add(new Rule("Subnet: " + shown(network) + "/" + prefix) {
            @Override
            boolean blocks(byte[] bytes, boolean four) {
                int whole = bits / 8;
                int rest = 8 - bits % 8;
                return Arrays.equals(wanted, 0, whole, bytes, 0, whole)
                        && (rest == 8
                                || (wanted[whole] & 0xff) >> rest == (bytes[whole] & 0xff) >> rest);
            }
        });
    }

    /** Returns whether a rule blocks an IPv4 address. */
    public boolean check(String address) {
        return check(address, "ipv4");
    }

    /**
     * Returns whether a rule blocks an address; false for a text that is no address of the family.
     *
     * @param family {@code "ipv4"} or {@code "ipv6"}
     */
    public boolean check(String address, String family) {
        text("address", address);
        text("family", family);
        SocketAddress parsed = SocketAddress.orNull(address, family);
        return parsed != null && check(parsed);
    }

    /** Returns whether a rule blocks an address. */
    public boolean check(SocketAddress address) {
        byte[] bytes = wide(address);
        boolean four = address.bytes.length == 4;
        for (Rule each : rules) {
            if (each.blocks(bytes, four)) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether a rule blocks an address of either family. */
    boolean blocks(String ip) {
        int family = Net.isIP(ip);
        return family != 0 && check(ip, "ipv" + family);
    }

    /** Returns what was added as Node writes it, the last one first: a copy. */
    public List<String> rules() {
        return rules.stream().map(each -> each.text).toList();
    }

    @Override
    public String toString() {
        return "BlockList { rules: " + rules() + " }";
    }

    // ---- inside -------------------------------------------------------------------------------

    private abstract static class Rule {
        final String text;

        Rule(String text) {
            this.text = text;
        }

        /**
         * Returns whether the rule is for an address.
         *
         * @param bytes 16 of them
         * @param four whether it is an IPv4 address that was written as one
         */
        abstract boolean blocks(byte[] bytes, boolean four);
    }

    private void add(Rule rule) {
        rules.add(0, rule);
    }

    private static SocketAddress given(String name, String address, String family) {
        text(name, address);
        text("family", family);
        return new SocketAddress(address, family);
    }

    private static void text(String name, String value) {
        if (value == null) {
            throw ArgumentException.invalidArgType(name, "of type string", null);
        }
    }

    private static String shown(SocketAddress address) {
        return (address.bytes.length == 4 ? "IPv4 " : "IPv6 ") + address.address();
    }

    /** An IPv4 address as an IPv4-mapped one. */
    private static byte[] wide(SocketAddress address) {
        byte[] bytes = address.bytes;
        if (bytes.length == 16) {
            return bytes;
        }
        byte[] out = new byte[16];
        out[10] = (byte) 0xff;
        out[11] = (byte) 0xff;
        System.arraycopy(bytes, 0, out, 12, 4);
        return out;
    }

    private static boolean isMapped(byte[] bytes) {
        for (int i = 0; i < 10; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return bytes[10] == (byte) 0xff && bytes[11] == (byte) 0xff;
    }
}
