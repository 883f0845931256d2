package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.internal.transport.SetUp;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The functions of Node's module {@code net}.
 *
 * @see <a href="https://nodejs.org/api/net.html">Node's documentation</a>
 */
public final class Net {
    private static volatile boolean autoSelectFamily = true;
    private static volatile int autoSelectFamilyAttemptTimeout = 250;

    private Net() {}

    // ---- servers ------------------------------------------------------------------------------

    /** Makes a server with Node's defaults. */
    public static Server createServer() {
        return new Server();
    }

    /** Makes a server. */
    public static Server createServer(NetServerOptions options) {
        return new Server(options);
    }

    /** Makes a server; {@code listener} gets each {@code 'connection'}. */
    public static Server createServer(Listener1<Socket> listener) {
        return new Server(new NetServerOptions(), listener);
    }

    /** Makes a server; {@code listener} gets each {@code 'connection'}. */
    public static Server createServer(NetServerOptions options, Listener1<Socket> listener) {
        return new Server(options, listener);
    }

    // ---- sockets ------------------------------------------------------------------------------

    /**
     * Makes a socket and connects it: see {@link Socket#connect(SocketConnectOptions, Listener0)}.
     */
    public static Socket connect(SocketConnectOptions options) {
        return connect(options, (Listener0) null);
    }

    /** Makes a socket and connects it; {@code listener} is called once on {@code 'connect'}. */
    public static Socket connect(SocketConnectOptions options, Listener0 listener) {
        return unconnected(options).connect(options, listener);
    }

    /**
     * Makes a socket, has it set up, then connects it: listeners added in {@code setUp} miss
     * nothing, whatever thread this is.
     *
     * @param setUp called with the new socket before this returns, on this thread; when it throws
     *     the socket is destroyed and the exception goes to the caller
     */
    public static Socket connect(SocketConnectOptions options, Consumer<Socket> setUp) {
        Socket socket = unconnected(options);
        return SetUp.run(socket, socket._prepareConnect(options, null), setUp);
    }

    /** Does what {@link #connect(SocketConnectOptions, Consumer)} does. */
    public static Socket connect(int port, String host, Consumer<Socket> setUp) {
        return connect(new SocketConnectOptions().port(port).host(host), setUp);
    }

    private static Socket unconnected(SocketConnectOptions options) {
        Socket socket = new Socket(options);
        if (options.timeout != 0) {
            socket.setTimeout(options.timeout);
        }
        return socket;
    }

    /** Connects to a port of {@code localhost}. */
    public static Socket connect(int port) {
        return connect(new SocketConnectOptions().port(port));
    }

    /**
     * Connects to a port of {@code localhost}; {@code listener} is called once on
     * {@code 'connect'}.
     */
    public static Socket connect(int port, Listener0 listener) {
        return connect(new SocketConnectOptions().port(port), listener);
    }

    /** Connects to a port of a host. */
    public static Socket connect(int port, String host) {
        return connect(new SocketConnectOptions().port(port).host(host));
    }

    /** Connects to a port of a host; {@code listener} is called once on {@code 'connect'}. */
    public static Socket connect(int port, String host, Listener0 listener) {
        return connect(new SocketConnectOptions().port(port).host(host), listener);
    }

    /**
     * Connects to a unix domain socket, or to a port of {@code localhost} when the string is a
     * number.
     */
    public static Socket connect(String path) {
        return connect(Socket.pathOrPort(path));
    }

    /** Connects to a unix domain socket; {@code listener} is called once on {@code 'connect'}. */
    public static Socket connect(String path, Listener0 listener) {
        return connect(Socket.pathOrPort(path), listener);
    }

    /** Does what {@link #connect(SocketConnectOptions)} does. */
    public static Socket createConnection(SocketConnectOptions options) {
        return connect(options);
    }

    /** Does what {@link #connect(SocketConnectOptions, Listener0)} does. */
    public static Socket createConnection(SocketConnectOptions options, Listener0 listener) {
        return connect(options, listener);
    }

    /** Does what {@link #connect(int, String)} does. */
    public static Socket createConnection(int port, String host) {
        return connect(port, host);
    }

    /** Does what {@link #connect(int, String, Listener0)} does. */
    public static Socket createConnection(int port, String host, Listener0 listener) {
        return connect(port, host, listener);
    }

    /** Does what {@link #connect(String)} does. */
    public static Socket createConnection(String path) {
        return connect(path);
    }

    /** Does what {@link #connect(String, Listener0)} does. */
    public static Socket createConnection(String path, Listener0 listener) {
        return connect(path, listener);
    }

    /** Makes a socket and completes when it is connected or has failed. Any thread. */
    public static CompletableFuture<Socket> connectAsync(SocketConnectOptions options) {
        return unconnected(options).connectAsync(options);
    }

    /** Connects to a port of a host and completes when that has worked or failed. Any thread. */
    public static CompletableFuture<Socket> connectAsync(int port, String host) {
        return connectAsync(new SocketConnectOptions().port(port).host(host));
    }

    // ---- addresses ----------------------------------------------------------------------------

    /**
     * Returns 4 or 6 for an IP address in text form, a scope after a percent sign included; 0 for
     * anything else.
     */
    public static int isIP(String text) {
        return IPText.isIPv4(text) ? 4 : IPText.isIPv6(text) ? 6 : 0;
    }

    /** Returns whether the text is an IPv4 address: four decimal numbers without leading zeros. */
    public static boolean isIPv4(String text) {
        return IPText.isIPv4(text);
    }

    /** Returns whether the text is an IPv6 address. */
    public static boolean isIPv6(String text) {
        return IPText.isIPv6(text);
    }

    // ---- several addresses of a name ----------------------------------------------------------

    /** Returns whether connect tries several addresses of a name by default; true at first. */
    public static boolean getDefaultAutoSelectFamily() {
        return autoSelectFamily;
    }

    /** Sets whether connect tries several addresses of a name by default. */
    public static void setDefaultAutoSelectFamily(boolean value) {
        autoSelectFamily = value;
    }

    /** Returns after how many milliseconds the next address is tried; 250 at first. */
    public static int getDefaultAutoSelectFamilyAttemptTimeout() {
        return autoSelectFamilyAttemptTimeout;
    }

    /**
     * Sets after how many milliseconds the next address is tried; less than 10 counts as 10, less
     * than 1 is an error.
     */
    public static void setDefaultAutoSelectFamilyAttemptTimeout(int value) {
        if (value < 1) {
            throw ArgumentException.outOfRange("value", ">= 1 && <= 2147483647", value);
        }
        autoSelectFamilyAttemptTimeout = Math.max(10, value);
    }
}
