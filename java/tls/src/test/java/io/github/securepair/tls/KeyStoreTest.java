package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * The JDK's keys, certificates and key stores go into contexts, and certificates are read from
 * them.
 */
class KeyStoreTest extends LoopTest {
    private static final char[] PASSWORD = "passphrase".toCharArray();

    @TempDir
    Path folder;

    private static X509Certificate certificate(String name) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(ScenarioRun.file(name)));
    }

    /** The key store of a .pfx fixture. */
    private static KeyStore pfx(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(ScenarioRun.file(name + ".pfx")), PASSWORD);
        return store;
    }

    private static PrivateKey key(String name) throws Exception {
        KeyStore store = pfx(name);
        return (PrivateKey) store.getKey(store.aliases().nextElement(), PASSWORD);
    }

    /** A store with the key of a server, one of a client, and the certificates they trust. */
    private static KeyStore everything(String type) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        store.setCertificateEntry("authority", certificate("ca1-cert.pem"));
        for (String name : List.of("server-rsa", "server-ecdsa", "client")) {
            store.setKeyEntry(
                    name, key(name), PASSWORD, new Certificate[] {certificate(name + "-cert.pem")});
        }
        return store;
    }

    private Path file(String type) throws Exception {
        Path file = folder.resolve("store");
        try (OutputStream out = Files.newOutputStream(file)) {
            everything(type).store(out, PASSWORD);
        }
        return file;
    }

    private TLSServer echo(ServerOptions options, CompletableFuture<String> client)
            throws Exception {
        return run(done -> {
            TLSServer made = TLS.createServer(options.loop(loop), socket -> {
                client.complete(socket.authorized() + " "
                        + (socket.getPeerCertificate().isEmpty()
                                ? "nobody"
                                : commonName(socket.getPeerCertificate())));
                socket.on(EventEmitter.ERROR, error -> {});
                socket.pipe(socket);
            });
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
    }

    private String ask(ConnectOptions options) throws Exception {
        return run(done -> {
            StringBuilder heard = new StringBuilder();
            TLSSocket client = TLS.connect(options);
            client.setEncoding("utf8");
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                heard.append(client.authorized())
                        .append(' ')
                        .append(client.getPeerX509Certificate().getPublicKey().getAlgorithm())
                        .append(' ');
                client.write("hello\n");
            });
            client.on(Readable.TEXT, text -> {
                heard.append(text);
                client.end();
            });
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> done.complete(heard.toString()));
        });
    }

    private void close(TLSServer server) throws Exception {
        run(done -> server.close(error -> done.complete(null)));
    }

    private static ConnectOptions to(int port) {
        return new ConnectOptions().loop(loop).host("127.0.0.1").port(port).servername("localhost");
    }

    @ParameterizedTest
    @CsvSource({"JKS, server-rsa, RSA", "PKCS12, server-ecdsa, EC"})
    void aStoreOfTheJdkMakesBothEnds(String type, String alias, String algorithm) throws Exception {
        KeyStore store = everything(type);
        CompletableFuture<String> client = new CompletableFuture<>();
        TLSServer server = echo(
                new ServerOptions()
                        .keyStore(store, PASSWORD, alias)
                        .trustStore(store)
                        .requestCert(true),
                client);
        assertEquals(
                "true " + algorithm + " hello\n",
                ask(to(server.address().port())
                        .keyStore(store, PASSWORD, "client")
                        .trustStore(store)));
        assertEquals("true client one", client.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"JKS", "PKCS12"})
    void filesAreReadWhateverTheirType(String type) throws Exception {
        Path file = file(type);
        CompletableFuture<String> client = new CompletableFuture<>();
        TLSServer server = echo(
                new ServerOptions()
                        .keyStore(file, PASSWORD, "server-rsa", "server-ecdsa")
                        .trustStore(file, PASSWORD)
                        .requestCert(true),
                client);
        for (String[] each : new String[][] {
            {"ECDHE-RSA-AES128-GCM-SHA256", "RSA"}, {"ECDHE-ECDSA-AES128-GCM-SHA256", "EC"}
        }) {
            assertEquals(
                    "true " + each[1] + " hello\n",
                    ask(to(server.address().port())
                            .maxVersion("TLSv1.2")
                            .ciphers(each[0])
                            .keyStore(file, PASSWORD, "client")
                            .trustStore(file, PASSWORD)));
        }
        assertEquals("true client one", client.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @Test
    void withoutAnAliasTheFirstKeyIsTaken() throws Exception {
        try (SecureContext context = TLS.createSecureContext(
                new SecureContextOptions().keyStore(pfx("server-intermediate"), PASSWORD))) {
            assertEquals(
                    List.of(
                            certificate("server-intermediate-cert.pem"),
                            certificate("intermediate-cert.pem")),
                    context.chain().subList(0, 2));
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("authority", certificate("ca1-cert.pem"));
        store.setKeyEntry("server", key("server-rsa"), PASSWORD, new Certificate[] {
            certificate("server-rsa-cert.pem")
        });
        assertEquals("authority", store.aliases().nextElement());
        try (SecureContext context =
                TLS.createSecureContext(new SecureContextOptions().keyStore(store, PASSWORD))) {
            assertEquals(certificate("server-rsa-cert.pem"), context.certificate());
        }
    }

    @Test
    void keysAndCertificatesOfTheJdkAreTakenAsTheyAre() throws Exception {
        CompletableFuture<String> client = new CompletableFuture<>();
        TLSServer server = echo(
                new ServerOptions()
                        .key(key("server-intermediate"))
                        .cert(
                                certificate("server-intermediate-cert.pem"),
                                certificate("intermediate-cert.pem"))
                        .ca(certificate("ca1-cert.pem")),
                client);
        assertEquals(
                "true EC hello\n",
                ask(to(server.address().port())
                        .key(List.of(key("client")))
                        .cert(List.of(certificate("client-cert.pem")))
                        .ca(List.of(certificate("ca2-cert.pem"), certificate("ca1-cert.pem")))));
        close(server);
        SecureContextOptions options = new SecureContextOptions().cert(certificate("ca1-cert.pem"));
        assertFalse(options.cert((X509Certificate) null).has("cert"));
    }

    @Test
    void certificatesComeOutAsThoseOfTheJdk() throws Exception {
        KeyStore store = everything("PKCS12");
        try (SecureContext context = TLS.createSecureContext(new SecureContextOptions()
                .keyStore(store, PASSWORD, "server-rsa")
                .trustStore(store))) {
            assertEquals(certificate("server-rsa-cert.pem"), context.certificate());
            assertEquals(List.of(certificate("server-rsa-cert.pem")), context.chain());
            assertEquals(List.of(certificate("ca1-cert.pem")), context.trusted());
            KeyStore out = context.trustStore();
            assertEquals(1, out.size());
            assertEquals(certificate("ca1-cert.pem"), out.getCertificate("ca1"));
            assertNotSame(out, context.trustStore());
        }
        try (SecureContext context = TLS.createSecureContext(
                new SecureContextOptions().ca(certificate("ca1-cert.pem")))) {
            assertNull(context.certificate());
            assertEquals(List.of(), context.chain());
        }
    }

    @Test
    void whatComesOutIsTheTrustOfAClientOfTheJdk() throws Exception {
        KeyStore store = everything("PKCS12");
        CompletableFuture<String> peer = new CompletableFuture<>();
        ServerOptions options = new ServerOptions()
                .keyStore(store, PASSWORD, "server-rsa")
                .trustStore(store)
                .requestCert(true);
        TLSServer server = echo(options, peer);
        KeyStore trust;
        try (SecureContext context = TLS.createSecureContext(options)) {
            trust = context.trustStore();
        }
        try (SSLSocket client = (SSLSocket) jsse(only(store, "client"), trust)
                .getSocketFactory()
                .createSocket("127.0.0.1", server.address().port())) {
            client.setSoTimeout(20_000);
            client.startHandshake();
            client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            assertEquals(
                    "hello",
                    new String(client.getInputStream().readNBytes(5), StandardCharsets.US_ASCII));
        }
        assertEquals("true client one", peer.get(SECONDS, TimeUnit.SECONDS));
        close(server);
    }

    @Test
    void aServerOfTheJdkWithTheSameStoreKnowsOurClient() throws Exception {
        KeyStore store = everything("JKS");
        try (SSLServerSocket listener = (SSLServerSocket) jsse(only(store, "server-rsa"), store)
                .getServerSocketFactory()
                .createServerSocket(0)) {
            listener.setNeedClientAuth(true);
            CompletableFuture<String> peer = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    byte[] line = socket.getInputStream().readNBytes(6);
                    socket.getOutputStream().write(line);
                    peer.complete(socket.getSession().getPeerPrincipal().getName());
                    socket.getInputStream().read();
                } catch (java.io.IOException e) {
                    peer.completeExceptionally(e);
                }
            });
            thread.start();
            assertEquals(
                    "true RSA hello\n",
                    ask(to(listener.getLocalPort())
                            .keyStore(store, PASSWORD, "client")
                            .trustStore(store)));
            assertTrue(peer.get(SECONDS, TimeUnit.SECONDS).contains("CN=client one"));
            thread.join(20_000);
        }
    }

    @Test
    void anOpensslServerAndClientMeetTheStoreToo() throws Exception {
        KeyStore store = everything("PKCS12");
        try (Peer server = Peer.opensslServer(
                "server-rsa",
                "-rev",
                "-CAfile",
                fixture("ca1-cert.pem").toString(),
                "-Verify",
                "3",
                "-verify_return_error")) {
            assertEquals(
                    "true RSA olleh\n",
                    ask(to(server.opensslPort())
                            .keyStore(store, PASSWORD, "client")
                            .trustStore(store)));
        }
        TLSServer server = echo(
                new ServerOptions().keyStore(store, PASSWORD, "server-ecdsa"),
                new CompletableFuture<>());
        try (Peer client = Peer.opensslClient(server.address().port(), "-ign_eof")) {
            client.await("Verify return code: 0 \\(ok\\)");
        }
        close(server);
    }

    @Test
    void thePasswordIsNotKept() throws Exception {
        char[] password = PASSWORD.clone();
        SecureContextOptions options = new SecureContextOptions()
                .keyStore(everything("PKCS12"), password, "server-rsa")
                .trustStore(file("JKS"), password);
        assertArrayEquals(PASSWORD, password);
        Arrays.fill(password, '\0');
        assertEquals(java.util.Set.of("key", "cert", "ca"), options.asMap().keySet());
        TLS.createSecureContext(options).close();
    }

    @Test
    void whatAStoreHasNotIsRefusedAtTheCall() throws Exception {
        KeyStore store = everything("PKCS12");
        KeyStore empty = KeyStore.getInstance("PKCS12");
        KeyStore unloaded = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        SecureContextOptions options = new SecureContextOptions();
        List<String> said = new ArrayList<>();
        for (Runnable each : List.<Runnable>of(
                () -> options.keyStore(store, PASSWORD, "nobody"),
                () -> options.keyStore(store, PASSWORD, "authority"),
                () -> options.keyStore(store, "wrong".toCharArray(), "client"),
                () -> options.keyStore(empty, PASSWORD),
                () -> options.keyStore(unloaded, PASSWORD),
                () -> options.trustStore(empty),
                () -> options.trustStore(unloaded))) {
            SecureContextException refused = assertThrows(SecureContextException.class, each::run);
            assertEquals("ERR_CRYPTO_OPERATION_FAILED", refused.code());
            said.add(refused.getMessage());
        }
        assertEquals(
                List.of(
                        "The key store has no private key named nobody",
                        "The key store has no private key named authority",
                        "The key client of the key store cannot be opened",
                        "The key store has no private key",
                        "The key store was never loaded",
                        "The key store has no trusted certificate",
                        "The key store was never loaded"),
                said);
        assertTrue(options.asMap().isEmpty());
        assertThrows(ArgumentException.class, () -> options.keyStore((KeyStore) null, PASSWORD));
        assertThrows(ArgumentException.class, () -> options.trustStore((KeyStore) null));
    }

    @Test
    void filesThatAreNoStoresAreRefusedAtTheCall() throws Exception {
        SecureContextOptions options = new SecureContextOptions();
        Path none = folder.resolve("none");
        assertThrows(UncheckedIOException.class, () -> options.trustStore(none, PASSWORD));
        for (String type : List.of("JKS", "PKCS12")) {
            Path file = file(type);
            SecureContextException wrong = assertThrows(
                    SecureContextException.class,
                    () -> options.trustStore(file, "wrong".toCharArray()));
            assertEquals("The password of the key store " + file + " is wrong", wrong.getMessage());
        }
        SecureContextException garbage = assertThrows(
                SecureContextException.class,
                () -> options.keyStore(fixture("ca1-cert.pem"), PASSWORD));
        assertTrue(garbage.getMessage().endsWith("cannot be read"), garbage.getMessage());
    }

    @Test
    void aKeyThatStaysInItsDeviceIsRefusedWithAHint() throws Exception {
        PrivateKey inDevice = new PrivateKey() {
            @Override
            public String getAlgorithm() {
                return "RSA";
            }

            @Override
            public String getFormat() {
                return null;
            }

            @Override
            public byte[] getEncoded() {
                return null;
            }
        };
        SecureContextException refused = assertThrows(
                SecureContextException.class,
                () -> TLS.createSecureContext(new SecureContextOptions()
                        .key(inDevice)
                        .cert(certificate("server-rsa-cert.pem"))));
        assertEquals("ERR_CRYPTO_UNSUPPORTED_OPERATION", refused.code());
        assertTrue(refused.getMessage().contains("StoreURI"), refused.getMessage());
    }

    @Test
    void aKeyThatDoesNotFitIsRefusedAsAlways() throws Exception {
        SecureContextException refused = assertThrows(
                SecureContextException.class,
                () -> TLS.createSecureContext(new SecureContextOptions()
                        .key(key("server-intermediate"))
                        .cert(certificate("server-ecdsa-cert.pem"))));
        assertEquals("ERR_OSSL_X509_KEY_VALUES_MISMATCH", refused.code());
    }

    private static KeyStore only(KeyStore from, String alias) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                alias, from.getKey(alias, PASSWORD), PASSWORD, from.getCertificateChain(alias));
        return store;
    }

    private static SSLContext jsse(KeyStore keys, KeyStore trust) throws Exception {
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        TrustManagerFactory trusts =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusts.init(trust);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), trusts.getTrustManagers(), null);
        return context;
    }
}
