package io.github.securepair.stream;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Turns pieces of bytes into text without ever splitting a character between two results (Node's
 * {@code string_decoder}). Not thread-safe.
 */
public final class StringDecoder {
    private final Encoding encoding;

    /** The bytes of a character that has begun, and how many of them there are. */
    private final byte[] held = new byte[4];

    private int holding;

    /** Makes a decoder; {@code null} means utf8. Throws {@code ERR_UNKNOWN_ENCODING}. */
    public StringDecoder(String encoding) {
        this(encoding == null ? Encoding.UTF8 : Encoding.of(encoding));
    }

    StringDecoder(Encoding encoding) {
        this.encoding = encoding;
    }

    /** Returns Node's name of the encoding: {@code utf8}, {@code utf16le}, {@code latin1}, ... */
    public String encoding() {
        return encoding.nodeName;
    }

    /**
     * Returns the characters that are whole after these bytes, and keeps the rest for the next
     * call. The buffer's position does not move.
     */
    public String write(ByteBuffer chunk) {
        int length = chunk.remaining();
        if (holding == 0 && chunk.hasArray()) {
            int from = chunk.arrayOffset() + chunk.position();
            return decode(chunk.array(), from, from + length);
        }
        byte[] joined = Arrays.copyOf(held, holding + length);
        chunk.get(chunk.position(), joined, holding, length);
        holding = 0;
        return decode(joined, 0, joined.length);
    }

    /** Ends the text: what is left of an incomplete character is converted as Node does. */
    public String end() {
        if (holding == 0) {
            return "";
        }
        // Half of a UTF-16 unit cannot be shown and is dropped; all else decodes as it stands.
        int whole = encoding == Encoding.UTF16LE ? holding & ~1 : holding;
        String rest = encoding.decode(held, 0, whole);
        holding = 0;
        return rest;
    }

    private String decode(byte[] bytes, int from, int to) {
        int rest = switch (encoding) {
            case UTF8 -> incompleteUtf8(bytes, from, to);
            case UTF16LE -> incompleteUtf16(bytes, from, to);
            case BASE64, BASE64URL -> (to - from) % 3;
            default -> 0;
        };
        System.arraycopy(bytes, to - rest, held, 0, rest);
        holding = rest;
        return encoding.decode(bytes, from, to - rest);
    }

    /**
     * Returns how many bytes at the end begin a character of which bytes are missing, going by its
     * first byte alone.
     */
    private static int incompleteUtf8(byte[] bytes, int from, int to) {
        for (int back = 1; back <= 3 && to - back >= from; back++) {
            int lead = bytes[to - back] & 0xff;
            if (lead < 0x80) {
                return 0;
            }
            if (lead >= 0xc0) {
                int needs = lead >= 0xf8 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
                return needs > back ? back : 0;
            }
        }
        return 0;
    }

    /** Holds back half a unit, and a high surrogate whose partner has not arrived yet. */
    private static int incompleteUtf16(byte[] bytes, int from, int to) {
        int odd = (to - from) & 1;
        int last = to - odd - 2;
        if (last >= from && (bytes[last + 1] & 0xfc) == 0xd8) {
            return odd + 2;
        }
        return odd;
    }
}
