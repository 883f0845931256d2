package io.github.securepair.internal;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;

import java.util.function.Function;

/** One of Netty's handlers with an object of ours between each channel and its registration. */
abstract class IoHandlerDecorator implements IoHandler {
    private final IoHandler handler;

    IoHandlerDecorator(IoHandler handler) {
        this.handler = handler;
    }

    /** Makes handlers for loops: each one of {@code factory}'s, decorated. */
    static IoHandlerFactory decorate(
            IoHandlerFactory factory, Function<IoHandler, IoHandlerDecorator> decorator) {
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return decorator.apply(factory.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return factory.isChangingThreadSupported();
            }
        };
    }

    /** Makes what stands between a channel and its registration. */
    abstract Registration between(IoHandle channel);

    @Override
    public IoRegistration register(IoHandle channel) throws Exception {
        Registration registration = between(channel);
        registration.registration = handler.register(registration);
        return registration;
    }

    @Override
    public void initialize() {
        handler.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return handler.run(context);
    }

    @Override
    public void prepareToDestroy() {
        handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
        handler.destroy();
    }

    @Override
    public void wakeup() {
        handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return handler.isCompatible(handleType);
    }

    /** The handle of a channel towards Netty's handler, the registration towards the channel. */
    abstract static class Registration implements IoHandle, IoRegistration {
        private final IoHandle channel;
        IoRegistration registration;

        Registration(IoHandle channel) {
            this.channel = channel;
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
