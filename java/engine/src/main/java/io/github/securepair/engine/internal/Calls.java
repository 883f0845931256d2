package io.github.securepair.engine.internal;

import io.github.securepair.openssl.Glue;

/**
 * The calls of one connection that are no turns: each enters the handle, clears the report of the
 * call before, and lends the thread's {@link Memory}. They return what the function of sp.h
 * returned; its report is in that memory until the thread's next call.
 */
public final class Calls {
    /** A function of the connection alone. */
    @FunctionalInterface
    public interface Call {
        int on(long conn);
    }

    /** A function that writes a report. */
    @FunctionalInterface
    public interface ReportingCall {
        int on(long conn, long report);
    }

    /** A function that takes bytes. */
    @FunctionalInterface
    public interface BytesCall {
        int on(long conn, long bytes, long length);
    }

    /** A function that takes a text with its NUL, and writes a report. */
    @FunctionalInterface
    public interface TextCall {
        int on(long conn, long text, long report);
    }

    private final NativeHandle handle;

    public Calls(NativeHandle handle) {
        this.handle = handle;
    }

    public int call(Call function) {
        long conn = handle.enter();
        try {
            Memory.current().clearReport();
            return function.on(conn);
        } finally {
            handle.exit();
        }
    }

    public int callReporting(ReportingCall function) {
        return call(conn -> function.on(conn, Memory.current().reportAddress));
    }

    /** The copy of the bytes is wiped. */
    public int callWithBytes(byte[] bytes, BytesCall function) {
        return call(conn -> {
            Memory m = Memory.current();
            long address = m.stageOnly(bytes);
            try {
                return function.on(conn, address, bytes.length);
            } finally {
                m.unstage();
            }
        });
    }

    /** In UTF-8; the copy is wiped. */
    public int callWithText(String text, TextCall function) {
        return call(conn -> {
            Memory m = Memory.current();
            long address = m.stageText(text);
            try {
                return function.on(conn, address, m.reportAddress);
            } finally {
                m.unstage();
            }
        });
    }

    /** {@code sp_conn_int}. */
    public long number(int what) {
        long conn = handle.enter();
        try {
            return Glue.sp_conn_int(conn, what);
        } finally {
            handle.exit();
        }
    }

    /** {@code sp_conn_get}; null when there is none. */
    public byte[] get(int what) {
        long conn = handle.enter();
        try {
            return Outputs.copy(
                    Memory.current(), (out, cap) -> Glue.sp_conn_get(conn, what, out, cap));
        } finally {
            handle.exit();
        }
    }
}
