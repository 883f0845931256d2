package io.github.securepair.tls;

/** Options of {@link TLSSocket#renegotiate}. What is not set stays as it was. */
public final class RenegotiateOptions {
    private Boolean requestCert;
    private Boolean rejectUnauthorized;

    /** Makes options that change nothing. */
    public RenegotiateOptions() {}

    /** Whether a server asks for the client's certificate from now on. */
    public RenegotiateOptions requestCert(boolean value) {
        requestCert = value;
        return this;
    }

    /** Whether a peer that does not verify is refused from now on. */
    public RenegotiateOptions rejectUnauthorized(boolean value) {
        rejectUnauthorized = value;
        return this;
    }

    Boolean requestCert() {
        return requestCert;
    }

    Boolean rejectUnauthorized() {
        return rejectUnauthorized;
    }
}
