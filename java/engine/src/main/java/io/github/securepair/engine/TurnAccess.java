package io.github.securepair.engine;

import io.github.securepair.engine.internal.ConnectionAccess;
import io.github.securepair.openssl.Glue;

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
                return c.eventsFirst();
            }
            Memory m = c.memory();
            return c.collectBrief(
                    m,
                    Glue.sp_conn_read_brief(conn, in, inLength, plain, plainCap, out, outCap, c.turn(m)));
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected int write(TLSConnection c, long plain, int length, long out, int outCap) {
        long conn = c.handle.enter();
        try {
            Memory m = c.memory();
            return c.collectBrief(m, Glue.sp_conn_write_brief(conn, plain, length, out, outCap, c.turn(m)));
        } finally {
            c.handle.exit();
        }
    }

    @Override
    protected int drain(TLSConnection c, long out, int outCap) {
        long conn = c.handle.enter();
        try {
            Memory m = c.memory();
            int status = Glue.sp_conn_drain(conn, out, outCap, m.turnAddress);
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
            int status = Glue.sp_conn_shutdown(conn, out, outCap, m.turnAddress);
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
