package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.Listener;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Node's {@code stream.Duplex}: a readable and a writable stream in one object, with a buffer for
 * each direction.
 */
public non-sealed class Duplex extends Readable implements WritableStream {
    private final WriteSide side;
    private final BiConsumer<ByteBuffer, Callback> writeFunction;
    private final BiConsumer<List<ByteBuffer>, Callback> writevFunction;
    private final Consumer<Callback> finalFunction;
    /** Set by other threads too, by those that use the stream without a loop. */
    private volatile boolean allowHalfOpen;

    /**
     * Makes a stream with Node's defaults, for subclasses that override {@link #_read} and
     * {@link #_write}.
     */
    public Duplex() {
        this((DuplexOptions) null);
    }

    /** Makes a stream from options, {@code null} for the defaults. */
    public Duplex(DuplexOptions options) {
        this(options, WriteSide.mark(options));
        startConstruct();
    }

    /** For Transform, which starts construction itself. */
    Duplex(TwoSidedOptions<?> options, int writableMark) {
        super(options, DEFAULT_HIGH_WATER_MARK);
        writeFunction = options == null ? null : options.write;
        writevFunction = options == null ? null : options.writev;
        finalFunction = options == null ? null : options.finale;
        allowHalfOpen = options == null || options.allowHalfOpen;
        side = new WriteSide(this, new Hooks(), options, writableMark);
        if (options != null && !options.readable) {
            enabled = false;
            ended = true;
            endEmitted = true;
        }
        if (options != null && !options.writable) {
            side.disable();
        }
    }

    /** Returns whether the writable side stays open when the readable side has ended. */
    public boolean allowHalfOpen() {
        return allowHalfOpen;
    }

    /** Sets whether the writable side stays open when the readable side has ended. */
    public void allowHalfOpen(boolean value) {
        allowHalfOpen = value;
    }

    /**
     * Hands one chunk over. Not called again before the callback was called. Called on the loop
     * thread.
     *
     * @param chunk the bytes between position and limit, which may be consumed
     * @param callback to be called once, with what went wrong or {@code null}; on any thread
     */
    protected void _write(ByteBuffer chunk, Callback callback) throws Exception {
        if (writeFunction != null) {
            writeFunction.accept(chunk, callback);
        } else if (overrides.writev()) {
            callWritev(List.of(chunk), callback);
        } else {
            throw StreamErrors.notImplemented("_write()");
        }
    }

    /**
     * Hands several chunks over at once. Only called when it is overridden or given as an option;
     * otherwise chunks that have been waiting go to {@link #_write} one by one.
     */
    protected void _writev(List<ByteBuffer> chunks, Callback callback) throws Exception {
        throw StreamErrors.notImplemented("_writev()");
    }

    /**
     * Completes the stream after the last chunk, before {@code 'finish'}; called only when
     * overridden.
     */
    protected void _final(Callback callback) throws Exception {
        callback.done();
    }

    @Override
    public boolean write(Object chunk, String encoding, Callback callback) {
        return side.write(chunk, encoding, callback);
    }

    @Override
    public Duplex end() {
        return end(null, null, null);
    }

    @Override
    public Duplex end(Object chunk) {
        return end(chunk, null, null);
    }

    @Override
    public Duplex end(Callback callback) {
        return end(null, null, callback);
    }

    @Override
    public Duplex end(Object chunk, Callback callback) {
        return end(chunk, null, callback);
    }

    @Override
    public Duplex end(Object chunk, String encoding) {
        return end(chunk, encoding, null);
    }

    @Override
    public Duplex end(Object chunk, String encoding, Callback callback) {
        side.end(chunk, encoding, callback);
        return this;
    }

    @Override
    public void cork() {
        if (loop.inLoop()) {
            side.cork();
        } else {
            loop.execute(side::cork);
        }
    }

    @Override
    public void uncork() {
        if (loop.inLoop()) {
            side.uncork();
        } else {
            loop.execute(side::uncork);
        }
    }

    @Override
    public Duplex setDefaultEncoding(String encoding) {
        side.setDefaultEncoding(encoding);
        return this;
    }

    @Override
    public boolean writable() {
        return side.writable();
    }

    @Override
    public boolean writableAborted() {
        return side.aborted();
    }

    @Override
    public int writableCorked() {
        return side.corked();
    }

    @Override
    public boolean writableEnded() {
        return side.ending;
    }

    @Override
    public boolean writableFinished() {
        return side.finished;
    }

    @Override
    public int writableHighWaterMark() {
        return side.highWaterMark;
    }

    @Override
    public int writableLength() {
        return side.length();
    }

    @Override
    public boolean writableNeedDrain() {
        return side.needsDrain();
    }

    @Override
    public Duplex destroy() {
        super.destroy();
        return this;
    }

    @Override
    public Duplex destroy(Throwable error) {
        super.destroy(error);
        return this;
    }

    @Override
    public <L extends Listener> Duplex on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Duplex on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Duplex once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Duplex once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Duplex pause() {
        super.pause();
        return this;
    }

    @Override
    public Duplex resume() {
        super.resume();
        return this;
    }

    @Override
    public Duplex setEncoding(String name) {
        super.setEncoding(name);
        return this;
    }

    @Override
    void afterEnd() {
        if (writable() && !allowHalfOpen) {
            loop.nextTick(() -> {
                if (writable() && !writableEnded() && !destroyed) {
                    end();
                }
            });
        } else if (autoDestroy && (side.finished || !side.enabled)) {
            destroy();
        }
    }

    /** Returns whether end() has returned. */
    boolean writeSideEnded() {
        return side.ended;
    }

    @Override
    protected void _undestroy() {
        super._undestroy();
        side.undestroy();
    }

    @Override
    void beforeDestroy() {
        side.beforeDestroy();
    }

    @Override
    void afterConstruct() {
        super.afterConstruct();
        side.afterConstruct();
    }

    @Override
    boolean needDrain() {
        return side.needDrain();
    }

    private void callWritev(List<ByteBuffer> chunks, Callback callback) throws Exception {
        if (writevFunction != null) {
            writevFunction.accept(chunks, callback);
        } else {
            _writev(chunks, callback);
        }
    }

    /** What the machine calls. */
    private final class Hooks implements WriteSide.Hooks {
        @Override
        public void write(ByteBuffer chunk, Callback callback) throws Exception {
            _write(chunk, callback);
        }

        @Override
        public void writev(List<ByteBuffer> chunks, Callback callback) throws Exception {
            callWritev(chunks, callback);
        }

        @Override
        public void finale(Callback callback) throws Exception {
            if (finalFunction != null) {
                finalFunction.accept(callback);
            } else {
                _final(callback);
            }
        }

        @Override
        public boolean otherSideDone() {
            return endEmitted || !enabled;
        }
    }
}
