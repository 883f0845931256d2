package io.github.securepair.cli;

/**
 * Options that are well-formed one by one but do not go together, or name files that cannot be
 * used.
 */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
