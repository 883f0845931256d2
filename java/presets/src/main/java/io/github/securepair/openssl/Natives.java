package io.github.securepair.openssl;

import org.bytedeco.javacpp.Loader;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Loads the native libraries, and reports which OpenSSL that is.
 *
 * <p>The OpenSSL is the one in the jar, under names of its own, or with
 * {@code -Dsecurepair.openssl=system} the machine's ({@link Flavour}). What was loaded is compared
 * with what was meant; the process never goes on with another one. The glue runs on any OpenSSL 3;
 * the raw functions need one that is not older than the headers they were generated from.
 *
 * <p>Libraries in a jar are unpacked to the user's cache ({@code $XDG_CACHE_HOME} or
 * {@code ~/.cache}, there {@code securepair/natives}), or to a temporary folder that goes with the
 * process when that will not do; {@code -Dsecurepair.natives.dir=DIR} names another folder. No
 * other user can write there, and the contents are checked each time.
 *
 * <p>Using {@link Glue}, {@link Crypto} or {@link Ssl} loads what they need; calling a method here
 * first only decides when, and on which thread. All throw {@link UnsatisfiedLinkError} when
 * something cannot be loaded, with the cause and the remedy in its message; again and again, where
 * the JVM says of a class that failed once only that it did.
 */
public final class Natives {
    private static volatile boolean glueIsLoaded;
    private static volatile boolean rawIsLoaded;
    private static volatile UnsatisfiedLinkError rawFailure;

    private Natives() {}

    /** Loads the glue, and with it libcrypto and libssl. */
    public static void glue() {
        if (!glueIsLoaded) {
            NativeLoader.rethrow();
            try {
                initialize(Glue.class);
            } catch (NoClassDefFoundError e) { // another thread's attempt failed just now
                NativeLoader.rethrow();
                throw e;
            }
            glueIsLoaded = true;
        }
    }

    /** Loads the raw functions of libcrypto and libssl. */
    public static void raw() {
        if (!rawIsLoaded) {
            glue();
            rethrowRaw();
            try {
                initialize(Crypto.class);
                initialize(Ssl.class);
            } catch (NoClassDefFoundError e) {
                rethrowRaw();
                throw e;
            }
            rawIsLoaded = true;
        }
    }

    /** Which OpenSSL was chosen. */
    public static Flavour flavour() {
        return shipment().flavour;
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

    /** What the bundled OpenSSL was built from; of the machine's nothing is known: empty. */
    public static String source() {
        return bundled("source");
    }

    /** The patches that the bundled OpenSSL has; of the machine's nothing is known. */
    public static List<String> patches() {
        return Arrays.stream(bundled("patches").split("[,\\s]+"))
                .filter(patch -> !patch.isEmpty())
                .toList();
    }

    /** How the bundled OpenSSL was configured; of the machine's nothing is known: empty. */
    public static String options() {
        return bundled("options");
    }

    /** The file that libcrypto was loaded from. */
    public static Path libcrypto() {
        glue();
        return NativeLoader.bound(Glue.SP_FILE_LIBCRYPTO);
    }

    /** The file that libssl was loaded from. */
    public static Path libssl() {
        glue();
        return NativeLoader.bound(Glue.SP_FILE_LIBSSL);
    }

    /** For the initializers of the constants of {@link Crypto} and {@link Ssl}. */
    static void load(Class<?> global) {
        NativeLoader.rethrow();
        try {
            if (Loader.class.getClassLoader() != Natives.class.getClassLoader()) {
                throw new UnsatisfiedLinkError("javacpp.jar is in another class loader than"
                        + " securepair-openssl.jar, and the raw functions cannot be used then: put"
                        + " both in one");
            }
            NativeLoader.raw(
                    global == Crypto.class ? "libjnicrypto.so" : "libjnissl.so",
                    headerVersionNumber());
        } catch (UnsatisfiedLinkError e) {
            rawFailure = e;
            throw e;
        }
    }

    private static void rethrowRaw() {
        UnsatisfiedLinkError first = rawFailure;
        if (first != null) {
            throw Shipment.failure(first.getMessage(), first);
        }
    }

    private static Shipment shipment() {
        glue();
        return NativeLoader.shipment();
    }

    private static String bundled(String property) {
        Shipment shipment = shipment();
        return shipment.flavour == Flavour.BUNDLED ? shipment.property(property) : "";
    }

    private static void initialize(Class<?> generated) {
        try {
            Class.forName(generated.getName(), true, generated.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new NoClassDefFoundError(e.getMessage());
        }
    }
}
