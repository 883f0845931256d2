package io.github.securepair.benchmarks;

import java.util.Arrays;
import java.util.List;

/**
 * A server for the load program, in a process of its own: {@code SocketServer SUBJECT KEY WORK
 * [REQUEST RESPONSE]}. Says {@code port N}, and ends when its standard input does. Whatever goes
 * wrong inside ends the process.
 */
public final class SocketServer {
    /** Our server's two ways to read, and the peers. */
    static final List<String> SUBJECTS = List.of("ours", "ours-data", "tcnative", "jsse");

    private SocketServer() {}

    public static void main(String[] words) throws Exception {
        // Read once, by JSSE; the same for everyone.
        System.setProperty("jdk.tls.namedGroups", "x25519");
        String subject = words[0];
        Setting setting = new Setting("TLSv1.3", words[1], Setting.X25519, false);
        ServerWork work = ServerWork.parse(Arrays.asList(words).subList(2, words.length));
        int port = switch (subject) {
            case "ours" -> OurServer.start(setting, work, true);
            case "ours-data" -> OurServer.start(setting, work, false);
            case "tcnative", "jsse" -> NettyServer.start(subject, setting, work);
            default -> throw new IllegalArgumentException(subject);
        };
        System.out.println("port " + port);
        System.in.transferTo(java.io.OutputStream.nullOutputStream());
        System.exit(0);
    }

    /** Ends the process: its client then fails. */
    static void fail(Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
    }
}
