package io.github.securepair.errors;

import java.util.Map;

/**
 * An error of the operating system or of name resolution, with the properties of Node's system
 * errors.
 *
 * <p>Properties that do not apply are {@code null}, 0 for {@link #errno()} and -1 for
 * {@link #port()}.
 */
public class SystemException extends CodedException {
    private static final long serialVersionUID = 1L;

    /**
     * Number and text of each code as libuv gives them on Linux; the numbers below -3000 are
     * libuv's own.
     */
    private static final Map<String, Known> KNOWN = Map.ofEntries(
            known("EPERM", 1, "operation not permitted"),
            known("ENOENT", 2, "no such file or directory"),
            known("EINTR", 4, "interrupted system call"),
            known("EIO", 5, "i/o error"),
            known("EBADF", 9, "bad file descriptor"),
            known("EAGAIN", 11, "resource temporarily unavailable"),
            known("ENOMEM", 12, "not enough memory"),
            known("EACCES", 13, "permission denied"),
            known("EBUSY", 16, "resource busy or locked"),
            known("EEXIST", 17, "file already exists"),
            known("ENOTDIR", 20, "not a directory"),
            known("EISDIR", 21, "illegal operation on a directory"),
            known("EINVAL", 22, "invalid argument"),
            known("EMFILE", 24, "too many open files"),
            known("EPIPE", 32, "broken pipe"),
            known("ENAMETOOLONG", 36, "name too long"),
            known("ELOOP", 40, "too many symbolic links encountered"),
            known("EPROTO", 71, "protocol error"),
            known("ENOTSOCK", 88, "socket operation on non-socket"),
            known("EAFNOSUPPORT", 97, "address family not supported"),
            known("EADDRINUSE", 98, "address already in use"),
            known("EADDRNOTAVAIL", 99, "address not available"),
            known("ENETDOWN", 100, "network is down"),
            known("ENETUNREACH", 101, "network is unreachable"),
            known("ECONNABORTED", 103, "software caused connection abort"),
            known("ECONNRESET", 104, "connection reset by peer"),
            known("ENOBUFS", 105, "no buffer space available"),
            known("EISCONN", 106, "socket is already connected"),
            known("ENOTCONN", 107, "socket is not connected"),
            known("ETIMEDOUT", 110, "connection timed out"),
            known("ECONNREFUSED", 111, "connection refused"),
            known("EHOSTUNREACH", 113, "host is unreachable"),
            known("EALREADY", 114, "connection already in progress"),
            known("ECANCELED", 125, "operation canceled"),
            known("EAI_AGAIN", 3001, "temporary failure"),
            known("EAI_FAIL", 3004, "permanent failure"),
            known("ENOTFOUND", 3008, "unknown node or service"),
            known("EOF", 4095, "end of file"));

    private final int errno;
    private final String syscall;
    private final String address;
    private final int port;
    private final String path;

    /**
     * Makes an error from its parts, see the class comment for the values that stand for "not set".
     */
    public SystemException(
            String code,
            String message,
            int errno,
            String syscall,
            String address,
            int port,
            String path) {
        super(code, message);
        this.errno = errno;
        this.syscall = syscall;
        this.address = address;
        this.port = port;
        this.path = path;
    }

    /** Makes an error like {@code read ECONNRESET}. */
    public static SystemException of(String code, String syscall) {
        return new SystemException(
                code, syscall + " " + code, errnoOf(code), syscall, null, -1, null);
    }

    /**
     * Makes an error like {@code connect ECONNREFUSED 127.0.0.1:443}; a port of -1 or 0 is left out
     * of the text.
     */
    public static SystemException ofAddress(String code, String syscall, String address, int port) {
        return new SystemException(
                code,
                syscall + " " + code + " " + place(address, port),
                errnoOf(code),
                syscall,
                address,
                port,
                null);
    }

    /** Makes an error like {@code listen EADDRINUSE: address already in use 127.0.0.1:443}. */
    public static SystemException describedAddress(
            String code, String syscall, String address, int port) {
        String message =
                syscall + " " + code + ": " + description(code) + " " + place(address, port);
        return new SystemException(code, message, errnoOf(code), syscall, address, port, null);
    }

    /** Makes an error like {@code connect ENOENT /run/x.sock}, about a path of the file system. */
    public static SystemException ofPath(String code, String syscall, String path) {
        return new SystemException(
                code, syscall + " " + code + " " + path, errnoOf(code), syscall, path, -1, path);
    }

    /**
     * Makes an error without a number, like {@code socket hang up} with the code
     * {@code ECONNRESET}.
     */
    public static SystemException plain(String code, String message) {
        return new SystemException(code, message, 0, null, null, -1, null);
    }

    /** Returns the negative number libuv has for a code on Linux, or 0 for an unknown one. */
    public static int errnoOf(String code) {
        Known known = KNOWN.get(code);
        return known == null ? 0 : -known.number;
    }

    /** Returns libuv's text for a code, or the code itself when unknown. */
    public static String description(String code) {
        Known known = KNOWN.get(code);
        return known == null ? code : known.text;
    }

    /** Returns the negative error number, or 0. */
    public int errno() {
        return errno;
    }

    /** Returns the name of the system call, or {@code null}. */
    public String syscall() {
        return syscall;
    }

    /** Returns the address of the endpoint, or {@code null}. */
    public String address() {
        return address;
    }

    /** Returns the port of the endpoint, or -1. */
    public int port() {
        return port;
    }

    /** Returns the path of the file system, or {@code null}. */
    public String path() {
        return path;
    }

    private static String place(String address, int port) {
        return port > 0 ? address + ":" + port : String.valueOf(address);
    }

    private static Map.Entry<String, Known> known(String code, int number, String text) {
        return Map.entry(code, new Known(number, text));
    }

    private record Known(int number, String text) {}
}
