package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The functions and constants of Node's {@code tls} module.
 *
 * <p>The constants that Node lets a program reassign are not final here either; a change counts for
 * contexts made, and handshakes begun, after it.
 */
public final class TLS extends TLSDefaults {
    /**
     * Size of the pool that Node 0.12 cut the buffers of its CryptoStreams from, in bytes. Nothing
     * is pooled here: the name is kept for programs that read it.
     */
    public static final int SLAB_BUFFER_SIZE = 10 * 1024 * 1024;

    /**
     * The values of the option {@code secureProtocol}. Those of SSLv2, and of SSLv3 in most
     * libraries, exist to be refused by name.
     */
    public static final List<String> SSL_METHODS = sslMethods();

    private TLS() {}

    /** Makes a server with all defaults; it needs a certificate before a client can connect. */
    public static TLSServer createServer() {
        return server(null, null);
    }

    /** Makes a server. */
    public static TLSServer createServer(ServerOptions options) {
        return server(options, null);
    }

    /**
     * Makes a server.
     *
     * @param secureConnectionListener listener of {@link TLSServer#SECURE_CONNECTION}; may be null
     */
    public static TLSServer createServer(
            ServerOptions options, Listener1<TLSSocket> secureConnectionListener) {
        return server(options, secureConnectionListener);
    }

    /** Makes a server with all defaults and a listener of {@link TLSServer#SECURE_CONNECTION}. */
    public static TLSServer createServer(Listener1<TLSSocket> secureConnectionListener) {
        return server(null, secureConnectionListener);
    }

    private static TLSServer server(ServerOptions options, Listener1<TLSSocket> listener) {
        return KeyLogFile.log(new TLSServer(options, listener));
    }

    /**
     * Connects to a server, as the options say, and begins the handshake. Bad options are thrown
     * here, before anything is opened; whatever else goes wrong is an {@code error} of the socket.
     *
     * <p>On the socket's loop nothing is emitted before the running callback has returned, as in
     * Node. On any other thread the attempt begins when that thread had its turn to add listeners,
     * see {@link io.github.securepair.events.EventLoop}; {@link #connect(ConnectOptions, Consumer)}
     * needs no such wait.
     */
    public static TLSSocket connect(ConnectOptions options) {
        return connect(options, (Listener0) null);
    }

    /**
     * Makes a socket, has it set up, then connects it and begins the handshake: the listeners that
     * {@code setUp} adds miss nothing, whatever thread this is.
     *
     * <pre>{@code
     * TLS.connect(options, socket -> {
     *     socket.on(TLSSocket.SECURE_CONNECT, () -> socket.end("hello"));
     *     socket.on(EventEmitter.ERROR, error -> log(error));
     * });
     * }</pre>
     *
     * <p>A lambda without a parameter is Node's listener of {@code secureConnect} instead; for a
     * literal {@code null} say which of the two you mean, or leave it out.
     *
     * @param setUp called with the new socket before this returns, on this thread; when it throws
     *     the socket is destroyed and the exception goes to the caller
     */
    public static TLSSocket connect(ConnectOptions options, Consumer<TLSSocket> setUp) {
        return client(options, null, Objects.requireNonNull(setUp));
    }

    /**
     * Connects to a server, as the options say.
     *
     * @param listener called once on {@link TLSSocket#SECURE_CONNECT}; may be null
     */
    public static TLSSocket connect(ConnectOptions options, Listener0 listener) {
        return client(options, listener, null);
    }

    private static TLSSocket client(
            ConnectOptions options, Listener0 listener, Consumer<TLSSocket> setUp) {
        if (options == null) {
            throw ArgumentException.missingArgs("\"options\" or \"port\" or \"path\"", false);
        }
        return ClientSocket.connect(options, listener, setUp);
    }

    /** Connects to a port of localhost. */
    public static TLSSocket connect(int port) {
        return connect(at(port, null, null));
    }

    /** Connects to a port of localhost. */
    public static TLSSocket connect(int port, Listener0 listener) {
        return connect(at(port, null, null), listener);
    }

    /** Connects to a port of a host. */
    public static TLSSocket connect(int port, String host) {
        return connect(at(port, host, null));
    }

    /** Connects to a port of a host. */
    public static TLSSocket connect(int port, String host, Listener0 listener) {
        return connect(at(port, host, null), listener);
    }

    /** Connects to a port; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, ConnectOptions options) {
        return connect(at(port, null, options));
    }

    /** Connects to a port; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, ConnectOptions options, Listener0 listener) {
        return connect(at(port, null, options), listener);
    }

    /** Does what {@link #connect(ConnectOptions, Consumer)} does, with a port. */
    public static TLSSocket connect(int port, ConnectOptions options, Consumer<TLSSocket> setUp) {
        return connect(at(port, null, options), setUp);
    }

    /** Connects to a port of a host; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, String host, ConnectOptions options) {
        return connect(at(port, host, options));
    }

    /** Connects to a port of a host; host and port in the options go before the arguments. */
    public static TLSSocket connect(
            int port, String host, ConnectOptions options, Listener0 listener) {
        return connect(at(port, host, options), listener);
    }

    /** Does what {@link #connect(ConnectOptions, Consumer)} does, with a port and a host. */
    public static TLSSocket connect(
            int port, String host, ConnectOptions options, Consumer<TLSSocket> setUp) {
        return connect(at(port, host, options), setUp);
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path) {
        return connect(at(path, null));
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path, Listener0 listener) {
        return connect(at(path, null), listener);
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path, ConnectOptions options) {
        return connect(at(path, options));
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path, ConnectOptions options, Listener0 listener) {
        return connect(at(path, options), listener);
    }

    private static ConnectOptions at(int port, String host, ConnectOptions options) {
        ConnectOptions out = new ConnectOptions().port(port).host(host);
        out.putAll(options);
        return out;
    }

    private static ConnectOptions at(String path, ConnectOptions options) {
        ConnectOptions out = new ConnectOptions();
        if (!path.isEmpty() && path.chars().allMatch(each -> each >= '0' && each <= '9')) {
            out.port(path);
        } else {
            out.path(path);
        }
        out.putAll(options);
        return out;
    }

    /**
     * Connects to a server and completes once {@code secureConnect} was emitted, or with the error;
     * that error needs no listener then. A future that is cancelled, or that something else lets
     * fail, such as {@code orTimeout}, destroys the socket.
     */
    public static CompletableFuture<TLSSocket> connectAsync(ConnectOptions options) {
        return ClientSocket.connectAsync(options);
    }

    /** Makes a client's {@link SecurePair} with all defaults. */
    public static SecurePair createSecurePair() {
        return new SecurePair(null, false, null, false, null);
    }

    /** Makes a {@link SecurePair}; a server's asks for no certificate. */
    public static SecurePair createSecurePair(SecureContext context, boolean isServer) {
        return new SecurePair(context, isServer, null, false, null);
    }

    /** Makes a {@link SecurePair}. */
    public static SecurePair createSecurePair(
            SecureContext context,
            boolean isServer,
            boolean requestCert,
            boolean rejectUnauthorized) {
        return new SecurePair(context, isServer, requestCert, rejectUnauthorized, null);
    }

    /** Makes a {@link SecurePair} with further options, as for a {@link TLSSocket}. */
    public static SecurePair createSecurePair(
            SecureContext context,
            boolean isServer,
            boolean requestCert,
            boolean rejectUnauthorized,
            TLSSocketOptions options) {
        return new SecurePair(context, isServer, requestCert, rejectUnauthorized, options);
    }

    /**
     * Makes a context, checked and ready, from {@code options}; {@code null} means all defaults.
     *
     * <p>The caller owns it and closes it; connections made from it keep what they need.
     *
     * @throws io.github.securepair.errors.ArgumentException for a bad option, with Node's code
     * @throws io.github.securepair.engine.SecureContextException when OpenSSL refuses a key, a
     *     certificate, a cipher string, ...
     */
    public static SecureContext createSecureContext(Options options) {
        return SecureContexts.create(options);
    }

    /** Makes a context with all defaults. */
    public static SecureContext createSecureContext() {
        return SecureContexts.create(null);
    }

    /**
     * Returns the names of the cipher suites that the library supports: lower case, sorted, a new
     * list at each call.
     */
    public static List<String> getCiphers() {
        TreeSet<String> names = new TreeSet<>();
        for (String name : OpenSSL.ciphers()) {
            names.add(name.toLowerCase(Locale.ROOT));
        }
        // Node lists the TLS 1.3 suites always, also those that are off by default.
        names.addAll(List.of(
                "tls_aes_256_gcm_sha384",
                "tls_chacha20_poly1305_sha256",
                "tls_aes_128_gcm_sha256",
                "tls_aes_128_ccm_8_sha256",
                "tls_aes_128_ccm_sha256"));
        return new ArrayList<>(names);
    }

    /**
     * Checks that a certificate belongs to a host: Node's {@code checkServerIdentity}.
     *
     * @return {@code null} if it does, else the error {@code ERR_TLS_CERT_ALTNAME_INVALID}
     * @throws io.github.securepair.errors.ArgumentException {@code ERR_TLS_CERT_ALTNAME_FORMAT}
     *     when the names are malformed
     */
    public static ServerIdentityException checkServerIdentity(
            String hostname, PeerCertificate cert) {
        return ServerIdentity.check(hostname, cert, false);
    }

    /**
     * The same by the rules of a profile: with {@link Profile#NODE_0_12} the host of a {@code URI:}
     * name counts too. To have them for a connection, give this function as its option
     * {@code checkServerIdentity}.
     */
    public static ServerIdentityException checkServerIdentity(
            String hostname, PeerCertificate cert, Profile profile) {
        return ServerIdentity.check(hostname, cert, profile.isLegacy());
    }

    /** Returns the wire form of ALPN protocol names: each behind one byte with its length. */
    public static byte[] convertALPNProtocols(List<?> protocols) {
        return wireForm("ALPNProtocols", protocols);
    }

    /** Checks the wire form of ALPN protocol names, and returns a copy. */
    public static byte[] convertALPNProtocols(byte[] wireForm) {
        return wireForm("ALPNProtocols", wireForm);
    }

    /**
     * Does what Node's function does: the wire form, a copy, becomes the option
     * {@code ALPNProtocols} of {@code out}.
     *
     * @param protocols a List of names, or their wire form as byte[] or ByteBuffer
     */
    public static void convertALPNProtocols(Object protocols, Options out) {
        out.put(ContextOptions.ALPN_PROTOCOLS, wireForm("ALPNProtocols", protocols));
    }

    /** The same for NPN, as in Node 0.12: the option {@code NPNProtocols} of {@code out}. */
    public static void convertNPNProtocols(Object protocols, Options out) {
        out.put(ContextOptions.NPN_PROTOCOLS, wireForm("NPNProtocols", protocols));
    }

    private static byte[] wireForm(String option, Object protocols) {
        byte[] wire = ProtocolLists.toWire("options." + option, protocols);
        return wire == null ? new byte[0] : wire.clone();
    }

    /** Returns the wire form of NPN protocol names. */
    public static byte[] convertNPNProtocols(List<?> protocols) {
        return wireForm("NPNProtocols", protocols);
    }

    /**
     * Splits a name of the form {@code "C=US\nO=node"} into its parts; a part that occurs again
     * becomes a list.
     *
     * @return names to a String or a List of String, in order
     */
    public static Map<String, Object> parseCertString(String text) {
        Map<String, Object> out = new LinkedHashMap<>();
        for (String line : text.split("\n", -1)) {
            int separator = line.indexOf('=');
            if (separator <= 0) {
                continue;
            }
            String value = line.substring(separator + 1);
            out.merge(line.substring(0, separator), value, TLS::append);
        }
        return out;
    }

    private static Object append(Object before, Object value) {
        List<Object> all = new ArrayList<>(before instanceof List<?> list ? list : List.of(before));
        all.add(value);
        return all;
    }

    /**
     * Returns the cipher list that an older Node had by default, for the option {@code ciphers}.
     *
     * @param version {@code "v0.10.38"}, {@code "v0.10.39"}, {@code "v0.12.2"} or {@code "v0.12.3"}
     */
    public static String getLegacyCiphers(String version) {
        return switch (String.valueOf(version)) {
            case "v0.10.38" ->
                "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL:!EDH";
            case "v0.10.39" ->
                "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:HIGH:!RC4:!MD5:!aNULL:!EDH";
            case "v0.12.2" ->
                "ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL";
            case "v0.12.3" ->
                "ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:AES128-GCM-SHA256:HIGH:!RC4:!MD5:!aNULL";
            default ->
                throw ArgumentException.invalidArgValue(
                        "version",
                        version,
                        "must be one of: 'v0.10.38', 'v0.10.39', 'v0.12.2', 'v0.12.3'");
        };
    }

    /**
     * Returns the root certificates of the JDK, which stand for those that Node brings along: PEM
     * texts, an immutable list, always the same.
     */
    public static List<String> rootCertificates() {
        return DefaultTrust.bundled();
    }

    /**
     * Returns the certificates that are trusted when {@code ca} is not given, as PEM: an immutable
     * list.
     */
    public static List<String> getCACertificates() {
        return DefaultTrust.get("default");
    }

    /**
     * Returns CA certificates as PEM: an immutable list.
     *
     * @param type {@code "default"}: those trusted when {@code ca} is not given; {@code "bundled"}:
     *     {@link #rootCertificates()}; {@code "system"}: those of the operating system, or of
     *     {@code SSL_CERT_FILE} and {@code SSL_CERT_DIR}; {@code "extra"}: those of the file that
     *     {@code NODE_EXTRA_CA_CERTS} names
     */
    public static List<String> getCACertificates(String type) {
        return DefaultTrust.get(type);
    }

    /**
     * Replaces the certificates that are trusted when {@code ca} is not given, for contexts made
     * from now on. Those given twice count once.
     *
     * @param certificates PEM (String, byte[], ByteBuffer or Path) or
     *     {@link java.security.cert.X509Certificate}
     */
    public static void setDefaultCACertificates(List<?> certificates) {
        DefaultTrust.set(certificates);
    }

    /**
     * Tells what the linked OpenSSL can do, by the names of Node's {@code process.features}:
     * {@code tls}, {@code tls_alpn}, {@code tls_npn}, {@code tls_ocsp} and {@code tls_sni}.
     */
    public static Map<String, Boolean> features() {
        Map<String, Boolean> out = new LinkedHashMap<>();
        for (String always : List.of("tls", "tls_alpn", "tls_ocsp", "tls_sni")) {
            out.put(always, true);
        }
        out.put("tls_npn", OpenSSL.supports(OpenSSL.Feature.NPN));
        return out;
    }

    private static List<String> sslMethods() {
        List<String> methods = new ArrayList<>();
        for (String version :
                Arrays.asList("SSLv2", "SSLv3", "SSLv23", "TLS", "TLSv1", "TLSv1_1", "TLSv1_2")) {
            methods.add(version + "_method");
            methods.add(version + "_server_method");
            methods.add(version + "_client_method");
        }
        return List.copyOf(methods);
    }
}
