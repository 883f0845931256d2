package io.github.securepair.engine.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads what native functions that "return the size needed" copied out. */
public final class Outputs {
    /**
     * Such a function: copies to {@code out} if {@code cap} suffices, returns the size, negative
     * when there is nothing.
     */
    @FunctionalInterface
    public interface Getter {
        long get(long out, long cap);
    }

    private Outputs() {}

    /**
     * Calls until the memory is large enough; null when there is nothing. The native copy is wiped.
     */
    public static byte[] copy(Memory memory, Getter getter) {
        for (; ; ) {
            long size = getter.get(memory.outAddress(), memory.outRoom());
            if (size < 0) {
                return null;
            }
            if (size <= memory.outRoom()) {
                return memory.takeOut((int) size);
            }
            memory.reserveOut(size);
        }
    }

    /** Splits names joined by ':'. */
    public static List<String> split(byte[] names) {
        String text = new String(names, StandardCharsets.UTF_8);
        return text.isEmpty() ? List.of() : List.of(text.split(":"));
    }

    /** Splits {u32 length, bytes}*. */
    public static List<byte[]> items(byte[] sequence) {
        ByteBuffer from = ByteBuffer.wrap(sequence).order(ByteOrder.nativeOrder());
        List<byte[]> items = new ArrayList<>();
        while (from.remaining() >= 4) {
            byte[] item = new byte[from.getInt()];
            from.get(item);
            items.add(item);
        }
        return items;
    }
}
