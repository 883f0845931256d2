package io.github.securepair.net;

import io.github.securepair.errors.SystemException;

/** A name could not be resolved: {@code getaddrinfo ENOTFOUND name}. */
public final class LookupException extends SystemException {
    private static final long serialVersionUID = 1L;

    private final String hostname;

    /** Makes an error with a code such as {@code ENOTFOUND} or {@code EAI_AGAIN}. */
    public LookupException(String code, String hostname) {
        super(
                code,
                "getaddrinfo " + code + " " + hostname,
                errnoOf(code),
                "getaddrinfo",
                null,
                -1,
                null);
        this.hostname = hostname;
    }

    /** Returns the name. */
    public String hostname() {
        return hostname;
    }
}
