package io.github.securepair.engine;

/**
 * A key that both ends know beforehand, and the name it goes by.
 *
 * @param key the key; copied when it is used, and left to the caller to wipe
 * @param identity what a client sends to name it; not looked at on servers
 */
public record PreSharedKey(byte[] key, String identity) {
    /** A key for a server to answer with. */
    public PreSharedKey(byte[] key) {
        this(key, null);
    }

    /** Says nothing about the key. */
    @Override
    public String toString() {
        return "PreSharedKey[identity=" + identity + ']';
    }
}
