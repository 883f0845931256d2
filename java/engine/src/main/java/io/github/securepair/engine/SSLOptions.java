package io.github.securepair.engine;

/**
 * Option bits of contexts and connections, by OpenSSL's names ({@code openssl/ssl.h}), for
 * {@link SecureContext.Builder#options} and {@link TLSConnection#setOptions}. What each does is in
 * {@code SSL_CTX_set_options(3)}. An OpenSSL older than a bit ignores it.
 */
public final class SSLOptions {
    public static final long SSL_OP_NO_EXTENDED_MASTER_SECRET = 1L << 0;
    public static final long SSL_OP_CLEANSE_PLAINTEXT = 1L << 1;
    public static final long SSL_OP_LEGACY_SERVER_CONNECT = 1L << 2;
    public static final long SSL_OP_ENABLE_KTLS = 1L << 3;
    public static final long SSL_OP_TLSEXT_PADDING = 1L << 4;
    public static final long SSL_OP_SAFARI_ECDHE_ECDSA_BUG = 1L << 6;
    public static final long SSL_OP_IGNORE_UNEXPECTED_EOF = 1L << 7;
    public static final long SSL_OP_ALLOW_CLIENT_RENEGOTIATION = 1L << 8;
    public static final long SSL_OP_DISABLE_TLSEXT_CA_NAMES = 1L << 9;
    public static final long SSL_OP_ALLOW_NO_DHE_KEX = 1L << 10;
    public static final long SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS = 1L << 11;
    /** DTLS only. */
    public static final long SSL_OP_NO_QUERY_MTU = 1L << 12;

    /** DTLS only. */
    public static final long SSL_OP_COOKIE_EXCHANGE = 1L << 13;

    public static final long SSL_OP_NO_TICKET = 1L << 14;
    /** DTLS only. */
    public static final long SSL_OP_CISCO_ANYCONNECT = 1L << 15;

    public static final long SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION = 1L << 16;
    public static final long SSL_OP_NO_COMPRESSION = 1L << 17;
    public static final long SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION = 1L << 18;
    public static final long SSL_OP_NO_ENCRYPT_THEN_MAC = 1L << 19;
    public static final long SSL_OP_ENABLE_MIDDLEBOX_COMPAT = 1L << 20;
    public static final long SSL_OP_PRIORITIZE_CHACHA = 1L << 21;
    public static final long SSL_OP_CIPHER_SERVER_PREFERENCE = 1L << 22;
    public static final long SSL_OP_TLS_ROLLBACK_BUG = 1L << 23;
    public static final long SSL_OP_NO_ANTI_REPLAY = 1L << 24;
    public static final long SSL_OP_NO_SSLv3 = 1L << 25;
    public static final long SSL_OP_NO_TLSv1 = 1L << 26;
    public static final long SSL_OP_NO_TLSv1_2 = 1L << 27;
    public static final long SSL_OP_NO_TLSv1_1 = 1L << 28;
    public static final long SSL_OP_NO_TLSv1_3 = 1L << 29;
    public static final long SSL_OP_NO_RENEGOTIATION = 1L << 30;
    public static final long SSL_OP_CRYPTOPRO_TLSEXT_BUG = 1L << 31;
    public static final long SSL_OP_NO_TX_CERTIFICATE_COMPRESSION = 1L << 32;
    public static final long SSL_OP_NO_RX_CERTIFICATE_COMPRESSION = 1L << 33;
    public static final long SSL_OP_ENABLE_KTLS_TX_ZEROCOPY_SENDFILE = 1L << 34;
    public static final long SSL_OP_PREFER_NO_DHE_KEX = 1L << 35;

    /** OpenSSL 3 has no SSLv2: there is nothing to switch off. */
    public static final long SSL_OP_NO_SSLv2 = 0;

    /** All versions that can be switched off. */
    public static final long SSL_OP_NO_SSL_MASK = SSL_OP_NO_SSLv3
            | SSL_OP_NO_TLSv1
            | SSL_OP_NO_TLSv1_1
            | SSL_OP_NO_TLSv1_2
            | SSL_OP_NO_TLSv1_3;
    /** Workarounds for bugs of peers, thought harmless. */
    public static final long SSL_OP_ALL = SSL_OP_CRYPTOPRO_TLSEXT_BUG
            | SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS
            | SSL_OP_TLSEXT_PADDING
            | SSL_OP_SAFARI_ECDHE_ECDSA_BUG;

    private SSLOptions() {}
}
