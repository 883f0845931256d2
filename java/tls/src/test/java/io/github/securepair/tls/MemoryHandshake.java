package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One handshake between two contexts in memory, described in the words of
 * traces/module/handshakes.json.
 */
final class MemoryHandshake {
    private final End client;
    private final End server;

    private MemoryHandshake(TLSConnection client, TLSConnection server) {
        this.client = new End(client);
        this.server = new End(server);
    }

    static Map<String, Object> run(Options serverOptions, Options clientOptions) {
        try (SecureContext serverContext = TLS.createSecureContext(serverOptions);
                SecureContext clientContext = TLS.createSecureContext(clientOptions)) {
            return run(serverContext, clientContext);
        }
    }

    static Map<String, Object> run(SecureContext serverContext, SecureContext clientContext) {
        return run(serverContext, clientContext, client -> {}, client -> {});
    }

    /** The same with a look at the client before and after. */
    static Map<String, Object> run(
            SecureContext serverContext,
            SecureContext clientContext,
            Consumer<TLSConnection> before,
            Consumer<TLSConnection> after) {
        TLSConnection server;
        try {
            server = TLSConnection.server(serverContext);
        } catch (RuntimeException e) {
            return Map.of("server", "refused");
        }
        try (server;
                TLSConnection client = TLSConnection.client(clientContext)) {
            client.setServername("localhost");
            before.accept(client);
            Map<String, Object> out = new MemoryHandshake(client, server).run();
            after.accept(client);
            return out;
        }
    }

    private Map<String, Object> run() {
        boolean moved = true;
        while (moved) {
            moved = client.step(server);
            moved |= server.step(client);
        }
        Map<String, Object> out = new LinkedHashMap<>();
        TLSConnection tls = client.tls;
        if (client.secure && server.secure) {
            out.put("protocol", tls.protocol());
            out.put("cipher", tls.cipherName());
            if (tls.ephemeralKey() != null) {
                out.put("ephemeral", ephemeral(tls.ephemeralKey()));
            }
            if (tls.verifyErrorName() != null) {
                out.put("verify", tls.verifyErrorName());
            }
            if (tls.peerCertificate() != null) {
                out.put(
                        "subject",
                        PeerCertificate.of(tls.peerCertificate()).subject().get("CN"));
            }
        }
        if (server.failure != null) {
            out.put("server", server.failure.code());
        }
        if (client.failure != null) {
            out.put("client", client.failure.code());
        }
        return out;
    }

    /**
     * As Node reports it. OpenSSL 3.5 prefers X25519 joined with ML-KEM where the 3.0 of Node 20
     * takes X25519 alone.
     */
    private static String ephemeral(String key) {
        return key.equals("KEM X25519MLKEM768 -") ? "ECDH X25519 253" : key.replace(" - ", "  ");
    }

    private static final class End {
        final TLSConnection tls;
        final ByteBuffer inbox = ByteBuffer.allocateDirect(1 << 17);
        final ByteBuffer plain = ByteBuffer.allocateDirect(1 << 15);
        TLSException failure;
        boolean secure;

        End(TLSConnection tls) {
            this.tls = tls;
        }

        boolean step(End peer) {
            int before = peer.inbox.position();
            int waiting = inbox.position();
            inbox.flip();
            try {
                Status status =
                        failure == null ? tls.read(inbox, plain, peer.inbox) : Status.FAILED;
                secure = status != Status.FAILED && tls.isSecure();
            } catch (TLSException e) {
                failure = e;
            }
            if (failure != null) {
                tls.drain(peer.inbox);
                inbox.position(inbox.limit());
            }
            while (tls.nextEvent() != null) {
                // Nothing was asked for.
                continue;
            }
            inbox.compact();
            return inbox.position() != waiting || peer.inbox.position() != before;
        }
    }
}
