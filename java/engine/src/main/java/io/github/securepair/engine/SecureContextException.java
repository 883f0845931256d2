package io.github.securepair.engine;

import java.util.List;

/**
 * Reports that OpenSSL refused something a context or a connection was to be made from: a key, a
 * certificate, a cipher list. Code and message come from the first entry that OpenSSL queued, by
 * the rule of Node's thrown errors: {@code ERR_OSSL_PEM_NO_START_LINE}, "error:0480006C:PEM
 * routines::no start line".
 */
public final class SecureContextException extends IllegalArgumentException
        implements OpenSSLFailure {
    private static final long serialVersionUID = 1;

    private final String code;
    private final ErrorReport report;

    /** An error with a fixed text; the code may be null. */
    public SecureContextException(String code, String message) {
        this(code, message, (Throwable) null);
    }

    /**
     * An error with a fixed text; the code may be null. When the cause is an OpenSSL failure, its
     * entries are this one's too.
     */
    public SecureContextException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.report = cause instanceof OpenSSLFailure failure
                ? new ErrorReport(failure.entries(), failure.alert(), failure.alertSent(), 0)
                : ErrorReport.EMPTY;
    }

    SecureContextException(String code, String message, ErrorReport report) {
        super(message);
        this.code = code;
        this.report = report;
    }

    /** The exception for a report; {@code what} is the message when OpenSSL queued nothing. */
    static SecureContextException of(ErrorReport report, String what) {
        if (report.isEmpty()) {
            return new SecureContextException("ERR_CRYPTO_OPERATION_FAILED", what, report);
        }
        return new SecureContextException(
                report.first().thrownCode(), report.first().toString(), report);
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
