package io.github.securepair.engine;

import java.nio.charset.StandardCharsets;

/** What a {@link TLSConnection} checks of its arguments, and of what native code answers. */
final class ConnectionChecks {
    private ConnectionChecks() {}

    static void checkWire(byte[] wire) {
        if (wire == null) {
            return;
        }
        if (wire.length > 65535) {
            throw new IllegalArgumentException("protocol list of " + wire.length + " bytes");
        }
        int at = 0;
        while (at < wire.length) {
            int length = wire[at] & 0xFF;
            if (length == 0 || length > wire.length - at - 1) {
                throw new IllegalArgumentException(
                        "protocol list: bad length " + length + " at byte " + at);
            }
            at += 1 + length;
        }
    }

    static boolean isProtocolName(String protocol, byte[] name) {
        return name.length > 0
                && name.length <= 255
                && new String(name, StandardCharsets.ISO_8859_1).equals(protocol);
    }

    @FunctionalInterface
    interface CodeText {
        long get(long code, long out, long cap);
    }

    static String describe(long code, CodeText text) {
        byte[] bytes = Outputs.copy(Memory.current(), (out, cap) -> text.get(code, out, cap));
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    static void check(int result, Memory m, String doing) {
        if (result == Native.OK) {
            return;
        }
        rejectMisuse(result, doing);
        throw SecureContextException.of(m.report(), doing);
    }

    static void rejectMisuse(int result, String doing) {
        if (result == Native.MISUSE) {
            throw new IllegalStateException(
                    doing + ": not possible at this time or at this end of a connection");
        }
    }
}
