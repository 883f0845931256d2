package io.github.securepair.openssl;

import io.github.securepair.openssl.types.SSL_CTX;

/**
 * The callbacks of one {@code SSL_CTX}. Set them before connections are made from it: an
 * {@code SSL} copies some of them when it is made. Setting null takes a callback off again.
 */
public final class ContextCallbacks extends Callbacks {
    private final SSL_CTX ctx;

    private ContextCallbacks(SSL_CTX ctx) {
        this.ctx = ctx;
    }

    /**
     * Begins to set callbacks on a context, which stays the caller's and must be alive.
     *
     * @throws IllegalStateException when it has an open {@code ContextCallbacks} already
     */
    public static ContextCallbacks on(SSL_CTX ctx) {
        Natives.raw();
        synchronized (ContextCallbacks.class) {
            if (CallbackBridge.securepair_ctx_get_number(required(ctx)) != 0) {
                throw new IllegalStateException(
                        "this SSL_CTX has callbacks already; close them first");
            }
            ContextCallbacks callbacks = new ContextCallbacks(new SSL_CTX(ctx));
            if (CallbackBridge.securepair_ctx_set_number(ctx, callbacks.number) != 1) {
                dispatch(CallbackBridge.RELEASE, callbacks.number, 0, 0, 0, 0, 0, 0, 0);
                throw new OutOfMemoryError("SSL_CTX_set_ex_data");
            }
            return callbacks;
        }
    }

    /**
     * {@code SSL_CTX_set_verify}: leaves the mode; set that with {@code SSL_CTX_set_verify(ctx,
     * mode)}.
     */
    public ContextCallbacks verify(Verify handler) {
        set(CallbackBridge.VERIFY, handler);
        return this;
    }

    /** {@code SSL_CTX_set_alpn_select_cb}. */
    public ContextCallbacks alpnSelect(ALPNSelect handler) {
        set(CallbackBridge.ALPN, handler);
        return this;
    }

    /** {@code SSL_CTX_set_keylog_callback}. */
    public ContextCallbacks keyLog(KeyLog handler) {
        set(CallbackBridge.KEYLOG, handler);
        return this;
    }

    /** {@code SSL_CTX_set_info_callback}. */
    public ContextCallbacks info(Info handler) {
        set(CallbackBridge.INFO, handler);
        return this;
    }

    /** {@code SSL_CTX_set_msg_callback}. */
    public ContextCallbacks message(Message handler) {
        set(CallbackBridge.MESSAGE, handler);
        return this;
    }

    /** {@code SSL_CTX_set_client_hello_cb}. */
    public ContextCallbacks clientHello(ClientHello handler) {
        set(CallbackBridge.HELLO, handler);
        return this;
    }

    /** {@code SSL_CTX_set_tlsext_servername_callback}. */
    public ContextCallbacks servername(ServerName handler) {
        set(CallbackBridge.SERVERNAME, handler);
        return this;
    }

    /** {@code SSL_CTX_sess_set_new_cb}; the session cache mode must ask for it. */
    public ContextCallbacks newSession(NewSession handler) {
        set(CallbackBridge.SESSION, handler);
        return this;
    }

    /** {@code SSL_CTX_set_tlsext_status_cb}. */
    public ContextCallbacks status(Status handler) {
        set(CallbackBridge.STATUS, handler);
        return this;
    }

    @Override
    void turn(int kind, boolean on) {
        CallbackBridge.securepair_ctx_switch(ctx, kind, on ? 1 : 0, number);
    }

    @Override
    void forget() {
        CallbackBridge.securepair_ctx_set_number(ctx, 0);
    }
}
