package io.github.securepair.openssl;

import static io.github.securepair.openssl.Crypto.*;
import static io.github.securepair.openssl.Ssl.*;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.openssl.types.EVP_PKEY;
import io.github.securepair.openssl.types.SSL;
import io.github.securepair.openssl.types.SSL_CTX;
import io.github.securepair.openssl.types.SSL_SESSION;
import io.github.securepair.openssl.types.X509;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

class RawHandshakeTest {
    @Test
    void aWholeHandshakeWithVerificationAlpnAndKeyLogTakesNothingButRawFunctions() {
        List<String> lines = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            SSL_CTX serverContext = Raw.serverContext(identity);
            SSL_CTX clientContext = Raw.clientContext(authority);
            byte[] alpn = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
            assertEquals(0, SSL_CTX_set_alpn_protos(clientContext, alpn, alpn.length));
            ContextCallbacks server =
                    ContextCallbacks.on(serverContext).alpnSelect((ssl, offered) -> offered.get(1));
            ContextCallbacks client = ContextCallbacks.on(clientContext)
                    .keyLog((ssl, line) -> lines.add(line))
                    .verify((preverified, store, ssl) -> {
                        seen.add(Raw.fingerprint(X509_STORE_CTX_get_current_cert(store)));
                        return preverified;
                    });
            try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
                Raw.ok(SSL_set1_host(pair.client, "raw.test"));
                Raw.ok((int) SSL_set_tlsext_host_name(pair.client, "raw.test"));

                assertTrue(pair.handshake());

                assertEquals(TLS1_3_VERSION, SSL_version(pair.client));
                assertEquals(X509_V_OK, SSL_get_verify_result(pair.client));
                assertEquals(
                        List.of(
                                Raw.fingerprint(authority.certificate()),
                                Raw.fingerprint(identity.certificate())),
                        seen);
                assertEquals("http/1.1", selected(pair.client));
                assertEquals(
                        "raw.test",
                        SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name)
                                .getString());
                assertTrue(
                        lines.stream()
                                .anyMatch(line -> line.startsWith("CLIENT_TRAFFIC_SECRET_0 ")),
                        "" + lines);
                byte[] question = "what time is it?".getBytes(StandardCharsets.UTF_8);
                byte[] answer = new byte[100_000];
                answer[99_999] = 7;
                assertArrayEquals(question, pair.send(pair.client, question));
                assertArrayEquals(answer, pair.send(pair.server, answer));
                assertNull(client.failure());
                assertNull(server.failure());
            } finally {
                SSL_CTX_free(clientContext);
                SSL_CTX_free(serverContext);
            }
        }
    }

    @Test
    void aCertificateOfAnotherAuthorityFailsWithItsVerifyCode() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity other = Raw.authority("Other CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            SSL_CTX serverContext = Raw.serverContext(identity);
            SSL_CTX clientContext = Raw.clientContext(other);
            try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
                assertFalse(pair.handshake());
                assertEquals(
                        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                        SSL_get_verify_result(pair.client));
            } finally {
                SSL_CTX_free(clientContext);
                SSL_CTX_free(serverContext);
            }
        }
    }

    @Test
    void aSessionSavedAsBytesIsResumed() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            SSL_CTX serverContext = Raw.serverContext(identity);
            SSL_CTX clientContext = Raw.clientContext(authority);
            SSL_CTX_set_session_cache_mode(clientContext, SSL_SESS_CACHE_CLIENT);
            List<byte[]> sessions = new ArrayList<>();
            ContextCallbacks callbacks = ContextCallbacks.on(clientContext)
                    .newSession((ssl, session) -> {
                        byte[] der = new byte[i2d_SSL_SESSION(session)];
                        i2d_SSL_SESSION(session, der);
                        return !sessions.add(der);
                    });
            try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
                assertTrue(pair.handshake());
                assertEquals(0, SSL_session_reused(pair.client));
                pair.send(pair.server, new byte[1]);
            }
            assertEquals(2, sessions.size(), () -> "tickets, " + callbacks.failure());
            try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
                SSL_SESSION session =
                        d2i_SSL_SESSION(null, sessions.get(1), sessions.get(1).length);
                Raw.ok(SSL_set_session(pair.client, session));
                SSL_SESSION_free(session);
                assertTrue(pair.handshake());
                assertEquals(1, SSL_session_reused(pair.client));
                assertEquals(1, SSL_session_reused(pair.server));
            }
            SSL_CTX_free(clientContext);
            SSL_CTX_free(serverContext);
        }
    }

    @Test
    void aServerStaplesAnAnswerThatTheClientJudges() {
        byte[] staple = "not really DER".getBytes(StandardCharsets.UTF_8);
        List<String> got = new ArrayList<>();
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            SSL_CTX serverContext = Raw.serverContext(identity);
            SSL_CTX clientContext = Raw.clientContext(authority);
            SSL_CTX_set_tlsext_status_type(clientContext, TLSEXT_STATUSTYPE_ocsp);
            ContextCallbacks.on(serverContext).status(ssl -> {
                BytePointer copy = new BytePointer(OPENSSL_malloc(staple.length));
                copy.put(staple);
                SSL_set_tlsext_status_ocsp_resp(ssl, copy, staple.length);
                return SSL_TLSEXT_ERR_OK;
            });
            ContextCallbacks.on(clientContext).status(ssl -> {
                try (PointerPointer<BytePointer> place = Place.empty()) {
                    int length = (int) SSL_get_tlsext_status_ocsp_resp(ssl, place);
                    got.add(new String(
                            Raw.bytes(place.get(BytePointer.class, 0), length),
                            StandardCharsets.UTF_8));
                }
                return 1;
            });
            try (Raw.Pair pair = new Raw.Pair(clientContext, serverContext)) {
                assertTrue(pair.handshake());
                assertEquals(List.of("not really DER"), got);
            } finally {
                SSL_CTX_free(clientContext);
                SSL_CTX_free(serverContext);
            }
        }
    }

    @Test
    void encryptedPemOpensWithItsPassphraseAndAsksNobodyWithoutOne() throws Exception {
        byte[] pem = Files.readAllBytes(Raw.fixtures().resolve("client-cert.pem"));
        var memory = BIO_new(BIO_s_mem());
        assertEquals(pem.length, BIO_write(memory, pem, pem.length));
        X509 certificate = PEM_read_bio_X509(memory, null, (String) null);
        assertEquals(2, X509_get_version(certificate));
        X509_free(certificate);
        EVP_PKEY key = EVP_EC_gen("P-256");
        Raw.ok(PEM_write_bio_PKCS8PrivateKey(
                memory, key, EVP_aes_256_cbc(), "sesame", 6, (String) null));
        var copy = BIO_new(BIO_s_mem());
        byte[] text = new byte[4096];
        int length = BIO_read(memory, text, text.length);
        BIO_write(copy, text, length);
        BIO_write(memory, text, length);
        assertNull(PEM_read_bio_PrivateKey(copy, null, (String) null));
        ERR_clear_error();
        EVP_PKEY read = PEM_read_bio_PrivateKey(memory, null, "sesame");
        assertEquals(1, EVP_PKEY_eq(key, read));
        EVP_PKEY_free(read);
        EVP_PKEY_free(key);
        BIO_free(copy);
        BIO_free(memory);
    }

    private static String selected(SSL ssl) {
        try (PointerPointer<BytePointer> place = Place.empty()) {
            int[] length = new int[1];
            SSL_get0_alpn_selected(ssl, place, length);
            return new String(
                    Raw.bytes(place.get(BytePointer.class, 0), length[0]), StandardCharsets.UTF_8);
        }
    }
}
