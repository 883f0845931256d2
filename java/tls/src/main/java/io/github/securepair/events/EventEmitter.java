package io.github.securepair.events;

import io.github.securepair.errors.ArgumentException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Node's {@code EventEmitter}: listeners filed under event names, called in order on the thread
 * that emits.
 *
 * <p>Listeners may be added and removed on any thread. Everything that emits belongs to one thread,
 * for streams and sockets the thread of their {@link EventLoop}. An {@code emit} calls the
 * listeners that had been added when it began.
 *
 * <p>Emitting {@code 'error'} without a listener throws: the error itself when it is unchecked,
 * else an {@link UnhandledErrorException}.
 */
public class EventEmitter {
    /** {@code 'error'}: something went wrong. Without a listener the error is thrown. */
    public static final Event<Listener1<Throwable>> ERROR = Event.of(EventEmitter.class, "error");

    /** {@code 'newListener'} (name, listener): emitted before a listener is added. */
    public static final Event<Listener2<String, Listener>> NEW_LISTENER =
            Event.of(EventEmitter.class, "newListener");

    /** {@code 'removeListener'} (name, listener): emitted after a listener was removed. */
    public static final Event<Listener2<String, Listener>> REMOVE_LISTENER =
            Event.of(EventEmitter.class, "removeListener");

    /**
     * Sees every {@code 'error'} before its listeners do, without counting as one (Node's
     * {@code errorMonitor}).
     */
    public static final Event<Listener1<Throwable>> ERROR_MONITOR =
            Event.of(EventEmitter.class, "Symbol(events.errorMonitor)");

    private static final Slot[] NO_SLOTS = {};

    private static volatile int defaultMaxListeners = 10;

    /**
     * The events that have listeners, oldest first. Replaced as a whole under the lock, read
     * without it.
     */
    private volatile Slot[] slots = NO_SLOTS;

    private volatile int maxListeners = -1;

    /**
     * Runs tasks after the turn of the thread that made this, another one than the loop's; null
     * once an error was held back for that.
     */
    private volatile Executor makersTurn;

    /** Makes an emitter without listeners. */
    public EventEmitter() {}

    /**
     * Returns the limit above which {@link #on} warns, for emitters that set none of their own: 10.
     */
    public static int defaultMaxListeners() {
        return defaultMaxListeners;
    }

    /** Sets {@link #defaultMaxListeners()}; 0 means no limit. */
    public static void setDefaultMaxListeners(int limit) {
        defaultMaxListeners = checkLimit(limit, "defaultMaxListeners");
    }

    // ---- adding -------------------------------------------------------------------------------

    /** Adds a listener at the end of the event's list. */
    public <L extends Listener> EventEmitter on(Event<L> event, L listener) {
        return add(event.name(), listener, false);
    }

    /** Adds a listener at the end of the list of the event with this name. */
    public EventEmitter on(String event, Listener listener) {
        return add(event, listener, false);
    }

    /** Does what {@link #on(Event, Listener)} does. */
    public final <L extends Listener> EventEmitter addListener(Event<L> event, L listener) {
        return on(event, listener);
    }

    /** Does what {@link #on(String, Listener)} does. */
    public final EventEmitter addListener(String event, Listener listener) {
        return on(event, listener);
    }

    /** Adds a listener that is removed when it is called. */
    public <L extends Listener> EventEmitter once(Event<L> event, L listener) {
        return add(event.name(), new OnceListener(this, event.name(), required(listener)), false);
    }

    /** Adds a listener that is removed when it is called. */
    public EventEmitter once(String event, Listener listener) {
        return add(event, new OnceListener(this, event, required(listener)), false);
    }

    /** Adds a listener at the front of the event's list. */
    public <L extends Listener> EventEmitter prependListener(Event<L> event, L listener) {
        return add(event.name(), listener, true);
    }

    /** Adds a listener at the front of the list of the event with this name. */
    public EventEmitter prependListener(String event, Listener listener) {
        return add(event, listener, true);
    }

    /** Adds a listener at the front of the event's list that is removed when it is called. */
    public <L extends Listener> EventEmitter prependOnceListener(Event<L> event, L listener) {
        return add(event.name(), new OnceListener(this, event.name(), required(listener)), true);
    }

    /** Adds a listener at the front of the list that is removed when it is called. */
    public EventEmitter prependOnceListener(String event, Listener listener) {
        return add(event, new OnceListener(this, event, required(listener)), true);
    }

    // ---- removing -----------------------------------------------------------------------------

    /**
     * Removes the listener that was added last, if it is one; one added by {@code once} is found as
     * well.
     */
    public <L extends Listener> EventEmitter off(Event<L> event, L listener) {
        return remove(event.name(), listener);
    }

    /** Removes a listener of the event with this name. */
    public EventEmitter off(String event, Listener listener) {
        return remove(event, listener);
    }

    /** Does what {@link #off(Event, Listener)} does. */
    public final <L extends Listener> EventEmitter removeListener(Event<L> event, L listener) {
        return remove(event.name(), listener);
    }

    /** Does what {@link #off(String, Listener)} does. */
    public final EventEmitter removeListener(String event, Listener listener) {
        return remove(event, listener);
    }

    /**
     * Removes all listeners of all events; those of {@code 'removeListener'} are called for each
     * and removed last.
     */
    public EventEmitter removeAllListeners() {
        if (find(REMOVE_LISTENER.name()) != null) {
            for (String name : eventNamesInOrder()) {
                if (!name.equals(REMOVE_LISTENER.name())) {
                    removeEach(name);
                }
            }
            removeEach(REMOVE_LISTENER.name());
        }
        synchronized (this) {
            slots = NO_SLOTS;
        }
        allListenersRemoved(null);
        return this;
    }

    /** Removes all listeners of an event. */
    public EventEmitter removeAllListeners(Event<?> event) {
        return removeAllListeners(event.name());
    }

    /** Removes all listeners of the event with this name. */
    public EventEmitter removeAllListeners(String event) {
        if (find(REMOVE_LISTENER.name()) != null) {
            removeEach(event);
        } else {
            synchronized (this) {
                drop(event);
            }
        }
        allListenersRemoved(event);
        return this;
    }

    // ---- emitting -----------------------------------------------------------------------------

    /**
     * Calls the listeners of an event that carries nothing.
     *
     * @return whether there was a listener
     */
    public final boolean emit(Event<Listener0> event) {
        Listener[] listeners = listenersOf(event.name());
        if (listeners == null) {
            return false;
        }
        try {
            for (Listener listener : listeners) {
                listener.call0();
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Calls the listeners of an event that carries one argument.
     *
     * @return whether there was a listener
     */
    public final <A> boolean emit(Event<Listener1<A>> event, A first) {
        String name = event.name();
        Listener[] listeners = listenersOf(name);
        try {
            if (name == ERROR.name()) {
                monitor(first);
                listeners = listenersOf(name);
            }
            if (listeners == null) {
                return unhandled(name, first);
            }
            for (Listener listener : listeners) {
                listener.call1(first);
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Calls the listeners of an event that carries two arguments.
     *
     * @return whether there was a listener
     */
    public final <A, B> boolean emit(Event<Listener2<A, B>> event, A first, B second) {
        Listener[] listeners = listenersOf(event.name());
        if (listeners == null) {
            return false;
        }
        try {
            for (Listener listener : listeners) {
                listener.call2(first, second);
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Calls the listeners of an event that carries three arguments.
     *
     * @return whether there was a listener
     */
    public final <A, B, C> boolean emit(
            Event<Listener3<A, B, C>> event, A first, B second, C third) {
        Listener[] listeners = listenersOf(event.name());
        if (listeners == null) {
            return false;
        }
        try {
            for (Listener listener : listeners) {
                listener.call3(first, second, third);
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Calls the listeners of an event that carries four arguments.
     *
     * @return whether there was a listener
     */
    public final <A, B, C, D> boolean emit(
            Event<Listener4<A, B, C, D>> event, A first, B second, C third, D fourth) {
        Listener[] listeners = listenersOf(event.name());
        if (listeners == null) {
            return false;
        }
        try {
            for (Listener listener : listeners) {
                listener.call4(first, second, third, fourth);
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Calls the listeners of the event with this name.
     *
     * @return whether there was a listener
     */
    public final boolean emit(String event, Object... args) {
        Object[] given = args == null ? new Object[] {null} : args;
        try {
            if (event.equals(ERROR.name())) {
                Object error = given.length > 0 ? given[0] : null;
                monitor(error);
                if (find(event) == null) {
                    return unhandled(ERROR.name(), error);
                }
            }
            Slot slot = find(event);
            if (slot == null) {
                return false;
            }
            for (Listener listener : slot.listeners) {
                switch (given.length) {
                    case 0 -> listener.call0();
                    case 1 -> listener.call1(given[0]);
                    case 2 -> listener.call2(given[0], given[1]);
                    case 3 -> listener.call3(given[0], given[1], given[2]);
                    case 4 -> listener.call4(given[0], given[1], given[2], given[3]);
                    default -> listener.call(given.clone());
                }
            }
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    // ---- asking -------------------------------------------------------------------------------

    /**
     * Returns the listeners of an event, those added by {@code once} without their wrapper. A copy.
     */
    public List<Listener> listeners(Event<?> event) {
        return listeners(event.name());
    }

    /**
     * Returns the listeners of the event with this name, those added by {@code once} without their
     * wrapper.
     */
    public List<Listener> listeners(String event) {
        List<Listener> result = new ArrayList<>();
        for (Listener listener : rawListeners(event)) {
            result.add(unwrap(listener));
        }
        return result;
    }

    /** Returns the listeners of an event as they are stored. A copy. */
    public List<Listener> rawListeners(Event<?> event) {
        return rawListeners(event.name());
    }

    /** Returns the listeners of the event with this name as they are stored. A copy. */
    public List<Listener> rawListeners(String event) {
        Slot slot = find(event);
        return slot == null ? new ArrayList<>() : new ArrayList<>(List.of(slot.listeners));
    }

    /** Returns how many listeners an event has. */
    public int listenerCount(Event<?> event) {
        Listener[] listeners = listenersOf(event.name());
        return listeners == null ? 0 : listeners.length;
    }

    /** Returns how many listeners the event with this name has. */
    public int listenerCount(String event) {
        Slot slot = find(event);
        return slot == null ? 0 : slot.listeners.length;
    }

    /** Returns how often this listener was added to the event with this name. */
    public int listenerCount(String event, Listener listener) {
        int count = 0;
        for (Listener each : rawListeners(event)) {
            if (each == listener || unwrap(each) == listener) {
                count++;
            }
        }
        return count;
    }

    /**
     * Returns the names of the events that have listeners, in the order in which they got their
     * first.
     */
    public List<String> eventNames() {
        return eventNamesInOrder();
    }

    /** Sets above how many listeners of one event a warning is given; 0 means no limit. */
    public EventEmitter setMaxListeners(int limit) {
        maxListeners = checkLimit(limit, "setMaxListeners");
        return this;
    }

    /** Returns above how many listeners of one event a warning is given. */
    public int getMaxListeners() {
        int own = maxListeners;
        return own >= 0 ? own : defaultMaxListeners;
    }

    // ---- for subclasses -----------------------------------------------------------------------

    /**
     * Called after a listener was added, on the thread that added it.
     *
     * @param event the event's name, interned: it may be compared by identity with a key's name
     * @param prepended whether by {@code prependListener} or {@code prependOnceListener}, to which
     *     Node's streams do not react
     */
    protected void listenerAdded(String event, boolean prepended) {}

    /**
     * Called after a listener was removed by {@code off}, on the thread that removed it; the name
     * is interned.
     */
    protected void listenerRemoved(String event) {}

    /**
     * Called by {@code removeAllListeners}: with the event's name, or {@code null} for all events.
     */
    protected void allListenersRemoved(String event) {}

    /**
     * Emits bytes, giving each listener a view of its own to read and to keep; the last one gets
     * {@code bytes} itself.
     *
     * @return whether there was a listener
     */
    protected final boolean emitBytes(Event<Listener1<ByteBuffer>> event, ByteBuffer bytes) {
        Listener[] listeners = listenersOf(event.name());
        if (listeners == null) {
            return false;
        }
        try {
            int last = listeners.length - 1;
            for (int i = 0; i < last; i++) {
                listeners[i].call1(bytes.duplicate());
            }
            listeners[last].call1(bytes);
        } catch (Throwable thrown) {
            throw blamed(thrown);
        }
        return true;
    }

    /**
     * Returns what runs tasks on a loop, as callbacks and in order, once the calling thread had its
     * turn to add listeners to this: see {@link EventLoop}. Another thread than that loop's calls
     * this; the result may be used there and on the loop. The loop counts as alive until the task
     * has run.
     */
    protected final Executor _turn(EventLoop loop) {
        return Turns.of(loop, this);
    }

    /**
     * Notes that the calling thread, which is not the loop's, made this: an {@code 'error'} that is
     * not handled waits for the end of its turn.
     */
    protected final void _madeOutside(EventLoop loop) {
        makersTurn = _turn(loop);
    }

    /** Names this as the emitter that the loop's handler gets with an exception. */
    protected final void _blame(Throwable thrown) {
        EventLoop loop = EventLoop.current();
        if (loop != null) {
            loop.blame(this, thrown);
        }
    }

    /** Throws anything as if it were unchecked: {@code throw unchecked(error)}. */
    @SuppressWarnings("unchecked")
    protected static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }

    // ---- inside -------------------------------------------------------------------------------

    private EventEmitter add(String event, Listener listener, boolean prepend) {
        required(listener);
        if (find(NEW_LISTENER.name()) != null) {
            emit(NEW_LISTENER, event, unwrap(listener));
        }
        int leaked = 0;
        String name;
        synchronized (this) {
            Slot slot = find(event);
            if (slot == null) {
                name = event.intern();
                Slot[] old = slots;
                Slot[] grown = new Slot[old.length + 1];
                System.arraycopy(old, 0, grown, 0, old.length);
                grown[old.length] = new Slot(name, new Listener[] {listener});
                slots = grown;
            } else {
                name = slot.name;
                Listener[] old = slot.listeners;
                Listener[] grown = new Listener[old.length + 1];
                System.arraycopy(old, 0, grown, prepend ? 1 : 0, old.length);
                grown[prepend ? 0 : old.length] = listener;
                slot.listeners = grown;
                int limit = getMaxListeners();
                if (limit > 0 && grown.length > limit && !slot.warned) {
                    slot.warned = true;
                    leaked = grown.length;
                }
            }
        }
        if (leaked > 0) {
            Warnings.emit(
                    "MaxListenersExceededWarning",
                    null,
                    "Possible EventEmitter memory leak detected. " + leaked + " " + name
                            + " listeners added to ["
                            + getClass().getSimpleName() + "]. MaxListeners is " + getMaxListeners()
                            + ". Use emitter.setMaxListeners() to increase limit");
        }
        listenerAdded(name, prepend);
        return this;
    }

    private EventEmitter remove(String event, Listener listener) {
        required(listener);
        String name = null;
        synchronized (this) {
            Slot slot = find(event);
            if (slot == null) {
                return this;
            }
            Listener[] old = slot.listeners;
            for (int i = old.length - 1; i >= 0 && name == null; i--) {
                if (old[i] == listener || unwrap(old[i]) == listener) {
                    name = slot.name;
                    takeOut(slot, i);
                }
            }
        }
        if (name != null) {
            if (find(REMOVE_LISTENER.name()) != null) {
                emit(REMOVE_LISTENER, name, unwrap(listener));
            }
            listenerRemoved(name);
        } else {
            listenerRemoved(event.intern());
        }
        return this;
    }

    private void removeEach(String event) {
        List<Listener> all = rawListeners(event);
        for (int i = all.size() - 1; i >= 0; i--) {
            remove(event, all.get(i));
        }
    }

    private void takeOut(Slot slot, int index) {
        Listener[] old = slot.listeners;
        if (old.length == 1) {
            drop(slot.name);
            return;
        }
        Listener[] shrunk = new Listener[old.length - 1];
        System.arraycopy(old, 0, shrunk, 0, index);
        System.arraycopy(old, index + 1, shrunk, index, shrunk.length - index);
        slot.listeners = shrunk;
        if (shrunk.length == 1) {
            slot.warned = false;
        }
    }

    private void drop(String event) {
        Slot[] old = slots;
        for (int i = 0; i < old.length; i++) {
            if (old[i].name.equals(event)) {
                Slot[] shrunk = new Slot[old.length - 1];
                System.arraycopy(old, 0, shrunk, 0, i);
                System.arraycopy(old, i + 1, shrunk, i, shrunk.length - i);
                slots = shrunk;
                return;
            }
        }
    }

    private Slot find(String event) {
        for (Slot slot : slots) {
            if (slot.name.equals(event)) {
                return slot;
            }
        }
        return null;
    }

    /** Looks an interned name up. */
    @SuppressWarnings("StringEquality")
    private Listener[] listenersOf(String interned) {
        for (Slot slot : slots) {
            if (slot.name == interned) {
                return slot.listeners;
            }
        }
        return null;
    }

    private List<String> eventNamesInOrder() {
        List<String> names = new ArrayList<>();
        for (Slot slot : slots) {
            names.add(slot.name);
        }
        return names;
    }

    private void monitor(Object error) throws Exception {
        Listener[] monitors = listenersOf(ERROR_MONITOR.name());
        if (monitors != null) {
            for (Listener each : monitors) {
                each.call1(error);
            }
        }
    }

    private RuntimeException blamed(Throwable thrown) {
        _blame(thrown);
        throw unchecked(thrown);
    }

    /** How many listeners there are, of all events. */
    int listenerTotal() {
        int total = 0;
        for (Slot slot : slots) {
            total += slot.listeners.length;
        }
        return total;
    }

    @SuppressWarnings("StringEquality")
    private boolean unhandled(String name, Object argument) {
        if (name != ERROR.name()) {
            return false;
        }
        Executor turn = makersTurn;
        if (turn != null && EventLoop.current() != null) {
            // The thread that made this may be about to add the listener.
            makersTurn = null;
            turn.execute(() -> emit(ERROR.name(), argument));
            return false;
        }
        if (argument instanceof RuntimeException || argument instanceof Error) {
            throw unchecked((Throwable) argument);
        }
        throw argument instanceof Throwable error
                ? new UnhandledErrorException(error)
                : new UnhandledErrorException(argument);
    }

    private static Listener unwrap(Listener listener) {
        return listener instanceof OnceListener once ? once.listener : listener;
    }

    private static <T extends Listener> T required(T listener) {
        if (listener == null) {
            throw ArgumentException.invalidArgType("listener", "of type function", null);
        }
        return listener;
    }

    private static int checkLimit(int limit, String argument) {
        if (limit < 0) {
            throw ArgumentException.outOfRange(argument, ">= 0", limit);
        }
        return limit;
    }

    /**
     * One event and its listeners; the array is replaced, never changed, so that an emit sees it as
     * it was.
     */
    private static final class Slot {
        final String name;
        volatile Listener[] listeners;
        boolean warned;

        Slot(String name, Listener[] listeners) {
            this.name = name;
            this.listeners = listeners;
        }
    }

    /** Removes itself, then calls the listener, once. */
    private static final class OnceListener implements Listener {
        final EventEmitter target;
        final String event;
        final Listener listener;
        private boolean fired;

        OnceListener(EventEmitter target, String event, Listener listener) {
            this.target = target;
            this.event = event;
            this.listener = listener;
        }

        private boolean take() {
            if (fired) {
                return false;
            }
            target.remove(event, this);
            fired = true;
            return true;
        }

        @Override
        public void call(Object... args) throws Exception {
            if (take()) {
                listener.call(args);
            }
        }

        @Override
        public void call0() throws Exception {
            if (take()) {
                listener.call0();
            }
        }

        @Override
        public void call1(Object first) throws Exception {
            if (take()) {
                listener.call1(first);
            }
        }

        @Override
        public void call2(Object first, Object second) throws Exception {
            if (take()) {
                listener.call2(first, second);
            }
        }

        @Override
        public void call3(Object first, Object second, Object third) throws Exception {
            if (take()) {
                listener.call3(first, second, third);
            }
        }

        @Override
        public void call4(Object first, Object second, Object third, Object fourth)
                throws Exception {
            if (take()) {
                listener.call4(first, second, third, fourth);
            }
        }
    }
}
