package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Listener0;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Node's {@code stream.Transform}: what is written can be read, changed, on the readable side. Make
 * one from options with a {@code transform} function, or override {@link #_transform}.
 */
public class Transform extends Duplex {
    private final BiConsumer<ByteBuffer, TransformCallback> transformFunction;
    private final Consumer<TransformCallback> flushFunction;

    /** The write that waits until the readable side has room again. */
    private Callback waiting;

    private boolean flushed;

    /** Makes a stream with Node's defaults, for subclasses that override {@link #_transform}. */
    public Transform() {
        this(null);
    }

    /** Makes a stream from options, {@code null} for the defaults. */
    public Transform(TransformOptions options) {
        super(options, writableMark(options));
        transformFunction = options == null ? null : options.transform;
        flushFunction = options == null ? null : options.flush;
        sync = false;
        on(PREFINISH, (Listener0) () -> {
            if (!flushed) {
                flush(null);
            }
        });
        startConstruct();
    }

    /**
     * Changes one chunk: gives any number of pieces to {@link #push(Object)} and then calls back.
     *
     * @param chunk the bytes between position and limit, which may be consumed
     */
    protected void _transform(ByteBuffer chunk, TransformCallback callback) throws Exception {
        if (transformFunction == null) {
            throw StreamErrors.notImplemented("_transform()");
        }
        transformFunction.accept(chunk, callback);
    }

    /** Pushes what is left after the last chunk. */
    protected void _flush(TransformCallback callback) throws Exception {
        if (flushFunction == null) {
            callback.done();
        } else {
            flushFunction.accept(callback);
        }
    }

    /** Flushes. A subclass that overrides this is flushed all the same, at {@code 'prefinish'}. */
    @Override
    protected void _final(Callback callback) throws Exception {
        flush(callback);
    }

    @Override
    protected void _write(ByteBuffer chunk, Callback callback) throws Exception {
        int before = readableLength();
        _transform(chunk, (error, data) -> {
            if (!loop().inLoop()) {
                loop().execute(() -> transformed(before, error, data, callback));
            } else {
                transformed(before, error, data, callback);
            }
        });
    }

    @Override
    protected void _read(int size) {
        Callback callback = waiting;
        if (callback != null) {
            waiting = null;
            callback.done();
        }
    }

    private void transformed(int before, Throwable error, Object data, Callback callback) {
        if (error != null) {
            callback.call(error);
            return;
        }
        if (data != null) {
            push(data);
        }
        if (ended) {
            // The end must be seen first.
            loop().nextTick(callback::done);
        } else if (writeSideEnded()
                || before == readableLength()
                || readableLength() < readableHighWaterMark()) {
            callback.done();
        } else {
            waiting = callback;
        }
    }

    private void flush(Callback callback) throws Exception {
        flushed = true;
        if (destroyed()) {
            push(null);
            if (callback != null) {
                callback.done();
            }
            return;
        }
        _flush((error, data) -> {
            if (loop().inLoop()) {
                flushed(error, data, callback);
            } else {
                loop().execute(() -> flushed(error, data, callback));
            }
        });
    }

    private void flushed(Throwable error, Object data, Callback callback) {
        if (error != null) {
            if (callback != null) {
                callback.call(error);
            } else {
                destroy(error);
            }
            return;
        }
        if (data != null) {
            push(data);
        }
        push(null);
        if (callback != null) {
            callback.done();
        }
    }

    /**
     * With a readable mark of 0 the writable side does not buffer either, as a Transform is meant
     * to buffer once.
     */
    private static int writableMark(TransformOptions options) {
        if (options == null) {
            return WriteSide.mark(null);
        }
        int readable =
                options.highWaterMark >= 0 ? options.highWaterMark : options.readableHighWaterMark;
        return readable == 0 ? Math.max(0, options.writableHighWaterMark) : WriteSide.mark(options);
    }
}
