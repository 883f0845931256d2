package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;

/**
 * Decides whether a verified certificate belongs to the host that was meant. The default is
 * {@link TLS#checkServerIdentity}.
 */
@FunctionalInterface
public interface ServerIdentityCheck {
    /**
     * Returns {@code null} if {@code certificate} is the one of {@code host}, else the error to
     * emit.
     */
    Throwable check(String host, PeerCertificate certificate);
}
