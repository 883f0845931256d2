package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * What readable and writable streams have in common: the loop they belong to, and how they end.
 *
 * <p>A stream belongs to the thread of its {@link #loop()}. The verbs that return the stream
 * itself, and {@code write}, may be called from other threads too: they are then queued on the loop
 * in order, behind {@link EventLoop#execute}. Everything else, and all listeners, run on the loop.
 */
public abstract class Stream extends EventEmitter {
    /** {@code 'close'}: the stream and what is beneath it have been closed; nothing follows. */
    public static final Event<Listener0> CLOSE = Event.of(Stream.class, "close");

    /**
     * The order in which Node lists the events every stream knows, whatever was listened to first.
     */
    private static final List<String> KNOWN_ORDER =
            List.of("close", "error", "prefinish", "finish", "drain", "data", "end", "readable");

    private static final ClassValue<Overrides> OVERRIDES = new ClassValue<>() {
        @Override
        protected Overrides computeValue(Class<?> type) {
            return new Overrides(
                    overrides(type, "_construct", Callback.class),
                    overrides(type, "_final", Callback.class),
                    overrides(type, "_writev", List.class, Callback.class));
        }
    };

    final EventLoop loop;
    final Overrides overrides;
    final boolean emitClose;
    final boolean autoDestroy;
    private final Consumer<Callback> constructFunction;
    private final BiConsumer<Throwable, Callback> destroyFunction;

    boolean constructed = true;
    boolean destroyed;
    boolean closed;
    boolean closeEmitted;
    boolean errorEmitted;
    Throwable errored;

    /** The destroy() that waits for _construct to end. */
    private Callback destroyAfterConstruct;

    Stream(StreamOptions<?> options) {
        EventLoop given = options == null ? null : options.loop;
        loop = given != null ? given : EventLoop.currentOrDefault();
        if (!loop.inLoop()) {
            _madeOutside(loop);
        }
        emitClose = options == null || options.emitClose;
        autoDestroy = options == null || options.autoDestroy;
        overrides = options == null
                ? OVERRIDES.get(getClass())
                : OVERRIDES.get(getClass()).with(options);
        constructFunction = options == null ? null : options.construct;
        destroyFunction = options == null ? null : options.destroy;
    }

    // ---- for programs -------------------------------------------------------------------------

    /** Returns the loop this stream belongs to. */
    public final EventLoop loop() {
        return loop;
    }

    /**
     * Returns whether {@link #destroy()} was called, by the program or by the stream itself at its
     * end.
     */
    public boolean destroyed() {
        return destroyed;
    }

    /** Returns whether the stream has finished closing; {@code 'close'} may still follow. */
    public boolean closed() {
        return closed;
    }

    /** Returns the error the stream failed with, or {@code null}. */
    public Throwable errored() {
        return errored;
    }

    /** Destroys the stream without an error: see {@link #destroy(Throwable)}. */
    public Stream destroy() {
        return destroy(null);
    }

    /**
     * Destroys the stream: releases what is beneath it, drops what is buffered, then emits
     * {@code 'error'}, if there is one, and {@code 'close'}. Does nothing the second time.
     *
     * @param error what went wrong, or {@code null}
     */
    public Stream destroy(Throwable error) {
        if (!loop.inLoop()) {
            try {
                loop.execute(() -> destroy(error));
            } catch (RejectedExecutionException ended) {
                // The loop has ended and taken what is beneath the stream with it.
            }
            return this;
        }
        if (destroyed) {
            return this;
        }
        beforeDestroy();
        note(error);
        destroyed = true;
        if (constructed) {
            callDestroy(error);
        } else {
            destroyAfterConstruct = late -> {
                if (error != null && late != null && late != error) {
                    error.addSuppressed(late);
                }
                callDestroy(error != null ? error : late);
            };
        }
        return this;
    }

    @Override
    public List<String> eventNames() {
        List<String> names = new ArrayList<>(super.eventNames());
        names.sort(Comparator.comparingInt(name -> {
            int known = KNOWN_ORDER.indexOf(name);
            return known < 0 ? KNOWN_ORDER.size() : known;
        }));
        return names;
    }

    @Override
    public <L extends Listener> Stream on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Stream on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Stream once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Stream once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }

    // ---- for subclasses -----------------------------------------------------------------------

    /**
     * Prepares the stream before anything else happens to it, if overridden; until the callback is
     * called, reading, writing and destroying wait. Such a stream must be made on its loop's
     * thread.
     */
    protected void _construct(Callback callback) {
        callback.done();
    }

    /**
     * Releases what is beneath the stream.
     *
     * @param error what {@link #destroy(Throwable)} was given
     * @param callback to be called when it is done, with {@code error} or another one, or
     *     {@code null} to hide it
     */
    protected void _destroy(Throwable error, Callback callback) {
        callback.call(error);
    }

    /** Makes a closed stream as new, for those that can start again; listeners and options stay. */
    protected void _undestroy() {
        constructed = true;
        destroyed = false;
        closed = false;
        closeEmitted = false;
        errorEmitted = false;
        errored = null;
    }

    /**
     * Fails the stream as its own machinery does on an error: destroys it, or only emits
     * {@code 'error'} when {@code autoDestroy} is off. Does nothing once it is destroyed.
     */
    protected final void errorOrDestroy(Throwable error) {
        errorOrDestroy(error, false);
    }

    // ---- inside -------------------------------------------------------------------------------

    /** What both sides of a stream do first when it is destroyed. */
    void beforeDestroy() {}

    /** What waited for _construct. */
    void afterConstruct() {}

    void errorOrDestroy(Throwable error, boolean later) {
        if (destroyed) {
            return;
        }
        if (autoDestroy) {
            destroy(error);
        } else if (error != null) {
            note(error);
            if (later) {
                loop.nextTick(() -> emitError(error));
            } else {
                emitError(error);
            }
        }
    }

    /** Keeps the first error. */
    void note(Throwable error) {
        if (error != null && errored == null) {
            errored = error;
        }
    }

    /** Called at the end of the constructor of each concrete base class. */
    final void startConstruct() {
        if (!overrides.construct) {
            return;
        }
        if (!loop.inLoop()) {
            throw new IllegalStateException(
                    "a stream with _construct must be made on its loop's thread");
        }
        constructed = false;
        loop.nextTick(this::callConstruct);
    }

    /** Returns whether a write found the buffer full, whatever has become of the stream since. */
    boolean needDrain() {
        return false;
    }

    static RuntimeException rethrow(Throwable thrown) {
        throw unchecked(thrown);
    }

    private void callConstruct() {
        boolean[] called = {false};
        try {
            Callback callback = error -> loop.nextTick(() -> onConstruct(error, called));
            if (constructFunction != null) {
                constructFunction.accept(callback);
            } else {
                _construct(callback);
            }
        } catch (Throwable thrown) {
            loop.nextTick(() -> onConstruct(thrown, called));
        }
    }

    private void onConstruct(Throwable error, boolean[] called) {
        if (called[0]) {
            errorOrDestroy(error != null ? error : StreamErrors.multipleCallback());
            return;
        }
        called[0] = true;
        constructed = true;
        if (destroyed) {
            Callback waiting = destroyAfterConstruct;
            destroyAfterConstruct = null;
            waiting.call(error);
        } else if (error != null) {
            errorOrDestroy(error, true);
        } else {
            afterConstruct();
        }
    }

    private void callDestroy(Throwable error) {
        boolean[] called = {false};
        Callback callback = result -> {
            if (!loop.inLoop()) {
                loop.execute(() -> onDestroy(result, called));
            } else {
                onDestroy(result, called);
            }
        };
        try {
            if (destroyFunction != null) {
                destroyFunction.accept(error, callback);
            } else {
                _destroy(error, callback);
            }
        } catch (Throwable thrown) {
            callback.call(thrown);
        }
    }

    private void onDestroy(Throwable error, boolean[] called) {
        if (called[0]) {
            return;
        }
        called[0] = true;
        note(error);
        closed = true;
        if (error != null) {
            loop.nextTick(() -> emitErrorThenClose(error));
        } else {
            loop.nextTick(this::emitCloseNow);
        }
    }

    private void emitErrorThenClose(Throwable error) {
        boolean handled = false;
        try {
            emitError(error);
            handled = true;
        } finally {
            if (!handled) {
                // Node would never emit 'close' now. A program that goes on after the uncaught
                // exception needs it to clean up.
                loop.nextTick(this::emitCloseNow);
            }
        }
        emitCloseNow();
    }

    private void emitError(Throwable error) {
        if (!errorEmitted) {
            errorEmitted = true;
            emit(ERROR, error);
        }
    }

    private void emitCloseNow() {
        closeEmitted = true;
        if (emitClose) {
            emit(CLOSE);
        }
    }

    private static boolean overrides(Class<?> type, String name, Class<?>... parameters) {
        for (Class<?> each = type;
                each != null && !each.getName().startsWith("java.");
                each = each.getSuperclass()) {
            if (each == Stream.class
                    || each == Readable.class
                    || each == Writable.class
                    || each == Duplex.class) {
                return false;
            }
            try {
                each.getDeclaredMethod(name, parameters);
                return true;
            } catch (NoSuchMethodException inherited) {
                // Look further up.
            }
        }
        return false;
    }

    /**
     * Which optional methods a stream has: Node looks whether they exist, this looks whether they
     * are overridden.
     */
    record Overrides(boolean construct, boolean finale, boolean writev) {
        Overrides with(StreamOptions<?> options) {
            boolean construct = this.construct || options.construct != null;
            boolean finale = this.finale || options.finale != null;
            boolean writev = this.writev || options.writev != null;
            return construct == this.construct && finale == this.finale && writev == this.writev
                    ? this
                    : new Overrides(construct, finale, writev);
        }
    }
}
