package io.github.securepair.errors;

/**
 * The unchecked error thrown by a call that the object's state does not allow, with Node's code and
 * message.
 */
public class StateException extends IllegalStateException implements Coded {
    private static final long serialVersionUID = 1L;

    private final String code;

    /** Makes an error with Node's code and message. */
    public StateException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** Makes an error with Node's code and message, and what caused it. */
    public StateException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String toString() {
        return getClass().getName() + " [" + code + "]: " + getMessage();
    }
}
