package io.github.securepair.events;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The typed key of an event: Node's name for it together with the shape of its listeners. Keys are
 * constants of the class that emits the event, such as {@code Readable.DATA}.
 *
 * <p>An emitter files listeners under the name, so a listener added by the key and one added by the
 * string are listeners of the same event.
 *
 * @param <L> the shape of a listener
 */
public final class Event<L extends Listener> {
    private static final ClassValue<Map<String, Event<?>>> DECLARED = new ClassValue<>() {
        @Override
        protected Map<String, Event<?>> computeValue(Class<?> type) {
            return new LinkedHashMap<>();
        }
    };

    private final Class<?> owner;
    private final String name;

    private Event(Class<?> owner, String name) {
        this.owner = owner;
        this.name = name.intern();
    }

    /**
     * Makes a key and registers it with the class that emits the event, so that {@link #find} sees
     * it for that class and its subclasses. The first key of a name in a class is the one that is
     * found.
     */
    public static <L extends Listener> Event<L> of(Class<?> owner, String name) {
        Event<L> event = new Event<>(Objects.requireNonNull(owner), name);
        Map<String, Event<?>> declared = DECLARED.get(owner);
        synchronized (declared) {
            declared.putIfAbsent(event.name, event);
        }
        return event;
    }

    /**
     * Finds the key that a class, one of its superclasses or interfaces declares under a name.
     *
     * @return the key, or {@code null} when the name is none of theirs (an emitter takes it all the
     *     same)
     */
    public static Event<?> find(Class<?> emitter, String name) {
        for (Class<?> type = emitter; type != null; type = type.getSuperclass()) {
            Event<?> found = declared(type, name);
            if (found != null) {
                return found;
            }
            for (Class<?> face : type.getInterfaces()) {
                found = find(face, name);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private static Event<?> declared(Class<?> type, String name) {
        Map<String, Event<?>> declared = DECLARED.get(type);
        synchronized (declared) {
            return declared.get(name);
        }
    }

    /** Returns Node's name of the event. */
    public String name() {
        return name;
    }

    /** Returns the class that declares the event. */
    public Class<?> owner() {
        return owner;
    }

    @Override
    public String toString() {
        return name;
    }
}
