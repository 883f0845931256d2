import io.github.securepair.events.EventEmitter;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;

import java.nio.file.Path;
import java.util.List;

/**
 * An echo server that asks its clients for a certificate. Arguments: the folder with the keys, and
 * the port.
 *
 * <p>Try it with {@code openssl s_client -connect 127.0.0.1:8000}.
 */
public class EchoServer {
    public static void main(String[] args) {
        Path keys = Path.of(args[0]);
        ServerOptions options = new ServerOptions()
                .key(keys.resolve("server-key.pem"))
                .cert(keys.resolve("server-cert.pem"))
                // This is necessary only if using the client certificate authentication.
                .requestCert(true)
                // This lets clients without a good certificate in; the default is to refuse them.
                .rejectUnauthorized(false)
                // This is necessary only if the client uses the self-signed certificate.
                .ca(List.of(keys.resolve("client-cert.pem")));

        TLSServer server = TLS.createServer(options, socket -> {
            System.out.println(
                    "server connected " + (socket.authorized() ? "authorized" : "unauthorized"));
            socket.write("welcome!\n");
            socket.setEncoding("utf8");
            socket.pipe(socket);
            socket.on(EventEmitter.ERROR, error -> System.err.println(error));
        });
        server.on(EventEmitter.ERROR, error -> System.err.println(error));
        server.listen(
                Integer.parseInt(args[1]),
                () -> System.out.println("server bound to " + server.address().port()));
    }
}
