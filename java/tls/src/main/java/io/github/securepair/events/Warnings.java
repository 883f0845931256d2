package io.github.securepair.events;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * The program's warnings, as Node's {@code process.emitWarning} and {@code process.on('warning')}.
 */
public final class Warnings {
    private static volatile Consumer<Warning> handler = Warnings::print;

    private Warnings() {}

    /**
     * One warning.
     *
     * @param name its kind, such as {@code MaxListenersExceededWarning} or
     *     {@code DeprecationWarning}
     * @param code such as {@code DEP0064}, or {@code null}
     * @param message the text
     */
    public record Warning(String name, String code, String message) {}

    /** Gives a warning to the handler, by default to standard error. Thread-safe. */
    public static void emit(String name, String code, String message) {
        handler.accept(new Warning(name, code, message));
    }

    /**
     * Replaces the handler for the whole program.
     *
     * @param next what to call, on the thread that warns; {@code null} restores printing
     * @return the handler so far
     */
    public static Consumer<Warning> onWarning(Consumer<Warning> next) {
        Consumer<Warning> before = handler;
        handler = Objects.requireNonNullElse(next, Warnings::print);
        return before;
    }

    private static void print(Warning warning) {
        String code = warning.code() == null ? "" : "[" + warning.code() + "] ";
        System.err.println("(" + ProcessHandle.current().pid() + ") " + code + warning.name() + ": "
                + warning.message());
    }
}
