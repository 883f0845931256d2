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
}
