package io.github.securepair.tls;

/** Options of {@link TLS#createSecureContext}. */
public final class SecureContextOptions extends ContextOptions<SecureContextOptions> {
    /** Makes empty options: every default applies. */
    public SecureContextOptions() {}

    /**
     * Copies every option of {@code other}, whatever its class: options that do not apply are
     * ignored on use.
     */
    public SecureContextOptions(Options other) {
        putAll(other);
    }

    @Override
    public SecureContextOptions copy() {
        return new SecureContextOptions(this);
    }
}
