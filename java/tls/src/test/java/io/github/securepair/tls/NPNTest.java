package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Next protocol negotiation, between two sockets of ours; B202 to B208. */
class NPNTest extends LoopTest {
    /** Connects once and returns {@code version server's protocol / client's protocol}. */
    private String negotiated(ServerOptions server, ConnectOptions wishes) throws Exception {
        return run(done -> {
            List<String> facts = new ArrayList<>();
            TLSServer listening = TLS.createServer(server, socket -> {
                facts.add(socket.npnProtocol() + "," + socket.alpnProtocol());
                socket.end();
            });
            listening.listen(0, "127.0.0.1", () -> {
                ConnectOptions options = clientOptions(listening);
                options.putAll(wishes);
                TLSSocket client = TLS.connect(options);
                client.resume();
                String[] mine = {null};
                client.on(
                        TLSSocket.SECURE_CONNECT,
                        () -> mine[0] = client.getProtocol() + " " + client.npnProtocol() + ","
                                + client.alpnProtocol());
                client.on(
                        "close",
                        args -> listening.close(
                                error -> done.complete(mine[0] + " / " + facts.get(0))));
            });
        });
    }

    private static ConnectOptions npn(String... protocols) {
        return new ConnectOptions().NPNProtocols(List.of(protocols));
    }

    @Test
    void listsMayBeGivenAsTheyAreOnTheWire() throws Exception {
        byte[] wire = "\1a\5hello".getBytes(StandardCharsets.US_ASCII);
        assertEquals(
                "TLSv1.2 hello,null / hello,null",
                negotiated(
                        serverOptions().NPNProtocols(wire),
                        new ConnectOptions()
                                .NPNProtocols(
                                        "\5hello\5world".getBytes(StandardCharsets.US_ASCII))));
        assertEquals(
                "TLSv1.2 a,null / a,null",
                negotiated(serverOptions().NPNProtocols(List.of(new byte[] {'a'}, "b")), npn("a")));
    }

    @Test
    void whoHasNoListTakesNoPart() throws Exception {
        assertEquals(
                "TLSv1.2 null,null / null,null",
                negotiated(serverOptions().NPNProtocols(List.of("a")), new ConnectOptions()));
        assertEquals("TLSv1.2 null,null / null,null", negotiated(serverOptions(), npn("a")));
    }

    @Test
    void inTls13ThereIsNone() throws Exception {
        assertEquals(
                "TLSv1.3 null,null / null,null",
                negotiated(
                        serverOptions().maxVersion("TLSv1.3").NPNProtocols(List.of("a")),
                        npn("a").maxVersion("TLSv1.3")));
    }
}
