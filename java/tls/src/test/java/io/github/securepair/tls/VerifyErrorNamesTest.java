package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.openssl.Glue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The codes of verification errors are Node's, and stay its whatever OpenSSL says about them. */
class VerifyErrorNamesTest {
    @ParameterizedTest
    @CsvSource({
        "2, UNABLE_TO_GET_ISSUER_CERT",
        "3, UNABLE_TO_GET_CRL",
        "4, UNABLE_TO_DECRYPT_CERT_SIGNATURE",
        "5, UNABLE_TO_DECRYPT_CRL_SIGNATURE",
        "6, UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
        "7, CERT_SIGNATURE_FAILURE",
        "8, CRL_SIGNATURE_FAILURE",
        "9, CERT_NOT_YET_VALID",
        "10, CERT_HAS_EXPIRED",
        "11, CRL_NOT_YET_VALID",
        "12, CRL_HAS_EXPIRED",
        "13, ERROR_IN_CERT_NOT_BEFORE_FIELD",
        "14, ERROR_IN_CERT_NOT_AFTER_FIELD",
        "15, ERROR_IN_CRL_LAST_UPDATE_FIELD",
        "16, ERROR_IN_CRL_NEXT_UPDATE_FIELD",
        "17, OUT_OF_MEM",
        "18, DEPTH_ZERO_SELF_SIGNED_CERT",
        "19, SELF_SIGNED_CERT_IN_CHAIN",
        "20, UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "21, UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "22, CERT_CHAIN_TOO_LONG",
        "23, CERT_REVOKED",
        "25, PATH_LENGTH_EXCEEDED",
        "26, INVALID_PURPOSE",
        "27, CERT_UNTRUSTED",
        "28, CERT_REJECTED",
        "79, INVALID_CA",
        "62, HOSTNAME_MISMATCH",
        "66, UNSPECIFIED",
        "1, UNSPECIFIED",
        "-1, UNSPECIFIED"
    })
    void aCodeHasTheNameOfNode(long code, String name) {
        ByteBuffer out = ByteBuffer.allocateDirect(100);
        long length = Glue.sp_x509_error_name(code, Glue.address(out), out.capacity());
        byte[] text = new byte[(int) length];
        out.get(text);
        assertEquals(name, new String(text, StandardCharsets.US_ASCII));
    }
}
