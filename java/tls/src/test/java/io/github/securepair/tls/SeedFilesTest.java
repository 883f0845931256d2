package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** Keys and certificates made by the commands of Node's documentation, with today's openssl. */
class SeedFilesTest extends LoopTest {
    @TempDir
    static Path folder;

    private static void openssl(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = "openssl";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try (Peer peer = Peer.start(command)) {
            String said = peer.finish();
            assertEquals(0, peer.exitCode(), said);
        }
    }

    private static String file(String name) {
        return folder.resolve(name).toString();
    }

    @BeforeAll
    static void followTheDocumentation() throws Exception {
        openssl("genrsa", "-out", file("ryans-key.pem"), "1024");
        openssl(
                "req",
                "-new",
                "-subj",
                "/CN=localhost",
                "-key",
                file("ryans-key.pem"),
                "-out",
                file("ryans-csr.pem"));
        openssl(
                "x509",
                "-req",
                "-in",
                file("ryans-csr.pem"),
                "-signkey",
                file("ryans-key.pem"),
                "-out",
                file("ryans-cert.pem"));
        openssl(
                "pkcs12",
                "-export",
                "-in",
                file("ryans-cert.pem"),
                "-inkey",
                file("ryans-key.pem"),
                "-certfile",
                fixture("ca1-cert.pem").toString(),
                "-out",
                file("agent.pfx"),
                "-passout",
                "pass:sekret");
    }

    /**
     * Connects to the server with that certificate trusted; "authorized CN", or the error's code.
     */
    private String outcome(ServerOptions options) throws Exception {
        return run(done -> {
            TLSServer server = TLS.createServer(options.loop(loop), TLSSocket::end);
            server.listen(0, "127.0.0.1", () -> {
                TLSSocket client =
                        TLS.connect(clientOptions(server).ca(folder.resolve("ryans-cert.pem")));
                String[] found = {null};
                client.resume();
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> found[0] = client.authorized() + " "
                                + commonName(client.getPeerCertificate()) + " "
                                + client.getPeerCertificate().bits());
                client.on(EventEmitter.ERROR, error -> found[0] = Coded.codeOf(error));
                client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(found[0])));
            });
        });
    }

    @Test
    void keyAndCertificateOfTheCommandsWork() throws Exception {
        assertEquals(
                "true localhost 1024",
                outcome(new ServerOptions()
                        .key(folder.resolve("ryans-key.pem"))
                        .cert(folder.resolve("ryans-cert.pem"))));
    }

    @Test
    void thePfxOfTheCommandsWorks() throws Exception {
        assertEquals(
                "true localhost 1024",
                outcome(new ServerOptions().pfx(folder.resolve("agent.pfx")).passphrase("sekret")));
    }
}
