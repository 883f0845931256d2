package io.github.securepair.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A relay on the loopback that records one connection, and writes it as the capture file that a
 * sniffer on the wire would have made: it needs no rights.
 */
final class Capture implements AutoCloseable {
    private static final int CLIENT_PORT = 40000;
    private static final int SERVER_PORT = 443;
    private static final int SEGMENT = 1400;
    private static final int SYN = 2;
    private static final int ACK = 16;
    private static final int FIN = 1;

    private record Piece(boolean fromClient, byte[] bytes) {}

    private final ServerSocket listener;
    private final List<Piece> pieces = new ArrayList<>();
    private final Thread acceptor;
    private final List<Socket> open = new ArrayList<>();
    private volatile boolean muted;

    /** Relays the first connection to this port of the loopback. */
    Capture(int port) throws IOException {
        listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        acceptor = new Thread(() -> relay(port), "capture");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    int port() {
        return listener.getLocalPort();
    }

    private void relay(int port) {
        try (Socket client = keep(listener.accept());
                Socket server = keep(new Socket(InetAddress.getLoopbackAddress(), port))) {
            Thread back = new Thread(() -> copy(server, client, false), "capture, answers");
            back.setDaemon(true);
            back.start();
            copy(client, server, true);
            back.join();
        } catch (IOException | InterruptedException closed) {
            // The test fails for want of bytes then.
            return;
        }
    }

    /** From now on what the server sends is recorded only. */
    void mute() {
        muted = true;
    }

    private synchronized Socket keep(Socket socket) {
        open.add(socket);
        return socket;
    }

    private void copy(Socket from, Socket to, boolean fromClient) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] some = new byte[16 * 1024];
            for (int count; (count = in.read(some)) > 0; ) {
                byte[] piece = java.util.Arrays.copyOf(some, count);
                synchronized (this) {
                    pieces.add(new Piece(fromClient, piece));
                }
                if (fromClient || !muted) {
                    out.write(piece);
                }
            }
            to.shutdownOutput();
        } catch (IOException closed) {
            // By either end.
            return;
        }
    }

    private synchronized List<Piece> pieces() {
        return List.copyOf(pieces);
    }

    /** Waits until both ends have closed, and writes what passed. */
    void write(Path file) throws IOException, InterruptedException {
        acceptor.join(TimeUnit.SECONDS.toMillis(20));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // Version 2.4, packets of raw IP.
        out.writeBytes(ByteBuffer.allocate(24)
                .putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(65535)
                .putInt(101)
                .array());
        int[] next = {1000, 2000};
        packet(out, true, SYN, next, new byte[0]);
        packet(out, false, SYN | ACK, next, new byte[0]);
        packet(out, true, ACK, next, new byte[0]);
        for (Piece piece : pieces()) {
            for (int at = 0; at < piece.bytes().length; at += SEGMENT) {
                int end = Math.min(at + SEGMENT, piece.bytes().length);
                byte[] segment = java.util.Arrays.copyOfRange(piece.bytes(), at, end);
                packet(out, piece.fromClient(), ACK, next, segment);
            }
        }
        packet(out, true, FIN | ACK, next, new byte[0]);
        packet(out, false, FIN | ACK, next, new byte[0]);
        Files.write(file, out.toByteArray());
    }

    private static void packet(
            ByteArrayOutputStream out, boolean fromClient, int flags, int[] next, byte[] data) {
        int own = fromClient ? 0 : 1;
        int length = 40 + data.length;
        ByteBuffer packet = ByteBuffer.allocate(16 + length);
        packet.putLong(0).putInt(length).putInt(length);
        // IPv4 without checksum, which is not verified in a capture.
        packet.putInt(0x45000000 | length).putInt(0).putInt(0x40060000);
        packet.putInt(0x0a000001 + own).putInt(0x0a000002 - own);
        packet.putShort((short) (fromClient ? CLIENT_PORT : SERVER_PORT));
        packet.putShort((short) (fromClient ? SERVER_PORT : CLIENT_PORT));
        packet.putInt(next[own]).putInt((flags & ACK) == 0 ? 0 : next[1 - own]);
        packet.putShort((short) (0x5000 | flags)).putShort((short) 0xffff).putInt(0);
        packet.put(data);
        next[own] += data.length + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
        out.writeBytes(packet.array());
    }

    @Override
    public void close() throws IOException {
        listener.close();
        synchronized (this) {
            for (Socket each : open) {
                each.close();
            }
        }
    }
}
