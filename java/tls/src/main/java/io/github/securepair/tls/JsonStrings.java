package io.github.securepair.tls;

/** JSON string literals as they stand in a certificate's printed names. */
final class JsonStrings {
    private JsonStrings() {}

    /**
     * Index of the quote that closes the one at {@code start}, or -1 when the literal is broken.
     */
    static int end(String text, int start) {
        for (int i = start + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                return i;
            }
            if (c < 0x20) {
                return -1;
            }
            if (c == '\\') {
                if (++i >= text.length()) {
                    return -1;
                }
                char escaped = text.charAt(i);
                if (escaped == 'u') {
                    if (i + 4 >= text.length()
                            || !text.substring(i + 1, i + 5).matches("[0-9A-Fa-f]{4}")) {
                        return -1;
                    }
                    i += 4;
                } else if ("\"\\/bfnrt".indexOf(escaped) < 0) {
                    return -1;
                }
            }
        }
        return -1;
    }

    /** Decodes the inside of a literal that {@link #end} accepted. */
    static String decode(String inside) {
        StringBuilder out = new StringBuilder(inside.length());
        for (int i = 0; i < inside.length(); i++) {
            char c = inside.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escaped = inside.charAt(++i);
            switch (escaped) {
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'u' -> {
                    out.append((char) Integer.parseInt(inside.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                default -> out.append(escaped);
            }
        }
        return out.toString();
    }
}
