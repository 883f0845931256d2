package io.github.securepair.tls;

import io.github.securepair.engine.PSKProvider;
import io.github.securepair.engine.PreSharedKey;
import io.github.securepair.errors.ArgumentException;

import java.nio.charset.StandardCharsets;

/**
 * Asks the program for a pre-shared key and checks what it says: Node's onPskServerCallback and
 * onPskClientCallback. Runs inside a turn, so nothing gets out of here but the key: an error
 * destroys the socket, which as in Node sends the peer no alert.
 */
final class PSKExchange implements PSKProvider {
    private final TLSSocket socket;
    private final PSKCallback callback;

    PSKExchange(TLSSocket socket, PSKCallback callback) {
        this.socket = socket;
        this.callback = callback;
    }

    @Override
    public PreSharedKey find(String name, int maxKey, int maxIdentity) {
        if (socket.destroyed()) {
            return null;
        }
        try {
            PSKCallback.Psk answer = callback.get(socket, name);
            return answer == null ? null : checked(answer, maxKey, maxIdentity);
        } catch (Throwable thrown) {
            socket.failHandshake(thrown);
            return null;
        }
    }

    private PreSharedKey checked(PSKCallback.Psk answer, int maxKey, int maxIdentity) {
        if (answer.psk() == null) {
            throw ArgumentException.invalidArgType(
                    "psk", "an instance of Buffer, TypedArray, or DataView", null);
        }
        if (answer.psk().length > maxKey) {
            // Node shows the key.
            throw ArgumentException.invalidArgValue(
                    "psk",
                    new Hidden(answer.psk().length),
                    "Pre-shared key exceeds " + maxKey + " bytes");
        }
        if (socket.isServer) {
            return new PreSharedKey(answer.psk());
        }
        String identity = answer.identity();
        if (identity == null) {
            throw ArgumentException.invalidArgType("identity", "of type string", null);
        }
        if (identity.getBytes(StandardCharsets.UTF_8).length > maxIdentity) {
            throw ArgumentException.invalidArgValue(
                    "identity", identity, "PSK identity exceeds " + maxIdentity + " bytes");
        }
        if (identity.indexOf('\0') >= 0) {
            // Node sends what is before it, which names another key.
            throw ArgumentException.invalidArgValue(
                    "identity", identity, "must be a string without null bytes");
        }
        return new PreSharedKey(answer.psk(), identity);
    }

    private record Hidden(int length) {
        @Override
        public String toString() {
            return length + " bytes";
        }
    }
}
