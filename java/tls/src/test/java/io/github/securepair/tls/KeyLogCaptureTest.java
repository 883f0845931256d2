package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A key log makes the capture of the same connection readable, for tshark. */
class KeyLogCaptureTest extends LoopTest {
    private static final String QUESTION = "what the client asks in secret";
    private static final String ANSWER = "what the server answers in secret";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, true, ECDHE-RSA-AES128-GCM-SHA256",
        "TLSv1.2, false, AES256-SHA256",
        "TLSv1.2, false, ECDHE-RSA-CHACHA20-POLY1305",
        "TLSv1.3, true, TLS_AES_128_GCM_SHA256",
        "TLSv1.3, false, TLS_AES_256_GCM_SHA384",
        "TLSv1.3, true, TLS_CHACHA20_POLY1305_SHA256"
    })
    void aKeyLogDecryptsACaptureOfTheSameConnection(
            String version, boolean serverLogs, String suite) throws Exception {
        Peer.require("tshark");
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        ServerOptions options = serverOptions().minVersion(version).maxVersion(version);
        options.ciphers(suite);
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(
                    options,
                    socket -> socket.once(Readable.DATA, bytes -> {
                        assertEquals(QUESTION, text(bytes));
                        socket.end(ANSWER);
                    }));
            if (serverLogs) {
                made.on(TLSServer.KEYLOG, (line, socket) -> log.writeBytes(line));
            }
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        Path packets = folder.resolve("connection.pcap");
        try (Capture capture = new Capture(server.address().port())) {
            String heard = run(done -> {
                StringBuilder all = new StringBuilder();
                TLSSocket client = TLS.connect(clientOptions(capture.port()));
                client.setEncoding("utf8");
                if (!serverLogs) {
                    client.on(TLSSocket.KEYLOG, log::writeBytes);
                }
                client.on(TLSSocket.SECURE_CONNECT, () -> client.write(QUESTION));
                client.on(Readable.TEXT, all::append);
                client.on(EventEmitter.ERROR, done::completeExceptionally);
                client.on(Socket.CLOSE, hadError -> done.complete(all.toString()));
            });
            assertEquals(ANSWER, heard);
            run(done -> server.close(error -> done.complete(null)));
            capture.write(packets);
        }
        Path keys = folder.resolve("keys.log");
        Files.write(keys, log.toByteArray());

        String readable = conversation(packets, "tls.keylog_file:" + keys);
        assertTrue(readable.contains(QUESTION), readable);
        assertTrue(readable.contains(ANSWER), readable);
        String unreadable = conversation(packets, "tls.keylog_file:");
        assertTrue(unreadable.contains("Follow: tls,ascii"), unreadable);
        assertFalse(unreadable.contains("in secret"), unreadable);
        assertFalse(new String(Files.readAllBytes(packets)).contains("in secret"));
    }

    private static String conversation(Path packets, String preference) throws Exception {
        try (Peer tshark = Peer.start(
                "tshark",
                "-r",
                packets.toString(),
                "-o",
                preference,
                "-q",
                "-z",
                "follow,tls,ascii,0")) {
            String said = tshark.finish();
            assertEquals(0, tshark.exitCode(), said);
            return said;
        }
    }
}
