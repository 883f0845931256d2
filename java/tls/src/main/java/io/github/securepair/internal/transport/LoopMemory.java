package io.github.securepair.internal.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * What the channels of a loop read into: one buffer for all of them, which stays in the processor's
 * cache. What is read is used up before the next read; what is not, {@link ChannelTransport} copies.
 */
final class LoopMemory extends DefaultMaxMessagesRecvByteBufAllocator {
    /** What one read may take from the kernel; Node's chunks are as large. */
    private static final int LARGEST_READ = 64 * 1024;

    /** How often a channel reads before others get their turn: libuv reads twice as often. */
    private static final int READS = 16;

    /** For all channels. */
    static final RecvByteBufAllocator READER = new LoopMemory();

    private static final FastThreadLocal<ByteBuf> INPUT = new FastThreadLocal<>() {
        @Override
        protected ByteBuf initialValue() {
            return PooledByteBufAllocator.DEFAULT.directBuffer(LARGEST_READ, LARGEST_READ);
        }

        @Override
        protected void onRemoval(ByteBuf input) {
            input.release();
        }
    };

    private LoopMemory() {
        super(READS);
    }

    /** Whether {@code bytes} are in memory that the next read of any channel overwrites. */
    static boolean isShared(ByteBuf bytes) {
        return bytes == INPUT.getIfExists();
    }

    @Override
    @SuppressWarnings("deprecation")
    public Handle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public int guess() {
                return LARGEST_READ;
            }

            @Override
            public ByteBuf allocate(ByteBufAllocator allocator) {
                ByteBuf input = INPUT.get();
                // More than one: a read inside another.
                return input.refCnt() == 1
                        ? input.clear().retain()
                        : allocator.ioBuffer(LARGEST_READ);
            }
        };
    }
}
