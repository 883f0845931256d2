package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.events.Listener2;

/**
 * Everything that can be written to: a {@link Writable}, or the writable side of a {@link Duplex}.
 * (In Node a Duplex is an instance of both Readable and Writable; here it extends the one and
 * shares this interface with the other.)
 *
 * <p>A chunk is a {@code String}, a {@code byte[]} or a {@code ByteBuffer}. Bytes are not copied:
 * their content must stay as it is until the callback of the write is called. A ByteBuffer's own
 * position and limit are free at once, and a write does not move them.
 */
public sealed interface WritableStream permits Writable, Duplex {
    /** {@code 'drain'}: after {@code write} returned false, the buffer is empty again. */
    Event<Listener0> DRAIN = Event.of(WritableStream.class, "drain");

    /** {@code 'prefinish'}: all was written, {@code _final} has been called. */
    Event<Listener0> PREFINISH = Event.of(WritableStream.class, "prefinish");

    /** {@code 'finish'}: {@code end} was called and everything has been handed over. */
    Event<Listener0> FINISH = Event.of(WritableStream.class, "finish");

    /** {@code 'pipe'} (source): a readable begins to write to this stream. */
    Event<Listener1<Readable>> PIPE = Event.of(WritableStream.class, "pipe");

    /** {@code 'unpipe'} (source, info): a readable ceases to write to this stream. */
    Event<Listener2<Readable, UnpipeInfo>> UNPIPE = Event.of(WritableStream.class, "unpipe");

    /** Does {@code write(chunk, null, null)}. */
    default boolean write(Object chunk) {
        return write(chunk, null, null);
    }

    /** Does {@code write(chunk, null, callback)}. */
    default boolean write(Object chunk, Callback callback) {
        return write(chunk, null, callback);
    }

    /** Does {@code write(chunk, encoding, null)}. */
    default boolean write(Object chunk, String encoding) {
        return write(chunk, encoding, null);
    }

    /**
     * Writes a chunk.
     *
     * @param chunk a String, byte[] or ByteBuffer; {@code null} throws
     *     {@code ERR_STREAM_NULL_VALUES}, anything else {@code ERR_INVALID_ARG_TYPE}. Nothing is
     *     copied at the call: until the callback its bytes must not be changed, and native memory
     *     must not be given back by another thread, which can end the JVM
     * @param encoding of a string; {@code null} for the default
     * @param callback called when the chunk was taken or has failed; may be {@code null}
     * @return false when the buffer is full: wait for {@code 'drain'} before you write more. The
     *     chunk is accepted all the same. From another thread than the loop's the answer is an
     *     estimate.
     */
    boolean write(Object chunk, String encoding, Callback callback);

    /** Ends the stream: no write may follow. */
    default WritableStream end() {
        return end(null, null, null);
    }

    /** Ends the stream after one last chunk. */
    default WritableStream end(Object chunk) {
        return end(chunk, null, null);
    }

    /** Ends the stream and calls back when it has finished or failed. */
    default WritableStream end(Callback callback) {
        return end(null, null, callback);
    }

    /** Ends the stream after one last chunk and calls back when it has finished or failed. */
    default WritableStream end(Object chunk, Callback callback) {
        return end(chunk, null, callback);
    }

    /** Ends the stream after one last chunk. */
    default WritableStream end(Object chunk, String encoding) {
        return end(chunk, encoding, null);
    }

    /**
     * Ends the stream.
     *
     * @param chunk a last chunk as for {@code write}, or {@code null} for none
     * @param encoding of a string; {@code null} for the default
     * @param callback called once with {@code null} after {@code 'finish'} or with the error; may
     *     be {@code null}
     */
    WritableStream end(Object chunk, String encoding, Callback callback);

    /**
     * Holds writes back until {@link #uncork} has been called as often, so that they go out
     * together.
     */
    void cork();

    /** Undoes one {@link #cork}. */
    void uncork();

    /** Sets the encoding of strings written without one; throws {@code ERR_UNKNOWN_ENCODING}. */
    WritableStream setDefaultEncoding(String encoding);

    /** Returns whether it is safe to write: not ended, not destroyed, not failed. */
    boolean writable();

    /** Returns whether the stream was destroyed or failed before it finished. */
    boolean writableAborted();

    /** Returns how often {@link #uncork} must be called to let writes through. */
    int writableCorked();

    /** Returns whether {@code end} was called; see {@link #writableFinished}. */
    boolean writableEnded();

    /** Returns whether everything was handed over; becomes true just before {@code 'finish'}. */
    boolean writableFinished();

    /** Returns the number of bytes at which {@code write} begins to return false. */
    int writableHighWaterMark();

    /** Returns the number of bytes waiting to be handed over. */
    int writableLength();

    /** Returns whether {@code 'drain'} will be emitted. */
    boolean writableNeedDrain();

    /** Returns the loop the stream belongs to. */
    EventLoop loop();

    /** Returns whether the stream was destroyed. */
    boolean destroyed();

    /** Returns whether the stream has finished closing. */
    boolean closed();

    /** Returns the error the stream failed with, or {@code null}. */
    Throwable errored();

    /** Destroys the stream, see {@link Stream#destroy(Throwable)}. */
    Stream destroy(Throwable error);

    /** Adds a listener, see {@link EventEmitter#on(Event, Listener)}. */
    <L extends Listener> Stream on(Event<L> event, L listener);

    /** Adds a listener that is called once, see {@link EventEmitter#once(Event, Listener)}. */
    <L extends Listener> Stream once(Event<L> event, L listener);

    /** Removes a listener, see {@link EventEmitter#off(Event, Listener)}. */
    <L extends Listener> EventEmitter off(Event<L> event, L listener);
}
