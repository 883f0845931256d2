package io.github.securepair.stream;

import io.github.securepair.events.Callback;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Node's state machine of a writable stream, shared by {@link Writable} and {@link Duplex}.
 * Confined to the loop.
 */
final class WriteSide {
    /** Stands for "the program gave no callback". */
    private static final Callback NONE = error -> {};

    final Stream stream;
    final int highWaterMark;

    /** False when there is no writable side at all. */
    boolean enabled = true;

    boolean ending;
    boolean ended;
    boolean finished;

    private final Hooks hooks;

    /** The callback given to every _write(). */
    private final Callback onWrite = this::answer;

    private Encoding defaultEncoding;
    private int length;
    private int corked;

    /** Writes whose callbacks were not called yet, and _final; 'finish' waits for them. */
    private int pending;

    private boolean writing;
    private boolean expectCallback;

    /** Inside _write(): a callback is called before it returns. True until the first write. */
    private boolean sync = true;

    private boolean needDrain;
    private boolean finalCalled;
    private boolean prefinished;

    /** The chunk being written: its length and callback. */
    private int writingLength;

    private Callback writingCallback = NONE;

    /**
     * Chunks that wait, and whether there are any; the flag outlives the queue until a round of
     * writing is over.
     */
    private ArrayDeque<Chunk> queue;

    private boolean buffered;
    private boolean allWithoutCallback = true;
    private boolean processing;

    /** A tick that will report writes which ended inside _write(). */
    private boolean afterWritePending;

    private AfterWrite afterWrite;
    private List<Callback> onFinished;

    WriteSide(Stream stream, Hooks hooks, StreamOptions<?> options, int highWaterMark) {
        this.stream = stream;
        this.hooks = hooks;
        this.highWaterMark = highWaterMark;
        defaultEncoding = options == null ? Encoding.UTF8 : options.defaultEncoding;
    }

    /** Returns the mark that options have. */
    static int mark(StreamOptions<?> options) {
        if (options != null && options.highWaterMark >= 0) {
            return options.highWaterMark;
        }
        return options != null && options.writableHighWaterMark >= 0
                ? options.writableHighWaterMark
                : Readable.DEFAULT_HIGH_WATER_MARK;
    }

    /** What the stream's own class does with bytes. */
    interface Hooks {
        void write(ByteBuffer chunk, Callback callback) throws Exception;

        void writev(List<ByteBuffer> chunks, Callback callback) throws Exception;

        void finale(Callback callback) throws Exception;

        /** Called when all is written, to end the stream for good. */
        boolean otherSideDone();
    }

    // ---- verbs --------------------------------------------------------------------------------

    boolean write(Object chunk, String encoding, Callback callback) {
        ByteBuffer bytes = bytesOf(chunk, encoding);
        Callback given = callback == null ? NONE : callback;
        if (!stream.loop.inLoop()) {
            boolean room = !needDrain
                    && length + bytes.remaining() < highWaterMark
                    && stream.errored == null;
            stream.loop.execute(() -> write(bytes, given));
            return room && !stream.destroyed;
        }
        return write(bytes, given);
    }

    private boolean write(ByteBuffer bytes, Callback callback) {
        if (refuse(callback) != null) {
            return false;
        }
        pending++;
        return writeOrBuffer(bytes, callback);
    }

    /** Fails a write after the end; returns the error, or null when it may go on. */
    private Throwable refuse(Callback callback) {
        if (!ending && !stream.destroyed) {
            return null;
        }
        Throwable error = ending ? StreamErrors.writeAfterEnd() : StreamErrors.destroyed("write");
        if (callback != NONE) {
            stream.loop.nextTick(() -> callback.call(error));
        }
        stream.errorOrDestroy(error, true);
        return error;
    }

    void end(Object chunk, String encoding, Callback callback) {
        ByteBuffer bytes = chunk == null ? null : bytesOf(chunk, encoding);
        if (stream.loop.inLoop()) {
            end(bytes, callback);
        } else {
            stream.loop.execute(() -> end(bytes, callback));
        }
    }

    private void end(ByteBuffer bytes, Callback callback) {
        Throwable error = bytes == null ? null : refuse(NONE);
        if (bytes != null && error == null) {
            pending++;
            writeOrBuffer(bytes, NONE);
        }
        if (corked > 0) {
            corked = 1;
            uncork();
        }
        if (error == null) {
            if (!ending && stream.errored == null) {
                ending = true;
                finishMaybe(true);
                ended = true;
            } else if (finished) {
                error = StreamErrors.alreadyFinished("end");
            } else if (stream.destroyed) {
                error = StreamErrors.destroyed("end");
            }
        }
        if (callback == null) {
            return;
        }
        Throwable why = error != null ? error : stream.errored;
        if (why != null || finished) {
            stream.loop.nextTick(() -> callback.call(why));
        } else {
            if (onFinished == null) {
                onFinished = new ArrayList<>(1);
            }
            onFinished.add(callback);
        }
    }

    void cork() {
        corked++;
    }

    void uncork() {
        if (corked > 0) {
            corked--;
            if (!writing) {
                clearBuffer();
            }
        }
    }

    void setDefaultEncoding(String encoding) {
        defaultEncoding = Encoding.of(encoding);
    }

    // ---- state --------------------------------------------------------------------------------

    boolean writable() {
        return enabled && !ending && !ended && !stream.destroyed && stream.errored == null;
    }

    boolean aborted() {
        return enabled && (stream.destroyed || stream.errored != null) && !finished;
    }

    int length() {
        return length;
    }

    int corked() {
        return corked;
    }

    boolean needDrain() {
        return needDrain;
    }

    boolean needsDrain() {
        return needDrain && !ending && !stream.destroyed;
    }

    // ---- the machine --------------------------------------------------------------------------

    private ByteBuffer bytesOf(Object chunk, String encoding) {
        if (chunk == null) {
            throw StreamErrors.nullValues();
        }
        Encoding given = encoding == null || encoding.isEmpty() || encoding.equals("buffer")
                ? defaultEncoding
                : Encoding.of(encoding);
        if (chunk instanceof ByteBuffer bytes) {
            // A view of our own, so that the caller's position is the caller's.
            return bytes.duplicate();
        }
        if (chunk instanceof CharSequence text) {
            return given.encode(text.toString());
        }
        if (chunk instanceof byte[] array) {
            return ByteBuffer.wrap(array);
        }
        throw StreamErrors.badChunk(chunk);
    }

    private boolean writeOrBuffer(ByteBuffer bytes, Callback callback) {
        int size = bytes.remaining();
        length += size;
        if (writing || corked > 0 || stream.errored != null || !stream.constructed) {
            if (!buffered) {
                buffered = true;
                if (queue == null) {
                    queue = new ArrayDeque<>(4);
                }
            }
            queue.add(new Chunk(bytes, size, callback));
            allWithoutCallback &= callback == NONE;
        } else {
            begin(size, callback);
            callWrite(bytes);
            sync = false;
        }
        boolean room = length < highWaterMark || length == 0;
        if (!room) {
            needDrain = true;
        }
        return room && !stream.destroyed && stream.errored == null;
    }

    private void callWrite(ByteBuffer bytes) {
        try {
            hooks.write(bytes, onWrite);
        } catch (Exception thrown) {
            throw Stream.rethrow(thrown);
        }
    }

    private void begin(int size, Callback callback) {
        writingLength = size;
        writingCallback = callback;
        writing = true;
        sync = true;
        expectCallback = true;
    }

    /** The callback of a write was called, perhaps on another thread. */
    private void answer(Throwable error) {
        if (stream.loop.inLoop()) {
            onWrite(error);
        } else {
            stream.loop.execute(() -> onWrite(error));
        }
    }

    private void onWrite(Throwable error) {
        if (!expectCallback) {
            stream.errorOrDestroy(StreamErrors.multipleCallback());
            return;
        }
        boolean inside = sync;
        Callback callback = writingCallback;
        writingCallback = NONE;
        writing = false;
        expectCallback = false;
        length -= writingLength;
        writingLength = 0;
        if (error != null) {
            stream.note(error);
            if (inside) {
                stream.loop.nextTick(() -> onWriteError(error, callback));
            } else {
                onWriteError(error, callback);
            }
            return;
        }
        if (buffered) {
            clearBuffer();
        }
        if (!inside) {
            afterWrite(1, callback);
            return;
        }
        boolean drains = needDrain && length == 0;
        if (callback == NONE) {
            if (drains && !afterWritePending) {
                afterWritePending = true;
                stream.loop.nextTick(() -> afterWrite(1, NONE));
            } else {
                pending--;
                if (ending) {
                    finishMaybe(true);
                }
            }
        } else if (afterWrite != null && afterWrite.callback == callback) {
            afterWrite.count++;
        } else {
            AfterWrite tick = new AfterWrite(callback);
            afterWrite = tick;
            afterWritePending = true;
            stream.loop.nextTick(tick);
        }
    }

    private void onWriteError(Throwable error, Callback callback) {
        pending--;
        callback.call(error);
        // The writes behind it fail as well, also when the stream does not destroy itself.
        errorBuffer();
        stream.errorOrDestroy(error);
    }

    private void afterWrite(int count, Callback callback) {
        afterWritePending = false;
        if (needDrain && !ending && !stream.destroyed && length == 0) {
            needDrain = false;
            stream.emit(WritableStream.DRAIN);
        }
        for (int i = 0; i < count; i++) {
            pending--;
            callback.call(null);
        }
        if (stream.destroyed) {
            errorBuffer();
        }
        if (ending) {
            finishMaybe(true);
        }
    }

    /** Fails what waits. */
    private void errorBuffer() {
        if (writing) {
            return;
        }
        if (buffered) {
            Chunk chunk;
            while ((chunk = queue.poll()) != null) {
                length -= chunk.size;
                chunk.callback.call(
                        stream.errored != null ? stream.errored : StreamErrors.destroyed("write"));
            }
        }
        callOnFinished(stream.errored != null ? stream.errored : StreamErrors.destroyed("end"));
        resetBuffer();
    }

    private void clearBuffer() {
        if (stream.destroyed
                || processing
                || corked > 0
                || !buffered
                || !stream.constructed
                || queue.isEmpty()) {
            return;
        }
        processing = true;
        try {
            if (queue.size() > 1 && stream.overrides.writev()) {
                writeTogether();
            } else {
                do {
                    Chunk chunk = queue.poll();
                    begin(chunk.size, chunk.callback);
                    if (stream.destroyed) {
                        onWrite(StreamErrors.destroyed("write"));
                    } else {
                        callWrite(chunk.bytes);
                    }
                    sync = false;
                } while (!queue.isEmpty() && !writing);
                if (queue.isEmpty()) {
                    resetBuffer();
                }
            }
        } finally {
            processing = false;
        }
    }

    private void writeTogether() {
        int count = queue.size();
        pending -= count - 1;
        List<ByteBuffer> bytes = new ArrayList<>(count);
        List<Callback> callbacks = allWithoutCallback ? null : new ArrayList<>(count);
        for (Chunk chunk : queue) {
            bytes.add(chunk.bytes);
            if (callbacks != null) {
                callbacks.add(chunk.callback);
            }
        }
        Callback callback = callbacks == null
                ? NONE
                : error -> {
                    for (Callback each : callbacks) {
                        each.call(error);
                    }
                };
        // The queue must be free before the write: it may end inside, and its callback may write
        // again.
        begin(length, callback);
        try {
            hooks.writev(bytes, onWrite);
        } catch (Exception thrown) {
            throw Stream.rethrow(thrown);
        }
        sync = false;
        resetBuffer();
    }

    private void resetBuffer() {
        buffered = false;
        allWithoutCallback = true;
        if (queue != null) {
            queue.clear();
        }
    }

    private boolean needFinish() {
        return ending
                && stream.constructed
                && !stream.destroyed
                && !finished
                && !writing
                && !stream.errorEmitted
                && !stream.closeEmitted
                && stream.errored == null
                && !buffered
                && length == 0;
    }

    private void finishMaybe(boolean later) {
        if (!needFinish()) {
            return;
        }
        prefinish();
        if (pending == 0) {
            if (later) {
                pending++;
                stream.loop.nextTick(() -> {
                    if (needFinish()) {
                        finish();
                    } else {
                        pending--;
                    }
                });
            } else if (needFinish()) {
                pending++;
                finish();
            }
        }
    }

    private void prefinish() {
        if (prefinished || finalCalled) {
            return;
        }
        finalCalled = true;
        if (stream.overrides.finale() && !stream.destroyed) {
            sync = true;
            pending++;
            try {
                hooks.finale(error -> {
                    if (stream.loop.inLoop()) {
                        onFinal(error);
                    } else {
                        stream.loop.execute(() -> onFinal(error));
                    }
                });
            } catch (Throwable thrown) {
                onFinal(thrown);
            }
            sync = false;
        } else {
            prefinished = true;
            stream.emit(WritableStream.PREFINISH);
        }
    }

    private void onFinal(Throwable error) {
        if (prefinished) {
            stream.errorOrDestroy(error != null ? error : StreamErrors.multipleCallback());
            return;
        }
        pending--;
        if (error != null) {
            callOnFinished(error);
            stream.errorOrDestroy(error, sync);
        } else if (needFinish()) {
            prefinished = true;
            stream.emit(WritableStream.PREFINISH);
            pending++;
            stream.loop.nextTick(this::finish);
        }
    }

    private void finish() {
        pending--;
        finished = true;
        callOnFinished(null);
        stream.emit(WritableStream.FINISH);
        if (stream.autoDestroy && hooks.otherSideDone()) {
            stream.destroy();
        }
    }

    private void callOnFinished(Throwable error) {
        List<Callback> callbacks = onFinished;
        if (callbacks != null) {
            onFinished = null;
            for (Callback each : callbacks) {
                each.call(error);
            }
        }
    }

    /** The stream is about to be destroyed: waiting writes will fail. */
    void beforeDestroy() {
        if (buffered || onFinished != null) {
            stream.loop.nextTick(this::errorBuffer);
        }
    }

    void afterConstruct() {
        if (!writing) {
            clearBuffer();
        }
        if (ending) {
            finishMaybe(false);
        }
    }

    /** Starts again after the stream was destroyed. */
    void undestroy() {
        finalCalled = false;
        prefinished = false;
        ending = !enabled;
        ended = !enabled;
        finished = !enabled;
    }

    /** Disables the side of a stream that is only readable. */
    void disable() {
        enabled = false;
        ending = true;
        ended = true;
        finished = true;
    }

    private record Chunk(ByteBuffer bytes, int size, Callback callback) {}

    /** Reports several writes in a row that had the same callback in one tick. */
    private final class AfterWrite implements Runnable {
        final Callback callback;
        int count = 1;

        AfterWrite(Callback callback) {
            this.callback = callback;
        }

        @Override
        public void run() {
            afterWrite = null;
            afterWrite(count, callback);
        }
    }
}
