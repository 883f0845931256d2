import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.SecureContextOptions;
import io.github.securepair.tls.SecurePair;
import io.github.securepair.tls.TLS;

import java.nio.file.Path;

/**
 * Two secure pairs piped into each other: a whole TLS connection without a socket. Argument: the
 * folder with the keys.
 */
public class InMemoryPair {
    public static void main(String[] args) {
        // As Node runs a script: from start to end before anything is emitted.
        EventLoop.run(() -> run(args));
    }

    private static void run(String[] args) {
        Path keys = Path.of(args[0]);
        SecureContext identity = TLS.createSecureContext(new SecureContextOptions()
                .key(keys.resolve("server-key.pem"))
                .cert(keys.resolve("server-cert.pem")));
        SecureContext trust = TLS.createSecureContext(
                new SecureContextOptions().ca(keys.resolve("server-cert.pem")));

        SecurePair server = TLS.createSecurePair(identity, true);
        SecurePair client = TLS.createSecurePair(trust, false);
        client.encrypted().pipe(server.encrypted());
        server.encrypted().pipe(client.encrypted());

        client.on(SecurePair.SECURE, () -> {
            System.out.println(
                    "secure, " + (client.cleartext().authorized() ? "authorized" : "unauthorized"));
            client.cleartext().end("hello from memory");
        });
        server.cleartext().setEncoding("utf8");
        server.cleartext().on(Readable.TEXT, text -> System.out.println("server got: " + text));
    }
}
