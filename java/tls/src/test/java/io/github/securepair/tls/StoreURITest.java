package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Keys and certificates that OpenSSL finds itself, and the providers that know how. */
class StoreURITest extends LoopTest {
    @TempDir
    Path folder;

    private static String uri(String file) {
        return fixture(file).toUri().toString();
    }

    private static SecureContextException refused(SecureContextOptions options) {
        return assertThrows(SecureContextException.class, () -> TLS.createSecureContext(options));
    }

    @ParameterizedTest
    @CsvSource({
        "server-rsa-key.pem, server-rsa-cert.pem, ",
        "server-rsa-key.pem, server-rsa-cert.der, ",
        "server-ecdsa-key-encrypted.pem, server-ecdsa-cert.pem, passphrase",
        "server-ecdsa-key-encrypted-traditional.pem, server-ecdsa-cert.pem, passphrase",
        "server-ecdsa.pfx, server-ecdsa.pfx, passphrase",
        "server-intermediate.pfx, server-intermediate.pfx, passphrase"
    })
    void bothEndsAreMadeOfFilesByUri(String key, String cert, String passphrase) throws Exception {
        ServerOptions options = new ServerOptions()
                .loop(loop)
                .key(StoreURI.of(uri(key), passphrase))
                .cert(StoreURI.of(uri(cert), passphrase));
        TLSServer server = run(done -> {
            TLSServer made = TLS.createServer(options, socket -> socket.end());
            made.listen(0, "127.0.0.1", () -> done.complete(made));
        });
        boolean authorized = run(done -> {
            TLSSocket client =
                    TLS.connect(clientOptions(server).ca(StoreURI.of(uri("ca1-cert.pem"))));
            client.on(TLSSocket.SECURE_CONNECT, () -> done.complete(client.authorized()));
            client.on(EventEmitter.ERROR, done::completeExceptionally);
            client.on(Socket.CLOSE, hadError -> done.completeExceptionally(new AssertionError()));
            client.resume();
        });
        assertTrue(authorized);
        run(done -> server.close(error -> done.complete(null)));
    }

    @Test
    void moreCertificatesAreTheChain() {
        try (SecureContext context = TLS.createSecureContext(new SecureContextOptions()
                .cert(List.of(StoreURI.of(uri("server-intermediate-fullchain.pem"))))
                .key(List.of(StoreURI.of(uri("server-intermediate-key.pem"))))
                .ca(List.of(StoreURI.of(uri("ca-bundle.pem")))))) {
            assertEquals(3, context.chain().size());
            assertEquals(2, context.trusted().size());
        }
    }

    @Test
    void thePassphraseOfTheOptionsIsUsedWhereThereIsNoOther() {
        SecureContextOptions options = new SecureContextOptions()
                .cert(StoreURI.of(uri("server-ecdsa-cert.pem")))
                .key(StoreURI.of(uri("server-ecdsa-key-encrypted.pem")))
                .passphrase("passphrase");
        TLS.createSecureContext(options).close();
        assertNotNull(
                refused(options.key(StoreURI.of(uri("server-ecdsa-key-encrypted.pem"), "wrong"))));
        assertNotNull(refused(
                options.key(StoreURI.of(uri("server-ecdsa-key-encrypted.pem"))).passphrase(null)));
    }

    @Test
    void whatIsNotThereIsRefused() throws Exception {
        String missing = folder.resolve("missing.pem").toUri().toString();
        SecureContextException noFile =
                refused(new SecureContextOptions().key(StoreURI.of(missing)));
        assertEquals("ERR_CRYPTO_OPERATION_FAILED", noFile.code());
        assertEquals("The store " + missing + " cannot be opened: errno 2", noFile.getMessage());
        SecureContextException unknown =
                refused(new SecureContextOptions().key(StoreURI.of("pkcs11:object=mine")));
        assertTrue(unknown.opensslErrorStack().toString().contains("STORE"), unknown.toString());
        Path pinned = Files.copy(
                fixture("server-rsa-cert.pem"), folder.resolve("cert.pem?pin-value=1234"));
        for (String each :
                List.of("file:" + pinned, uri("server-rsa-cert.pem") + "?pin-value=1234")) {
            SecureContextException noKey =
                    refused(new SecureContextOptions().key(StoreURI.of(each)));
            assertFalse(noKey.toString().contains("1234"));
        }
        for (StoreURI each : List.of(
                StoreURI.of(uri("server-rsa-key.pem") + "\0"),
                new StoreURI(uri("server-rsa-key.pem"), null, "provider=default\0"))) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> TLS.createSecureContext(new SecureContextOptions().key(each)));
        }
        for (SecureContextOptions options : List.of(
                new SecureContextOptions().key(StoreURI.of(uri("server-rsa-cert.pem"))),
                new SecureContextOptions().cert(StoreURI.of(uri("server-rsa-key.pem"))),
                new SecureContextOptions().ca(StoreURI.of(uri("server-rsa-key.pem"))))) {
            SecureContextException none = refused(options);
            assertEquals("ERR_CRYPTO_OPERATION_FAILED", none.code());
            assertTrue(none.getMessage().startsWith("There is no "), none.getMessage());
        }
    }

    @Test
    void aKeyThatDoesNotFitIsRefused() {
        assertEquals(
                "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
                refused(new SecureContextOptions()
                                .cert(StoreURI.of(uri("server-rsa-cert.pem")))
                                .key(StoreURI.of(uri("other-rsa-key.pem"))))
                        .code());
    }

    @Test
    void propertiesChooseTheProvider() {
        String key = uri("server-rsa-key.pem");
        TLS.createSecureContext(
                        new SecureContextOptions().key(new StoreURI(key, null, "provider=default")))
                .close();
        assertNotNull(refused(
                new SecureContextOptions().key(new StoreURI(key, null, "provider=pkcs11"))));
    }

    @Test
    void aStoreUriTellsNoSecret() {
        assertEquals(
                "StoreURI[pkcs11:object=a]",
                new StoreURI("pkcs11:object=a?pin-value=1234", "5678", "x=y").toString());
        assertThrows(NullPointerException.class, () -> StoreURI.of(null));
    }

    @Test
    void aProviderIsLoadedByItsName() {
        OpenSSL.loadProvider("base");
        OpenSSL.loadProvider("base");
        assertTrue(OpenSSL.hasProvider("base"));
        assertTrue(OpenSSL.hasProvider("default"));
        assertFalse(OpenSSL.hasProvider("no-such-provider"));
        TLS.createSecureContext(new SecureContextOptions()
                        .key(fixture("server-rsa-key.pem"))
                        .cert(fixture("server-rsa-cert.pem")))
                .close();
    }

    @Test
    void aProviderThatIsNotThereIsRefused() throws Exception {
        Path garbage = Files.writeString(folder.resolve("garbage.so"), "no library");
        for (String name : List.of(
                "no-such-provider", folder.resolve("none.so").toString(), garbage.toString())) {
            SecureContextException refused =
                    assertThrows(SecureContextException.class, () -> OpenSSL.loadProvider(name));
            assertTrue(
                    refused.opensslErrorStack().toString().contains("DSO support routines"),
                    refused.opensslErrorStack().toString());
        }
        assertThrows(NullPointerException.class, () -> OpenSSL.loadProvider(null));
    }
}
