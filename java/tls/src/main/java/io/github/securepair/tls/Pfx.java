package io.github.securepair.tls;

/**
 * One PKCS#12 file of several, with the passphrase that only it needs: Node's {@code {buf,
 * passphrase}}.
 *
 * @param buf the file: byte[], ByteBuffer or Path
 * @param passphrase its passphrase; {@code null} falls back to the option {@code passphrase}
 */
public record Pfx(Object buf, String passphrase) {
    /** Tells nothing: both are secrets. */
    @Override
    public String toString() {
        return "Pfx[]";
    }
}
