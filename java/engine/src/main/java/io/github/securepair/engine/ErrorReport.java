package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.openssl.Glue;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a failing call left in native memory (struct sp_report), copied out of it. */
record ErrorReport(List<OpenSSLError> entries, int alert, boolean alertSent, int sslError)
        implements Serializable {
    static final ErrorReport EMPTY = new ErrorReport(List.of(), -1, false, 0);

    /** The report of the last call of this thread that was given one. */
    static ErrorReport ofLastCall() {
        return of(Memory.current());
    }

    /** The report of the last call that was lent this memory. */
    static ErrorReport of(Memory lent) {
        return read(lent.turn(), Glue.SP_AT_TURN_REPORT);
    }

    private static ErrorReport read(ByteBuffer memory, int base) {
        int count = Math.min(
                Math.max(memory.getInt(base + Glue.SP_AT_REPORT_COUNT), 0), Glue.SP_ERRORS_MAX);
        List<OpenSSLError> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(entry(memory, base + Glue.SP_AT_REPORT_ERROR + i * Glue.SP_SIZE_ERROR));
        }
        return new ErrorReport(
                List.copyOf(entries),
                memory.getInt(base + Glue.SP_AT_REPORT_ALERT),
                memory.getInt(base + Glue.SP_AT_REPORT_ALERT_SENT) == 1,
                memory.getInt(base + Glue.SP_AT_REPORT_SSL_ERROR));
    }

    private static OpenSSLError entry(ByteBuffer memory, int at) {
        return new OpenSSLError(
                memory.getLong(at + Glue.SP_AT_ERROR_CODE),
                memory.getInt(at + Glue.SP_AT_ERROR_LIBRARY),
                memory.getInt(at + Glue.SP_AT_ERROR_REASON),
                text(memory, at + Glue.SP_AT_ERROR_LIBRARY_TEXT),
                text(memory, at + Glue.SP_AT_ERROR_REASON_TEXT),
                text(memory, at + Glue.SP_AT_ERROR_DATA),
                text(memory, at + Glue.SP_AT_ERROR_FILE),
                memory.getInt(at + Glue.SP_AT_ERROR_LINE),
                text(memory, at + Glue.SP_AT_ERROR_FUNCTION));
    }

    /** Up to the NUL, which the glue always writes. */
    private static String text(ByteBuffer memory, int at) {
        int end = at;
        while (memory.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - at];
        memory.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    OpenSSLError first() {
        return entries.get(0);
    }

    OpenSSLError last() {
        return entries.get(entries.size() - 1);
    }
}
