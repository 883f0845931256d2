package io.github.securepair.benchmarks;

import java.nio.ByteBuffer;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;

/** Drives every stack that speaks {@link SSLEngine}, all in the same way. */
final class EngineSubject implements Subject {
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private static final int RECORD_HEADER = 5;
    private static final int MESSAGE_HEADER = 4;
    private static final byte HANDSHAKE = 22;
    private static final byte CERTIFICATE = 11;

    private final Engines engines;
    private final Setting setting;
    private final Wire wire = new Wire();

    private final int certificateSize;

    private boolean primed;

    EngineSubject(Engines engines, Setting setting) throws Exception {
        this.engines = engines;
        this.setting = setting;
        certificateSize = setting.certificateObject().getEncoded().length;
    }

    @Override
    public TlsPair pair() throws Exception {
        if (setting.resume() && !primed) {
            // The stack's own client cache holds the session of the pair before; the first pair
            // fills it.
            primed = true;
            try (Pair first = new Pair()) {
                first.handshake();
            }
        }
        return new Pair();
    }

    @Override
    public void close() {
        engines.close();
    }

    private final class Pair implements TlsPair {
        private final SSLEngine client = engines.client();
        private final SSLEngine server = engines.server();
        private boolean flown;
        private boolean resumed;

        private Pair() throws Exception {}

        @Override
        public void handshake() throws Exception {
            wire.clear();
            client.beginHandshake();
            server.beginHandshake();
            boolean moved = true;
            while (moved) {
                moved = turn(client, wire.toClient, wire.toServer)
                        | turn(server, wire.toServer, wire.toClient);
                if (!flown && wire.toClient.position() > 0) {
                    flown = true;
                    resumed = resumes(wire.toClient);
                }
            }
            if (!done(client) || !done(server)) {
                throw new IllegalStateException("The handshake did not complete");
            }
            if (client.getSession().getPeerCertificates().length == 0) {
                throw new IllegalStateException("The server was not verified");
            }
            wire.greet(this);
        }

        /**
         * Whether the server's first flight has no certificate, the one sign that all stacks give.
         * In TLS 1.3 it is encrypted, and nothing else in it is as large; in TLS 1.2 it would be
         * the message that follows ServerHello.
         */
        private boolean resumes(ByteBuffer flight) {
            if (setting.protocol().equals("TLSv1.3")) {
                return flight.position() < certificateSize;
            }
            int recordEnd = RECORD_HEADER + (flight.getShort(3) & 0xFFFF);
            int next =
                    RECORD_HEADER + MESSAGE_HEADER + (flight.getShort(RECORD_HEADER + 2) & 0xFFFF);
            if (next < recordEnd) {
                return flight.get(next) != CERTIFICATE;
            }
            return flight.get(next) != HANDSHAKE || flight.get(next + RECORD_HEADER) != CERTIFICATE;
        }

        private static boolean done(SSLEngine engine) {
            return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
        }

        /** Works until the engine needs bytes that are not there. */
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
                    wire.plain.clear();
                    SSLEngineResult result = engine.unwrap(in, wire.plain);
                    in.compact();
                    moved |= result.bytesConsumed() > 0;
                    // What the call says counts: netty's engines do not repeat it when asked later.
                    // FINISHED is said once, and tickets may be waiting behind it.
                    status = result.getHandshakeStatus();
                    if (status == HandshakeStatus.FINISHED) {
                        status = engine.getHandshakeStatus();
                    }
                    if (result.bytesConsumed() == 0
                            && status != HandshakeStatus.NEED_WRAP
                            && status != HandshakeStatus.NEED_TASK) {
                        return moved;
                    }
                }
            }
        }

        @Override
        public int clientToServer(ByteBuffer text) throws Exception {
            return transfer(client, server, text, wire.toServer);
        }

        @Override
        public int serverToClient(ByteBuffer text) throws Exception {
            return transfer(server, client, text, wire.toClient);
        }

        private int transfer(SSLEngine from, SSLEngine to, ByteBuffer text, ByteBuffer records)
                throws Exception {
            ByteBuffer plain = wire.plain;
            records.clear();
            while (text.hasRemaining()) {
                advanced(from.wrap(text, records));
            }
            records.flip();
            plain.clear();
            while (records.hasRemaining()) {
                advanced(to.unwrap(records, plain));
            }
            records.clear();
            return plain.position();
        }

        private static void advanced(SSLEngineResult result) {
            if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                throw new IllegalStateException("Stuck: " + result);
            }
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
        public String group() {
            return engines.group(client);
        }

        @Override
        public ByteBuffer arrived() {
            return wire.plain.duplicate().flip();
        }

        @Override
        public void close() {
            engines.release(client);
            engines.release(server);
        }
    }
}
