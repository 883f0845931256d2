package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.StateException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.events.Handle;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.internal.transport.Endpoint;
import io.github.securepair.internal.transport.ListenChannel;
import io.github.securepair.internal.transport.Transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Node's {@code net.Server}: accepts TCP or unix domain connections and emits each as a
 * {@link Socket}.
 *
 * <p>A server belongs to the thread of its {@link #loop()}; {@code listen} and {@code close} may
 * also be called from other threads and are then queued there. Listeners run on the loop, except
 * those of {@code 'connection'} with the option {@code loops}. A listening server keeps its loop
 * alive until it is closed or {@link #unref}'d.
 *
 * @see <a href="https://nodejs.org/api/net.html#class-netserver">Node's documentation</a>
 */
public class Server extends EventEmitter implements AutoCloseable {
    /** {@code 'listening'}. */
    public static final Event<Listener0> LISTENING = Event.of(Server.class, "listening");

    /** {@code 'connection'} (socket): a connection was accepted. */
    public static final Event<Listener1<Socket>> CONNECTION = Event.of(Server.class, "connection");

    /** {@code 'close'}: the server was closed and its last connection has ended. */
    public static final Event<Listener0> CLOSE = Event.of(Server.class, "close");

    /**
     * {@code 'drop'} (info): a connection was closed because there were too many; null for a unix
     * socket.
     */
    public static final Event<Listener1<DropInfo>> DROP = Event.of(Server.class, "drop");

    private static final int DEFAULT_BACKLOG = 511;
    private static final int DEFAULT_MARK = 16 * 1024;

    private final EventLoop loop;
    private final NetServerOptions options;
    private final AtomicInteger connections = new AtomicInteger();
    private volatile ListenChannel channel;

    private volatile String path;
    private volatile AddressInfo address;
    private volatile int maxConnections;
    private boolean unreferenced;
    private int listenings;

    /** Makes a server with Node's defaults. */
    public Server() {
        this(new NetServerOptions());
    }

    /** Makes a server. */
    public Server(NetServerOptions options) {
        this.options = options.copy();
        this.loop = options.loop != null ? options.loop : EventLoop.currentOrDefault();
        if (!loop.inLoop()) {
            _madeOutside(loop);
        }
        if (this.options.highWaterMark < 0) {
            this.options.highWaterMark = DEFAULT_MARK;
        }
    }

    /** Makes a server; {@code listener} gets each {@code 'connection'}. */
    public Server(NetServerOptions options, Listener1<Socket> listener) {
        this(options);
        if (listener != null) {
            on(CONNECTION, listener);
        }
    }

    /** Returns the loop this server belongs to. */
    public final EventLoop loop() {
        return loop;
    }

    // ---- listening ----------------------------------------------------------------------------

    /** Listens on any free port of all addresses. */
    public Server listen() {
        return listen(new ListenOptions().port(0), null);
    }

    /**
     * Listens on any free port of all addresses; {@code listener} is called once on
     * {@code 'listening'}.
     */
    public Server listen(Listener0 listener) {
        return listen(new ListenOptions().port(0), listener);
    }

    /** Listens on a port of all addresses; 0 is any free one. */
    public Server listen(int port) {
        return listen(new ListenOptions().port(port), null);
    }

    /**
     * Listens on a port of all addresses; {@code listener} is called once on {@code 'listening'}.
     */
    public Server listen(int port, Listener0 listener) {
        return listen(new ListenOptions().port(port), listener);
    }

    /** Listens on a port of all addresses, with this many connections waiting at most. */
    public Server listen(int port, int backlog, Listener0 listener) {
        return listen(new ListenOptions().port(port).backlog(backlog), listener);
    }

    /** Listens on a port of one address. */
    public Server listen(int port, String host) {
        return listen(new ListenOptions().port(port).host(host), null);
    }

    /** Listens on a port of one address; {@code listener} is called once on {@code 'listening'}. */
    public Server listen(int port, String host, Listener0 listener) {
        return listen(new ListenOptions().port(port).host(host), listener);
    }

    /** Listens on a port of one address, with this many connections waiting at most. */
    public Server listen(int port, String host, int backlog, Listener0 listener) {
        return listen(new ListenOptions().port(port).host(host).backlog(backlog), listener);
    }

    /** Listens on a unix domain socket, or on a port when the string is a number. */
    public Server listen(String path) {
        return listen(path, null);
    }

    /** Listens on a unix domain socket; {@code listener} is called once on {@code 'listening'}. */
    public Server listen(String path, Listener0 listener) {
        ListenOptions given = new ListenOptions();
        return listen(
                path != null && !NetErrors.isNumeric(path) ? given.path(path) : given.port(path),
                listener);
    }

    /** Listens on a unix domain socket, with this many connections waiting at most. */
    public Server listen(String path, int backlog, Listener0 listener) {
        return listen(new ListenOptions().path(path).backlog(backlog), listener);
    }

    /** Listens as the options say. */
    public Server listen(ListenOptions options) {
        return listen(options, null);
    }

    /**
     * Listens as the options say.
     *
     * <p>Wrong options are thrown; that a port is taken and the like is an {@code 'error'}. On
     * another thread than the loop's nothing is emitted, and no connection accepted, before that
     * thread had its turn to add listeners, see {@link EventLoop}; those that arrive meanwhile wait
     * in the backlog.
     *
     * @param listener called once on {@code 'listening'}; may be null
     * @throws StateException {@code ERR_SERVER_ALREADY_LISTEN}
     */
    public Server listen(ListenOptions options, Listener0 listener) {
        if (channel != null) {
            throw NetErrors.alreadyListening();
        }
        if (listener != null) {
            once(LISTENING, listener);
        }
        ListenOptions chosen = options.copy();
        boolean tcp = chosen.hasPort;
        int port = tcp && chosen.port != null ? NetErrors.port(chosen.port, "options.port") : 0;
        if (!tcp) {
            check(chosen);
        }
        if (loop.inLoop()) {
            listen(chosen, tcp, port, null);
        } else {
            Executor turn = _turn(loop);
            loop.execute(() -> {
                if (channel != null) {
                    turn.execute(() -> emit(ERROR, NetErrors.alreadyListening()));
                } else {
                    listen(chosen, tcp, port, turn);
                }
            });
        }
        return this;
    }

    private static void check(ListenOptions chosen) {
        if (chosen.path == null || chosen.path.isEmpty()) {
            throw new ArgumentException(
                    "TypeError",
                    "ERR_INVALID_ARG_VALUE",
                    "The argument 'options' must have the property \"port\" or \"path\". Received"
                            + " {}");
        }
        boolean mode = chosen.readableAll || chosen.writableAll;
        if (mode && chosen.path.charAt(0) == '\0') {
            throw ArgumentException.invalidArgValue(
                    "options",
                    chosen.path,
                    "can not set readableAll or writableAllt to true when path is abstract unix"
                            + " socket");
        }
    }

    /**
     * @param turn runs tasks after the turn of the thread that called listen(); null on the loop
     */
    private void listen(ListenOptions chosen, boolean tcp, int port, Executor turn) {
        int id = ++listenings;
        if (chosen.signal != null) {
            Runnable remove = chosen.signal.onAbort(this::close);
            once(CLOSE, remove::run);
        }
        int backlog = chosen.backlog > 0 ? chosen.backlog : DEFAULT_BACKLOG;
        if (!tcp) {
            listenUnix(chosen, backlog, turn);
        } else if (chosen.host == null || chosen.host.isEmpty()) {
            listenAnywhere(port, backlog, chosen.ipv6Only, turn);
        } else {
            lookupAndListen(id, chosen, port, backlog, turn);
        }
    }

    private void listenAnywhere(int port, int backlog, boolean ipv6Only, Executor turn) {
        ListenChannel.Result result =
                ListenChannel.listen(loop, "::", port, backlog, ipv6Only, new Acceptor());
        if (result.channel() != null || result.code().equals("EADDRINUSE")) {
            opened(result, "::", port, turn);
        } else {
            opened(
                    ListenChannel.listen(loop, "0.0.0.0", port, backlog, false, new Acceptor()),
                    "0.0.0.0",
                    port,
                    turn);
        }
    }

    private void lookupAndListen(
            int id, ListenOptions chosen, int port, int backlog, Executor turn) {
        Handle waiting = loop.handle();
        String host = chosen.host;
        BiConsumer<Throwable, String> found = (error, ip) -> {
            waiting.close();
            if (id != listenings) {
                return;
            }
            if (error != null) {
                inTurn(turn, () -> emit(ERROR, error));
            } else {
                opened(
                        ListenChannel.listen(
                                loop, ip, port, backlog, chosen.ipv6Only, new Acceptor()),
                        ip,
                        port,
                        turn);
            }
        };
        if (Net.isIP(host) != 0) {
            loop.nextTick(() -> found.accept(null, host));
        } else {
            SystemLookup.INSTANCE.lookup(
                    host,
                    new Lookup.Options(false, 0, 0),
                    (error, addresses) -> loop.execute(() -> found.accept(
                            error, error == null ? addresses.get(0).address() : null)));
        }
    }

    private void listenUnix(ListenOptions chosen, int backlog, Executor turn) {
        path = chosen.path;
        ListenChannel.Result result = ListenChannel.listen(loop, path, backlog, new Acceptor());
        opened(result, path, -1, turn);
        if (result.channel() != null && (chosen.readableAll || chosen.writableAll)) {
            permit(chosen);
        }
    }

    private void permit(ListenOptions chosen) {
        Path file = Path.of(chosen.path);
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (chosen.readableAll) {
                permissions.addAll(Set.of(
                        PosixFilePermission.OWNER_READ,
                        PosixFilePermission.GROUP_READ,
                        PosixFilePermission.OTHERS_READ));
            }
            if (chosen.writableAll) {
                permissions.addAll(Set.of(
                        PosixFilePermission.OWNER_WRITE,
                        PosixFilePermission.GROUP_WRITE,
                        PosixFilePermission.OTHERS_WRITE));
            }
            Files.setPosixFilePermissions(file, permissions);
        } catch (IOException refused) {
            channel.close();
            channel = null;
            throw new StateException("EPERM", "uv_pipe_chmod EPERM", refused);
        }
    }

    private void opened(ListenChannel.Result result, String where, int port, Executor turn) {
        if (result.channel() == null) {
            SystemException error = SystemException.describedAddress(
                    result.code(), "listen", where, port > 0 ? port : -1);
            inTurn(turn, () -> emit(ERROR, error));
            return;
        }
        ListenChannel opened = result.channel();
        channel = opened;
        address = SocketHandle.info(opened.localAddress());
        if (unreferenced) {
            opened.unref();
        }
        Runnable begin = () -> {
            if (channel == opened) {
                emit(LISTENING);
            }
        };
        if (turn == null) {
            opened.accept();
            loop.nextTick(begin);
        } else {
            turn.execute(() -> {
                opened.accept();
                begin.run();
            });
        }
    }

    /** Emits after the turn of the thread that called listen(), or in the next tick. */
    private void inTurn(Executor turn, Runnable emission) {
        if (turn == null) {
            loop.nextTick(emission);
        } else {
            turn.execute(emission);
        }
    }

    /**
     * Listens and completes with this server when it does, or with the error. A future that is
     * cancelled, or that something else lets fail, such as {@code orTimeout}, closes the server.
     * Any thread.
     */
    public CompletableFuture<Server> listenAsync(ListenOptions options) {
        CompletableFuture<Server> result = new CompletableFuture<>();
        onLoop(() -> {
            if (result.isDone()) {
                // Cancelled before it began.
                return;
            }
            boolean[] failedItself = {false};
            Consumer<Throwable> fail = error -> {
                failedItself[0] = true;
                result.completeExceptionally(error);
            };
            Listener1<Throwable> failed = fail::accept;
            Listener0 closed = () -> fail.accept(NetErrors.notRunning());
            on(ERROR, failed);
            on(CLOSE, closed);
            result.whenComplete((server, error) -> {
                off(ERROR, failed);
                off(CLOSE, closed);
                if (error != null && !failedItself[0]) {
                    close();
                }
            });
            try {
                listen(options, () -> result.complete(this));
            } catch (RuntimeException badOptions) {
                fail.accept(badOptions);
            }
        });
        return result;
    }

    /** Listens on a port of all addresses and completes when it does. Any thread. */
    public CompletableFuture<Server> listenAsync(int port) {
        return listenAsync(new ListenOptions().port(port));
    }

    /** Listens on a port of one address and completes when it does. Any thread. */
    public CompletableFuture<Server> listenAsync(int port, String host) {
        return listenAsync(new ListenOptions().port(port).host(host));
    }

    // ---- accepting ----------------------------------------------------------------------------

    /** Decides about connections, and takes over those that were accepted. */
    private final class Acceptor implements ListenChannel.Acceptor {
        @Override
        public EventLoop loopFor(Supplier<Endpoint> local, Supplier<Endpoint> remote) {
            if (maxConnections > 0 && connections.get() >= maxConnections) {
                emit(DROP, dropped(local.get(), remote.get()));
                return null;
            }
            BlockList blocked = options.blockList;
            Endpoint peer = blocked == null ? null : remote.get();
            if (peer != null && blocked.blocks(peer.address())) {
                return null;
            }
            connections.incrementAndGet();
            EventLoopGroup group = options.loops;
            return group == null ? loop : group.next();
        }

        @Override
        public boolean noDelay() {
            return options.noDelay;
        }

        @Override
        public void accepted(Transport transport) {
            SocketOptions socketOptions = new SocketOptions()
                    .loop(transport.loop())
                    .allowHalfOpen(options.allowHalfOpen)
                    .noDelay(options.noDelay)
                    .keepAlive(options.keepAlive)
                    .keepAliveInitialDelay(options.keepAliveInitialDelay)
                    .readableHighWaterMark(options.highWaterMark)
                    .writableHighWaterMark(options.highWaterMark);
            Socket socket =
                    Socket.accepted(Server.this, transport, socketOptions, options.pauseOnConnect);
            try {
                emit(CONNECTION, socket);
            } catch (Throwable thrown) {
                socket.blame(thrown);
                throw thrown;
            }
        }

        @Override
        public void abandoned() {
            connectionClosed();
        }

        @Override
        public void failed(String code) {
            emit(ERROR, SystemException.of(code, "accept"));
        }

        @Override
        public void closed() {
            channel = null;
            address = null;
            emitCloseIfDrained();
        }
    }

    private static DropInfo dropped(Endpoint local, Endpoint remote) {
        return local == null || remote == null
                ? null
                : new DropInfo(
                        local.address(),
                        local.port(),
                        local.family(),
                        remote.address(),
                        remote.port(),
                        remote.family());
    }

    /** A socket of this server was destroyed; on the socket's loop. */
    void connectionClosed() {
        if (connections.decrementAndGet() == 0) {
            if (loop.inLoop()) {
                emitCloseIfDrained();
            } else {
                loop.execute(this::emitCloseIfDrained);
            }
        }
    }

    // ---- closing ------------------------------------------------------------------------------

    /**
     * Stops listening. {@code 'close'} follows when the last connection has ended. Does not wait
     * for that, see {@link #closeAsync}.
     */
    @Override
    public void close() {
        close(null);
    }

    /**
     * Stops listening; connections go on.
     *
     * @param callback called once on {@code 'close'}, with {@code ERR_SERVER_NOT_RUNNING} when the
     *     server did not listen; may be null
     */
    public Server close(Callback callback) {
        if (!loop.inLoop()) {
            loop.execute(() -> close(callback));
            return this;
        }
        listenings++;
        ListenChannel closing = channel;
        if (callback != null) {
            once(CLOSE, () -> callback.call(closing == null ? NetErrors.notRunning() : null));
        }
        if (closing != null) {
            channel = null;
            address = null;
            closing.close();
        }
        emitCloseIfDrained();
        return this;
    }

    /**
     * Closes and completes when the last connection has ended, or with ERR_SERVER_NOT_RUNNING. To
     * cancel it changes nothing: the server closes all the same. Any thread.
     */
    public CompletableFuture<Void> closeAsync() {
        CompletableFuture<Void> result = new CompletableFuture<>();
        close(error -> {
            if (error == null) {
                result.complete(null);
            } else {
                result.completeExceptionally(error);
            }
        });
        return result;
    }

    private void emitCloseIfDrained() {
        if (channel == null && connections.get() <= 0) {
            ListenChannel.whenFree(loop, () -> emit(CLOSE));
        }
    }

    // ---- facts and options --------------------------------------------------------------------

    /** Returns whether the server listens. */
    public boolean listening() {
        return channel != null;
    }

    /**
     * Returns what the server listens on: an IP address and port, or a path; null when it does not
     * listen.
     */
    public AddressInfo address() {
        AddressInfo known = address;
        if (channel != null && known != null) {
            return known;
        }
        String unix = path;
        return unix != null ? AddressInfo.unix(unix) : null;
    }

    /** Returns the number of open connections. (Gone from newer Nodes.) */
    public int connections() {
        return connections.get();
    }

    /** Calls back, later on the loop, with null and the number of open connections. */
    public Server getConnections(BiConsumer<Throwable, Integer> callback) {
        int count = connections.get();
        loop.nextTick(() -> callback.accept(null, count));
        return this;
    }

    /** Returns how many connections there may be at once; 0 means any number. */
    public int maxConnections() {
        return maxConnections;
    }

    /**
     * Sets how many connections there may be at once; more are closed at once, with {@code 'drop'}.
     * 0 lifts the limit.
     */
    public Server maxConnections(int value) {
        maxConnections = value;
        return this;
    }

    /** Whether sockets stay writable after the peer's end. */
    public boolean allowHalfOpen() {
        return options.allowHalfOpen;
    }

    /** Whether sockets arrive paused. */
    public boolean pauseOnConnect() {
        return options.pauseOnConnect;
    }

    /** Whether sockets send small writes at once. */
    public boolean noDelay() {
        return options.noDelay;
    }

    /** Whether idle connections are probed. */
    public boolean keepAlive() {
        return options.keepAlive;
    }

    /** Returns the seconds (unlike the option) of silence before the first probe; 0: as is. */
    public int keepAliveInitialDelay() {
        return SocketHandle.seconds(options.keepAliveInitialDelay);
    }

    /** Returns the mark of the buffers of accepted sockets in bytes. */
    public int highWaterMark() {
        return options.highWaterMark;
    }

    /** Returns the addresses from which no connection is accepted, or null. */
    public BlockList blockList() {
        return options.blockList;
    }

    /** Lets the listening server keep its loop alive, the default. */
    public Server ref() {
        onLoop(() -> {
            unreferenced = false;
            if (channel != null) {
                channel.ref();
            }
        });
        return this;
    }

    /** Lets the loop end although the server listens. */
    public Server unref() {
        onLoop(() -> {
            unreferenced = true;
            if (channel != null) {
                channel.unref();
            }
        });
        return this;
    }

    private void onLoop(Runnable task) {
        if (loop.inLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    // ---- results of the right type ------------------------------------------------------------

    @Override
    public <L extends Listener> Server on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Server on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Server once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Server once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }
}
