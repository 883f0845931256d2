package io.github.securepair.openssl;

import org.bytedeco.javacpp.Loader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Loads the native libraries, and tells which OpenSSL came of it.
 *
 * <p>The libraries are those in the jar. With {@code -Dorg.bytedeco.javacpp.pathsFirst=true} and a
 * {@code java.library.path} that has {@code libcrypto.so.3} and {@code libssl.so.3}, those are
 * taken. The glue runs on any OpenSSL 3; the raw functions need one that is not older than the
 * headers they were generated from.
 *
 * <p>Using {@link Glue}, {@link Crypto} or {@link Ssl} loads what they need; calling a method here
 * first only decides when, and on which thread.
 */
public final class Natives {
    private static final long OLDEST = 0x30000000L;

    private static volatile boolean glueIsLoaded;
    private static volatile boolean rawIsLoaded;

    private Natives() {}

    /** Loads the glue, and with it libcrypto and libssl. */
    public static void glue() {
        if (!glueIsLoaded) {
            load(Glue.class);
            glueIsLoaded = true;
        }
    }

    /** Loads the raw functions of libcrypto and libssl. */
    public static void raw() {
        if (!rawIsLoaded) {
            load(Crypto.class);
            load(Ssl.class);
            rawIsLoaded = true;
        }
    }

    /**
     * {@code OpenSSL_version(OPENSSL_VERSION)} of the library in use, such as "OpenSSL 3.5.7 9 Jun
     * 2026".
     */
    public static String version() {
        glue();
        byte[] text = new byte[256];
        ByteBuffer buffer = ByteBuffer.allocateDirect(text.length);
        long length = Glue.sp_library_text(0, Glue.address(buffer), text.length);
        buffer.get(text);
        return new String(text, 0, (int) Math.min(length, text.length), StandardCharsets.UTF_8);
    }

    /** {@code OpenSSL_version_num} of the library in use: 0xMNN00PP0. */
    public static long versionNumber() {
        glue();
        return Glue.sp_library_version();
    }

    /** {@code OPENSSL_VERSION_NUMBER} of the headers that the bindings were generated from. */
    public static long headerVersionNumber() {
        return CryptoConstants.OPENSSL_VERSION_NUMBER;
    }

    /** The file that libcrypto was loaded from. */
    public static Path libcrypto() {
        return loaded("libcrypto");
    }

    /** The file that libssl was loaded from. */
    public static Path libssl() {
        return loaded("libssl");
    }

    /** Every file of that library that this process has mapped: more than one is a mistake. */
    static List<Path> mapped(String library) throws IOException {
        TreeSet<Path> files = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            int path = line.indexOf('/');
            if (path >= 0
                    && line.substring(line.lastIndexOf('/') + 1).startsWith(library + ".so")) {
                files.add(Path.of(line.substring(path)));
            }
        }
        return List.copyOf(files);
    }

    private static Path loaded(String library) {
        glue();
        try {
            return Optional.of(mapped(library))
                    .filter(files -> !files.isEmpty())
                    .map(files -> files.get(0))
                    .orElseThrow(() ->
                            new IllegalStateException(library + " is not in /proc/self/maps"));
        } catch (IOException e) {
            throw new IllegalStateException("cannot read /proc/self/maps", e);
        }
    }

    /**
     * Loads the library of one global class; a failure names both versions when their skew is the
     * cause.
     */
    static void load(Class<?> global) {
        try {
            Loader.load(global);
        } catch (UnsatisfiedLinkError e) {
            throw explained(global, e);
        }
        if (global == Glue.class && Glue.sp_library_version() < OLDEST) {
            throw new UnsatisfiedLinkError("OpenSSL " + text(Glue.sp_library_version())
                    + " is too old: the glue was compiled against "
                    + text(Glue.sp_library_header_version()) + " and needs 3.0 or newer");
        }
    }

    private static UnsatisfiedLinkError explained(Class<?> global, UnsatisfiedLinkError cause) {
        if (global == Glue.class) {
            return cause;
        }
        long found;
        try {
            found = versionNumber();
        } catch (LinkageError e) {
            return cause;
        }
        if (found >= headerVersionNumber()) {
            return cause;
        }
        UnsatisfiedLinkError error =
                new UnsatisfiedLinkError("The raw functions were generated from OpenSSL "
                        + text(headerVersionNumber()) + " and do not run on OpenSSL " + text(found)
                        + " (" + libcrypto() + "), which is older");
        error.initCause(cause);
        return error;
    }

    /** 0x30500070 as 3.5.7. */
    static String text(long number) {
        return (number >> 28) + "." + (number >> 20 & 0xff) + "." + (number >> 4 & 0xff);
    }
}
