package io.github.securepair.net;

/** Recognises IP addresses exactly as Node does. */
final class IPText {
    private IPText() {}

    static boolean isIPv4(String text) {
        return text != null && isIPv4(text, 0, text.length());
    }

    private static boolean isIPv4(String text, int from, int to) {
        int parts = 0;
        int at = from;
        while (at < to) {
            int start = at;
            int value = 0;
            while (at < to && isDigit(text.charAt(at)) && at - start < 4) {
                value = value * 10 + text.charAt(at++) - '0';
            }
            int digits = at - start;
            boolean leadingZero = digits > 1 && text.charAt(start) == '0';
            if (digits == 0 || digits > 3 || value > 255 || leadingZero) {
                return false;
            }
            parts++;
            if (at == to) {
                return parts == 4;
            }
            if (text.charAt(at++) != '.') {
                return false;
            }
        }
        return false;
    }

    static boolean isIPv6(String text) {
        if (text == null) {
            return false;
        }
        int end = text.indexOf('%');
        if (end >= 0 && !isScope(text, end + 1)) {
            return false;
        }
        return isIPv6(text, end < 0 ? text.length() : end);
    }

    private static boolean isScope(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isDigit(c)
                    && !(c >= 'a' && c <= 'z')
                    && !(c >= 'A' && c <= 'Z')
                    && "-.:".indexOf(c) < 0) {
                return false;
            }
        }
        return from < text.length();
    }

    private static boolean isIPv6(String text, int end) {
        int groups = 0;
        boolean gap = false;
        int at = 0;
        if (end >= 2 && text.charAt(0) == ':') {
            if (text.charAt(1) != ':') {
                return false;
            }
            gap = true;
            at = 2;
        }
        while (at < end) {
            int start = at;
            while (at < end && isHex(text.charAt(at))) {
                at++;
            }
            if (at < end && text.charAt(at) == '.') {
                return isIPv4(text, start, end) && complete(groups + 2, gap);
            }
            int digits = at - start;
            if (digits == 0 || digits > 4) {
                return false;
            }
            groups++;
            if (at == end) {
                break;
            }
            if (text.charAt(at++) != ':') {
                return false;
            }
            if (at == end) {
                return false;
            }
            if (text.charAt(at) == ':') {
                if (gap) {
                    return false;
                }
                gap = true;
                at++;
            }
        }
        return complete(groups, gap);
    }

    private static boolean complete(int groups, boolean gap) {
        return gap ? groups < 8 : groups == 8;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHex(char c) {
        return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }

    /** The bytes of an IPv4 address that {@link #isIPv4} is true for. */
    static byte[] ipv4(String text) {
        byte[] out = new byte[4];
        String[] parts = text.split("\\.");
        for (int i = 0; i < 4; i++) {
            out[i] = (byte) Integer.parseInt(parts[i]);
        }
        return out;
    }

    /** The bytes of an IPv6 address that {@link #isIPv6} is true for, without its scope. */
    static byte[] ipv6(String text) {
        int scope = text.indexOf('%');
        String plain = scope < 0 ? text : text.substring(0, scope);
        byte[] out = new byte[16];
        int gap = plain.indexOf("::");
        if (gap < 0) {
            groups(plain, out, 0);
        } else {
            groups(plain.substring(0, gap), out, 0);
            String tail = plain.substring(gap + 2);
            byte[] last = new byte[16];
            int length = groups(tail, last, 0);
            System.arraycopy(last, 0, out, 16 - length, length);
        }
        return out;
    }

    /** Reads groups, the last of which may be an IPv4 address, and returns where they end. */
    private static int groups(String text, byte[] out, int from) {
        int at = from;
        if (!text.isEmpty()) {
            for (String group : text.split(":")) {
                if (group.indexOf('.') >= 0) {
                    System.arraycopy(ipv4(group), 0, out, at, 4);
                    at += 4;
                } else {
                    int value = Integer.parseInt(group, 16);
                    out[at++] = (byte) (value >> 8);
                    out[at++] = (byte) value;
                }
            }
        }
        return at;
    }

    /** The text of an address of 4 or 16 bytes, as inet_ntop writes it. */
    static String text(byte[] bytes) {
        if (bytes.length == 4) {
            return ipv4Text(bytes, 0);
        }
        int[] words = new int[8];
        for (int i = 0; i < 8; i++) {
            words[i] = (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
        }
        int start = -1;
        int length = 1;
        for (int i = 0; i < 8; i++) {
            int end = i;
            while (end < 8 && words[end] == 0) {
                end++;
            }
            if (end - i > length) {
                start = i;
                length = end - i;
            }
            i = Math.max(i, end - 1);
        }
        boolean dotted = start == 0 && (length == 6 || length == 5 && words[5] == 0xffff);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == start) {
                out.append("::");
                i += length - 1;
            } else {
                if (out.length() > 0 && out.charAt(out.length() - 1) != ':') {
                    out.append(':');
                }
                if (dotted && i == 6) {
                    return out.append(ipv4Text(bytes, 12)).toString();
                }
                out.append(Integer.toHexString(words[i]));
            }
        }
        return out.toString();
    }

    private static String ipv4Text(byte[] bytes, int from) {
        return (bytes[from] & 0xff) + "." + (bytes[from + 1] & 0xff) + "."
                + (bytes[from + 2] & 0xff) + "." + (bytes[from + 3] & 0xff);
    }
}
