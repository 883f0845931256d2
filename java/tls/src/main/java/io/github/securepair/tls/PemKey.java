package io.github.securepair.tls;

/**
 * One private key of several, with the passphrase that only it needs: Node's {@code {pem,
 * passphrase}}.
 *
 * @param pem the key: String, byte[], ByteBuffer or Path
 * @param passphrase its passphrase; {@code null} falls back to the option {@code passphrase}
 */
public record PemKey(Object pem, String passphrase) {
    /** Tells nothing: both are secrets. */
    @Override
    public String toString() {
        return "PemKey[]";
    }
}
