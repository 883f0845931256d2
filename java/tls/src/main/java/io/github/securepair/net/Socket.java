package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.events.Listener3;
import io.github.securepair.events.Listener4;
import io.github.securepair.internal.transport.ChannelTransport;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.DuplexTransport;
import io.github.securepair.internal.transport.Receiver;
import io.github.securepair.internal.transport.SocketInternals;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.stream.Duplex;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * Node's {@code net.Socket}: one end of a TCP or unix domain connection, as a stream.
 *
 * <p>A socket belongs to the thread of its {@link #loop()}; {@code connect}, {@code write},
 * {@code end}, {@code destroy}, {@code pause}, {@code resume} and {@code pipe} may also be called
 * from other threads and are then queued there. Listeners run on the loop. A socket keeps its loop
 * alive while it reads and is not {@link #unref}'d, and while it connects or writes; one that is
 * paused with a full buffer, or at the peer's end, does not (Node: libuv's active handles).
 *
 * <p>Errors are system errors with Node's codes and texts, such as {@code connect ECONNREFUSED
 * 127.0.0.1:1}.
 *
 * @see <a href="https://nodejs.org/api/net.html#class-netsocket">Node's documentation</a>
 */
public class Socket extends BlockingDuplex {
    /**
     * {@code 'lookup'} (error, address, family, host): a name was resolved, or not; once per
     * address found.
     */
    public static final Event<Listener4<Throwable, String, Integer, String>> LOOKUP =
            Event.of(Socket.class, "lookup");

    /**
     * {@code 'connectionAttempt'} (address, port, family): an address is tried; only a path for a
     * unix socket.
     */
    public static final Event<Listener3<String, Integer, Integer>> CONNECTION_ATTEMPT =
            Event.of(Socket.class, "connectionAttempt");

    /** {@code 'connectionAttemptFailed'} (address, port, family, error). */
    public static final Event<Listener4<String, Integer, Integer, Throwable>>
            CONNECTION_ATTEMPT_FAILED = Event.of(Socket.class, "connectionAttemptFailed");

    /** {@code 'connectionAttemptTimeout'} (address, port, family): the next address is tried. */
    public static final Event<Listener3<String, Integer, Integer>> CONNECTION_ATTEMPT_TIMEOUT =
            Event.of(Socket.class, "connectionAttemptTimeout");

    /** {@code 'connect'}: the connection is established. */
    public static final Event<Listener0> CONNECT = Event.of(Socket.class, "connect");

    /** {@code 'ready'}: right after {@code 'connect'}. */
    public static final Event<Listener0> READY = Event.of(Socket.class, "ready");

    /** {@code 'timeout'}: nothing was read or written for the time given to {@link #setTimeout}. */
    public static final Event<Listener0> TIMEOUT = Event.of(Socket.class, "timeout");

    /** {@code 'close'} (hadError): the socket is closed; nothing follows. */
    public static final Event<Listener1<Boolean>> CLOSE = Event.of(Socket.class, "close");

    private final SocketReceiver receiver = new SocketReceiver();
    private final SocketHandle handle;
    private final IdleTimer idleTimer;
    private final BlockList blockList;
    private ReadBuffer onread;
    private ConnectAttempts attempt;
    private boolean connecting;
    private String host;

    /** The socket below this one: its idle timer and its share in the loop's life follow. */
    private Socket parent;

    private Server server;

    /** Whether the server counts this among its connections. */
    private boolean counted;

    private boolean peerEnded;
    private boolean resetting;
    private Callback writeCallback;
    private int inFlight;
    private List<String> attempted;

    /** Makes an unconnected socket with Node's defaults. */
    public Socket() {
        this(new SocketOptions());
    }

    /** Makes an unconnected socket. */
    public Socket(BaseSocketOptions<?> options) {
        this(options, null);
    }

    /** Makes a socket over a transport, or an unconnected one. */
    Socket(BaseSocketOptions<?> options, Transport transport) {
        super(options.ofStream());
        handle = new SocketHandle(options, receiver);
        idleTimer = new IdleTimer(loop());
        onread = options.onread == null ? null : new ReadBuffer(options.onread);
        blockList = options.blockList;
        on(END, this::onReadableEnd);
        if (transport != null) {
            handle.setTransport(transport);
        }
        if (options.signal != null) {
            abortWith(options.signal);
        }
    }

    private void abortWith(AbortSignal signal) {
        Runnable abort = () -> destroy(
                new AbortSignal.AbortException("The operation was aborted", signal.reason()));
        if (signal.aborted()) {
            // Not before the program had its chance to add listeners.
            if (loop().inLoop()) {
                loop().nextTick(abort);
            } else {
                _turn(loop()).execute(abort);
            }
            return;
        }
        Runnable remove = signal.onAbort(abort);
        on(CLOSE, hadError -> remove.run());
    }

    // ---- connecting ---------------------------------------------------------------------------

    /** Connects to a port of {@code localhost}. */
    public Socket connect(int port) {
        return connect(new SocketConnectOptions().port(port), null);
    }

    /**
     * Connects to a port of {@code localhost}; {@code listener} is called once on
     * {@code 'connect'}.
     */
    public Socket connect(int port, Listener0 listener) {
        return connect(new SocketConnectOptions().port(port), listener);
    }

    /** Connects to a port of a host, a name or an address. */
    public Socket connect(int port, String host) {
        return connect(new SocketConnectOptions().port(port).host(host), null);
    }

    /** Connects to a port of a host; {@code listener} is called once on {@code 'connect'}. */
    public Socket connect(int port, String host, Listener0 listener) {
        return connect(new SocketConnectOptions().port(port).host(host), listener);
    }

    /**
     * Connects to a unix domain socket, or to a port of {@code localhost} when the string is a
     * number.
     */
    public Socket connect(String path) {
        return connect(path, null);
    }

    /** Connects to a unix domain socket; {@code listener} is called once on {@code 'connect'}. */
    public Socket connect(String path, Listener0 listener) {
        return connect(pathOrPort(path), listener);
    }

    /** Connects as the options say. */
    public Socket connect(SocketConnectOptions options) {
        return connect(options, null);
    }

    /**
     * Connects as the options say. A socket that has closed may be connected again.
     *
     * <p>Wrong options are thrown; whatever else goes wrong is an {@code 'error'}. On another
     * thread than the loop's the attempt begins when that thread had its turn to add listeners, see
     * {@link EventLoop}.
     *
     * @param listener called once on {@code 'connect'}; may be null
     */
    public Socket connect(SocketConnectOptions options, Listener0 listener) {
        Runnable start = _prepareConnect(options, listener);
        if (loop().inLoop()) {
            start.run();
        } else {
            _turn(loop()).execute(start);
        }
        return this;
    }

    /**
     * Connects in two steps: from now on the socket is connecting, so that what is written waits;
     * but nothing happens that could be emitted before the second step.
     *
     * @param listener called once on {@code 'connect'}; may be null
     * @return the second step, to be run on the loop
     */
    protected final Runnable _prepareConnect(SocketConnectOptions options, Listener0 listener) {
        if (options.port == null && options.path == null) {
            throw ArgumentException.missingArgs("\"options\" or \"port\" or \"path\"", false);
        }
        SocketConnectOptions chosen = options.copy();
        boolean unix = chosen.path != null && !chosen.path.isEmpty();
        int port = unix ? 0 : ConnectAttempts.check(chosen);
        if (listener != null) {
            once(CONNECT, listener);
        }
        if (loop().inLoop()) {
            return prepareOnLoop(chosen, unix, port);
        }
        Runnable[] start = {() -> {}}; // stays if preparing throws, which the loop's handler gets
        loop().execute(() -> start[0] = prepareOnLoop(chosen, unix, port));
        return () -> start[0].run();
    }

    private Runnable prepareOnLoop(SocketConnectOptions options, boolean unix, int port) {
        if (parent != null && parent.connecting) {
            return () -> {};
        }
        peerEnded = false;
        if (destroyed()) {
            handle.forget();
        }
        String refused = !handle.isOpen() ? null : connecting ? "EALREADY" : "EISCONN";
        if (!handle.isOpen() && !connecting) {
            _undestroy();
            handle.resetCounts();
            if (onread != null) {
                onread.renew();
            }
        }
        refreshTimer();
        connecting = true;
        if (attempt != null) {
            attempt.cancel();
        }
        ConnectAttempts begun = new ConnectAttempts(this, options, port, refused);
        attempt = begun;
        return () -> begun.begin(unix);
    }

    static SocketConnectOptions pathOrPort(String path) {
        SocketConnectOptions options = new SocketConnectOptions();
        return path != null && NetErrors.isNumeric(path) ? options.port(path) : options.path(path);
    }

    /**
     * Connects as the options say and completes when that has worked or failed. A failure is an
     * {@code 'error'} too. A future that is cancelled, or that something else lets fail, such as
     * {@code orTimeout}, destroys the socket.
     *
     * <p>Later errors of the socket need no listener: it may belong to a thread that waits, which
     * has them thrown by its streams.
     */
    public CompletableFuture<Socket> connectAsync(SocketConnectOptions options) {
        CompletableFuture<Socket> result = new CompletableFuture<>();
        // Also keeps a failure from being an unhandled 'error': the future is its handler.
        Listener1<Throwable> failed = result::completeExceptionally;
        Runnable start = () -> {
            on(ERROR, failed);
            once(CLOSE, hadError -> {
                off(ERROR, failed);
                result.completeExceptionally(NetErrors.closedBeforeConnection());
            });
            try {
                connect(options, () -> result.complete(this));
                result.whenComplete((socket, error) -> {
                    if (error != null) {
                        destroy();
                    }
                });
            } catch (RuntimeException badOptions) {
                off(ERROR, failed);
                result.completeExceptionally(badOptions);
            }
        };
        if (loop().inLoop()) {
            start.run();
        } else {
            loop().execute(start);
        }
        return result;
    }

    // What ConnectAttempts does with its socket.

    SocketHandle handle() {
        return handle;
    }

    void setHostName(String name) {
        host = name;
    }

    /** Whether the option of the socket, or the one of this connect(), forbids an address. */
    boolean blocks(BlockList ofConnect, String ip) {
        return blockList != null && blockList.blocks(ip)
                || ofConnect != null && ofConnect.blocks(ip);
    }

    void attempted(List<String> addresses) {
        attempted = addresses;
    }

    /** The channel is connected. */
    void onConnected() {
        if (destroyed()) {
            return;
        }
        connecting = false;
        attempt = null;
        refreshTimer();
        handle.connected();
        emit(CONNECT);
        emit(READY);
        if (!isPaused() && !destroyed()) {
            read(0);
        }
    }

    // ---- reading ------------------------------------------------------------------------------

    @Override
    protected void _read(int size) {
        if (pending()) {
            once(CONNECT, () -> _read(size));
        } else {
            handle.readStart();
        }
    }

    @Override
    public Object read() {
        startOnread();
        return super.read();
    }

    @Override
    public Object read(int size) {
        startOnread();
        return super.read(size);
    }

    @Override
    public Socket pause() {
        if (onread != null && loop().inLoop() && !pending() && !destroyed()) {
            handle.transport().readStop();
        }
        super.pause();
        return this;
    }

    @Override
    public Socket resume() {
        if (loop().inLoop()) {
            startOnread();
        }
        super.resume();
        return this;
    }

    /**
     * Gives a socket that a server accepted what Node takes in the constructor only: its bytes go
     * into the program's own buffer. Call it in the listener that gets the socket.
     *
     * @throws IllegalStateException when bytes wait for {@code read()} already
     */
    public Socket onread(Onread value) {
        Objects.requireNonNull(value, "value");
        if (readableLength() > 0) {
            throw new IllegalStateException("bytes were read before onread was set");
        }
        if (!loop().inLoop()) {
            // A record may be on its way into the buffer that is set now.
            loop().execute(() -> onread(value));
            return this;
        }
        onread = new ReadBuffer(value);
        startOnread();
        return this;
    }

    @Override
    boolean readsIntoBuffer() {
        return onread != null;
    }

    private void startOnread() {
        if (onread != null && !pending()) {
            handle.readStart();
        }
    }

    private void onReadableEnd() {
        inputEnded();
        if (!allowHalfOpen()) {
            peerEnded = true;
        }
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    public boolean write(Object chunk, String encoding, Callback callback) {
        if (!peerEnded || !writableEnded()) {
            return super.write(chunk, encoding, callback);
        }
        if (!loop().inLoop()) {
            loop().execute(() -> write(chunk, encoding, callback));
            return false;
        }
        Throwable error =
                SystemException.plain("EPIPE", "This socket has been ended by the other party");
        if (callback != null) {
            loop().nextTick(() -> callback.call(error));
        }
        destroy(error);
        return false;
    }

    @Override
    protected void _write(ByteBuffer chunk, Callback callback) {
        if (connecting) {
            whenConnected(callback, () -> _write(chunk, callback));
        } else if (!handle.isOpen()) {
            callback.call(NetErrors.closed());
        } else {
            beginWrite(chunk.remaining(), callback);
            endWrite(handle.transport().write(chunk, receiver), callback);
        }
    }

    @Override
    protected void _writev(List<ByteBuffer> chunks, Callback callback) {
        if (connecting) {
            whenConnected(callback, () -> _writev(chunks, callback));
        } else if (!handle.isOpen()) {
            callback.call(NetErrors.closed());
        } else {
            int size = 0;
            for (ByteBuffer chunk : chunks) {
                size += chunk.remaining();
            }
            beginWrite(size, callback);
            endWrite(handle.transport().write(chunks, receiver), callback);
        }
    }

    private void whenConnected(Callback callback, Listener0 write) {
        Listener1<Boolean> onClose = hadError -> callback.call(NetErrors.closedBeforeConnection());
        once(CONNECT, () -> {
            off(CLOSE, onClose);
            write.handle();
        });
        once(CLOSE, onClose);
    }

    private void beginWrite(int size, Callback callback) {
        refreshTimer();
        writeCallback = callback;
        inFlight = size;
    }

    private void endWrite(boolean atOnce, Callback callback) {
        if (atOnce) {
            writeCallback = null;
            inFlight = 0;
            callback.call(null);
        } else {
            idleTimer.setWriteQueueSize(inFlight);
        }
    }

    private void onWritten(Throwable error) {
        Callback callback = writeCallback;
        writeCallback = null;
        inFlight = 0;
        if (callback == null) {
            return;
        }
        if (error != null) {
            // Also when it is destroyed: what did not leave was not written.
            callback.call(error);
        } else if (destroyed()) {
            callback.call(null);
        } else {
            refreshTimer();
            idleTimer.setWriteQueueSize(0);
            callback.call(null);
        }
    }

    @Override
    protected void _final(Callback callback) {
        if (pending()) {
            once(CONNECT, () -> _final(callback));
        } else {
            handle.transport().shutdown(error -> callback.call(null));
        }
    }

    @Override
    public Socket end() {
        super.end();
        return this;
    }

    @Override
    public Socket end(Object chunk) {
        super.end(chunk);
        return this;
    }

    @Override
    public Socket end(Callback callback) {
        super.end(callback);
        return this;
    }

    @Override
    public Socket end(Object chunk, Callback callback) {
        super.end(chunk, callback);
        return this;
    }

    @Override
    public Socket end(Object chunk, String encoding) {
        super.end(chunk, encoding);
        return this;
    }

    @Override
    public Socket end(Object chunk, String encoding, Callback callback) {
        super.end(chunk, encoding, callback);
        return this;
    }

    // ---- closing ------------------------------------------------------------------------------

    /** Ends the socket and destroys it when everything written has been handed to the system. */
    public void destroySoon() {
        if (!loop().inLoop()) {
            loop().execute(this::destroySoon);
            return;
        }
        if (writable()) {
            end();
        }
        if (writableFinished()) {
            destroy();
        } else {
            once(FINISH, this::destroy);
        }
    }

    /**
     * Closes the TCP connection with a reset. One that is still connecting is reset when it is
     * connected; a socket without a connection is destroyed with {@code ERR_SOCKET_CLOSED}.
     *
     * @throws ArgumentException {@code ERR_INVALID_HANDLE_TYPE} when this is not plain TCP
     */
    public Socket resetAndDestroy() {
        if (!loop().inLoop()) {
            loop().execute(this::resetAndDestroy);
            return this;
        }
        if (handle.isOpen() && !handle.isTCP()) {
            throw NetErrors.invalidHandle();
        }
        if (connecting) {
            // The socket may have no channel yet: it is made when the address is known.
            once(CONNECT, this::reset);
        } else if (handle.isOpen()) {
            reset();
        } else {
            destroy(NetErrors.closed());
        }
        return this;
    }

    private void reset() {
        resetting = true;
        destroy();
    }

    @Override
    public Socket destroy() {
        super.destroy();
        return this;
    }

    @Override
    public Socket destroy(Throwable error) {
        super.destroy(error);
        return this;
    }

    @Override
    protected void _destroy(Throwable error, Callback callback) {
        boolean hadHandle = handle.isOpen() || connecting;
        destroyedUnderStreams(error);
        connecting = false;
        if (attempt != null) {
            attempt.cancel();
            attempt = null;
        }
        for (Socket each = this; each != null; each = each.parent) {
            each.idleTimer.stop();
        }
        boolean hadError = error != null;
        Receiver newOwner = handle.newOwner();
        Runnable emitClose = inTurn(() -> emitClose(hadError, newOwner));
        if (handle.isOpen()) {
            handle.close(resetting, emitClose);
            resetting = false;
            callback.call(error);
        } else {
            callback.call(error);
            if (hadHandle) {
                // Node would close a handle here, which takes a loop iteration; keep that order.
                loop().execute(emitClose);
            } else {
                loop().nextTick(emitClose);
            }
        }
        if (counted) {
            counted = false;
            server.connectionClosed();
        }
    }

    /** Emits 'close', then reports it to a receiver that took the bytes over, in any case. */
    private void emitClose(boolean hadError, Receiver newOwner) {
        try {
            emit(CLOSE, hadError);
        } finally {
            if (newOwner != null) {
                newOwner.onClosed();
            }
        }
    }

    // ---- options of the connection ------------------------------------------------------------

    /**
     * Emits {@code 'timeout'} after so many milliseconds without traffic, each time; 0 stops that.
     * Never closes by itself.
     */
    public Socket setTimeout(double milliseconds) {
        return setTimeout(milliseconds, null);
    }

    /**
     * Emits {@code 'timeout'} after so many milliseconds without traffic, each time; 0 stops that.
     *
     * @param listener called once on {@code 'timeout'}; with 0 it is taken off instead
     */
    public Socket setTimeout(double milliseconds, Listener0 listener) {
        long duration = NetErrors.duration(milliseconds);
        if (!loop().inLoop()) {
            loop().execute(() -> setTimeout(milliseconds, listener));
            return this;
        }
        if (destroyed()) {
            return this;
        }
        idleTimer.set(duration, this::onIdle);
        if (listener == null) {
            return this;
        }
        if (duration == 0) {
            off(TIMEOUT, listener);
        } else {
            once(TIMEOUT, listener);
        }
        return this;
    }

    /** Returns what {@link #setTimeout} was given, or -1 when it was not called. */
    public long timeout() {
        return idleTimer.timeout();
    }

    private void onIdle() {
        boolean begins = attempt != null && !attempt.hasBegun();
        if (begins || idleTimer.isWriteProgressing(handle.transport())) {
            refreshTimer();
        } else {
            emit(TIMEOUT);
        }
    }

    private void refreshTimer() {
        for (Socket each = this; each != null; each = each.parent) {
            each.idleTimer.refresh();
        }
    }

    /** Sends small writes at once from now on. */
    public Socket setNoDelay() {
        return setNoDelay(true);
    }

    /** Sends small writes at once (TCP_NODELAY) or collects them for a moment, the default. */
    public Socket setNoDelay(boolean enable) {
        onLoop(() -> handle.setNoDelay(enable, connecting));
        return this;
    }

    /** Switches probes of an idle connection off or on, with the delay as it is. */
    public Socket setKeepAlive(boolean enable) {
        return setKeepAlive(enable, 0);
    }

    /**
     * Switches probes of an idle connection off or on; the first is sent after so many milliseconds
     * of silence.
     */
    public Socket setKeepAlive(boolean enable, double initialDelay) {
        int delay = SocketHandle.seconds(initialDelay);
        onLoop(() -> handle.setKeepAlive(enable, delay, connecting));
        return this;
    }

    /** Lets the socket keep its loop alive while it reads, the default. */
    public Socket ref() {
        onLoop(() -> setReferenced(true));
        return this;
    }

    /** Lets the loop end although this socket reads. To connect and to write count all the same. */
    public Socket unref() {
        onLoop(() -> setReferenced(false));
        return this;
    }

    private void setReferenced(boolean referenced) {
        for (Socket each = this; each != null; each = each.parent) {
            each.handle.setReferenced(referenced);
        }
    }

    private void onLoop(Runnable task) {
        if (loop().inLoop()) {
            task.run();
        } else {
            loop().execute(task);
        }
    }

    // ---- facts --------------------------------------------------------------------------------

    /**
     * Returns the local end, {@link AddressInfo#NONE} when there is none: not connected, closed, or
     * a unix socket.
     */
    public AddressInfo address() {
        return handle.localAddress();
    }

    /** Returns the local IP address, or null. */
    public String localAddress() {
        return address().address();
    }

    /** Returns the local port, or -1. */
    public int localPort() {
        return address().port();
    }

    /** Returns {@code "IPv4"} or {@code "IPv6"}, or null. */
    public String localFamily() {
        return address().family();
    }

    private AddressInfo peer() {
        return handle.remoteAddress(connecting);
    }

    /** Returns the peer's IP address, or null; after close only if it was asked for before. */
    public String remoteAddress() {
        return peer().address();
    }

    /** Returns the peer's port, or -1; after close only if the peer was asked for before. */
    public int remotePort() {
        return peer().port();
    }

    /**
     * Returns {@code "IPv4"} or {@code "IPv6"}, or null; after close only if the peer was asked for
     * before.
     */
    public String remoteFamily() {
        return peer().family();
    }

    /**
     * Returns the addresses that autoSelectFamily has tried, as {@code address:port}, or null when
     * it did not run.
     */
    public List<String> autoSelectFamilyAttemptedAddresses() {
        return attempted;
    }

    /** Returns whether connect() was called and has neither worked nor failed yet. */
    public boolean connecting() {
        return connecting;
    }

    /** Returns whether the socket is not connected: not yet, still connecting, or no more. */
    public boolean pending() {
        return !handle.isOpen() || connecting;
    }

    /**
     * Returns {@code "opening"}, {@code "open"}, {@code "readOnly"}, {@code "writeOnly"} or
     * {@code "closed"}.
     */
    public String readyState() {
        if (connecting) {
            return "opening";
        }
        if (readable()) {
            return writable() ? "open" : "readOnly";
        }
        return writable() ? "writeOnly" : "closed";
    }

    /** Returns the number of bytes received. */
    public long bytesRead() {
        return handle.bytesRead();
    }

    /** Returns the number of bytes written, those included that still wait. */
    public long bytesWritten() {
        return handle.bytesWritten() + Math.max(0, writableLength() - inFlight);
    }

    /** Returns {@code writableLength()}, 0 without a connection. Deprecated in Node. */
    public int bufferSize() {
        return handle.isOpen() ? writableLength() : 0;
    }

    /** Returns the server that accepted this connection, or null. */
    public Server server() {
        return server;
    }

    // ---- results of the right type ------------------------------------------------------------

    @Override
    public <L extends Listener> Socket on(Event<L> event, L listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public Socket on(String event, Listener listener) {
        super.on(event, listener);
        return this;
    }

    @Override
    public <L extends Listener> Socket once(Event<L> event, L listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Socket once(String event, Listener listener) {
        super.once(event, listener);
        return this;
    }

    @Override
    public Socket setEncoding(String name) {
        super.setEncoding(name);
        return this;
    }

    // ---- inside -------------------------------------------------------------------------------

    /**
     * Returns what subclasses in this module may do with this socket. The type of it is not
     * exported; other subclasses have no use for this.
     */
    protected final <T> T _internals(Class<T> type) {
        return type.cast(new Internals());
    }

    /** Names this, not its server, as the source of an exception. */
    void blame(Throwable thrown) {
        _blame(thrown);
    }

    /** Makes a connection that a server accepted. */
    static Socket accepted(
            Server server, Transport transport, SocketOptions options, boolean paused) {
        Socket socket = new Socket(options, transport);
        socket.server = server;
        socket.counted = true;
        if (paused) {
            socket.pause();
        } else {
            socket.read(0);
        }
        socket.handle.applyOptions();
        return socket;
    }

    /** Returns what has been read from the transport and not by the program. */
    private List<ByteBuffer> takeBuffered() {
        List<ByteBuffer> buffered = new ArrayList<>();
        while (readableLength() > 0 && super.read() instanceof ByteBuffer bytes) {
            buffered.add(bytes);
        }
        return buffered;
    }

    /**
     * Takes a chunk of native memory out of the transport: to the heap, or into the program's own
     * buffer.
     */
    private void onRead(ByteBuffer lent) {
        refreshTimer();
        if (destroyed()) {
            lent.position(lent.limit());
            return;
        }
        if (onread != null) {
            fill(lent);
            return;
        }
        byte[] chunk = new byte[lent.remaining()];
        lent.get(chunk);
        Transport from = handle.transport();
        if (!push(ByteBuffer.wrap(chunk)) && from == handle.transport() && from != null) {
            from.readStop();
        }
    }

    private void fill(ByteBuffer lent) {
        int end = lent.limit();
        Throwable failure = null;
        boolean more = true;
        while (more && lent.hasRemaining()) {
            int count = fillBuffer(lent);
            if (count > 0) {
                try {
                    more = onread.deliver(count);
                } catch (Throwable thrown) {
                    // The bytes were delivered all the same.
                    failure = ReadBuffer.join(failure, thrown);
                }
            }
            if (destroyed()) {
                lent.position(end);
            } else if (!more) {
                handle.transport().readStop();
            } else {
                more = handle.isOpen() && handle.transport().isReading();
            }
        }
        if (failure != null) {
            throw unchecked(failure);
        }
    }

    /** Returns how many bytes were copied; 0 for an unusable buffer, which destroys the socket. */
    private int fillBuffer(ByteBuffer lent) {
        try {
            return onread.take(lent);
        } catch (SystemException | RuntimeException unusable) {
            destroy(unusable);
            return 0;
        }
    }

    /** Receives from the transport, and gets the result of the one write in flight. */
    private final class SocketReceiver implements Receiver, Done {
        @Override
        public void onRead(ByteBuffer lent, long address) {
            Socket.this.onRead(lent);
        }

        @Override
        public ByteBuffer target() {
            return onread == null || destroyed() ? null : onread.target();
        }

        @Override
        public void onFilled(int count) {
            refreshTimer();
            if (!onread.deliver(count) && !destroyed()) {
                handle.transport().readStop();
            }
        }

        @Override
        public void onEnd() {
            refreshTimer();
            if (!readableEnded()) {
                push(null);
                read(0);
            }
        }

        @Override
        public void onError(Throwable error) {
            destroy(error);
        }

        @Override
        public void onClosed() {
            destroy();
        }

        @Override
        public void done(Throwable error) {
            onWritten(error);
        }
    }

    /** What a subclass in this module may do. */
    private final class Internals implements SocketInternals {
        @Override
        public void setTransport(Transport transport) {
            handle.setTransport(transport);
        }

        @Override
        public void setWrapper(UnaryOperator<Transport> wrapper) {
            handle.setWrapper(wrapper);
        }

        @Override
        public Transport takeOver(Duplex stream, Receiver taker) {
            if (!(stream instanceof Socket below)) {
                return new DuplexTransport(stream, taker);
            }
            parent = below;
            if (below.pending()) {
                return null;
            }
            ChannelTransport channel = below.handle.plainChannel();
            if (channel == null) {
                return new DuplexTransport(stream, taker);
            }
            below.handle.giveAway(taker);
            channel.rewind(below.takeBuffered());
            return channel;
        }

        @Override
        public void setConnecting(boolean value) {
            connecting = value;
        }

        @Override
        public String hostOf(Duplex stream) {
            return stream instanceof Socket socket ? socket.host : null;
        }
    }
}
