package io.github.securepair.internal;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.nio.NioIoOps;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;

/**
 * Netty's NIO handler in the order of libuv: a channel that can be read and written reads first.
 * When the peer has reset the connection, the bytes that arrived before the reset are delivered,
 * and the next read fails with it. A write would fetch the kernel's error first, and the read would
 * see an end like that of a FIN.
 *
 * <p>A channel also has to ask again for each further {@code WRITE}: one whose output was given up
 * after an error would be notified of it for ever.
 */
final class ReadFirstNioHandler extends IoHandlerDecorator {
    private static final NioIoEvent WRITABLE = () -> NioIoOps.WRITE;

    private ReadFirstNioHandler(IoHandler nio) {
        super(nio);
    }

    /** Makes handlers for loops. */
    static IoHandlerFactory newFactory() {
        return decorate(NioIoHandler.newFactory(), ReadFirstNioHandler::new);
    }

    @Override
    Registration between(IoHandle channel) {
        return new ReadFirst((NioIoHandle) channel);
    }

    private static final class ReadFirst extends Registration implements NioIoHandle {
        private final NioIoHandle channel;

        ReadFirst(NioIoHandle channel) {
            super(channel);
            this.channel = channel;
        }

        @Override
        public void handle(IoRegistration ignored, IoEvent event) {
            NioIoOps happened = ((NioIoEvent) event).ops();
            if (!happened.contains(NioIoOps.WRITE)) {
                channel.handle(this, event);
                return;
            }
            NioIoOps rest = happened.without(NioIoOps.WRITE);
            if (rest.value() != 0) {
                channel.handle(this, (NioIoEvent) () -> rest);
            }
            SelectionKey key = registration.attachment();
            if (key.isValid()) {
                key.interestOpsAnd(~SelectionKey.OP_WRITE);
                channel.handle(this, WRITABLE);
            }
        }

        @Override
        public SelectableChannel selectableChannel() {
            return channel.selectableChannel();
        }
    }
}
