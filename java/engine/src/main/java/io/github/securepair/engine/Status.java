package io.github.securepair.engine;

/** Tells why a call of {@link TLSConnection} stopped. */
public enum Status {
    /** Everything given was taken; more is needed to go on. */
    WANT_INPUT,
    /** An output window is full: call again with room. */
    FULL,
    /** Stopped at events: take them with {@link TLSConnection#nextEvent()}, then call again. */
    EVENT,
    /** The handshake waits for {@link TLSConnection#answer} or {@link TLSConnection#refuse}. */
    PAUSED,
    /** The peer sent close_notify: nothing more will be read. */
    CLOSED,
    /** Fatal. Calls on byte buffers throw instead; only raw turns return it. */
    FAILED;

    private static final Status[] ALL = values();

    static Status of(int code) {
        return ALL[code];
    }
}
