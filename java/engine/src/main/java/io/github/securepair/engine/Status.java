package io.github.securepair.engine;

import io.github.securepair.openssl.Glue;

/**
 * Tells why a call of {@link TLSConnection} stopped. Beside every one of them ciphertext may have
 * been put into the output window, and more may wait ({@link TLSConnection#pending()}): send both,
 * whatever the status is.
 */
public enum Status {
    /**
     * Everything given was taken; more is needed to go on. A read may have brought plaintext, and
     * has no events. Events of a write (of a renegotiation it began) wait for the next read.
     */
    WANT_INPUT(Glue.SP_WANT_INPUT),
    /**
     * Call again, with room and with what was not consumed: a window is full, or a record was
     * decrypted and more input follows it. Its plaintext belongs to the program before the next
     * record is read, which may end the connection. A read has no events.
     */
    FULL(Glue.SP_FULL),
    /**
     * Stopped at events: take them all with {@link TLSConnection#nextEvent()}, then call again.
     * There may be plaintext as well; {@link ConnectionEvent#offset()} says how much of it lies
     * before an event.
     */
    EVENT(Glue.SP_EVENT),
    /**
     * The handshake waits for {@link TLSConnection#answer} or {@link TLSConnection#refuse}. The
     * question is among the events to take when the pause begins.
     */
    PAUSED(Glue.SP_PAUSED),
    /**
     * The peer sent close_notify: nothing more will be read, and all input was taken. Events may be
     * left to take (alerts, messages, trace), and once {@link TLSConnection#shutdown} was called
     * plaintext may have come in the same read. Writing may go on.
     */
    CLOSED(Glue.SP_CLOSED),
    /**
     * Fatal. Read and write on byte buffers throw instead. The alert, if one is sent, is in the
     * window or pending. Events that came before are left to take. Plaintext comes beside it in one
     * case: a read after {@link TLSConnection#shutdown}, which may decrypt several records. A write
     * may have consumed plaintext, whose records stand before the alert. Every later read and write
     * fails in the same way.
     */
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

    /** The status of a number of {@code sp.h} ({@code SP_WANT_INPUT} to {@code SP_FAILED}). */
    public static Status of(int code) {
        return BY_CODE[code];
    }
}
