package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.TLSConnection;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;

/** Certificates of a connection as Node's objects. */
final class ShownCertificates {
    private ShownCertificates() {}

    static PeerCertificate ofPeer(TLSConnection conn, boolean detailed) {
        return detailed ? detailed(conn.peerChainCompleted()) : plain(conn);
    }

    private static PeerCertificate detailed(List<byte[]> chain) {
        return chain == null || chain.isEmpty()
                ? PeerCertificate.EMPTY
                : PeerCertificate.chain(chain);
    }

    private static PeerCertificate plain(TLSConnection conn) {
        // As in Node a client that resumed has no certificate: a session keeps no chain.
        return conn.isServer() || conn.peerChain() != null
                ? described(conn.peerCertificate())
                : PeerCertificate.EMPTY;
    }

    static PeerCertificate described(byte[] der) {
        return der == null ? PeerCertificate.EMPTY : PeerCertificate.ofPeer(der);
    }

    /** The same as the JDK has it; null when it is none, or none that the JDK can read. */
    static X509Certificate x509(PeerCertificate certificate) {
        if (certificate == null || certificate.isEmpty()) {
            return null;
        }
        try {
            return certificate.toX509Certificate();
        } catch (CertificateException e) {
            // The peer chose these bytes: they shall not throw inside a listener.
            return null;
        }
    }
}
