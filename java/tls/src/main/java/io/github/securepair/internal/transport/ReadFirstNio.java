package io.github.securepair.internal.transport;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.nio.NioIoOps;
import io.netty.util.concurrent.ThreadAwareExecutor;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;

/**
 * Netty's NIO handler in the order of libuv: a channel that can be read and written reads first.
 * When the peer has reset the connection, what came before is delivered, and the reader finds the
 * reset; a write would take the kernel's error away from it, and leave it an end like that of a
 * FIN.
 *
 * <p>A channel also has to ask again for each further {@code WRITE}: one whose output was given up
 * after an error would be told of it for ever.
 */
public final class ReadFirstNio implements IoHandler {
    private static final NioIoEvent WRITABLE = () -> NioIoOps.WRITE;

    private final IoHandler nio;

    private ReadFirstNio(IoHandler nio) {
        this.nio = nio;
    }

    /** Makes handlers for loops. */
    public static IoHandlerFactory newFactory() {
        IoHandlerFactory factory = NioIoHandler.newFactory();
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new ReadFirstNio(factory.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return factory.isChangingThreadSupported();
            }
        };
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        Ordered ordered = new Ordered((NioIoHandle) handle);
        ordered.registration = nio.register(ordered);
        return ordered;
    }

    @Override
    public void initialize() {
        nio.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return nio.run(context);
    }

    @Override
    public void prepareToDestroy() {
        nio.prepareToDestroy();
    }

    @Override
    public void destroy() {
        nio.destroy();
    }

    @Override
    public void wakeup() {
        nio.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return nio.isCompatible(handleType);
    }

    /** Stands between one channel and its registration, both ways. */
    private static final class Ordered implements NioIoHandle, IoRegistration {
        private final NioIoHandle channel;
        private IoRegistration registration;

        Ordered(NioIoHandle channel) {
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
        public long submit(IoOps ops) {
            return registration.submit(ops);
        }

        @Override
        public <T> T attachment() {
            return registration.attachment();
        }

        @Override
        public boolean isValid() {
            return registration.isValid();
        }

        @Override
        public boolean cancel() {
            return registration.cancel();
        }

        @Override
        public SelectableChannel selectableChannel() {
            return channel.selectableChannel();
        }

        @Override
        public void registered() {
            channel.registered();
        }

        @Override
        public void unregistered() {
            channel.unregistered();
        }

        @Override
        public void close() throws Exception {
            channel.close();
        }
    }
}
