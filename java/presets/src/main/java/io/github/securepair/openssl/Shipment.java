package io.github.securepair.openssl;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The libraries of one flavour as they were shipped: resources beside our classes, with
 * {@code openssl.properties} that says what they are and what their contents hash to.
 *
 * <p>They are found through the class loader and read as streams, so that jars, exploded folders,
 * the module path, run-time images and jars inside jars are all the same.
 */
final class Shipment {
    private static final String DESCRIPTION = "openssl.properties";

    final Flavour flavour;
    final String platform;
    private final Function<String, URL> resources;
    private final Properties description = new Properties();

    private Shipment(Flavour flavour, String platform, Function<String, URL> resources) {
        this.flavour = flavour;
        this.platform = platform;
        this.resources = resources;
    }

    /** The flavour that was chosen, for the platform that this is. */
    static Shipment chosen() {
        Flavour chosen = Flavour.chosen();
        String platform = platform();
        List<Flavour> order =
                chosen != null ? List.of(chosen) : List.of(Flavour.BUNDLED, Flavour.SYSTEM);
        for (Flavour flavour : order) {
            String folder = platform + "/" + flavour.folder() + "/";
            Shipment shipment =
                    find(flavour, platform, name -> Shipment.class.getResource(folder + name));
            if (shipment != null) {
                return shipment;
            }
        }
        throw new UnsatisfiedLinkError("securepair-openssl was built without libraries for "
                + platform
                + (chosen == null ? "" : " of the flavour " + chosen.folder())
                + ": use one that was built for it"
                + (chosen == null ? "" : ", or run without -D" + Flavour.PROPERTY));
    }

    /** Returns null when the folder is not there. */
    static Shipment find(Flavour flavour, String platform, Function<String, URL> resources) {
        Shipment shipment = new Shipment(flavour, platform, resources);
        URL url = resources.apply(DESCRIPTION);
        if (url == null) {
            return null;
        }
        try (InputStream in = open(url)) {
            shipment.description.load(in);
        } catch (IOException | IllegalArgumentException e) {
            throw failure("cannot read " + url + ": " + e, e);
        }
        return shipment;
    }

    /** linux-x86_64: the name of the folder, as JavaCPP names it. */
    static String platform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        processor = switch (processor) {
            case "amd64", "x86-64", "x64" -> "x86_64";
            case "aarch64" -> "arm64";
            default -> processor;
        };
        return system.replace(' ', '-') + "-" + processor;
    }

    /** What openssl.properties says; empty when it says nothing. */
    String property(String name) {
        return description.getProperty(name, "").strip();
    }

    /**
     * The full name of the libcrypto or libssl that was shipped: libssl-securepair.so.3, or what
     * the OpenSSL that it was built with calls it.
     */
    String library(String name) {
        return description.stringPropertyNames().stream()
                .filter(key -> key.matches("sha256\\." + name + "\\b.*"))
                .map(key -> key.substring("sha256.".length()))
                .findFirst()
                .orElseThrow(() -> new UnsatisfiedLinkError("securepair-openssl is damaged: "
                        + platform + "/" + flavour.folder() + " has no " + name));
    }

    /** The SHA-256 that a library's bytes must have, in lower-case hexadecimal digits. */
    String sha256(String library) {
        String hash = property("sha256." + library).toLowerCase(Locale.ROOT);
        if (hash.length() != 64) {
            throw new UnsatisfiedLinkError("securepair-openssl is damaged: " + platform + "/"
                    + flavour.folder() + "/" + DESCRIPTION + " has no hash of " + library);
        }
        return hash;
    }

    /** Names a folder for these contents and no others. */
    String key() {
        StringBuilder lines = new StringBuilder();
        for (String name : new TreeSet<>(description.stringPropertyNames())) {
            if (name.startsWith("sha256.")) {
                lines.append(name).append('=').append(property(name)).append('\n');
            }
        }
        return Hash.of(lines.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    InputStream open(String library) throws IOException {
        URL url = resources.apply(library);
        if (url == null) {
            throw new IOException("securepair-openssl is damaged: it has no " + platform + "/"
                    + flavour.folder() + "/" + library);
        }
        return open(url);
    }

    /** The library where it lies, if that is a file of its own; else null. */
    Path onDisk(String library) {
        URL url = resources.apply(library);
        if (url == null || !"file".equals(url.getProtocol())) {
            return null;
        }
        try {
            Path file = Path.of(URI.create(url.toString()));
            return Files.isRegularFile(file) ? file : null;
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            return null;
        }
    }

    /** A jar that stays open for the cache of URL connections could not be replaced. */
    private static InputStream open(URL url) throws IOException {
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    static UnsatisfiedLinkError failure(String message, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(message);
        error.initCause(cause);
        return error;
    }
}
