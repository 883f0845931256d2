package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.NativeHandle;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.openssl.Glue;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Holds what connections have in common: keys, certificates, trust, protocol rules
 * ({@code SSL_CTX}).
 *
 * <p>Made by a {@link Builder} and frozen then; any thread may use it and make connections from it.
 * Connections hold the native context themselves, so closing it while they run is fine. Close it: a
 * forgotten one is freed only when the garbage collector finds it, which is asked to look when
 * contexts take more than 64 MiB of native memory, and then each time that has doubled. What
 * several contexts trust is held once.
 */
public final class SecureContext implements AutoCloseable {
    /** Which end the connections of a context may be. */
    public enum Role {
        /** Both ({@code TLS_method}). */
        ANY(Glue.SP_ROLE_ANY),
        /** Clients only. */
        CLIENT(Glue.SP_ROLE_CLIENT),
        /** Servers only. */
        SERVER(Glue.SP_ROLE_SERVER);

        private final int code;

        Role(int code) {
            this.code = code;
        }
    }

    /** {@code ERR_LIB_SYS}: the reason of such an entry is an errno. */
    private static final int SYSTEM_ERRORS = 2;

    private final Shared shared;
    private final Cleaner.Cleanable cleanable;

    private final boolean npn;
    private final boolean ownTrust;

    private SecureContext(Shared shared, boolean npn, boolean ownTrust) {
        this.shared = shared;
        this.npn = npn;
        this.ownTrust = ownTrust;
        this.cleanable = NativeHandle.register(this, shared);
    }

    /** Starts a context with Node's ground settings: security level 1, no certificate, no trust. */
    public static Builder builder(Role role) {
        return new Builder(role);
    }

    /**
     * The keys that protect session tickets: 16 bytes name, 16 bytes HMAC-SHA256 key, 16 bytes
     * AES-128 key. Secret; the caller owns the copy. Any time, any thread.
     */
    public byte[] ticketKeys() {
        long ctx = acquire();
        try {
            return readTicketKeys(ctx);
        } finally {
            release();
        }
    }

    /**
     * Replaces the ticket keys: new tickets use them at once, tickets of other keys lead to full
     * handshakes. Any time, any thread.
     *
     * @throws IllegalArgumentException unless there are 48 bytes
     */
    public void setTicketKeys(byte[] keys) {
        long ctx = acquire();
        try {
            writeTicketKeys(ctx, keys);
        } finally {
            release();
        }
    }

    /** DER of the certificate loaded last, or null. */
    public byte[] certificateDer() {
        return get(Glue.SP_CTX_CERTIFICATE);
    }

    /**
     * DER of that certificate's issuer, from the chain or else from the trust store; null when
     * neither has it.
     */
    public byte[] issuerDer() {
        return get(Glue.SP_CTX_ISSUER);
    }

    /** DER of that certificate and of the chain sent with it; null when there is none. */
    public List<byte[]> chainDer() {
        return list(Glue.SP_CTX_CHAIN);
    }

    /** DER of all trust anchors of the context. */
    public List<byte[]> trustedDer() {
        return list(Glue.SP_CTX_TRUSTED);
    }

    /**
     * The certificate loaded last as the JDK has it; null when there is none, or none that the JDK,
     * which is stricter than OpenSSL, can read ({@link #certificateDer()} has it).
     */
    public X509Certificate certificate() {
        return JdkCertificates.readOrNull(certificateDer());
    }

    /**
     * That certificate and the chain sent with it, up to the first one that the JDK cannot read
     * ({@link #chainDer()} has all); empty when there is none.
     */
    public List<X509Certificate> chain() {
        List<byte[]> ders = chainDer();
        return ders == null
                ? List.of()
                : ders.stream()
                        .map(JdkCertificates::readOrNull)
                        .takeWhile(Objects::nonNull)
                        .toList();
    }

    /**
     * The trust anchors of the context but those that the JDK cannot read ({@link #trustedDer()}
     * has all); empty when there is none.
     */
    public List<X509Certificate> trusted() {
        List<byte[]> ders = trustedDer();
        return ders == null
                ? List.of()
                : ders.stream()
                        .map(JdkCertificates::readOrNull)
                        .filter(Objects::nonNull)
                        .toList();
    }

    /**
     * The anchors of {@link #trusted()} as a PKCS#12 key store in memory, a new one at each call:
     * what a {@code TrustManagerFactory} takes, or {@code store} writes to a file.
     */
    public KeyStore trustStore() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            int number = 0;
            for (X509Certificate anchor : trusted()) {
                store.setCertificateEntry("ca" + ++number, anchor);
            }
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("the JDK makes no key store of these", e);
        }
    }

    /** OpenSSL's names of the enabled cipher suites in the order of preference. */
    public List<String> ciphers() {
        byte[] names = get(Glue.SP_CTX_CIPHERS);
        return names == null ? List.of() : Outputs.split(names);
    }

    /** Gives up the context; again is fine. Its connections go on. */
    @Override
    public void close() {
        cleanable.clean();
    }

    /** Whether connections can speak NPN: {@link Builder#npn()} was called. */
    public boolean hasNPN() {
        return npn;
    }

    /**
     * Whether its trust was set, by {@link Builder#ca} and the like, {@link Builder#crl},
     * {@link Builder#partialChain} or {@link Builder#ownTrust}; the default roots alone, none at
     * all, or what a PKCS#12 file has beside its own certificate are no trust of its own.
     */
    public boolean hasOwnTrust() {
        return ownTrust;
    }

    /** Whether {@link #close()} was called. */
    public boolean isClosed() {
        return shared.closed;
    }

    /** Keeps the native context alive until {@link #release()}; throws once closed. */
    long acquire() {
        return shared.acquire();
    }

    void release() {
        shared.release();
        Reference.reachabilityFence(this);
    }

    private byte[] get(int what) {
        long ctx = acquire();
        try {
            return Outputs.copy(
                    Memory.current(), (out, cap) -> Glue.sp_ctx_get(ctx, what, out, cap));
        } finally {
            release();
        }
    }

    private List<byte[]> list(int what) {
        byte[] items = get(what);
        return items == null ? null : Outputs.items(items);
    }

    private static byte[] readTicketKeys(long ctx) {
        Memory memory = Memory.current();
        memory.reserveOut(Glue.SP_TICKET_KEYS_SIZE);
        if (Glue.sp_ctx_get_ticket_keys(ctx, memory.outAddress()) != Glue.SP_OK) {
            throw new IllegalStateException("ticket keys cannot be read");
        }
        return memory.takeOut(Glue.SP_TICKET_KEYS_SIZE);
    }

    private static void writeTicketKeys(long ctx, byte[] keys) {
        if (keys.length != Glue.SP_TICKET_KEYS_SIZE) {
            throw new IllegalArgumentException("Session ticket keys must be "
                    + Glue.SP_TICKET_KEYS_SIZE + " bytes, not " + keys.length);
        }
        Memory memory = Memory.current();
        long address = memory.stageOnly(keys);
        try {
            if (Glue.sp_ctx_set_ticket_keys(ctx, address) != Glue.SP_OK) {
                throw new IllegalStateException("ticket keys cannot be set");
            }
        } finally {
            memory.unstage();
        }
    }

    /**
     * The native context and a count of its uses: one for the owner, one for each running call. The
     * last one frees, so that a close() beside a call of another thread pulls nothing from under
     * it. Is its own cleaning action, and so knows no SecureContext.
     */
    private static final class Shared implements Runnable {
        private final long address;
        private final AtomicInteger users = new AtomicInteger(1);
        volatile boolean closed;

        Shared(long address) {
            this.address = address;
        }

        long acquire() {
            int count;
            do {
                count = users.get();
                if (closed || count == 0) {
                    throw new IllegalStateException("SecureContext is closed");
                }
            } while (!users.compareAndSet(count, count + 1));
            return address;
        }

        void release() {
            if (users.decrementAndGet() == 0) {
                Glue.sp_ctx_free(address);
            }
        }

        @Override
        public void run() {
            closed = true;
            release();
        }
    }

    /**
     * Collects what a context is made of. Every call takes effect at once and throws
     * {@link SecureContextException} when OpenSSL refuses; a builder can go on after that. For one
     * thread at a time. Must be closed, which does nothing once {@link #build()} was called. The
     * arrays given stay the caller's; the copies made of keys and passphrases are wiped.
     */
    public static final class Builder implements AutoCloseable {
        private final NativeHandle handle;
        private boolean npn;
        private boolean ownTrust;

        private Builder(Role role) {
            Library.require();
            ContextMemory.check();
            Memory memory = Memory.current();
            long ctx = Glue.sp_ctx_new(role.code, memory.reportAddress);
            if (ctx == 0) {
                throw SecureContextException.of(ErrorReport.of(memory), "No context could be made");
            }
            handle = new NativeHandle(ctx, "SecureContext.Builder", Glue::sp_ctx_free);
        }

        /**
         * Sets the protocol range ({@code SSL_CTX_set_min_proto_version}); see {@link Protocol}.
         *
         * @throws SecureContextException when the OpenSSL in use has not got one of them
         */
        public Builder versions(int min, int max) {
            return configure((ctx, memory) -> {
                int result = Glue.sp_ctx_set_versions(ctx, min, max, memory.reportAddress);
                if (result == Glue.SP_ERROR && ErrorReport.of(memory).isEmpty()) {
                    throw new SecureContextException(
                            "ERR_SSL_UNSUPPORTED_PROTOCOL",
                            "OpenSSL " + OpenSSL.version() + " cannot speak "
                                    + versionName(min, max));
                }
                check(result, memory, "The protocol range was refused");
            });
        }

        private static String versionName(int min, int max) {
            int named = min != 0 ? min : max;
            String name = Protocol.name(named);
            return name != null ? name : "protocol 0x" + Integer.toHexString(named);
        }

        /** Sets and clears {@code SSL_OP_*}; see {@link SSLOptions}. */
        public Builder options(long set, long clear) {
            return configure((ctx, memory) -> Glue.sp_ctx_set_options(ctx, set, clear));
        }

        /** The options that are set now. */
        public long options() {
            long ctx = handle.enter();
            try {
                return Glue.sp_ctx_set_options(ctx, 0, 0);
            } finally {
                handle.exit();
            }
        }

        /** Sets the security level, 0 to 5; a cipher list with @SECLEVEL changes it too. */
        public Builder securityLevel(int level) {
            if (level < 0 || level > 5) {
                throw new IllegalArgumentException("security level " + level);
            }
            return configure((ctx, memory) -> check(
                    Glue.sp_ctx_set_security_level(ctx, level),
                    memory,
                    "The security level was refused"));
        }

        /** Sets the suites of TLS 1.2 and older, in OpenSSL's cipher list syntax. */
        public Builder cipherList(String list) {
            return text(list, Glue::sp_ctx_set_cipher_list, "The cipher list was refused");
        }

        /** Leaves no suite of TLS 1.2 and older. */
        public Builder noCipherList() {
            return cipherList("");
        }

        /** Sets the suites of TLS 1.3, names joined by ':'. */
        public Builder cipherSuites(String list) {
            return text(list, Glue::sp_ctx_set_ciphersuites, "The cipher suites were refused");
        }

        /**
         * Sets the key exchange groups, names joined by ':'.
         *
         * @throws SecureContextException with Node's {@code ERR_CRYPTO_OPERATION_FAILED} when one
         *     is unknown
         */
        public Builder groups(String list) {
            return fixedText(list, Glue::sp_ctx_set_groups, "Failed to set ECDH curve");
        }

        /** Sets the signature algorithms, names joined by ':'. */
        public Builder signatureAlgorithms(String list) {
            return fixedText(list, Glue::sp_ctx_set_sigalgs, "Failed to set signature algorithms");
        }

        /** Sets the hint that a TLS 1.2 server gives to clients with pre-shared keys. */
        public Builder pskIdentityHint(String hint) {
            return text(
                    hint, Glue::sp_ctx_set_psk_identity_hint, "The PSK identity hint was refused");
        }

        /**
         * Sets Diffie-Hellman parameters.
         *
         * @return their size in bits, 0 when the text holds none; fewer than {@code minBits} are
         *     not set
         */
        public int dhParameters(byte[] pem, int minBits) {
            int[] bits = new int[1];
            stage(pem, (ctx, memory, address) -> {
                int result =
                        Glue.sp_ctx_set_dh(ctx, address, pem.length, minBits, memory.reportAddress);
                if (result == Glue.SP_ERROR) {
                    throw SecureContextException.of(
                            ErrorReport.of(memory), "The DH parameters were refused");
                }
                rejectMisuse(result);
                bits[0] = Math.max(result, 0);
            });
            return bits[0];
        }

        /** Lets OpenSSL choose Diffie-Hellman parameters that fit the key. */
        public Builder dhAuto() {
            return configure((ctx, memory) ->
                    check(Glue.sp_ctx_set_dh_auto(ctx, 1), memory, "Automatic DH was refused"));
        }

        /**
         * Sets the name that sessions of this context bear; only contexts of the same name resume
         * them.
         *
         * @throws SecureContextException without code when it has more than 32 bytes
         */
        public Builder sessionIdContext(byte[] id) {
            return stage(id, (ctx, memory, address) -> {
                int result = Glue.sp_ctx_set_session_id_context(
                        ctx, address, id.length, memory.reportAddress);
                ErrorReport report =
                        result == Glue.SP_ERROR ? ErrorReport.of(memory) : ErrorReport.EMPTY;
                if (!report.isEmpty()) {
                    throw new SecureContextException(null, report.first().printed(), report);
                }
                check(result, memory, "The session id context was refused");
            });
        }

        /** Sets how long a session can be resumed, in seconds. */
        public Builder sessionTimeout(long seconds) {
            return configure((ctx, memory) -> check(
                    Glue.sp_ctx_set_session_timeout(ctx, seconds),
                    memory,
                    "The session timeout was refused"));
        }

        /** Sets how many tickets a TLS 1.3 server sends after a full handshake. */
        public Builder numTickets(int count) {
            return configure((ctx, memory) -> check(
                    Glue.sp_ctx_set_num_tickets(ctx, count, memory.reportAddress),
                    memory,
                    "The ticket count was refused"));
        }

        /**
         * Adds a certificate and the chain to send with it, PEM, leaf first. One of the same key
         * type is replaced.
         */
        public Builder certificate(byte[] pem) {
            return stage(
                    pem,
                    (ctx, memory, address) -> check(
                            Glue.sp_ctx_use_certificate(
                                    ctx, address, pem.length, memory.reportAddress),
                            memory,
                            "The certificate was refused"));
        }

        /**
         * Adds a private key, PEM: PKCS#1, SEC 1 or PKCS#8, encrypted or not. There is never a
         * prompt for a passphrase.
         *
         * @param passphrase of an encrypted key, in UTF-8; null for none; at most 1024 bytes
         */
        public Builder privateKey(byte[] pem, byte[] passphrase) {
            return stage(
                    pem,
                    passphrase,
                    (ctx, memory, file, pass) -> check(
                            Glue.sp_ctx_use_key(
                                    ctx,
                                    file,
                                    pem.length,
                                    pass,
                                    length(passphrase),
                                    memory.reportAddress),
                            memory,
                            "The private key was refused"));
        }

        /**
         * Adds key, certificate and further certificates of a PKCS#12 file; these are sent as
         * chain, trusted, and named to clients. The errors are Node's: a text without code for a
         * wrong passphrase or a broken file.
         */
        public Builder pfx(byte[] der, byte[] passphrase) {
            return stage(der, passphrase, (ctx, memory, file, pass) -> {
                int result = Glue.sp_ctx_use_pfx(
                        ctx, file, der.length, pass, length(passphrase), memory.reportAddress);
                if (result == Glue.SP_PFX_OK) {
                    return;
                }
                rejectMisuse(result);
                throw pfxFailure(result, ErrorReport.of(memory));
            });
        }

        private static SecureContextException pfxFailure(int result, ErrorReport report) {
            return switch (result) {
                case Glue.SP_PFX_NO_KEY ->
                    new SecureContextException(
                            "ERR_CRYPTO_OPERATION_FAILED",
                            "Unable to load private key from PFX data",
                            report);
                case Glue.SP_PFX_NO_CERT ->
                    new SecureContextException(
                            "ERR_CRYPTO_OPERATION_FAILED",
                            "Unable to load certificate from PFX data",
                            report);
                case Glue.SP_PFX_UNSUPPORTED ->
                    new SecureContextException(
                            "ERR_CRYPTO_UNSUPPORTED_OPERATION",
                            "Unsupported PKCS12 PFX data",
                            report);
                default ->
                    new SecureContextException(
                            null,
                            report.isEmpty() ? "Unknown error" : report.first().reason(),
                            report);
            };
        }

        /**
         * Adds the private key that a URI names ({@code OSSL_STORE}), or several of different
         * types: {@code file:} with OpenSSL's own provider, {@code pkcs11:} with such a provider
         * loaded. The key may be one that never leaves its token.
         *
         * @param properties which provider to ask, such as {@code provider=pkcs11}; null for any
         * @param passphrase or PIN, in UTF-8; null for none; at most 1024 bytes
         * @throws SecureContextException ERR_CRYPTO_OPERATION_FAILED when the store has no key,
         *     what OpenSSL says when it cannot be opened or read
         */
        public Builder storeKey(String uri, String properties, byte[] passphrase) {
            return store(Glue.SP_STORE_KEY, uri, properties, passphrase, "private key");
        }

        /**
         * Adds the certificate that a URI names; more of them in the same store are its chain. See
         * {@link #storeKey}.
         */
        public Builder storeCertificate(String uri, String properties, byte[] passphrase) {
            return store(Glue.SP_STORE_CERTIFICATE, uri, properties, passphrase, "certificate");
        }

        /**
         * Trusts all certificates that a URI names, and names them when a server asks for a
         * certificate. See {@link #storeKey}.
         */
        public Builder storeCA(String uri, String properties, byte[] passphrase) {
            store(Glue.SP_STORE_CA, uri, properties, passphrase, "certificate");
            ownTrust = true;
            return this;
        }

        private Builder store(
                int wanted, String uri, String properties, byte[] passphrase, String what) {
            byte[] name = terminated(uri);
            byte[] query = properties == null ? null : terminated(properties);
            return configure((ctx, memory) -> {
                memory.stage(name.length + length(query) + length(passphrase));
                try {
                    int used = Glue.sp_ctx_use_store(
                            ctx,
                            wanted,
                            memory.put(name),
                            memory.put(query),
                            memory.put(passphrase),
                            length(passphrase),
                            memory.reportAddress);
                    if (used == Glue.SP_IGNORED) {
                        throw new SecureContextException(
                                "ERR_CRYPTO_OPERATION_FAILED",
                                "There is no " + what + " in the store " + withoutPin(uri));
                    }
                    ErrorReport report =
                            used == Glue.SP_ERROR ? ErrorReport.of(memory) : ErrorReport.EMPTY;
                    if (!report.isEmpty() && report.first().libraryNumber() == SYSTEM_ERRORS) {
                        // An errno has no name among OpenSSL's reasons.
                        throw new SecureContextException(
                                "ERR_CRYPTO_OPERATION_FAILED",
                                "The store " + withoutPin(uri) + " cannot be opened: errno "
                                        + report.first().reasonNumber(),
                                report);
                    }
                    check(Math.min(used, 1), memory, "The store was refused");
                } finally {
                    memory.unstage();
                }
            });
        }

        /** RFC 7512 lets a PIN stand in the query of the URI, which is no place for a log. */
        private static String withoutPin(String uri) {
            int query = uri.indexOf('?');
            return query < 0 ? uri : uri.substring(0, query);
        }

        private static byte[] terminated(String text) {
            if (text.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("text with a NUL character");
            }
            return (text + '\0').getBytes(StandardCharsets.UTF_8);
        }

        /** Trusts the default roots; see {@link RootCertificates}. */
        public Builder defaultRoots() {
            RootCertificates.ensure();
            return configure((ctx, memory) -> {
                int added = Glue.sp_ctx_use_roots(ctx, memory.reportAddress);
                rejectMisuse(added);
                if (added <= 0 && !ErrorReport.of(memory).isEmpty()) {
                    throw SecureContextException.of(
                            ErrorReport.of(memory), "The default roots were refused");
                }
            });
        }

        /**
         * Trusts certificates in PEM.
         *
         * @param nameAsClientCa also name them when a server asks for a certificate
         * @return how many there were; 0 when the text holds none
         * @throws SecureContextException when one of them is broken, where Node would go on with
         *     those before it
         */
        public int ca(byte[] pem, boolean nameAsClientCa) {
            int[] added = new int[1];
            stage(pem, (ctx, memory, address) -> {
                added[0] = Glue.sp_ctx_add_ca(
                        ctx, address, pem.length, nameAsClientCa ? 1 : 0, memory.reportAddress);
                rejectMisuse(added[0]);
                ErrorReport report = ErrorReport.of(memory);
                if (!report.isEmpty() && !isNoStartLine(report)) {
                    throw SecureContextException.of(report, "The CA certificate was refused");
                }
            });
            ownTrust |= added[0] > 0;
            return Math.max(added[0], 0);
        }

        /** "There is no PEM block in it": reason 108 of the PEM library. */
        private static boolean isNoStartLine(ErrorReport report) {
            return report.first().libraryNumber() == 9 && report.first().reasonNumber() == 108;
        }

        /**
         * Trusts certificates in DER, one behind the other. Returns how many, at least 1; see
         * {@link #ca}.
         */
        public int caDer(byte[] der, boolean nameAsClientCa) {
            int[] added = new int[1];
            stage(der, (ctx, memory, address) -> {
                added[0] = Glue.sp_ctx_add_ca_der(
                        ctx, address, der.length, nameAsClientCa ? 1 : 0, memory.reportAddress);
                rejectMisuse(added[0]);
                if (added[0] <= 0 || !ErrorReport.of(memory).isEmpty()) {
                    throw SecureContextException.of(
                            ErrorReport.of(memory), "The CA certificate was refused");
                }
            });
            ownTrust = true;
            return added[0];
        }

        /**
         * Adds revocation lists in PEM and checks whole chains against them. Returns how many, 0
         * when the text holds none.
         */
        public int crl(byte[] pem) {
            int[] added = new int[1];
            stage(pem, (ctx, memory, address) -> {
                added[0] = Glue.sp_ctx_add_crl(ctx, address, pem.length, memory.reportAddress);
                rejectMisuse(added[0]);
            });
            ownTrust |= added[0] > 0;
            return Math.max(added[0], 0);
        }

        /**
         * Makes the trust the context's own ({@link SecureContext#hasOwnTrust}) even if nothing is
         * added to it: no peer is trusted then.
         */
        public Builder ownTrust() {
            ownTrust = true;
            return this;
        }

        /**
         * Lets a chain end at any trusted certificate, not only at a self-signed one
         * ({@code X509_V_FLAG_PARTIAL_CHAIN}).
         */
        public Builder partialChain(boolean on) {
            ownTrust |= on;
            return configure((ctx, memory) -> check(
                    Glue.sp_ctx_set_partial_chain(ctx, on ? 1 : 0),
                    memory,
                    "Partial chains were refused"));
        }

        /**
         * Sets the 48 bytes that protect session tickets, which are random otherwise; see
         * {@link SecureContext#ticketKeys()}.
         */
        public Builder ticketKeys(byte[] keys) {
            return configure((ctx, memory) -> writeTicketKeys(ctx, keys));
        }

        /** Lets connections speak NPN, in TLS 1.2 and older. */
        public Builder npn() {
            configure((ctx, memory) ->
                    check(Glue.sp_ctx_enable_npn(ctx), memory, "NPN is not available"));
            npn = true;
            return this;
        }

        /** Freezes the context and hands it over; the builder is of no use afterwards. */
        public SecureContext build() {
            return new SecureContext(new Shared(handle.handOver()), npn, ownTrust);
        }

        /** Frees a context that was not built. */
        @Override
        public void close() {
            handle.close();
        }

        private static long length(byte[] bytes) {
            return bytes == null ? 0 : bytes.length;
        }

        private static void rejectMisuse(int result) {
            if (result == Glue.SP_MISUSE) {
                throw new IllegalStateException("SecureContext.Builder was built");
            }
        }

        private static void check(int result, Memory memory, String what) {
            if (result == Glue.SP_OK) {
                return;
            }
            rejectMisuse(result);
            throw SecureContextException.of(ErrorReport.of(memory), what);
        }

        @FunctionalInterface
        private interface Step {
            void run(long ctx, Memory memory);
        }

        @FunctionalInterface
        private interface BytesStep {
            void run(long ctx, Memory memory, long bytes);
        }

        @FunctionalInterface
        private interface SecretStep {
            void run(long ctx, Memory memory, long bytes, long secret);
        }

        @FunctionalInterface
        private interface TextSetter {
            int set(long ctx, long text, long report);
        }

        private Builder configure(Step step) {
            long ctx = handle.enter();
            try {
                Memory memory = Memory.current();
                memory.clearReport();
                step.run(ctx, memory);
            } finally {
                handle.exit();
            }
            return this;
        }

        private Builder stage(byte[] bytes, BytesStep step) {
            return stage(
                    bytes, null, (ctx, memory, address, none) -> step.run(ctx, memory, address));
        }

        private Builder stage(byte[] bytes, byte[] secret, SecretStep step) {
            return configure((ctx, memory) -> {
                memory.stage(bytes.length + length(secret));
                try {
                    long address = memory.put(bytes);
                    step.run(ctx, memory, address, memory.put(secret));
                } finally {
                    memory.unstage();
                }
            });
        }

        private Builder text(String text, TextSetter setter, String what) {
            return configure((ctx, memory) -> {
                long address = memory.stageText(text);
                try {
                    check(setter.set(ctx, address, memory.reportAddress), memory, what);
                } finally {
                    memory.unstage();
                }
            });
        }

        /** For the settings where Node has one text for all failures. */
        private Builder fixedText(String text, TextSetter setter, String message) {
            return configure((ctx, memory) -> {
                long address = memory.stageText(text);
                try {
                    int result = setter.set(ctx, address, memory.reportAddress);
                    rejectMisuse(result);
                    if (result != Glue.SP_OK) {
                        throw new SecureContextException(
                                "ERR_CRYPTO_OPERATION_FAILED", message, ErrorReport.of(memory));
                    }
                } finally {
                    memory.unstage();
                }
            });
        }
    }
}
