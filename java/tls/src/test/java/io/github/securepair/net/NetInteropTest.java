package io.github.securepair.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Our sockets against a real Node in another process. */
class NetInteropTest {
    private static final Path NODE = Path.of("/usr/bin/node");

    private Process peer;
    private BufferedReader output;

    private void start(String... arguments) throws IOException {
        assumeTrue(Files.isExecutable(NODE), "needs Node");
        String root = System.getProperty("securepair.root", "../..");
        Path script = Path.of(root, "java/tls/src/test/node/net-peer.js");
        ProcessBuilder builder = new ProcessBuilder(NODE.toString(), script.toString());
        builder.command().addAll(List.of(arguments));
        peer = builder.redirectErrorStream(true).start();
        output = peer.inputReader();
    }

    private int startServer(String... arguments) throws IOException {
        start(arguments);
        return Integer.parseInt(output.readLine());
    }

    @AfterEach
    void stop() throws Exception {
        if (peer != null && !peer.waitFor(5, TimeUnit.SECONDS)) {
            peer.destroyForcibly();
        }
    }

    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + (i >> 8));
        }
        return bytes;
    }

    private static void collect(Socket socket, ByteArrayOutputStream into) {
        socket.on(
                Socket.DATA,
                chunk -> into.write(chunk.array(), chunk.arrayOffset(), chunk.remaining()));
    }

    @Test
    void nodeEchoesTwentyMegabytes() throws Exception {
        int port = startServer("echo");
        byte[] sent = pattern(20_000_000);
        byte[] got = OnLoop.run((loop, result) -> {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            Socket client = Net.connect(port, "127.0.0.1");
            collect(client, all);
            client.on(Socket.ERROR, result::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> result.complete(all.toByteArray()));
            client.end(sent);
        });
        assertArrayEquals(sent, got);
    }

    @Test
    void nodeSendsAndWeReadSlowly() throws Exception {
        int port = startServer("pattern", "5000000");
        byte[] got = OnLoop.run((loop, result) -> {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            Socket client = Net.connect(port, "127.0.0.1");
            collect(client, all);
            client.on(Socket.DATA, chunk -> {
                client.pause();
                loop.setImmediate(client::resume);
            });
            client.on(Socket.CLOSE, hadError -> result.complete(all.toByteArray()));
        });
        assertArrayEquals(pattern(5_000_000), got);
    }

    @Test
    void halfOpenNodeAnswersAfterOurEnd() throws Exception {
        int port = startServer("answer");
        String got = OnLoop.run((loop, result) -> {
            StringBuilder all = new StringBuilder();
            Socket client = Net.connect(port, "127.0.0.1", () -> all.append("connect "));
            client.setEncoding("utf8");
            client.on(Socket.TEXT, all::append);
            client.on(Socket.END, () -> all.append(" end"));
            client.on(Socket.CLOSE, hadError -> result.complete(all + " close " + hadError));
            client.end("question");
        });
        assertEquals("connect answer to question end close false", got);
    }

    @Test
    void nodeResetsAndWeSeeReadEconnreset() throws Exception {
        int port = startServer("reset");
        String got = OnLoop.run((loop, result) -> {
            StringBuilder all = new StringBuilder();
            Socket client = Net.connect(port, "127.0.0.1");
            client.on(Socket.ERROR, error -> all.append(NetTrace.describe(error)));
            client.on(Socket.CLOSE, hadError -> result.complete(all + " close " + hadError));
            client.write("x");
            client.resume();
        });
        assertEquals(
                "Error code=ECONNRESET errno=-104 syscall=read \"read ECONNRESET\" close true",
                got);
    }

    @Test
    void weResetAndNodeSeesReadEconnreset() throws Exception {
        int port = startServer("greet");
        OnLoop.run((loop, result) -> {
            Socket client = Net.connect(port, "127.0.0.1");
            client.on(Socket.DATA, hello -> client.resetAndDestroy());
            client.on(Socket.CLOSE, result::complete);
        });
        assertEquals(
                List.of("error read ECONNRESET", "close true"), output.lines().toList());
    }

    @Test
    void destroySendsWhatWasWrittenInTheSameTick() throws Exception {
        int port = startServer("observe");
        OnLoop.run((loop, result) -> {
            Socket client = new Socket();
            client.connect(port, "127.0.0.1", () -> {
                client.write("last words");
                client.destroy();
            });
            client.on(Socket.CLOSE, result::complete);
        });
        assertEquals(
                List.of("data last words", "end", "close false"), output.lines().toList());
    }

    @Test
    void nodeConnectsToOurServer() throws Exception {
        OnLoop.run((loop, result) -> {
            Server server = Net.createServer(c -> c.pipe(c));
            server.listen(
                    0,
                    "127.0.0.1",
                    () -> start("client", String.valueOf(server.address().port())));
            server.on(Server.CONNECTION, c -> c.on(Socket.CLOSE, result::complete));
        });
        assertEquals(
                List.of("data from node", "end", "close false"), output.lines().toList());
    }
}
