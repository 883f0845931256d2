package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.Listener;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Node's {@code stream.Writable}: a destination of bytes. Make one from options with a
 * {@code write} function, or override {@link #_write}.
 */
public non-sealed class Writable extends Stream implements WritableStream {
    private final WriteSide side;
    private final BiConsumer<ByteBuffer, Callback> writeFunction;
    private final BiConsumer<List<ByteBuffer>, Callback> writevFunction;
    private final Consumer<Callback> finalFunction;

    /** Makes a stream with Node's defaults, for subclasses that override {@link #_write}. */
    public Writable() {
        this(null);
    }

    /** Makes a stream from options, {@code null} for the defaults. */
    public Writable(WritableOptions options) {
        super(options);
        writeFunction = options == null ? null : options.write;
        writevFunction = options == null ? null : options.writev;
        finalFunction = options == null ? null : options.finale;
        side = new WriteSide(this, new Hooks(), options, WriteSide.mark(options));
        startConstruct();
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
    public Writable end() {
        return end(null, null, null);
    }

    @Override
    public Writable end(Object chunk) {
        return end(chunk, null, null);
    }

    @Override
    public Writable end(Callback callback) {
        return end(null, null, callback);
    }

    @Override
    public Writable end(Object chunk, Callback callback) {
        return end(chunk, null, callback);
    }

    @Override
    public Writable end(Object chunk, String encoding) {
        return end(chunk, encoding, null);
    }

    @Override
    public Writable end(Object chunk, String encoding, Callback callback) {
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
    public Writable setDefaultEncoding(String encoding) {
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
    public Writable destroy() {
        super.destroy();
        return this;
    }

    @Override
    public Writable destroy(Throwable error) {
        super.destroy(error);
        return this;
    }

    @Override
    public <L extends Listener> Writable on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Writable on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Writable once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Writable once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    void beforeDestroy() {
        side.beforeDestroy();
    }

    @Override
    void afterConstruct() {
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
            return true;
        }
    }
}
