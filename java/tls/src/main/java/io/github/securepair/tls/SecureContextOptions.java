package io.github.securepair.tls;

import io.github.securepair.tls.Option.Entry;

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
    Entry entry() {
        return Entry.CONTEXT;
    }

    @Override
    public SecureContextOptions copy() {
        return new SecureContextOptions(this);
    }
}
