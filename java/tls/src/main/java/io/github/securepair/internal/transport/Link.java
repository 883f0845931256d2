package io.github.securepair.internal.transport;

import io.github.securepair.events.Handle;
import io.github.securepair.internal.NettyLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;

import jdk.net.ExtendedSocketOptions;

/**
 * What a transport has only when there is a TCP or unix socket at the bottom of it: addresses, TCP
 * options, and a share in keeping the loop alive. Confined to the loop's thread.
 *
 * <p>The loop is kept alive as libuv does: not because the socket is open, but as long as it reads
 * and is referenced, or connects. What is being written counts by {@link ChannelWrites}.
 */
public final class Link {
    private final Channel channel;
    private final boolean tcp;
    private final boolean ipv6;
    private final Handle handle;

    /** Whether the handle is referenced now. */
    private boolean counted = true;

    private boolean referenced = true;
    /** Connecting was begun, or the program has the connection that was accepted. */
    private boolean begun;

    private boolean connecting;
    private boolean reading;
    private boolean closed;

    private boolean noDelay;
    private Endpoint local;
    private Endpoint remote;

    /**
     * Makes the link of a channel that is not registered yet.
     *
     * @param ipv6 whether the socket is of the IPv6 family, where IPv4 addresses have the form
     *     {@code ::ffff:1.2.3.4}
     * @param noDelay whether small writes go out at once
     */
    Link(Channel channel, Handle handle, boolean ipv6, boolean noDelay) {
        this.channel = channel;
        this.handle = handle;
        this.ipv6 = ipv6;
        this.noDelay = noDelay;
        tcp = channel instanceof SocketChannel;
        if (tcp && !noDelay) {
            // Netty has it on already; Node's default is off.
            channel.config().setOption(ChannelOption.TCP_NODELAY, false);
        }
    }

    boolean isTCP() {
        return tcp;
    }

    // ---- keeping the loop alive ---------------------------------------------------------------

    /** Lets this connection keep its loop alive (the default). */
    public void ref() {
        referenced = true;
        updateAlive();
    }

    /** Lets the loop end although this connection is open. */
    public void unref() {
        referenced = false;
        updateAlive();
    }

    /** The program has the connection now. Until then it counts, whatever it does. */
    void begin() {
        begun = true;
        updateAlive();
    }

    void setConnecting(boolean value) {
        connecting = value;
        updateAlive();
    }

    void setReading(boolean value) {
        reading = value;
        updateAlive();
    }

    private void updateAlive() {
        boolean counts = !closed && (!begun || connecting || referenced && reading);
        if (counts != counted) {
            counted = counts;
            if (counts) {
                handle.ref();
            } else {
                handle.unref();
            }
        }
    }

    /** Remembers the addresses, which can be asked for after the close. */
    void beforeClose() {
        closed = true;
        channel.localAddress();
        channel.remoteAddress();
    }

    /** The loop need not wait for this connection any more. Any thread. */
    void closeHandle() {
        handle.close();
    }

    // ---- addresses and options ----------------------------------------------------------------

    /** Returns the local address, or null when there is none: unix, unconnected. */
    public Endpoint localAddress() {
        if (local == null && tcp) {
            local = Channels.endpoint(channel.localAddress(), ipv6);
        }
        return local;
    }

    /** Returns the peer's address, or null. */
    public Endpoint remoteAddress() {
        if (remote == null && tcp) {
            remote = Channels.endpoint(channel.remoteAddress(), ipv6);
        }
        return remote;
    }

    /** The local address that was returned so far is that of an unconnected socket. */
    void forgetLocalAddress() {
        local = null;
    }

    /** Sets TCP_NODELAY where there is TCP; otherwise does nothing. */
    public void setNoDelay(boolean enable) {
        if (tcp && isOpen() && enable != noDelay) {
            noDelay = enable;
            set(ChannelOption.TCP_NODELAY, enable);
        }
    }

    /** Sets SO_KEEPALIVE and, when positive, the idle time before the first probe, in seconds. */
    public void setKeepAlive(boolean enable, int initialDelaySeconds) {
        if (tcp && isOpen()) {
            set(ChannelOption.SO_KEEPALIVE, enable);
            if (enable && initialDelaySeconds > 0) {
                // As libuv: ten probes, one a second.
                set(KeepAlive.IDLE, initialDelaySeconds);
                set(KeepAlive.INTERVAL, 1);
                set(KeepAlive.COUNT, 10);
            }
        }
    }

    /** Has the close that follows send a reset. */
    void resetOnClose() {
        set(ChannelOption.SO_LINGER, 0);
    }

    private boolean isOpen() {
        return !closed && channel.isOpen();
    }

    /** Node ignores the result of these calls, which may fail after the peer's reset. */
    private <T> void set(ChannelOption<T> option, T value) {
        try {
            channel.config().setOption(option, value);
        } catch (RuntimeException failed) {
            if (channel.isActive()) {
                throw failed;
            }
        }
    }

    /** The keep-alive options of the transport in use. */
    private static final class KeepAlive {
        static final ChannelOption<Integer> IDLE = NettyLoop.usesEpoll()
                ? EpollChannelOption.TCP_KEEPIDLE
                : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE);
        static final ChannelOption<Integer> INTERVAL = NettyLoop.usesEpoll()
                ? EpollChannelOption.TCP_KEEPINTVL
                : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL);
        static final ChannelOption<Integer> COUNT = NettyLoop.usesEpoll()
                ? EpollChannelOption.TCP_KEEPCNT
                : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT);
    }
}
