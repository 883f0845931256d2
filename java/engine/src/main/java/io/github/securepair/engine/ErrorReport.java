package io.github.securepair.engine;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a failing call left in native memory (struct sp_report), copied out of it. */
record ErrorReport(List<OpenSSLError> entries, int alert, boolean alertSent, int sslError)
        implements Serializable {
    static final ErrorReport EMPTY = new ErrorReport(List.of(), -1, false, 0);

    private static final int ENTRIES = 16;
    private static final int ENTRY_SIZE = 472;
    static final int MAX_ENTRIES = 8;
    static final int SIZE = ENTRIES + MAX_ENTRIES * ENTRY_SIZE;

    /** Reads the report that begins at {@code base}. */
    static ErrorReport read(ByteBuffer memory, int base) {
        int count = Math.min(Math.max(memory.getInt(base), 0), MAX_ENTRIES);
        List<OpenSSLError> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(entry(memory, base + ENTRIES + i * ENTRY_SIZE));
        }
        return new ErrorReport(
                List.copyOf(entries),
                memory.getInt(base + 4),
                memory.getInt(base + 8) == 1,
                memory.getInt(base + 12));
    }

    private static OpenSSLError entry(ByteBuffer memory, int at) {
        return new OpenSSLError(
                memory.getLong(at),
                memory.getInt(at + 8),
                memory.getInt(at + 12),
                text(memory, at + 24, 48),
                text(memory, at + 72, 104),
                text(memory, at + 176, 160),
                text(memory, at + 336, 72),
                memory.getInt(at + 16),
                text(memory, at + 408, 64));
    }

    private static String text(ByteBuffer memory, int at, int room) {
        byte[] bytes = new byte[room];
        memory.get(at, bytes);
        int length = 0;
        while (length < room && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
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

    List<String> stack() {
        if (entries.size() < 2) {
            return List.of();
        }
        List<String> lines = new ArrayList<>(entries.size() - 1);
        for (OpenSSLError entry : entries.subList(1, entries.size())) {
            lines.add(entry.toString());
        }
        Collections.reverse(lines);
        return List.copyOf(lines);
    }
}
