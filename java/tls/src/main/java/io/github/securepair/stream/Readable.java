package io.github.securepair.stream;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Event;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Node's {@code stream.Readable}: a source of bytes, or of text after {@link #setEncoding}.
 *
 * <p>It delivers by {@code 'data'} while it flows (after {@code on(DATA, ..)}, {@link #resume} or
 * {@link #pipe}), or is read by {@link #read()} after {@code 'readable'}; {@code 'end'} follows
 * when all has been consumed.
 *
 * <p>A chunk is a heap {@link ByteBuffer} that the listener may read, change and keep. After
 * {@code setEncoding} it is a {@code String}: listen with {@link #TEXT} then, which is the same
 * event under a key of that type.
 *
 * <p>Make one from options with a {@code read} function, or override {@link #_read}; either fetches
 * data and gives it to {@link #push(Object)}.
 */
public class Readable extends Stream {
    /** {@code 'data'} (chunk): bytes arrived. */
    public static final Event<Listener1<ByteBuffer>> DATA = Event.of(Readable.class, "data");

    /** {@code 'data'} (chunk) of a stream with an encoding: text arrived. */
    public static final Event<Listener1<String>> TEXT = Event.of(Readable.class, "data");

    /** {@code 'readable'}: there is something to {@link #read()}, or the end is reached. */
    public static final Event<Listener0> READABLE = Event.of(Readable.class, "readable");

    /** {@code 'end'}: everything has been delivered. */
    public static final Event<Listener0> END = Event.of(Readable.class, "end");

    /** {@code 'pause'}: {@link #pause} stopped the flow. */
    public static final Event<Listener0> PAUSE = Event.of(Readable.class, "pause");

    /** {@code 'resume'}: the flow begins after {@link #resume}. */
    public static final Event<Listener0> RESUME = Event.of(Readable.class, "resume");

    static final int DEFAULT_HIGH_WATER_MARK = 16 * 1024;
    private static final int LARGEST_MARK = 1 << 30;

    /** read() without a number: whatever there is. */
    private static final int ANY = -1;

    private final StreamOptions.ReadFunction readFunction;
    private final Encoding defaultEncoding;

    private int highWaterMark;
    private StringDecoder decoder;
    private Encoding encoding;

    /** ByteBuffers, or Strings once there is a decoder. Null until something has to wait. */
    private ArrayDeque<Object> buffer;

    /** What waits in the buffer, in bytes or chars. */
    private int length;

    boolean ended;
    boolean endEmitted;

    /** False when there is no readable side at all. */
    boolean enabled = true;

    /** Whether the program chose to flow or not at all, and what it chose. */
    private boolean hasFlowing;

    private boolean flowing;
    private boolean hasPaused;
    private boolean paused;

    /** A _read() was called and has not pushed yet. */
    private boolean reading;

    /** Inside _read(), or before the first one: events must wait for a tick. */
    boolean sync = true;

    private boolean needReadable;
    private boolean emittedReadable;
    private boolean readableListening;
    private boolean dataListening;
    private boolean resumeScheduled;
    private boolean readingMore;
    private boolean dataEmitted;

    private List<Pipe> pipes = List.of();

    /** Destinations whose 'drain' must be emitted before the flow goes on. */
    private List<Stream> awaitDrain = List.of();

    /**
     * There has been more than one pipe at a time since the source last waited for a single one.
     */
    private boolean severalPipes;

    /** Made once: scheduled after almost every chunk. */
    private Runnable readMoreTick;

    /** Makes a stream with Node's defaults, for subclasses that override {@link #_read}. */
    public Readable() {
        this((ReadableOptions) null);
    }

    /** Makes a stream from options, {@code null} for the defaults. */
    public Readable(ReadableOptions options) {
        this(options, DEFAULT_HIGH_WATER_MARK);
        startConstruct();
    }

    /** For Duplex, which starts construction itself. */
    Readable(StreamOptions<?> options, int defaultMark) {
        super(options);
        readFunction = options == null ? null : options.read;
        defaultEncoding = options == null ? Encoding.UTF8 : options.defaultEncoding;
        highWaterMark = defaultMark;
        if (options != null) {
            if (options.highWaterMark >= 0) {
                highWaterMark = options.highWaterMark;
            } else if (options.readableHighWaterMark >= 0) {
                highWaterMark = options.readableHighWaterMark;
            }
            if (options.encoding != null) {
                encoding = options.encoding;
                decoder = new StringDecoder(encoding);
            }
        }
    }

    // ---- consuming ----------------------------------------------------------------------------

    /** Takes all that is buffered, or in flowing mode the first chunk. See {@link #read(int)}. */
    public Object read() {
        return read(ANY, true);
    }

    /**
     * Takes bytes from the buffer.
     *
     * @param size how many bytes (chars after setEncoding); 0 only makes the stream fetch more
     * @return exactly that many, a ByteBuffer or String; all that is left when the stream has
     *     ended; or {@code null} when there is not enough
     */
    public Object read(int size) {
        if (size < 0) {
            // Node: howMuchToRead gives nothing for a negative number.
            return read(0, true);
        }
        return read(size, true);
    }

    /** Stops the flow; what arrives is buffered. */
    public Readable pause() {
        if (!loop.inLoop()) {
            loop.execute(this::pause);
            return this;
        }
        if (!hasFlowing || flowing) {
            hasFlowing = true;
            flowing = false;
            emit(PAUSE);
        }
        hasPaused = true;
        paused = true;
        return this;
    }

    /** Lets the stream flow, with or without a listener. */
    public Readable resume() {
        if (!loop.inLoop()) {
            loop.execute(this::resume);
            return this;
        }
        if (!flowing) {
            // With a listener of 'readable' the flow is up to its calls of read().
            hasFlowing = true;
            flowing = !readableListening;
            scheduleResume();
        }
        hasPaused = true;
        paused = false;
        return this;
    }

    /** Returns whether {@link #pause} is in force. */
    public boolean isPaused() {
        return paused || hasFlowing && !flowing;
    }

    /**
     * Delivers text from now on, never splitting a character; what is buffered is converted.
     *
     * @param name such as {@code utf8} or {@code hex}; {@code null} means utf8; unknown ones throw
     *     {@code ERR_UNKNOWN_ENCODING}
     */
    public Readable setEncoding(String name) {
        StringDecoder next = new StringDecoder(name);
        if (!loop.inLoop()) {
            loop.execute(() -> setDecoder(next));
        } else {
            setDecoder(next);
        }
        return this;
    }

    /** Pipes with Node's defaults: see {@link #pipe(WritableStream, PipeOptions)}. */
    public <W extends WritableStream> W pipe(W destination) {
        return pipe(destination, null);
    }

    /**
     * Writes everything this stream delivers to another, pausing while that one is full, and ends
     * it at the end.
     *
     * @param options {@code null} for the defaults
     * @return the destination
     */
    public <W extends WritableStream> W pipe(W destination, PipeOptions options) {
        boolean end = options == null || options.end;
        if (!loop.inLoop()) {
            loop.execute(() -> startPipe(destination, end));
        } else {
            startPipe(destination, end);
        }
        return destination;
    }

    /** Ends all pipes from this stream. */
    public Readable unpipe() {
        return unpipe(null);
    }

    /** Ends the pipe to one destination; {@code null} ends all. */
    public Readable unpipe(WritableStream destination) {
        if (!loop.inLoop()) {
            loop.execute(() -> unpipe(destination));
            return this;
        }
        if (pipes.isEmpty()) {
            return this;
        }
        if (destination == null) {
            List<Pipe> all = pipes;
            pipes = List.of();
            pause();
            for (Pipe each : all) {
                each.destination.emit(WritableStream.UNPIPE, this, new UnpipeInfo());
            }
            return this;
        }
        for (int i = 0; i < pipes.size(); i++) {
            if (pipes.get(i).target == destination) {
                Stream target = pipes.get(i).destination;
                pipes.remove(i);
                if (pipes.isEmpty()) {
                    pause();
                }
                target.emit(WritableStream.UNPIPE, this, new UnpipeInfo());
                break;
            }
        }
        return this;
    }

    // ---- producing ----------------------------------------------------------------------------

    /** Does {@code push(chunk, null)}. */
    public boolean push(Object chunk) {
        return push(chunk, null);
    }

    /**
     * Adds a chunk at the end of the stream; for implementations of streams.
     *
     * @param chunk a ByteBuffer (given away: a listener will keep it; direct memory is copied),
     *     byte[] or String; {@code null} ends the stream
     * @param encodingName of a string; {@code null} for the default
     * @return false when the buffer is full: push no more until {@link #_read} is called again.
     *     From another thread than the loop's the answer is an estimate.
     */
    public boolean push(Object chunk, String encodingName) {
        if (!loop.inLoop()) {
            return fromOtherThread(chunk, encodingName, () -> push(chunk, encodingName));
        }
        if (chunk instanceof ByteBuffer bytes) {
            return pushBytes(bytes.hasArray() ? bytes : copy(bytes));
        }
        if (chunk == null) {
            reading = false;
            onEof();
            return false;
        }
        if (chunk instanceof String text) {
            Encoding given = encodingName == null ? defaultEncoding : Encoding.of(encodingName);
            if (encoding == given) {
                return text.isEmpty() ? pushNothing() : pushWhole(text);
            }
            return pushBytes(given.encode(text));
        }
        if (chunk instanceof byte[] array) {
            return pushBytes(ByteBuffer.wrap(array));
        }
        errorOrDestroy(StreamErrors.badChunk(chunk));
        return false;
    }

    /** Does {@code unshift(chunk, null)}. */
    public boolean unshift(Object chunk) {
        return unshift(chunk, null);
    }

    /**
     * Puts a chunk back at the front of the stream. On the loop thread; otherwise as
     * {@link #push(Object, String)}.
     */
    public boolean unshift(Object chunk, String encodingName) {
        if (!loop.inLoop()) {
            return fromOtherThread(chunk, encodingName, () -> unshift(chunk, encodingName));
        }
        Object value;
        if (chunk == null) {
            reading = false;
            onEof();
            return false;
        } else if (chunk instanceof String text) {
            Encoding given = encodingName == null ? defaultEncoding : Encoding.of(encodingName);
            if (encoding == null) {
                value = given.encode(text);
            } else {
                value = encoding == given ? text : decodeWhole(given.encode(text));
            }
        } else if (chunk instanceof ByteBuffer bytes) {
            value = bytes.hasArray() ? bytes : copy(bytes);
        } else if (chunk instanceof byte[] array) {
            value = ByteBuffer.wrap(array);
        } else {
            errorOrDestroy(StreamErrors.badChunk(chunk));
            return false;
        }
        if (value instanceof ByteBuffer bytes && encoding != null) {
            // Node would leave bytes among the strings; they are text here as everywhere in this
            // stream.
            value = decodeWhole(bytes);
        }
        if (lengthOf(value) == 0) {
            return canPushMore();
        }
        if (endEmitted) {
            errorOrDestroy(StreamErrors.unshiftAfterEnd());
        } else if (destroyed || errored != null) {
            return false;
        } else {
            addChunk(value, true);
        }
        return canPushMore();
    }

    /**
     * Fetches more data and gives it to {@link #push(Object)}, now or later. It is not called again
     * before something was pushed. Called on the loop thread.
     *
     * @param size how many bytes would be welcome; more or fewer may be pushed
     */
    protected void _read(int size) throws Exception {
        if (readFunction == null) {
            throw StreamErrors.notImplemented("_read()");
        }
        readFunction.read(this, size);
    }

    // ---- state --------------------------------------------------------------------------------

    /** Returns whether it is safe to read: not destroyed, not failed, not ended. */
    public boolean readable() {
        return enabled && !destroyed && !errorEmitted && !endEmitted;
    }

    /** Returns whether the stream was destroyed or failed before {@code 'end'}. */
    public boolean readableAborted() {
        return enabled && (destroyed || errored != null) && !endEmitted;
    }

    /** Returns whether {@code 'data'} was ever emitted. */
    public boolean readableDidRead() {
        return dataEmitted;
    }

    /** Returns Node's name of the encoding, or {@code null} while chunks are bytes. */
    public String readableEncoding() {
        return encoding == null ? null : encoding.nodeName;
    }

    /** Returns whether {@code 'end'} was emitted. */
    public boolean readableEnded() {
        return endEmitted;
    }

    /** Returns whether the stream flows; {@code null} before anything has asked for data. */
    public Boolean readableFlowing() {
        return hasFlowing ? (Boolean) flowing : null;
    }

    /** Returns the number of bytes to buffer before the stream stops fetching. */
    public int readableHighWaterMark() {
        return highWaterMark;
    }

    /** Returns how much is buffered, in bytes, or in chars after setEncoding. */
    public int readableLength() {
        return length;
    }

    // ---- results of the right type ------------------------------------------------------------

    @Override
    public Readable destroy() {
        super.destroy();
        return this;
    }

    @Override
    public Readable destroy(Throwable error) {
        super.destroy(error);
        return this;
    }

    @Override
    public <L extends Listener> Readable on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Readable on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Readable once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Readable once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }

    // ---- listeners ----------------------------------------------------------------------------

    @Override
    protected void listenerAdded(String event, boolean prepended) {
        if (prepended || event != DATA.name() && event != READABLE.name()) {
            return;
        }
        if (loop.inLoop()) {
            onListener(event);
        } else {
            loop.execute(() -> onListener(event));
        }
    }

    @Override
    protected void listenerRemoved(String event) {
        if (event == READABLE.name()) {
            // Later, so that once('readable') may be set again meanwhile.
            loop.nextTick(this::updateListening);
        } else if (event == DATA.name()) {
            if (loop.inLoop()) {
                dataListening &= listenerCount(DATA) > 0;
            } else {
                loop.execute(() -> dataListening &= listenerCount(DATA) > 0);
            }
        }
    }

    @Override
    protected void allListenersRemoved(String event) {
        if (event == null || event.equals(READABLE.name())) {
            loop.nextTick(this::updateListening);
        }
    }

    private void onListener(String event) {
        if (event == DATA.name()) {
            if (listenerCount(DATA) == 0) {
                return;
            }
            dataListening = true;
            readableListening |= listenerCount(READABLE) > 0;
            if (!hasFlowing || flowing) {
                resume();
            }
        } else if (!endEmitted && !readableListening) {
            readableListening = true;
            needReadable = true;
            hasFlowing = true;
            flowing = false;
            emittedReadable = false;
            if (length > 0) {
                emitReadable();
            } else if (!reading) {
                loop.nextTick(() -> read(0, false));
            }
        }
    }

    private void updateListening() {
        readableListening = listenerCount(READABLE) > 0;
        if (resumeScheduled && hasPaused && !paused) {
            // Or else the resume that follows would not flow.
            hasFlowing = true;
            flowing = true;
        } else if (dataListening) {
            resume();
        } else if (!readableListening) {
            hasFlowing = false;
            flowing = false;
        }
    }

    // ---- the machine --------------------------------------------------------------------------

    private void setDecoder(StringDecoder next) {
        decoder = next;
        encoding = Encoding.of(next.encoding());
        if (buffer == null || buffer.isEmpty()) {
            length = 0;
            return;
        }
        StringBuilder content = new StringBuilder();
        for (Object chunk : buffer) {
            content.append(chunk instanceof ByteBuffer bytes ? next.write(bytes) : chunk);
        }
        buffer.clear();
        length = content.length();
        if (length > 0) {
            buffer.add(content.toString());
        }
    }

    /** Takes data from another thread; the result can only be an estimate. */
    private boolean fromOtherThread(Object chunk, String encodingName, Runnable task) {
        if (chunk instanceof String && encodingName != null) {
            Encoding.of(encodingName);
        }
        loop.execute(task);
        return chunk != null && canPushMore();
    }

    private boolean pushBytes(ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            return pushNothing();
        }
        if (refuses()) {
            return false;
        }
        reading = false;
        if (decoder != null) {
            String text = decoder.write(bytes);
            if (text.isEmpty()) {
                readMoreLater();
                return canPushMore();
            }
            addChunk(text, false);
        } else {
            addChunk(bytes, false);
        }
        return canPushMore();
    }

    /** Text in the stream's own encoding needs no decoder. */
    private boolean pushWhole(String text) {
        if (refuses()) {
            return false;
        }
        reading = false;
        addChunk(text, false);
        return canPushMore();
    }

    private boolean pushNothing() {
        reading = false;
        readMoreLater();
        return canPushMore();
    }

    private boolean refuses() {
        if (ended) {
            errorOrDestroy(StreamErrors.pushAfterEof());
            return true;
        }
        return destroyed || errored != null;
    }

    private boolean canPushMore() {
        return !ended && (length < highWaterMark || length == 0);
    }

    private void addChunk(Object chunk, boolean front) {
        if (flowing && dataListening && !sync && length == 0) {
            forgetDrains();
            dataEmitted = true;
            deliver(chunk);
        } else {
            length += lengthOf(chunk);
            if (buffer == null) {
                buffer = new ArrayDeque<>(4);
            }
            if (front) {
                buffer.addFirst(chunk);
            } else {
                buffer.addLast(chunk);
            }
            if (needReadable) {
                emitReadable();
            }
        }
        readMoreLater();
    }

    private void deliver(Object chunk) {
        if (chunk instanceof ByteBuffer bytes) {
            emitBytes(DATA, bytes);
            return;
        }
        try {
            emit(TEXT, (String) chunk);
        } catch (ClassCastException wrongKey) {
            StackTraceElement[] trace = wrongKey.getStackTrace();
            if (trace.length > 0 && trace[0].getClassName().equals(Listener1.class.getName())) {
                ClassCastException clear = new ClassCastException(
                        "this stream has an encoding, so its 'data' chunks are Strings: listen"
                                + " with Readable.TEXT");
                clear.initCause(wrongKey);
                throw clear;
            }
            throw wrongKey;
        }
    }

    private void onEof() {
        if (ended) {
            return;
        }
        if (decoder != null) {
            String rest = decoder.end();
            if (!rest.isEmpty()) {
                if (buffer == null) {
                    buffer = new ArrayDeque<>(4);
                }
                buffer.addLast(rest);
                length += rest.length();
            }
        }
        ended = true;
        if (sync) {
            emitReadable();
        } else {
            needReadable = false;
            emittedReadable = true;
            emitReadableNow();
        }
    }

    private Object read(int size, boolean toCaller) {
        if (toCaller && !loop.inLoop()) {
            throw new IllegalStateException(
                    "read() belongs on the stream's loop; use loop().execute()");
        }
        int wanted = size;
        if (wanted > highWaterMark) {
            highWaterMark = nextPowerOfTwo(wanted);
        }
        if (wanted != 0) {
            emittedReadable = false;
        }
        if (wanted == 0
                && needReadable
                && ((highWaterMark != 0 ? length >= highWaterMark : length > 0) || ended)) {
            if (length == 0 && ended) {
                endReadable();
            } else {
                emitReadable();
            }
            return null;
        }
        int count = howMuchToRead(wanted);
        if (count == 0 && ended) {
            if (length == 0) {
                endReadable();
            }
            return null;
        }
        boolean fetch = needReadable || length == 0 || length - count < highWaterMark;
        if (fetch && constructed && !reading && !ended && !destroyed && errored == null) {
            reading = true;
            sync = true;
            if (length == 0) {
                needReadable = true;
            }
            try {
                _read(highWaterMark);
            } catch (Throwable thrown) {
                errorOrDestroy(thrown);
            }
            sync = false;
            if (!reading || count > length) {
                // The second: read() was called inside _read(). (Node would count below zero.)
                count = howMuchToRead(wanted);
            }
        }
        Object result = count > 0 ? take(count) : null;
        if (result == null) {
            needReadable |= length <= highWaterMark;
            count = 0;
        } else {
            length -= count;
            forgetDrains();
        }
        if (length == 0) {
            if (!ended) {
                needReadable = true;
            }
            if (wanted != count && ended) {
                endReadable();
            }
        }
        if (result != null && !errorEmitted && !closeEmitted) {
            dataEmitted = true;
            // What the caller gets must not have been read by a listener.
            deliver(toCaller && result instanceof ByteBuffer bytes ? bytes.duplicate() : result);
        }
        return result;
    }

    private int howMuchToRead(int wanted) {
        if (wanted == 0 || length == 0 && ended) {
            return 0;
        }
        if (wanted == ANY) {
            return flowing && length > 0 ? lengthOf(buffer.peekFirst()) : length;
        }
        if (wanted <= length) {
            return wanted;
        }
        return ended ? length : 0;
    }

    /** Takes so much out of the buffer, which holds at least that. */
    private Object take(int count) {
        Object first = buffer.pollFirst();
        int size = lengthOf(first);
        if (size == count) {
            return first;
        }
        if (first instanceof ByteBuffer bytes) {
            if (size > count) {
                ByteBuffer part = bytes.slice(bytes.position(), count);
                buffer.addFirst(bytes.slice(bytes.position() + count, size - count));
                return part;
            }
            ByteBuffer joined = ByteBuffer.allocate(count);
            joined.put(bytes.duplicate());
            while (joined.hasRemaining()) {
                ByteBuffer next = (ByteBuffer) buffer.pollFirst();
                if (next.remaining() > joined.remaining()) {
                    int part = joined.remaining();
                    joined.put(next.slice(next.position(), part));
                    buffer.addFirst(next.slice(next.position() + part, next.remaining() - part));
                } else {
                    joined.put(next.duplicate());
                }
            }
            return joined.flip();
        }
        String text = (String) first;
        if (size > count) {
            buffer.addFirst(text.substring(count));
            return text.substring(0, count);
        }
        StringBuilder joined = new StringBuilder(count).append(text);
        while (joined.length() < count) {
            String next = (String) buffer.pollFirst();
            int part = Math.min(next.length(), count - joined.length());
            joined.append(next, 0, part);
            if (part < next.length()) {
                buffer.addFirst(next.substring(part));
            }
        }
        return joined.toString();
    }

    private void emitReadable() {
        needReadable = false;
        if (!emittedReadable) {
            emittedReadable = true;
            loop.nextTick(this::emitReadableNow);
        }
    }

    private void emitReadableNow() {
        if (!destroyed && errored == null && (length > 0 || ended)) {
            emit(READABLE);
            emittedReadable = false;
        }
        needReadable |= !flowing && !ended && length <= highWaterMark;
        flow();
    }

    private void readMoreLater() {
        if (!readingMore && constructed) {
            readingMore = true;
            if (readMoreTick == null) {
                readMoreTick = this::readMore;
            }
            loop.nextTick(readMoreTick);
        }
    }

    private void readMore() {
        while (!reading && !ended && (length < highWaterMark || flowing && length == 0)) {
            int before = length;
            read(0, false);
            if (before == length) {
                break;
            }
        }
        readingMore = false;
    }

    private void scheduleResume() {
        if (!resumeScheduled) {
            resumeScheduled = true;
            loop.nextTick(this::resumeNow);
        }
    }

    private void resumeNow() {
        if (!reading) {
            read(0, false);
        }
        resumeScheduled = false;
        emit(RESUME);
        flow();
        if (flowing && !reading) {
            read(0, false);
        }
    }

    private void flow() {
        while (flowing && read(ANY, false) != null) {
            // Listeners get the chunks.
        }
    }

    private void endReadable() {
        if (!endEmitted) {
            ended = true;
            loop.nextTick(this::emitEnd);
        }
    }

    private void emitEnd() {
        // Perhaps something was unshifted meanwhile.
        if (errored != null || closeEmitted || endEmitted || length > 0) {
            return;
        }
        Throwable cut = _cutOff();
        if (cut != null) {
            errorOrDestroy(cut);
            return;
        }
        endEmitted = true;
        emit(END);
        afterEnd();
    }

    /**
     * Called when everything was delivered, in place of {@code 'end'}: why this is not the end that
     * the other side meant, or {@code null}, the default. The stream is then destroyed with it.
     */
    protected Throwable _cutOff() {
        return null;
    }

    /** What follows 'end'; a Duplex looks at its other side. */
    void afterEnd() {
        if (autoDestroy) {
            destroy();
        }
    }

    @Override
    protected void _undestroy() {
        super._undestroy();
        reading = false;
        ended = !enabled;
        endEmitted = !enabled;
    }

    @Override
    void afterConstruct() {
        if (needReadable) {
            readMoreLater();
        }
    }

    // ---- for pipes ----------------------------------------------------------------------------

    private void startPipe(WritableStream destination, boolean end) {
        if (destination.loop() == loop) {
            new Pipe(this, destination, destination, end).start();
        } else {
            Relay relay = new Relay(this, destination, end);
            new Pipe(this, destination, relay, true).start();
        }
    }

    void addPipe(Pipe pipe) {
        severalPipes |= pipes.size() == 1;
        if (pipes.isEmpty()) {
            pipes = new ArrayList<>(1);
        }
        pipes.add(pipe);
    }

    boolean pipesTo(Stream destination) {
        for (Pipe each : pipes) {
            if (each.destination == destination) {
                return true;
            }
        }
        return false;
    }

    void awaitDrainOf(Stream destination) {
        if (pipes.size() == 1) {
            awaitDrain = List.of(destination);
            severalPipes = false;
        } else {
            List<Stream> grown = new ArrayList<>(awaitDrain);
            if (!grown.contains(destination)) {
                grown.add(destination);
            }
            awaitDrain = grown;
        }
    }

    boolean awaitsDrain() {
        return severalPipes || !awaitDrain.isEmpty();
    }

    void drained(Stream destination) {
        if (awaitDrain.contains(destination)) {
            List<Stream> shrunk = new ArrayList<>(awaitDrain);
            shrunk.remove(destination);
            awaitDrain = shrunk;
        }
        if (awaitDrain.isEmpty() && dataListening) {
            resume();
        }
    }

    boolean isFlowing() {
        return flowing;
    }

    private void forgetDrains() {
        if (!awaitDrain.isEmpty()) {
            awaitDrain = List.of();
        }
    }

    // ---- small things -------------------------------------------------------------------------

    private String decodeWhole(ByteBuffer bytes) {
        return encoding.decode(
                bytes.array(),
                bytes.arrayOffset() + bytes.position(),
                bytes.arrayOffset() + bytes.limit());
    }

    private static int lengthOf(Object chunk) {
        return chunk instanceof ByteBuffer bytes ? bytes.remaining() : ((String) chunk).length();
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        ByteBuffer heap = ByteBuffer.allocate(bytes.remaining());
        heap.put(bytes.duplicate());
        return heap.flip();
    }

    private static int nextPowerOfTwo(int size) {
        if (size > LARGEST_MARK) {
            throw ArgumentException.outOfRange("size", "<= 1GiB", size);
        }
        int highest = Integer.highestOneBit(size);
        return highest == size ? size : highest << 1;
    }
}
