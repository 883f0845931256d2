package io.github.securepair.tls;

import io.github.securepair.internal.tls.TLSTransport;
import io.github.securepair.internal.transport.DuplexTransport;
import io.github.securepair.internal.transport.SocketInternals;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Stream;

/** Puts TLS between a socket and what is below it. On the loop, once for each socket. */
final class TransportSetup {
    private final TLSSocket socket;
    private final TLSTransport transport;
    private final SocketInternals internals;

    TransportSetup(TLSSocket socket) {
        this.socket = socket;
        this.transport = socket.transport;
        this.internals = socket.internals;
    }

    /** Over a transport that belongs to no stream. */
    void over(Transport existing) {
        internals.setTransport(transport);
        existing.setReceiver(transport);
        transport.attach(existing, null);
    }

    /** Over the transport that connect() will make. */
    void overConnect() {
        internals.setWrapper(raw -> {
            raw.setReceiver(transport);
            transport.attach(raw, null);
            return transport;
        });
    }

    /** Over a stream, which may be a socket that is still connecting. */
    void over(Duplex stream) {
        internals.setTransport(transport);
        Transport lower = internals.takeOver(stream, transport);
        stream.on(Stream.ERROR, error -> {
            socket.lowerFailed();
            // A stream's own transport reports it, and destroys this with it.
            if (!(transport.lower() instanceof DuplexTransport)) {
                socket.tlsError(error);
            }
        });
        stream.on(Stream.CLOSE, socket::closedBelow);
        if (lower != null) {
            transport.attach(lower, stream);
            return;
        }
        internals.setConnecting(true);
        stream.once(Socket.CONNECT, () -> {
            if (!socket.destroyed()) {
                transport.attach(internals.takeOver(stream, transport), stream);
                internals.setConnecting(false);
                socket.emit(Socket.CONNECT);
            }
        });
    }
}
