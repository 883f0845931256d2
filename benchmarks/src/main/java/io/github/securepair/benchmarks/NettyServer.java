package io.github.securepair.benchmarks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * Netty's server on its own epoll transport, one loop for all of it: with BoringSSL, or with the
 * JDK's engine, which is faster there than an SSLSocket and a thread for each connection.
 */
final class NettyServer extends ChannelInitializer<Channel> {
    /** Writes at a time, before other connections get their turn. */
    private static final int WRITES = 4;

    private final SslContext context;
    private final ServerWork work;

    /** Native memory, as BoringSSL reads it without a copy. Never freed. */
    private final ByteBuf pattern = Unpooled.unreleasableBuffer(
            Unpooled.wrappedBuffer(ServerWork.pattern(ServerWork.PATTERN)));

    private NettyServer(SslContext context, ServerWork work) {
        this.context = context;
        this.work = work;
    }

    /** Starts one; returns its port. */
    static int start(String subject, Setting setting, ServerWork work) throws Exception {
        SslContext context = subject.equals("tcnative") ? boringSsl(setting) : jdk(setting);
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Channel channel = new ServerBootstrap()
                .group(loop, loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(64 * 1024, 256 * 1024))
                .childHandler(new NettyServer(context, work))
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    private static SslContext boringSsl(Setting setting) throws Exception {
        return NettyEngines.server(setting);
    }

    private static SslContext jdk(Setting setting) throws Exception {
        return SslContextBuilder.forServer(setting.key(), setting.certificateObject())
                .sslProvider(SslProvider.JDK)
                .protocols(setting.protocol())
                .ciphers(List.of(setting.cipher()))
                .build();
    }

    @Override
    protected void initChannel(Channel channel) {
        SslHandler tls = context.newHandler(channel.alloc());
        channel.pipeline().addLast(tls, new Connection());
    }

    /** The program behind the TLS of one connection. */
    private final class Connection extends ChannelInboundHandlerAdapter {
        private final ServerWork.Received received = work.new Received();
        private boolean sending;
        private boolean scheduled;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done
                    && done.isSuccess()
                    && work.kind().equals("hello")) {
                context.writeAndFlush(pattern.duplicate().writerIndex(1));
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            int length = bytes.readableBytes();
            if (length == 0) {
                bytes.release();
                return;
            }
            int start = bytes.readerIndex();
            byte first = bytes.getByte(start);
            byte last = bytes.getByte(start + length - 1);
            bytes.release();
            if (work.kind().equals("send")) {
                sending = true;
                send(context);
                return;
            }
            int answer = received.take(length, first, last);
            if (answer > 0) {
                context.write(pattern.duplicate().writerIndex(answer), context.voidPromise());
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (sending && !scheduled) {
                send(context);
            }
        }

        private void send(ChannelHandlerContext context) {
            scheduled = false;
            for (int i = 0; i < WRITES && context.channel().isWritable(); i++) {
                context.writeAndFlush(pattern.duplicate());
            }
            if (context.channel().isWritable() && context.channel().isActive()) {
                scheduled = true;
                context.executor().execute(() -> send(context));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
            // The client ends as it likes, and fails when a connection does.
            context.close();
            if (!(error instanceof IOException)) {
                SocketServer.fail(error);
            }
        }
    }
}
