package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.errors.StateException;

/** The errors of net, with Node's codes and texts, and the checks that make them. */
final class NetErrors {
    private NetErrors() {}

    static CodedException closedBeforeConnection() {
        return new CodedException(
                "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
                "Socket closed before the connection was established");
    }

    static CodedException closed() {
        return new CodedException("ERR_SOCKET_CLOSED", "Socket is closed");
    }

    static CodedException connectionTimeout() {
        return new CodedException("ERR_SOCKET_CONNECTION_TIMEOUT", "Socket connection timeout");
    }

    static CodedException blocked(String ip) {
        return new CodedException("ERR_IP_BLOCKED", "IP(" + ip + ") is blocked by net.BlockList");
    }

    static CodedException notRunning() {
        return new CodedException("ERR_SERVER_NOT_RUNNING", "Server is not running.");
    }

    static StateException alreadyListening() {
        return new StateException(
                "ERR_SERVER_ALREADY_LISTEN",
                "Listen method has been called more than once without closing.");
    }

    static ArgumentException invalidAddress(String address) {
        return new ArgumentException(
                "TypeError", "ERR_INVALID_IP_ADDRESS", "Invalid IP address: " + address);
    }

    static ArgumentException invalidFamily(int family, String host, Object port) {
        return new ArgumentException(
                "RangeError",
                "ERR_INVALID_ADDRESS_FAMILY",
                "Invalid address family: " + family + " " + host + ":" + port);
    }

    static ArgumentException invalidHandle() {
        return new ArgumentException(
                "TypeError", "ERR_INVALID_HANDLE_TYPE", "This handle type cannot be sent");
    }

    /**
     * Returns the port that an int or a string of digits means.
     *
     * @param name what the error calls it
     */
    static int port(Object value, String name) {
        double number = -1;
        if (value instanceof Integer given) {
            number = given;
        } else if (value instanceof String text && !text.isBlank()) {
            number = number(text);
        }
        if (!(number >= 0 && number <= 0xFFFF) || number != Math.rint(number)) {
            String shown = value instanceof String text
                    ? "type string ('" + text + "')"
                    : "type number (" + value + ")";
            throw new ArgumentException(
                    "RangeError",
                    "ERR_SOCKET_BAD_PORT",
                    name + " should be >= 0 and < 65536. Received " + shown + ".");
        }
        return (int) number;
    }

    /**
     * Returns whether Node would take the string for a number, thus for a port and not for a path.
     */
    static boolean isNumeric(String text) {
        return text.isBlank() || number(text) >= 0;
    }

    private static double number(String text) {
        String trimmed = text.trim();
        try {
            if (trimmed.startsWith("0x") || trimmed.startsWith("0X")) {
                return Long.parseLong(trimmed.substring(2), 16);
            }
            char last = trimmed.charAt(trimmed.length() - 1);
            return Character.isDigit(last) || last == '.'
                    ? Double.parseDouble(trimmed)
                    : Double.NaN;
        } catch (NumberFormatException none) {
            return Double.NaN;
        }
    }

    /** Node's getTimerDuration. */
    static long duration(double milliseconds) {
        if (!(milliseconds >= 0) || Double.isInfinite(milliseconds)) {
            Object shown =
                    milliseconds == Math.rint(milliseconds) && !Double.isInfinite(milliseconds)
                            ? (Object) (long) milliseconds
                            : Double.isInfinite(milliseconds)
                                    ? (milliseconds > 0 ? "Infinity" : "-Infinity")
                                    : milliseconds;
            throw new ArgumentException(
                    "RangeError",
                    "ERR_OUT_OF_RANGE",
                    "The value of \"msecs\" is out of range. It must be a non-negative finite"
                            + " number. Received "
                            + shown);
        }
        return (long) Math.min(milliseconds, Integer.MAX_VALUE);
    }
}
