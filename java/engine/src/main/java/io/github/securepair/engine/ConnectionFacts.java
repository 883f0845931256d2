package io.github.securepair.engine;

/** The questions that sp_conn_int() and sp_conn_get() answer, by the numbers of sp.h. */
final class ConnectionFacts {
    // SP_INT_*
    static final int INT_VERSION = 0;
    static final int INT_REUSED = 1;
    static final int INT_VERIFY_RESULT = 2;
    static final int INT_HAS_PEER_CERTIFICATE = 3;
    static final int INT_MAX_VERSION = 5;
    static final int INT_RENEGOTIATIONS = 6;
    static final int INT_SECURE_RENEGOTIATION = 7;
    static final int INT_PSK_USED = 8;
    static final int INT_SESSION_RESUMABLE = 9;

    // SP_GET_*
    static final int SERVERNAME = 0;
    static final int ALPN = 1;
    static final int NPN = 2;
    static final int CIPHER_NAME = 3;
    static final int CIPHER_STANDARD_NAME = 4;
    static final int CIPHER_VERSION = 5;
    static final int PROTOCOL = 6;
    static final int SESSION = 7;
    static final int TICKET = 8;
    static final int SESSION_ID = 9;
    static final int OWN_CERTIFICATE = 10;
    static final int PEER_CERTIFICATE = 11;
    static final int PEER_CHAIN = 12;
    static final int PEER_CHAIN_COMPLETED = 13;
    static final int FINISHED = 14;
    static final int PEER_FINISHED = 15;
    static final int EPHEMERAL = 16;
    static final int SHARED_SIGALGS = 17;
    static final int GROUP = 18;
    static final int CLIENT_RANDOM = 19;
    static final int SERVER_RANDOM = 20;
    static final int MASTER_KEY = 21;
    static final int OCSP_RESPONSE = 22;
    static final int OWN_CHAIN = 23;
    static final int PEER_CLIENT_CAS = 24;

    private ConnectionFacts() {}
}
