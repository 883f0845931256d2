package io.github.securepair.benchmarks;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSession;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;

import java.util.List;

import javax.net.ssl.SSLEngine;

/** Netty's engine on BoringSSL: netty-tcnative, statically linked. */
final class NettyEngines implements Engines {
    private final SslContext client;
    private final SslContext server;

    NettyEngines(Setting setting) throws Exception {
        client = build(
                SslContextBuilder.forClient()
                        .trustManager(setting.caCertificate())
                        .endpointIdentificationAlgorithm(null),
                setting);
        server = server(setting);
        // The client needs the call for its option only.
        ticketKeys(client);
        // Without the cache the client offers nothing.
        ((OpenSslSessionContext) client.sessionContext()).setSessionCacheEnabled(setting.resume());
    }

    /** A server's context; keys of our own are what turns tickets on. */
    static SslContext server(Setting setting) throws Exception {
        SslContext context = build(
                SslContextBuilder.forServer(setting.key(), setting.certificateObject()), setting);
        ticketKeys(context);
        return context;
    }

    private static void ticketKeys(SslContext context) {
        ((OpenSslSessionContext) context.sessionContext())
                .setTicketKeys(new OpenSslSessionTicketKey(
                        new byte[OpenSslSessionTicketKey.NAME_SIZE],
                        new byte[OpenSslSessionTicketKey.HMAC_KEY_SIZE],
                        new byte[OpenSslSessionTicketKey.AES_KEY_SIZE]));
    }

    private static SslContext build(SslContextBuilder builder, Setting setting) throws Exception {
        // BoringSSL's suites of TLS 1.3 cannot be chosen; it takes AES-128-GCM by itself.
        if (!setting.protocol().equals("TLSv1.3")) {
            builder.ciphers(List.of(setting.standardCipher()));
        }
        return builder.sslProvider(SslProvider.OPENSSL_REFCNT)
                .protocols(setting.protocol())
                .option(OpenSslContextOption.GROUPS, setting.groups().split(":"))
                .build();
    }

    @Override
    public SSLEngine client() {
        return client.newEngine(PooledByteBufAllocator.DEFAULT, HOST, 443);
    }

    @Override
    public SSLEngine server() {
        return server.newEngine(PooledByteBufAllocator.DEFAULT);
    }

    @Override
    public String group(SSLEngine engine) {
        return engine.getSession() instanceof OpenSslSession session
                ? session.getNamedGroup()
                : null;
    }

    @Override
    public void release(SSLEngine engine) {
        ReferenceCountUtil.release(engine);
    }

    @Override
    public void close() {
        ReferenceCountUtil.release(client);
        ReferenceCountUtil.release(server);
    }
}
