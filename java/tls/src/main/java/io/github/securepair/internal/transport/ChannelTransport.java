package io.github.securepair.internal.transport;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Handle;
import io.github.securepair.internal.NettyLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownException;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * A TCP or unix socket of Netty's as a {@link Transport}. The channel is registered with the loop
 * of the socket, so no byte changes threads; what Netty reads into its pooled native memory is lent
 * to the receiver as it is.
 *
 * <p>Reading is off until it is started, and a channel that does not read is not read by Netty
 * either (see {@code PausableEpollHandler}): a slow reader leaves the bytes in the kernel and so
 * the peer waiting.
 *
 * <p>This class makes, connects and closes the channel. {@link ChannelReads} and
 * {@link ChannelWrites} do what they say, {@link Link} has addresses and options.
 */
public final class ChannelTransport extends ChannelInboundHandlerAdapter implements Transport {
    private static final WriteBufferWaterMark MARKS =
            new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    final EventLoop loop;
    private final Channel channel;
    private final Link link;
    private final ChannelReads reads;
    private final ChannelWrites writes;

    Receiver receiver;
    boolean closed;

    /**
     * Wraps a channel that is not registered yet.
     *
     * @param ipv6 whether the socket is of the IPv6 family, where IPv4 addresses have the form
     *     {@code ::ffff:1.2.3.4}
     * @param noDelay whether small writes go out at once
     */
    ChannelTransport(EventLoop loop, Channel channel, boolean ipv6, boolean noDelay) {
        this.loop = loop;
        this.channel = channel;
        Handle handle = loop.handle();
        channel.config()
                .setAutoRead(false)
                .setAutoClose(false)
                .setConnectTimeoutMillis(0)
                .setWriteBufferWaterMark(MARKS)
                .setAllocator(PooledByteBufAllocator.DEFAULT)
                .setRecvByteBufAllocator(LoopMemory.READER);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        this.link = new Link(channel, handle, ipv6, noDelay);
        this.reads = new ChannelReads(this, channel, link);
        this.writes = new ChannelWrites(this, channel, reads);
        channel.pipeline().addLast(this);
    }

    /** Makes an unconnected TCP socket. On the loop thread. */
    public static ChannelTransport tcp(EventLoop loop, boolean ipv6) {
        return new ChannelTransport(loop, Channels.socket(ipv6), ipv6, false).register();
    }

    /** Makes an unconnected unix socket. On the loop thread. */
    public static ChannelTransport unix(EventLoop loop) {
        return new ChannelTransport(loop, Channels.unixSocket(), false, false).register();
    }

    private ChannelTransport register() {
        NettyLoop.current().register(channel);
        return this;
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public Link link() {
        return link;
    }

    // ---- connecting ---------------------------------------------------------------------------

    /** Binds the local end. Returns null, or the code of the error. */
    public String bind(InetSocketAddress address) {
        channel.config().setOption(ChannelOption.SO_REUSEADDR, true);
        ChannelFuture bound = channel.bind(address);
        return bound.isDone() && bound.cause() != null
                ? SystemErrors.codeOf(bound.cause(), "EINVAL")
                : null;
    }

    /**
     * Connects.
     *
     * @param result gets null or the exception, later, as a callback; never after {@link #close}
     * @return the code of an error that connect(2) returned, for a TCP address, and then
     *     {@code result} is not called
     */
    public String connect(SocketAddress address, Consumer<Throwable> result) {
        link.setConnecting(true);
        link.begin();
        ChannelFuture future = channel.connect(address);
        if (link.isTCP() && future.isDone() && future.cause() != null) {
            String code = SystemErrors.codeOf(future.cause(), "ECONNREFUSED");
            if (!code.equals("ECONNREFUSED")) {
                link.setConnecting(false);
                return code;
            }
        }
        boolean[] returned = {false};
        future.addListener(done -> {
            if (returned[0]) {
                connected(done.cause(), result);
            } else {
                defer(() -> connected(done.cause(), result));
            }
        });
        returned[0] = true;
        return null;
    }

    private void connected(Throwable error, Consumer<Throwable> result) {
        if (closed) {
            return;
        }
        link.forgetLocalAddress();
        if (error != null && channel.eventLoop().isShuttingDown()) {
            // Not the peer's doing.
            loopEnds();
            return;
        }
        callback(() -> result.accept(error));
        if (error == null) {
            reads.connected();
        }
        link.setConnecting(false);
    }

    /** The program has the accepted connection now. */
    void begin() {
        link.begin();
    }

    // ---- reading ------------------------------------------------------------------------------

    @Override
    public Receiver receiver() {
        return receiver;
    }

    @Override
    public void setReceiver(Receiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public void readStart() {
        reads.start();
    }

    @Override
    public void readStop() {
        reads.stop();
    }

    @Override
    public boolean isReading() {
        return reads.isReading();
    }

    /**
     * Gives a new receiver what an old one had been given: bytes go in front of what will be read
     * next, and an end that was delivered is delivered again.
     *
     * @param buffered heap memory, which now belongs to this
     */
    public void rewind(List<ByteBuffer> buffered) {
        reads.rewind(buffered);
    }

    /** Only the peer's FIN is expected from now on. */
    public void expectEnd() {
        reads.expectEnd();
    }

    @Override
    public long bytesRead() {
        return reads.bytesRead();
    }

    // ---- from Netty ---------------------------------------------------------------------------

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        reads.onBytes((ByteBuf) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        writes.flushScheduled();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE
                || event == ChannelInputShutdownReadComplete.INSTANCE) {
            reads.onInputShutdown(writes.error());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
        if (error instanceof ChannelOutputShutdownException) {
            writes.onError(error);
        } else if (error instanceof NotYetConnectedException) {
            // The output of a reset connection was shut down; the reset itself follows.
            return;
        } else {
            reads.onError(error);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (closed) {
            return;
        }
        if (channel.eventLoop().isShuttingDown()) {
            loopEnds();
        } else {
            // NIO's unix sockets are closed by Netty on the peer's FIN without another event.
            reads.onInputShutdown(writes.error());
        }
    }

    private void loopEnds() {
        if (receiver != null) {
            callback(receiver::onClosed);
        }
        // The loop is ending: this is the last chance to close.
        if (!closed) {
            closeNow(null);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        writes.notifyWritable();
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    public Output lend(int capacity) {
        return writes.lend(capacity);
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        return writes.write(output, length, done);
    }

    @Override
    public void queue(Output output, int length, Done done) {
        writes.queue(output, length, done);
    }

    @Override
    public void flush() {
        writes.flush();
    }

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        return writes.write(chunk, done);
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        return writes.write(chunks, done);
    }

    @Override
    public long writeQueueSize() {
        return writes.queueSize();
    }

    @Override
    public boolean isBacklogged() {
        return writes.isBacklogged();
    }

    @Override
    public long bytesWritten() {
        return writes.bytesWritten();
    }

    @Override
    public void shutdown(Done done) {
        writes.shutdown(done);
    }

    // ---- closing ------------------------------------------------------------------------------

    @Override
    public void close(Runnable done) {
        if (closed) {
            return;
        }
        writes.beforeClose();
        closeNow(done);
    }

    /** Closes with a TCP reset instead of a FIN, as {@link #close}. Only for TCP. */
    public void reset(Runnable done) {
        if (closed) {
            return;
        }
        link.resetOnClose();
        closeNow(done);
    }

    private void closeNow(Runnable done) {
        link.beforeClose();
        closed = true;
        reads.close();
        writes.close();
        if (done != null) {
            try {
                loop.execute(done);
            } catch (RejectedExecutionException ended) {
                // The loop's thread has ended, and no listener can be called any more.
            }
        }
        link.closeHandle();
    }

    /** Gives up a connection that its loop did not accept. Any thread. */
    void abandon() {
        link.closeHandle();
    }

    @Override
    public boolean isOpen() {
        return !closed && channel.isOpen();
    }

    /** Returns whether this is TCP, which can be reset; else it is a unix socket. */
    public boolean isTCP() {
        return link.isTCP();
    }

    @Override
    public String toString() {
        return "ChannelTransport[" + channel + "]";
    }

    // ---- inside -------------------------------------------------------------------------------

    /** Runs a task after what the loop does now. */
    void defer(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException ended) {
            // The loop's thread has ended, and no listener can be called any more.
        }
    }

    /** Runs a callback into the program. */
    void callback(Runnable callback) {
        loop.makeCallback(callback);
    }
}
