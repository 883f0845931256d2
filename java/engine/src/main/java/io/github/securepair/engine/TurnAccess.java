package io.github.securepair.engine;

import io.github.securepair.engine.internal.ConnectionAccess;

import java.nio.ByteBuffer;

/** The turns of {@link TLSConnection} on bare addresses. */
final class TurnAccess extends ConnectionAccess {
    @Override
    protected int read(
            TLSConnection c,
            long in,
            int inLength,
            long plain,
            int plainCap,
            long out,
            int outCap) {
        long conn = c.handle.enter();
        try {
            if (c.decoded != null) {
                return c.eventsFirst().ordinal();
            }
            Memory m = c.memory();
            return c.collectBrief(
                    m,
                    Native.connRead(conn, in, inLength, plain, plainCap, out, outCap, c.turn(m)));
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected int write(TLSConnection c, long plain, int length, long out, int outCap) {
        long conn = c.handle.enter();
        try {
            Memory m = c.memory();
            return c.collectBrief(m, Native.connWrite(conn, plain, length, out, outCap, c.turn(m)));
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected int drain(TLSConnection c, long out, int outCap) {
        long conn = c.handle.enter();
        try {
            Memory m = c.memory();
            int status = Native.connDrain(conn, out, outCap, m.turnAddress);
            return c.collect(m, status);
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected int shutdown(TLSConnection c, long out, int outCap) {
        long conn = c.handle.enter();
        try {
            Memory m = c.memory();
            int status = Native.connShutdown(conn, out, outCap, m.turnAddress);
            return c.collect(m, status);
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected void setPatient(TLSConnection c) {
        c.handle.setPatient();
    }

    @Override
    protected long address(ByteBuffer direct) {
        return Memory.current().readable(direct);
    }
}
