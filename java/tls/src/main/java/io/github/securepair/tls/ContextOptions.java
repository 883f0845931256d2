package io.github.securepair.tls;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * What every kind of options can say about a context: identity, trust, protocols and suites. The
 * setters carry Node's names.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class ContextOptions<T extends ContextOptions<T>> extends Options {
    ContextOptions() {}

    @SuppressWarnings("unchecked")
    final T self() {
        return (T) this;
    }

    @Override
    public T set(String name, Object value) {
        super.set(name, value);
        return self();
    }

    /**
     * Key, certificate and extra CA certificates as PKCS#12: DER bytes, or a list of them, each
     * entry bytes or a {@link Pfx} with its own passphrase. Handled after {@code key} and
     * {@code cert}.
     */
    public T pfx(byte[] value) {
        put("pfx", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(ByteBuffer value) {
        put("pfx", value);
        return self();
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(Path value) {
        put("pfx", value);
        return self();
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(List<?> value) {
        put("pfx", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /**
     * Private key, PEM; or a list of keys, each entry PEM or a {@link PemKey} with its own
     * passphrase, at most one per key type.
     */
    public T key(String value) {
        put("key", value);
        return self();
    }

    /** The same as {@link #key(String)}. */
    public T key(byte[] value) {
        put("key", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #key(String)}. */
    public T key(ByteBuffer value) {
        put("key", value);
        return self();
    }

    /** The same as {@link #key(String)}. */
    public T key(Path value) {
        put("key", value);
        return self();
    }

    /** The same as {@link #key(String)}. */
    public T key(List<?> value) {
        put("key", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /**
     * Passphrase of {@code key} entries and {@code pfx} files that have none of their own. Nothing
     * ever prompts.
     */
    public T passphrase(String value) {
        put("passphrase", value);
        return self();
    }

    /**
     * Certificate, PEM, followed by the intermediate certificates to send; or a list of such, one
     * per key type.
     */
    public T cert(String value) {
        put("cert", value);
        return self();
    }

    /** The same as {@link #cert(String)}. */
    public T cert(byte[] value) {
        put("cert", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #cert(String)}. */
    public T cert(ByteBuffer value) {
        put("cert", value);
        return self();
    }

    /** The same as {@link #cert(String)}. */
    public T cert(Path value) {
        put("cert", value);
        return self();
    }

    /** The same as {@link #cert(String)}. */
    public T cert(List<?> value) {
        put("cert", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /**
     * Trusted CA certificates, PEM, any number in each entry. Replaces the default root CAs: those
     * of the JDK, to which the JDK's own rules of distrust
     * ({@code jdk.security.caDistrustPolicies}) do not apply here. On servers the subjects are also
     * the CA names of the CertificateRequest.
     */
    public T ca(String value) {
        put("ca", value);
        return self();
    }

    /** The same as {@link #ca(String)}. */
    public T ca(byte[] value) {
        put("ca", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #ca(String)}. */
    public T ca(ByteBuffer value) {
        put("ca", value);
        return self();
    }

    /** The same as {@link #ca(String)}. */
    public T ca(Path value) {
        put("ca", value);
        return self();
    }

    /** The same as {@link #ca(String)}. */
    public T ca(List<?> value) {
        put("ca", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /** Certificate revocation lists, PEM. Switches CRL checking on for the whole chain. */
    public T crl(String value) {
        put("crl", value);
        return self();
    }

    /** The same as {@link #crl(String)}. */
    public T crl(byte[] value) {
        put("crl", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #crl(String)}. */
    public T crl(ByteBuffer value) {
        put("crl", value);
        return self();
    }

    /** The same as {@link #crl(String)}. */
    public T crl(Path value) {
        put("crl", value);
        return self();
    }

    /** The same as {@link #crl(String)}. */
    public T crl(List<?> value) {
        put("crl", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /**
     * Cipher list in OpenSSL's syntax, names separated by {@code :}. Names that start with
     * {@code TLS_} (or {@code !TLS_}) choose the TLS 1.3 suites, the others those of older
     * versions. {@code @SECLEVEL=n} is honoured.
     */
    public T ciphers(String value) {
        put("ciphers", value);
        return self();
    }

    /** Whether a server prefers its own cipher order over the client's. */
    public T honorCipherOrder(boolean value) {
        put("honorCipherOrder", value);
        return self();
    }

    /**
     * Named groups for (EC)DHE, separated by {@code :}; {@code "auto"} keeps OpenSSL's own list;
     * {@code false} leaves no elliptic curve at all.
     */
    public T ecdhCurve(String value) {
        put("ecdhCurve", value);
        return self();
    }

    /** The same as {@link #ecdhCurve(String)}. */
    public T ecdhCurve(boolean value) {
        put("ecdhCurve", value);
        return self();
    }

    /**
     * Diffie-Hellman parameters, PEM, for DHE suites up to TLS 1.2; {@code "auto"} lets OpenSSL
     * choose. Unreadable parameters are silently discarded; fewer than 1024 bits are refused.
     */
    public T dhparam(String value) {
        put("dhparam", value);
        return self();
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(byte[] value) {
        put("dhparam", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(ByteBuffer value) {
        put("dhparam", value);
        return self();
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(Path value) {
        put("dhparam", value);
        return self();
    }

    /**
     * Legacy name of an SSL method, such as {@code "TLSv1_2_method"}; see {@link TLS#SSL_METHODS}.
     * Excludes {@code minVersion} and {@code maxVersion}.
     */
    public T secureProtocol(String value) {
        put("secureProtocol", value);
        return self();
    }

    /** Opaque identifier, at most 32 bytes: sessions and tickets only resume under an equal one. */
    public T sessionIdContext(String value) {
        put("sessionIdContext", value);
        return self();
    }

    /** Seconds after which session identifiers and tickets made by the server expire. */
    public T sessionTimeout(long value) {
        put("sessionTimeout", value);
        return self();
    }

    /**
     * 48 bytes that protect session tickets: 16 bytes name, 16 HMAC key, 16 AES key. Servers that
     * share them resume each other's sessions.
     */
    public T ticketKeys(byte[] value) {
        put("ticketKeys", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #ticketKeys(byte[])}. */
    public T ticketKeys(ByteBuffer value) {
        put("ticketKeys", value);
        return self();
    }

    /** Mask of OpenSSL's {@code SSL_OP_*} flags, added to those that the other options imply. */
    public T secureOptions(long value) {
        put("secureOptions", value);
        return self();
    }

    /**
     * Lowest protocol version: {@code "TLSv1"}, {@code "TLSv1.1"}, {@code "TLSv1.2"} or
     * {@code "TLSv1.3"}.
     */
    public T minVersion(String value) {
        put("minVersion", value);
        return self();
    }

    /** Highest protocol version, named as in {@link #minVersion}. */
    public T maxVersion(String value) {
        put("maxVersion", value);
        return self();
    }

    /**
     * Signature algorithms, separated by {@code :}, such as {@code "ECDSA+SHA256:RSA-PSS+SHA256"}.
     */
    public T sigalgs(String value) {
        put("sigalgs", value);
        return self();
    }

    /** Whether any certificate in {@code ca}, not only a self-signed root, ends a chain. */
    public T allowPartialTrustChain(boolean value) {
        put("allowPartialTrustChain", value);
        return self();
    }

    /**
     * Name of a key in an OpenSSL engine. Engines are deprecated in OpenSSL 3: the option fails, as
     * in a Node built without engines. {@link StoreURI} is the successor.
     */
    public T privateKeyIdentifier(String value) {
        put("privateKeyIdentifier", value);
        return self();
    }

    /** Engine of {@link #privateKeyIdentifier}. */
    public T privateKeyEngine(String value) {
        put("privateKeyEngine", value);
        return self();
    }

    /** Engine that gives the certificate of a client. Fails like {@link #privateKeyIdentifier}. */
    public T clientCertEngine(String value) {
        put("clientCertEngine", value);
        return self();
    }

    /**
     * The set of defaults that options not given here fall back to; {@link Profile#MODERN} if never
     * set.
     */
    public T profile(Profile value) {
        put("profile", value);
        return self();
    }

    /**
     * Private key of the JDK. One that has no encoding, because a device keeps it, is refused when
     * the option is used: see {@link StoreURI}.
     */
    public T key(PrivateKey value) {
        put("key", value);
        return self();
    }

    /** Private key that OpenSSL finds itself: in a file, on a token. */
    public T key(StoreURI value) {
        put("key", value);
        return self();
    }

    /** Certificate of the JDK, and the intermediate certificates to send. */
    public T cert(X509Certificate value, X509Certificate... chain) {
        put("cert", value == null ? null : KeyStores.pem(value, chain));
        return self();
    }

    /** Certificate, with the chain to send, that OpenSSL finds itself. */
    public T cert(StoreURI value) {
        put("cert", value);
        return self();
    }

    /** Trusted CA certificate of the JDK; several are given as a list. */
    public T ca(X509Certificate value) {
        put("ca", value);
        return self();
    }

    /** Trusted CA certificates that OpenSSL finds itself. */
    public T ca(StoreURI value) {
        put("ca", value);
        return self();
    }

    /**
     * Sets {@code key} and {@code cert} to the keys of these aliases and their chains, one for each
     * key type; without aliases to the first key of the store. They are taken out now, and the
     * password, which stays the caller's, is not kept. Beyond Node.
     *
     * @param password of the keys; may be null if they have none
     * @throws io.github.securepair.engine.SecureContextException when there is no such key, or the
     *     password is wrong
     */
    public T keyStore(KeyStore store, char[] password, String... aliases) {
        List<KeyStores.Identity> found =
                KeyStores.identities(KeyStores.require(store), password, aliases);
        put("key", found.stream().map(KeyStores.Identity::key).toList());
        put("cert", found.stream().map(each -> KeyStores.pem(each.chain())).toList());
        return self();
    }

    /**
     * Does the same with a file, JKS or PKCS#12, whose keys have the password of the file.
     *
     * @throws FileException when the file cannot be opened
     */
    public T keyStore(Path file, char[] password, String... aliases) {
        return keyStore(KeyStores.open(file, password), password, aliases);
    }

    /**
     * Sets {@code ca} to the trusted certificates of the store: they replace the default roots.
     * Beyond Node.
     *
     * @throws io.github.securepair.engine.SecureContextException when there is none
     */
    public T trustStore(KeyStore store) {
        put("ca", KeyStores.anchors(KeyStores.require(store)));
        return self();
    }

    /**
     * Does the same with a file, JKS or PKCS#12.
     *
     * @param password of the file, not kept; null reads it without a check of its integrity
     * @throws FileException when the file cannot be opened
     */
    public T trustStore(Path file, char[] password) {
        return trustStore(KeyStores.open(file, password));
    }
}
