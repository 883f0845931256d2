package io.github.securepair.tls;

import java.net.IDN;
import java.util.Arrays;
import java.util.List;

/**
 * Hosts as they are compared with the names in a certificate: first in the form that DNS has, then
 * label by label. Otherwise what looks like one label to this class may be two to a resolver, and a
 * certificate for {@code *.b.test} would be good for {@code a.x.b.test} written with U+3002.
 */
final class HostNames {
    /** Where a host ends in a URL, or which mean something else in one; never in a host. */
    private static final String FORBIDDEN = "#/:<>?@[\\]^|%";

    /**
     * Small sharp s, final sigma, and the two joiners: the standards disagree what becomes of them,
     * so that two programs may look up two hosts.
     */
    private static final String AMBIGUOUS = "\u00df\u1e9e\u03c2\u200c\u200d";

    private static final long END_OF_IPV4 = 1L << 32;

    private HostNames() {}

    /**
     * The host in ASCII (IDNA), without a dot at its end; empty when it is none, which no name of a
     * certificate matches.
     */
    static String toASCII(String host) {
        String ascii = host;
        if (!isASCII(host)) {
            if (host.chars().anyMatch(c -> AMBIGUOUS.indexOf(c) >= 0)) {
                return "";
            }
            try {
                ascii = IDN.toASCII(host);
            } catch (IllegalArgumentException none) {
                return "";
            }
        }
        if (!ascii.chars().allMatch(c -> c > 0x20 && c < 0x7f && FORBIDDEN.indexOf(c) < 0)) {
            return "";
        }
        return ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
    }

    private static boolean isASCII(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    /**
     * What a wildcard may stand for. Underscores are in use, though no host has them by the book.
     */
    static boolean isLabel(String label) {
        return !label.isEmpty()
                && label.chars()
                        .allMatch(c -> c >= 'a' && c <= 'z'
                                || c >= 'A' && c <= 'Z'
                                || c >= '0' && c <= '9'
                                || c == '-'
                                || c == '_');
    }

    /**
     * Whether resolvers may take it for an address though it is not written as one: {@code 127.1},
     * {@code 0x7f.0.0.1}, {@code 2130706433}.
     */
    static boolean isLooseIPv4(String host) {
        List<String> parts = Arrays.asList(host.split("\\.", -1));
        if (parts.size() > 4) {
            return false;
        }
        for (int i = 0; i < parts.size(); i++) {
            boolean last = i == parts.size() - 1;
            long end = last ? END_OF_IPV4 >> 8 * i : 256;
            long number = number(parts.get(i));
            if (number < 0 || number >= end) {
                return false;
            }
        }
        return true;
    }

    /** As inet_aton reads it: decimal, 0 octal, 0x hexadecimal; -1 for what is none. */
    private static long number(String text) {
        boolean hex = text.startsWith("0x") || text.startsWith("0X");
        boolean octal = !hex && text.length() > 1 && text.startsWith("0");
        String digits = hex ? text.substring(2) : octal ? text.substring(1) : text;
        if (hex && digits.isEmpty()) {
            return 0;
        }
        if (digits.isEmpty() || digits.charAt(0) == '-' || digits.charAt(0) == '+') {
            return -1;
        }
        try {
            return Long.parseLong(digits, hex ? 16 : octal ? 8 : 10);
        } catch (NumberFormatException none) {
            return -1;
        }
    }
}
