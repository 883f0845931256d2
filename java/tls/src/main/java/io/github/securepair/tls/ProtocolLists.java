package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Lists of ALPN and NPN protocol names, and their wire form: each name behind one byte with its
 * length.
 */
final class ProtocolLists {
    private ProtocolLists() {}

    /**
     * The wire form of a list of names (String, byte[] or ByteBuffer), or of a wire form given as
     * bytes; {@code null} when the value is null or empty.
     *
     * <p>An empty name is refused: OpenSSL would take it for a malformed list.
     */
    static byte[] toWire(String called, Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof byte[] || value instanceof ByteBuffer) {
            byte[] wire = Materials.bytes(value);
            checkWire(called, wire);
            return wire.length == 0 ? null : wire;
        }
        if (!(value instanceof List<?> names)) {
            throw ArgumentException.invalidArgType(
                    called, "an instance of Array, Buffer, TypedArray, or DataView", value);
        }
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        for (int i = 0; i < names.size(); i++) {
            Object entry = names.get(i);
            if (!(entry instanceof String
                    || entry instanceof byte[]
                    || entry instanceof ByteBuffer)) {
                throw ArgumentException.invalidArgType(
                        called + "[" + i + "]", "of type string or an instance of Buffer", entry);
            }
            byte[] name = Materials.bytes(entry);
            if (name.length > 255) {
                throw new ArgumentException(
                        "RangeError",
                        "ERR_OUT_OF_RANGE",
                        "The byte length of the protocol at index " + i
                                + " exceeds the maximum length. It must be <= 255. Received "
                                + name.length);
            }
            if (name.length == 0) {
                throw ArgumentException.invalidArgValue(
                        called, "", "must not contain an empty protocol");
            }
            wire.write(name.length);
            wire.writeBytes(name);
        }
        return wire.size() == 0 ? null : wire.toByteArray();
    }

    private static void checkWire(String called, byte[] wire) {
        for (int at = 0; at < wire.length; ) {
            int length = wire[at] & 0xff;
            if (length == 0 || at + 1 + length > wire.length) {
                throw ArgumentException.invalidArgValue(
                        called,
                        "<Buffer of " + wire.length + " bytes>",
                        "must be a list of length-prefixed protocols");
            }
            at += 1 + length;
        }
    }

    /** The names of a wire form. */
    static List<String> names(byte[] wire) {
        List<String> names = new ArrayList<>();
        for (int at = 0; at < wire.length; at += 1 + (wire[at] & 0xff)) {
            names.add(new String(wire, at + 1, wire[at] & 0xff, StandardCharsets.UTF_8));
        }
        return names;
    }

    /** First name of a wire form. */
    static String first(byte[] wire) {
        return new String(wire, 1, wire[0] & 0xff, StandardCharsets.UTF_8);
    }
}
