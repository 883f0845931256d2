package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.net.AddressInfo;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;

/**
 * TLS without a socket: Node 0.12's {@code SecurePair}. What is written to {@link #cleartext()} can
 * be read, encrypted, from {@link #encrypted()}, and the other way round; the program carries the
 * ciphertext to the peer and back.
 *
 * <p>A client begins by itself. {@code secure} reports that the handshake is done;
 * {@code cleartext().authorized()} then says whether the peer's certificate verified, and with
 * {@code rejectUnauthorized} a peer whose certificate does not is refused. What fails before
 * {@code secure} is an {@code error} of the pair, later ones are the cleartext stream's. The
 * streams have no half-open state: the end of one is the end of the other.
 */
public class SecurePair extends EventEmitter {
    /** {@code 'secure'}: the handshake is done, and the peer was not refused. Once. */
    public static final Event<Listener0> SECURE = Event.of(SecurePair.class, "secure");

    private final EncryptedStream encrypted;
    private final Cleartext cleartext;
    private final SecureContext credentials;
    private boolean secure;

    /**
     * Makes a pair.
     *
     * @param context null makes one with all defaults; a given one stays the caller's
     * @param requestCert whether a server asks for a certificate; null is {@code !isServer}
     * @param options further options, as for a TLSSocket; may be null
     */
    public SecurePair(
            SecureContext context,
            boolean isServer,
            Boolean requestCert,
            boolean rejectUnauthorized,
            TLSSocketOptions options) {
        TLSSocketOptions all = options == null ? new TLSSocketOptions() : options.copy();
        all.isServer(isServer);
        all.requestCert(requestCert == null ? !isServer : requestCert);
        all.rejectUnauthorized(rejectUnauthorized);
        all.put(EndpointOptions.ALLOW_HALF_OPEN, null);
        EventLoop given = all.read(EndpointOptions.LOOP);
        EventLoop loop = given == null ? EventLoop.currentOrDefault() : given;
        all.loop(loop);
        credentials = context;
        encrypted = new EncryptedStream(loop, this);
        cleartext = new Cleartext(SocketSettings.byHand(all), context);
        if (loop.inLoop()) {
            loop.nextTick(this::start);
        } else {
            _madeOutside(loop);
            _turn(loop).execute(this::start);
        }
    }

    private void start() {
        if (!cleartext.isServer) {
            cleartext.start();
        }
    }

    /** The stream of plaintext; it is a whole TLSSocket, and a {@link CryptoStream}. */
    public TLSSocket cleartext() {
        return cleartext;
    }

    /** The stream of ciphertext; a {@link CryptoStream}. */
    public Duplex encrypted() {
        return encrypted;
    }

    /** The context given, or null. */
    public SecureContext credentials() {
        return credentials;
    }

    /** The option {@code server}, or null. */
    public Server server() {
        return cleartext.server();
    }

    /** The name the client asked for (SNI), known from {@code secure} on; null for none. */
    public String servername() {
        return cleartext.servername();
    }

    /** The NPN protocol, known from {@code secure} on; null for none. */
    public String npnProtocol() {
        return cleartext.npnProtocol();
    }

    /** The ALPN protocol, known from {@code secure} on; null for none. */
    public String alpnProtocol() {
        return cleartext.alpnProtocol();
    }

    /** Destroys both streams, with what is in them. Repeatable, from any thread. */
    public void destroy() {
        cleartext.destroy();
        encrypted.destroy();
    }

    private void fail(Throwable error) {
        cleartext.destroy();
        emit(ERROR, error);
    }

    /** The cleartext end. */
    private final class Cleartext extends TLSSocket implements CryptoStream {
        Cleartext(SocketSettings settings, SecureContext context) {
            super(null, encrypted.transport(), settings, context);
            on(ERROR, error -> {});
            on(TLSSocket.SECURE, this::announce);
            on(END, this::ended);
        }

        private void announce() {
            if (!secure) {
                secure = true;
                SecurePair.this.emit(SecurePair.SECURE);
            }
        }

        private void ended() {
            if (!secure) {
                failHandshake(SystemException.plain("ECONNRESET", "socket hang up"));
            }
        }

        @Override
        void failHandshake(Throwable error) {
            if (claimFirstError()) {
                fail(error);
            }
        }

        @Override
        public SecurePair pair() {
            return SecurePair.this;
        }

        @Override
        public long bytesWritten() {
            return encrypted.bytesWritten();
        }

        @Override
        public AddressInfo address() {
            Socket socket = encrypted.socket();
            return socket == null ? AddressInfo.NONE : socket.address();
        }

        @Override
        public String remoteAddress() {
            Socket socket = encrypted.socket();
            return socket == null ? null : socket.remoteAddress();
        }

        @Override
        public int remotePort() {
            Socket socket = encrypted.socket();
            return socket == null ? -1 : socket.remotePort();
        }

        @Override
        public String remoteFamily() {
            Socket socket = encrypted.socket();
            return socket == null ? null : socket.remoteFamily();
        }

        @Override
        public Socket setNoDelay(boolean enable) {
            if (encrypted.socket() != null) {
                encrypted.socket().setNoDelay(enable);
            }
            return this;
        }

        @Override
        public Socket setKeepAlive(boolean enable, double initialDelay) {
            if (encrypted.socket() != null) {
                encrypted.socket().setKeepAlive(enable, initialDelay);
            }
            return this;
        }
    }

    @Override
    public <L extends Listener> SecurePair on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public SecurePair on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> SecurePair once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public SecurePair once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }
}
