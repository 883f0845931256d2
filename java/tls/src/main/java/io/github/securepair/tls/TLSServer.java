package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Event;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener1;
import io.github.securepair.events.Listener2;
import io.github.securepair.events.Listener3;
import io.github.securepair.events.Warnings;
import io.github.securepair.net.Server;
import io.github.securepair.stream.Duplex;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A server whose connections are encrypted: Node's {@code tls.Server}.
 *
 * <p>Each connection ends its handshake in exactly one of two events: {@code secureConnection}, or
 * {@code tlsClientError} and {@code clientError}, its old name, with one error. With the option
 * {@code loops} connections are spread over several loops and these events come on the
 * connection's; everything else is on the server's own.
 *
 * <p>Listeners of {@code newSession}, {@code resumeSession}, {@code OCSPRequest} and {@code keylog}
 * count for connections that come after they were added.
 */
public class TLSServer extends Server {
    /** {@code 'secureConnection'}: a client is there, and authorized if it had to be. */
    public static final Event<Listener1<TLSSocket>> SECURE_CONNECTION =
            Event.of(TLSServer.class, "secureConnection");

    /** {@code 'tlsClientError'}: a connection failed before it was secure. */
    public static final Event<Listener2<Throwable, TLSSocket>> TLS_CLIENT_ERROR =
            Event.of(TLSServer.class, "tlsClientError");

    /**
     * {@code 'clientError'}: the name of {@link #TLS_CLIENT_ERROR} in Node 0.12; both are emitted.
     */
    public static final Event<Listener2<Throwable, TLSSocket>> CLIENT_ERROR =
            Event.of(TLSServer.class, "clientError");

    /**
     * {@code 'newSession'} (id, session, callback): a session to store. Nothing goes out on the
     * connection until the callback was run.
     */
    public static final Event<Listener3<byte[], byte[], Runnable>> NEW_SESSION =
            Event.of(TLSServer.class, "newSession");

    /**
     * {@code 'resumeSession'} (id, callback): a client offers a session; the handshake waits for
     * the callback.
     */
    public static final Event<Listener2<byte[], SessionCallback>> RESUME_SESSION =
            Event.of(TLSServer.class, "resumeSession");

    /**
     * {@code 'OCSPRequest'} (certificate, issuer or null, callback): a client asks for the status
     * of the certificate; the handshake waits for the callback.
     */
    public static final Event<Listener3<byte[], byte[], OCSPCallback>> OCSP_REQUEST =
            Event.of(TLSServer.class, "OCSPRequest");

    /** {@code 'keylog'} (line, socket): see {@link TLSSocket#KEYLOG}. */
    public static final Event<Listener2<byte[], TLSSocket>> KEYLOG =
            Event.of(TLSServer.class, "keylog");

    private static final int TICKET_KEYS = 48;
    /** What setSecureContext keeps when it is not given. */
    private static final List<Option<?>> KEPT = List.of(
            ContextOptions.TICKET_KEYS,
            ContextOptions.SESSION_TIMEOUT,
            ContextOptions.PROFILE,
            ContextOptions.NPN_PROTOCOLS);

    private static final AtomicBoolean SET_OPTIONS_WARNED = new AtomicBoolean();

    private volatile ServerSettings settings;
    private final NamedContexts contexts;
    private ServerContext context;
    private boolean closed;
    /** What accepted sockets are made with: made once, and again after addContext. */
    private volatile SocketSettings socketSettings;
    /** The option {@code ca} of the context in use. */
    private volatile Object trusted;

    /** Answers {@code resumeSession}, once, from any thread. */
    @FunctionalInterface
    public interface SessionCallback {
        /**
         * Ends the search.
         *
         * @param error destroys the connection with it; null for none
         * @param session what {@code newSession} gave, or null: the handshake is a full one
         */
        void done(Throwable error, byte[] session);
    }

    /** Answers {@code OCSPRequest}, once, from any thread. */
    @FunctionalInterface
    public interface OCSPCallback {
        /**
         * Ends the search.
         *
         * @param error destroys the connection with it; null for none
         * @param response the response to staple, or null
         */
        void done(Throwable error, byte[] response);
    }

    /** Makes a server. A null {@code options} means all defaults, a null {@code listener} none. */
    public TLSServer(ServerOptions options, Listener1<TLSSocket> listener) {
        this(ServerSettings.of(options), listener);
    }

    private TLSServer(ServerSettings settings, Listener1<TLSSocket> listener) {
        super(settings.net(), null);
        this.settings = settings;
        ServerOptions options = settings.options();
        contexts = new NamedContexts(settings.socket().connection().profile().isLegacy());
        context = ServerContext.of(() -> SecureContexts.createForServer(options));
        trusted = options.given(ContextOptions.CA);
        // By name: emit("connection", duplex) may inject any stream.
        on("connection", args -> secure((Duplex) args[0]));
        on(LISTENING, () -> closed(false));
        on(CLOSE, () -> closed(true));
        if (listener != null) {
            on(SECURE_CONNECTION, listener);
        }
    }

    // ---- connections --------------------------------------------------------------------------

    private void secure(Duplex raw) {
        boolean made = false;
        try {
            for (; ; ) {
                SecureContext now = context();
                try {
                    new AcceptedSocket(raw, now);
                    made = true;
                    return;
                } catch (IllegalStateException e) {
                    if (!now.isClosed()) {
                        throw e;
                    }
                    // Another thread has replaced it in this moment.
                }
            }
        } finally {
            if (!made) {
                raw.destroy();
            }
        }
    }

    /** A connection of this server. */
    private final class AcceptedSocket extends TLSSocket {
        private boolean reported;
        private boolean released;

        AcceptedSocket(Duplex raw, SecureContext context) {
            super(raw, null, socketSettings(), context);
            on(SECURE, this::verify);
            on(CLOSE, this::vanished);
            on(ERROR, this::report);
            if (TLSServer.this.listenerCount(TLSServer.KEYLOG) > 0) {
                on(TLSSocket.KEYLOG, line -> TLSServer.this.emit(TLSServer.KEYLOG, line, this));
            }
        }

        @Override
        boolean accept() {
            return true;
        }

        private void verify() {
            if (destroyed()) {
                return;
            }
            if (requestsCert()) {
                Throwable error = Authorization.verifyError(transport.connection());
                if (refuses(error)) {
                    destroy();
                    return;
                }
            }
            if (released) {
                established();
            } else if (!destroyed()) {
                released = true;
                established();
                TLSServer.this.emit(SECURE_CONNECTION, this);
            }
        }

        @Override
        void tlsError(Throwable error) {
            if (released) {
                super.tlsError(error);
            } else {
                report(error);
            }
        }

        private void vanished(Boolean hadError) {
            if (!hadError && !released) {
                report(SystemException.plain("ECONNRESET", "socket hang up"));
            }
        }

        private void report(Throwable error) {
            if (!released && !reported) {
                reported = true;
                TLSServer.this.emit(TLS_CLIENT_ERROR, error, this);
                TLSServer.this.emit(CLIENT_ERROR, error, this);
            }
        }
    }

    private SocketSettings socketSettings() {
        SocketSettings out = socketSettings;
        if (out == null) {
            // Or an addContext() of another thread between the two would be lost for ever.
            synchronized (this) {
                out = settings.socket().acceptedBy(this, contexts);
                socketSettings = out;
            }
        }
        return out;
    }

    // ---- contexts -----------------------------------------------------------------------------

    /** The certificate that connections are shown by default, and its issuer; each may be null. */
    synchronized byte[][] identity() {
        SecureContext now = context.get();
        return new byte[][] {now.certificateDer(), now.issuerDer()};
    }

    /** The context of new connections. */
    synchronized SecureContext context() {
        return context.get();
    }

    /**
     * Adds a certificate for clients that ask for {@code servername}, where {@code *} stands for
     * any part of one label. The last one added that matches counts; one of the very same name
     * takes the place of the former. Without {@code ca} client certificates are judged by the
     * server's own trust (in Node, by the default roots). Any thread.
     *
     * @param details options of a context, which is made at once
     */
    public void addContext(String servername, Options details) {
        requireName(servername);
        Options copy = details == null ? new SecureContextOptions() : details.copy();
        if (copy.has(ContextOptions.CRL) || copy.has(ContextOptions.ALLOW_PARTIAL_TRUST_CHAIN)) {
            // These two make a trust of its own, which has to begin with the server's.
            copy.putMissing(ContextOptions.CA, trusted);
        }
        add(servername, ServerContext.of(() -> SecureContexts.create(copy)));
    }

    /**
     * Does the same with a context that the caller keeps, and closes once it is removed or
     * replaced.
     */
    public void addContext(String servername, SecureContext given) {
        requireName(servername);
        add(servername, ServerContext.given(given));
    }

    /**
     * Takes back what {@link #addContext} added for this very name; connections that have it go on.
     * Beyond Node. Any thread.
     *
     * @return whether there was one
     */
    public synchronized boolean removeContext(String servername) {
        requireName(servername);
        socketSettings = null;
        return contexts.remove(servername);
    }

    private synchronized void add(String servername, ServerContext named) {
        contexts.add(servername, named);
        socketSettings = null;
    }

    private static void requireName(String servername) {
        if (servername == null || servername.isEmpty()) {
            throw new ArgumentException(
                    "Error",
                    "ERR_TLS_REQUIRED_SERVER_NAME",
                    "\"servername\" is required parameter for Server.addContext");
        }
    }

    /**
     * Replaces certificate, key, trust and all other context options for connections that come
     * later. Fails with the old ones in use. Ticket keys stay if they were given as an option. Any
     * thread.
     */
    public void setSecureContext(Options details) {
        if (details == null) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_TYPE",
                    "The \"options\" argument must be of type object. Received null");
        }
        Options copy = details.copy();
        for (Option<?> kept : KEPT) {
            copy.putMissing(kept, settings.options().given(kept));
        }
        ServerContext next = ServerContext.of(() -> SecureContexts.createForServer(copy));
        ServerContext before;
        synchronized (this) {
            before = context;
            context = next;
            trusted = copy.given(ContextOptions.CA);
            if (closed) {
                // It would never be freed; it is made again if it is needed.
                next.release();
            }
        }
        before.release();
    }

    /**
     * Changes options the way Node's deprecated function of the name does, for connections that
     * come later: {@code requestCert} and {@code rejectUnauthorized}, which go back to their
     * defaults when they are not given, {@code ALPNProtocols}, {@code pskCallback} and
     * {@code pskIdentityHint}. The context stays as it is: of {@code key}, {@code cert} and all
     * others only {@link #options()} shows, and {@code ticketKeys} and {@code sessionTimeout} count
     * from the next {@link #setSecureContext} on. Any thread.
     *
     * @deprecated as in Node (DEP0122): {@link #setSecureContext} replaces the context
     */
    @Deprecated
    public synchronized void setOptions(Options given) {
        if (SET_OPTIONS_WARNED.compareAndSet(false, true)) {
            Warnings.emit(
                    "DeprecationWarning", "DEP0122", "Server.prototype.setOptions() is deprecated");
        }
        if (given == null) {
            throw ArgumentException.invalidArgType("options", "of type object", null);
        }
        settings = settings.changed(given);
        socketSettings = null;
    }

    /**
     * The 48 bytes that protect session tickets: 16 name, 16 HMAC key, 16 AES key. Secret. Any
     * thread.
     */
    public synchronized byte[] getTicketKeys() {
        return context().ticketKeys();
    }

    /**
     * Replaces the ticket keys at once, also for connections that are open; older tickets are
     * ignored then. Any thread.
     */
    public synchronized void setTicketKeys(byte[] keys) {
        if (keys == null) {
            throw ArgumentException.invalidArgType(
                    "buffer", "an instance of Buffer, TypedArray, or DataView", null);
        }
        if (keys.length != TICKET_KEYS) {
            throw new ArgumentException(
                    "Error",
                    "ERR_INTERNAL_ASSERTION",
                    "Session ticket keys must be a 48-byte buffer");
        }
        context().setTicketKeys(keys);
    }

    /** Frees the contexts of a server that has closed. */
    private synchronized void closed(boolean now) {
        closed = now;
        if (now) {
            contexts.release();
            context.release();
        }
    }

    // ---- options as properties ----------------------------------------------------------------

    /** Whether clients are asked for a certificate. */
    public boolean requestCert() {
        return settings.socket().serverSide().requestCert();
    }

    /** Whether clients without a good certificate are refused. */
    public boolean rejectUnauthorized() {
        return settings.socket().connection().rejectUnauthorized();
    }

    /**
     * The options given, by name: {@code key}, {@code cert}, {@code ciphers}, ... A read-only view.
     */
    public Map<String, Object> options() {
        return settings.options().asMap();
    }

    @Override
    public <L extends Listener> TLSServer on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public TLSServer on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> TLSServer once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public TLSServer once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }
}
