package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.StoreURI;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** docs/guide/for-java-people.md */
class JavaPeopleGuideTest extends Guide {
    @Test
    void futuresTellOfListeningAndClosing() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: futures
        try (TLSServer server = TLS.createServer(options, socket -> socket.pipe(socket))) {
            server.listenAsync(0, "127.0.0.1").get(10, TimeUnit.SECONDS);
            int port = server.address().port();
            // end
            assertTrue(port > 0);
            // snippet: close
            server.closeAsync().get(10, TimeUnit.SECONDS);
        }
        // end
    }

    private static CompletableFuture<String> ask(ConnectOptions options, String question) {
        // snippet: ask
        CompletableFuture<String> answer = new CompletableFuture<>();
        TLS.connect(options, socket -> {
            socket.setEncoding("utf8");
            socket.on(TLSSocket.SECURE_CONNECT, () -> socket.write(question));
            socket.once(Readable.TEXT, text -> {
                answer.complete(text);
                socket.end();
            });
            socket.on(EventEmitter.ERROR, answer::completeExceptionally);
            socket.on(
                    Socket.CLOSE,
                    hadError -> answer.completeExceptionally(
                            new java.io.EOFException("closed without an answer")));
        });
        // end
        return answer;
    }

    @Test
    void aFutureIsMadeOfEvents() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        await(server.listenAsync(0, "127.0.0.1"));
        assertEquals("echo?", await(ask(clientOptions(server), "echo?")));
        await(server.closeAsync());
    }

    @Test
    void aThreadMayWait() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        await(server.listenAsync(0, "127.0.0.1"));
        ConnectOptions options = clientOptions(server);
        // snippet: blocking
        TLSSocket socket = TLS.connectAsync(options).get(10, TimeUnit.SECONDS);
        try (InputStream in = socket.inputStream();
                OutputStream out = socket.outputStream()) {
            out.write("hello".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            byte[] answer = in.readNBytes(5);
            // end
            assertEquals("hello", new String(answer, StandardCharsets.US_ASCII));
        }
        await(server.closeAsync());
    }

    @Test
    void aThreadWaitsNoLongerThanItWants() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        await(server.listenAsync(0, "127.0.0.1"));
        TLSSocket socket = await(TLS.connectAsync(clientOptions(server)));
        socket.outputStream().write(7);
        int first = -1;
        // snippet: readtimeout
        socket.setSoTimeout(2_000);
        try {
            first = socket.inputStream().read();
        } catch (SocketTimeoutException late) {
            socket.close();
        }
        // end
        assertEquals(7, first);
        socket.close();
        await(server.closeAsync());
    }

    @Test
    void connectionsAreSpreadOverLoops() throws Exception {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        // snippet: loops
        try (EventLoopGroup loops = EventLoop.group(3)) {
            ServerOptions options = serverOptions().loops(loops);
            TLSServer server = TLS.createServer(options, socket -> {
                threads.add(Thread.currentThread().getName());
                socket.pipe(socket);
            });
            // end
            await(server.listenAsync(0, "127.0.0.1"));
            for (int i = 0; i < 6; i++) {
                assertEquals("x", await(ask(clientOptions(server), "x")));
            }
            await(server.closeAsync());
        }
        assertEquals(3, threads.size());
    }

    @Test
    void anyThreadMayWrite() throws Exception {
        LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.pipe(socket));
        await(server.listenAsync(0, "127.0.0.1"));
        TLSSocket socket = onLoop(done -> {
            TLSSocket made = TLS.connect(clientOptions(server));
            made.on(TLSSocket.SECURE_CONNECT, () -> done.complete(made));
        });
        // snippet: threads
        // On any thread:
        socket.write("hello");
        socket.loop().execute(() -> {
            // On the socket's loop: everything may be read and done here.
            heard.add("secure " + !socket.secureConnecting());
        });
        socket.on(Readable.DATA, bytes -> {
            heard.add("on the loop " + socket.loop().inLoop());
        });
        // end
        assertEquals("secure true", heard.poll(10, TimeUnit.SECONDS));
        assertEquals("on the loop true", heard.poll(10, TimeUnit.SECONDS));
        socket.end();
        await(server.closeAsync());
    }

    @Test
    void certificatesAreAlsoThoseOfTheJdk() throws Exception {
        TLSServer server = TLS.createServer(serverOptions(), socket -> socket.end());
        await(server.listenAsync(0, "127.0.0.1"));
        ConnectOptions options = clientOptions(server);
        X509Certificate peer = onLoop(done -> {
            TLSSocket socket = TLS.connect(options);
            socket.on(TLSSocket.SECURE_CONNECT, () -> {
                // snippet: x509
                X509Certificate certificate = socket.getPeerX509Certificate();
                // end
                done.complete(certificate);
                socket.resume().end();
            });
        });
        assertEquals(
                "CN=localhost,O=Securepair tests,C=XX",
                peer.getSubjectX500Principal().getName());
        await(server.closeAsync());
    }

    @Test
    void theHandlerOfAGroupEndsTheConnectionThatFailed() throws Exception {
        LinkedBlockingQueue<Throwable> caught = new LinkedBlockingQueue<>();
        EventLoopGroup loops = EventLoop.group(2);
        // snippet: uncaught-from
        loops.onUncaughtExceptionFrom((source, error) -> {
            caught.add(error);
            if (source instanceof Socket socket) {
                socket.destroy();
            }
        });
        // end
        TLSServer server = TLS.createServer(serverOptions().loops(loops), socket -> {
            throw new IllegalStateException("my mistake");
        });
        await(server.listenAsync(0, "127.0.0.1"));
        TLS.connect(clientOptions(server), socket -> {
            socket.on(EventEmitter.ERROR, error -> {});
            socket.resume();
        });
        assertEquals("my mistake", caught.take().getMessage());
        await(server.closeAsync());
        loops.close();
        await(loops.closed());
    }

    @Test
    void whatAListenerThrowsGoesToTheHandler() throws Exception {
        LinkedBlockingQueue<Throwable> caught = new LinkedBlockingQueue<>();
        EventLoop loop = loop();
        // snippet: uncaught
        loop.onUncaughtException(error -> caught.add(error));
        // end
        TLSServer server = TLS.createServer(serverOptions(), socket -> {
            socket.on(Readable.DATA, bytes -> {
                throw new IllegalStateException("my mistake");
            });
        });
        await(server.listenAsync(0, "127.0.0.1"));
        TLSSocket client = onLoop(done -> {
            TLSSocket socket = TLS.connect(clientOptions(server));
            socket.on(TLSSocket.SECURE_CONNECT, () -> {
                socket.write("x");
                done.complete(socket);
            });
        });
        assertEquals("my mistake", caught.poll(10, TimeUnit.SECONDS).getMessage());
        assertFalse(loop.inLoop());
        client.resume();
        client.end();
        await(server.closeAsync());
    }

    @Test
    void aFutureThatRunsOutOfTimeEndsTheConnection() throws Exception {
        TLSServer server = TLS.createServer(serverOptions());
        await(server.listenAsync(0, "127.0.0.1"));
        ConnectOptions options = clientOptions(server);
        // snippet: timeout
        try (TLSSocket socket =
                TLS.connectAsync(options).orTimeout(10, TimeUnit.SECONDS).get()) {
            assertTrue(socket.authorized());
        }
        // end
        await(server.closeAsync());
    }

    @Test
    void keyStoresGoInAndCertificatesComeOut() throws Exception {
        KeyStore keyStore = KeyStore.getInstance(file("client.pfx").toFile(), password());
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        try (InputStream in = Files.newInputStream(file("ca1-cert.pem"))) {
            trust.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path trustFile = Files.createTempFile("trust", ".p12");
        try (OutputStream out = Files.newOutputStream(trustFile)) {
            trust.store(out, password());
        }
        char[] password = password();
        // snippet: keystores
        ConnectOptions options = new ConnectOptions()
                .keyStore(keyStore, password) // or with the aliases of the keys
                .trustStore(trustFile, password); // JKS or PKCS#12
        // end
        // snippet: trustout
        try (SecureContext context = TLS.createSecureContext(options)) {
            X509Certificate own = context.certificate();
            KeyStore trusted = context.trustStore();
            // end
            assertTrue(own.getSubjectX500Principal().getName().contains("CN=client one"));
            assertEquals(1, trusted.size());
        } finally {
            Files.delete(trustFile);
        }
    }

    @Test
    void opensslFindsKeysItself() {
        Path key = file("server-ecdsa-key-encrypted.pem");
        Path certificate = file("server-ecdsa-cert.pem");
        // snippet: store
        ServerOptions options = new ServerOptions()
                .key(StoreURI.of(key.toUri().toString(), "passphrase"))
                .cert(StoreURI.of(certificate.toUri().toString()));
        // end
        try (SecureContext context = TLS.createSecureContext(options)) {
            assertEquals(1, context.chain().size());
        }
    }

    private static char[] password() {
        return "passphrase".toCharArray();
    }
}
