package io.github.securepair.benchmarks;

import io.github.securepair.events.EventLoop;
import io.github.securepair.net.ListenOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.stream.Readable;
import io.github.securepair.stream.Stream;
import io.github.securepair.stream.Writable;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Our server through the object model, on one loop. */
final class OurServer {
    private final ServerWork work;
    private final boolean onread;

    /** One for all connections, as Node's documentation does it. */
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);

    private final ByteBuffer pattern = ServerWork.pattern(ServerWork.PATTERN);

    private OurServer(ServerWork work, boolean onread) {
        this.work = work;
        this.onread = onread;
    }

    /** Starts one; returns its port. */
    static int start(Setting setting, ServerWork work, boolean onread) throws Exception {
        EventLoop loop = EventLoop.create();
        loop.onUncaughtException(SocketServer::fail);
        ServerOptions options = new ServerOptions()
                .loop(loop)
                .key(setting.keyPem())
                .cert(setting.certificatePem())
                .ecdhCurve(setting.group())
                .ciphers(setting.cipher())
                .minVersion(setting.protocol())
                .maxVersion(setting.protocol())
                .noDelay(true);
        TLSServer server = TLS.createServer(options, new OurServer(work, onread)::accept);
        server.listenAsync(new ListenOptions().port(0).host("127.0.0.1").backlog(4096))
                .get();
        return server.address().port();
    }

    private void accept(TLSSocket socket) {
        // The client ends as it likes, and fails when a connection does.
        socket.on(Stream.ERROR, error -> {});
        switch (work.kind()) {
            case "hello" -> {
                socket.write(pattern.slice(0, 1));
                socket.resume();
            }
            case "send" -> {
                socket.on(Writable.DRAIN, () -> send(socket));
                boolean[] asked = {false};
                read(socket, chunk -> {
                    if (!asked[0]) {
                        asked[0] = true;
                        send(socket);
                    }
                });
            }
            default -> {
                ServerWork.Received received = work.new Received();
                read(socket, chunk -> {
                    int answer = received.take(
                            chunk.remaining(),
                            chunk.get(chunk.position()),
                            chunk.get(chunk.limit() - 1));
                    if (answer > 0) {
                        socket.write(pattern.slice(0, answer));
                    }
                });
            }
        }
    }

    private void read(TLSSocket socket, Consumer<ByteBuffer> reader) {
        if (onread) {
            socket.onread(Onread.of(buffer, (count, bytes) -> {
                reader.accept(bytes);
                return true;
            }));
        } else {
            socket.on(Readable.DATA, reader::accept);
        }
    }

    private void send(TLSSocket socket) {
        while (socket.write(pattern.duplicate())) {
            // Until it is enough.
        }
    }
}
