package io.github.securepair.internal.transport;

import java.nio.ByteBuffer;

/**
 * Memory for bytes that go out: one pooled native buffer, to be filled from its start and handed to
 * {@link Transport#write(Output, int, Done)} or {@link Transport#queue(Output, int, Done)}.
 *
 * <p>Owned by the borrower until it is written or released, exactly once; it must not be used
 * afterwards (the object may have been lent again; if not, it throws
 * {@link IllegalStateException}). Confined to the loop thread of the transport that lent it.
 */
public interface Output {
    /**
     * Returns the native address of the first byte, or 0 when only {@link #buffer()} gives access.
     */
    long address();

    /** Returns how many bytes fit; at least what was asked for. */
    int capacity();

    /**
     * Returns the same memory as a direct buffer, position 0, limit {@link #capacity()}; valid as
     * long as this is.
     */
    ByteBuffer buffer();

    /** Gives the memory back unwritten. */
    void release();
}
