package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.openssl.Glue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Node's certificate object: the fields of a certificate under Node's names, read by OpenSSL.
 * Absent fields are null.
 *
 * <p>Immutable; the byte arrays and collections given out are copies or unmodifiable. Any thread
 * may use it.
 *
 * @see <a href="https://nodejs.org/api/tls.html#certificate-object">Certificate object</a>
 */
public final class PeerCertificate {
    /** The object without fields, which stands for "no certificate". */
    public static final PeerCertificate EMPTY = new PeerCertificate(null, Map.of(), false);

    private static final String SUBJECT = "subject.";
    private static final String ISSUER = "issuer.";
    private static final String INFO_ACCESS = "infoAccess.";

    /** As OpenSSL prints it. */
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss yyyy 'GMT'", Locale.ENGLISH);

    private final byte[] raw;
    private final Map<String, Object> fields;
    private final boolean selfIssued;
    private PeerCertificate issuerCertificate;

    private PeerCertificate(byte[] raw, Map<String, Object> fields, boolean selfIssued) {
        this.raw = raw;
        this.fields = fields;
        this.selfIssued = selfIssued;
    }

    /**
     * Reads a certificate; {@link #issuerCertificate()} is null.
     *
     * @throws IllegalArgumentException when it is none
     */
    public static PeerCertificate of(byte[] der) {
        byte[] raw = der.clone();
        byte[] description = describe(raw);
        if (description == null) {
            throw new IllegalArgumentException("not a certificate in DER");
        }
        return parse(raw, description);
    }

    /**
     * Reads a certificate that a peer sent: like {@link #of}, but what cannot be described has
     * {@link #raw()} and no other field, where that one throws. Never throws for what the bytes
     * are.
     */
    public static PeerCertificate ofPeer(byte[] der) {
        byte[] raw = der.clone();
        byte[] description = describe(raw);
        return description == null
                ? new PeerCertificate(raw, Map.of("raw", raw), false)
                : parse(raw, description);
    }

    /**
     * Reads a chain, each certificate linked to the next as its {@link #issuerCertificate()}. A
     * self-issued last one is its own issuer. Each is read as by {@link #ofPeer}.
     *
     * @return the leaf, or {@link #EMPTY} when the list is empty
     */
    public static PeerCertificate chain(List<byte[]> leafFirst) {
        PeerCertificate issuer = null;
        for (int i = leafFirst.size() - 1; i >= 0; i--) {
            PeerCertificate certificate = ofPeer(leafFirst.get(i));
            certificate.issuerCertificate =
                    issuer == null && certificate.selfIssued ? certificate : issuer;
            issuer = certificate;
        }
        return issuer == null ? EMPTY : issuer;
    }

    static boolean isReadable(byte[] der) {
        return describe(der) != null;
    }

    private static byte[] describe(byte[] der) {
        Library.require();
        Memory memory = Memory.current();
        long address = memory.stageOnly(der);
        try {
            return Outputs.copy(
                    memory, (out, cap) -> Glue.sp_x509_describe(address, der.length, out, cap));
        } finally {
            memory.unstage();
        }
    }

    // ---- from pairs to fields ----

    private static PeerCertificate parse(byte[] raw, byte[] description) {
        ByteBuffer from = ByteBuffer.wrap(description).order(ByteOrder.nativeOrder());
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("subject", new LinkedHashMap<String, Object>());
        fields.put("issuer", new LinkedHashMap<String, Object>());
        boolean selfIssued = false;
        while (from.hasRemaining()) {
            String key = new String(item(from), StandardCharsets.UTF_8);
            byte[] value = item(from);
            if (key.equals("self_issued")) {
                selfIssued = value.length == 1 && value[0] == '1';
            } else if (key.equals("invalid")) {
                addInvalid(fields, new String(value, StandardCharsets.UTF_8));
            } else {
                add(fields, key, value);
            }
        }
        fields.put("raw", raw);
        fields.replaceAll((key, value) -> frozen(value));
        return new PeerCertificate(raw, Collections.unmodifiableMap(fields), selfIssued);
    }

    private static byte[] item(ByteBuffer from) {
        byte[] bytes = new byte[from.getInt()];
        from.get(bytes);
        return bytes;
    }

    /** A field that cannot be read: Node then has no name at all, and null for an extension. */
    private static void addInvalid(Map<String, Object> fields, String field) {
        if (field.equals("subject") || field.equals("issuer")) {
            fields.remove(field);
        } else {
            fields.put(field, null);
        }
    }

    private static void add(Map<String, Object> fields, String key, byte[] value) {
        if (key.equals("pubkey")) {
            fields.put(key, value);
            return;
        }
        String text = new String(value, StandardCharsets.UTF_8);
        if (key.startsWith(SUBJECT)) {
            addName(nested(fields, "subject"), key.substring(SUBJECT.length()), text);
        } else if (key.startsWith(ISSUER)) {
            addName(nested(fields, "issuer"), key.substring(ISSUER.length()), text);
        } else if (key.startsWith(INFO_ACCESS)) {
            addTo(nested(fields, "infoAccess"), key.substring(INFO_ACCESS.length()), text);
        } else {
            addSimple(fields, key, text);
        }
    }

    private static void addSimple(Map<String, Object> fields, String key, String text) {
        switch (key) {
            case "ca" -> fields.put(key, text.equals("1"));
            case "bits" -> fields.put(key, Integer.valueOf(text));
            case "ext_key_usage" -> addTo(fields, key, text);
            default -> fields.put(key, text);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> nested(Map<String, Object> fields, String key) {
        return (Map<String, Object>)
                fields.computeIfAbsent(key, name -> new LinkedHashMap<String, Object>());
    }

    /** A repeated attribute becomes a list, as in Node. */
    private static void addName(Map<String, Object> name, String attribute, String text) {
        if (name.get(attribute) instanceof String first) {
            List<String> both = new ArrayList<>();
            both.add(first);
            name.put(attribute, both);
        }
        if (name.containsKey(attribute)) {
            addTo(name, attribute, text);
        } else {
            name.put(attribute, text);
        }
    }

    @SuppressWarnings("unchecked")
    private static void addTo(Map<String, Object> fields, String key, String text) {
        ((List<String>) fields.computeIfAbsent(key, name -> new ArrayList<String>())).add(text);
    }

    @SuppressWarnings("unchecked")
    private static Object frozen(Object value) {
        if (value instanceof Map<?, ?> map) {
            ((Map<String, Object>) map).replaceAll((key, inner) -> frozen(inner));
            return Collections.unmodifiableMap(map);
        }
        return value instanceof List<?> list ? Collections.unmodifiableList(list) : value;
    }

    // ---- fields, by Node's names ----

    /** Whether this stands for "no certificate". */
    public boolean isEmpty() {
        return raw == null;
    }

    /**
     * The subject: OpenSSL's short attribute names, each with a String, or a List of them when
     * repeated.
     */
    public Map<String, Object> subject() {
        return map("subject");
    }

    /** The issuer, in the same form. */
    public Map<String, Object> issuer() {
        return map("issuer");
    }

    /** The issuer, under the name that old documents give it. */
    public Map<String, Object> issuerInfo() {
        return issuer();
    }

    /** "DNS:example.org, IP Address:127.0.0.1": values with special characters are JSON strings. */
    public String subjectaltname() {
        return text("subjectaltname");
    }

    /** "OCSP - URI" and the like, with their values. */
    @SuppressWarnings("unchecked")
    public Map<String, List<String>> infoAccess() {
        return (Map<String, List<String>>) (Map<String, ?>) map("infoAccess");
    }

    /** Whether it may sign certificates. */
    public boolean ca() {
        return Boolean.TRUE.equals(fields.get("ca"));
    }

    /** RSA modulus in hexadecimal. */
    public String modulus() {
        return text("modulus");
    }

    /** Size of the key in bits (RSA and EC). */
    public Integer bits() {
        return (Integer) fields.get("bits");
    }

    /** RSA exponent: "0x10001". */
    public String exponent() {
        return text("exponent");
    }

    /** RSA: SubjectPublicKeyInfo in DER. EC: the point. */
    public byte[] pubkey() {
        byte[] key = (byte[]) fields.get("pubkey");
        return key == null ? null : key.clone();
    }

    /** OpenSSL's name of the curve: "prime256v1". */
    public String asn1Curve() {
        return text("asn1Curve");
    }

    /** NIST's name of the curve: "P-256". */
    public String nistCurve() {
        return text("nistCurve");
    }

    /** Start of validity: "Nov 6 09:52:22 2029 GMT". */
    public String valid_from() {
        return text("valid_from");
    }

    /** End of validity. */
    public String valid_to() {
        return text("valid_to");
    }

    /** Same as {@link #valid_from()}. */
    public String validFrom() {
        return valid_from();
    }

    /** Same as {@link #valid_to()}. */
    public String validTo() {
        return valid_to();
    }

    /** Start of validity as a point in time; null where {@link #valid_from()} has none. */
    public Instant validFromDate() {
        return time(valid_from());
    }

    /** End of validity as a point in time; null where {@link #valid_to()} has none. */
    public Instant validToDate() {
        return time(valid_to());
    }

    private static Instant time(String text) {
        if (text == null) {
            return null;
        }
        try {
            return LocalDateTime.parse(text, TIME).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            // "Bad time value": OpenSSL could not read it either.
            return null;
        }
    }

    /** SHA-1 of the certificate: "AA:BB:..". */
    public String fingerprint() {
        return text("fingerprint");
    }

    /** SHA-256 of the certificate. */
    public String fingerprint256() {
        return text("fingerprint256");
    }

    /** SHA-512 of the certificate. */
    public String fingerprint512() {
        return text("fingerprint512");
    }

    /** Extended key usages as dotted numbers. */
    @SuppressWarnings("unchecked")
    public List<String> ext_key_usage() {
        return (List<String>) fields.get("ext_key_usage");
    }

    /** Serial number in hexadecimal. */
    public String serialNumber() {
        return text("serialNumber");
    }

    /** The certificate in DER. */
    public byte[] raw() {
        return raw == null ? null : raw.clone();
    }

    /**
     * The issuer's certificate, for objects made by {@link #chain}; a root is its own. Null when
     * unknown.
     */
    public PeerCertificate issuerCertificate() {
        return issuerCertificate;
    }

    /**
     * All fields in Node's order, absent ones left out, extensions that cannot be read null;
     * {@code issuerCertificate} is such a map again, which for a root contains itself. A new map
     * each time.
     */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        fields.forEach((key, value) ->
                map.put(key, value instanceof byte[] bytes ? bytes.clone() : value));
        if (issuerCertificate != null) {
            map.put(
                    "issuerCertificate",
                    issuerCertificate == this ? map : issuerCertificate.toMap());
        }
        return map;
    }

    /**
     * The certificate as the JDK has it.
     *
     * @throws CertificateException when the JDK's reader, which is stricter than OpenSSL's, refuses
     *     it, or there is none; nothing else, whatever the peer sent
     */
    public X509Certificate toX509Certificate() throws CertificateException {
        if (raw == null) {
            throw new CertificateException("no certificate");
        }
        return JdkCertificates.read(raw);
    }

    /** The subject and the fingerprint. */
    @Override
    public String toString() {
        return raw == null ? "{}" : subject() + " " + fingerprint256();
    }

    private String text(String key) {
        return (String) fields.get(key);
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> map(String key) {
        return (Map<String, Object>) fields.get(key);
    }
}
