package io.github.securepair.events;

/** Handles an event with no arguments. */
@FunctionalInterface
public interface Listener0 extends Listener {
    /** Handles one event. */
    void handle() throws Exception;

    @Override
    default void call(Object... args) throws Exception {
        handle();
    }

    @Override
    default void call0() throws Exception {
        handle();
    }

    @Override
    default void call1(Object first) throws Exception {
        handle();
    }

    @Override
    default void call2(Object first, Object second) throws Exception {
        handle();
    }

    @Override
    default void call3(Object first, Object second, Object third) throws Exception {
        handle();
    }

    @Override
    default void call4(Object first, Object second, Object third, Object fourth) throws Exception {
        handle();
    }
}
