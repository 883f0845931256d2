package io.github.securepair.engine.internal;

import io.github.securepair.engine.TLSConnection;

import java.nio.ByteBuffer;

/**
 * The way into {@link TLSConnection} for {@link RawTurns}, across the package boundary. The
 * connection class gives the only one.
 */
public abstract class ConnectionAccess {
    private static volatile ConnectionAccess given;

    protected ConnectionAccess() {}

    /** Called by the connection class when it is loaded. */
    public static void give(ConnectionAccess access) {
        given = access;
    }

    static ConnectionAccess get() {
        if (given == null) {
            try {
                Class.forName(
                        TLSConnection.class.getName(), true, TLSConnection.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
        return given;
    }

    protected abstract int read(
            TLSConnection connection,
            long in,
            int inLength,
            long plain,
            int plainCap,
            long out,
            int outCap);

    protected abstract int write(
            TLSConnection connection, long plain, int length, long out, int outCap);

    protected abstract int drain(TLSConnection connection, long out, int outCap);

    protected abstract int shutdown(TLSConnection connection, long out, int outCap);

    protected abstract long address(ByteBuffer direct);

    protected abstract void setPatient(TLSConnection connection);
}
