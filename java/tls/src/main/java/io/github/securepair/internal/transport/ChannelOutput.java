package io.github.securepair.internal.transport;

import io.netty.buffer.ByteBuf;

import java.nio.ByteBuffer;

/** Pooled native memory on its way out. */
final class ChannelOutput implements Output {
    private ByteBuf memory;

    ChannelOutput(ByteBuf memory) {
        this.memory = memory;
    }

    private ByteBuf memory() {
        if (memory == null) {
            throw new IllegalStateException("output was written or released already");
        }
        return memory;
    }

    /** Makes it new, after {@link #take}. */
    ChannelOutput refill(ByteBuf bytes) {
        memory = bytes;
        return this;
    }

    ByteBuf take() {
        ByteBuf taken = memory();
        memory = null;
        return taken;
    }

    @Override
    public long address() {
        ByteBuf bytes = memory();
        return bytes.hasMemoryAddress() ? bytes.memoryAddress() : 0;
    }

    @Override
    public int capacity() {
        return memory().capacity();
    }

    @Override
    public ByteBuffer buffer() {
        ByteBuf bytes = memory();
        return bytes.nioBuffer(0, bytes.capacity());
    }

    @Override
    public void release() {
        take().release();
    }
}
