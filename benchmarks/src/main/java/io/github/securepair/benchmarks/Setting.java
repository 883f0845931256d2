package io.github.securepair.benchmarks;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * What all subjects are asked for in one benchmark.
 *
 * @param protocol {@code TLSv1.2} or {@code TLSv1.3}
 * @param keyType {@code ecdsa} (P-256) or {@code rsa} (2048 bits): the server's certificate
 * @param group the key exchange group, in OpenSSL's spelling
 * @param resume whether a session of an earlier handshake is offered
 * @param ca the authority that the client trusts, {@code ca1} or {@code ca2}
 */
record Setting(String protocol, String keyType, String group, boolean resume, String ca) {
    static final String X25519 = "X25519";

    /** With the authority that issued the certificates. */
    Setting(String protocol, String keyType, String group, boolean resume) {
        this(protocol, keyType, group, resume, "ca1");
    }

    static Setting of(String protocol) {
        return new Setting(protocol, "ecdsa", X25519, false);
    }

    /** AES-128-GCM everywhere: the suite that all subjects have and that hardware favours. */
    String cipher() {
        if (protocol.equals("TLSv1.3")) {
            return "TLS_AES_128_GCM_SHA256";
        }
        return isRsa() ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    }

    /** The same in JSSE's spelling. */
    String standardCipher() {
        return protocol.equals("TLSv1.3") ? cipher() : olderCipher();
    }

    /** The suite of TLS 1.2 for the same key. */
    String olderCipher() {
        return isRsa()
                ? "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
                : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    }

    /**
     * The groups to offer, the wanted one first: in TLS 1.2 the curve of an ECDSA certificate must
     * be among them.
     */
    String groups() {
        return protocol.equals("TLSv1.2") && !isRsa() ? group + ":P-256" : group;
    }

    private boolean isRsa() {
        return keyType.equals("rsa");
    }

    byte[] certificatePem() {
        return fixture("server-" + keyType + "-cert.pem");
    }

    byte[] keyPem() {
        return fixture("server-" + keyType + "-key.pem");
    }

    byte[] caPem() {
        return fixture(ca + "-cert.pem");
    }

    X509Certificate certificateObject() throws GeneralSecurityException {
        return certificate(certificatePem());
    }

    X509Certificate caCertificate() throws GeneralSecurityException {
        return certificate(caPem());
    }

    PrivateKey key() throws GeneralSecurityException {
        String pem = new String(keyPem(), StandardCharsets.US_ASCII);
        byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
        return KeyFactory.getInstance(isRsa() ? "RSA" : "EC")
                .generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    private static X509Certificate certificate(byte[] pem) throws GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem));
    }

    private static byte[] fixture(String name) {
        Path folder = Path.of(System.getProperty("securepair.fixtures", "ci/fixtures"));
        try {
            return Files.readAllBytes(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Run from the top of the project or set -Dsecurepair.fixtures", e);
        }
    }
}
