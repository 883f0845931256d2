package io.github.securepair.tls;

/**
 * What a user sets from outside the program. Node's environment variables keep their names; Node's
 * command line flags are system properties, {@code --tls-cipher-list} being
 * {@code securepair.tls.cipherList}. {@code docs/profiles.md} lists them.
 */
final class Environment {
    private static final String PREFIX = "securepair.tls.";

    private Environment() {}

    /** The system property of a flag, or {@code byDefault} when it is not set. */
    static String property(String name, String byDefault) {
        return System.getProperty(PREFIX + name, byDefault);
    }

    static boolean flag(String name) {
        return Boolean.parseBoolean(property(name, "false"));
    }

    /**
     * An environment variable; a system property of the same name goes before it, for programs that
     * cannot set the former.
     */
    static String variable(String name) {
        String property = System.getProperty(name);
        return property != null ? property : System.getenv(name);
    }
}
