package io.github.securepair.engine;

/** Protocol versions as TLS writes them, for {@link SecureContext.Builder#versions}. */
public final class Protocol {
    /** The library's own limit, where a lowest or highest version is asked for. */
    public static final int LIBRARY_LIMIT = 0;

    public static final int SSL3 = 0x0300;
    public static final int TLS1 = 0x0301;
    public static final int TLS1_1 = 0x0302;
    public static final int TLS1_2 = 0x0303;
    public static final int TLS1_3 = 0x0304;

    private Protocol() {}

    /** OpenSSL's name of a version: "TLSv1.3"; null when it is none of the above. */
    public static String name(int version) {
        return switch (version) {
            case SSL3 -> "SSLv3";
            case TLS1 -> "TLSv1";
            case TLS1_1 -> "TLSv1.1";
            case TLS1_2 -> "TLSv1.2";
            case TLS1_3 -> "TLSv1.3";
            default -> null;
        };
    }
}
