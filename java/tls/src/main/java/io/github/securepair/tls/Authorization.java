package io.github.securepair.tls;

import io.github.securepair.engine.TLSConnection;
import io.github.securepair.errors.Coded;
import io.github.securepair.errors.CodedException;

/** Whether a socket's peer is who its certificate says, and why not. */
final class Authorization {
    private boolean granted;
    private String error;

    /**
     * Keeps the result of a verification, and decides: every kind of socket asks here.
     *
     * @param failure null, or why it failed
     * @param strict whether a peer that does not verify is refused
     * @return whether the peer is refused
     */
    boolean refuses(Throwable failure, boolean strict) {
        granted = failure == null;
        String code = failure == null ? null : Coded.codeOf(failure);
        error = failure == null || code != null ? code : failure.getMessage();
        return failure != null && strict;
    }

    boolean granted() {
        return granted;
    }

    /** The code, else the message, of the failure; null when there was none. */
    String error() {
        return error;
    }

    /**
     * Why the peer's chain did not verify, or null. A missing certificate counts, unless a key was
     * shared beforehand.
     */
    static Throwable verifyError(TLSConnection conn) {
        if (!conn.hasPeerCertificate()) {
            return conn.isPSKUsed()
                    ? null
                    : new CodedException(
                            "UNABLE_TO_GET_ISSUER_CERT", "unable to get issuer certificate");
        }
        String name = conn.verifyErrorName();
        return name == null ? null : new CodedException(name, conn.verifyErrorText());
    }
}
