package io.github.securepair.tls;

/**
 * The defaults of Node's tls module that a program may reassign: use them as members of
 * {@link TLS}.
 */
public class TLSDefaults {
    TLSDefaults() {}

    /**
     * Client-initiated renegotiations that a server connection allows per
     * {@link #CLIENT_RENEG_WINDOW}.
     */
    public static volatile int CLIENT_RENEG_LIMIT = 3;

    /** Window of {@link #CLIENT_RENEG_LIMIT}, in seconds. */
    public static volatile int CLIENT_RENEG_WINDOW = 600;

    /**
     * Default of the option {@code ciphers}; the system property {@code securepair.tls.cipherList}
     * gives another at start.
     */
    public static volatile String DEFAULT_CIPHERS = Environment.property(
            "cipherList",
            "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
                    + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:"
                    + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:"
                    + "DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:"
                    + "ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:"
                    + "ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:"
                    + "HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA");

    /** Default of the option {@code ecdhCurve}. */
    public static volatile String DEFAULT_ECDH_CURVE = "auto";

    /**
     * Default of the option {@code minVersion}; the system property
     * {@code securepair.tls.minVersion} gives another at start.
     */
    public static volatile String DEFAULT_MIN_VERSION =
            Environment.property("minVersion", "TLSv1.2");

    /**
     * Default of the option {@code maxVersion}; the system property
     * {@code securepair.tls.maxVersion} gives another at start.
     */
    public static volatile String DEFAULT_MAX_VERSION =
            Environment.property("maxVersion", "TLSv1.3");
}
