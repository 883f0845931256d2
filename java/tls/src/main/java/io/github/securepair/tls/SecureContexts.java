package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.OpenSSLError;
import io.github.securepair.engine.Protocol;
import io.github.securepair.engine.SSLOptions;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Warnings;

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
        Profile profile = options.read(ContextOptions.PROFILE);
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
            if (options.has(ContextOptions.NPN_PROTOCOLS) || always) {
                builder.npn();
            }
            return builder.build();
        }
    }

    private static long secureOptions(Options options, boolean serverOrder) {
        long mask = options.read(ContextOptions.SECURE_OPTIONS);
        Boolean honor = options.read(ContextOptions.HONOR_CIPHER_ORDER);
        boolean own = honor == null ? serverOrder : honor;
        return own ? mask | SSLOptions.SSL_OP_CIPHER_SERVER_PREFERENCE : mask;
    }

    private static void ciphers(
            SecureContext.Builder builder, Options options, Profile profile, ProtocolRange range) {
        String given = options.read(ContextOptions.CIPHERS);
        String ciphers = given == null || given.isEmpty() ? profile.ciphers() : given;
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
        Boolean partial = options.read(ContextOptions.ALLOW_PARTIAL_TRUST_CHAIN);
        if (partial != null) {
            builder.partialChain(partial);
        }
        List<?> ca = options.read(ContextOptions.CA);
        if (ca == null) {
            DefaultTrust.apply();
            builder.defaultRoots();
            return;
        }
        builder.ownTrust(); // an empty list trusts no certificate
        for (Object entry : ca) {
            if (entry instanceof X509Certificate certificate) {
                builder.caDer(X509.encoded(certificate), true);
            } else if (entry instanceof StoreURI store) {
                withPassphrase(
                        store,
                        options,
                        secret -> builder.storeCA(store.uri(), store.properties(), secret));
            } else if (builder.ca(Materials.bytes("options.ca", entry), true) == 0) {
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
        List<?> certificates = options.read(ContextOptions.CERT);
        if (certificates != null) {
            for (Object entry : certificates) {
                certificate(builder, entry, options);
            }
        }
        List<Materials.Locked> keys = options.read(ContextOptions.KEY);
        if (keys != null) {
            for (Materials.Locked entry : keys) {
                privateKey(builder, entry, options);
            }
        }
        String sigalgs = options.read(ContextOptions.SIGALGS);
        if (sigalgs != null) {
            builder.signatureAlgorithms(sigalgs);
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
            builder.certificate(Materials.bytes("options.cert", entry));
        }
    }

    private static void withPassphrase(StoreURI store, Options options, Consumer<byte[]> use) {
        byte[] secret = passphrase(store.passphrase(), options);
        try {
            use.accept(secret);
        } finally {
            wipe(secret);
        }
    }

    private static void privateKey(
            SecureContext.Builder builder, Materials.Locked entry, Options options) {
        if (entry.content() instanceof PrivateKey key) {
            byte[] pem = KeyStores.pem(key);
            try {
                builder.privateKey(pem, null);
            } finally {
                wipe(pem);
            }
        } else if (entry.content() instanceof StoreURI store) {
            withPassphrase(
                    store,
                    options,
                    secret -> builder.storeKey(store.uri(), store.properties(), secret));
        } else {
            byte[] pem = Materials.bytes("options.key", entry.content());
            byte[] secret = passphrase(entry.passphrase(), options);
            try {
                builder.privateKey(pem, secret);
            } finally {
                wipe(secret);
            }
        }
    }

    /** The bytes of the own passphrase, else of the option's; null for none. */
    private static byte[] passphrase(Object own, Options options) {
        Object given = own != null ? own : options.read(ContextOptions.PASSPHRASE);
        return given == null
                ? null
                : Option.string("options.passphrase", given).getBytes(StandardCharsets.UTF_8);
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
        Object identifier = options.read(ContextOptions.PRIVATE_KEY_IDENTIFIER);
        if (identifier == null) {
            return;
        }
        Object engine = options.read(ContextOptions.PRIVATE_KEY_ENGINE);
        if (engine == null) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_VALUE",
                    "The property 'options.privateKeyEngine' is invalid. Received undefined");
        }
        if (options.read(ContextOptions.KEY) != null) {
            throw ArgumentException.invalidArgValue("options.privateKeyIdentifier", identifier);
        }
        ContextOptions.engine("options.privateKeyIdentifier", identifier);
        ContextOptions.engine("options.privateKeyEngine", engine);
        throw noEngines();
    }

    private static SecureContextException noEngines() {
        return new SecureContextException(
                "ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED",
                "Custom engines not supported by this OpenSSL");
    }

    private static void groups(SecureContext.Builder builder, Options options, Profile profile) {
        String given = options.read(ContextOptions.ECDH_CURVE);
        String curve = given == null ? profile.ecdhCurve() : given;
        if (!curve.equals("auto")) {
            try {
                builder.groups(curve);
            } catch (SecureContextException e) {
                throw new SecureContextException(
                        "ERR_CRYPTO_OPERATION_FAILED", "Failed to set ECDH curve", e);
            }
        }
        byte[] pem = options.read(ContextOptions.DHPARAM);
        if (pem == null) {
            return;
        }
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
        List<?> crl = options.read(ContextOptions.CRL);
        if (crl == null) {
            return;
        }
        for (Object entry : crl) {
            if (builder.crl(Materials.bytes("options.crl", entry)) == 0) {
                throw new SecureContextException(
                        "ERR_CRYPTO_OPERATION_FAILED", "Failed to parse CRL");
            }
        }
    }

    private static void sessions(
            SecureContext.Builder builder, Options options, String defaultIdContext) {
        String idContext = options.read(ContextOptions.SESSION_ID_CONTEXT);
        if (idContext != null && !idContext.isEmpty()) {
            sessionIdContext(builder, idContext.getBytes(StandardCharsets.UTF_8));
        } else if (idContext == null && defaultIdContext != null) {
            builder.sessionIdContext(defaultIdContext.getBytes(StandardCharsets.UTF_8));
        }
        pfx(builder, options);
        if (options.read(ContextOptions.CLIENT_CERT_ENGINE) != null) {
            throw noEngines();
        }
        byte[] ticketKeys = options.read(ContextOptions.TICKET_KEYS);
        if (ticketKeys != null) {
            builder.ticketKeys(ticketKeys);
        }
        Long timeout = options.read(ContextOptions.SESSION_TIMEOUT);
        if (timeout != null) {
            builder.sessionTimeout(timeout);
        }
        Long tickets = options.read(ContextOptions.NUM_TICKETS);
        if (tickets != null) {
            builder.numTickets(tickets.intValue());
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

    private static void pfx(SecureContext.Builder builder, Options options) {
        List<Materials.Locked> files = options.read(ContextOptions.PFX);
        if (files == null) {
            return;
        }
        for (Materials.Locked entry : files) {
            if (!Materials.isBytes(entry.content())) {
                throw new SecureContextException(
                        "ERR_CRYPTO_OPERATION_FAILED", "Unable to load PFX certificate");
            }
            Object own = entry.passphrase();
            byte[] secret =
                    pfxPassphrase(own != null ? own : options.read(ContextOptions.PASSPHRASE));
            try {
                pfx(builder, Materials.bytes(entry.content()), secret);
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
