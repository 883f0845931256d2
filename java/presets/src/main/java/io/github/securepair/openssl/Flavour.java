package io.github.securepair.openssl;

import java.util.Locale;

/**
 * Which OpenSSL runs: the one in the jar or the machine's. The system property {@value #PROPERTY},
 * with {@code bundled} or {@code system} for a value, chooses; without it the bundled one is taken
 * where the jar has one.
 */
public enum Flavour {
    /**
     * The libraries in the jar. Their names and symbol versions are their own, so that no other
     * OpenSSL of the process takes their place, nor they its.
     */
    BUNDLED,

    /**
     * The machine's libcrypto.so.3 and libssl.so.3: those in {@code java.library.path} when it has
     * them, else those that the dynamic linker finds.
     */
    SYSTEM;

    /** The system property that chooses. */
    public static final String PROPERTY = "securepair.openssl";

    /** The folder of this flavour's libraries, and the value of the property. */
    String folder() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What the property says; null when it is not set. */
    static Flavour chosen() {
        String value = System.getProperty(PROPERTY);
        if (value == null || value.isBlank()) {
            return null;
        }
        for (Flavour flavour : values()) {
            if (flavour.folder().equals(value.strip())) {
                return flavour;
            }
        }
        throw new UnsatisfiedLinkError(
                "-D" + PROPERTY + "=" + value + " is not understood: say bundled or system");
    }
}
