package io.github.securepair.openssl;

import static io.github.securepair.openssl.Crypto.*;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.openssl.types.EVP_PKEY;
import io.github.securepair.openssl.types.EVP_PKEY_CTX;
import io.github.securepair.openssl.types.GENERAL_NAME;
import io.github.securepair.openssl.types.OCSP_CERTID;
import io.github.securepair.openssl.types.OCSP_REQUEST;
import io.github.securepair.openssl.types.PKCS12;
import io.github.securepair.openssl.types.STACK_OF_GENERAL_NAME;
import io.github.securepair.openssl.types.STACK_OF_X509;
import io.github.securepair.openssl.types.X509;
import io.github.securepair.openssl.types.X509_STORE;
import io.github.securepair.openssl.types.X509_STORE_CTX;

import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

class RawCertificateTest {
    @Test
    void aCertificateMadeRawIsWhatTheJdkReads() throws Exception {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            X509Certificate read = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(der(identity.certificate())));

            assertEquals("CN=raw.test", read.getSubjectX500Principal().getName());
            assertEquals("CN=Test CA", read.getIssuerX500Principal().getName());
            assertEquals(
                    List.of(List.of(2, "raw.test")),
                    List.copyOf(read.getSubjectAlternativeNames()));
            read.verify(((X509Certificate) CertificateFactory.getInstance("X.509")
                            .generateCertificate(
                                    new ByteArrayInputStream(der(authority.certificate()))))
                    .getPublicKey());
        }
    }

    @Test
    void derGoesInAndOutAsByteArrays() {
        try (Raw.Identity authority = Raw.authority("Test CA")) {
            byte[] der = der(authority.certificate());
            X509 copy = d2i_X509(null, der, der.length);
            assertArrayEquals(der, der(copy));
            X509_free(copy);
            assertNull(d2i_X509(null, new byte[] {1, 2, 3}, 3));
            ERR_clear_error();
        }
    }

    @Test
    void aStoreVerifiesAChainThatCameInATypedStack() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            STACK_OF_X509 untrusted = sk_X509_new_null();
            X509_up_ref(authority.certificate());
            assertEquals(1, sk_X509_push(untrusted, authority.certificate()));
            X509_STORE store = X509_STORE_new();
            X509_STORE_CTX context = X509_STORE_CTX_new();
            Raw.ok(X509_STORE_CTX_init(context, store, identity.certificate(), untrusted));
            assertEquals(0, X509_verify_cert(context));
            assertEquals(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_STORE_CTX_get_error(context));
            X509_STORE_CTX_cleanup(context);
            Raw.ok(X509_STORE_add_cert(store, authority.certificate()));
            Raw.ok(X509_STORE_CTX_init(context, store, identity.certificate(), untrusted));
            assertEquals(1, X509_verify_cert(context));
            assertEquals(2, sk_X509_num(X509_STORE_CTX_get0_chain(context)));
            X509_STORE_CTX_free(context);
            X509_STORE_free(store);
            sk_X509_pop_free(untrusted);
            ERR_clear_error();
        }
    }

    @Test
    void fieldsOfAPublicStructAreRead() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            var names = new STACK_OF_GENERAL_NAME(X509_get_ext_d2i(
                    identity.certificate(), NID_subject_alt_name, (int[]) null, null));
            assertEquals(1, sk_GENERAL_NAME_num(names));
            GENERAL_NAME name = sk_GENERAL_NAME_value(names, 0);
            assertEquals(GEN_DNS, name.type());
            int length = ASN1_STRING_length(name.d_dNSName());
            assertEquals(
                    "raw.test",
                    new String(Raw.bytes(ASN1_STRING_get0_data(name.d_dNSName()), length)));
            sk_GENERAL_NAME_pop_free(names);
        }
    }

    @Test
    void aPlaceIsEmptyWhateverTheHeapHeldBefore() {
        for (int i = 0; i < 1000; i++) {
            try (PointerPointer<EVP_PKEY> used = new PointerPointer<>(1)) {
                used.put(0, used);
            }
            try (PointerPointer<EVP_PKEY> place = Place.empty()) {
                assertNull(place.get(EVP_PKEY.class, 0));
            }
        }
        try (PointerPointer<EVP_PKEY> place = Place.empty()) {
            EVP_PKEY_CTX context = EVP_PKEY_CTX_new_from_name(null, "X25519", (String) null);
            Raw.ok(EVP_PKEY_keygen_init(context));
            Raw.ok(EVP_PKEY_generate(context, place));
            EVP_PKEY key = place.get(EVP_PKEY.class, 0);
            assertEquals(253, EVP_PKEY_get_bits(key));
            EVP_PKEY_free(key);
            EVP_PKEY_CTX_free(context);
        }
        try (Raw.Identity authority = Raw.authority("Test CA");
                PointerPointer<X509> place = Place.of(authority.certificate())) {
            assertEquals(0, X509_cmp(authority.certificate(), place.get(X509.class, 0)));
        }
    }

    @Test
    void aPkcs12FileGivesBackKeyAndCertificate() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                PointerPointer<EVP_PKEY> key = Place.empty();
                PointerPointer<X509> certificate = Place.empty()) {
            PKCS12 file = PKCS12_create(
                    "sesame",
                    "name",
                    authority.key(),
                    authority.certificate(),
                    null,
                    0,
                    0,
                    0,
                    0,
                    0);
            assertNotNull(file, Raw::error);
            assertEquals(0, PKCS12_parse(file, "wrong", key, certificate, null));
            assertEquals(PKCS12_R_MAC_VERIFY_FAILURE, ERR_GET_REASON(ERR_get_error()));
            assertEquals(1, PKCS12_parse(file, "sesame", key, certificate, null));
            EVP_PKEY foundKey = key.get(EVP_PKEY.class, 0);
            X509 found = certificate.get(X509.class, 0);
            assertEquals(1, EVP_PKEY_eq(authority.key(), foundKey));
            assertEquals(0, X509_cmp(authority.certificate(), found));
            EVP_PKEY_free(foundKey);
            X509_free(found);
            PKCS12_free(file);
        }
    }

    @Test
    void anOcspRequestAsksForTheCertificate() {
        try (Raw.Identity authority = Raw.authority("Test CA");
                Raw.Identity identity = Raw.server(authority, "raw.test")) {
            OCSP_CERTID id =
                    OCSP_cert_to_id(EVP_sha1(), identity.certificate(), authority.certificate());
            OCSP_REQUEST request = OCSP_REQUEST_new();
            assertNotNull(OCSP_request_add0_id(request, id));
            byte[] der = new byte[i2d_OCSP_REQUEST(request)];
            assertEquals(der.length, i2d_OCSP_REQUEST(request, der));
            OCSP_REQUEST_free(request);
            OCSP_REQUEST copy = d2i_OCSP_REQUEST(null, der, der.length);
            assertEquals(1, OCSP_request_onereq_count(copy));
            OCSP_REQUEST_free(copy);
        }
    }

    private static byte[] der(X509 certificate) {
        byte[] der = new byte[i2d_X509(certificate)];
        assertTrue(der.length > 100);
        assertEquals(der.length, i2d_X509(certificate, der));
        return der;
    }
}
