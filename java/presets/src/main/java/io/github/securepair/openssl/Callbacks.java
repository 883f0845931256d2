package io.github.securepair.openssl;

import io.github.securepair.openssl.types.SSL;
import io.github.securepair.openssl.types.SSL_SESSION;
import io.github.securepair.openssl.types.X509_STORE_CTX;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * OpenSSL's callbacks as Java objects, for users of the raw functions. {@link ContextCallbacks}
 * sets them on an {@code SSL_CTX}, {@link ConnectionCallbacks} on one {@code SSL}.
 *
 * <p>Any number may be live at once, on any number of threads; they are held strongly until
 * {@link #close}, or until OpenSSL frees the object they were set on. A handler that throws, or is
 * missing, counts as a refusal where OpenSSL can be refused anything; what it threw is kept for
 * {@link #failure}.
 *
 * <p>Objects that a handler is given are borrowed: valid until it returns. A handler may call any
 * function of OpenSSL that the manual page of the callback allows; it must not free the {@code SSL}
 * it was called for.
 */
public abstract class Callbacks implements AutoCloseable {
    /** As {@code SSL_verify_cb}: called for each certificate of the chain and each error. */
    @FunctionalInterface
    public interface Verify {
        /**
         * Decides whether the handshake goes on.
         *
         * @param preverified what OpenSSL thinks
         * @param store the chain under verification; its error is {@code X509_STORE_CTX_get_error}
         */
        boolean verify(boolean preverified, X509_STORE_CTX store, SSL ssl) throws Exception;
    }

    /** As {@code SSL_CTX_alpn_select_cb_func}. */
    @FunctionalInterface
    public interface ALPNSelect {
        /**
         * Chooses a protocol.
         *
         * @param offered the client's list, each name's bytes as Latin-1 characters
         * @return one of them; null to go on without ALPN. Any other string refuses the handshake
         */
        String select(SSL ssl, List<String> offered) throws Exception;
    }

    /** As {@code SSL_CTX_keylog_cb_func}. */
    @FunctionalInterface
    public interface KeyLog {
        /** Takes one line of the NSS key log format, without its line end. */
        void line(SSL ssl, String line) throws Exception;
    }

    /** As the callback of {@code SSL_CTX_set_info_callback}. */
    @FunctionalInterface
    public interface Info {
        /** Receives a state, an alert or an exit: {@code where} has bits of {@code SSL_CB_*}. */
        void info(SSL ssl, int where, int value) throws Exception;
    }

    /** As the callback of {@code SSL_CTX_set_msg_callback}. */
    @FunctionalInterface
    public interface Message {
        /** Receives a protocol message or, with a pseudo content type, of a record header. */
        void message(SSL ssl, boolean sent, int version, int contentType, byte[] data)
                throws Exception;
    }

    /** As {@code SSL_client_hello_cb_fn}. */
    @FunctionalInterface
    public interface ClientHello {
        /**
         * Returns {@code SSL_CLIENT_HELLO_SUCCESS}, {@code _ERROR} (sending {@code alert}) or
         * {@code _RETRY}.
         */
        int hello(SSL ssl, Alert alert) throws Exception;
    }

    /** As the callback of {@code SSL_CTX_set_tlsext_servername_callback}. */
    @FunctionalInterface
    public interface ServerName {
        /**
         * Returns {@code SSL_TLSEXT_ERR_OK}, {@code _ALERT_WARNING}, {@code _ALERT_FATAL} or
         * {@code _NOACK}.
         */
        int servername(SSL ssl, Alert alert) throws Exception;
    }

    /** As the callback of {@code SSL_CTX_sess_set_new_cb}. */
    @FunctionalInterface
    public interface NewSession {
        /**
         * Is given a new session; true keeps the reference, which then is the handler's to free.
         */
        boolean session(SSL ssl, SSL_SESSION session) throws Exception;
    }

    /** As the callback of {@code SSL_CTX_set_tlsext_status_cb}. */
    @FunctionalInterface
    public interface Status {
        /**
         * On a server, staples a response ({@code SSL_TLSEXT_ERR_OK} after
         * {@code SSL_set_tlsext_status_ocsp_resp}, or {@code SSL_TLSEXT_ERR_NOACK}); on a client,
         * judges one (1 good, 0 bad, negative for an error).
         */
        int status(SSL ssl) throws Exception;
    }

    /** The alert that goes out with a refusal; internal_error unless the handler says otherwise. */
    public static final class Alert {
        private int description = 80;

        /** Sets the alert description, 0 to 255, such as {@code SSL_AD_UNRECOGNIZED_NAME}. */
        public void description(int description) {
            if (description < 0 || description > 255) {
                throw new IllegalArgumentException("no alert description: " + description);
            }
            this.description = description;
        }
    }

    private static final ConcurrentHashMap<Long, Callbacks> LIVE = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    final long number = NUMBERS.incrementAndGet();
    private final AtomicReferenceArray<Object> handlers = new AtomicReferenceArray<>(10);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private boolean closed;

    Callbacks() {
        LIVE.put(number, this);
    }

    /** How many are live in this process; for tests and for finding leaks. */
    public static int live() {
        return LIVE.size();
    }

    /** Returns what a handler threw first since the last call, or null, and forgets it. */
    public Throwable failure() {
        return failure.getAndSet(null);
    }

    /**
     * Takes the callbacks off their object and lets go of the handlers. An {@code SSL} that lives
     * on with copies of them finds no handler and is refused: free it first. A second call does
     * nothing.
     */
    @Override
    public synchronized void close() {
        if (!closed) {
            for (int kind = 0; kind < handlers.length(); kind++) {
                if (handlers.get(kind) != null) {
                    turn(kind, false);
                }
            }
            forget();
            release(number);
        }
    }

    /** Switches OpenSSL's callback of a kind on or off. */
    abstract void turn(int kind, boolean on);

    /** Takes this object's number off the native one, which is alive. */
    abstract void forget();

    final synchronized void set(int kind, Object handler) {
        if (closed) {
            throw new IllegalStateException(
                    "these callbacks are closed, or what they were set on was freed");
        }
        handlers.set(kind, handler);
        turn(kind, handler != null);
    }

    private static void release(long number) {
        Callbacks gone = LIVE.remove(number);
        if (gone != null) {
            synchronized (gone) {
                gone.closed = true;
                for (int kind = 0; kind < gone.handlers.length(); kind++) {
                    gone.handlers.set(kind, null);
                }
            }
        }
    }

    // ---- the way up from C --------------------------------------------------------------------

    private record Found(Callbacks owner, Object handler) {}

    static long dispatch(
            int kind, long own, long origin, long current, long a, long b, long c, long d, long e) {
        Callbacks owner = null;
        try {
            if (kind == CallbackBridge.RELEASE) {
                release(own);
                return 0;
            }
            // Key log lines come from the context that the connection has now, whatever it was made
            // from.
            Found found = kind == CallbackBridge.KEYLOG
                    ? find(kind, current)
                    : find(kind, own, origin, current);
            if (found == null) {
                return refusal(kind);
            }
            owner = found.owner();
            return call(kind, found.handler(), new SSL(new CallbackBridge.Address(a)), b, c, d, e);
        } catch (Throwable thrown) {
            if (owner != null) {
                owner.failure.compareAndSet(null, thrown);
            }
            return refusal(kind);
        }
    }

    private static Found find(int kind, long... numbers) {
        for (long number : numbers) {
            Callbacks owner = number == 0 ? null : LIVE.get(number);
            Object handler = owner == null ? null : owner.handlers.get(kind);
            if (handler != null) {
                return new Found(owner, handler);
            }
        }
        return null;
    }

    private static long call(int kind, Object handler, SSL ssl, long b, long c, long d, long e)
            throws Exception {
        switch (kind) {
            case CallbackBridge.VERIFY -> {
                X509_STORE_CTX store = new X509_STORE_CTX(new CallbackBridge.Address(c));
                return ((Verify) handler).verify(b != 0, store, ssl) ? 1 : 0;
            }
            case CallbackBridge.ALPN -> {
                return select((ALPNSelect) handler, ssl, bytes(b, c));
            }
            case CallbackBridge.KEYLOG -> {
                BytePointer line = new BytePointer(new CallbackBridge.Address(b));
                ((KeyLog) handler).line(ssl, line.getString(StandardCharsets.ISO_8859_1));
                return 0;
            }
            case CallbackBridge.INFO -> {
                ((Info) handler).info(ssl, (int) b, (int) c);
                return 0;
            }
            case CallbackBridge.MESSAGE -> {
                ((Message) handler).message(ssl, b != 0, (int) (c >> 32), (int) c, bytes(d, e));
                return 0;
            }
            case CallbackBridge.HELLO -> {
                Alert alert = new Alert();
                int result = ((ClientHello) handler).hello(ssl, alert);
                return (long) alert.description << 8 | result & 0xff;
            }
            case CallbackBridge.SERVERNAME -> {
                Alert alert = new Alert();
                int result = ((ServerName) handler).servername(ssl, alert);
                return (long) alert.description << 8 | result & 0xff;
            }
            case CallbackBridge.SESSION -> {
                SSL_SESSION session = new SSL_SESSION(new CallbackBridge.Address(b));
                return ((NewSession) handler).session(ssl, session) ? 1 : 0;
            }
            case CallbackBridge.STATUS -> {
                return ((Status) handler).status(ssl);
            }
            default -> throw new IllegalStateException("no callback of kind " + kind);
        }
    }

    private static long select(ALPNSelect handler, SSL ssl, byte[] wire) throws Exception {
        List<String> offered = new ArrayList<>();
        for (int at = 0; at < wire.length; at += 1 + (wire[at] & 0xff)) {
            offered.add(new String(wire, at + 1, wire[at] & 0xff, StandardCharsets.ISO_8859_1));
        }
        String chosen = handler.select(ssl, List.copyOf(offered));
        if (chosen == null) {
            return -1;
        }
        int at = 0;
        for (String name : offered) {
            if (name.equals(chosen)) {
                return at;
            }
            at += 1 + name.length();
        }
        throw new IllegalArgumentException("ALPN protocol \"" + chosen + "\" was not offered");
    }

    private static byte[] bytes(long address, long length) {
        byte[] bytes = new byte[Math.toIntExact(length)];
        if (length > 0) {
            new BytePointer(new CallbackBridge.Address(address)).get(bytes);
        }
        return bytes;
    }

    /** What stops a handshake, for the kinds that can. */
    private static long refusal(int kind) {
        return switch (kind) {
            case CallbackBridge.ALPN -> -2;
            case CallbackBridge.HELLO -> 80 << 8 | SslConstants.SSL_CLIENT_HELLO_ERROR & 0xff;
            case CallbackBridge.SERVERNAME ->
                80 << 8 | SslConstants.SSL_TLSEXT_ERR_ALERT_FATAL & 0xff;
            case CallbackBridge.STATUS -> -1;
            default -> 0;
        };
    }

    static <P extends Pointer> P required(P pointer) {
        if (pointer == null || pointer.isNull()) {
            throw new NullPointerException("a null pointer has no callbacks");
        }
        return pointer;
    }
}
