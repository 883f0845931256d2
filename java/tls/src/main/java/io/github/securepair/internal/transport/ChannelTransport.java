package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Handle;
import io.github.securepair.internal.Frames;
import io.github.securepair.internal.NettyLoop;
import io.github.securepair.net.AddressInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;

import jdk.net.ExtendedSocketOptions;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A TCP or unix socket of Netty's as a {@link Transport}. The channel is registered with the loop
 * of the socket, so no byte changes threads; what Netty reads into its pooled native memory is lent
 * to the receiver as it is.
 *
 * <p>Reading is off until asked for, and off means off (see {@link PausableEpollHandler}): a slow
 * reader leaves the bytes in the kernel and so the peer waiting.
 */
public final class ChannelTransport extends ChannelInboundHandlerAdapter implements Transport {

    private static final WriteBufferWaterMark MARKS =
            new WriteBufferWaterMark(64 * 1024, 256 * 1024);
    private static final String SHUT_DOWN = "shutdown";

    private final EventLoop loop;
    private final Channel channel;
    private final boolean tcp;
    private final boolean ipv6;
    private final Handle handle;
    private final BooleanSupplier busy = this::isStillWriting;

    /** Whether the handle counts now: see {@link #updateAlive}. */
    private boolean counted = true;

    private boolean referenced = true;
    /** Connecting was begun, or the connection that was accepted handed over. */
    private boolean begun;

    private boolean connecting;
    /** The loop asks {@link #isStillWriting} before it is idle. */
    private boolean watched;

    private boolean noDelay;
    private Receiver receiver;
    private boolean reading;
    private boolean keptScheduled;

    /** What arrived while nobody read, or was given back. Null until needed. */
    private ArrayDeque<ByteBuf> kept;

    private boolean ended;
    private boolean endDelivered;
    private Throwable readError;

    private boolean closed;
    private boolean shutdownAsked;

    /** The peer is done, though its FIN may not have been read yet. */
    private boolean lastByteRead;

    private boolean inCall;
    private Throwable writeError;
    private boolean flushScheduled;
    private ArrayDeque<Done> queuedDones;
    private final ArrayDeque<PendingWrite> queue = new ArrayDeque<>(0);
    private Done shutdownDone;
    private ChannelOutput spare;

    private long bytesRead;
    private long bytesWritten;
    private AddressInfo local;
    private AddressInfo remote;

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
        this.tcp = channel instanceof SocketChannel;
        this.ipv6 = ipv6;
        this.handle = loop.handle();
        channel.config()
                .setAutoRead(false)
                .setAutoClose(false)
                .setConnectTimeoutMillis(0)
                .setWriteBufferWaterMark(MARKS)
                .setAllocator(PooledByteBufAllocator.DEFAULT)
                .setRecvByteBufAllocator(LoopMemory.READER);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        this.noDelay = noDelay;
        if (tcp && !noDelay) {
            // Netty has it on already; Node's default is off.
            channel.config().setOption(ChannelOption.TCP_NODELAY, false);
        }
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
     * @param result gets null or the exception, later, in a callback frame; never after
     *     {@link #close}
     * @return the code of an error that came at once, for a TCP address, and then {@code result} is
     *     not called
     */
    public String connect(SocketAddress address, Consumer<Throwable> result) {
        connecting = true;
        begun();
        ChannelFuture future = channel.connect(address);
        if (tcp && future.isDone() && future.cause() != null) {
            String code = SystemErrors.codeOf(future.cause(), "ECONNREFUSED");
            if (!code.equals("ECONNREFUSED")) {
                connecting = false;
                updateAlive();
                return code;
            }
        }
        boolean[] returned = {false};
        future.addListener(done -> {
            if (returned[0]) {
                connected(done.cause(), result);
            } else {
                later(() -> connected(done.cause(), result));
            }
        });
        returned[0] = true;
        return null;
    }

    private void connected(Throwable error, Consumer<Throwable> result) {
        if (closed) {
            return;
        }
        local = null;
        if (error != null && channel.eventLoop().isShuttingDown()) {
            // Not the peer's doing.
            loopEnds();
            return;
        }
        connecting = false;
        frame(() -> result.accept(error));
        if (error == null && reading) {
            channel.config().setAutoRead(true);
        }
        updateAlive();
    }

    // ---- keeping the loop alive ---------------------------------------------------------------

    /** The program has the connection now. Until then it counts, whatever it does. */
    void begun() {
        begun = true;
        updateAlive();
    }

    /**
     * Keeps the loop alive as libuv does: not because the socket is open, but as long as it reads
     * and is referenced, or connects. What is being written counts by {@link #isWriting}.
     */
    private void updateAlive() {
        boolean counts =
                !closed && (!begun || connecting || referenced && reading && !endDelivered);
        if (counts != counted) {
            counted = counts;
            if (counts) {
                handle.ref();
            } else {
                handle.unref();
            }
        }
    }

    /** Tells whether bytes wait for the kernel. */
    private boolean isWriting() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return !closed && (waiting != null && !waiting.isEmpty() || !queue.isEmpty());
    }

    private boolean isStillWriting() {
        watched = isWriting();
        return watched;
    }

    // ---- reading ------------------------------------------------------------------------------

    @Override
    public EventLoop loop() {
        return loop;
    }

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
        if (closed || reading) {
            return;
        }
        reading = true;
        updateAlive();
        if (hasUndelivered()) {
            scheduleKept();
        } else if (channel.isActive()) {
            channel.config().setAutoRead(true);
        }
    }

    @Override
    public void readStop() {
        if (reading) {
            reading = false;
            channel.config().setAutoRead(false);
            updateAlive();
        }
    }

    @Override
    public boolean isReading() {
        return reading;
    }

    /**
     * Gives a new receiver what an old one had been given: bytes go in front of what will be read
     * next, and an end that was told is told again.
     *
     * @param buffered heap memory, which now belongs to this
     */
    public void rewind(List<ByteBuffer> buffered) {
        for (int i = buffered.size() - 1; i >= 0; i--) {
            keep().addFirst(Unpooled.wrappedBuffer(buffered.get(i)));
        }
        endDelivered = false;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (closed) {
            bytes.release();
            return;
        }
        bytesRead += bytes.readableBytes();
        if (!reading || receiver == null || kept != null && !kept.isEmpty()) {
            keep().add(own(bytes));
        } else {
            deliver(bytes);
        }
    }

    /** Returns {@code bytes}, or a copy when the next read would overwrite them. */
    private static ByteBuf own(ByteBuf bytes) {
        if (!LoopMemory.isShared(bytes)) {
            return bytes;
        }
        ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(bytes.readableBytes());
        copy.writeBytes(bytes);
        bytes.release();
        return copy;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (flushScheduled) {
            flush();
        }
    }

    /** Lends the bytes to the receiver and releases them, or keeps what it left. */
    private void deliver(ByteBuf bytes) {
        int start = bytes.readerIndex();
        int length = bytes.readableBytes();
        ByteBuffer lent = bytes.internalNioBuffer(start, length);
        long address = bytes.hasMemoryAddress() ? bytes.memoryAddress() + start : 0;
        Frames frames = Frames.current();
        frames.enter();
        try {
            Throwable failure = null;
            try {
                receiver.onRead(lent, address);
            } catch (Throwable thrown) {
                failure = thrown;
            }
            int left = lent.remaining();
            if (left > 0 && !closed) {
                bytes.readerIndex(start + length - left);
                ByteBuf rest = bytes;
                bytes = null;
                keep().addFirst(own(rest));
                readStop();
            }
            if (failure != null) {
                frames.uncaught(failure);
            }
        } catch (Throwable thrown) {
            frames.uncaught(thrown);
        } finally {
            if (bytes != null) {
                bytes.release();
            }
            frames.leave();
        }
    }

    private ArrayDeque<ByteBuf> keep() {
        if (kept == null) {
            kept = new ArrayDeque<>(4);
        }
        return kept;
    }

    /** Tells whether something is there to deliver that the kernel need not be asked for. */
    private boolean hasUndelivered() {
        return kept != null && !kept.isEmpty() || (ended || readError != null) && !endDelivered;
    }

    private void scheduleKept() {
        if (!keptScheduled) {
            keptScheduled = true;
            later(() -> {
                keptScheduled = false;
                deliverKept();
            });
        }
    }

    private void deliverKept() {
        while (reading && !closed && receiver != null && kept != null && !kept.isEmpty()) {
            deliver(kept.poll());
        }
        if (reading && !closed) {
            if (hasUndelivered()) {
                deliverEnd();
            } else if (channel.isActive()) {
                channel.config().setAutoRead(true);
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE
                || event == ChannelInputShutdownReadComplete.INSTANCE) {
            inputEnded();
        }
    }

    /**
     * Nothing more can be read. Whoever asks the kernel first gets the reset, and the other finds
     * an end that is none: after a write that failed for another reason than the peer's FIN
     * (EPIPE), reading fails with the same code.
     */
    private void inputEnded() {
        if (closed || ended || readError != null) {
            return;
        }
        String code = writeError == null ? "EPIPE" : SystemErrors.codeOf(writeError, "EPIPE");
        if (code.equals("EPIPE")) {
            ended = true;
        } else {
            readError = SystemException.of(code, "read");
        }
        endFound();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
        if (error instanceof ChannelOutputShutdownException) {
            writeFailed(error);
        } else if (error instanceof NotYetConnectedException) {
            // A reset connection cannot be shut down for output either: why it failed follows.
            return;
        } else if (!closed && !ended && readError == null) {
            readError = SystemErrors.of(error, "read", "EIO");
            endFound();
        }
    }

    /**
     * The channel has given up its output. Writes that have a {@link Done} learn it by that; the
     * receiver is told for all that have none, or have not come that far.
     */
    private void writeFailed(Throwable error) {
        if (writeError != null) {
            return;
        }
        boolean wrapped =
                error instanceof ChannelOutputShutdownException && error.getCause() != null;
        writeError = wrapped ? error.getCause() : error;
        if (readError != null) {
            // Found already, but not asked for: the kernel has nothing better than EPIPE then.
            writeError = readError;
        }
        Throwable reason = SystemErrors.of(writeError, "write", "EPIPE");
        later(() -> {
            if (!closed && receiver != null) {
                frame(() -> receiver.onWriteError(reason));
            }
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (closed) {
            return;
        }
        if (channel.eventLoop().isShuttingDown()) {
            loopEnds();
        } else {
            // Netty closes NIO's unix sockets at the peer's end. Otherwise it has told why already.
            inputEnded();
        }
    }

    private void loopEnds() {
        if (receiver != null) {
            frame(receiver::onClosed);
        }
        // What nobody closes now nobody can close later.
        if (!closed) {
            closeNow(null);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        tellWritable();
    }

    /** The end was found; it must wait for bytes that are kept, and for someone who reads. */
    private void endFound() {
        if (reading && receiver != null && (kept == null || kept.isEmpty())) {
            deliverEnd();
        }
    }

    private void deliverEnd() {
        endDelivered = true;
        reading = false;
        updateAlive();
        Throwable error = readError;
        frame(() -> {
            if (error != null) {
                receiver.onError(error);
            } else {
                receiver.onEnd();
            }
        });
    }

    private void tellWritable() {
        if (!closed && receiver != null && !isBacklogged()) {
            if (inCall) {
                later(this::tellWritable);
            } else {
                frame(receiver::onWritable);
            }
        }
    }

    // ---- writing ------------------------------------------------------------------------------

    @Override
    public Output lend(int capacity) {
        ByteBuf memory = LoopMemory.output(capacity);
        ChannelOutput output = spare;
        if (output == null) {
            return new ChannelOutput(memory);
        }
        spare = null;
        return output.refill(memory);
    }

    @Override
    public boolean write(Output output, int length, Done done) {
        ByteBuf bytes = take(output, length);
        if (queue.isEmpty()) {
            return send(bytes, length, done);
        }
        enqueue(new PendingWrite(bytes), done);
        return false;
    }

    @Override
    public void queue(Output output, int length, Done done) {
        ByteBuf bytes = take(output, length);
        if (!queue.isEmpty()) {
            enqueue(new PendingWrite(bytes), done);
            return;
        }
        if (refuses(bytes, done)) {
            return;
        }
        bytesWritten += length;
        channel.write(bytes, channel.voidPromise());
        if (done != null) {
            if (queuedDones == null) {
                queuedDones = new ArrayDeque<>(4);
            }
            queuedDones.add(done);
        }
        if (!flushScheduled) {
            flushScheduled = true;
            later(() -> {
                if (flushScheduled) {
                    flush();
                }
            });
        }
    }

    @Override
    public void flush() {
        if (!closed) {
            flushNow();
            settleQueued();
        }
    }

    @Override
    public boolean write(ByteBuffer chunk, Done done) {
        int length = chunk.remaining();
        if (length > PendingWrite.COPY_CHUNK || !queue.isEmpty()) {
            return write(List.of(chunk), done);
        }
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer(length);
        try {
            bytes.writeBytes(chunk.duplicate());
        } catch (RuntimeException unreadable) {
            bytes.release();
            return fail(done, unreadable);
        }
        return send(bytes, length, done);
    }

    @Override
    public boolean write(List<ByteBuffer> chunks, Done done) {
        PendingWrite copied = new PendingWrite(chunks);
        if (!queue.isEmpty()) {
            enqueue(copied, done);
            return false;
        }
        if (copied.left() <= PendingWrite.COPY_CHUNK) {
            int length = (int) copied.left();
            ByteBuf bytes;
            try {
                bytes = copied.next();
            } catch (RuntimeException unreadable) {
                return fail(done, unreadable);
            }
            return send(bytes, length, done);
        }
        // Without its callback at first: it is not called when all goes out at once.
        enqueue(copied, null);
        pump();
        if (copied.finished && copied.error == null) {
            return true;
        }
        copied.done = done;
        if (copied.finished && done != null) {
            later(() -> frame(() -> done.done(copied.error)));
        }
        return false;
    }

    /** Writes one buffer and flushes it with everything before it. */
    private boolean send(ByteBuf bytes, int length, Done done) {
        if (refuses(bytes, done)) {
            return false;
        }
        bytesWritten += length;
        channel.write(bytes, channel.voidPromise());
        flushNow();
        settleQueued();
        if (isFlushed()) {
            return true;
        }
        whenFlushed(done);
        return false;
    }

    private boolean refuses(ByteBuf bytes, Done done) {
        if (!closed && !shutdownAsked && channel.isActive() && writeError == null) {
            return false;
        }
        bytes.release();
        fail(done);
        return true;
    }

    private void fail(Done done) {
        fail(done, error());
    }

    /** Returns that {@code done}, if any, is called. */
    private boolean fail(Done done, Throwable error) {
        if (done != null) {
            later(() -> frame(() -> done.done(error)));
        }
        return false;
    }

    /** Returns why nothing can be written. */
    private Throwable error() {
        return closed
                ? SystemException.of("ECANCELED", "write")
                : SystemErrors.of(writeError, "write", "EPIPE");
    }

    private void flushNow() {
        boolean outer = inCall;
        inCall = true;
        flushScheduled = false;
        try {
            channel.flush();
        } finally {
            inCall = outer;
        }
        if (!watched && isWriting()) {
            watched = true;
            Frames.current().watch(busy);
        }
    }

    /** Tells whether the kernel has taken all; false also after an error. */
    private boolean isFlushed() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return waiting != null && waiting.isEmpty() && writeError == null;
    }

    private void settleQueued() {
        if (queuedDones == null || queuedDones.isEmpty()) {
            return;
        }
        List<Done> dones = new ArrayList<>(queuedDones);
        queuedDones.clear();
        if (isFlushed()) {
            later(() -> dones.forEach(done -> frame(() -> done.done(null))));
        } else {
            whenFlushed(error -> dones.forEach(done -> frame(() -> done.done(error))));
        }
    }

    /**
     * Has {@code done} called when everything written so far has gone: an empty message behind it
     * tells.
     */
    private void whenFlushed(Done done) {
        if (done == null) {
            return;
        }
        if (writeError != null || channel.unsafe().outboundBuffer() == null) {
            fail(done);
            return;
        }
        ChannelPromise promise = channel.newPromise();
        promise.addListener(future -> {
            if (future.cause() != null && !closed) {
                writeFailed(future.cause());
            }
            Throwable error = future.cause() == null ? null : error();
            if (inCall) {
                later(() -> frame(() -> done.done(error)));
            } else {
                frame(() -> done.done(error));
            }
        });
        channel.write(Unpooled.EMPTY_BUFFER, promise);
        flushNow();
    }

    private void finish(PendingWrite write, Throwable failure) {
        write.finish(failure);
        Done done = write.done;
        if (done != null) {
            later(() -> frame(() -> done.done(failure)));
        }
    }

    private void enqueue(PendingWrite waiting, Done done) {
        waiting.done = done;
        bytesWritten += waiting.left();
        queue.add(waiting);
    }

    /**
     * Copies and sends until the kernel has enough; what is left waits on the heap, not in native
     * memory.
     */
    private void pump() {
        boolean outer = inCall;
        inCall = true;
        try {
            PendingWrite first;
            while ((first = queue.peek()) != null) {
                if (closed || writeError != null || first.left() > 0 && !channel.isActive()) {
                    queue.poll();
                    finish(first, error());
                } else if (first.left() == 0) {
                    // Sent, and taken by the kernel: otherwise this would still wait for that.
                    queue.poll();
                    finish(first, null);
                } else {
                    ByteBuf bytes;
                    try {
                        bytes = first.next();
                    } catch (RuntimeException unreadable) {
                        queue.poll();
                        finish(first, unreadable);
                        continue;
                    }
                    channel.write(bytes, channel.voidPromise());
                    flushNow();
                    settleQueued();
                    if (!isFlushed()) {
                        whenFlushed(error -> pump());
                        return;
                    }
                }
            }
        } finally {
            inCall = outer;
        }
        tellWritable();
        finishShutdown();
    }

    @Override
    public long writeQueueSize() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        long size = waiting == null
                ? 0
                : Math.max(0, waiting.totalPendingWriteBytes() - waiting.currentProgress());
        for (PendingWrite each : queue) {
            size += each.left();
        }
        return size;
    }

    @Override
    public boolean isBacklogged() {
        // Netty calls a channel without output, shut down or closed, not writable.
        boolean full = !channel.isWritable() && channel.unsafe().outboundBuffer() != null;
        return !closed && (full || !queue.isEmpty());
    }

    /** Tells that nothing is expected from the peer any more but its FIN. */
    public void expectEnd() {
        lastByteRead = true;
    }

    @Override
    public void shutdown(Done done) {
        if (shutdownAsked || closed || !channel.isActive()) {
            // As libuv's ENOTCONN, which Node takes for done.
            loop.nextTick(() -> done.done(null));
            return;
        }
        shutdownAsked = true;
        shutdownDone = done;
        if (queue.isEmpty()) {
            finishShutdown();
        }
    }

    private void finishShutdown() {
        Done done = shutdownDone;
        if (done == null || closed) {
            return;
        }
        shutdownDone = null;
        flushNow();
        settleQueued();
        if (writeError != null) {
            // What came before the FIN is lost.
            later(() -> frame(() -> done.done(SystemErrors.of(writeError, SHUT_DOWN, "EPIPE"))));
        } else if (isFlushed() || channel.unsafe().outboundBuffer() == null) {
            sendFin(done);
        } else {
            whenFlushed(error -> {
                if (error != null) {
                    done.done(error);
                } else {
                    sendFin(done);
                }
            });
        }
    }

    private void sendFin(Done done) {
        if (ended || lastByteRead) {
            // Who has both ends is about to close it, and the kernel sends FIN then.
            loop.nextTick(() -> done.done(null));
            later(() -> {
                if (!closed) {
                    ((DuplexChannel) channel).shutdownOutput();
                }
            });
            return;
        }
        ((DuplexChannel) channel).shutdownOutput().addListener(future -> {
            Throwable cause = future.cause();
            String code = cause == null ? null : SystemErrors.codeOf(cause, "ENOTCONN");
            Throwable error = code == null || code.equals("ENOTCONN")
                    ? null
                    : SystemException.of(code, SHUT_DOWN);
            // libuv reports it in the same round, before immediates.
            loop.nextTick(() -> done.done(error));
        });
    }

    // ---- closing ------------------------------------------------------------------------------

    @Override
    public void close(Runnable done) {
        if (closed) {
            return;
        }
        if (flushScheduled && channel.isActive() && !shutdownAsked) {
            flushNow();
            settleQueued();
        }
        closeNow(done);
    }

    @Override
    public boolean reset(Runnable done) {
        if (!tcp || closed) {
            return false;
        }
        set(ChannelOption.SO_LINGER, 0);
        closeNow(done);
        return true;
    }

    private void closeNow(Runnable done) {
        // Still to be told after the close: the channel remembers what it was asked.
        channel.localAddress();
        channel.remoteAddress();
        closed = true;
        reading = false;
        inCall = true;
        try {
            channel.close();
        } finally {
            inCall = false;
        }
        releaseKept();
        failWaiting();
        if (watched) {
            Frames.current().unwatch(busy);
        }
        if (done != null) {
            try {
                loop.execute(done);
            } catch (RejectedExecutionException ended) {
                // The loop's thread is gone, and with it everyone who could be told.
            }
        }
        handle.close();
    }

    /** Gives up what the loop would not take. Any thread. */
    void abandon() {
        handle.close();
    }

    private void releaseKept() {
        ByteBuf bytes;
        while (kept != null && (bytes = kept.poll()) != null) {
            bytes.release();
        }
    }

    private void failWaiting() {
        PendingWrite each;
        while ((each = queue.poll()) != null) {
            finish(each, error());
        }
        Done queued;
        while (queuedDones != null && (queued = queuedDones.poll()) != null) {
            fail(queued);
        }
        if (shutdownDone != null) {
            Done done = shutdownDone;
            shutdownDone = null;
            later(() -> frame(() -> done.done(SystemException.of("ECANCELED", SHUT_DOWN))));
        }
    }

    @Override
    public boolean isOpen() {
        return !closed && channel.isOpen();
    }

    @Override
    public boolean isTCP() {
        return tcp;
    }

    // ---- facts and options --------------------------------------------------------------------

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public AddressInfo localAddress() {
        if (local == null && tcp) {
            local = Channels.info(channel.localAddress(), ipv6);
        }
        return local;
    }

    @Override
    public AddressInfo remoteAddress() {
        if (remote == null && tcp) {
            remote = Channels.info(channel.remoteAddress(), ipv6);
        }
        return remote;
    }

    @Override
    public void setNoDelay(boolean enable) {
        if (tcp && isOpen() && enable != noDelay) {
            noDelay = enable;
            set(ChannelOption.TCP_NODELAY, enable);
        }
    }

    @Override
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

    /** Node ignores the result of these calls; a peer that is gone may refuse them. */
    private <T> void set(ChannelOption<T> option, T value) {
        try {
            channel.config().setOption(option, value);
        } catch (RuntimeException gone) {
            if (channel.isActive()) {
                throw gone;
            }
        }
    }

    @Override
    public void ref() {
        referenced = true;
        updateAlive();
    }

    @Override
    public void unref() {
        referenced = false;
        updateAlive();
    }

    @Override
    public String toString() {
        return "ChannelTransport[" + channel + "]";
    }

    // ---- inside -------------------------------------------------------------------------------

    private ByteBuf take(Output output, int length) {
        ChannelOutput own = (ChannelOutput) output;
        ByteBuf bytes = own.take();
        if (length < 0 || length > bytes.capacity()) {
            bytes.release();
            throw new IllegalArgumentException(
                    "length " + length + " of an output of " + bytes.capacity());
        }
        if (spare == null) {
            spare = own;
        }
        return bytes.setIndex(0, length);
    }

    /** Runs a task after what the loop does now. */
    private void later(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException ended) {
            // The loop's thread is gone, and with it everyone who could be told.
        }
    }

    /** Runs a callback into the program. */
    private void frame(Runnable callback) {
        loop.makeCallback(callback);
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
