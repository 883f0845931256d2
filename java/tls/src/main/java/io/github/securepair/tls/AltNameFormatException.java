package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

/**
 * A certificate's printed alternative names have broken quoting:
 * {@code ERR_TLS_CERT_ALTNAME_FORMAT}.
 */
final class AltNameFormatException extends ArgumentException {
    private static final long serialVersionUID = 1L;

    AltNameFormatException() {
        super(
                "SyntaxError",
                "ERR_TLS_CERT_ALTNAME_FORMAT",
                "Invalid subject alternative name string");
    }
}
