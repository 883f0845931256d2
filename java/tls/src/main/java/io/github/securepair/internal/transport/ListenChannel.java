package io.github.securepair.internal.transport;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Handle;
import io.github.securepair.internal.Frames;
import io.github.securepair.internal.NettyLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A listening TCP or unix socket. Confined to its loop, but each connection it accepts belongs to a
 * loop of its own.
 */
public final class ListenChannel extends ChannelInboundHandlerAdapter {
    /** Linux: IPPROTO_IPV6, IPV6_V6ONLY. */
    private static final ChannelOption<Integer> IPV6_ONLY =
            new IntegerUnixChannelOption("IPV6_V6ONLY", 41, 26);

    /** How long to leave connections in the backlog when the process is out of descriptors. */
    private static final long PAUSE_MILLISECONDS = 100;

    private final EventLoop loop;
    private final ServerChannel channel;
    private final boolean ipv6;
    private final Path file;
    private final Handle handle;
    private final Acceptor acceptor;
    private boolean bound;
    private boolean closed;

    /** Decides about what was accepted. */
    public interface Acceptor {
        /**
         * Returns the loop for a connection between two addresses, or null to drop it. On the
         * listening loop, in a callback frame.
         */
        EventLoop loopFor(Supplier<Endpoint> local, Supplier<Endpoint> remote);

        /** Whether the connections send small writes at once. */
        boolean noDelay();

        /** Takes the connection over. On its loop, in a callback frame. */
        void accepted(Transport transport);

        /** A connection that {@link #loopFor} counted could not be set up. */
        void abandoned();

        /** accept(2) failed. In a callback frame. */
        void failed(String code);

        /** The loop ended. */
        void closed();
    }

    private ListenChannel(
            EventLoop loop, ServerChannel channel, boolean ipv6, Path file, Acceptor acceptor) {
        this.loop = loop;
        this.channel = channel;
        this.ipv6 = ipv6;
        this.file = file;
        this.acceptor = acceptor;
        this.handle = loop.handle();
        channel.config().setAutoRead(false);
        channel.pipeline().addLast(this);
    }

    /** The result of {@link #listen}: exactly one of the two is set. */
    public record Result(ListenChannel channel, String code) {}

    /**
     * Binds and listens; {@link #accept} begins to accept. On the loop thread.
     *
     * @param ip an IP address in text form
     */
    public static Result listen(
            EventLoop loop, String ip, int port, int backlog, boolean ipv6Only, Acceptor acceptor) {
        boolean ipv6 = ip.indexOf(':') >= 0;
        return open(
                () -> {
                    ListenChannel made =
                            new ListenChannel(loop, Channels.server(ipv6), ipv6, null, acceptor);
                    if (ipv6Only && NettyLoop.usesEpoll()) {
                        made.channel.config().setOption(IPV6_ONLY, 1);
                    }
                    return made;
                },
                () -> Channels.address(ip, port),
                backlog);
    }

    /** Binds a unix socket and listens. On the loop thread. */
    public static Result listen(EventLoop loop, String path, int backlog, Acceptor acceptor) {
        if (Channels.isTooLong(path)) {
            return new Result(null, "ENAMETOOLONG");
        }
        Path file = path.startsWith("\0") ? null : Path.of(path);
        if (file != null && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            // Netty would remove the file and bind, even when another process listens there.
            return new Result(null, "EADDRINUSE");
        }
        return open(
                () -> new ListenChannel(loop, Channels.unixServer(), false, file, acceptor),
                () -> Channels.unixAddress(path),
                backlog);
    }

    private static Result open(
            Supplier<ListenChannel> maker, Supplier<SocketAddress> address, int backlog) {
        ListenChannel made;
        try {
            made = maker.get();
        } catch (RuntimeException noSocket) {
            return new Result(null, SystemErrors.codeOf(noSocket, "EAFNOSUPPORT"));
        }
        Throwable error;
        try {
            made.channel.config().setOption(ChannelOption.SO_BACKLOG, backlog);
            NettyLoop.current().register(made.channel);
            ChannelFuture future = made.channel.bind(address.get());
            error = future.isDone() ? future.cause() : null;
        } catch (RuntimeException badAddress) {
            error = badAddress;
        }
        if (error != null) {
            made.close();
            return new Result(null, SystemErrors.codeOf(error, "EINVAL"));
        }
        made.bound = true;
        return new Result(made, null);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Channel accepted = (Channel) message;
        EventLoop target = null;
        Frames frames = Frames.current();
        frames.enter();
        try {
            if (!closed) {
                target = acceptor.loopFor(
                        () -> Channels.endpoint(accepted.localAddress(), ipv6),
                        () -> Channels.endpoint(accepted.remoteAddress(), ipv6));
            }
        } catch (Throwable thrown) {
            frames.uncaught(thrown);
        } finally {
            if (target == null) {
                // Never registered, so it can only be closed by force.
                accepted.unsafe().closeForcibly();
            }
            frames.leave();
        }
        if (target != null) {
            adopt(accepted, target);
        }
    }

    private void adopt(Channel accepted, EventLoop target) {
        ChannelTransport transport;
        try {
            transport = new ChannelTransport(target, accepted, ipv6, acceptor.noDelay());
        } catch (RuntimeException refused) {
            // An option could not be set: the peer has reset the connection already.
            accepted.unsafe().closeForcibly();
            acceptor.abandoned();
            return;
        }
        if (target == loop) {
            register(accepted, target, transport);
            return;
        }
        try {
            target.execute(() -> registerOutsideCallback(accepted, target, transport));
        } catch (RejectedExecutionException ended) {
            abandon(accepted, transport);
        }
    }

    /** Accepting is a callback of its own, so it is not done inside another. */
    private void registerOutsideCallback(
            Channel accepted, EventLoop target, ChannelTransport transport) {
        try {
            NettyLoop.current().execute(() -> register(accepted, target, transport));
        } catch (RejectedExecutionException ended) {
            abandon(accepted, transport);
        }
    }

    private void register(Channel accepted, EventLoop target, ChannelTransport transport) {
        NettyLoop.current().register(accepted).addListener(done -> {
            if (done.isSuccess()) {
                target.makeCallback(() -> acceptor.accepted(transport));
                transport.begin();
            } else {
                abandon(accepted, transport);
            }
        });
    }

    private void abandon(Channel accepted, ChannelTransport transport) {
        accepted.unsafe().closeForcibly();
        transport.abandon();
        acceptor.abandoned();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
        String code = SystemErrors.codeOf(error, "EIO");
        if (code.equals("EMFILE")
                || code.equals("ENFILE")
                || code.equals("ENOBUFS")
                || code.equals("ENOMEM")) {
            // The connection stays in the backlog and would be reported again at once.
            channel.config().setAutoRead(false);
            channel.eventLoop()
                    .schedule(
                            () -> {
                                if (!closed) {
                                    channel.config().setAutoRead(true);
                                }
                            },
                            PAUSE_MILLISECONDS,
                            TimeUnit.MILLISECONDS);
            return;
        }
        if (closed || code.equals("ECONNABORTED")) {
            return;
        }
        loop.makeCallback(() -> acceptor.failed(code));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!closed) {
            close();
            acceptor.closed();
        }
    }

    /** Begins to accept; until then connections wait in the backlog. */
    public void accept() {
        if (!closed) {
            channel.config().setAutoRead(true);
        }
    }

    /** Returns the address it listens on; null for a unix socket. */
    public Endpoint localAddress() {
        return Channels.endpoint(channel.localAddress(), ipv6);
    }

    public void ref() {
        handle.ref();
    }

    public void unref() {
        handle.unref();
    }

    /** Stops listening and removes the file of a unix socket. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        channel.close();
        if (bound && file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException busy) {
                // libuv does not report it either.
            }
        }
        handle.close();
    }

    /** Runs a task when the port of a server closed just now is free. */
    public static void whenFree(EventLoop loop, Runnable task) {
        if (NettyLoop.usesEpoll() || NettyLoop.current().isShuttingDown()) {
            loop.nextTick(task);
        } else {
            // The JDK closes a registered descriptor when its selector has run once more.
            loop.setImmediate(() -> loop.setImmediate(task));
        }
    }
}
