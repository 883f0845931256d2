package io.github.securepair.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One line of the comparison: a JMH benchmark with its parameters, and the same work for the C
 * program.
 *
 * @param work its stable name in the JSON
 * @param title its name in the table
 * @param unit of the score, after {@code factor}
 * @param factor from operations per second to the unit
 * @param benchmark class and method, as JMH is asked for them
 * @param parameters of the JMH benchmark, all but the subject
 * @param limit arguments of the C program, all but the times
 */
record Row(
        String work,
        String title,
        String unit,
        double factor,
        String benchmark,
        Map<String, String> parameters,
        List<String> limit) {

    /** Every line, in the order of the table. */
    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
            for (String key : List.of("ecdsa", "rsa")) {
                rows.add(handshake(
                        "full-" + shortName(protocol) + "-" + key,
                        protocol,
                        key,
                        Setting.X25519,
                        false));
            }
        }
        rows.add(handshake("full-tls13-ecdsa-hybrid", "TLSv1.3", "ecdsa", "X25519MLKEM768", false));
        rows.add(handshake("resumed-tls13", "TLSv1.3", "ecdsa", Setting.X25519, true));
        rows.add(handshake("resumed-tls12", "TLSv1.2", "ecdsa", Setting.X25519, true));
        rows.add(records("records-16384", "16 KiB records one way", "oneWay", 16384));
        rows.add(records("records-1024", "1 KiB records one way", "oneWay", 1024));
        rows.add(records("pingpong-64", "64-byte ping-pong", "pingPong", 64));
        return rows;
    }

    private static Row handshake(
            String work, String protocol, String key, String group, boolean resume) {
        String title = (resume ? "resumed handshake, " : "full handshake, ")
                + protocol
                + (resume ? "" : key.equals("rsa") ? ", RSA-2048" : ", P-256")
                + (group.equals(Setting.X25519) ? "" : ", " + group);
        return new Row(
                work,
                title,
                "1/s",
                1,
                HandshakeBenchmark.class.getName() + ".handshake",
                Map.of("protocol", protocol, "key", key, "group", group, "resume", "" + resume),
                List.of("handshake", protocol, key, group, resume ? "resumed" : "full"));
    }

    private static Row records(String work, String title, String method, int size) {
        boolean oneWay = method.equals("oneWay");
        return new Row(
                work,
                title,
                oneWay ? "MB/s" : "1/s",
                oneWay ? size / 1e6 : 1,
                RecordBenchmark.class.getName() + "." + method,
                Map.of("protocol", "TLSv1.3", "size", "" + size),
                List.of(oneWay ? "oneway" : "pingpong", "TLSv1.3", "" + size));
    }

    private static String shortName(String protocol) {
        return protocol.equals("TLSv1.3") ? "tls13" : "tls12";
    }
}
