package io.github.securepair.benchmarks;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.VerifyMode;

import java.nio.ByteBuffer;

/** Our engine through its public API: ByteBuffers, no loop, no stream. */
final class OurSubject implements Subject {
    private final Setting setting;
    private final SecureContext client;
    private final SecureContext server;
    private byte[] session;

    OurSubject(Setting setting) {
        this.setting = setting;
        client = configure(SecureContext.builder(SecureContext.Role.CLIENT), true);
        server = configure(SecureContext.builder(SecureContext.Role.SERVER), false);
    }

    private SecureContext configure(SecureContext.Builder builder, boolean isClient) {
        int version = setting.protocol().equals("TLSv1.3") ? 0x0304 : 0x0303;
        try (builder) {
            builder.versions(version, version);
            if (version == 0x0304) {
                builder.cipherSuites(setting.cipher());
            } else {
                builder.cipherList(setting.cipher());
            }
            builder.groups(setting.groups());
            if (isClient) {
                builder.ca(setting.ca(), false);
            } else {
                builder.sessionIdContext(new byte[] {1});
                builder.certificate(setting.certificate());
                builder.privateKey(setting.privateKey(), null);
            }
            return builder.build();
        }
    }

    @Override
    public TlsPair pair() {
        Pair pair = new Pair();
        if (setting.resume()) {
            if (session == null) {
                session = firstSession();
            }
            pair.client.setSession(session);
        }
        return pair;
    }

    private byte[] firstSession() {
        try (Pair first = new Pair()) {
            first.client.setEvents(TLSConnection.TELL_SESSION);
            first.handshake();
            return first.lastSession != null ? first.lastSession : first.client.session();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }

    private final class Pair implements TlsPair {
        private final TLSConnection client = TLSConnection.client(OurSubject.this.client);
        private final TLSConnection server = TLSConnection.server(OurSubject.this.server);
        private final ByteBuffer toServer = ByteBuffer.allocateDirect(64 * 1024);
        private final ByteBuffer toClient = ByteBuffer.allocateDirect(64 * 1024);
        private final ByteBuffer plain = ByteBuffer.allocateDirect(32 * 1024);
        private byte[] lastSession;

        Pair() {
            client.setVerify(VerifyMode.PEER);
        }

        @Override
        public void handshake() throws Exception {
            boolean moved = true;
            while (moved) {
                int before = toServer.position();
                turn(client, toClient, toServer);
                moved = toServer.position() != before;
                before = toClient.position();
                turn(server, toServer, toClient);
                moved |= toClient.position() != before;
            }
            if (!client.isSecure() || !server.isSecure()) {
                throw new IllegalStateException("The handshake did not complete");
            }
            if (client.verifyResult() != 0
                    || (!client.hasPeerCertificate() && !client.isSessionReused())) {
                throw new IllegalStateException("The server was not verified");
            }
        }

        private void turn(TLSConnection end, ByteBuffer in, ByteBuffer out) throws Exception {
            in.flip();
            plain.clear();
            Status status;
            do {
                status = end.read(in, plain, out);
                if (status == Status.EVENT) {
                    for (ConnectionEvent event = end.nextEvent();
                            event != null;
                            event = end.nextEvent()) {
                        if (event instanceof ConnectionEvent.NewSession fresh) {
                            lastSession = fresh.der();
                        }
                    }
                }
            } while (status == Status.EVENT);
            in.compact();
        }

        @Override
        public int clientToServer(ByteBuffer text) throws Exception {
            return transfer(client, server, text, toServer, toClient);
        }

        @Override
        public int serverToClient(ByteBuffer text) throws Exception {
            return transfer(server, client, text, toClient, toServer);
        }

        private int transfer(
                TLSConnection from,
                TLSConnection to,
                ByteBuffer text,
                ByteBuffer wire,
                ByteBuffer back)
                throws Exception {
            wire.clear();
            from.write(text, wire);
            wire.flip();
            plain.clear();
            to.read(wire, plain, back);
            wire.clear();
            return plain.position();
        }

        @Override
        public boolean resumed() {
            return client.isSessionReused();
        }

        @Override
        public String agreed() {
            return client.protocol() + " " + client.cipherStandardName();
        }

        @Override
        public ByteBuffer arrived() {
            return plain.duplicate().flip();
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
