package io.github.securepair.cli;

import io.github.securepair.tls.ContextOptions;
import io.github.securepair.tls.Profile;

import picocli.CommandLine.Option;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The options that client and server share: identity, trust, protocols. */
final class IdentityOptions {
    @Option(names = "--key", paramLabel = "FILE", description = "private key, PEM")
    private Path key;

    @Option(names = "--cert", paramLabel = "FILE", description = "certificate and its chain, PEM")
    private Path cert;

    @Option(names = "--pfx", paramLabel = "FILE", description = "key and certificates, PKCS#12")
    private Path pfx;

    @Option(
            names = "--passphrase",
            paramLabel = "TEXT",
            description = "passphrase of the key or the PKCS#12 file")
    private String passphrase;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "trusted CA certificates, PEM; may be given again")
    private List<Path> ca;

    @Option(
            names = "--crl",
            paramLabel = "FILE",
            description = "revocation lists, PEM; may be given again")
    private List<Path> crl;

    @Option(
            names = "--ciphers",
            paramLabel = "LIST",
            description = "cipher list, OpenSSL syntax; TLS_* names are TLS 1.3's")
    private String ciphers;

    @Option(
            names = "--curves",
            paramLabel = "LIST",
            description = "key exchange groups, such as X25519:P-256")
    private String curves;

    @Option(
            names = "--min",
            paramLabel = "VERSION",
            description = "lowest version: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3")
    private String min;

    @Option(names = "--max", paramLabel = "VERSION", description = "highest version")
    private String max;

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            description = "defaults: modern (the default) or node_0_12")
    private Profile profile;

    @Option(
            names = "--alpn",
            paramLabel = "NAME",
            split = ",",
            description = "ALPN protocols, in order of preference")
    private List<String> alpn;

    boolean hasIdentity() {
        return key != null || cert != null || pfx != null;
    }

    List<String> alpn() {
        return alpn;
    }

    void apply(ContextOptions<?> options) {
        if (cert != null && key == null) {
            throw new UsageException("--cert needs --key");
        }
        if (key != null && cert == null) {
            throw new UsageException("--key needs --cert");
        }
        options.key(readable("--key", key))
                .cert(readable("--cert", cert))
                .pfx(readable("--pfx", pfx))
                .passphrase(passphrase);
        options.ca(readable("--ca", ca))
                .crl(readable("--crl", crl))
                .ciphers(ciphers)
                .ecdhCurve(curves);
        options.minVersion(min).maxVersion(max);
        if (profile != null) {
            options.profile(profile);
        }
    }

    private static List<Path> readable(String option, List<Path> files) {
        if (files != null) {
            files.forEach(file -> readable(option, file));
        }
        return files;
    }

    private static Path readable(String option, Path file) {
        if (file != null && !Files.isReadable(file)) {
            throw new UsageException(option + ": cannot read " + file);
        }
        return file;
    }
}
