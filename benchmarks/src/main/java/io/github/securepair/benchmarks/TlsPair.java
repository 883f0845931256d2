package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;

/**
 * A client and a server in one thread, joined by memory: the same work for every subject. Both
 * ends' work is counted.
 *
 * <p>Confined to the thread that made it. All buffers are direct.
 */
interface TlsPair extends AutoCloseable {
    /**
     * Runs the handshake to its end on both sides, session tickets included; fails loudly if it did
     * not verify the server.
     */
    void handshake() throws Exception;

    /**
     * Encrypts what remains in {@code plain} on the client and decrypts it on the server; returns
     * the bytes that arrived.
     */
    int clientToServer(ByteBuffer plain) throws Exception;

    /** The other direction. */
    int serverToClient(ByteBuffer plain) throws Exception;

    /** Whether the handshake resumed a session. */
    boolean resumed();

    /** Protocol and cipher, for the check that all subjects did the same work. */
    String agreed();

    /** The last plaintext that arrived, flipped, for checks; valid until the next transfer. */
    ByteBuffer arrived();

    @Override
    void close();
}
