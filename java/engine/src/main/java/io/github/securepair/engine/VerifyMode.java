package io.github.securepair.engine;

/**
 * Says whether a connection wants the peer's certificate. Chains are evaluated whenever a
 * certificate comes and never end the handshake: ask {@link TLSConnection#verifyResult()}
 * afterwards, as Node does.
 */
public enum VerifyMode {
    /** A server asks for no certificate. A client gets one anyway. */
    NONE,
    /** A server asks for a certificate and goes on without. */
    PEER,
    /** A server asks for a certificate and refuses a client that has none. */
    REQUIRE
}
