package io.github.securepair.tls;

import io.github.securepair.errors.Coded;
import io.github.securepair.errors.SystemException;
import io.github.securepair.internal.transport.SystemErrors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Thrown at the call that is given a file which cannot be opened or read, with the properties of
 * Node's error: {@code ENOENT: no such file or directory, open '/no/such/key.pem'}.
 */
public final class FileException extends UncheckedIOException implements Coded {
    private static final long serialVersionUID = 1L;

    private FileException(SystemException cause) {
        super(cause.getMessage(), cause);
    }

    static FileException of(Path file, IOException error) {
        // Only errors of an open file lack the file's name.
        boolean open = error instanceof FileSystemException;
        String code = codeOf(error);
        String syscall = open ? "open" : "read";
        String path = open ? file.toString() : null;
        String message = code + ": " + SystemException.description(code) + ", " + syscall
                + (open ? " '" + path + "'" : "");
        SystemException cause = new SystemException(
                code, message, SystemException.errnoOf(code), syscall, null, -1, path);
        cause.initCause(error);
        return new FileException(cause);
    }

    /** The message of such an error begins with the file's name, which may be any text. */
    private static String codeOf(IOException error) {
        if (error instanceof NoSuchFileException) {
            return "ENOENT";
        }
        if (error instanceof AccessDeniedException) {
            return "EACCES";
        }
        return error instanceof FileSystemException named
                ? SystemErrors.codeOf(new IOException(named.getReason()), "EIO")
                : SystemErrors.codeOf(error, "EIO");
    }

    /** {@code ENOENT}, {@code EACCES}, {@code EISDIR}, ... */
    @Override
    public String code() {
        return getCause().code();
    }

    /** The negative error number. */
    public int errno() {
        return getCause().errno();
    }

    /** {@code open} or {@code read}. */
    public String syscall() {
        return getCause().syscall();
    }

    /** The file; null when it could be opened but not read, as in Node. */
    public String path() {
        return getCause().path();
    }

    @Override
    public SystemException getCause() {
        return (SystemException) super.getCause();
    }
}
