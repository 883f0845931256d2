package io.github.securepair.internal.transport;

import io.github.securepair.events.EventLoop;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a socket stands on: a TCP or unix channel, any Duplex ({@link DuplexTransport}), or TLS over
 * one of these. The verbs are those of Node's stream handles; what only a channel has is in its
 * {@link Link}. Confined to the thread of {@link #loop()}.
 *
 * <p>Bytes are lent, not copied: reading hands out pooled native memory for the time of a call,
 * writing takes {@link Output} memory that the caller filled in place.
 */
public interface Transport {
    /** Returns the loop all calls must come from and all callbacks run on. */
    EventLoop loop();

    /** Returns the link below, or null: in memory, or not connected to anything yet. */
    Link link();

    /** Returns the receiver of what is read; null before the first {@link #setReceiver}. */
    Receiver receiver();

    /**
     * Makes {@code receiver} get everything from now on, unread bytes included. Does not start or
     * stop reading.
     */
    void setReceiver(Receiver receiver);

    /** Starts or resumes reading; delivers later, never inside this call. Idempotent. */
    void readStart();

    /** Stops reading at once: nothing is delivered until {@link #readStart()}. Idempotent. */
    void readStop();

    boolean isReading();

    /** Borrows at least {@code capacity} bytes of output memory. */
    Output lend(int capacity);

    /**
     * Sends the first {@code length} bytes of {@code output}, after everything queued, trying the
     * kernel at once. Takes ownership of {@code output} in any case.
     *
     * @param done may be null
     * @return true when the kernel took everything inside this call, and then {@code done} is never
     *     called; false when {@code done} will be called later, with null or the error
     */
    boolean write(Output output, int length, Done done);

    /**
     * Like {@link #write(Output, int, Done)}, but leaves the bytes for the next write,
     * {@link #flush()} or the end of this round of the loop, whichever is first, so that several
     * small pieces cost one system call. {@code done}, when not null, is always called, later.
     */
    void queue(Output output, int length, Done done);

    /** Tries to send what is queued now. */
    void flush();

    /**
     * Writes a copy of {@code chunk}, heap or direct, between position and limit; the position
     * stays. For streams without TLS, and for TLS to take its plaintext from. Otherwise as
     * {@link #write(Output, int, Done)}, but {@code chunk} must not change until then.
     */
    boolean write(ByteBuffer chunk, Done done);

    /** Writes copies of several chunks, in order, as one. */
    boolean write(List<ByteBuffer> chunks, Done done);

    /** Returns how many bytes were written or queued and not yet taken by the kernel. */
    long writeQueueSize();

    /**
     * Returns whether {@link #writeQueueSize()} is above the mark at which a writer should wait for
     * {@link Receiver#onWritable}.
     */
    boolean isBacklogged();

    /** Sends FIN after everything written. {@code done} is called later, with null or the error. */
    void shutdown(Done done);

    /**
     * Closes: one last try to send what is queued, then unsent bytes are dropped and their
     * {@code done}s called with an error, and {@code closed} runs later on the loop. Nothing is
     * received afterwards. A second call does nothing.
     *
     * @param closed may be null
     */
    void close(Runnable closed);

    /** Returns whether {@link #close} was not called and the channel underneath is open. */
    boolean isOpen();

    /** Returns bytes received so far; stays readable after close. */
    long bytesRead();

    /** Returns bytes written so far, queued ones included; stays readable after close. */
    long bytesWritten();
}
