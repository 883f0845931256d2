package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a server does for the load program; {@code c/load.c} describes it.
 *
 * @param kind {@code hello}, {@code requests}, {@code send} or {@code receive}
 * @param request bytes of a request
 * @param response bytes of its answer
 */
record ServerWork(String kind, int request, int response) {
    /** What is answered with a byte in {@code receive}. */
    private static final int BLOCK = 256 * 1024;

    /** Bytes of the pattern, and of a write in {@code send}. */
    static final int PATTERN = 64 * 1024;

    private static final byte[] BYTES = new byte[PATTERN];

    static {
        for (int i = 0; i < PATTERN; i++) {
            BYTES[i] = (byte) (i * 31 + i / 251);
        }
    }

    /** From the arguments after subject and key. */
    static ServerWork parse(List<String> words) {
        String kind = words.get(0);
        return switch (kind) {
            case "hello", "send", "receive" -> new ServerWork(kind, 0, 0);
            case "requests" ->
                new ServerWork(
                        kind, Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** The first bytes of the pattern in native memory. */
    static ByteBuffer pattern(int length) {
        return ByteBuffer.allocateDirect(length).put(BYTES, 0, length).flip();
    }

    /**
     * What one connection has received: counts, compares, and tells what to answer. The first and
     * the last byte of each chunk show what was lost or mixed up.
     */
    final class Received {
        private long position;

        /**
         * Takes a chunk whose first and last byte are given.
         *
         * @return how many bytes of the pattern are to be answered
         */
        int take(int length, byte first, byte last) {
            if (length <= 0) {
                throw new IllegalStateException("an empty chunk");
            }
            long end = position + length;
            if (first != at(position) || last != at(end - 1)) {
                throw new IllegalStateException("Other bytes arrived than were sent");
            }
            int answer;
            if (kind.equals("requests")) {
                if (end > request) {
                    throw new IllegalStateException("More than a request arrived");
                }
                answer = end == request ? response : 0;
                end = end == request ? 0 : end;
            } else {
                answer = (int) (end / BLOCK - position / BLOCK);
            }
            position = end;
            return answer;
        }

        private static byte at(long position) {
            return BYTES[(int) (position % PATTERN)];
        }
    }
}
