package io.github.securepair.tls;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Options of {@link TLS#createSecureContext}: identity, trust, protocols and suites. The setters
 * carry Node's names.
 *
 * <p>Values are kept as given and checked when they are used, with Node's error codes. Byte arrays
 * and lists are copied. An instance may be reused and changed between uses; it is not thread-safe.
 */
public class SecureContextOptions extends Options {
    /** Makes empty options: every default applies. */
    public SecureContextOptions() {}

    /**
     * Copies every option of {@code other}, whatever its class: options that do not apply are
     * ignored on use.
     */
    public SecureContextOptions(Options other) {
        putAll(other);
    }

    @Override
    public SecureContextOptions copy() {
        return new SecureContextOptions(this);
    }

    @Override
    public SecureContextOptions set(String name, Object value) {
        super.set(name, value);
        return this;
    }

    /**
     * Key, certificate and extra CA certificates as PKCS#12: DER bytes, or a list of them, each
     * entry bytes or a {@link Pfx} with its own passphrase. Handled after {@code key} and
     * {@code cert}.
     */
    public SecureContextOptions pfx(byte[] value) {
        put("pfx", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #pfx(byte[])}. */
    public SecureContextOptions pfx(ByteBuffer value) {
        put("pfx", value);
        return this;
    }

    /** The same as {@link #pfx(byte[])}. */
    public SecureContextOptions pfx(Path value) {
        put("pfx", value);
        return this;
    }

    /** The same as {@link #pfx(byte[])}. */
    public SecureContextOptions pfx(List<?> value) {
        put("pfx", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /**
     * Private key, PEM; or a list of keys, each entry PEM or a {@link PemKey} with its own
     * passphrase, at most one per key type.
     */
    public SecureContextOptions key(String value) {
        put("key", value);
        return this;
    }

    /** The same as {@link #key(String)}. */
    public SecureContextOptions key(byte[] value) {
        put("key", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #key(String)}. */
    public SecureContextOptions key(ByteBuffer value) {
        put("key", value);
        return this;
    }

    /** The same as {@link #key(String)}. */
    public SecureContextOptions key(Path value) {
        put("key", value);
        return this;
    }

    /** The same as {@link #key(String)}. */
    public SecureContextOptions key(List<?> value) {
        put("key", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /**
     * Passphrase of {@code key} entries and {@code pfx} files that have none of their own. Nothing
     * ever prompts.
     */
    public SecureContextOptions passphrase(String value) {
        put("passphrase", value);
        return this;
    }

    /**
     * Certificate, PEM, followed by the intermediate certificates to send; or a list of such, one
     * per key type.
     */
    public SecureContextOptions cert(String value) {
        put("cert", value);
        return this;
    }

    /** The same as {@link #cert(String)}. */
    public SecureContextOptions cert(byte[] value) {
        put("cert", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #cert(String)}. */
    public SecureContextOptions cert(ByteBuffer value) {
        put("cert", value);
        return this;
    }

    /** The same as {@link #cert(String)}. */
    public SecureContextOptions cert(Path value) {
        put("cert", value);
        return this;
    }

    /** The same as {@link #cert(String)}. */
    public SecureContextOptions cert(List<?> value) {
        put("cert", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /**
     * Trusted CA certificates, PEM, any number in each entry. Replaces the default root CAs. On
     * servers the subjects are also the CA names of the CertificateRequest.
     */
    public SecureContextOptions ca(String value) {
        put("ca", value);
        return this;
    }

    /** The same as {@link #ca(String)}. */
    public SecureContextOptions ca(byte[] value) {
        put("ca", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #ca(String)}. */
    public SecureContextOptions ca(ByteBuffer value) {
        put("ca", value);
        return this;
    }

    /** The same as {@link #ca(String)}. */
    public SecureContextOptions ca(Path value) {
        put("ca", value);
        return this;
    }

    /** The same as {@link #ca(String)}. */
    public SecureContextOptions ca(List<?> value) {
        put("ca", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /** Certificate revocation lists, PEM. Switches CRL checking on for the whole chain. */
    public SecureContextOptions crl(String value) {
        put("crl", value);
        return this;
    }

    /** The same as {@link #crl(String)}. */
    public SecureContextOptions crl(byte[] value) {
        put("crl", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #crl(String)}. */
    public SecureContextOptions crl(ByteBuffer value) {
        put("crl", value);
        return this;
    }

    /** The same as {@link #crl(String)}. */
    public SecureContextOptions crl(Path value) {
        put("crl", value);
        return this;
    }

    /** The same as {@link #crl(String)}. */
    public SecureContextOptions crl(List<?> value) {
        put("crl", value == null ? null : new ArrayList<>(value));
        return this;
    }

    /**
     * Cipher list in OpenSSL's syntax, names separated by {@code :}. Names that start with
     * {@code TLS_} (or {@code !TLS_}) choose the TLS 1.3 suites, the others those of older
     * versions. {@code @SECLEVEL=n} is honoured.
     */
    public SecureContextOptions ciphers(String value) {
        put("ciphers", value);
        return this;
    }

    /** Whether a server prefers its own cipher order over the client's. */
    public SecureContextOptions honorCipherOrder(boolean value) {
        put("honorCipherOrder", value);
        return this;
    }

    /**
     * Named groups for (EC)DHE, separated by {@code :}; {@code "auto"} keeps OpenSSL's own list;
     * {@code false} leaves no elliptic curve at all.
     */
    public SecureContextOptions ecdhCurve(String value) {
        put("ecdhCurve", value);
        return this;
    }

    /** The same as {@link #ecdhCurve(String)}. */
    public SecureContextOptions ecdhCurve(boolean value) {
        put("ecdhCurve", value);
        return this;
    }

    /**
     * Diffie-Hellman parameters, PEM, for DHE suites up to TLS 1.2; {@code "auto"} lets OpenSSL
     * choose. Unreadable parameters are silently discarded; fewer than 1024 bits are refused.
     */
    public SecureContextOptions dhparam(String value) {
        put("dhparam", value);
        return this;
    }

    /** The same as {@link #dhparam(String)}. */
    public SecureContextOptions dhparam(byte[] value) {
        put("dhparam", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #dhparam(String)}. */
    public SecureContextOptions dhparam(ByteBuffer value) {
        put("dhparam", value);
        return this;
    }

    /** The same as {@link #dhparam(String)}. */
    public SecureContextOptions dhparam(Path value) {
        put("dhparam", value);
        return this;
    }

    /**
     * Legacy name of an SSL method, such as {@code "TLSv1_2_method"}; see {@link TLS#SSL_METHODS}.
     * Excludes {@code minVersion} and {@code maxVersion}.
     */
    public SecureContextOptions secureProtocol(String value) {
        put("secureProtocol", value);
        return this;
    }

    /** Opaque identifier, at most 32 bytes: sessions and tickets only resume under an equal one. */
    public SecureContextOptions sessionIdContext(String value) {
        put("sessionIdContext", value);
        return this;
    }

    /** Seconds after which session identifiers and tickets made by the server expire. */
    public SecureContextOptions sessionTimeout(long value) {
        put("sessionTimeout", value);
        return this;
    }

    /**
     * 48 bytes that protect session tickets: 16 bytes name, 16 HMAC key, 16 AES key. Servers that
     * share them resume each other's sessions.
     */
    public SecureContextOptions ticketKeys(byte[] value) {
        put("ticketKeys", value == null ? null : value.clone());
        return this;
    }

    /** The same as {@link #ticketKeys(byte[])}. */
    public SecureContextOptions ticketKeys(ByteBuffer value) {
        put("ticketKeys", value);
        return this;
    }

    /** Mask of OpenSSL's {@code SSL_OP_*} flags, added to those that the other options imply. */
    public SecureContextOptions secureOptions(long value) {
        put("secureOptions", value);
        return this;
    }

    /**
     * Lowest protocol version: {@code "TLSv1"}, {@code "TLSv1.1"}, {@code "TLSv1.2"} or
     * {@code "TLSv1.3"}.
     */
    public SecureContextOptions minVersion(String value) {
        put("minVersion", value);
        return this;
    }

    /** Highest protocol version, named as in {@link #minVersion}. */
    public SecureContextOptions maxVersion(String value) {
        put("maxVersion", value);
        return this;
    }

    /**
     * Signature algorithms, separated by {@code :}, such as {@code "ECDSA+SHA256:RSA-PSS+SHA256"}.
     */
    public SecureContextOptions sigalgs(String value) {
        put("sigalgs", value);
        return this;
    }

    /** Whether any certificate in {@code ca}, not only a self-signed root, ends a chain. */
    public SecureContextOptions allowPartialTrustChain(boolean value) {
        put("allowPartialTrustChain", value);
        return this;
    }

    /**
     * Name of a key in an OpenSSL engine. Engines are deprecated in OpenSSL 3: the option fails, as
     * in a Node built without engines. {@link StoreURI} is the successor.
     */
    public SecureContextOptions privateKeyIdentifier(String value) {
        put("privateKeyIdentifier", value);
        return this;
    }

    /** Engine of {@link #privateKeyIdentifier}. */
    public SecureContextOptions privateKeyEngine(String value) {
        put("privateKeyEngine", value);
        return this;
    }

    /** Engine that gives the certificate of a client. Fails like {@link #privateKeyIdentifier}. */
    public SecureContextOptions clientCertEngine(String value) {
        put("clientCertEngine", value);
        return this;
    }

    /**
     * The set of defaults that options not given here fall back to; {@link Profile#MODERN} if never
     * set.
     */
    public SecureContextOptions profile(Profile value) {
        put("profile", value);
        return this;
    }

    /**
     * Private key of the JDK. One that has no encoding, because a device keeps it, is refused when
     * the option is used: see {@link StoreURI}.
     */
    public SecureContextOptions key(PrivateKey value) {
        put("key", value);
        return this;
    }

    /** Private key that OpenSSL finds itself: in a file, on a token. */
    public SecureContextOptions key(StoreURI value) {
        put("key", value);
        return this;
    }

    /** Certificate of the JDK, and the intermediate certificates to send. */
    public SecureContextOptions cert(X509Certificate value, X509Certificate... chain) {
        put("cert", value == null ? null : KeyStores.pem(value, chain));
        return this;
    }

    /** Certificate, with the chain to send, that OpenSSL finds itself. */
    public SecureContextOptions cert(StoreURI value) {
        put("cert", value);
        return this;
    }

    /** Trusted CA certificate of the JDK; several are given as a list. */
    public SecureContextOptions ca(X509Certificate value) {
        put("ca", value);
        return this;
    }

    /** Trusted CA certificates that OpenSSL finds itself. */
    public SecureContextOptions ca(StoreURI value) {
        put("ca", value);
        return this;
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
    public SecureContextOptions keyStore(KeyStore store, char[] password, String... aliases) {
        List<KeyStores.Identity> found =
                KeyStores.identities(KeyStores.require(store), password, aliases);
        put("key", found.stream().map(KeyStores.Identity::key).toList());
        put("cert", found.stream().map(each -> KeyStores.pem(each.chain())).toList());
        return this;
    }

    /**
     * Does the same with a file, JKS or PKCS#12, whose keys have the password of the file.
     *
     * @throws java.io.UncheckedIOException when the file cannot be read
     */
    public SecureContextOptions keyStore(Path file, char[] password, String... aliases) {
        return keyStore(KeyStores.open(file, password), password, aliases);
    }

    /**
     * Sets {@code ca} to the trusted certificates of the store: they replace the default roots.
     * Beyond Node.
     *
     * @throws io.github.securepair.engine.SecureContextException when there is none
     */
    public SecureContextOptions trustStore(KeyStore store) {
        put("ca", KeyStores.anchors(KeyStores.require(store)));
        return this;
    }

    /**
     * Does the same with a file, JKS or PKCS#12.
     *
     * @param password of the file, not kept; null reads it without a check of its integrity
     * @throws java.io.UncheckedIOException when the file cannot be read
     */
    public SecureContextOptions trustStore(Path file, char[] password) {
        return trustStore(KeyStores.open(file, password));
    }
}
