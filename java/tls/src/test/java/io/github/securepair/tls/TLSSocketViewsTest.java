package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.net.ViewLinks;
import io.github.securepair.net.ViewScenario;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The streams of a TLS socket do what those of {@code java.net.Socket} do; the peer is JSSE. */
final class TLSSocketViewsTest extends LoopTest {
    static Stream<Arguments> scenarios() {
        return Stream.of(ViewScenario.values())
                .flatMap(scenario ->
                        Stream.of("TLSv1.2", "TLSv1.3").map(v -> Arguments.of(scenario, v)));
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void aClientsStreamsDoWhatTheJDKsDo(ViewScenario scenario, String version) throws Exception {
        try (ServerSocket listening = ViewLinks.listen()) {
            CompletableFuture<TLSSocket> connected =
                    TLS.connectAsync(clientOptions(listening.getLocalPort()).maxVersion(version));
            Socket raw = listening.accept();
            SSLSocket peer = jsse(raw, false);
            peer.startHandshake();
            run(scenario, version, connected.get(SECONDS, TimeUnit.SECONDS), peer, raw);
        }
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void aServersStreamsDoWhatTheJDKsDo(ViewScenario scenario, String version) throws Exception {
        CompletableFuture<TLSSocket> accepted = new CompletableFuture<>();
        TLSServer server = TLS.createServer(serverOptions().maxVersion(version), socket -> {
            socket.outputStream();
            accepted.complete(socket);
        });
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        Socket raw = new Socket("127.0.0.1", server.address().port());
        SSLSocket peer = jsse(raw, true);
        peer.startHandshake();
        TLSSocket socket = accepted.get(SECONDS, TimeUnit.SECONDS);
        server.close();
        run(scenario, version, socket, peer, raw);
    }

    private void run(
            ViewScenario scenario, String version, TLSSocket socket, SSLSocket peer, Socket raw)
            throws Exception {
        assertEquals(version, socket.getProtocol());
        boolean halfCloses = version.equals("TLSv1.3");
        assertEquals(
                ViewLinks.ofJDK(scenario),
                scenario.run(new ViewLinks.OurLink(socket, peer, raw, halfCloses)));
    }

    private static SSLSocket jsse(Socket raw, boolean client) throws Exception {
        SSLContext context = InteropTest.jdkContext();
        SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(raw, "localhost", raw.getPort(), true);
        socket.setUseClientMode(client);
        return socket;
    }
}
