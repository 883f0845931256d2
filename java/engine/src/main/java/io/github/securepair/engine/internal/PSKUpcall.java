package io.github.securepair.engine.internal;

import io.github.securepair.openssl.Glue;

/**
 * The Java end of the one call that native code makes ({@code sp_psk_fn}).
 *
 * <p>It comes on the thread that is inside a turn, and that thread's {@link Memory} says of which
 * connection; the token must be that connection's too, so an address is never trusted, nothing has
 * to be given back, and no list of connections keeps a forgotten one alive. What the source throws
 * stays with the connection until the turn is over: it must not pass through OpenSSL.
 */
final class PSKUpcall {
    static {
        Glue.setPSKHandler(PSKUpcall::answer);
    }

    private PSKUpcall() {}

    /** Makes native code call here. */
    static void require() {}

    /** See {@code sp_psk_fn}. Throws nothing. */
    static int answer(
            long token,
            long name,
            int nameLength,
            long identity,
            int identityCap,
            long identityLength,
            long psk,
            int pskCap) {
        Memory m = Memory.current();
        Turns connection = m.pskConnection;
        if (connection == null || connection.pskToken() != token) {
            return 0;
        }
        // The source may run turns of other connections, which use the same memory.
        m.saveTurn();
        m.pskConnection = null;
        try {
            return connection
                    .psk()
                    .answer(
                            m,
                            name,
                            nameLength,
                            identity,
                            identityCap,
                            identityLength,
                            psk,
                            pskCap);
        } catch (Throwable e) {
            connection.pskThrew(e);
            return 0;
        } finally {
            m.pskConnection = connection;
            m.restoreTurn();
        }
    }
}
