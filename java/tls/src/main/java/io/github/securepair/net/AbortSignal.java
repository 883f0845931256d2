package io.github.securepair.net;

import io.github.securepair.errors.CodedException;

import java.util.ArrayList;
import java.util.List;

/** Aborts operations: Node's AbortSignal. Made by an {@link AbortController}. Thread-safe. */
public final class AbortSignal {
    private final List<Runnable> listeners = new ArrayList<>(2);
    private boolean aborted;
    private Throwable reason;

    AbortSignal() {}

    /** Returns a signal that is aborted already. */
    public static AbortSignal abort() {
        AbortSignal signal = new AbortSignal();
        signal.fire(null);
        return signal;
    }

    /** Returns whether the operation was aborted. */
    public synchronized boolean aborted() {
        return aborted;
    }

    /**
     * Returns what was given to abort(), or an AbortError when nothing was; null while not aborted.
     */
    public synchronized Throwable reason() {
        return reason;
    }

    /**
     * Has {@code listener} called once, on the thread that aborts; at once if it is aborted
     * already.
     *
     * @return takes the listener off again when run
     */
    public Runnable onAbort(Runnable listener) {
        synchronized (this) {
            if (!aborted) {
                listeners.add(listener);
                return () -> remove(listener);
            }
        }
        listener.run();
        return () -> {};
    }

    private synchronized void remove(Runnable listener) {
        listeners.remove(listener);
    }

    void fire(Throwable why) {
        List<Runnable> all;
        synchronized (this) {
            if (aborted) {
                return;
            }
            aborted = true;
            reason = why != null ? why : new AbortException("This operation was aborted", null);
            all = List.copyOf(listeners);
            listeners.clear();
        }
        all.forEach(Runnable::run);
    }

    /** The error of what was aborted: AbortError, {@code ABORT_ERR}. */
    public static final class AbortException extends CodedException {
        private static final long serialVersionUID = 1L;

        /** Makes an error; the cause is the signal's reason, or null. */
        public AbortException(String message, Throwable cause) {
            super("ABORT_ERR", message, cause);
        }

        @Override
        public String name() {
            return "AbortError";
        }
    }
}
