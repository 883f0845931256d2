package io.github.securepair.tls;

import io.github.securepair.events.EventLoop;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What clients, servers and sockets share.
 *
 * @param <T> the concrete class, which the setters return
 */
public abstract class EndpointOptions<T extends EndpointOptions<T>> extends ContextOptions<T> {
    EndpointOptions() {}

    /** Whether a peer whose certificate does not verify is refused. */
    public T rejectUnauthorized(boolean value) {
        put("rejectUnauthorized", value);
        return self();
    }

    /**
     * NPN protocols, in order of preference: names (String or byte[]), or the wire form. Caps the
     * protocol at TLS 1.2 unless ALPN or a maximum version is given.
     */
    public T NPNProtocols(byte[] value) {
        put("NPNProtocols", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public T NPNProtocols(ByteBuffer value) {
        put("NPNProtocols", value);
        return self();
    }

    /** The same as {@link #NPNProtocols(byte[])}. */
    public T NPNProtocols(List<?> value) {
        put("NPNProtocols", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /** ALPN protocols, in order of preference: names (String or byte[]), or the wire form. */
    public T ALPNProtocols(byte[] value) {
        put("ALPNProtocols", value == null ? null : value.clone());
        return self();
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public T ALPNProtocols(ByteBuffer value) {
        put("ALPNProtocols", value);
        return self();
    }

    /** The same as {@link #ALPNProtocols(byte[])}. */
    public T ALPNProtocols(List<?> value) {
        put("ALPNProtocols", value == null ? null : new ArrayList<>(value));
        return self();
    }

    /** Gives the pre-shared key. See {@link PSKCallback}. */
    public T pskCallback(PSKCallback value) {
        put("pskCallback", value);
        return self();
    }

    /** Logs OpenSSL's trace of the connection, to {@code io.github.securepair.tls.trace}. */
    public T enableTrace(boolean value) {
        put("enableTrace", value);
        return self();
    }

    /**
     * Whether the peer has to end with {@code close_notify}. A connection that ends without it may
     * have been cut by anybody on the way: with this option that is an {@code error} in place of
     * {@code end}, {@code ERR_SSL_UNEXPECTED_EOF_WHILE_READING}, once all that came was delivered.
     * False by default, as in Node; {@link TLSSocket#closeNotifyReceived()} tells anyway. Turn it
     * on where the protocol does not say itself how long its messages are. Beyond Node.
     */
    public T requireCloseNotify(boolean value) {
        put("requireCloseNotify", value);
        return self();
    }

    /**
     * Whether the writable side stays open when the peer has ended. Over an existing stream it is
     * that one's {@code allowHalfOpen} that counts, as in Node.
     */
    public T allowHalfOpen(boolean value) {
        put("allowHalfOpen", value);
        return self();
    }

    /** Bytes that may be buffered per direction before backpressure sets in; 16384 by default. */
    public T highWaterMark(int value) {
        put("highWaterMark", value);
        return self();
    }

    /**
     * Loop of a socket without transport, or of a pair; the current one, else the program's own, by
     * default.
     */
    public T loop(EventLoop value) {
        put("loop", value);
        return self();
    }
}
