package io.github.securepair.internal.transport;

import io.github.securepair.errors.SystemException;
import io.github.securepair.internal.Frames;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;

/**
 * The reading half of a {@link ChannelTransport}: lends what Netty reads to the receiver, keeps
 * what cannot be delivered yet, and delivers the end once.
 */
final class ChannelReads {
    private final ChannelTransport transport;
    private final Channel channel;
    private final Link link;

    private boolean reading;
    private boolean deliveryDeferred;

    /** What arrived while reading was stopped, or was left by the receiver. Null until needed. */
    private ArrayDeque<ByteBuf> unread;

    private boolean ended;
    private boolean endDelivered;
    private Throwable error;

    /** Only the peer's FIN is expected, though it may not have been read yet. */
    private boolean endExpected;

    private long bytesRead;

    ChannelReads(ChannelTransport transport, Channel channel, Link link) {
        this.transport = transport;
        this.channel = channel;
        this.link = link;
    }

    // ---- start and stop -----------------------------------------------------------------------

    void start() {
        if (transport.closed || reading) {
            return;
        }
        reading = true;
        updateLink();
        if (hasUndelivered()) {
            deferDelivery();
        } else {
            readChannel();
        }
    }

    void stop() {
        if (reading) {
            reading = false;
            channel.config().setAutoRead(false);
            updateLink();
        }
    }

    boolean isReading() {
        return reading;
    }

    /** The channel is connected: a start() before that takes effect. */
    void connected() {
        if (reading) {
            channel.config().setAutoRead(true);
        }
    }

    private void readChannel() {
        if (channel.isActive()) {
            channel.config().setAutoRead(true);
        }
    }

    private void updateLink() {
        link.setReading(reading && !endDelivered);
    }

    /** Puts bytes in front of the unread ones; an end that was delivered is delivered again. */
    void rewind(List<ByteBuffer> buffered) {
        for (int i = buffered.size() - 1; i >= 0; i--) {
            unread().addFirst(Unpooled.wrappedBuffer(buffered.get(i)));
        }
        endDelivered = false;
    }

    /** Stops for good and frees the unread bytes. */
    void close() {
        reading = false;
        ByteBuf bytes;
        while (unread != null && (bytes = unread.poll()) != null) {
            bytes.release();
        }
    }

    long bytesRead() {
        return bytesRead;
    }

    // ---- bytes --------------------------------------------------------------------------------

    void onBytes(ByteBuf bytes) {
        if (transport.closed) {
            bytes.release();
            return;
        }
        bytesRead += bytes.readableBytes();
        if (!reading || transport.receiver == null || hasUnread()) {
            unread().add(own(bytes));
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
                transport.receiver.onRead(lent, address);
            } catch (Throwable thrown) {
                failure = thrown;
            }
            int left = lent.remaining();
            if (left > 0 && !transport.closed) {
                bytes.readerIndex(start + length - left);
                ByteBuf rest = bytes;
                bytes = null;
                unread().addFirst(own(rest));
                stop();
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

    private ArrayDeque<ByteBuf> unread() {
        if (unread == null) {
            unread = new ArrayDeque<>(4);
        }
        return unread;
    }

    private boolean hasUnread() {
        return unread != null && !unread.isEmpty();
    }

    /** Returns whether bytes or an end can be delivered without a read of the channel. */
    private boolean hasUndelivered() {
        return hasUnread() || (ended || error != null) && !endDelivered;
    }

    private void deferDelivery() {
        if (!deliveryDeferred) {
            deliveryDeferred = true;
            transport.defer(() -> {
                deliveryDeferred = false;
                deliverUnread();
            });
        }
    }

    private void deliverUnread() {
        while (reading && !transport.closed && transport.receiver != null && hasUnread()) {
            deliver(unread.poll());
        }
        if (reading && !transport.closed) {
            if (hasUndelivered()) {
                deliverEnd();
            } else {
                readChannel();
            }
        }
    }

    // ---- the end ------------------------------------------------------------------------------

    /** Returns why reading failed, or null. */
    Throwable error() {
        return error;
    }

    /** Returns whether the peer has ended, or has nothing left to send but its FIN. */
    boolean isPeerDone() {
        return ended || endExpected;
    }

    void expectEnd() {
        endExpected = true;
    }

    /**
     * Nothing more can be read. The kernel reports a reset once. When a write got it, for another
     * reason than the peer's FIN (EPIPE), the end that is read here is that reset, and reading
     * fails with the same code.
     */
    void onInputShutdown(Throwable writeError) {
        if (transport.closed || ended || error != null) {
            return;
        }
        String code = writeError == null ? "EPIPE" : SystemErrors.codeOf(writeError, "EPIPE");
        if (code.equals("EPIPE")) {
            ended = true;
        } else {
            error = SystemException.of(code, "read");
        }
        onEof();
    }

    void onError(Throwable thrown) {
        if (!transport.closed && !ended && error == null) {
            error = SystemErrors.of(thrown, "read", "EIO");
            onEof();
        }
    }

    /** Delivers the end, unless that has to wait for unread bytes or for start(). */
    private void onEof() {
        if (reading && transport.receiver != null && !hasUnread()) {
            deliverEnd();
        }
    }

    private void deliverEnd() {
        endDelivered = true;
        reading = false;
        updateLink();
        Throwable failure = error;
        transport.callback(() -> {
            if (failure != null) {
                transport.receiver.onError(failure);
            } else {
                transport.receiver.onEnd();
            }
        });
    }
}
