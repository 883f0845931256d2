package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A thousand connections at the same time, of all kinds, each with its own bytes. */
class ConcurrencyTest extends LoopTest {
    private static final int CONNECTIONS = 1000;

    @Test
    void aThousandMixedConnectionsOnOneLoopKeepTheirBytesApart() throws Exception {
        mixed(null);
    }

    @Test
    void aThousandMixedConnectionsOnThreeLoopsKeepTheirBytesApart() throws Exception {
        try (EventLoopGroup group = EventLoop.group(3)) {
            group.loops().forEach(each -> each.onUncaughtException(uncaught::add));
            mixed(group);
            group.close();
            group.closed().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    private void mixed(EventLoopGroup group) throws Exception {
        Queue<String> problems = new ConcurrentLinkedQueue<>();
        AtomicInteger accepted = new AtomicInteger();
        AtomicInteger resumed = new AtomicInteger();
        Map<String, byte[]> sessions = new ConcurrentHashMap<>();
        ServerOptions options = serverOptions("server-ecdsa")
                .requestCert(true)
                .rejectUnauthorized(false)
                .ca(fixture("ca1-cert.pem"))
                .loops(group);
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(options, socket -> {
                accepted.incrementAndGet();
                socket.on(EventEmitter.ERROR, error -> problems.add("server: " + error));
                socket.setEncoding("utf8");
                StringBuilder heard = new StringBuilder();
                boolean[] greeted = {false};
                socket.on(Readable.TEXT, text -> {
                    heard.append(text);
                    if (heard.toString().endsWith("\n") && !greeted[0]) {
                        greeted[0] = true;
                        String who = heard.toString().trim();
                        socket.write(
                                who + " " + socket.authorized() + " " + socket.servername() + "|");
                        socket.write(new String(new char[20_000])
                                .replace('\0', who.charAt(who.length() - 1)));
                        socket.end("|" + who);
                    }
                });
            });
            made.addContext(
                    "a.example.test",
                    new SecureContextOptions()
                            .key(fixture("sni-a-key.pem"))
                            .cert(fixture("sni-a-cert.pem"))
                            .ca(fixture("ca1-cert.pem")));
            made.listen(0, "127.0.0.1", 2048, () -> done.complete(made));
        });
        int port = server.address().port();
        CountDownLatch left = new CountDownLatch(CONNECTIONS);
        loop.execute(() -> {
            for (int i = 0; i < CONNECTIONS; i++) {
                open(i, port, sessions, resumed, problems, left);
            }
        });
        left.await(3 * SECONDS, TimeUnit.SECONDS);
        run(done -> server.close(error -> done.complete(null)));
        assertEquals(List.of(), List.copyOf(problems));
        assertEquals(0, left.getCount());
        assertEquals(CONNECTIONS, accepted.get());
    }

    private static void open(
            int number,
            int port,
            Map<String, byte[]> sessions,
            AtomicInteger resumed,
            Queue<String> problems,
            CountDownLatch left) {
        boolean withName = number % 3 == 0;
        boolean withCertificate = number % 4 == 0;
        boolean old = number % 2 == 0;
        boolean renegotiates = old && number % 10 == 0;
        String name = withName ? "a.example.test" : "localhost";
        ConnectOptions options = clientOptions(port).servername(name);
        if (old) {
            options.maxVersion("TLSv1.2");
        }
        if (withCertificate) {
            options.key(fixture("client-key.pem")).cert(fixture("client-cert.pem"));
        }
        String kind = name + withCertificate + old;
        byte[] session = sessions.get(kind);
        boolean resumes = session != null && number % 5 == 0;
        if (resumes) {
            options.session(session);
        }
        String who = "client-" + number;
        TLSSocket client = TLS.connect(options);
        StringBuilder heard = new StringBuilder();
        client.setEncoding("utf8");
        client.on(TLSSocket.SESSION, bytes -> sessions.put(kind, bytes));
        client.once(TLSSocket.SECURE_CONNECT, () -> {
            if (client.isSessionReused()) {
                resumed.incrementAndGet();
            }
            if (renegotiates) {
                client.renegotiate(new RenegotiateOptions(), error -> client.write(who + "\n"));
            } else {
                client.write(who + "\n");
            }
        });
        client.on(Readable.TEXT, text -> heard.append(text));
        client.on(EventEmitter.ERROR, error -> problems.add(who + ": " + error));
        client.on(Socket.CLOSE, hadError -> {
            String expected = who + " " + withCertificate + " " + name + "|"
                    + new String(new char[20_000]).replace('\0', who.charAt(who.length() - 1)) + "|"
                    + who;
            if (!heard.toString().equals(expected)) {
                problems.add(who + " got " + heard.length() + " characters: "
                        + heard.substring(0, Math.min(60, heard.length())));
            }
            left.countDown();
        });
    }
}
