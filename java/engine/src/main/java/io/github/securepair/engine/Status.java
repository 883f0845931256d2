package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

/** Tells why a call of {@link TLSConnection} stopped. */
public enum Status {
    /** Everything given was taken; more is needed to go on. */
    WANT_INPUT(Glue.SP_WANT_INPUT),
    /** An output window is full: call again with room. */
    FULL(Glue.SP_FULL),
    /** Stopped at events: take them with {@link TLSConnection#nextEvent()}, then call again. */
    EVENT(Glue.SP_EVENT),
    /** The handshake waits for {@link TLSConnection#answer} or {@link TLSConnection#refuse}. */
    PAUSED(Glue.SP_PAUSED),
    /** The peer sent close_notify: nothing more will be read. */
    CLOSED(Glue.SP_CLOSED),
    /** Fatal. Calls on byte buffers throw instead; only {@link AddressTurns} returns it. */
    FAILED(Glue.SP_FAILED);

    private static final Status[] BY_CODE = new Status[values().length];

    static {
        for (Status status : values()) {
            BY_CODE[status.code] = status;
        }
    }

    private final int code;

    Status(int code) {
        this.code = code;
    }

    static Status of(int code) {
        return BY_CODE[code];
    }
}
