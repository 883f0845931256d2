package io.github.securepair.tls;

import io.github.securepair.internal.tls.TLSTransport;
import io.github.securepair.internal.transport.DuplexTransport;
import io.github.securepair.internal.transport.NetAccess;
import io.github.securepair.internal.transport.Transport;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.Stream;

/** Puts TLS between a socket and what is below it. On the loop, once for each socket. */
final class TransportSetup {
    private static final NetAccess NET = NetAccess.get();

    private final TLSSocket socket;
    private final TLSTransport transport;

    TransportSetup(TLSSocket socket) {
        this.socket = socket;
        this.transport = socket.transport;
    }

    /** Over a transport that belongs to no stream. */
    void over(Transport existing) {
        NET.setTransport(socket, transport);
        existing.setReceiver(transport);
        transport.attach(existing, null);
    }

    /** Over the transport that connect() will make. */
    void overConnect() {
        NET.setWrapper(socket, raw -> {
            raw.setReceiver(transport);
            transport.attach(raw, null);
            return transport;
        });
    }

    /** Over a stream, which may be a socket that is still connecting. */
    void over(Duplex stream) {
        NET.setTransport(socket, transport);
        Transport lower = NET.takeOver(stream, transport);
        if (stream instanceof Socket below) {
            NET.setParent(socket, below);
        }
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
        NET.setConnecting(socket, true);
        stream.once(Socket.CONNECT, () -> {
            if (!socket.destroyed()) {
                transport.attach(NET.takeOver(stream, transport), stream);
                NET.setConnecting(socket, false);
                socket.emit(Socket.CONNECT);
            }
        });
    }
}
