package io.github.securepair.net;

/** Aborts what was started with its {@link #signal()}. Thread-safe. */
public final class AbortController {
    private final AbortSignal signal = new AbortSignal();

    /** Returns the signal to give to operations. */
    public AbortSignal signal() {
        return signal;
    }

    /** Aborts; the second time nothing happens. */
    public void abort() {
        signal.fire(null);
    }

    /** Aborts for a reason, which becomes the cause of the errors. */
    public void abort(Throwable reason) {
        signal.fire(reason);
    }
}
