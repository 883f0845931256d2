package io.github.securepair.tls;

import io.github.securepair.events.Warnings;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a user sets from outside the program. Node's environment variables keep their names; Node's
 * command line flags are system properties, {@code --tls-cipher-list} being
 * {@code securepair.tls.cipherList}. {@code docs/profiles.md} lists them.
 */
final class Environment {
    private static final String PREFIX = "securepair.tls.";
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private Environment() {}

    /** The system property of a flag, or {@code byDefault} when it is not set. */
    static String property(String name, String byDefault) {
        return System.getProperty(PREFIX + name, byDefault);
    }

    static boolean flag(String name) {
        return Boolean.parseBoolean(property(name, "false"));
    }

    /**
     * An environment variable; a system property of the same name takes precedence over it, for
     * programs that cannot set the former.
     */
    static String variable(String name) {
        String property = System.getProperty(name);
        return property != null ? property : System.getenv(name);
    }

    /** What {@code enableTrace} is when it is not given. */
    static boolean traces() {
        return flag("trace");
    }

    /** Whether a client that does not say takes any server. The first time there is a warning. */
    static boolean allowsUnauthorized() {
        boolean allows = "0".equals(variable("NODE_TLS_REJECT_UNAUTHORIZED"));
        if (allows && WARNED.compareAndSet(false, true)) {
            Warnings.emit(
                    "Warning",
                    null,
                    "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0'"
                            + " makes TLS connections and HTTPS requests insecure by disabling"
                            + " certificate verification.");
        }
        return allows;
    }
}
