package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;

import java.util.function.Supplier;

/**
 * A context of a server: given by the program, which keeps it, or made from options, then freed
 * when the server has closed and made again, with the same ticket keys, should it be needed later.
 * Thread-safe.
 */
final class ServerContext {
    private final Supplier<SecureContext> maker;
    private SecureContext context;
    private byte[] ticketKeys;
    private boolean retired;

    private ServerContext(Supplier<SecureContext> maker, SecureContext context) {
        this.maker = maker;
        this.context = context;
    }

    /** Makes the context at once, so that bad options throw here. */
    static ServerContext of(Supplier<SecureContext> maker) {
        return new ServerContext(maker, maker.get());
    }

    static ServerContext given(SecureContext context) {
        return new ServerContext(null, context);
    }

    /** Null once {@link #retire} was called. */
    synchronized SecureContext get() {
        if (retired) {
            return null;
        }
        if (context == null) {
            context = maker.get();
            if (ticketKeys != null) {
                context.setTicketKeys(ticketKeys);
            }
        }
        return context;
    }

    /** The last of it: another took its place. Connections go on with what they have. */
    synchronized void retire() {
        release();
        retired = true;
    }

    /** Frees native memory; connections made from it keep what they need. */
    synchronized void release() {
        if (maker != null && context != null) {
            ticketKeys = context.ticketKeys();
            context.close();
            context = null;
        }
    }
}
