package io.github.securepair.errors;

import java.util.Locale;

/**
 * The unchecked error thrown at the call that gets a bad argument, with Node's code, class name and
 * message.
 */
public class ArgumentException extends IllegalArgumentException implements Coded {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final String code;

    /**
     * Makes an error.
     *
     * @param name Node's class: {@code TypeError} or {@code RangeError}
     * @param code Node's code, such as {@code ERR_INVALID_ARG_TYPE}
     * @param message Node's message
     */
    public ArgumentException(String name, String code, String message) {
        super(message);
        this.name = name;
        this.code = code;
    }

    /**
     * Makes {@code ERR_INVALID_ARG_TYPE}.
     *
     * @param argument the argument's name; one with a dot in it is called a property, as in Node
     * @param expected what it must be, such as {@code "of type string"} or {@code "an instance of
     *     Foo"}
     * @param actual what it was
     */
    public static ArgumentException invalidArgType(
            String argument, String expected, Object actual) {
        return new ArgumentException(
                "TypeError",
                "ERR_INVALID_ARG_TYPE",
                "The " + quoted(argument) + " must be " + expected + ". Received "
                        + describe(actual));
    }

    /** Makes {@code ERR_INVALID_ARG_VALUE} with Node's usual reason, "is invalid". */
    public static ArgumentException invalidArgValue(String argument, Object value) {
        return invalidArgValue(argument, value, "is invalid");
    }

    /** Makes {@code ERR_INVALID_ARG_VALUE}. */
    public static ArgumentException invalidArgValue(String argument, Object value, String reason) {
        return new ArgumentException(
                "TypeError",
                "ERR_INVALID_ARG_VALUE",
                "The " + kind(argument) + " '" + argument + "' " + reason + ". Received "
                        + inspect(value));
    }

    /**
     * Makes {@code ERR_OUT_OF_RANGE}.
     *
     * @param range what is allowed, such as {@code ">= 0 && <= 65535"}
     */
    public static ArgumentException outOfRange(String argument, String range, Object value) {
        return new ArgumentException(
                "RangeError",
                "ERR_OUT_OF_RANGE",
                "The value of \"" + argument + "\" is out of range. It must be " + range
                        + ". Received " + grouped(value));
    }

    /** Makes {@code ERR_UNKNOWN_ENCODING}. */
    public static ArgumentException unknownEncoding(String encoding) {
        return new ArgumentException(
                "TypeError", "ERR_UNKNOWN_ENCODING", "Unknown encoding: " + encoding);
    }

    /**
     * Makes {@code ERR_MISSING_ARGS} from a ready list, such as {@code "\"options\" or \"port\" or
     * \"path\""}.
     */
    public static ArgumentException missingArgs(String list, boolean several) {
        return new ArgumentException(
                "TypeError",
                "ERR_MISSING_ARGS",
                "The " + list + " argument" + (several ? "s" : "") + " must be specified");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String toString() {
        return getClass().getName() + " [" + code + "]: " + getMessage();
    }

    private static String kind(String argument) {
        return argument.indexOf('.') >= 0 ? "property" : "argument";
    }

    private static String quoted(String argument) {
        return argument.endsWith(" argument") ? argument : '"' + argument + "\" " + kind(argument);
    }

    /**
     * Describes a value as Node's type errors do: {@code null}, {@code type number (5)}, {@code an
     * instance of X}.
     */
    static String describe(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof CharSequence text) {
            String shown = text.toString();
            return "type string ("
                    + inspect(shown.length() > 28 ? shown.substring(0, 25) + "..." : shown) + ")";
        }
        if (value instanceof Number) {
            return "type number (" + value + ")";
        }
        if (value instanceof Boolean) {
            return "type boolean (" + value + ")";
        }
        return "an instance of " + value.getClass().getSimpleName();
    }

    private static String inspect(Object value) {
        if (value instanceof CharSequence) {
            String text = value.toString();
            char quote = text.indexOf('\'') < 0 ? '\'' : text.indexOf('"') < 0 ? '"' : '`';
            return quote + escaped(text) + quote;
        }
        return String.valueOf(value);
    }

    /** As Node's inspect shows it: a control character in a log may end the line, or more. */
    private static String escaped(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\r' -> out.append("\\r");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (Character.isISOControl(c)) {
                        out.append(String.format(Locale.ROOT, "\\x%02X", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString();
    }

    /** Integers above 2^32 are shown with underscores between thousands, as Node shows them. */
    private static String grouped(Object value) {
        if (value instanceof Long || value instanceof Integer) {
            long number = ((Number) value).longValue();
            if (Math.abs(number) > 1L << 32) {
                return String.format(Locale.ROOT, "%,d", number).replace(',', '_');
            }
        }
        return inspect(value);
    }
}
