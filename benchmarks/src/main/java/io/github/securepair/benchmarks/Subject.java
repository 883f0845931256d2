package io.github.securepair.benchmarks;

/**
 * Everything one TLS stack needs for many pairs: contexts and session caches, made once and not
 * counted.
 */
interface Subject extends AutoCloseable {
    /** A fresh, unconnected pair. */
    TlsPair pair() throws Exception;

    @Override
    void close();

    /**
     * Makes the subject called {@code name}: {@code ours}, {@code jsse}, {@code tcnative} or
     * {@code conscrypt}.
     */
    static Subject of(String name, Setting setting) throws Exception {
        return switch (name) {
            case "ours" -> new OurSubject(setting);
            case "jsse" -> EngineSubject.jsse(setting);
            case "tcnative" -> EngineSubject.tcnative(setting);
            case "conscrypt" -> EngineSubject.conscrypt(setting);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
