package io.github.securepair.cli;

import io.github.securepair.errors.Coded;

import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Errors as one line for a person: what happened, and the code to look up. */
final class Errors {
    private Errors() {}

    static String describe(Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException
                        || cause instanceof ExecutionException
                        || cause instanceof UncheckedIOException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof NoSuchFileException missing) {
            return "no such file: " + missing.getFile();
        }
        String message =
                cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        message = message.strip().replaceAll("\\s*\\R\\s*", " ");
        String code = Coded.codeOf(cause);
        return code == null || message.contains(code) ? message : message + " (" + code + ")";
    }
}
