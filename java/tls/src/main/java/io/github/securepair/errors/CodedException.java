package io.github.securepair.errors;

import java.io.IOException;

/**
 * The checked error that emitters pass to {@code 'error'} listeners and callbacks, with Node's code
 * and message.
 */
public class CodedException extends IOException implements Coded {
    private static final long serialVersionUID = 1L;

    private final String code;

    /** Makes an error with Node's code and message. */
    public CodedException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** Makes an error with Node's code and message, and what caused it. */
    public CodedException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    @Override
    public String code() {
        return code;
    }

    /**
     * Returns the text as Node prints it: {@code Error [CODE]: message}, after this class's name.
     */
    @Override
    public String toString() {
        return getClass().getName() + " [" + code + "]: " + getMessage();
    }
}
