import io.github.securepair.events.EventEmitter;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSSocket;

import java.nio.file.Path;

/**
 * A client of the echo server with everything from one PKCS#12 file. Arguments: the folder with the
 * keys, and the port.
 */
public class EchoClientPfx {
    public static void main(String[] args) {
        Path keys = Path.of(args[0]);
        ConnectOptions options = new ConnectOptions()
                .pfx(keys.resolve("client.pfx"))
                .passphrase("sample")
                .ca(keys.resolve("server-cert.pem"));

        TLS.connect(Integer.parseInt(args[1]), options, socket -> {
            socket.on(TLSSocket.SECURE_CONNECT, () -> {
                System.out.println("client connected "
                        + (socket.authorized() ? "authorized" : "unauthorized"));
                socket.end("hello\n");
            });
            socket.setEncoding("utf8");
            socket.on(Readable.TEXT, System.out::print);
            socket.on(Readable.END, () -> System.out.println("end"));
            socket.on(EventEmitter.ERROR, error -> System.err.println(error));
        });
    }
}
