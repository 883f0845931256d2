package io.github.securepair.benchmarks;

import org.conscrypt.Conscrypt;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.security.Provider;
import java.security.cert.X509Certificate;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** The engines of an {@link SSLContext}: the JDK's own, or Conscrypt's. */
final class ContextEngines implements Engines {
    private static final char[] NO_PASSWORD = {};
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    /**
     * Since JDK 20; before, only a system property names the groups, which the JDK reads once in a
     * JVM's life. Conscrypt heeds both.
     */
    private static final Method SET_NAMED_GROUPS = setNamedGroups();

    private final Setting setting;
    private final boolean conscrypt;
    private final boolean chooseGroups;
    private final SSLContext client;
    private final SSLContext server;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(32 * 1024);
    private int connections;

    static ContextEngines jsse(Setting setting) throws Exception {
        return new ContextEngines(setting, null);
    }

    static ContextEngines conscrypt(Setting setting) throws Exception {
        return new ContextEngines(setting, Conscrypt.newProvider());
    }

    private ContextEngines(Setting setting, Provider provider) throws Exception {
        this.setting = setting;
        this.conscrypt = provider != null;
        // Conscrypt offers a hybrid group by default, and refuses it when it is asked for by name.
        chooseGroups = !(conscrypt && setting.group().contains("MLKEM"));
        if (chooseGroups) {
            System.setProperty("jdk.tls.namedGroups", String.join(",", namesOfGroups(setting)));
        } else {
            System.clearProperty("jdk.tls.namedGroups");
        }
        KeyStore keys = emptyStore();
        keys.setKeyEntry("key", setting.key(), NO_PASSWORD, new X509Certificate[] {
            setting.certificateObject()
        });
        KeyManagerFactory keyManagers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(keys, NO_PASSWORD);
        KeyStore trusted = emptyStore();
        trusted.setCertificateEntry("ca", setting.caCertificate());
        // Conscrypt's own: the JDK's does not know the name under which Conscrypt speaks of TLS
        // 1.3.
        TrustManagerFactory trustManagers = provider == null
                ? TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
                : TrustManagerFactory.getInstance("PKIX", provider);
        trustManagers.init(trusted);
        client = context(provider);
        client.init(null, trustManagers.getTrustManagers(), null);
        server = context(provider);
        server.init(keyManagers.getKeyManagers(), null, null);
        if (!setting.resume()) {
            client.getClientSessionContext().setSessionCacheSize(1);
        }
    }

    private static KeyStore emptyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static SSLContext context(Provider provider) throws Exception {
        return provider == null
                ? SSLContext.getInstance("TLS")
                : SSLContext.getInstance("TLS", provider);
    }

    @Override
    public SSLEngine client() throws Exception {
        // Sessions are kept by host and port: without resumption every port is another one.
        int port = setting.resume() ? 443 : 1024 + connections++ % 60000;
        SSLEngine engine = client.createSSLEngine(HOST, port);
        engine.setUseClientMode(true);
        return configure(engine);
    }

    @Override
    public SSLEngine server() throws Exception {
        SSLEngine engine = server.createSSLEngine();
        engine.setUseClientMode(false);
        return configure(engine);
    }

    private SSLEngine configure(SSLEngine engine) throws Exception {
        engine.setEnabledProtocols(new String[] {setting.protocol()});
        // Conscrypt looks for a certificate that fits a suite of TLS 1.2, also where only TLS 1.3
        // can be negotiated.
        engine.setEnabledCipherSuites(
                conscrypt
                        ? new String[] {setting.standardCipher(), setting.olderCipher()}
                        : new String[] {setting.standardCipher()});
        if (chooseGroups && SET_NAMED_GROUPS != null) {
            SSLParameters parameters = engine.getSSLParameters();
            SET_NAMED_GROUPS.invoke(parameters, (Object) namesOfGroups(setting));
            engine.setSSLParameters(parameters);
        }
        if (conscrypt) {
            Conscrypt.setUseSessionTickets(engine, true);
        }
        return engine;
    }

    private static String[] namesOfGroups(Setting setting) {
        String[] names = setting.groups().split(":");
        for (int i = 0; i < names.length; i++) {
            names[i] = switch (names[i]) {
                case "P-256" -> "secp256r1";
                case "X25519" -> "x25519";
                default -> names[i];
            };
        }
        return names;
    }

    private static Method setNamedGroups() {
        try {
            return SSLParameters.class.getMethod("setNamedGroups", String[].class);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    @Override
    public String group(SSLEngine engine) {
        return conscrypt ? Conscrypt.getGroupName(engine) : null;
    }

    /**
     * Conscrypt's engines hold two files each until the last record is out or the collector comes.
     */
    @Override
    public void release(SSLEngine engine) {
        if (!conscrypt) {
            return;
        }
        try {
            engine.closeInbound();
        } catch (SSLException noCloseNotify) {
            // Just so: nobody says goodbye here.
        }
        engine.closeOutbound();
        try {
            engine.wrap(NOTHING, scratch.clear());
        } catch (SSLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {}
}
