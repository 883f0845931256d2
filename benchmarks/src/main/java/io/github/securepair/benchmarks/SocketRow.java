package io.github.securepair.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * One piece of work over sockets. Each makes two lines of the table: by time, and by the server's
 * CPU time.
 *
 * @param work its stable name in the JSON
 * @param title its name in the table
 * @param unit of the score, after {@code factor}
 * @param factor from what the load program counts to the unit
 * @param data whether our server is measured with {@code 'data'} listeners too
 * @param isShort whether a short run has it
 * @param mode the load program's word for it
 * @param key of the server's certificate
 * @param connections how many are open at a time
 * @param sizes of a request and its answer, or empty
 */
record SocketRow(
        String work,
        String title,
        String unit,
        double factor,
        boolean data,
        boolean isShort,
        String mode,
        String key,
        int connections,
        List<String> sizes) {
    private static final List<Integer> CONNECTIONS = List.of(1, 64, 1000);

    /** Every piece of work, in the order of the table. */
    static List<SocketRow> all() {
        List<SocketRow> rows = new ArrayList<>();
        for (int count : CONNECTIONS) {
            rows.add(handshakes("full", "ecdsa", count));
        }
        rows.add(handshakes("full", "rsa", 64));
        rows.add(handshakes("resumed", "ecdsa", 64));
        for (int count : CONNECTIONS) {
            rows.add(requests(64, 64, count));
        }
        rows.add(requests(64, 1024, 64));
        for (int count : CONNECTIONS) {
            rows.add(bulk("send", "server sends", count));
        }
        for (int count : CONNECTIONS) {
            rows.add(bulk("receive", "server receives", count));
        }
        return rows;
    }

    private static SocketRow handshakes(String mode, String key, int count) {
        boolean resumed = mode.equals("resumed");
        String name = resumed ? "resumed" : "handshakes-" + key;
        String title = resumed
                ? "resumed handshakes"
                : "full handshakes, " + (key.equals("rsa") ? "RSA-2048" : "P-256");
        boolean isShort = !resumed && key.equals("ecdsa") && count == 64;
        return new SocketRow(
                "socket-" + name + "-" + count,
                "sockets: " + title + ", " + connections(count),
                "1/s",
                1,
                false,
                isShort,
                mode,
                key,
                count,
                List.of());
    }

    private static SocketRow requests(int request, int response, int count) {
        String name = "requests" + (response == request ? "" : "-" + response);
        return new SocketRow(
                "socket-" + name + "-" + count,
                "sockets: " + request + " B requests, " + response + " B answers, "
                        + connections(count),
                "1/s",
                1,
                true,
                response == request && count == 64,
                "requests",
                "ecdsa",
                count,
                List.of("" + request, "" + response));
    }

    private static SocketRow bulk(String mode, String title, int count) {
        return new SocketRow(
                "socket-" + mode + "-" + count,
                "sockets: " + title + ", " + connections(count),
                "MB/s",
                1e-6,
                mode.equals("receive"),
                false,
                mode,
                "ecdsa",
                count,
                List.of());
    }

    private static String connections(int count) {
        return count == 1 ? "1 connection" : String.format(java.util.Locale.ROOT, "%,d", count);
    }

    /** What the server is asked for. */
    List<String> serverWords() {
        List<String> words = new ArrayList<>();
        words.add(key);
        words.add(mode.equals("full") || mode.equals("resumed") ? "hello" : mode);
        words.addAll(sizes);
        return words;
    }
}
