package io.github.securepair.engine;

import java.io.Serializable;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Holds one entry of OpenSSL's error queue.
 *
 * <p>Reason texts, and so codes and the names of alerts in them, are those of OpenSSL 3.0, which
 * Node 20 shows, whichever OpenSSL 3.x is in use: 3.5 renamed a few ("ssl/tls alert handshake
 * failure"), and programs compare them. That is decided in the constructor of this record, and
 * nowhere else.
 *
 * @param packed the error code as {@code ERR_get_error()} gives it
 * @param libraryNumber {@code ERR_GET_LIB}: the part of OpenSSL that raised it
 * @param reasonNumber {@code ERR_GET_REASON}
 * @param library "SSL routines", ...
 * @param reason "wrong version number", ...
 * @param data what the raising place added ("SSL alert number 40"), or empty
 * @param file the C source file
 * @param line the line in it
 * @param function the C function
 */
public record OpenSSLError(
        long packed,
        int libraryNumber,
        int reasonNumber,
        String library,
        String reason,
        String data,
        String file,
        int line,
        String function)
        implements Serializable {

    private static final int X509 = 11;
    private static final int SSL = 20;
    private static final int PKCS12 = 35;
    private static final int SYSTEM = 2;

    /** Puts the text of OpenSSL 3.0 in place of a newer one, and numbers where there is no text. */
    public OpenSSLError {
        String fixed = fixedReason(libraryNumber, reasonNumber);
        if (fixed != null) {
            reason = fixed;
        } else if (reason == null || reason.isEmpty()) {
            reason = "reason(" + reasonNumber + ")";
        }
        if (library == null || library.isEmpty()) {
            library = "lib(" + libraryNumber + ")";
        }
        data = data == null ? "" : data;
        file = file == null ? "" : file;
        function = function == null ? "" : function;
    }

    /** All texts in which 3.5.7 differs from 3.0.19. */
    private static String fixedReason(int library, int reason) {
        return switch (library) {
            case SSL ->
                switch (reason) {
                    case 1010 -> "sslv3 alert unexpected message";
                    case 1020 -> "sslv3 alert bad record mac";
                    case 1030 -> "sslv3 alert decompression failure";
                    case 1040 -> "sslv3 alert handshake failure";
                    case 1041 -> "sslv3 alert no certificate";
                    case 1042 -> "sslv3 alert bad certificate";
                    case 1043 -> "sslv3 alert unsupported certificate";
                    case 1044 -> "sslv3 alert certificate revoked";
                    case 1045 -> "sslv3 alert certificate expired";
                    case 1046 -> "sslv3 alert certificate unknown";
                    case 1047 -> "sslv3 alert illegal parameter";
                    default -> null;
                };
            case X509 -> reason == 114 ? "cant check dh key" : null;
            case PKCS12 -> reason == 100 ? "cant pack structure" : null;
            default -> null;
        };
    }

    /**
     * The reason as the end of an error code: {@code SSLV3_ALERT_HANDSHAKE_FAILURE}. Equal on every
     * OpenSSL 3.x.
     */
    public String codeName() {
        return reason.toUpperCase(Locale.ROOT).replace(' ', '_');
    }

    /**
     * The whole code of a thrown error, by Node's rule: {@code ERR_SSL_} for the SSL library,
     * {@code ERR_OSSL_} and a library name for most others.
     */
    String thrownCode() {
        return (libraryNumber == SSL ? "ERR_SSL_" : "ERR_OSSL_" + libraryPrefix(libraryNumber))
                + codeName();
    }

    /**
     * Node's table of libraries that appear in codes; the numbers are ERR_LIB_* of err.h, fixed
     * since 1.1.
     */
    private static String libraryPrefix(int library) {
        return switch (library) {
            case SYSTEM -> "SYS_";
            case 3 -> "BN_";
            case 4 -> "RSA_";
            case 5 -> "DH_";
            case 6 -> "EVP_";
            case 7 -> "BUF_";
            case 8 -> "OBJ_";
            case 9 -> "PEM_";
            case 10 -> "DSA_";
            case X509 -> "X509_";
            case 13 -> "ASN1_";
            case 14 -> "CONF_";
            case 15 -> "CRYPTO_";
            case 16 -> "EC_";
            case 32 -> "BIO_";
            case 33 -> "PKCS7_";
            case 34 -> "X509V3_";
            case PKCS12 -> "PKCS12_";
            case 36 -> "RAND_";
            case 37 -> "DSO_";
            case 38 -> "ENGINE_";
            case 39 -> "OCSP_";
            case 40 -> "UI_";
            case 41 -> "COMP_";
            case 42 -> "ECDSA_";
            case 43 -> "ECDH_";
            case 44 -> "OSSL_STORE_";
            case 45 -> "FIPS_";
            case 46 -> "CMS_";
            case 47 -> "TS_";
            case 48 -> "HMAC_";
            case 50 -> "CT_";
            case 51 -> "ASYNC_";
            case 52 -> "KDF_";
            case 53 -> "SM2_";
            case 128 -> "USER_";
            default -> "";
        };
    }

    /**
     * The form of {@code ERR_error_string_n}: {@code error:0A000410:SSL routines::sslv3 alert
     * handshake failure}.
     */
    @Override
    public String toString() {
        return "error:" + hex() + ':' + library + "::" + reason;
    }

    /**
     * The form of {@code ERR_print_errors_cb}, newline included, which Node takes for messages. The
     * leading thread id, in the bytes of this machine, is Java's.
     */
    String printed() {
        long thread = Long.reverseBytes(Thread.currentThread().getId());
        return HexFormat.of().withUpperCase().toHexDigits(thread) + ":error:" + hex() + ':'
                + library + ':' + function + ':' + reason + ':' + file + ':' + line + ':' + data
                + '\n';
    }

    private String hex() {
        return String.format(Locale.ROOT, "%08X", packed & 0xFFFFFFFFL);
    }
}
