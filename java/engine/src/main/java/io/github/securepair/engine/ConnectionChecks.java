package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.openssl.Glue;

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

    /** Throws unless the call that was just made succeeded; {@code what} names it. */
    static void check(int result, String what) {
        if (result == Glue.SP_OK) {
            return;
        }
        rejectMisuse(result, what);
        throw SecureContextException.of(ErrorReport.ofLastCall(), what);
    }

    static void rejectMisuse(int result, String what) {
        if (result == Glue.SP_MISUSE) {
            throw new IllegalStateException(
                    what + ": not possible at this time or at this end of a connection");
        }
    }
}
