package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** docs/guide/ocsp-stapling.md */
class OCSPGuideTest extends Guide {
    /** What the server's program asks its CA; here the answer is in a file. */
    private static CompletableFuture<byte[]> askTheCa(byte[] certificate, byte[] issuer) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readAllBytes(file("server-rsa-ocsp.der"));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    private static TLSServer stapling() throws Exception {
        ServerOptions options = serverOptions().ca(file("ca1-cert.pem"));
        // snippet: server
        TLSServer server = TLS.createServer(options, socket -> socket.end("hello\n"));
        server.on(
                TLSServer.OCSP_REQUEST,
                (certificate, issuer, callback) -> askTheCa(certificate, issuer)
                        .whenComplete((response, error) -> callback.done(error, response)));
        // end
        onLoop(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        return server;
    }

    private static void close(TLSServer server) throws Exception {
        onLoop(done -> server.close(error -> done.complete(null)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void theClientIsGivenTheStapleBeforeItIsSecure(String version) throws Exception {
        TLSServer server = stapling();
        ConnectOptions options = clientOptions(server).maxVersion(version);
        byte[] staple = onLoop(done -> {
            // snippet: client
            TLS.connect(options.requestOCSP(true), socket -> {
                socket.on(TLSSocket.OCSP_RESPONSE, response -> {
                    if (response == null && !socket.isSessionReused()) {
                        socket.destroy(new IOException("the server stapled nothing"));
                    }
                    // end
                    done.complete(response);
                });
                socket.on(TLSSocket.SECURE_CONNECT, () -> socket.resume().end());
            });
        });
        assertArrayEquals(Files.readAllBytes(file("server-rsa-ocsp.der")), staple);
        close(server);
    }

    @Test
    void aClientCanInsistOnAStaple() throws Exception {
        TLSServer server = TLS.createServer(serverOptions());
        onLoop(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        ConnectOptions options = clientOptions(server);
        String message = onLoop(done -> {
            TLSSocket socket = TLS.connect(options.requestOCSP(true));
            socket.on(TLSSocket.OCSP_RESPONSE, response -> {
                if (response == null && !socket.isSessionReused()) {
                    socket.destroy(new IOException("the server stapled nothing"));
                }
            });
            socket.on(EventEmitter.ERROR, error -> done.complete(error.getMessage()));
        });
        assertEquals("the server stapled nothing", message);
        close(server);
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2, staple", "TLSv1.3, staple none"})
    void aResumedSessionHasNoStaple(String version, String expected) throws Exception {
        TLSServer server = stapling();
        int[] asked = {0};
        server.on(TLSServer.OCSP_REQUEST, (certificate, issuer, callback) -> asked[0]++);
        List<String> told = new ArrayList<>();
        byte[][] session = {null};
        for (int i = 0; i < 2; i++) {
            boolean again = i == 1;
            ConnectOptions options =
                    clientOptions(server).requestOCSP(true).maxVersion(version).session(session[0]);
            onLoop(done -> {
                TLSSocket socket = TLS.connect(options);
                socket.resume();
                socket.on(TLSSocket.OCSP_RESPONSE, response -> {
                    assertEquals(again, socket.isSessionReused());
                    told.add(response == null ? "none" : "staple");
                });
                socket.on(TLSSocket.SESSION, newest -> session[0] = newest);
                socket.on("close", args -> done.complete(null));
            });
        }
        assertEquals(1, asked[0]);
        assertEquals(expected, String.join(" ", told));
        close(server);
    }

    private static X509Certificate certificate(String name) throws Exception {
        try (InputStream in = Files.newInputStream(file(name))) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** Whether the staple says that the certificate is good, by the JDK. */
    // snippet: verify
    static void requireGood(X509Certificate certificate, X509Certificate ca, byte[] staple)
            throws Exception {
        CertPath path =
                CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOcspResponses(Map.of(certificate, staple));
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
        parameters.addCertPathChecker(checker);
        validator.validate(path, parameters);
    }
    // end

    @Test
    void theJdkVerifiesTheStaple() throws Exception {
        TLSServer server = stapling();
        ConnectOptions options = clientOptions(server).requestOCSP(true);
        X509Certificate ca = certificate("ca1-cert.pem");
        String outcome = onLoop(done -> {
            TLSSocket socket = TLS.connect(options);
            // snippet: refuse
            socket.on(TLSSocket.OCSP_RESPONSE, response -> {
                if (socket.isSessionReused()) {
                    return;
                }
                try {
                    requireGood(socket.getPeerX509Certificate(), ca, response);
                } catch (Exception notGood) {
                    socket.destroy(notGood);
                }
            });
            // end
            socket.on(TLSSocket.SECURE_CONNECT, () -> {
                done.complete("secure");
                socket.resume().end();
            });
            socket.on(EventEmitter.ERROR, error -> done.complete(error.toString()));
        });
        assertEquals("secure", outcome);
        close(server);
    }

    @Test
    void aRevokedCertificateIsNotGood() throws Exception {
        byte[] staple = Files.readAllBytes(file("server-revoked-ocsp.der"));
        X509Certificate revoked = certificate("server-revoked-cert.pem");
        X509Certificate ca = certificate("ca1-cert.pem");
        CertPathValidatorException refused = org.junit.jupiter.api.Assertions.assertThrows(
                CertPathValidatorException.class, () -> requireGood(revoked, ca, staple));
        assertEquals(CertPathValidatorException.BasicReason.REVOKED, refused.getReason());
    }
}
