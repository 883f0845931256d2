import io.github.securepair.events.EventEmitter;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;

import java.nio.file.Path;

/**
 * The echo server with key and certificate from one PKCS#12 file. Arguments: the folder with the
 * keys, and the port.
 */
public class EchoServerPfx {
    public static void main(String[] args) {
        Path keys = Path.of(args[0]);
        ServerOptions options = new ServerOptions()
                .pfx(keys.resolve("server.pfx"))
                .passphrase("sample")
                // This is necessary only if using the client certificate authentication.
                .requestCert(true)
                .rejectUnauthorized(false);

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
