package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventLoop;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two processes that share their ticket keys resume each other's sessions. */
class SharedTicketKeysTest extends LoopTest {
    /** The server of the other process. */
    public static final class OtherServer {
        private OtherServer() {}

        public static void main(String[] args) {
            EventLoop.run(() -> {
                TLSServer server = TLS.createServer(
                        options(EventLoop.current(), args[0], args[1]), SharedTicketKeysTest::tell);
                server.listen(
                        0,
                        "127.0.0.1",
                        () -> System.out.println("port " + server.address().port()));
            });
        }
    }

    private static ServerOptions options(EventLoop loop, String version, String idContext) {
        byte[] keys = new byte[48];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = (byte) (i * 7);
        }
        return new ServerOptions()
                .loop(loop)
                .key(fixture("server-rsa-key.pem"))
                .cert(fixture("server-rsa-cert.pem"))
                .ticketKeys(keys)
                .sessionIdContext(idContext)
                .maxVersion(version);
    }

    private static void tell(TLSSocket socket) {
        socket.end(String.valueOf(socket.isSessionReused()));
    }

    /** What the server says, after a look at what the client thinks; keeps the newest session. */
    private String visit(int port, byte[][] session) throws Exception {
        return run(done -> {
            TLSSocket client = TLS.connect(clientOptions(port).session(session[0]));
            StringBuilder heard = new StringBuilder();
            client.on(TLSSocket.SESSION, newest -> session[0] = newest);
            client.on(
                    TLSSocket.SECURE_CONNECT,
                    () -> heard.append(client.isSessionReused()).append(' '));
            client.on(Readable.DATA, bytes -> heard.append(text(bytes)));
            client.on(Socket.CLOSE, hadError -> done.complete(heard.toString()));
        });
    }

    private static Peer otherProcess(String version, String idContext) throws Exception {
        return Peer.start(
                "java",
                "-Xmx128m",
                "-Dsecurepair.fixtures=" + fixture("").toAbsolutePath(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherServer.class.getName(),
                version,
                idContext);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionOfOneProcessIsResumedByTheOther(String version) throws Exception {
        TLSServer here = run(done -> {
            TLSServer server =
                    TLS.createServer(options(loop, version, "shared"), SharedTicketKeysTest::tell);
            server.listen(0, "127.0.0.1", () -> done.complete(server));
        });
        try (Peer process = otherProcess(version, "shared")) {
            int there = process.port("port (\\d+)");
            byte[][] session = {null};
            assertEquals("false false", visit(here.address().port(), session));
            byte[] made = session[0];
            assertEquals("true true", visit(there, new byte[][] {made}));
            byte[][] back = {null};
            assertEquals("false false", visit(there, back));
            assertEquals("true true", visit(here.address().port(), back));
        }
        run(done -> here.close(error -> done.complete(null)));
    }
}
