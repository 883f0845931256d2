package io.github.securepair.internal.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ReferenceCountUtil;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One write that has not gone out whole: heap chunks to be copied chunk by chunk, or one output
 * waiting its turn.
 */
final class PendingWrite {
    /** Bytes that are copied to native memory at a time. */
    static final int COPY_CHUNK = 128 * 1024;

    private final List<ByteBuffer> chunks;
    private ByteBuf output;
    Done done;
    boolean finished;
    Throwable error;
    private int index;
    private int offset;
    private long left;

    PendingWrite(List<ByteBuffer> chunks) {
        this.chunks = chunks;
        for (ByteBuffer chunk : chunks) {
            left += chunk.remaining();
        }
    }

    PendingWrite(ByteBuf output) {
        this.chunks = List.of();
        this.output = output;
        this.left = output.readableBytes();
    }

    /**
     * Returns the next bytes in native memory: the output, or a copy of at most
     * {@link #COPY_CHUNK}. Throws when a chunk's memory was given back.
     */
    ByteBuf next() {
        if (output != null) {
            ByteBuf whole = output;
            output = null;
            left = 0;
            return whole;
        }
        int length = (int) Math.min(left, COPY_CHUNK);
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer(length);
        boolean copied = false;
        try {
            copy(bytes, length);
            copied = true;
        } finally {
            if (!copied) {
                bytes.release();
            }
        }
        left -= length;
        return bytes;
    }

    private void copy(ByteBuf bytes, int length) {
        while (bytes.readableBytes() < length) {
            ByteBuffer chunk = chunks.get(index);
            int from = chunk.position() + offset;
            int count = Math.min(length - bytes.readableBytes(), chunk.limit() - from);
            bytes.writeBytes(chunk.duplicate().limit(from + count).position(from));
            offset += count;
            if (from + count == chunk.limit()) {
                index++;
                offset = 0;
            }
        }
    }

    /** Bytes that {@link #next} has not given yet. */
    long left() {
        return left;
    }

    /** Marks it as over and frees what it holds. */
    void finish(Throwable failure) {
        finished = true;
        error = failure;
        ReferenceCountUtil.release(output);
        output = null;
    }
}
