package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;

/**
 * A client and a server in one thread, joined by memory: the same work for every subject. Both
 * ends' work is counted.
 *
 * <p>Confined to the thread that made it. All buffers are direct and belong to the subject: pairs
 * of one subject take turns.
 */
interface TlsPair extends AutoCloseable {
    /**
     * Runs the handshake to its end on both sides and lets the server say one byte to the client:
     * some stacks keep their session tickets back until the server speaks. Fails loudly if the
     * client has not verified the server or the byte does not arrive.
     */
    void handshake() throws Exception;

    /**
     * Encrypts what remains in {@code plain} on the client and decrypts it on the server; returns
     * the bytes that arrived.
     */
    int clientToServer(ByteBuffer plain) throws Exception;

    /** The other direction. */
    int serverToClient(ByteBuffer plain) throws Exception;

    /** Nothing will come or go for a while: both ends may free what they can make again. */
    default void idle() {}

    /** Whether the handshake resumed a session. */
    boolean resumed();

    /** Protocol and cipher, for the check that all subjects did the same work. */
    String agreed();

    /** The group of the key exchange in OpenSSL's spelling; null where the stack does not tell. */
    String group();

    /** The last plaintext that arrived, flipped, for checks; valid until the next transfer. */
    ByteBuffer arrived();

    @Override
    void close();
}
