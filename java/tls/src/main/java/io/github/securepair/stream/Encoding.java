package io.github.securepair.stream;

import io.github.securepair.errors.ArgumentException;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Node's buffer encodings: how text becomes bytes and bytes become text. */
enum Encoding {
    UTF8("utf8"),
    UTF16LE("utf16le"),
    LATIN1("latin1"),
    ASCII("ascii"),
    HEX("hex"),
    BASE64("base64"),
    BASE64URL("base64url");

    private static final char[] HEX_DIGITS = "0123456789abcdef".toCharArray();
    private static final byte[] BASE64_VALUES = base64Values();
    private static final char[] BASE64_DIGITS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".toCharArray();
    private static final char[] BASE64URL_DIGITS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".toCharArray();

    /** The name that Node gives the encoding when asked. */
    final String nodeName;

    Encoding(String nodeName) {
        this.nodeName = nodeName;
    }

    /** Finds an encoding by any of its names; throws {@code ERR_UNKNOWN_ENCODING}. */
    static Encoding of(String name) {
        Encoding found = find(name);
        if (found == null) {
            throw ArgumentException.unknownEncoding(name);
        }
        return found;
    }

    /** Finds an encoding by any of its names, else null. */
    static Encoding find(String name) {
        if (name == null) {
            return null;
        }
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "utf8", "utf-8" -> UTF8;
            case "ucs2", "ucs-2", "utf16le", "utf-16le" -> UTF16LE;
            case "latin1", "binary" -> LATIN1;
            case "ascii" -> ASCII;
            case "hex" -> HEX;
            case "base64" -> BASE64;
            case "base64url" -> BASE64URL;
            default -> null;
        };
    }

    /**
     * Returns the bytes of a text, as {@code Buffer.from(text, encoding)} does: what cannot be
     * decoded is dropped.
     */
    ByteBuffer encode(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    private byte[] bytes(String text) {
        return switch (this) {
            case UTF8 -> utf8(text);
            case UTF16LE -> utf16(text);
            case LATIN1, ASCII -> latin1(text);
            case HEX -> fromHex(text);
            case BASE64, BASE64URL -> fromBase64(text);
        };
    }

    /** Returns the text of whole characters' bytes; see {@link StringDecoder} for pieces. */
    String decode(byte[] bytes, int from, int to) {
        return switch (this) {
            case UTF8 -> decodeUtf8(bytes, from, to);
            case UTF16LE -> decodeUtf16(bytes, from, to);
            case LATIN1 -> new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
            case ASCII -> decodeAscii(bytes, from, to);
            case HEX -> toHex(bytes, from, to);
            case BASE64 -> toBase64(bytes, from, to, BASE64_DIGITS, true);
            case BASE64URL -> toBase64(bytes, from, to, BASE64URL_DIGITS, false);
        };
    }

    /**
     * Java's decoder puts one U+FFFD where the bytes of a surrogate were, all others put one per
     * byte; bad bytes are therefore replaced here, one mark for each longest beginning of a
     * character.
     */
    private static String decodeUtf8(byte[] bytes, int from, int to) {
        String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        if (text.indexOf('\ufffd') < 0) {
            return text;
        }
        StringBuilder mended = new StringBuilder(text.length());
        int i = from;
        while (i < to) {
            int lead = bytes[i] & 0xff;
            if (lead < 0x80) {
                mended.append((char) lead);
                i++;
                continue;
            }
            int length = lead >= 0xf5 || lead < 0xc2 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
            int good = 1;
            while (good < length
                    && i + good < to
                    && continues(lead, good, bytes[i + good] & 0xff)) {
                good++;
            }
            if (length > 1 && good == length) {
                mended.append(new String(bytes, i, length, StandardCharsets.UTF_8));
            } else {
                mended.append('\ufffd');
            }
            i += good;
        }
        return mended.toString();
    }

    /**
     * Some first bytes narrow the second: no overlong forms, no surrogates, nothing above U+10FFFF.
     */
    private static boolean continues(int lead, int index, int value) {
        if (index > 1) {
            return value >= 0x80 && value < 0xc0;
        }
        int low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        return value >= low && value <= high;
    }

    /** Half of a surrogate pair becomes U+FFFD, where Java alone would write a question mark. */
    private static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (!hasLoneSurrogate(text)) {
            return bytes;
        }
        StringBuilder mended = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                mended.append(c).append(text.charAt(++i));
            } else {
                mended.append(Character.isSurrogate(c) ? '\ufffd' : c);
            }
        }
        return mended.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static boolean hasLoneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return true;
                }
                i++;
            }
        }
        return false;
    }

    private static byte[] utf16(String text) {
        byte[] bytes = new byte[2 * text.length()];
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes[2 * i] = (byte) c;
            bytes[2 * i + 1] = (byte) (c >> 8);
        }
        return bytes;
    }

    private static byte[] latin1(String text) {
        byte[] bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) text.charAt(i);
        }
        return bytes;
    }

    private static byte[] fromHex(String text) {
        byte[] bytes = new byte[text.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            int high = hexDigit(text.charAt(2 * i));
            int low = hexDigit(text.charAt(2 * i + 1));
            if (high < 0 || low < 0) {
                return Arrays.copyOf(bytes, i);
            }
            bytes[i] = (byte) (high << 4 | low);
        }
        return bytes;
    }

    private static int hexDigit(char c) {
        return c < 128 ? Character.digit(c, 16) : -1;
    }

    /**
     * Takes both alphabets, skips what belongs to neither, stops at the first padding, as Node
     * does.
     */
    private static byte[] fromBase64(String text) {
        byte[] bytes = new byte[(text.length() * 3 + 3) / 4];
        int count = 0;
        int bits = 0;
        int held = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '=') {
                break;
            }
            int value = c < 128 ? BASE64_VALUES[c] : -1;
            if (value < 0) {
                continue;
            }
            held = held << 6 | value;
            bits += 6;
            if (bits >= 8) {
                bits -= 8;
                bytes[count++] = (byte) (held >> bits);
            }
        }
        return count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
    }

    private static String decodeUtf16(byte[] bytes, int from, int to) {
        char[] chars = new char[(to - from) / 2];
        for (int i = 0; i < chars.length; i++) {
            chars[i] = (char) (bytes[from + 2 * i] & 0xff | (bytes[from + 2 * i + 1] & 0xff) << 8);
        }
        return new String(chars);
    }

    private static String decodeAscii(byte[] bytes, int from, int to) {
        char[] chars = new char[to - from];
        for (int i = 0; i < chars.length; i++) {
            chars[i] = (char) (bytes[from + i] & 0x7f);
        }
        return new String(chars);
    }

    private static String toHex(byte[] bytes, int from, int to) {
        char[] chars = new char[2 * (to - from)];
        for (int i = from, at = 0; i < to; i++) {
            chars[at++] = HEX_DIGITS[bytes[i] >> 4 & 15];
            chars[at++] = HEX_DIGITS[bytes[i] & 15];
        }
        return new String(chars);
    }

    private static String toBase64(byte[] bytes, int from, int to, char[] digits, boolean padded) {
        StringBuilder text = new StringBuilder((to - from + 2) / 3 * 4);
        int i = from;
        for (; i + 2 < to; i += 3) {
            int held = (bytes[i] & 0xff) << 16 | (bytes[i + 1] & 0xff) << 8 | bytes[i + 2] & 0xff;
            text.append(digits[held >> 18])
                    .append(digits[held >> 12 & 63])
                    .append(digits[held >> 6 & 63])
                    .append(digits[held & 63]);
        }
        if (to - i == 1) {
            int held = bytes[i] & 0xff;
            text.append(digits[held >> 2])
                    .append(digits[held << 4 & 63])
                    .append(padded ? "==" : "");
        } else if (to - i == 2) {
            int held = (bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff;
            text.append(digits[held >> 10])
                    .append(digits[held >> 4 & 63])
                    .append(digits[held << 2 & 63])
                    .append(padded ? "=" : "");
        }
        return text.toString();
    }

    private static byte[] base64Values() {
        byte[] values = new byte[128];
        Arrays.fill(values, (byte) -1);
        String digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        for (int i = 0; i < digits.length(); i++) {
            values[digits.charAt(i)] = (byte) i;
        }
        values['+'] = values['-'] = 62;
        values['/'] = values['_'] = 63;
        return values;
    }
}
