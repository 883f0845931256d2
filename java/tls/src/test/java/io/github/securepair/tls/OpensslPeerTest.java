package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Session stores and secure pairs with {@code openssl} at the other end. */
class OpensslPeerTest extends LoopTest {
    @TempDir
    Path folder;

    @Test
    void anOpensslClientResumesFromTheStoreOfTheProgram() throws Exception {
        Map<String, byte[]> store = new ConcurrentHashMap<>();
        TLSServer server = run(done -> {
            ServerOptions options = serverOptions()
                    .maxVersion("TLSv1.2")
                    .secureOptions(SSLOptions.SSL_OP_NO_TICKET);
            TLSServer made = TLS.createServer(options, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("reused " + socket.isSessionReused() + "\n");
                socket.pipe(socket);
            });
            made.on(TLSServer.NEW_SESSION, (id, data, stored) -> {
                store.put(HexFormat.of().formatHex(id), data);
                loop.setImmediate(stored::run);
            });
            made.on(TLSServer.RESUME_SESSION, (id, callback) -> {
                byte[] data = store.get(HexFormat.of().formatHex(id));
                loop.setImmediate(() -> callback.done(null, data));
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        int port = server.address().port();
        String session = folder.resolve("session").toString();
        try (Peer first = Peer.opensslClient(port, "-tls1_2", "-ign_eof", "-sess_out", session)) {
            first.await("reused false");
        }
        assertEquals(1, store.size());
        assertTrue(Files.size(Path.of(session)) > 0);
        try (Peer second = Peer.opensslClient(port, "-tls1_2", "-ign_eof", "-sess_in", session)) {
            second.await("Reused, TLSv1.2");
            second.await("reused true");
        }
        run(done -> server.close(error -> done.complete(null)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void aServerPairAnswersAnOpensslClient(String version) throws Exception {
        SecureContext context = TLS.createSecureContext(serverOptions());
        Server server = run(done -> {
            Server made = Net.createServer(new NetServerOptions().loop(loop), socket -> {
                SecurePair pair = TLS.createSecurePair(context, true);
                socket.on(EventEmitter.ERROR, error -> {});
                socket.on(Socket.CLOSE, hadError -> pair.destroy());
                socket.pipe(pair.encrypted());
                pair.encrypted().pipe(socket);
                pair.cleartext().pipe(pair.cleartext());
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        int port = server.address().port();
        try (Peer client = Peer.opensslClient(port, version, "-ign_eof")) {
            client.await("Verify return code: 0 \\(ok\\)");
            client.send("through the pair\n");
            client.await("(?m)^through the pair$");
        }
        run(done -> server.close(error -> done.complete(null)));
        context.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void aClientPairTalksToAnOpensslServer(String version) throws Exception {
        try (Peer server = Peer.opensslServer("server-rsa", version, "-rev");
                SecureContext context = TLS.createSecureContext(
                        new SecureContextOptions().ca(fixture("ca1-cert.pem")))) {
            int port = server.opensslPort();
            String answer = run(done -> {
                SecurePair pair = TLS.createSecurePair(context, false);
                Socket socket = Net.connect(
                        new SocketConnectOptions().loop(loop).host("127.0.0.1").port(port));
                socket.pipe(pair.encrypted());
                pair.encrypted().pipe(socket);
                pair.on(SecurePair.SECURE, () -> {
                    assertTrue(pair.cleartext().authorized());
                    pair.cleartext().write("desserts\n");
                });
                pair.on(EventEmitter.ERROR, done::completeExceptionally);
                socket.on(EventEmitter.ERROR, error -> {});
                pair.cleartext().setEncoding("utf8");
                StringBuilder heard = new StringBuilder();
                pair.cleartext().on(Readable.TEXT, text -> {
                    heard.append(text);
                    if (heard.indexOf("\n") >= 0) {
                        pair.destroy();
                        socket.destroy();
                    }
                });
                socket.on(Socket.CLOSE, hadError -> done.complete(heard.toString()));
            });
            assertEquals("stressed\n", answer);
        }
    }
}
