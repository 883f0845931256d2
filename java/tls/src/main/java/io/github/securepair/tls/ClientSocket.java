package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Warnings;
import io.github.securepair.internal.Netty;
import io.github.securepair.internal.transport.NetAccess;
import io.github.securepair.internal.transport.SetUp;
import io.github.securepair.net.Net;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The client that {@link TLS#connect} makes: verifies the server as Node's does, before anybody
 * hears of it.
 */
final class ClientSocket extends TLSSocket {
    private static final int MIN_DH_SIZE = 1024;
    private static final AtomicBoolean IP_SERVERNAME_WARNED = new AtomicBoolean();

    private final Duplex over;
    private final String host;
    private final String servername;
    private final String path;
    private final Object port;
    private final String localAddress;
    private final boolean rejects;
    private final ServerIdentityCheck identityCheck;
    private final int minDHSize;
    private final Listener0 onEnd = this::endedEarly;
    private boolean secured;

    private ClientSocket(
            Duplex over, ConnectOptions given, TLSSocketOptions options, SecureContext context) {
        super(over, null, options, context);
        this.over = over;
        host = NetOptions.text(given, "host");
        servername = NetOptions.text(given, "servername");
        path = NetOptions.path(given);
        port = given.get("port");
        localAddress = NetOptions.localAddress(given);
        rejects = !Boolean.FALSE.equals(given.get("rejectUnauthorized"));
        Object check = Options.typed(given, "checkServerIdentity", ServerIdentityCheck.class);
        identityCheck = check == null ? ServerIdentity::check : (ServerIdentityCheck) check;
        minDHSize = minDHSize(given);
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
        Duplex over = (Duplex) Options.typed(given, "socket", Duplex.class);
        SocketConnectOptions where = over == null ? NetOptions.ofConnect(given) : null;
        NetOptions.text(given, "host");
        NetOptions.path(given);
        NetOptions.localAddress(given);
        double delay = NetOptions.number(given, "keepAliveInitialDelay", 0);
        minDHSize(given);
        Options.typed(given, "checkServerIdentity", ServerIdentityCheck.class);
        String name = NetOptions.text(given, "servername");
        TLSSocketOptions options = new TLSSocketOptions();
        for (String each : new String[] {
            "allowHalfOpen",
            "session",
            "ALPNProtocols",
            "NPNProtocols",
            "requestOCSP",
            "enableTrace",
            "requireCloseNotify",
            "pskCallback",
            "postHandshakeAuth",
            "highWaterMark",
            "onread",
            "signal",
            "loop",
            "profile"
        }) {
            options.set(each, given.get(each));
        }
        options.set("requestCert", true);
        options.set("rejectUnauthorized", !Boolean.FALSE.equals(given.get("rejectUnauthorized")));
        options.set("servername", name);
        Object shared = given.get("secureContext");
        if (shared != null && !(shared instanceof SecureContext)) {
            throw new ArgumentException(
                    "TypeError", "ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext");
        }
        SecureContext context =
                shared != null ? (SecureContext) shared : SecureContexts.create(given);
        ClientSocket socket;
        try {
            socket = new ClientSocket(over, given, options, context);
        } finally {
            if (shared == null) {
                context.close();
            }
        }
        if (name != null
                && Net.isIP(name) != 0
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
        EnvironmentOptions.log(socket);
        Runnable start = socket::start;
        if (where != null) {
            try {
                double timeout = NetOptions.timeout(given);
                if (timeout != 0) {
                    socket.setTimeout(timeout);
                }
                socket.setNoDelay(Options.truthy(given.get("noDelay")));
                if (Options.truthy(given.get("keepAlive"))) {
                    socket.setKeepAlive(true, Math.max(0, delay));
                }
                start = NetAccess.get().prepare(socket, where, socket::start);
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
            Netty.turn(socket.loop()).then(socket, start);
        }
        return socket;
    }

    /** A future of the socket when it is secure. */
    static CompletableFuture<TLSSocket> connectAsync(ConnectOptions options) {
        CompletableFuture<TLSSocket> result = new CompletableFuture<>();
        EventLoop loop = options.get("socket") instanceof Duplex over
                ? over.loop()
                : options.get("loop") instanceof EventLoop given
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
                TLSSocket socket = connect(EnvironmentOptions.client(bound), null, null);
                // Cancelled, or out of time: nobody waits for the socket any more.
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

    // ---- options ------------------------------------------------------------------------------

    private static int minDHSize(Options options) {
        Object value = options.get("minDHSize");
        return value == null
                ? MIN_DH_SIZE
                : (int) Options.integer("options.minDHSize", value, 1, Integer.MAX_VALUE);
    }

    // ---- verification -------------------------------------------------------------------------

    @Override
    boolean accept() {
        return true;
    }

    /** Node's onConnectSecure: before secureConnect, and before other listeners of secure. */
    private void verify() {
        EphemeralKeyInfo key = getEphemeralKeyInfo();
        if (key != null && "DH".equals(key.type()) && key.size() < minDHSize) {
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
        recordVerification(error);
        if (error != null && rejects) {
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
    ServerIdentityCheck identityCheck() {
        return identityCheck;
    }

    @Override
    String identityName() {
        if (servername != null && !servername.isEmpty()) {
            return servername;
        }
        if (host != null && !host.isEmpty()) {
            return host;
        }
        String below = over instanceof Socket socket ? NetAccess.get().host(socket) : null;
        return below != null ? below : "localhost";
    }

    /** The server went away first. */
    private void endedEarly() {
        if (!secured && claimFirstError()) {
            destroy(new DisconnectedException(host, port, path, localAddress));
        }
    }
}
