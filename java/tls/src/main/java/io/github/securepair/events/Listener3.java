package io.github.securepair.events;

/** Handles an event with three arguments. */
@FunctionalInterface
@SuppressWarnings("unchecked")
public interface Listener3<A, B, C> extends Listener {
    /** Handles one event. */
    void handle(A first, B second, C third) throws Exception;

    @Override
    default void call(Object... args) throws Exception {
        handle((A) (args.length > 0 ? args[0] : null), (B) (args.length > 1 ? args[1] : null), (C)
                (args.length > 2 ? args[2] : null));
    }

    @Override
    default void call0() throws Exception {
        handle(null, null, null);
    }

    @Override
    default void call1(Object first) throws Exception {
        handle((A) first, null, null);
    }

    @Override
    default void call2(Object first, Object second) throws Exception {
        handle((A) first, (B) second, null);
    }

    @Override
    default void call3(Object first, Object second, Object third) throws Exception {
        handle((A) first, (B) second, (C) third);
    }

    @Override
    default void call4(Object first, Object second, Object third, Object fourth) throws Exception {
        handle((A) first, (B) second, (C) third);
    }
}
