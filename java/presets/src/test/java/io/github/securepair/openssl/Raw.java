package io.github.securepair.openssl;

import static io.github.securepair.openssl.Crypto.*;
import static io.github.securepair.openssl.Ssl.*;

import io.github.securepair.openssl.types.BIO;
import io.github.securepair.openssl.types.EVP_PKEY;
import io.github.securepair.openssl.types.SSL;
import io.github.securepair.openssl.types.SSL_CTX;
import io.github.securepair.openssl.types.X509;
import io.github.securepair.openssl.types.X509V3_CTX;
import io.github.securepair.openssl.types.X509_EXTENSION;
import io.github.securepair.openssl.types.X509_NAME;

import org.bytedeco.javacpp.BytePointer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * What the tests of the raw functions share: certificates and connections made with nothing else.
 */
final class Raw {
    private Raw() {}

    /** A key and its certificate; the caller's to free. */
    record Identity(EVP_PKEY key, X509 certificate) implements AutoCloseable {
        @Override
        public void close() {
            X509_free(certificate);
            EVP_PKEY_free(key);
        }
    }

    /** A self-signed authority. */
    static Identity authority(String name) {
        EVP_PKEY key = EVP_EC_gen("P-256");
        X509 certificate = unsigned(key, name, 1);
        ok(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)));
        extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
        extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
        ok(X509_sign(certificate, key, EVP_sha256()));
        return new Identity(key, certificate);
    }

    /** A server for one host name, signed by an authority. */
    static Identity server(Identity authority, String host) {
        EVP_PKEY key = EVP_EC_gen("P-256");
        X509 certificate = unsigned(key, host, 2);
        ok(X509_set_issuer_name(certificate, X509_get_subject_name(authority.certificate())));
        extend(certificate, authority.certificate(), NID_subject_alt_name, "DNS:" + host);
        ok(X509_sign(certificate, authority.key(), EVP_sha256()));
        return new Identity(key, certificate);
    }

    private static X509 unsigned(EVP_PKEY key, String name, int serial) {
        X509 certificate = X509_new();
        ok(X509_set_version(certificate, 2));
        ok(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial));
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
        ok(X509_set_pubkey(certificate, key));
        X509_NAME subject = X509_get_subject_name(certificate);
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        ok(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, text.length, -1, 0));
        return certificate;
    }

    private static void extend(X509 certificate, X509 issuer, int nid, String value) {
        try (X509V3_CTX context = new X509V3_CTX()) {
            X509V3_set_ctx(context, issuer, certificate, null, null, 0);
            X509_EXTENSION extension = X509V3_EXT_conf_nid(null, context, nid, value);
            ok(X509_add_ext(certificate, extension, -1));
            X509_EXTENSION_free(extension);
        }
    }

    static SSL_CTX serverContext(Identity identity) {
        SSL_CTX ctx = SSL_CTX_new(TLS_server_method());
        ok(SSL_CTX_use_certificate(ctx, identity.certificate()));
        ok(SSL_CTX_use_PrivateKey(ctx, identity.key()));
        return ctx;
    }

    static SSL_CTX clientContext(Identity trusted) {
        SSL_CTX ctx = SSL_CTX_new(TLS_client_method());
        ok(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), trusted.certificate()));
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER);
        return ctx;
    }

    /** Client and server of one connection, each on two memory BIOs. */
    static final class Pair implements AutoCloseable {
        final SSL client;
        final SSL server;

        Pair(SSL_CTX clientContext, SSL_CTX serverContext) {
            client = end(clientContext);
            server = end(serverContext);
            SSL_set_connect_state(client);
            SSL_set_accept_state(server);
        }

        private static SSL end(SSL_CTX ctx) {
            SSL ssl = SSL_new(ctx);
            SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
            BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
            return ssl;
        }

        /** Lets both ends work until nothing moves; true when both have finished the handshake. */
        boolean handshake() {
            for (int turn = 0; turn < 10; turn++) {
                SSL_do_handshake(client);
                move(client, server);
                SSL_do_handshake(server);
                move(server, client);
            }
            ERR_clear_error();
            return SSL_is_init_finished(client) == 1 && SSL_is_init_finished(server) == 1;
        }

        byte[] send(SSL from, byte[] data) {
            SSL to = from == client ? server : client;
            if (SSL_write(from, data, data.length) != data.length) {
                throw new IllegalStateException("SSL_write: " + error());
            }
            move(from, to);
            ByteArrayOutputStream got = new ByteArrayOutputStream();
            byte[] chunk = new byte[4096];
            for (int n; (n = SSL_read(to, chunk, chunk.length)) > 0; ) {
                got.write(chunk, 0, n);
            }
            ERR_clear_error();
            return got.toByteArray();
        }

        private static void move(SSL from, SSL to) {
            BIO out = SSL_get_wbio(from);
            byte[] chunk = new byte[16384];
            for (int n; (n = BIO_read(out, chunk, chunk.length)) > 0; ) {
                if (BIO_write(SSL_get_rbio(to), chunk, n) != n) {
                    throw new IllegalStateException("BIO_write");
                }
            }
        }

        @Override
        public void close() {
            SSL_free(client);
            SSL_free(server);
        }
    }

    static void ok(int result) {
        if (result <= 0) {
            throw new IllegalStateException(error());
        }
    }

    /** The oldest entry of the error queue, which is emptied. */
    static String error() {
        byte[] text = new byte[256];
        ERR_error_string_n(ERR_get_error(), text, text.length);
        ERR_clear_error();
        return new String(text, StandardCharsets.US_ASCII).trim();
    }

    /** An EVP_MD's digest of the whole certificate, in hex. */
    static String fingerprint(X509 certificate) {
        byte[] digest = new byte[EVP_MAX_MD_SIZE];
        int[] length = new int[1];
        ok(X509_digest(certificate, EVP_sha256(), digest, length));
        StringBuilder hex = new StringBuilder();
        for (int i = 0; i < length[0]; i++) {
            hex.append(String.format("%02x", digest[i]));
        }
        return hex.toString();
    }

    static byte[] bytes(BytePointer pointer, int length) {
        byte[] bytes = new byte[length];
        pointer.get(bytes);
        return bytes;
    }

    static Path fixtures() {
        return Path.of(System.getProperty("securepair.fixtures"));
    }
}
