package io.github.securepair.openssl;

import io.github.securepair.openssl.types.SSL;

/**
 * The callbacks of one {@code SSL}, before those of its context. Setting null takes a callback off
 * again.
 */
public final class ConnectionCallbacks extends Callbacks {
    private final SSL ssl;

    private ConnectionCallbacks(SSL ssl) {
        this.ssl = ssl;
    }

    /**
     * Begins to set callbacks on a connection, which stays the caller's and must be alive.
     *
     * @throws IllegalStateException when it has an open {@code ConnectionCallbacks} already
     */
    public static ConnectionCallbacks on(SSL ssl) {
        Natives.raw();
        synchronized (ConnectionCallbacks.class) {
            if (CallbackBridge.securepair_ssl_get_number(required(ssl)) != 0) {
                throw new IllegalStateException("this SSL has callbacks already; close them first");
            }
            ConnectionCallbacks callbacks = new ConnectionCallbacks(new SSL(ssl));
            if (CallbackBridge.securepair_ssl_set_number(ssl, callbacks.number) != 1) {
                dispatch(CallbackBridge.RELEASE, callbacks.number, 0, 0, 0, 0, 0, 0, 0);
                throw new OutOfMemoryError("SSL_set_ex_data");
            }
            return callbacks;
        }
    }

    /** {@code SSL_set_verify}: leaves the mode; set that with {@code SSL_set_verify(ssl, mode)}. */
    public ConnectionCallbacks verify(Verify handler) {
        set(CallbackBridge.VERIFY, handler);
        return this;
    }

    /** {@code SSL_set_info_callback}. */
    public ConnectionCallbacks info(Info handler) {
        set(CallbackBridge.INFO, handler);
        return this;
    }

    /** {@code SSL_set_msg_callback}. */
    public ConnectionCallbacks message(Message handler) {
        set(CallbackBridge.MESSAGE, handler);
        return this;
    }

    @Override
    void turn(int kind, boolean on) {
        CallbackBridge.securepair_ssl_switch(ssl, kind, on ? 1 : 0, number);
    }

    @Override
    void forget() {
        CallbackBridge.securepair_ssl_set_number(ssl, 0);
    }
}
