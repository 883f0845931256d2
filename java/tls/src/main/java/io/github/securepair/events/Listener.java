package io.github.securepair.events;

/**
 * A function called when an event is emitted, taking whatever the event carries. This is the shape
 * used with event names given as strings; events with a typed key use {@link Listener0} to
 * {@link Listener4}.
 *
 * <p>As in Node, the number of arguments need not match: a listener that takes fewer gets the first
 * ones, one that takes more gets {@code null} for the rest.
 *
 * <p>A listener may throw anything; the exception propagates through {@code emit} to its caller,
 * and at last to the {@link EventLoop} and its handler for uncaught exceptions.
 */
@FunctionalInterface
public interface Listener {
    /**
     * Handles one event.
     *
     * @param args the event's arguments, possibly none; the array belongs to this call
     */
    void call(Object... args) throws Exception;

    /**
     * Delivers an event without arguments. Emitters call this; the fixed shapes override it to save
     * the array.
     */
    default void call0() throws Exception {
        call();
    }

    /** Delivers an event with one argument. */
    default void call1(Object first) throws Exception {
        call(new Object[] {first});
    }

    /** Delivers an event with two arguments. */
    default void call2(Object first, Object second) throws Exception {
        call(first, second);
    }

    /** Delivers an event with three arguments. */
    default void call3(Object first, Object second, Object third) throws Exception {
        call(first, second, third);
    }

    /** Delivers an event with four arguments. */
    default void call4(Object first, Object second, Object third, Object fourth) throws Exception {
        call(first, second, third, fourth);
    }
}
