package io.github.securepair.internal.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * What the channels of a loop read into and write small things from: one buffer each for all of
 * them, which stays in the processor's cache. What is read is used up before the next read; the
 * rest is copied by {@link ChannelReads}. What is written is mostly taken by the kernel at once;
 * while it is not, other channels have to allocate.
 */
final class LoopMemory extends DefaultMaxMessagesRecvByteBufAllocator {
    /** What one read may take from the kernel; Node's chunks are as large. */
    private static final int LARGEST_READ = 64 * 1024;

    /** How often a channel reads before the next one does: libuv reads twice as often. */
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

    /** Room for a server's handshake flight. */
    private static final int OUTPUT = 8 * 1024;

    /** Failed attempts after which the buffer is left to the slow channel that holds it. */
    private static final int MOST_MISSES = 64;

    private static final FastThreadLocal<LoopOutput> OUT = new FastThreadLocal<>() {
        @Override
        protected LoopOutput initialValue() {
            return new LoopOutput();
        }

        @Override
        protected void onRemoval(LoopOutput output) {
            output.memory.release();
        }
    };

    private LoopMemory() {
        super(READS);
    }

    private static final class LoopOutput {
        private ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(OUTPUT, OUTPUT);
        private int missed;
    }

    /** Returns memory for at least {@code capacity} bytes, to be released. On a loop's thread. */
    static ByteBuf output(int capacity) {
        if (capacity <= OUTPUT) {
            LoopOutput own = OUT.get();
            if (own.memory.refCnt() == 1) {
                own.missed = 0;
                return own.memory.clear().retain();
            }
            if (++own.missed > MOST_MISSES) {
                own.memory.release();
                own.memory = PooledByteBufAllocator.DEFAULT.directBuffer(OUTPUT, OUTPUT);
                own.missed = 0;
            }
        }
        return PooledByteBufAllocator.DEFAULT.directBuffer(capacity);
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
