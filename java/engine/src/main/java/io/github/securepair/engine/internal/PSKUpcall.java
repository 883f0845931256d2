package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

import java.nio.charset.StandardCharsets;

/**
 * The Java end of the one call that native code makes ({@code sp_psk_fn}).
 *
 * <p>It comes on the thread that is inside a turn, and that thread's {@link Memory} says of which
 * connection; the token must be that connection's too, so an address is never trusted, nothing has
 * to be given back, and no list of connections keeps a forgotten one alive. What the provider
 * throws stays with the connection until the turn is over: it must not pass through OpenSSL.
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
        TLSConnection connection = m.asking;
        if (connection == null || connection.pskToken() != token) {
            return 0;
        }
        int length = 0;
        // The provider may run turns of other connections, which use the same memory.
        m.saveTurn();
        m.asking = null;
        try {
            String asked = name == 0 ? null : text(m, name, nameLength);
            PreSharedKey key = connection.pskProvider().find(asked, pskCap, identityCap);
            if (key != null && key.key() != null && key.key().length > 0) {
                length = hand(m, key, identity, identityCap, identityLength, psk, pskCap);
            }
        } catch (Throwable e) {
            connection.pskFailed(e);
            length = 0;
        } finally {
            m.asking = connection;
            m.restoreTurn();
        }
        return length;
    }

    private static String text(Memory m, long address, int length) {
        byte[] bytes = new byte[length];
        m.copyFrom(address, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int hand(
            Memory m,
            PreSharedKey key,
            long identity,
            int identityCap,
            long identityLength,
            long psk,
            int pskCap) {
        int length = key.key().length;
        if (length > pskCap) {
            throw new IllegalArgumentException(
                    "pre-shared key of " + length + " bytes, at most " + pskCap);
        }
        if (identity != 0) {
            if (key.identity() == null || key.identity().indexOf('\0') >= 0) {
                throw new IllegalArgumentException("identity that is null or has a NUL character");
            }
            byte[] bytes = key.identity().getBytes(StandardCharsets.UTF_8);
            if (bytes.length > identityCap) {
                throw new IllegalArgumentException(
                        "identity of " + bytes.length + " bytes, at most " + identityCap);
            }
            m.copyTo(identity, bytes);
            m.putInt(identityLength, bytes.length);
        }
        m.copyTo(psk, key.key());
        return length;
    }
}
