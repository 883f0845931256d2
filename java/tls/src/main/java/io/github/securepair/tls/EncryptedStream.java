package io.github.securepair.tls;

import io.github.securepair.events.Callback;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.tls.PairTransport;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexOptions;
import io.github.securepair.stream.PipeOptions;
import io.github.securepair.stream.WritableStream;

import java.nio.ByteBuffer;

/**
 * The encrypted end of a {@link SecurePair}: ciphertext for the peer is read from it, ciphertext of
 * the peer written to it.
 */
final class EncryptedStream extends Duplex implements CryptoStream {
    private final SecurePair pair;
    private final PairTransport transport;
    private Socket socket;

    EncryptedStream(EventLoop loop, SecurePair pair) {
        super(new DuplexOptions().loop(loop));
        this.pair = pair;
        transport = new PairTransport(loop, this);
    }

    PairTransport transport() {
        return transport;
    }

    /** The socket this was piped to, or null. */
    Socket socket() {
        return socket;
    }

    @Override
    public SecurePair pair() {
        return pair;
    }

    @Override
    public long bytesWritten() {
        return socket != null ? socket.bytesWritten() : transport.bytesWritten();
    }

    @Override
    public <W extends WritableStream> W pipe(W destination, PipeOptions options) {
        if (destination instanceof Socket to) {
            socket = to;
        }
        return super.pipe(destination, options);
    }

    @Override
    protected void _read(int size) {
        transport.wanted();
    }

    @Override
    protected void _write(ByteBuffer chunk, Callback callback) {
        transport.feed(chunk, callback);
    }

    @Override
    protected void _final(Callback callback) {
        transport.feedEnd();
        callback.done();
    }

    @Override
    protected void _destroy(Throwable error, Callback callback) {
        if (!(readableEnded() && writableFinished())) {
            transport.cut();
        }
        callback.call(error);
    }
}
