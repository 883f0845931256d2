package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;

/**
 * A place where OpenSSL itself finds a key or certificates ({@code OSSL_STORE}), to be given as
 * {@code key}, {@code cert} or {@code ca}: what Node's {@code privateKeyEngine} was, with OpenSSL
 * 3. {@code file:///path} works always; {@code pkcs11:...} once such a provider is loaded, see
 * {@link OpenSSL#loadProvider}, and then the key never leaves its token. Beyond Node.
 *
 * @param uri what OpenSSL opens; a file: URI has an absolute path
 * @param passphrase of an encrypted file, or the PIN of a token; {@code null} falls back to the
 *     option {@code passphrase}. There is no prompt.
 * @param properties which provider to ask, such as {@code provider=pkcs11}; {@code null} for any
 */
public record StoreURI(String uri, String passphrase, String properties) {
    /** Makes one, and checks that there is a URI. */
    public StoreURI {
        java.util.Objects.requireNonNull(uri, "uri");
    }

    /** One that any provider may open, without a passphrase of its own. */
    public static StoreURI of(String uri) {
        return new StoreURI(uri, null, null);
    }

    /** One with a passphrase or PIN of its own. */
    public static StoreURI of(String uri, String passphrase) {
        return new StoreURI(uri, passphrase, null);
    }

    /** Tells neither the passphrase nor what a URI may have of a PIN. */
    @Override
    public String toString() {
        int query = uri.indexOf('?');
        return "StoreURI[" + (query < 0 ? uri : uri.substring(0, query)) + "]";
    }
}
