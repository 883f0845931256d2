package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

/**
 * Says whether a connection wants the peer's certificate. Chains are evaluated whenever a
 * certificate comes and never end the handshake: ask {@link TLSConnection#verifyResult()}
 * afterwards, as Node does.
 */
public enum VerifyMode {
    /** A server asks for no certificate. A client gets one anyway. */
    NONE(Glue.SP_VERIFY_NONE),
    /** A server asks for a certificate and goes on without. */
    PEER(Glue.SP_VERIFY_PEER),
    /** A server asks for a certificate and refuses a client that has none. */
    REQUIRE(Glue.SP_VERIFY_REQUIRE);

    final int code;

    VerifyMode(int code) {
        this.code = code;
    }
}
