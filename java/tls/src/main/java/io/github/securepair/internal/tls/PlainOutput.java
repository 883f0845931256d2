package io.github.securepair.internal.tls;

import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.internal.transport.Output;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Output memory of transports without a channel: of TLS for what is stacked on it (such as TLS once
 * more), and of a pair for ciphertext. Pooled per thread.
 */
final class PlainOutput implements Output {
    private static final int USUAL = 16 * 1024 + 1024;
    private static final int KEPT = 8;
    private static final ThreadLocal<ArrayDeque<ByteBuffer>> POOL =
            ThreadLocal.withInitial(ArrayDeque::new);

    private ByteBuffer memory;

    PlainOutput(int capacity) {
        ByteBuffer pooled = capacity <= USUAL ? POOL.get().pollLast() : null;
        memory = pooled != null ? pooled : ByteBuffer.allocateDirect(Math.max(capacity, USUAL));
    }

    @Override
    public long address() {
        return AddressTurns.addressOf(memory());
    }

    @Override
    public int capacity() {
        return memory().capacity();
    }

    @Override
    public ByteBuffer buffer() {
        return memory().clear();
    }

    @Override
    public void release() {
        ByteBuffer released = memory();
        memory = null;
        ArrayDeque<ByteBuffer> pool = POOL.get();
        if (released.capacity() == USUAL && pool.size() < KEPT) {
            pool.addLast(released.clear());
        }
    }

    private ByteBuffer memory() {
        if (memory == null) {
            throw new IllegalStateException("output memory was given back");
        }
        return memory;
    }
}
