package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.github.securepair.internal.Frames;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The writing half of a {@link ChannelTransport}: tries the kernel at once, queues what it does not
 * take, and sends the FIN.
 */
final class ChannelWrites {
    private static final String SHUT_DOWN = "shutdown";

    private final ChannelTransport transport;
    private final Channel channel;
    private final ChannelReads reads;
    private final BooleanSupplier busy = this::isStillWriting;

    /** The loop calls {@link #isStillWriting} before it is idle. */
    private boolean watched;

    /** Netty may call back inside a call of the program's; then callbacks are deferred. */
    private boolean inCall;

    private Throwable error;
    private boolean flushScheduled;
    private ArrayDeque<Done> queuedDones;
    private final ArrayDeque<PendingWrite> queue = new ArrayDeque<>(0);
    private boolean shutdownBegun;
    private Done shutdownDone;
    private ChannelOutput spare;
    private long bytesWritten;

    ChannelWrites(ChannelTransport transport, Channel channel, ChannelReads reads) {
        this.transport = transport;
        this.channel = channel;
        this.reads = reads;
    }

    // ---- keeping the loop alive ---------------------------------------------------------------

    /** Returns whether bytes wait for the kernel. */
    private boolean isWriting() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return !transport.closed && (waiting != null && !waiting.isEmpty() || !queue.isEmpty());
    }

    private boolean isStillWriting() {
        watched = isWriting();
        return watched;
    }

    // ---- writing ------------------------------------------------------------------------------

    Output lend(int capacity) {
        ByteBuf memory = LoopMemory.output(capacity);
        ChannelOutput output = spare;
        if (output == null) {
            return new ChannelOutput(memory);
        }
        spare = null;
        return output.refill(memory);
    }

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

    boolean write(Output output, int length, Done done) {
        ByteBuf bytes = take(output, length);
        if (queue.isEmpty()) {
            return send(bytes, length, done);
        }
        enqueue(new PendingWrite(bytes), done);
        return false;
    }

    /** Writes without a flush; the flush follows at the end of the round at the latest. */
    void queue(Output output, int length, Done done) {
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
            transport.defer(this::flushScheduled);
        }
    }

    /** Flushes if a flush is scheduled and was not done meanwhile. */
    void flushScheduled() {
        if (flushScheduled) {
            flush();
        }
    }

    void flush() {
        if (!transport.closed) {
            flushNow();
            settleQueued();
        }
    }

    boolean write(ByteBuffer chunk, Done done) {
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

    boolean write(List<ByteBuffer> chunks, Done done) {
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
            deferDone(done, copied.error);
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
        if (!transport.closed && !shutdownBegun && channel.isActive() && error == null) {
            return false;
        }
        bytes.release();
        fail(done, reason());
        return true;
    }

    /** Schedules {@code done}, if any. Returns false: it is called later. */
    private boolean fail(Done done, Throwable failure) {
        if (done != null) {
            deferDone(done, failure);
        }
        return false;
    }

    private void deferDone(Done done, Throwable result) {
        transport.defer(() -> transport.callback(() -> done.done(result)));
    }

    /** Returns why nothing can be written. */
    private Throwable reason() {
        return transport.closed
                ? SystemException.of("ECANCELED", "write")
                : SystemErrors.of(error, "write", "EPIPE");
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

    /** Returns whether the kernel has taken all; false also after an error. */
    private boolean isFlushed() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return waiting != null && waiting.isEmpty() && error == null;
    }

    /** Has the callbacks of {@link #queue} called, now or when their bytes are flushed. */
    private void settleQueued() {
        if (queuedDones == null || queuedDones.isEmpty()) {
            return;
        }
        List<Done> dones = new ArrayList<>(queuedDones);
        queuedDones.clear();
        if (isFlushed()) {
            transport.defer(() -> callEach(dones, null));
        } else {
            whenFlushed(failure -> callEach(dones, failure));
        }
    }

    private void callEach(List<Done> dones, Throwable result) {
        dones.forEach(done -> transport.callback(() -> done.done(result)));
    }

    /**
     * Has {@code done} called when everything written so far is flushed: it is the callback of an
     * empty message behind it.
     */
    private void whenFlushed(Done done) {
        if (done == null) {
            return;
        }
        if (error != null || channel.unsafe().outboundBuffer() == null) {
            fail(done, reason());
            return;
        }
        ChannelPromise promise = channel.newPromise();
        promise.addListener(future -> {
            if (future.cause() != null && !transport.closed) {
                onError(future.cause());
            }
            Throwable result = future.cause() == null ? null : reason();
            if (inCall) {
                deferDone(done, result);
            } else {
                transport.callback(() -> done.done(result));
            }
        });
        channel.write(Unpooled.EMPTY_BUFFER, promise);
        flushNow();
    }

    /**
     * The channel has given up its output. Each {@link Done} gets the error; the receiver gets it
     * for writes that have none, or that have not reached the channel.
     */
    void onError(Throwable thrown) {
        if (error != null) {
            return;
        }
        boolean wrapped =
                thrown instanceof ChannelOutputShutdownException && thrown.getCause() != null;
        error = wrapped ? thrown.getCause() : thrown;
        if (reads.error() != null) {
            // Found already, but not delivered: the kernel has nothing better than EPIPE then.
            error = reads.error();
        }
        Throwable reason = SystemErrors.of(error, "write", "EPIPE");
        transport.defer(() -> {
            if (!transport.closed && transport.receiver != null) {
                transport.callback(() -> transport.receiver.onWriteError(reason));
            }
        });
    }

    /** Returns why the channel has given up its output, or null. */
    Throwable error() {
        return error;
    }

    // ---- writes that wait ---------------------------------------------------------------------

    private void enqueue(PendingWrite waiting, Done done) {
        waiting.done = done;
        bytesWritten += waiting.left();
        queue.add(waiting);
    }

    private void finish(PendingWrite write, Throwable failure) {
        write.finish(failure);
        if (write.done != null) {
            deferDone(write.done, failure);
        }
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
                if (transport.closed || error != null || first.left() > 0 && !channel.isActive()) {
                    queue.poll();
                    finish(first, reason());
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
                        whenFlushed(failure -> pump());
                        return;
                    }
                }
            }
        } finally {
            inCall = outer;
        }
        notifyWritable();
        finishShutdown();
    }

    // ---- backpressure -------------------------------------------------------------------------

    long queueSize() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        long size = waiting == null
                ? 0
                : Math.max(0, waiting.totalPendingWriteBytes() - waiting.currentProgress());
        for (PendingWrite each : queue) {
            size += each.left();
        }
        return size;
    }

    boolean isBacklogged() {
        // Netty calls a channel without output, shut down or closed, not writable.
        boolean full = !channel.isWritable() && channel.unsafe().outboundBuffer() != null;
        return !transport.closed && (full || !queue.isEmpty());
    }

    void notifyWritable() {
        if (!transport.closed && transport.receiver != null && !isBacklogged()) {
            if (inCall) {
                transport.defer(this::notifyWritable);
            } else {
                transport.callback(transport.receiver::onWritable);
            }
        }
    }

    long bytesWritten() {
        return bytesWritten;
    }

    // ---- the end ------------------------------------------------------------------------------

    void shutdown(Done done) {
        if (shutdownBegun || transport.closed || !channel.isActive()) {
            // As libuv's ENOTCONN, which Node takes for success.
            transport.loop.nextTick(() -> done.done(null));
            return;
        }
        shutdownBegun = true;
        shutdownDone = done;
        if (queue.isEmpty()) {
            finishShutdown();
        }
    }

    private void finishShutdown() {
        Done done = shutdownDone;
        if (done == null || transport.closed) {
            return;
        }
        shutdownDone = null;
        flushNow();
        settleQueued();
        if (error != null) {
            // Bytes before the FIN are lost.
            deferDone(done, SystemErrors.of(error, SHUT_DOWN, "EPIPE"));
        } else if (isFlushed() || channel.unsafe().outboundBuffer() == null) {
            sendFin(done);
        } else {
            whenFlushed(failure -> {
                if (failure != null) {
                    done.done(failure);
                } else {
                    sendFin(done);
                }
            });
        }
    }

    private void sendFin(Done done) {
        DuplexChannel duplex = (DuplexChannel) channel;
        if (reads.isPeerDone()) {
            // Both directions are done, so close() follows and sends the FIN.
            transport.loop.nextTick(() -> done.done(null));
            transport.defer(() -> {
                if (!transport.closed) {
                    duplex.shutdownOutput();
                }
            });
            return;
        }
        duplex.shutdownOutput().addListener(future -> {
            Throwable cause = future.cause();
            String code = cause == null ? null : SystemErrors.codeOf(cause, "ENOTCONN");
            Throwable failure = code == null || code.equals("ENOTCONN")
                    ? null
                    : SystemException.of(code, SHUT_DOWN);
            // libuv reports it in the same round, before immediates.
            transport.loop.nextTick(() -> done.done(failure));
        });
    }

    /** The transport is about to close: one last try for what waits only for a flush. */
    void beforeClose() {
        if (flushScheduled && channel.isActive() && !shutdownBegun) {
            flushNow();
            settleQueued();
        }
    }

    /** Closes the channel, then gives up what waits. The transport counts as closed already. */
    void close() {
        inCall = true;
        try {
            channel.close();
        } finally {
            inCall = false;
        }
        PendingWrite each;
        while ((each = queue.poll()) != null) {
            finish(each, reason());
        }
        Done queued;
        while (queuedDones != null && (queued = queuedDones.poll()) != null) {
            deferDone(queued, reason());
        }
        if (shutdownDone != null) {
            Done done = shutdownDone;
            shutdownDone = null;
            deferDone(done, SystemException.of("ECANCELED", SHUT_DOWN));
        }
        if (watched) {
            Frames.current().unwatch(busy);
        }
    }
}
