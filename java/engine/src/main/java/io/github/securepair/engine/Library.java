package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.openssl.Glue;
import io.github.securepair.openssl.Natives;

/** Loads OpenSSL and the glue once, and remembers why that failed. */
final class Library {
    private static final Throwable FAILURE = load();

    private Library() {}

    /** Every way into the engine begins here; connections need not, since they need a context. */
    static void require() {
        if (FAILURE != null) {
            throw new IllegalStateException("OpenSSL cannot be used: " + reason(FAILURE), FAILURE);
        }
    }

    /** The first that says something: an ExceptionInInitializerError has no message of its own. */
    private static String reason(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e.getMessage() != null) {
                return e.getMessage();
            }
        }
        return failure.toString();
    }

    private static Throwable load() {
        try {
            Natives.glue();
            Memory memory = Memory.current();
            if (Glue.sp_library_init(memory.reportAddress) == Glue.SP_OK) {
                return null;
            }
            return new IllegalStateException(complaint(ErrorReport.of(memory)));
        } catch (LinkageError | RuntimeException e) {
            return e;
        }
    }

    private static String complaint(ErrorReport report) {
        String versions = "found " + versionOf(Glue.sp_library_version()) + ", built for "
                + versionOf(Glue.sp_library_header_version());
        if (report.isEmpty()) {
            return versions;
        }
        return report.last() + " (" + versions + ")";
    }

    /** OPENSSL_VERSION_NUMBER as "3.5.7". */
    static String versionOf(long number) {
        return (number >>> 28) + "." + (number >>> 20 & 0xFF) + "." + (number >>> 4 & 0xFF);
    }
}
