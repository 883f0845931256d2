package io.github.securepair.benchmarks;

import java.util.List;

/**
 * Everything one TLS stack needs for many pairs: contexts, session caches, the wire between the two
 * ends; made once and not counted. Confined to one thread.
 */
interface Subject extends AutoCloseable {
    /** All stacks that run inside the JVM. */
    List<String> NAMES = List.of("ours", "tcnative", "conscrypt", "jsse");

    /** A fresh, unconnected pair; it offers a session if the setting says so. */
    TlsPair pair() throws Exception;

    @Override
    void close();

    /** Makes the subject called {@code name}, one of {@link #NAMES}. */
    static Subject of(String name, Setting setting) throws Exception {
        return switch (name) {
            case "ours" -> new OurSubject(setting);
            case "tcnative" -> new EngineSubject(new NettyEngines(setting), setting);
            case "conscrypt" -> new EngineSubject(ContextEngines.conscrypt(setting), setting);
            case "jsse" -> new EngineSubject(ContextEngines.jsse(setting), setting);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /**
     * A pair whose handshake is done and was the one that the setting asks for: protocol, cipher,
     * group, verified, resumed or not.
     */
    static TlsPair connect(Subject subject, Setting setting) throws Exception {
        TlsPair pair = subject.pair();
        try {
            pair.handshake();
            String wanted = setting.protocol() + " " + setting.standardCipher();
            if (!pair.agreed().equals(wanted)) {
                throw new IllegalStateException(
                        "agreed on " + pair.agreed() + " instead of " + wanted);
            }
            // A session of TLS 1.2 is resumed without a key exchange.
            boolean exchanged = !(setting.resume() && setting.protocol().equals("TLSv1.2"));
            String group = pair.group();
            if (exchanged && group != null && !group.equalsIgnoreCase(setting.group())) {
                throw new IllegalStateException(
                        "agreed on group " + group + " instead of " + setting.group());
            }
            checkResumed(pair, setting);
            return pair;
        } catch (Exception | Error e) {
            pair.close();
            throw e;
        }
    }

    /** Fails if a handshake resumed a session and should not have, or the other way round. */
    static void checkResumed(TlsPair pair, Setting setting) {
        if (pair.resumed() != setting.resume()) {
            throw new IllegalStateException(
                    setting.resume() ? "The handshake did not resume" : "The handshake resumed");
        }
    }
}
