import io.github.securepair.events.EventEmitter;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSSocket;

import java.nio.file.Path;
import java.util.List;

/** A client of the echo server. Arguments: the folder with the keys, and the port. */
public class EchoClient {
    public static void main(String[] args) {
        Path keys = Path.of(args[0]);
        ConnectOptions options = new ConnectOptions()
                // These are necessary only if using the client certificate authentication.
                .key(keys.resolve("client-key.pem"))
                .cert(keys.resolve("client-cert.pem"))
                // This is necessary only if the server uses the self-signed certificate.
                .ca(List.of(keys.resolve("server-cert.pem")));

        TLS.connect(Integer.parseInt(args[1]), options, socket -> {
            socket.on(TLSSocket.SECURE_CONNECT, () -> {
                System.out.println("client connected "
                        + (socket.authorized() ? "authorized" : "unauthorized"));
                socket.write("hello\n");
                socket.end();
            });
            socket.setEncoding("utf8");
            socket.on(Readable.TEXT, System.out::print);
            socket.on(Readable.END, () -> System.out.println("end"));
            socket.on(EventEmitter.ERROR, error -> System.err.println(error));
        });
    }
}
