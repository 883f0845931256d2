package io.github.securepair.internal.transport;

import io.github.securepair.events.Listener0;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;

import java.util.function.UnaryOperator;

/**
 * The parts of {@link Socket} that its subclasses in this artifact need and users must not see.
 * Implemented by the net package, which installs it when {@code Socket} is initialised.
 */
public abstract class NetAccess {
    private static NetAccess instance;

    /** Returns the one implementation. */
    public static NetAccess get() {
        if (instance == null) {
            try {
                Class.forName(
                        "io.github.securepair.net.Socket", true, NetAccess.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new AssertionError(e);
            }
        }
        return instance;
    }

    /** Called once, by Socket's static initialiser. */
    public static void install(NetAccess access) {
        instance = access;
    }

    /**
     * Returns the transport the socket talks to: TLS's own on a TLS socket; null when it has none
     * (Node: _handle).
     */
    public abstract Transport transport(Socket socket);

    /**
     * Puts {@code transport} under a socket that has none and makes the socket its receiver (Node:
     * options.handle). Does not start to read: call {@code socket.read(0)} for that.
     */
    public abstract void setTransport(Socket socket, Transport transport);

    /**
     * Has every transport that connect() makes go through {@code wrapper} before use (Node:
     * _wrapHandle). Called with the raw transport when connect() is called, not connected yet, and
     * again for each further address that autoSelectFamily tries. What it returns becomes the
     * socket's transport; the raw one's receiver is up to it.
     */
    public abstract void setWrapper(Socket socket, UnaryOperator<Transport> wrapper);

    /**
     * Takes the bytes of {@code stream} over for {@code receiver}: the socket (or Duplex) no longer
     * reads or delivers data, goes on counting bytes, and emits its own 'close' when destroyed.
     * Destroy the stream, not the transport, to close both. Bytes it had already buffered for
     * reading are delivered first. Reading starts with readStart().
     *
     * <p>For a socket that has not connected yet this returns null: wait for its 'connect' event
     * and call again.
     */
    public abstract Transport takeOver(Duplex stream, Receiver receiver);

    /**
     * Begins to connect: the socket is connecting when this returns, but emits nothing before the
     * result is run, on the loop. Any thread; wrong options are thrown.
     *
     * @param onConnect called once on 'connect'
     */
    public abstract Runnable prepare(
            Socket socket, SocketConnectOptions options, Listener0 onConnect);

    /**
     * Sets what {@code socket.connecting()} says; for sockets over another, still connecting
     * socket.
     */
    public abstract void setConnecting(Socket socket, boolean connecting);

    /**
     * Makes the idle timer of {@code parent} restart with that of {@code socket} (Node: _parent);
     * null takes it off.
     */
    public abstract void setParent(Socket socket, Socket parent);

    /** Restarts the idle timers of the socket and its parents (Node: _unrefTimer). */
    public abstract void refreshTimer(Socket socket);

    /** Returns the host name given to connect() when it was a name, else null (Node: _host). */
    public abstract String host(Socket socket);
}
