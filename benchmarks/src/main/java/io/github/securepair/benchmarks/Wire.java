package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;

/**
 * The memory that joins a client and a server, one for all pairs of a subject: its allocation is
 * not what is measured. Both directions are kept ready for writing.
 */
final class Wire {
    final ByteBuffer toServer = ByteBuffer.allocateDirect(64 * 1024);
    final ByteBuffer toClient = ByteBuffer.allocateDirect(64 * 1024);
    final ByteBuffer plain = ByteBuffer.allocateDirect(32 * 1024);

    private final ByteBuffer greeting = ByteBuffer.allocateDirect(1).put(0, (byte) 'x');

    void clear() {
        toServer.clear();
        toClient.clear();
        plain.clear();
    }

    /** See {@link TlsPair#handshake()}. */
    void greet(TlsPair pair) throws Exception {
        int arrived = pair.serverToClient(greeting.clear());
        if (arrived != 1 || plain.get(0) != 'x') {
            throw new IllegalStateException("The server's first byte did not arrive");
        }
    }
}
