package io.github.securepair.internal.transport;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;

import java.util.ArrayDeque;

/**
 * Netty's epoll handler, made as deaf as libuv to what happens on a socket nobody reads. Linux
 * reports a hang-up or an error whether it was asked for or not, and Netty answers one on a paused
 * channel by reading everything the kernel holds, or by being woken again and again. Here a channel
 * that does not want input is not told of any; its descriptor is parked, edge-triggered, until it
 * asks for something again. A channel that wants both reads before it writes.
 */
public final class QuietEpoll implements IoHandler {
    private static final EpollIoOps HANGUP = EpollIoOps.valueOf(0x10);
    private static final EpollIoOps UNASKED =
            EpollIoOps.EPOLLERR.with(HANGUP).with(EpollIoOps.EPOLLRDHUP).with(EpollIoOps.EPOLLIN);
    private static final EpollIoOps OUTPUT =
            EpollIoOps.EPOLLOUT.with(EpollIoOps.EPOLLERR).with(HANGUP);
    private static final EpollIoOps WISHES = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLOUT);
    private static final EpollIoEvent READABLE = () -> EpollIoOps.EPOLLIN;
    private static final EpollIoEvent WRITABLE = () -> EpollIoOps.EPOLLOUT;

    private final IoHandler epoll;

    /** Who wants less than the kernel knows of. */
    private final ArrayDeque<Quiet> changed = new ArrayDeque<>();

    private QuietEpoll(IoHandler epoll) {
        this.epoll = epoll;
    }

    /** Makes handlers for loops. */
    public static IoHandlerFactory newFactory() {
        IoHandlerFactory factory = EpollIoHandler.newFactory();
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new QuietEpoll(factory.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return factory.isChangingThreadSupported();
            }
        };
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        Quiet quiet = new Quiet((EpollIoHandle) handle);
        quiet.registration = epoll.register(quiet);
        return quiet;
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        for (Quiet each; (each = changed.poll()) != null; ) {
            each.settle();
        }
        return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return epoll.isCompatible(handleType);
    }

    /** Stands between one channel and its registration, both ways. */
    private final class Quiet implements EpollIoHandle, IoRegistration {
        private final EpollIoHandle channel;
        private IoRegistration registration;
        private EpollIoOps wanted = EpollIoOps.NONE;
        private EpollIoOps asked = EpollIoOps.NONE;
        private int told;
        private boolean listed;

        Quiet(EpollIoHandle channel) {
            this.channel = channel;
        }

        // ---- from the kernel to the channel

        @Override
        public void handle(IoRegistration ignored, IoEvent event) {
            EpollIoOps happened = ((EpollIoEvent) event).ops();
            if ((happened.value() & UNASKED.value()) == 0) {
                channel.handle(this, event);
                return;
            }
            if (wanted.contains(EpollIoOps.EPOLLIN)) {
                if (wanted.contains(EpollIoOps.EPOLLOUT)) {
                    readFirst(happened);
                } else {
                    channel.handle(this, event);
                }
                return;
            }
            if (!wanted.contains(EpollIoOps.EPOLLOUT)) {
                park(EpollIoOps.NONE);
                return;
            }
            // Connecting or flushing will find the error, if it is one; it must not come up again
            // when nothing was done about it. A bare RDHUP is left for later.
            if (happened.value() != EpollIoOps.EPOLLRDHUP.value()) {
                channel.handle(this, WRITABLE);
            }
            if (wanted.contains(EpollIoOps.EPOLLOUT) && !wanted.contains(EpollIoOps.EPOLLIN)) {
                park(EpollIoOps.EPOLLOUT);
            }
        }

        /**
         * As libuv: what came before a reset is still read, and then the reset is found by the
         * reader. Netty writes first, whose error the kernel gives out once; the reader would find
         * an end like that of a FIN.
         */
        private void readFirst(EpollIoOps happened) {
            // Told of RDHUP, Netty would read on after the channel has changed its mind.
            channel.handle(this, READABLE);
            boolean writes = (happened.value() & OUTPUT.value()) != 0;
            if (writes && wanted.contains(EpollIoOps.EPOLLOUT) && isValid() && fd().isOpen()) {
                channel.handle(this, WRITABLE);
            }
        }

        /** Keeps only {@code ops} and reports what cannot be refused at most once per change. */
        private void park(EpollIoOps ops) {
            if (channel.fd().isOpen()) {
                ask(ops.with(EpollIoOps.EPOLLET));
            }
        }

        /**
         * The kernel is told at once of what is wanted in addition: who asks first is served first.
         * Of what is not wanted any more before the kernel is asked again: most channels change
         * their mind, or close, until then.
         */
        private long ask(EpollIoOps ops) {
            asked = ops;
            if ((ops.value() & ~told & WISHES.value()) != 0 || told == 0) {
                return tell();
            }
            if (!listed && told != ops.value()) {
                listed = true;
                changed.add(this);
            }
            return ops.value();
        }

        private long tell() {
            told = asked.value();
            return registration.submit(asked);
        }

        /** Telling the same again would report the same again. */
        private void settle() {
            listed = false;
            if (asked.value() != told && registration.isValid() && channel.fd().isOpen()) {
                try {
                    tell();
                } catch (RuntimeException refused) {
                    closeQuietly();
                }
            }
        }

        private void closeQuietly() {
            try {
                channel.close();
            } catch (Exception gone) {
                // Then it is closed.
            }
        }

        // ---- from the channel to the kernel

        @Override
        public long submit(IoOps ops) {
            wanted = (EpollIoOps) ops;
            // NONE would take the descriptor out for good, and a half-open channel could not write
            // any more.
            boolean nothing = wanted.value() == EpollIoOps.NONE.value();
            return ask(nothing ? EpollIoOps.EPOLLET : wanted);
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
        public FileDescriptor fd() {
            return channel.fd();
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
