package io.github.securepair.tls;

import io.github.securepair.engine.RootCertificates;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Warnings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The certificates that are trusted when {@code ca} is not given, and where they come from: the
 * JDK's, which stand for those bundled with Node; the system's; those of
 * {@code NODE_EXTRA_CA_CERTS}; or what the program has set. Thread-safe.
 */
final class DefaultTrust {
    private static final Pattern PEM = Pattern.compile(
            "-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\\s]*)-----END (?:X509"
                    + " |TRUSTED )?CERTIFICATE-----");
    /** Where systems keep all certificates in one file. */
    private static final List<String> SYSTEM_FILES = List.of(
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem");

    private static List<String> bundled;
    private static List<String> system;
    private static List<String> extra;
    private static List<String> current;
    private static boolean applied;

    private DefaultTrust() {}

    /** Node's tls.getCACertificates: an immutable list of PEM texts. */
    static synchronized List<String> get(String type) {
        if (type == null) {
            throw ArgumentException.invalidArgType("type", "of type string", null);
        }
        switch (type) {
            case "default":
                apply();
                return current;
            case "system":
                return system();
            case "bundled":
                return bundled();
            case "extra":
                return extra();
            default:
                throw ArgumentException.invalidArgValue("type", type);
        }
    }

    /**
     * Node's tls.setDefaultCACertificates. A text without a certificate counts only when no other
     * has one; nothing changes when a certificate is broken.
     */
    static synchronized void set(List<?> certificates) {
        if (certificates == null) {
            throw ArgumentException.invalidArgType("certs", "an instance of Array", null);
        }
        Set<String> texts = new LinkedHashSet<>();
        for (int i = 0; i < certificates.size(); i++) {
            Object entry = certificates.get(i);
            if (entry instanceof X509Certificate certificate) {
                texts.add(X509.pem(X509.encoded(certificate)));
            } else if (Materials.isBytes(entry)) {
                texts.addAll(split(new String(Materials.bytes(entry), StandardCharsets.UTF_8)));
            } else {
                throw ArgumentException.invalidArgType(
                        "certs[" + i + "]",
                        "of type string or an instance of ArrayBufferView",
                        entry);
            }
        }
        if (texts.isEmpty() && !certificates.isEmpty()) {
            throw new SecureContextException(
                    "ERR_CRYPTO_OPERATION_FAILED",
                    "No valid certificates found in the provided array");
        }
        // Before the engine's list is replaced: what it has now is what the JDK brings.
        bundled();
        use(List.copyOf(texts));
    }

    /** Sees to it that contexts made from now on find what the environment asks for. */
    static synchronized void apply() {
        if (applied) {
            return;
        }
        Set<String> all = new LinkedHashSet<>();
        boolean openssl = Environment.flag("useOpensslCA");
        if (!openssl) {
            all.addAll(bundled());
        }
        if (openssl || Environment.flag("useSystemCA")) {
            all.addAll(system());
        }
        all.addAll(extra());
        List<String> wanted = List.copyOf(all);
        if (wanted.equals(bundled())) {
            current = wanted;
            applied = true;
        } else {
            use(wanted);
        }
    }

    private static void use(List<String> texts) {
        RootCertificates.setDefault(texts.stream().map(DefaultTrust::der).toList());
        current = texts;
        applied = true;
    }

    static synchronized List<String> bundled() {
        if (bundled == null) {
            bundled = RootCertificates.pem();
        }
        return bundled;
    }

    private static List<String> extra() {
        if (extra == null) {
            extra = List.of();
            String file = Environment.variable("NODE_EXTRA_CA_CERTS");
            if (file != null && !file.isEmpty()) {
                try {
                    extra = readable(read(Path.of(file)));
                    if (extra.isEmpty()) {
                        ignored(file, noStartLine().getMessage());
                    }
                } catch (NoSuchFileException e) {
                    ignored(file, "error:80000002:system library::No such file or directory");
                } catch (IOException e) {
                    ignored(file, e.toString());
                }
            }
        }
        return extra;
    }

    private static void ignored(String file, String reason) {
        Warnings.emit(
                "Warning",
                null,
                "Ignoring extra certs from `" + file + "`, load failed: " + reason);
    }

    /**
     * As OpenSSL looks for them: SSL_CERT_FILE and SSL_CERT_DIR, else the system's places; on
     * Windows and macOS its store.
     */
    private static List<String> system() {
        if (system == null) {
            Set<String> found = new LinkedHashSet<>();
            String file = Environment.variable("SSL_CERT_FILE");
            String directory = Environment.variable("SSL_CERT_DIR");
            if (file != null) {
                addFile(found, Path.of(file));
            }
            if (directory != null) {
                addDirectory(found, Path.of(directory));
            }
            if (file == null && directory == null) {
                for (String type : List.of("Windows-ROOT", "KeychainStore-ROOT", "KeychainStore")) {
                    addKeyStore(found, type);
                }
                SYSTEM_FILES.stream()
                        .map(Path::of)
                        .filter(Files::isReadable)
                        .findFirst()
                        .ifPresent(bundle -> addFile(found, bundle));
            }
            system = readable(List.copyOf(found));
        }
        return system;
    }

    private static void addFile(Set<String> found, Path file) {
        try {
            found.addAll(read(file));
        } catch (IOException e) {
            // As OpenSSL does: a store that is not there is an empty one.
            return;
        }
    }

    private static void addDirectory(Set<String> found, Path directory) {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(directory, Files::isRegularFile)) {
            files.forEach(each -> addFile(found, each));
        } catch (IOException e) {
            return;
        }
    }

    private static void addKeyStore(Set<String> found, String type) {
        try {
            KeyStore store = KeyStore.getInstance(type);
            store.load(null, null);
            for (String alias : Collections.list(store.aliases())) {
                if (store.isCertificateEntry(alias)
                        && store.getCertificate(alias) instanceof X509Certificate root) {
                    found.add(X509.pem(root.getEncoded()));
                }
            }
        } catch (GeneralSecurityException | IOException e) {
            // Another system's kind of store.
            return;
        }
    }

    private static List<String> read(Path file) throws IOException {
        return split(Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    /**
     * Without those that are no certificates at all: one bad entry of a machine's store shall not
     * take away the others.
     */
    private static List<String> readable(List<String> texts) {
        List<String> good = new ArrayList<>();
        for (String text : texts) {
            try {
                io.github.securepair.engine.PeerCertificate.of(der(text));
                good.add(text);
            } catch (IllegalArgumentException e) {
                continue;
            }
        }
        return List.copyOf(good);
    }

    private static List<String> split(String text) {
        List<String> out = new ArrayList<>();
        Matcher matcher = PEM.matcher(text);
        while (matcher.find()) {
            try {
                out.add(X509.pem(certificateOf(Base64.getMimeDecoder().decode(matcher.group(1)))));
            } catch (IllegalArgumentException e) {
                throw noStartLine();
            }
        }
        return out;
    }

    /** A TRUSTED CERTIFICATE has more behind the certificate. */
    private static byte[] certificateOf(byte[] der) {
        if (der.length > 4 && der[0] == 0x30 && (der[1] & 0xff) == 0x82) {
            int length = 4 + ((der[2] & 0xff) << 8 | der[3] & 0xff);
            return length < der.length ? java.util.Arrays.copyOf(der, length) : der;
        }
        return der;
    }

    private static byte[] der(String pem) {
        Matcher matcher = PEM.matcher(pem);
        if (!matcher.find()) {
            throw noStartLine();
        }
        return Base64.getMimeDecoder().decode(matcher.group(1));
    }

    private static SecureContextException noStartLine() {
        return new SecureContextException(
                "ERR_OSSL_PEM_NO_START_LINE", "error:0480006C:PEM routines::no start line");
    }
}
