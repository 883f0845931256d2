package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
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
    static final Option<List<Materials.Locked>> PFX = Option.of("pfx", Materials::files);
    static final Option<List<Materials.Locked>> KEY = Option.of("key", Materials::keys);
    static final Option<Object> PASSPHRASE = Option.of("passphrase", Option::any);
    static final Option<List<?>> CERT = Option.of("cert", Materials::truthyEntries);
    static final Option<List<?>> CA = Option.of("ca", Materials::truthyEntries);
    static final Option<List<?>> CRL = Option.of("crl", Materials::givenEntries);
    static final Option<String> CIPHERS = Option.of("ciphers", Option::string);
    static final Option<Boolean> HONOR_CIPHER_ORDER = Option.of("honorCipherOrder", Option::flag);
    static final Option<String> ECDH_CURVE = Option.of("ecdhCurve", ContextOptions::groups);
    static final Option<byte[]> DHPARAM = Option.of("dhparam", Materials::optionalBytes);
    static final Option<String> SECURE_PROTOCOL =
            Option.of("secureProtocol", ContextOptions::method);
    static final Option<String> SESSION_ID_CONTEXT = Option.of("sessionIdContext", Option::string);
    static final Option<Long> SESSION_TIMEOUT =
            Option.of("sessionTimeout", Option.integer(0, Integer.MAX_VALUE));
    static final Option<Long> NUM_TICKETS =
            Option.of("numTickets", Option.integer(0, Integer.MAX_VALUE));
    static final Option<byte[]> TICKET_KEYS = Option.of("ticketKeys", Materials::ticketKeys);
    static final Option<Long> SECURE_OPTIONS = Option.of("secureOptions", ContextOptions::mask);
    static final Option<Object> MIN_VERSION = Option.of("minVersion", Option::any);
    static final Option<Object> MAX_VERSION = Option.of("maxVersion", Option::any);
    static final Option<String> SIGALGS = Option.of("sigalgs", ContextOptions::algorithms);
    static final Option<Boolean> ALLOW_PARTIAL_TRUST_CHAIN =
            Option.of("allowPartialTrustChain", Option::flag);
    static final Option<Object> PRIVATE_KEY_IDENTIFIER =
            Option.of("privateKeyIdentifier", Option::any);
    static final Option<Object> PRIVATE_KEY_ENGINE = Option.of("privateKeyEngine", Option::any);
    static final Option<String> CLIENT_CERT_ENGINE =
            Option.of("clientCertEngine", ContextOptions::engine);
    static final Option<Profile> PROFILE = Option.of("profile", Profile::read);

    /**
     * Options of connections; whether there is NPN decides about the versions of a context, too.
     */
    static final Option<byte[]> ALPN_PROTOCOLS = Option.of("ALPNProtocols", ProtocolLists::toWire);

    static final Option<byte[]> NPN_PROTOCOLS = Option.of("NPNProtocols", ProtocolLists::toWire);

    /**
     * With no elliptic curve in it, ECDHE cannot be negotiated, while DHE and TLS 1.3 still can.
     */
    private static final String FINITE_FIELD_GROUPS =
            "ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";

    /** The last integer up to which a number of JavaScript is exact. */
    private static final long MAX_SAFE_INTEGER = (1L << 53) - 1;

    ContextOptions() {}

    @SuppressWarnings("unchecked")
    final T self() {
        return (T) this;
    }

    /** What every setter does. */
    final T with(Option<?> option, Object value) {
        put(option, value);
        return self();
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
        return with(PFX, value);
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(ByteBuffer value) {
        return with(PFX, value);
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(Path value) {
        return with(PFX, value);
    }

    /** The same as {@link #pfx(byte[])}. */
    public T pfx(List<?> value) {
        return with(PFX, value);
    }

    /**
     * Private key, PEM; or a list of keys, each entry PEM or a {@link PemKey} with its own
     * passphrase, at most one per key type.
     */
    public T key(String value) {
        return with(KEY, value);
    }

    /** The same as {@link #key(String)}. */
    public T key(byte[] value) {
        return with(KEY, value);
    }

    /** The same as {@link #key(String)}. */
    public T key(ByteBuffer value) {
        return with(KEY, value);
    }

    /** The same as {@link #key(String)}. */
    public T key(Path value) {
        return with(KEY, value);
    }

    /** The same as {@link #key(String)}. */
    public T key(List<?> value) {
        return with(KEY, value);
    }

    /**
     * Passphrase of {@code key} entries and {@code pfx} files that have none of their own. Nothing
     * ever prompts.
     */
    public T passphrase(String value) {
        return with(PASSPHRASE, value);
    }

    /**
     * Certificate, PEM, followed by the intermediate certificates to send; or a list of such, one
     * per key type.
     */
    public T cert(String value) {
        return with(CERT, value);
    }

    /** The same as {@link #cert(String)}. */
    public T cert(byte[] value) {
        return with(CERT, value);
    }

    /** The same as {@link #cert(String)}. */
    public T cert(ByteBuffer value) {
        return with(CERT, value);
    }

    /** The same as {@link #cert(String)}. */
    public T cert(Path value) {
        return with(CERT, value);
    }

    /** The same as {@link #cert(String)}. */
    public T cert(List<?> value) {
        return with(CERT, value);
    }

    /**
     * Trusted CA certificates, PEM, any number in each entry. Replaces the default root CAs: those
     * of the JDK, to which the JDK's own rules of distrust
     * ({@code jdk.security.caDistrustPolicies}) do not apply here. On servers the subjects are also
     * the CA names of the CertificateRequest.
     */
    public T ca(String value) {
        return with(CA, value);
    }

    /** The same as {@link #ca(String)}. */
    public T ca(byte[] value) {
        return with(CA, value);
    }

    /** The same as {@link #ca(String)}. */
    public T ca(ByteBuffer value) {
        return with(CA, value);
    }

    /** The same as {@link #ca(String)}. */
    public T ca(Path value) {
        return with(CA, value);
    }

    /** The same as {@link #ca(String)}. */
    public T ca(List<?> value) {
        return with(CA, value);
    }

    /** Certificate revocation lists, PEM. Switches CRL checking on for the whole chain. */
    public T crl(String value) {
        return with(CRL, value);
    }

    /** The same as {@link #crl(String)}. */
    public T crl(byte[] value) {
        return with(CRL, value);
    }

    /** The same as {@link #crl(String)}. */
    public T crl(ByteBuffer value) {
        return with(CRL, value);
    }

    /** The same as {@link #crl(String)}. */
    public T crl(Path value) {
        return with(CRL, value);
    }

    /** The same as {@link #crl(String)}. */
    public T crl(List<?> value) {
        return with(CRL, value);
    }

    /**
     * Cipher list in OpenSSL's syntax, names separated by {@code :}. Names that start with
     * {@code TLS_} (or {@code !TLS_}) choose the TLS 1.3 suites, the others those of older
     * versions. {@code @SECLEVEL=n} is honoured.
     */
    public T ciphers(String value) {
        return with(CIPHERS, value);
    }

    /** Whether a server prefers its own cipher order over the client's. */
    public T honorCipherOrder(boolean value) {
        return with(HONOR_CIPHER_ORDER, value);
    }

    /**
     * Named groups for (EC)DHE, separated by {@code :}; {@code "auto"} keeps OpenSSL's own list;
     * {@code false} leaves no elliptic curve at all.
     */
    public T ecdhCurve(String value) {
        return with(ECDH_CURVE, value);
    }

    /** The same as {@link #ecdhCurve(String)}. */
    public T ecdhCurve(boolean value) {
        return with(ECDH_CURVE, value);
    }

    /**
     * Diffie-Hellman parameters, PEM, for DHE suites up to TLS 1.2; {@code "auto"} lets OpenSSL
     * choose. Unreadable parameters are silently discarded; fewer than 1024 bits are refused.
     */
    public T dhparam(String value) {
        return with(DHPARAM, value);
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(byte[] value) {
        return with(DHPARAM, value);
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(ByteBuffer value) {
        return with(DHPARAM, value);
    }

    /** The same as {@link #dhparam(String)}. */
    public T dhparam(Path value) {
        return with(DHPARAM, value);
    }

    /**
     * Legacy name of an SSL method, such as {@code "TLSv1_2_method"}; see {@link TLS#SSL_METHODS}.
     * Excludes {@code minVersion} and {@code maxVersion}.
     */
    public T secureProtocol(String value) {
        return with(SECURE_PROTOCOL, value);
    }

    /** Opaque identifier, at most 32 bytes: sessions and tickets only resume under an equal one. */
    public T sessionIdContext(String value) {
        return with(SESSION_ID_CONTEXT, value);
    }

    /** Seconds after which session identifiers and tickets made by the server expire. */
    public T sessionTimeout(long value) {
        return with(SESSION_TIMEOUT, value);
    }

    /**
     * How many tickets a server sends after a full handshake of TLS 1.3, each good for one
     * connection: two by default. With 0 there is none, and nothing to resume. Beyond Node.
     */
    public T numTickets(int value) {
        return with(NUM_TICKETS, value);
    }

    /**
     * 48 bytes that protect session tickets: 16 bytes name, 16 HMAC key, 16 AES key. Servers that
     * share them resume each other's sessions.
     */
    public T ticketKeys(byte[] value) {
        return with(TICKET_KEYS, value);
    }

    /** The same as {@link #ticketKeys(byte[])}. */
    public T ticketKeys(ByteBuffer value) {
        return with(TICKET_KEYS, value);
    }

    /** Mask of OpenSSL's {@code SSL_OP_*} flags, added to those that the other options imply. */
    public T secureOptions(long value) {
        return with(SECURE_OPTIONS, value);
    }

    /**
     * Lowest protocol version: {@code "TLSv1"}, {@code "TLSv1.1"}, {@code "TLSv1.2"} or
     * {@code "TLSv1.3"}.
     */
    public T minVersion(String value) {
        return with(MIN_VERSION, value);
    }

    /** Highest protocol version, named as in {@link #minVersion}. */
    public T maxVersion(String value) {
        return with(MAX_VERSION, value);
    }

    /**
     * Signature algorithms, separated by {@code :}, such as {@code "ECDSA+SHA256:RSA-PSS+SHA256"}.
     */
    public T sigalgs(String value) {
        return with(SIGALGS, value);
    }

    /** Whether any certificate in {@code ca}, not only a self-signed root, ends a chain. */
    public T allowPartialTrustChain(boolean value) {
        return with(ALLOW_PARTIAL_TRUST_CHAIN, value);
    }

    /**
     * Name of a key in an OpenSSL engine. Engines are deprecated in OpenSSL 3: the option fails, as
     * in a Node built without engines. {@link StoreURI} is the successor.
     */
    public T privateKeyIdentifier(String value) {
        return with(PRIVATE_KEY_IDENTIFIER, value);
    }

    /** Engine of {@link #privateKeyIdentifier}. */
    public T privateKeyEngine(String value) {
        return with(PRIVATE_KEY_ENGINE, value);
    }

    /** Engine that gives the certificate of a client. Fails like {@link #privateKeyIdentifier}. */
    public T clientCertEngine(String value) {
        return with(CLIENT_CERT_ENGINE, value);
    }

    /**
     * The set of defaults that options not given here fall back to; {@link Profile#MODERN} if never
     * set.
     */
    public T profile(Profile value) {
        return with(PROFILE, value);
    }

    /**
     * Private key of the JDK. One that has no encoding, because a device keeps it, is refused when
     * the option is used: see {@link StoreURI}.
     */
    public T key(PrivateKey value) {
        return with(KEY, value);
    }

    /** Private key that OpenSSL finds itself: in a file, on a token. */
    public T key(StoreURI value) {
        return with(KEY, value);
    }

    /** Certificate of the JDK, and the intermediate certificates to send. */
    public T cert(X509Certificate value, X509Certificate... chain) {
        return with(CERT, value == null ? null : KeyStores.pem(value, chain));
    }

    /** Certificate, with the chain to send, that OpenSSL finds itself. */
    public T cert(StoreURI value) {
        return with(CERT, value);
    }

    /** Trusted CA certificate of the JDK; several are given as a list. */
    public T ca(X509Certificate value) {
        return with(CA, value);
    }

    /** Trusted CA certificates that OpenSSL finds itself. */
    public T ca(StoreURI value) {
        return with(CA, value);
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
        put(KEY, found.stream().map(KeyStores.Identity::key).toList());
        return with(
                CERT, found.stream().map(each -> KeyStores.pem(each.chain())).toList());
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
        return with(CA, KeyStores.anchors(KeyStores.require(store)));
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

    // ---- reading ------------------------------------------------------------------------------

    private static String groups(String called, Object value) {
        return Boolean.FALSE.equals(value) ? FINITE_FIELD_GROUPS : Option.string(called, value);
    }

    /** Node ignores what is no text; an empty one is a bad name. */
    private static String method(String called, Object value) {
        return value instanceof String text ? text : null;
    }

    /** In Node's errors an argument, not an option. */
    private static Long mask(String called, Object value) {
        return Option.isFalsy(value)
                ? Long.valueOf(0)
                : Option.integer(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER).read("secureOptions", value);
    }

    private static String algorithms(String called, Object value) {
        String text = Option.string(called, value);
        if (text != null && text.isEmpty()) {
            throw ArgumentException.invalidArgValue(called, text);
        }
        return text;
    }

    /** A text, or Node's error about engines. */
    static String engine(String called, Object value) {
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw ArgumentException.invalidArgType(
                called, "of type string or one of null or undefined", value);
    }
}
