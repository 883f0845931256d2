package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.netty.channel.unix.Errors;

import java.io.FileNotFoundException;
import java.net.NoRouteToHostException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the POSIX error code behind what Netty or the JDK throws. */
public final class SystemErrors {
    private static final Map<Integer, String> BY_NUMBER = Map.ofEntries(
            Map.entry(1, "EPERM"),
            Map.entry(2, "ENOENT"),
            Map.entry(5, "EIO"),
            Map.entry(9, "EBADF"),
            Map.entry(11, "EAGAIN"),
            Map.entry(12, "ENOMEM"),
            Map.entry(13, "EACCES"),
            Map.entry(17, "EEXIST"),
            Map.entry(20, "ENOTDIR"),
            Map.entry(21, "EISDIR"),
            Map.entry(22, "EINVAL"),
            Map.entry(23, "ENFILE"),
            Map.entry(24, "EMFILE"),
            Map.entry(28, "ENOSPC"),
            Map.entry(30, "EROFS"),
            Map.entry(32, "EPIPE"),
            Map.entry(36, "ENAMETOOLONG"),
            Map.entry(40, "ELOOP"),
            Map.entry(71, "EPROTO"),
            Map.entry(88, "ENOTSOCK"),
            Map.entry(91, "EPROTOTYPE"),
            Map.entry(92, "ENOPROTOOPT"),
            Map.entry(93, "EPROTONOSUPPORT"),
            Map.entry(95, "ENOTSUP"),
            Map.entry(97, "EAFNOSUPPORT"),
            Map.entry(98, "EADDRINUSE"),
            Map.entry(99, "EADDRNOTAVAIL"),
            Map.entry(100, "ENETDOWN"),
            Map.entry(101, "ENETUNREACH"),
            Map.entry(103, "ECONNABORTED"),
            Map.entry(104, "ECONNRESET"),
            Map.entry(105, "ENOBUFS"),
            Map.entry(106, "EISCONN"),
            Map.entry(107, "ENOTCONN"),
            Map.entry(110, "ETIMEDOUT"),
            Map.entry(111, "ECONNREFUSED"),
            Map.entry(113, "EHOSTUNREACH"),
            Map.entry(114, "EALREADY"));

    /** Texts of strerror and of the JDK, in the order in which they are looked for. */
    private static final String[][] BY_TEXT = {
        {"connection refused", "ECONNREFUSED"},
        {"connection reset", "ECONNRESET"},
        {"broken pipe", "EPIPE"},
        {"address already in use", "EADDRINUSE"},
        {"cannot assign requested address", "EADDRNOTAVAIL"},
        {"network is unreachable", "ENETUNREACH"},
        {"no route to host", "EHOSTUNREACH"},
        {"connection timed out", "ETIMEDOUT"},
        {"no such file", "ENOENT"},
        {"permission denied", "EACCES"},
        {"operation not permitted", "EPERM"},
        {"not a directory", "ENOTDIR"},
        {"is a directory", "EISDIR"},
        {"input/output error", "EIO"},
        {"too many open files", "EMFILE"},
        {"too many levels of symbolic links", "ELOOP"},
        {"file name too long", "ENAMETOOLONG"},
        {"unix domain path too long", "ENAMETOOLONG"},
        {"too long", "ENAMETOOLONG"},
        {"address family not supported", "EAFNOSUPPORT"},
        {"socket operation on non-socket", "ENOTSOCK"},
        {"protocol wrong type", "EPROTOTYPE"},
        {"not connected", "ENOTCONN"},
        {"invalid argument", "EINVAL"},
        {"read-only file system", "EROFS"},
    };

    private static final Pattern NUMBER = Pattern.compile("error\\((-?\\d+)\\)");

    private SystemErrors() {}

    /**
     * Returns the code, such as {@code ECONNRESET}; {@code fallback} when nothing in the exception
     * shows it.
     */
    public static String codeOf(Throwable error, String fallback) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String code = ownCode(cause);
            if (code != null) {
                return code;
            }
        }
        return fallback;
    }

    private static String ownCode(Throwable error) {
        if (error instanceof SystemException system) {
            return system.code();
        }
        if (error instanceof Errors.NativeIoException known) {
            return BY_NUMBER.get(Math.abs(known.expectedErr()));
        }
        if (error instanceof NotYetConnectedException) {
            return "ENOTCONN";
        }
        if (error instanceof UnresolvedAddressException) {
            return "ENOTFOUND";
        }
        String text = error.getMessage();
        if (error instanceof FileNotFoundException && text == null) {
            return "ENOENT";
        }
        if (text == null) {
            // Netty's native connect has no text for these two.
            return error instanceof NoRouteToHostException ? "ENETUNREACH" : null;
        }
        Matcher number = NUMBER.matcher(text);
        if (number.find()) {
            return BY_NUMBER.get(Math.abs(Integer.parseInt(number.group(1))));
        }
        String lower = text.toLowerCase(Locale.ROOT);
        for (String[] known : BY_TEXT) {
            if (lower.contains(known[0])) {
                return known[1];
            }
        }
        return null;
    }

    /**
     * Makes {@code <syscall> <code>}, for what went wrong while reading, writing or shutting down.
     */
    public static SystemException of(Throwable error, String syscall, String fallback) {
        return SystemException.of(codeOf(error, fallback), syscall);
    }
}
