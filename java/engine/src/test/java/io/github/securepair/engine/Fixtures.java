package io.github.securepair.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys and certificates of ci/fixtures, and contexts made of them. */
final class Fixtures {
    static final byte[] PASSPHRASE = "passphrase".getBytes(StandardCharsets.UTF_8);

    private Fixtures() {}

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(path(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path path(String name) {
        String directory = System.getProperty("securepair.fixtures");
        if (directory == null) {
            throw new IllegalStateException("system property securepair.fixtures is not set");
        }
        return Path.of(directory, name);
    }

    /** The first PEM block of a file. */
    static byte[] der(String name) {
        Matcher block = Pattern.compile("-----BEGIN [^-]+-----(.*?)-----END", Pattern.DOTALL)
                .matcher(new String(bytes(name), StandardCharsets.US_ASCII));
        if (!block.find()) {
            throw new IllegalStateException(name + " has no PEM block");
        }
        return Base64.getMimeDecoder().decode(block.group(1));
    }

    /** A server builder with the certificate and key of that name ("server-ecdsa"). */
    static SecureContext.Builder serverBuilder(String name) {
        return SecureContext.builder(SecureContext.Role.SERVER)
                .certificate(bytes(name + "-cert.pem"))
                .privateKey(bytes(name + "-key.pem"), null);
    }

    /** A client builder that trusts ca1. */
    static SecureContext.Builder clientBuilder() {
        SecureContext.Builder builder = SecureContext.builder(SecureContext.Role.CLIENT);
        builder.ca(bytes("ca1-cert.pem"), false);
        return builder;
    }

    static SecureContext server() {
        return serverBuilder("server-ecdsa").build();
    }

    static SecureContext client() {
        return clientBuilder().build();
    }
}
