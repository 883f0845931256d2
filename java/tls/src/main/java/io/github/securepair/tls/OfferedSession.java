package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.TLSConnection;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The session that a client is to resume. It is kept until the handshake begins, because only then
 * is the expected server's name known, and whether the session is one of that server.
 *
 * <p>The bytes are untrusted. The engine accepts only a session that was verified as this
 * connection would verify it; the name is checked here, with the certificate in the session.
 * Neither is checked again once a server has agreed to resume, and a server of another name may
 * well agree.
 */
final class OfferedSession {
    /** What Node puts before a session; then the length of a name, the name, the session. */
    private static final byte[] NODE =
            "\0nodejs:tls:session:1\0".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;

    OfferedSession(byte[] bytes) {
        this.bytes = bytes.clone();
    }

    /**
     * Gives the session to the connection, if it is of any use there.
     *
     * @param name the expected server's; null for any
     * @param strict whether a server of another name is refused: then its session is not offered,
     *     since the right server may answer in its place
     * @return why the certificate in the session is not the expected one, when it was offered all
     *     the same; else null
     */
    Throwable offer(TLSConnection conn, String name, ServerIdentityCheck check, boolean strict) {
        byte[] der = unwrapped(name);
        if (der == null || !conn.setSession(der)) {
            return null;
        }
        Throwable error = null;
        boolean wrong;
        try {
            error = identityError(conn, name, check);
            wrong = error != null;
        } catch (RuntimeException e) {
            // The check is made again after a full handshake, where its exception is reported.
            wrong = true;
        }
        if (wrong && (strict || error == null) && !conn.isClosed()) {
            conn.dropSession();
            return null;
        }
        return error;
    }

    private static Throwable identityError(
            TLSConnection conn, String name, ServerIdentityCheck check) {
        byte[] certificate = conn.peerCertificate();
        return name == null || certificate == null || conn.verifyResult() != 0
                ? null
                : check.check(name, PeerCertificate.of(certificate));
    }

    /** Without what Node puts before it; null when that names another server. */
    private byte[] unwrapped(String name) {
        int at = NODE.length + 2;
        if (bytes.length < at || !Arrays.equals(bytes, 0, NODE.length, NODE, 0, NODE.length)) {
            return bytes;
        }
        int end = at + ((bytes[at - 2] & 0xff) << 8 | bytes[at - 1] & 0xff);
        if (name == null
                || end > bytes.length
                || !Arrays.equals(
                        Arrays.copyOfRange(bytes, at, end),
                        name.getBytes(StandardCharsets.UTF_8))) {
            return null;
        }
        return Arrays.copyOfRange(bytes, end, bytes.length);
    }
}
