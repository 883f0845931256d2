package io.github.securepair.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A client and a server joined in memory, each with windows of a given size. */
final class Pair implements AutoCloseable {
    /** One end: its connection, what it got, what happened to it. */
    static final class End {
        final TLSConnection tls;
        final Bytes inbox = new Bytes();
        final Bytes received = new Bytes();
        final List<ConnectionEvent> events = new ArrayList<>();
        /** Called with each event; questions that it leaves open stay open. */
        Consumer<ConnectionEvent> onEvent;

        TLSException failure;
        Status status = Status.WANT_INPUT;
        private final ByteBuffer in;
        private final ByteBuffer plain;
        private final ByteBuffer out;
        private Bytes outbox;

        End(TLSConnection tls, int window) {
            this.tls = tls;
            in = ByteBuffer.allocateDirect(window);
            plain = ByteBuffer.allocateDirect(window);
            out = ByteBuffer.allocateDirect(window);
            onEvent = event -> {
                if (event instanceof ConnectionEvent.Question question) {
                    tls.answer(question.sequence());
                }
            };
        }

        void sendTo(Bytes box) {
            outbox = box;
        }

        /** One read. Whether anything moved. */
        boolean step() {
            if (failure != null) {
                return flush();
            }
            in.clear();
            inbox.peekInto(in);
            in.flip();
            plain.clear();
            boolean moved;
            try {
                status = tls.read(in, plain, out);
            } catch (TLSException e) {
                failure = e;
            }
            inbox.skip(in.position());
            moved = in.position() > 0 || plain.position() > 0 || failure != null;
            plain.flip();
            received.put(plain);
            moved |= flush();
            while (true) {
                ConnectionEvent event = tls.nextEvent();
                if (event == null) {
                    break;
                }
                moved = true;
                events.add(event);
                onEvent.accept(event);
                if (tls.isClosed()) {
                    return true;
                }
            }
            return moved;
        }

        /** A bare read beside others, who may have closed the connection. */
        void readOnceUnlessClosed() throws TLSException {
            try {
                tls.read(null, plain, out);
            } catch (IllegalStateException e) {
                if (!tls.isClosed()) {
                    throw e;
                }
            }
        }

        /** Sends what the last call wrote and what waits. */
        boolean flush() {
            boolean moved = false;
            while (true) {
                out.flip();
                moved |= out.hasRemaining();
                outbox.put(out);
                out.clear();
                if (tls.isClosed() || tls.pending() == 0) {
                    return moved;
                }
                tls.drain(out);
            }
        }

        void write(byte[] bytes) throws TLSException {
            int done = 0;
            while (done < bytes.length) {
                plain.clear();
                plain.put(bytes, done, Math.min(plain.capacity(), bytes.length - done))
                        .flip();
                int before = plain.remaining();
                tls.write(plain, out);
                done += before - plain.remaining();
                boolean moved = flush();
                if (before == plain.remaining() && !moved) {
                    throw new IllegalStateException("nothing is taken");
                }
            }
        }

        void write(String text) throws TLSException {
            write(text.getBytes(StandardCharsets.UTF_8));
        }

        void shutdown() {
            tls.shutdown(out);
            flush();
        }

        String receivedText() {
            return new String(received.all(), StandardCharsets.UTF_8);
        }

        <T extends ConnectionEvent> List<T> events(Class<T> type) {
            return events.stream().filter(type::isInstance).map(type::cast).toList();
        }
    }

    /** Bytes on their way. */
    static final class Bytes {
        private byte[] data = new byte[256];
        private int begin;
        private int end;

        int size() {
            return end - begin;
        }

        void put(ByteBuffer from) {
            int length = from.remaining();
            room(length);
            from.get(data, end, length);
            end += length;
        }

        void put(byte[] from) {
            put(ByteBuffer.wrap(from));
        }

        private void room(int length) {
            if (begin == end) {
                begin = 0;
                end = 0;
            }
            if (data.length - end < length) {
                byte[] larger = new byte[Math.max(data.length, size() + length) * 2];
                System.arraycopy(data, begin, larger, 0, size());
                end -= begin;
                begin = 0;
                data = larger;
            }
        }

        void peekInto(ByteBuffer to) {
            to.put(data, begin, Math.min(size(), to.remaining()));
        }

        void skip(int length) {
            begin += length;
        }

        byte[] all() {
            byte[] bytes = new byte[size()];
            System.arraycopy(data, begin, bytes, 0, bytes.length);
            return bytes;
        }

        byte[] takeAll() {
            byte[] bytes = all();
            begin = end;
            return bytes;
        }

        /** Changes the byte at an offset. */
        void flip(int offset, int bits) {
            data[begin + offset] ^= (byte) bits;
        }

        void truncate(int length) {
            end = begin + length;
        }
    }

    final End client;
    final End server;

    Pair(TLSConnection client, TLSConnection server, int window) {
        this.client = new End(client, window);
        this.server = new End(server, window);
        this.client.outbox = this.server.inbox;
        this.server.outbox = this.client.inbox;
    }

    Pair(SecureContext client, SecureContext server, int window) {
        this(TLSConnection.client(client), TLSConnection.server(server), window);
    }

    Pair(SecureContext client, SecureContext server) {
        this(client, server, 20_000);
    }

    /** Moves bytes until nothing moves any more. */
    Pair pump() {
        boolean moved = true;
        while (moved) {
            moved = !client.tls.isClosed() && client.step();
            moved |= !server.tls.isClosed() && server.step();
        }
        return this;
    }

    /** Handshakes; fails the test when that does not succeed. */
    Pair handshake() {
        pump();
        if (client.failure != null) {
            throw new AssertionError("client failed", client.failure);
        }
        if (server.failure != null) {
            throw new AssertionError("server failed", server.failure);
        }
        if (!client.tls.isSecure() || !server.tls.isSecure()) {
            throw new AssertionError(
                    "no handshake: client " + client.status + ", server " + server.status);
        }
        return this;
    }

    @Override
    public void close() {
        client.tls.close();
        server.tls.close();
    }
}
