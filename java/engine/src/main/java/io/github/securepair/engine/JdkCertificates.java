package io.github.securepair.engine;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;

/**
 * Certificates as objects of the JDK, whose reader is stricter than OpenSSL's: it refuses an empty
 * subject beside alternative names that are not critical, and more.
 */
final class JdkCertificates {
    private JdkCertificates() {}

    /**
     * Reads a certificate.
     *
     * @throws CertificateException when the JDK cannot; nothing else, whatever the bytes are
     */
    static X509Certificate read(byte[] der) throws CertificateException {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(der));
        } catch (RuntimeException e) {
            // Other providers' readers, and some of the JDK's extensions, fail like that.
            throw new CertificateException("not readable", e);
        }
    }

    /** The certificate, or null when there are no bytes or the JDK cannot read them. */
    static X509Certificate readOrNull(byte[] der) {
        if (der == null) {
            return null;
        }
        try {
            return read(der);
        } catch (CertificateException e) {
            return null;
        }
    }
}
