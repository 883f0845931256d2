package io.github.securepair.tls;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;

/** The JDK's certificates as bytes. */
final class X509 {
    private X509() {}

    static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
