package io.github.securepair.engine;

import java.io.IOException;
import java.util.List;

/**
 * Reports that a handshake or a record failed. Code, library and reason come from the first entry
 * that OpenSSL queued, and so does the message, which is the entry as {@code ERR_print_errors}
 * writes it: what Node puts on the errors of its TLS sockets.
 *
 * <p>Bytes that the failure produced (the alert) are in the output window of the failing call, and
 * in {@link TLSConnection#drain}: send them before closing.
 */
public final class TLSException extends IOException implements OpenSSLFailure {
    private static final long serialVersionUID = 1;

    private final String code;
    private final ErrorReport report;

    /** An error that OpenSSL has no part in. */
    public TLSException(String code, String message) {
        this(code, message, (Throwable) null);
    }

    /** An error that OpenSSL has no part in. */
    public TLSException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.report = ErrorReport.EMPTY;
    }

    private TLSException(String code, String message, ErrorReport report) {
        super(message);
        this.code = code;
        this.report = report;
    }

    /**
     * The exception for a report.
     *
     * @param what names what failed, in messages of failures for which OpenSSL queued nothing
     * @param cause what made it happen, or null when that is OpenSSL's own business
     */
    static TLSException of(ErrorReport report, String what, Throwable cause) {
        TLSException failure = of(report, what);
        if (cause != null) {
            failure.initCause(cause);
        }
        return failure;
    }

    private static TLSException of(ErrorReport report, String what) {
        if (!report.isEmpty()) {
            return new TLSException(
                    "ERR_SSL_" + report.first().codeName(), report.first().printed(), report);
        }
        if (report.alert() >= 0) {
            String which = report.alertSent() ? "sent" : "received";
            return new TLSException(
                    "ERR_SSL_ALERT",
                    what + ": fatal alert " + report.alert() + ' ' + which,
                    report);
        }
        return new TLSException(
                "ERR_SSL_UNSPECIFIED", what + " failed, OpenSSL gave no reason", report);
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public int alert() {
        return report.alert();
    }

    @Override
    public boolean alertSent() {
        return report.alertSent();
    }

    @Override
    public List<OpenSSLError> entries() {
        return report.entries();
    }
}
