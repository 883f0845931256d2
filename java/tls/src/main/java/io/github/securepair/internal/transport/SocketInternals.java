package io.github.securepair.internal.transport;

import io.github.securepair.stream.Duplex;

import java.util.function.UnaryOperator;

/**
 * What {@code net.Socket} lets a subclass in this module do that users must not see. A subclass
 * gets the one of its own socket, by {@code Socket._internals}.
 */
public interface SocketInternals {
    /**
     * Puts {@code transport} under the socket, which has none, and makes the socket its receiver
     * (Node: options.handle). Does not start to read: call {@code socket.read(0)} for that.
     */
    void setTransport(Transport transport);

    /**
     * Has every transport that connect() makes go through {@code wrapper} before use (Node:
     * _wrapHandle). Called with the raw transport when connect() is called, not connected yet, and
     * again for each further address that autoSelectFamily tries. What it returns becomes the
     * socket's transport; the wrapper sets the receiver of the raw one.
     */
    void setWrapper(UnaryOperator<Transport> wrapper);

    /**
     * Takes the bytes of {@code stream} over for {@code receiver}: a socket (or Duplex) no longer
     * reads or delivers data, goes on counting bytes, and emits its own 'close' when destroyed.
     * Destroy the stream, not the transport, to close both. Bytes it had already buffered for
     * reading are delivered first. Reading starts with readStart().
     *
     * <p>If it is a socket, it becomes the parent of this one (Node: _parent): its idle timer
     * restarts with this one's, and ref() and unref() reach it.
     *
     * <p>For a socket that has not connected yet this returns null: wait for its 'connect' event
     * and call again.
     */
    Transport takeOver(Duplex stream, Receiver receiver);

    /**
     * Sets what {@code socket.connecting()} returns; for sockets over another, still connecting
     * socket.
     */
    void setConnecting(boolean connecting);

    /**
     * Returns the host name that {@code stream} was to connect to (Node: _host); null when it is no
     * socket, or got an address.
     */
    String hostOf(Duplex stream);
}
