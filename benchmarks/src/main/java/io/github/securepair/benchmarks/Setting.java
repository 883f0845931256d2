package io.github.securepair.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What all subjects are asked for in one benchmark.
 *
 * @param protocol {@code TLSv1.2} or {@code TLSv1.3}
 * @param key {@code ecdsa} (P-256) or {@code rsa} (2048 bits): the server's certificate
 * @param group the key exchange group, in OpenSSL's spelling
 * @param resume whether a session of an earlier handshake is offered
 */
record Setting(String protocol, String key, String group, boolean resume) {
    static final String X25519 = "X25519";

    static Setting of(String protocol, String key) {
        return new Setting(protocol, key, X25519, false);
    }

    /** AES-128-GCM everywhere: the suite that all subjects have and that hardware favours. */
    String cipher() {
        if (protocol.equals("TLSv1.3")) {
            return "TLS_AES_128_GCM_SHA256";
        }
        return key.equals("rsa") ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    }

    /** The same in JSSE's spelling. */
    String standardCipher() {
        if (protocol.equals("TLSv1.3")) {
            return cipher();
        }
        return key.equals("rsa")
                ? "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
                : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    }

    /** A suite of TLS 1.2 for the same key. */
    String olderCipher() {
        return new Setting("TLSv1.2", key, group, resume).standardCipher();
    }

    /** The groups to offer, the wanted one first: in TLS 1.2 the curve of an ECDSA certificate must be among them. */
    String groups() {
        return protocol.equals("TLSv1.2") && key.equals("ecdsa") ? group + ":P-256" : group;
    }

    byte[] certificate() {
        return fixture("server-" + key + "-cert.pem");
    }

    byte[] privateKey() {
        return fixture("server-" + key + "-key.pem");
    }

    byte[] ca() {
        return fixture("ca1-cert.pem");
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
