package io.github.securepair.benchmarks;

import io.github.securepair.engine.ConnectionEvent;
import io.github.securepair.engine.Protocol;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.VerifyMode;

import java.nio.ByteBuffer;

/** Our engine through its public API: ByteBuffers, no loop, no stream. */
final class OurSubject implements Subject {
    private final Setting setting;
    private final Wire wire = new Wire();
    private final SecureContext client;
    private final SecureContext server;
    private final boolean owner;

    /** What the client resumes, as it would keep it: bytes. */
    private byte[] session;

    OurSubject(Setting setting) {
        this.setting = setting;
        client = configure(SecureContext.builder(SecureContext.Role.CLIENT), true);
        server = configure(SecureContext.builder(SecureContext.Role.SERVER), false);
        owner = true;
    }

    private OurSubject(OurSubject other) {
        setting = other.setting;
        client = other.client;
        server = other.server;
        owner = false;
    }

    /** For another thread: a wire and a session of its own, the same contexts. */
    OurSubject sharing() {
        return new OurSubject(this);
    }

    private SecureContext configure(SecureContext.Builder builder, boolean isClient) {
        int version = setting.protocol().equals("TLSv1.3") ? Protocol.TLS1_3 : Protocol.TLS1_2;
        try (builder) {
            builder.versions(version, version);
            if (version == Protocol.TLS1_3) {
                builder.cipherSuites(setting.cipher());
            } else {
                builder.cipherList(setting.cipher());
            }
            builder.groups(setting.groups());
            if (isClient) {
                builder.ca(setting.caPem(), false);
            } else {
                builder.sessionIdContext(new byte[] {1});
                builder.certificate(setting.certificatePem());
                builder.privateKey(setting.keyPem(), null);
            }
            return builder.build();
        }
    }

    @Override
    public TlsPair pair() throws Exception {
        if (setting.resume() && session == null) {
            session = firstSession();
        }
        return new Pair(session);
    }

    private byte[] firstSession() throws Exception {
        try (Pair first = new Pair(null)) {
            first.client.setEvents(TLSConnection.TELL_SESSION);
            first.handshake();
            if (first.lastSession == null) {
                throw new IllegalStateException("No session came");
            }
            return first.lastSession;
        }
    }

    @Override
    public void close() {
        if (owner) {
            client.close();
            server.close();
        }
    }

    private final class Pair implements TlsPair {
        private final TLSConnection client = TLSConnection.client(OurSubject.this.client);
        private final TLSConnection server = TLSConnection.server(OurSubject.this.server);
        private byte[] lastSession;

        Pair(byte[] session) {
            client.setVerify(VerifyMode.PEER);
            client.setServername(Engines.HOST);
            if (session != null && !client.setSession(session)) {
                throw new IllegalStateException("The session was refused");
            }
        }

        @Override
        public void handshake() throws Exception {
            wire.clear();
            boolean moved = true;
            while (moved) {
                int before = wire.toServer.position();
                turn(client, wire.toClient, wire.toServer);
                moved = wire.toServer.position() != before;
                before = wire.toClient.position();
                turn(server, wire.toServer, wire.toClient);
                moved |= wire.toClient.position() != before;
            }
            if (!client.isSecure() || !server.isSecure()) {
                throw new IllegalStateException("The handshake did not complete");
            }
            if (client.verifyResult() != 0
                    || (!client.hasPeerCertificate() && !client.isSessionReused())) {
                throw new IllegalStateException("The server was not verified");
            }
            wire.greet(this);
        }

        private void turn(TLSConnection end, ByteBuffer in, ByteBuffer out) throws Exception {
            in.flip();
            wire.plain.clear();
            Status status;
            do {
                status = end.read(in, wire.plain, out);
                if (status == Status.EVENT) {
                    takeEvents(end);
                }
            } while (status == Status.EVENT);
            in.compact();
        }

        private void takeEvents(TLSConnection end) {
            for (ConnectionEvent event = end.nextEvent(); event != null; event = end.nextEvent()) {
                if (event instanceof ConnectionEvent.NewSession fresh) {
                    lastSession = fresh.der();
                }
            }
        }

        @Override
        public int clientToServer(ByteBuffer text) throws Exception {
            return transfer(client, server, text, wire.toServer, wire.toClient);
        }

        @Override
        public int serverToClient(ByteBuffer text) throws Exception {
            return transfer(server, client, text, wire.toClient, wire.toServer);
        }

        private int transfer(
                TLSConnection from,
                TLSConnection to,
                ByteBuffer text,
                ByteBuffer records,
                ByteBuffer back)
                throws Exception {
            ByteBuffer plain = wire.plain;
            records.clear();
            from.write(text, records);
            records.flip();
            plain.clear();
            to.read(records, plain, back);
            records.clear();
            return plain.position();
        }

        @Override
        public void idle() {
            if (!client.idle() || !server.idle()) {
                throw new IllegalStateException("Buffers are in use");
            }
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
        public String group() {
            return client.group();
        }

        @Override
        public ByteBuffer arrived() {
            return wire.plain.duplicate().flip();
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
