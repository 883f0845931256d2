package io.github.securepair.net;

import io.github.securepair.internal.transport.ChannelTransport;
import io.github.securepair.internal.transport.Endpoint;
import io.github.securepair.internal.transport.Link;
import io.github.securepair.internal.transport.Receiver;
import io.github.securepair.internal.transport.Transport;

import java.util.function.UnaryOperator;

/**
 * What a socket stands on (Node: _handle): a transport, while there is one, and what the program
 * has set or may ask for when there is none. On the loop, but for the getters.
 */
final class SocketHandle {
    private final Receiver receiver;

    /** What the bytes go through; null while there is none. */
    private Transport transport;

    /** The channel that connect() is trying, under the transport. */
    private ChannelTransport channel;

    private UnaryOperator<Transport> wrapper;
    private boolean takenOver;

    private boolean noDelay;
    private boolean keepAlive;
    private int keepAliveDelay;
    private boolean unreferenced;

    private AddressInfo local;
    private AddressInfo remote;

    /** The counts of the transport that was closed last. */
    private long bytesRead;

    private long bytesWritten;

    /** Makes one without a transport. */
    SocketHandle(BaseSocketOptions<?> options, Receiver receiver) {
        this.receiver = receiver;
        noDelay = options.noDelay;
        keepAlive = options.keepAlive;
        keepAliveDelay = seconds(options.keepAliveInitialDelay);
    }

    static int seconds(double milliseconds) {
        return (int) (milliseconds / 1000);
    }

    // ---- the transport ------------------------------------------------------------------------

    Transport transport() {
        return transport;
    }

    boolean isOpen() {
        return transport != null;
    }

    void setTransport(Transport given) {
        transport = given;
        given.setReceiver(receiver);
    }

    void setWrapper(UnaryOperator<Transport> value) {
        wrapper = value;
    }

    /** Puts a new channel under the socket in place of one that was tried. */
    void useChannel(ChannelTransport next) {
        if (channel != null && channel != next) {
            channel.close(null);
        }
        channel = next;
        setTransport(wrapper == null ? next : wrapper.apply(next));
        if (unreferenced) {
            next.link().unref();
        }
    }

    ChannelTransport channel() {
        return channel;
    }

    /** Returns the transport if it is a channel, which another receiver may take over. */
    ChannelTransport plainChannel() {
        return transport instanceof ChannelTransport plain ? plain : null;
    }

    boolean isTCP() {
        ChannelTransport plain = plainChannel();
        return plain != null && plain.isTCP();
    }

    /** The channel has another receiver from now on. */
    void giveAway(Receiver other) {
        takenOver = true;
        transport.readStop();
        transport.setReceiver(other);
    }

    /** Returns the receiver that took the channel over, or null. */
    Receiver newOwner() {
        return takenOver && transport != null ? transport.receiver() : null;
    }

    void readStart() {
        if (!takenOver) {
            transport.readStart();
        }
    }

    /** Closes the transport; the socket has none when this returns. */
    void close(boolean reset, Runnable closed) {
        Transport closing = transport;
        bytesRead = closing.bytesRead();
        bytesWritten = closing.bytesWritten();
        if (reset && isTCP()) {
            plainChannel().reset(closed);
        } else {
            closing.close(closed);
        }
        transport = null;
        channel = null;
        local = null;
    }

    /** A socket that was destroyed connects again. */
    void forget() {
        transport = null;
        remote = null;
        local = null;
    }

    void resetCounts() {
        bytesRead = 0;
        bytesWritten = 0;
    }

    long bytesRead() {
        Transport current = transport;
        return current != null ? current.bytesRead() : bytesRead;
    }

    long bytesWritten() {
        Transport current = transport;
        return current != null ? current.bytesWritten() : bytesWritten;
    }

    // ---- options of the connection ------------------------------------------------------------

    private Link link() {
        Transport current = transport;
        return current == null ? null : current.link();
    }

    /** The channel is connected: sets the options that were given before. */
    void connected() {
        local = null;
        applyOptions();
    }

    void applyOptions() {
        Link link = link();
        if (link == null) {
            return;
        }
        if (noDelay) {
            link.setNoDelay(true);
        }
        if (keepAlive) {
            link.setKeepAlive(true, keepAliveDelay);
        }
    }

    /** Sets it now, or while {@code connecting} when that is done. */
    void setNoDelay(boolean enable, boolean connecting) {
        boolean change = enable != noDelay;
        noDelay = enable;
        if (change && !connecting && link() != null) {
            link().setNoDelay(enable);
        }
    }

    /** Sets it now, or while {@code connecting} when that is done. */
    void setKeepAlive(boolean enable, int delay, boolean connecting) {
        boolean change = enable != keepAlive || enable && delay != keepAliveDelay;
        keepAlive = enable;
        keepAliveDelay = delay;
        if (change && !connecting && link() != null) {
            link().setKeepAlive(enable, delay);
        }
    }

    void setReferenced(boolean referenced) {
        unreferenced = !referenced;
        Link link = link();
        if (link == null) {
            return;
        }
        if (referenced) {
            link.ref();
        } else {
            link.unref();
        }
    }

    // ---- addresses ----------------------------------------------------------------------------

    /** Returns the local end, or NONE. */
    AddressInfo localAddress() {
        Link link = link();
        if (link == null) {
            return AddressInfo.NONE;
        }
        if (local == null) {
            local = info(link.localAddress());
        }
        return local == null ? AddressInfo.NONE : local;
    }

    /** Returns the peer's end, or NONE: while connecting, and after close unless asked before. */
    AddressInfo remoteAddress(boolean connecting) {
        Link link = link();
        if (remote == null && link != null && !connecting) {
            remote = info(link.remoteAddress());
        }
        return remote == null ? AddressInfo.NONE : remote;
    }

    static AddressInfo info(Endpoint end) {
        return end == null ? null : AddressInfo.ip(end.address(), end.family(), end.port());
    }
}
