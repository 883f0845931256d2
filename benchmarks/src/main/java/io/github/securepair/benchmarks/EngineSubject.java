package io.github.securepair.benchmarks;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * Every stack that speaks {@link SSLEngine}: the JDK's, netty-tcnative's (BoringSSL), Conscrypt's;
 * each in its best configuration.
 */
final class EngineSubject implements Subject {
    /** Makes the engines of one stack. */
    private interface Engines {
        SSLEngine client() throws Exception;

        SSLEngine server() throws Exception;

        void close();
    }

    private final Engines engines;
    private final Setting setting;

    /** The server's first flight carries the certificate if, and only if, the handshake is a full one. */
    private final int certificateSize;

    private EngineSubject(Engines engines, Setting setting) throws Exception {
        this.engines = engines;
        this.setting = setting;
        certificateSize = certificate(setting.certificate()).getEncoded().length;
    }

    static EngineSubject jsse(Setting setting) throws Exception {
        System.setProperty("jdk.tls.namedGroups", setting.groups().replace("P-256", "secp256r1").replace(":", ","));
        return new EngineSubject(ofContexts(setting, null), setting);
    }

    static EngineSubject conscrypt(Setting setting) throws Exception {
        return new EngineSubject(
                ofContexts(setting, org.conscrypt.Conscrypt.newProvider()), setting);
    }

    static EngineSubject tcnative(Setting setting) throws Exception {
        SslContext client = netty(
                SslContextBuilder.forClient().trustManager(certificate(setting.ca())), setting);
        SslContext server = netty(
                SslContextBuilder.forServer(
                        privateKey(setting), certificate(setting.certificate())),
                setting);
        Engines engines = new Engines() {
            @Override
            public SSLEngine client() {
                return parameters(
                        client.newEngine(UnpooledByteBufAllocator.DEFAULT, "localhost", 443), true);
            }

            @Override
            public SSLEngine server() {
                return server.newEngine(UnpooledByteBufAllocator.DEFAULT);
            }

            @Override
            public void close() {
                ReferenceCountUtil.release(client);
                ReferenceCountUtil.release(server);
            }
        };
        return new EngineSubject(engines, setting);
    }

    private static SslContext netty(SslContextBuilder builder, Setting setting) throws Exception {
        return builder.sslProvider(SslProvider.OPENSSL_REFCNT)
                .protocols(setting.protocol())
                .ciphers(List.of(setting.standardCipher()))
                .option(OpenSslContextOption.GROUPS, setting.groups().split(":"))
                .build();
    }

    private static Engines ofContexts(Setting setting, Provider provider) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry("key", privateKey(setting), new char[0], new X509Certificate[] {
            certificate(setting.certificate())
        });
        KeyManagerFactory keyManagers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(keys, new char[0]);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", certificate(setting.ca()));
        // Conscrypt's own: the JDK's does not know the name under which Conscrypt speaks of TLS 1.3.
        TrustManagerFactory trustManagers = provider == null
                ? TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
                : TrustManagerFactory.getInstance("PKIX", provider);
        trustManagers.init(trusted);
        SSLContext client = context(provider);
        client.init(null, trustManagers.getTrustManagers(), null);
        SSLContext server = context(provider);
        server.init(keyManagers.getKeyManagers(), null, null);
        return new Engines() {
            private int fresh;

            @Override
            public SSLEngine client() {
                // Without resumption every connection goes to another peer, so that the session
                // cache never hits.
                int port = setting.resume() ? 443 : 1024 + fresh++ % 60000;
                SSLEngine engine = client.createSSLEngine("localhost", port);
                if (!setting.resume()) {
                    client.getClientSessionContext().setSessionCacheSize(1);
                }
                return configure(engine, setting, true, provider != null);
            }

            @Override
            public SSLEngine server() {
                return configure(server.createSSLEngine(), setting, false, provider != null);
            }

            @Override
            public void close() {}
        };
    }

    private static SSLContext context(Provider provider) throws Exception {
        return provider == null
                ? SSLContext.getInstance("TLS")
                : SSLContext.getInstance("TLS", provider);
    }

    private static SSLEngine configure(
            SSLEngine engine, Setting setting, boolean isClient, boolean conscrypt) {
        engine.setEnabledProtocols(new String[] {setting.protocol()});
        // Conscrypt looks for a certificate that fits a suite of TLS 1.2, also where only TLS 1.3 can be negotiated.
        engine.setEnabledCipherSuites(
                conscrypt
                        ? new String[] {setting.standardCipher(), setting.olderCipher()}
                        : new String[] {setting.standardCipher()});
        return parameters(engine, isClient);
    }

    private static SSLEngine parameters(SSLEngine engine, boolean isClient) {
        engine.setUseClientMode(isClient);
        if (isClient) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
        }
        return engine;
    }

    static X509Certificate certificate(byte[] pem) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem));
    }

    static PrivateKey privateKey(Setting setting) throws Exception {
        String pem = new String(setting.privateKey(), StandardCharsets.US_ASCII);
        byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
        return KeyFactory.getInstance(setting.key().equals("rsa") ? "RSA" : "EC")
                .generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    @Override
    public TlsPair pair() throws Exception {
        if (setting.resume()) {
            // The stack's own client cache holds the session of the pair before; the first pair
            // fills it.
            if (!primed) {
                primed = true;
                try (Pair first = new Pair(engines.client(), engines.server(), certificateSize)) {
                    first.handshake();
                }
            }
        }
        return new Pair(engines.client(), engines.server(), certificateSize);
    }

    private boolean primed;

    @Override
    public void close() {
        engines.close();
    }

    private static final class Pair implements TlsPair {
        private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
        private final SSLEngine client;
        private final SSLEngine server;
        private final ByteBuffer toServer = ByteBuffer.allocateDirect(64 * 1024);
        private final ByteBuffer toClient = ByteBuffer.allocateDirect(64 * 1024);
        private final ByteBuffer plain = ByteBuffer.allocateDirect(32 * 1024);
        private final int certificateSize;
        private int firstFlight;
        private boolean resumed;

        Pair(SSLEngine client, SSLEngine server, int certificateSize) {
            this.client = client;
            this.server = server;
            this.certificateSize = certificateSize;
        }

        @Override
        public void handshake() throws Exception {
            client.beginHandshake();
            server.beginHandshake();
            boolean moved = true;
            while (moved) {
                moved = turn(client, toClient, toServer) | turn(server, toServer, toClient);
                if (firstFlight == 0) {
                    firstFlight = toClient.position();
                }
            }
            if (!done(client) || !done(server)) {
                throw new IllegalStateException("The handshake did not complete");
            }
            if (client.getSession().getPeerCertificates().length == 0) {
                throw new IllegalStateException("The server was not verified");
            }
            resumed = firstFlight < certificateSize;
        }

        private static boolean done(SSLEngine engine) {
            HandshakeStatus status = engine.getHandshakeStatus();
            return status == HandshakeStatus.NOT_HANDSHAKING || status == HandshakeStatus.FINISHED;
        }

        private boolean turn(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws Exception {
            boolean moved = false;
            HandshakeStatus status = engine.getHandshakeStatus();
            while (true) {
                if (status == HandshakeStatus.NEED_TASK) {
                    for (Runnable task = engine.getDelegatedTask();
                            task != null;
                            task = engine.getDelegatedTask()) {
                        task.run();
                    }
                    moved = true;
                    status = engine.getHandshakeStatus();
                } else if (status == HandshakeStatus.NEED_WRAP) {
                    moved |= engine.wrap(NOTHING, out).bytesProduced() > 0;
                    status = engine.getHandshakeStatus();
                } else {
                    in.flip();
                    plain.clear();
                    SSLEngineResult result = engine.unwrap(in, plain);
                    in.compact();
                    // What the call says counts: netty's engines do not repeat it when asked later.
                    status = result.getHandshakeStatus();
                    if (result.bytesConsumed() == 0
                            && status != HandshakeStatus.NEED_WRAP
                            && status != HandshakeStatus.NEED_TASK) {
                        return moved;
                    }
                    moved |= result.bytesConsumed() > 0;
                }
            }
        }

        @Override
        public int clientToServer(ByteBuffer text) throws Exception {
            return transfer(client, server, text, toServer);
        }

        @Override
        public int serverToClient(ByteBuffer text) throws Exception {
            return transfer(server, client, text, toClient);
        }

        private int transfer(SSLEngine from, SSLEngine to, ByteBuffer text, ByteBuffer wire)
                throws Exception {
            wire.clear();
            while (text.hasRemaining()) {
                from.wrap(text, wire);
            }
            wire.flip();
            plain.clear();
            while (wire.hasRemaining()) {
                to.unwrap(wire, plain);
            }
            return plain.position();
        }

        @Override
        public boolean resumed() {
            return resumed;
        }

        @Override
        public String agreed() {
            return client.getSession().getProtocol() + " " + client.getSession().getCipherSuite();
        }

        @Override
        public ByteBuffer arrived() {
            return plain.duplicate().flip();
        }

        @Override
        public void close() {
            ReferenceCountUtil.release(client);
            ReferenceCountUtil.release(server);
        }
    }
}
