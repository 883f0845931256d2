package io.github.securepair.net;

import io.github.securepair.errors.Coded;
import io.github.securepair.errors.CodedException;

import java.util.List;

/**
 * None of several addresses could be connected to: Node's AggregateError, with the code of the
 * first error.
 */
public final class AggregateException extends CodedException {
    private static final long serialVersionUID = 1L;

    private final transient List<Throwable> errors;

    /** Makes an error of at least one other. */
    public AggregateException(List<Throwable> errors) {
        super(Coded.codeOf(errors.get(0)), "", errors.get(0));
        this.errors = List.copyOf(errors);
    }

    /** Returns the error of each attempt, in order. */
    public List<Throwable> errors() {
        return errors;
    }

    @Override
    public String name() {
        return "AggregateError";
    }
}
