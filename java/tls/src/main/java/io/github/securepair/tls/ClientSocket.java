package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.CodedException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Warnings;
import io.github.securepair.internal.transport.SetUp;
import io.github.securepair.net.Net;
import io.github.securepair.stream.Duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The client that {@link TLS#connect} makes: verifies the server as Node's does, before
 * {@code 'secureConnect'} is emitted.
 */
final class ClientSocket extends TLSSocket {
    private static final AtomicBoolean IP_SERVERNAME_WARNED = new AtomicBoolean();

    private final ClientSettings settings;
    private final Listener0 onEnd = this::endedEarly;
    private boolean secured;

    private ClientSocket(ClientSettings settings, SocketSettings socket, SecureContext context) {
        super(settings.over(), null, socket, context);
        this.settings = settings;
        on(SECURE, this::verify);
        prependListener(END, onEnd);
    }

    /**
     * Node's tls.connect. Everything that can be wrong with the options is thrown before anything
     * is opened.
     *
     * @param setUp called with the socket before anything happens, or null: then the calling thread
     *     gets its turn for that
     */
    static TLSSocket connect(ConnectOptions given, Listener0 listener, Consumer<TLSSocket> setUp) {
        ClientSettings settings = ClientSettings.of(given);
        SecureContext shared = settings.context();
        SecureContext context = shared != null ? shared : SecureContexts.create(given);
        ClientSocket socket;
        try {
            socket = new ClientSocket(settings, settings.socket(given), context);
        } finally {
            if (shared == null) {
                context.close();
            }
        }
        if (settings.servername() != null
                && Net.isIP(settings.servername()) != 0
                && IP_SERVERNAME_WARNED.compareAndSet(false, true)) {
            Warnings.emit(
                    "DeprecationWarning",
                    "DEP0123",
                    "Setting the TLS ServerName to an IP address is not permitted by RFC 6066."
                            + " This will be ignored in a future version.");
        }
        if (listener != null) {
            socket.once(SECURE_CONNECT, listener);
        }
        KeyLogFile.log(socket);
        Runnable start = socket::start;
        if (settings.where() != null) {
            try {
                if (settings.timeout() != 0) {
                    socket.setTimeout(settings.timeout());
                }
                socket.setNoDelay(settings.noDelay());
                if (settings.keepAlive()) {
                    socket.setKeepAlive(true, settings.keepAliveInitialDelay());
                }
                start = socket._prepareConnect(settings.where(), socket::start);
            } catch (RuntimeException e) {
                // A bad port or address: nothing native is left behind.
                socket.destroy();
                throw e;
            }
        }
        if (setUp != null) {
            SetUp.run(socket, start, setUp);
        } else if (socket.loop().inLoop()) {
            start.run();
        } else {
            socket._turn(socket.loop()).execute(start);
        }
        return socket;
    }

    /** A future of the socket when it is secure. */
    static CompletableFuture<TLSSocket> connectAsync(ConnectOptions options) {
        CompletableFuture<TLSSocket> result = new CompletableFuture<>();
        EventLoop loop = options.given(ConnectOptions.SOCKET) instanceof Duplex over
                ? over.loop()
                : options.given(EndpointOptions.LOOP) instanceof EventLoop given
                        ? given
                        : EventLoop.currentOrDefault();
        ConnectOptions bound = options.copy().loop(loop);
        // On the loop, so that listeners are there before anything happens.
        Runnable start = () -> {
            if (result.isDone()) {
                // Cancelled before it began.
                return;
            }
            try {
                TLSSocket socket = connect(bound, null, null);
                // Cancelled, or out of time: the socket is not wanted any more.
                result.whenComplete((secure, error) -> {
                    if (error != null) {
                        socket.destroy();
                    }
                });
                // It stays: the socket may belong to a thread that waits, which has later errors
                // thrown by its streams.
                socket.on(ERROR, result::completeExceptionally);
                socket.once(SECURE_CONNECT, () -> result.complete(socket));
                socket.once(
                        CLOSE,
                        hadError -> result.completeExceptionally(
                                new CodedException("ERR_SOCKET_CLOSED", "Socket is closed")));
            } catch (RuntimeException badOptions) {
                result.completeExceptionally(badOptions);
            }
        };
        if (loop.inLoop()) {
            start.run();
        } else {
            loop.execute(start);
        }
        return result;
    }

    // ---- verification -------------------------------------------------------------------------

    @Override
    boolean accept() {
        return true;
    }

    /** Node's onConnectSecure: before secureConnect, and before other listeners of secure. */
    private void verify() {
        EphemeralKeyInfo key = getEphemeralKeyInfo();
        if (key != null && "DH".equals(key.type()) && key.size() < settings.minDHSize()) {
            claimFirstError();
            emit(
                    ERROR,
                    new CodedException(
                            "ERR_TLS_DH_PARAM_SIZE",
                            "DH parameter size " + key.size() + " is less than 2048"));
            destroy();
            return;
        }
        if (destroyed()) {
            return;
        }
        Throwable error = Authorization.verifyError(transport.connection());
        if (error == null) {
            error = identityError();
            if (destroyed()) {
                return;
            }
        }
        if (refuses(error)) {
            failHandshake(error);
            return;
        }
        established();
        secured = true;
        emit(SECURE_CONNECT);
        releasePendingSession();
        removeListener(END, onEnd);
    }

    @Override
    String identityName() {
        String servername = settings.servername();
        if (servername != null && !servername.isEmpty()) {
            return servername;
        }
        String host = settings.host();
        if (host != null && !host.isEmpty()) {
            return host;
        }
        String below = internals.hostOf(settings.over());
        return below != null ? below : "localhost";
    }

    /** The server went away first. */
    private void endedEarly() {
        if (!secured && claimFirstError()) {
            destroy(new DisconnectedException(
                    settings.host(), settings.port(), settings.path(), settings.localAddress()));
        }
    }
}
