package io.github.securepair.events;

import io.github.securepair.errors.Coded;

/**
 * Thrown by {@code emit} for an {@code 'error'} event without a listener, when the error itself
 * cannot be thrown because it is a checked exception or no {@code Throwable} at all. (An unchecked
 * error is thrown as it is.)
 */
public class UnhandledErrorException extends RuntimeException implements Coded {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final transient Object context;

    /** Wraps a checked exception. */
    UnhandledErrorException(Throwable cause) {
        super(cause.getMessage(), cause);
        String own = Coded.codeOf(cause);
        this.code = own != null ? own : "ERR_UNHANDLED_ERROR";
        this.context = cause;
    }

    /** Wraps what was emitted instead of an error. */
    UnhandledErrorException(Object context) {
        super("Unhandled error. ("
                + (context instanceof CharSequence ? "'" + context + "'" : context) + ")");
        this.code = "ERR_UNHANDLED_ERROR";
        this.context = context;
    }

    /** Returns the code of the wrapped error, or {@code ERR_UNHANDLED_ERROR}. */
    @Override
    public String code() {
        return code;
    }

    /** Returns what was emitted. */
    public Object context() {
        return context;
    }
}
