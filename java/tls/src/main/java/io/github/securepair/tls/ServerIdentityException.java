package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.errors.CodedException;

/**
 * The certificate verifies, but is not the one of the host that was meant:
 * {@code ERR_TLS_CERT_ALTNAME_INVALID}.
 */
public final class ServerIdentityException extends CodedException {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final String host;
    private final transient PeerCertificate cert;

    ServerIdentityException(String reason, String host, PeerCertificate cert) {
        super(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                "Hostname/IP does not match certificate's altnames: " + reason);
        this.reason = reason;
        this.host = host;
        this.cert = cert;
    }

    /** Why the names do not match. */
    public String reason() {
        return reason;
    }

    /** The host that was meant, without its trailing dot. */
    public String host() {
        return host;
    }

    /** The certificate that was refused; {@code null} after deserialisation. */
    public PeerCertificate cert() {
        return cert;
    }
}
