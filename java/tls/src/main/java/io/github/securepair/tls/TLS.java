package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.RootCertificates;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.events.ArgumentException;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The functions and constants of Node's {@code tls} module.
 *
 * <p>The constants that Node lets a program reassign are not final here either; a change counts for contexts made, and handshakes
 * begun, after it.
 */
public final class TLS {
    /** Client-initiated renegotiations that a server connection allows per {@link #CLIENT_RENEG_WINDOW}. */
    public static volatile int CLIENT_RENEG_LIMIT = 3;

    /** Window of {@link #CLIENT_RENEG_LIMIT}, in seconds. */
    public static volatile int CLIENT_RENEG_WINDOW = 600;

    /** Default of the option {@code ciphers}. */
    public static volatile String DEFAULT_CIPHERS =
            "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
                    + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:"
                    + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:"
                    + "DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:"
                    + "ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:"
                    + "ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:"
                    + "HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA";

    /** Default of the option {@code ecdhCurve}. */
    public static volatile String DEFAULT_ECDH_CURVE = "auto";

    /** Default of the option {@code minVersion}. */
    public static volatile String DEFAULT_MIN_VERSION = "TLSv1.2";

    /** Default of the option {@code maxVersion}. */
    public static volatile String DEFAULT_MAX_VERSION = "TLSv1.3";

    /** The values of the option {@code secureProtocol}. Those of SSLv2, and of SSLv3 in most libraries, exist to be refused by name. */
    public static final List<String> SSL_METHODS = sslMethods();

    private TLS() {}

    /** Makes a server with all defaults; it needs a certificate before anybody can connect. */
    public static TLSServer createServer() {
        return new TLSServer(null, null);
    }

    /** Makes a server. */
    public static TLSServer createServer(ServerOptions options) {
        return new TLSServer(options, null);
    }

    /**
     * Makes a server.
     *
     * @param secureConnectionListener listener of {@link TLSServer#SECURE_CONNECTION}; may be null
     */
    public static TLSServer createServer(ServerOptions options, Listener1<TLSSocket> secureConnectionListener) {
        return new TLSServer(options, secureConnectionListener);
    }

    /** Makes a server with all defaults and a listener of {@link TLSServer#SECURE_CONNECTION}. */
    public static TLSServer createServer(Listener1<TLSSocket> secureConnectionListener) {
        return new TLSServer(null, secureConnectionListener);
    }

    /**
     * Connects to a server, as the options say, and begins the handshake. Bad options are thrown here, before anything is opened;
     * whatever else goes wrong is an {@code error} of the socket.
     */
    public static TLSSocket connect(ConnectOptions options) {
        return connect(options, null);
    }

    /**
     * Connects to a server, as the options say.
     *
     * @param listener called once on {@link TLSSocket#SECURE_CONNECT}; may be null
     */
    public static TLSSocket connect(ConnectOptions options, Listener0 listener) {
        if (options == null) {
            throw ArgumentException.missingArgs("\"options\" or \"port\" or \"path\"", false);
        }
        return ClientSocket.connect(options, listener);
    }

    /** Connects to a port of localhost. */
    public static TLSSocket connect(int port) {
        return connect(at(port, null, null), null);
    }

    /** Connects to a port of localhost. */
    public static TLSSocket connect(int port, Listener0 listener) {
        return connect(at(port, null, null), listener);
    }

    /** Connects to a port of a host. */
    public static TLSSocket connect(int port, String host) {
        return connect(at(port, host, null), null);
    }

    /** Connects to a port of a host. */
    public static TLSSocket connect(int port, String host, Listener0 listener) {
        return connect(at(port, host, null), listener);
    }

    /** Connects to a port; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, ConnectOptions options) {
        return connect(at(port, null, options), null);
    }

    /** Connects to a port; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, ConnectOptions options, Listener0 listener) {
        return connect(at(port, null, options), listener);
    }

    /** Connects to a port of a host; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, String host, ConnectOptions options) {
        return connect(at(port, host, options), null);
    }

    /** Connects to a port of a host; host and port in the options go before the arguments. */
    public static TLSSocket connect(int port, String host, ConnectOptions options, Listener0 listener) {
        return connect(at(port, host, options), listener);
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path) {
        return connect(at(path, null), null);
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path, Listener0 listener) {
        return connect(at(path, null), listener);
    }

    /** Connects to a unix domain socket, or to a port of localhost when the string is a number. */
    public static TLSSocket connect(String path, ConnectOptions options) {
        return connect(at(path, options), null);
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
            SecureContext context, boolean isServer, boolean requestCert, boolean rejectUnauthorized) {
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
     * @throws io.github.securepair.events.ArgumentException for a bad option, with Node's code
     * @throws io.github.securepair.engine.SecureContextException when OpenSSL refuses a key, a certificate, a cipher string, ...
     */
    public static SecureContext createSecureContext(Options options) {
        return SecureContexts.create(options);
    }

    /** Makes a context with all defaults. */
    public static SecureContext createSecureContext() {
        return SecureContexts.create(null);
    }

    /** Returns the names of the cipher suites that the library supports: lower case, sorted, a new list at each call. */
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
     * @throws io.github.securepair.events.ArgumentException {@code ERR_TLS_CERT_ALTNAME_FORMAT} when the names are malformed
     */
    public static ServerIdentityException checkServerIdentity(String hostname, PeerCertificate cert) {
        return ServerIdentity.check(hostname, cert);
    }

    /** Returns the wire form of ALPN protocol names: each behind one byte with its length. */
    public static byte[] convertALPNProtocols(List<?> protocols) {
        byte[] wire = ProtocolLists.toWire("ALPNProtocols", protocols);
        return wire == null ? new byte[0] : wire;
    }

    /** Returns the wire form of NPN protocol names. */
    public static byte[] convertNPNProtocols(List<?> protocols) {
        byte[] wire = ProtocolLists.toWire("NPNProtocols", protocols);
        return wire == null ? new byte[0] : wire;
    }

    /**
     * Splits a name of the form {@code "C=US\nO=node"} into its parts; a part that occurs again becomes a list.
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

    /** Returns the root certificates that are trusted when {@code ca} is not given, as PEM. */
    public static List<String> rootCertificates() {
        return RootCertificates.pem();
    }

    private static List<String> sslMethods() {
        List<String> methods = new ArrayList<>();
        for (String version : Arrays.asList("SSLv2", "SSLv3", "SSLv23", "TLS", "TLSv1", "TLSv1_1", "TLSv1_2")) {
            methods.add(version + "_method");
            methods.add(version + "_server_method");
            methods.add(version + "_client_method");
        }
        return List.copyOf(methods);
    }
}
