package io.github.securepair.tls;

/**
 * A cipher suite, as {@link TLSSocket#getCipher()} returns it.
 *
 * @param name OpenSSL's name
 * @param standardName the IETF's name
 * @param version the oldest protocol version that has the suite, which need not be the connection's
 */
public record CipherInfo(String name, String standardName, String version) {}
