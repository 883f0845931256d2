package io.github.securepair.tls;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;

/**
 * Forwards one TLS connection record by record, and on request ends one direction in the middle, as
 * any host on the path can.
 */
final class CuttingRelay implements AutoCloseable {
    private final ServerSocket listening;
    private final int target;
    private final boolean cutsAnswers;
    private final CompletableFuture<Void> cut = new CompletableFuture<>();
    private volatile Socket client;
    private volatile Socket server;
    private int recordsLeft = -1;
    private int bytesLeft;

    /** @param cutsAnswers whether what the server sends is cut; else what the client sends */
    CuttingRelay(int target, boolean cutsAnswers) throws IOException {
        this.target = target;
        this.cutsAnswers = cutsAnswers;
        listening = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** From the next record on: lets so many through, so many bytes more, and then ends. */
    synchronized void cutAfter(int records, int bytes) {
        recordsLeft = records;
        bytesLeft = bytes;
    }

    void whenCut(Runnable action) {
        cut.thenRun(action);
    }

    private void accept() throws IOException {
        client = listening.accept();
        server = new Socket("127.0.0.1", target);
        start(() -> pass(client, server, !cutsAnswers));
        pass(server, client, cutsAnswers);
    }

    private void pass(Socket from, Socket to, boolean cuts) throws IOException {
        DataInputStream in = new DataInputStream(from.getInputStream());
        OutputStream out = to.getOutputStream();
        byte[] header = new byte[5];
        while (true) {
            int first = in.read();
            if (first < 0) {
                to.shutdownOutput();
                return;
            }
            header[0] = (byte) first;
            in.readFully(header, 1, 4);
            byte[] body = new byte[(header[3] & 0xff) << 8 | header[4] & 0xff];
            in.readFully(body);
            byte[] record = new byte[5 + body.length];
            System.arraycopy(header, 0, record, 0, 5);
            System.arraycopy(body, 0, record, 5, body.length);
            int part = cuts ? part(record.length) : record.length;
            out.write(record, 0, part);
            if (part < record.length) {
                to.shutdownOutput();
                cut.complete(null);
                while (in.read(body) >= 0) {
                    // Nothing of it goes on.
                }
                return;
            }
        }
    }

    private synchronized int part(int length) {
        if (recordsLeft < 0) {
            return length;
        }
        return recordsLeft-- == 0 ? bytesLeft : length;
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void start(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // By one of the two, or by the test.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            listening.close();
            if (client != null) {
                client.close();
            }
            if (server != null) {
                server.close();
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
