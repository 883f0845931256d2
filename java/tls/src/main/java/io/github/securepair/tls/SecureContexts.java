package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.OpenSSLError;
import io.github.securepair.engine.Protocol;
import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Warnings;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Makes contexts from options: the order of the steps, the checks and the errors of Node's
 * {@code createSecureContext}.
 *
 * <p>The order matters: {@code @SECLEVEL} in the cipher list governs what is loaded after it; CAs
 * come before the certificate so that its issuer is found; the key comes after the certificate so
 * that a mismatch is seen.
 */
final class SecureContexts {
    /**
     * With no elliptic curve in it, ECDHE cannot be negotiated, while DHE and TLS 1.3 still can.
     */
    private static final String FINITE_FIELD_GROUPS =
            "ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";

    /** The last integer up to which a number of JavaScript is exact. */
    private static final long MAX_SAFE_INTEGER = (1L << 53) - 1;

    private static final String OPTIONAL_STRING = "of type string or one of null or undefined";

    private SecureContexts() {}

    /** A context with the defaults of createSecureContext. The caller owns it. */
    static SecureContext create(Options options) {
        return create(options == null ? new SecureContextOptions() : options, false);
    }

    /**
     * A context with the defaults of createServer: own cipher order, a session id context. The
     * caller owns it.
     */
    static SecureContext createForServer(Options options) {
        return create(options, true);
    }

    /**
     * The default session id context of servers: a digest of the command line, so that workers
     * started alike share sessions. SHA-1 cut to 32 digits as in Node 20, or MD5 as in Node 0.12.
     */
    static String defaultSessionIdContext(Profile profile) {
        String command = System.getProperty("sun.java.command", "java");
        try {
            MessageDigest digest = MessageDigest.getInstance(profile.isLegacy() ? "MD5" : "SHA-1");
            byte[] hash = digest.digest(command.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, 32);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SecureContext create(Options options, boolean server) {
        Profile profile = Profile.of(options);
        if (profile.isLegacy()) {
            OpenSSL.loadLegacy();
        }
        ProtocolRange range = ProtocolRange.of(options, profile);
        long secureOptions = secureOptions(options, server && profile.honorCipherOrder());
        try (SecureContext.Builder builder = SecureContext.builder(range.role())) {
            builder.versions(range.min(), range.max());
            builder.options(secureOptions, 0);
            ciphers(builder, options, profile, range);
            trust(builder, options);
            identity(builder, options);
            groups(builder, options, profile);
            crl(builder, options);
            sessions(builder, options, server ? defaultSessionIdContext(profile) : null);
            boolean always = profile.isLegacy() && OpenSSL.supports(OpenSSL.Feature.NPN);
            if (options.has("NPNProtocols") || always) {
                builder.npn();
            }
            return builder.build();
        }
    }

    private static long secureOptions(Options options, boolean serverOrder) {
        Object given = options.get("secureOptions");
        long mask = 0;
        if (!Options.isFalsy(given)) {
            mask = Options.integer("secureOptions", given, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER);
        }
        Object honor = options.get("honorCipherOrder");
        boolean own = honor == null ? serverOrder : !Options.isFalsy(honor);
        return own ? mask | SSLOptions.SSL_OP_CIPHER_SERVER_PREFERENCE : mask;
    }

    private static void ciphers(
            SecureContext.Builder builder, Options options, Profile profile, ProtocolRange range) {
        Object given = options.get("ciphers");
        if (given != null && !(given instanceof String)) {
            throw ArgumentException.invalidArgType("options.ciphers", "of type string", given);
        }
        String ciphers = Options.isFalsy(given) ? profile.ciphers() : (String) given;
        List<String> suites = new ArrayList<>();
        List<String> list = new ArrayList<>();
        String[] names = ciphers.split(":", -1);
        if (Arrays.stream(names).anyMatch(SecureContexts::asksForRC4)) {
            OpenSSL.loadLegacy();
        }
        for (String name : names) {
            if (name.startsWith("TLS_") || name.startsWith("!TLS_")) {
                suites.add(name);
            } else if (!name.isEmpty()) {
                list.add(name);
            }
        }
        if (suites.isEmpty() && list.isEmpty()) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_VALUE",
                    "The property 'options.ciphers' is invalid. Received [ "
                            + String.join(
                                    ", ",
                                    Arrays.stream(names)
                                            .map(name -> "'" + name + "'")
                                            .toList())
                            + " ]");
        }
        if (!suites.isEmpty()) {
            builder.cipherSuites(String.join(":", suites));
        }
        if (!list.isEmpty()) {
            builder.cipherList(String.join(":", list));
        } else {
            builder.noCipherList();
            if (range.min() < Protocol.TLS1_3
                    && (range.max() == 0 || range.max() >= Protocol.TLS1_3)) {
                builder.versions(Protocol.TLS1_3, range.max());
            }
        }
    }

    private static boolean asksForRC4(String name) {
        return name.contains("RC4") && !name.startsWith("!") && !name.startsWith("-");
    }

    private static void trust(SecureContext.Builder builder, Options options) {
        if (options.has("allowPartialTrustChain")) {
            builder.partialChain(!Options.isFalsy(options.get("allowPartialTrustChain")));
        }
        Object ca = options.get("ca");
        if (Options.isFalsy(ca)) {
            DefaultTrust.apply();
            builder.defaultRoots();
            return;
        }
        builder.ownTrust(); // an empty list trusts nobody
        for (Object entry : Materials.entries(ca)) {
            if (entry instanceof X509Certificate certificate) {
                builder.caDer(X509.encoded(certificate), true);
            } else if (entry instanceof StoreURI store) {
                withPassphrase(
                        store,
                        options,
                        secret -> builder.storeCA(store.uri(), store.properties(), secret));
            } else if (builder.ca(Materials.bytes("ca", entry), true) == 0) {
                // Node would go on with an empty store, and every peer would then be refused for a
                // reason that names no file.
                throw new SecureContextException(
                        "ERR_OSSL_PEM_NO_START_LINE",
                        "error:0480006C:PEM routines::no start line (options.ca has no"
                                + " certificate)");
            }
        }
    }

    private static void identity(SecureContext.Builder builder, Options options) {
        Object cert = options.get("cert");
        if (!Options.isFalsy(cert)) {
            for (Object entry : Materials.entries(cert)) {
                certificate(builder, entry, options);
            }
        }
        Object key = options.get("key");
        if (!Options.isFalsy(key)) {
            for (Object entry : Materials.entries(key)) {
                if (entry instanceof PrivateKey secret) {
                    privateKey(builder, secret);
                } else if (entry instanceof StoreURI store) {
                    withPassphrase(
                            store,
                            options,
                            secret -> builder.storeKey(store.uri(), store.properties(), secret));
                } else {
                    privateKey(builder, entry, Materials.isList(key), options.get("passphrase"));
                }
            }
        }
        Object sigalgs = options.get("sigalgs");
        if (sigalgs != null) {
            String text = Options.string("options.sigalgs", sigalgs);
            if (text.isEmpty()) {
                throw ArgumentException.invalidArgValue("options.sigalgs", text);
            }
            builder.signatureAlgorithms(text);
        }
        privateKeyIdentifier(options);
    }

    private static void certificate(SecureContext.Builder builder, Object entry, Options options) {
        if (entry instanceof StoreURI store) {
            withPassphrase(
                    store,
                    options,
                    secret -> builder.storeCertificate(store.uri(), store.properties(), secret));
        } else if (entry instanceof X509Certificate certificate) {
            builder.certificate(KeyStores.pem(certificate));
        } else {
            builder.certificate(Materials.bytes("cert", entry));
        }
    }

    private static void withPassphrase(StoreURI store, Options options, Consumer<byte[]> use) {
        Object given = store.passphrase() != null ? store.passphrase() : options.get("passphrase");
        byte[] secret = passphrase(given);
        try {
            use.accept(secret);
        } finally {
            wipe(secret);
        }
    }

    private static void privateKey(SecureContext.Builder builder, PrivateKey key) {
        byte[] pem = KeyStores.pem(key);
        try {
            builder.privateKey(pem, null);
        } finally {
            wipe(pem);
        }
    }

    private static void privateKey(
            SecureContext.Builder builder, Object entry, boolean inList, Object shared) {
        Object pem = entry;
        Object passphrase = shared;
        if (entry instanceof PemKey of) {
            pem = of.pem();
            passphrase = of.passphrase() != null ? of.passphrase() : shared;
        } else if (inList && entry instanceof Map<?, ?> map && map.get("pem") != null) {
            pem = map.get("pem");
            passphrase = map.get("passphrase") != null ? map.get("passphrase") : shared;
        }
        byte[] bytes = Materials.bytes("key", pem);
        byte[] secret = passphrase(passphrase);
        try {
            builder.privateKey(bytes, secret);
        } finally {
            wipe(secret);
        }
    }

    private static byte[] passphrase(Object value) {
        return value == null
                ? null
                : Options.string("options.passphrase", value).getBytes(StandardCharsets.UTF_8);
    }

    private static void wipe(byte[] secret) {
        if (secret != null) {
            Arrays.fill(secret, (byte) 0);
        }
    }

    /**
     * Engines are deprecated in OpenSSL 3 and not used: the options are checked as in Node, and
     * then fail as in a Node without engines. Their successor is {@link StoreURI}.
     */
    private static void privateKeyIdentifier(Options options) {
        Object identifier = options.get("privateKeyIdentifier");
        if (identifier == null) {
            return;
        }
        Object engine = options.get("privateKeyEngine");
        if (engine == null) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_VALUE",
                    "The property 'options.privateKeyEngine' is invalid. Received undefined");
        }
        if (!Options.isFalsy(options.get("key"))) {
            throw ArgumentException.invalidArgValue("options.privateKeyIdentifier", identifier);
        }
        optionalString("options.privateKeyIdentifier", identifier);
        optionalString("options.privateKeyEngine", engine);
        throw noEngines();
    }

    private static void optionalString(String name, Object value) {
        if (value != null && !(value instanceof String)) {
            throw ArgumentException.invalidArgType(name, OPTIONAL_STRING, value);
        }
    }

    private static SecureContextException noEngines() {
        return new SecureContextException(
                "ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED",
                "Custom engines not supported by this OpenSSL");
    }

    private static void groups(SecureContext.Builder builder, Options options, Profile profile) {
        Object given = options.get("ecdhCurve");
        if (Boolean.FALSE.equals(given)) {
            builder.groups(FINITE_FIELD_GROUPS);
        } else {
            String curve = given == null
                    ? profile.ecdhCurve()
                    : Options.string("options.ecdhCurve", given);
            if (!curve.equals("auto")) {
                try {
                    builder.groups(curve);
                } catch (SecureContextException e) {
                    throw new SecureContextException(
                            "ERR_CRYPTO_OPERATION_FAILED", "Failed to set ECDH curve", e);
                }
            }
        }
        Object dhparam = options.get("dhparam");
        if (dhparam == null) {
            return;
        }
        byte[] pem = Materials.bytes("dhparam", dhparam);
        if (new String(pem, StandardCharsets.UTF_8).equals("auto")) {
            builder.dhAuto();
            return;
        }
        int bits;
        try {
            bits = builder.dhParameters(pem, 1024);
        } catch (SecureContextException e) {
            throw new SecureContextException(
                    "ERR_CRYPTO_OPERATION_FAILED", "Error setting temp DH parameter", e);
        }
        if (bits > 0 && bits < 1024) {
            throw new ArgumentException(
                    "TypeError", "ERR_INVALID_ARG_VALUE", "DH parameter is less than 1024 bits");
        }
        if (bits > 0 && bits < 2048) {
            Warnings.emit("SecurityWarning", null, "DH parameter is less than 2048 bits");
        }
    }

    private static void crl(SecureContext.Builder builder, Options options) {
        Object crl = options.get("crl");
        if (crl == null) {
            return;
        }
        for (Object entry : Materials.entries(crl)) {
            if (builder.crl(Materials.bytes("crl", entry)) == 0) {
                throw new SecureContextException(
                        "ERR_CRYPTO_OPERATION_FAILED", "Failed to parse CRL");
            }
        }
    }

    private static void sessions(
            SecureContext.Builder builder, Options options, String defaultIdContext) {
        Object idContext = options.get("sessionIdContext");
        if (idContext != null) {
            String text = Options.string("options.sessionIdContext", idContext);
            if (!text.isEmpty()) {
                sessionIdContext(builder, text.getBytes(StandardCharsets.UTF_8));
            }
        } else if (defaultIdContext != null) {
            builder.sessionIdContext(defaultIdContext.getBytes(StandardCharsets.UTF_8));
        }
        pfx(builder, options);
        Object engine = options.get("clientCertEngine");
        if (engine != null) {
            optionalString("options.clientCertEngine", engine);
            throw noEngines();
        }
        Object ticketKeys = options.get("ticketKeys");
        if (ticketKeys != null) {
            builder.ticketKeys(ticketKeys(ticketKeys));
        }
        Object timeout = options.get("sessionTimeout");
        if (timeout != null) {
            builder.sessionTimeout(
                    Options.integer("options.sessionTimeout", timeout, 0, Integer.MAX_VALUE));
        }
    }

    private static void sessionIdContext(SecureContext.Builder builder, byte[] id) {
        try {
            builder.sessionIdContext(id);
        } catch (SecureContextException e) {
            if (e.entries().isEmpty()) {
                throw e;
            }
            // Node throws OpenSSL's line as it is printed, without code.
            OpenSSLError first = e.entries().get(0);
            throw new SecureContextException("ERR_SSL_" + first.codeName(), first.toString(), e);
        }
    }

    private static byte[] ticketKeys(Object value) {
        if (!(value instanceof byte[] || value instanceof ByteBuffer)) {
            throw ArgumentException.invalidArgType(
                    "options.ticketKeys", "an instance of Buffer, TypedArray, or DataView", value);
        }
        byte[] keys = Materials.bytes(value);
        if (keys.length != 48) {
            throw ArgumentException.invalidArgValue(
                    "options.ticketKeys", keys.length, "must be exactly 48 bytes");
        }
        return keys;
    }

    private static void pfx(SecureContext.Builder builder, Options options) {
        Object pfx = options.get("pfx");
        if (pfx == null) {
            return;
        }
        boolean inList = Materials.isList(pfx);
        for (Object entry : Materials.entries(pfx)) {
            Object file = entry;
            Object passphrase = options.get("passphrase");
            if (entry instanceof Pfx of) {
                file = of.buf();
                passphrase = of.passphrase() != null ? of.passphrase() : passphrase;
            } else if (inList && entry instanceof Map<?, ?> map && map.get("buf") != null) {
                file = map.get("buf");
                passphrase = map.get("passphrase") != null ? map.get("passphrase") : passphrase;
            }
            if (!Materials.isBytes(file)) {
                throw new SecureContextException(
                        "ERR_CRYPTO_OPERATION_FAILED", "Unable to load PFX certificate");
            }
            byte[] secret = pfxPassphrase(passphrase);
            try {
                pfx(builder, Materials.bytes(file), secret);
            } finally {
                wipe(secret);
            }
        }
    }

    /** A file that only the legacy provider can read gets it, if the library has one. */
    private static void pfx(SecureContext.Builder builder, byte[] file, byte[] secret) {
        try {
            builder.pfx(file, secret);
        } catch (SecureContextException e) {
            if (!"ERR_CRYPTO_UNSUPPORTED_OPERATION".equals(e.code()) || !OpenSSL.loadLegacy()) {
                throw e;
            }
            builder.pfx(file, secret);
        }
    }

    private static byte[] pfxPassphrase(Object value) {
        if (value == null || Materials.isBytes(value) && !(value instanceof Path)) {
            return value == null ? null : Materials.bytes(value).clone();
        }
        throw new ArgumentException(
                "TypeError", "ERR_INVALID_ARG_TYPE", "Pass phrase must be a buffer");
    }
}
