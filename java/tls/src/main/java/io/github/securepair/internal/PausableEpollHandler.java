package io.github.securepair.internal;

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

import java.util.ArrayDeque;

/**
 * Netty's epoll handler, with channels that can be paused as libuv's can. Linux reports a hang-up
 * or an error whether it was asked for or not, and Netty answers one on a paused channel by reading
 * everything the kernel holds, or by being woken again and again. Here a channel that does not want
 * input gets no such event; its descriptor is parked, edge-triggered, until it asks for something
 * again. A channel that wants both reads before it writes.
 */
final class PausableEpollHandler extends IoHandlerDecorator {
    private static final EpollIoOps HANGUP = EpollIoOps.valueOf(0x10);
    /** What the kernel may report although only output, or nothing, was asked for. */
    private static final EpollIoOps INPUT_OR_ERROR =
            EpollIoOps.EPOLLERR.with(HANGUP).with(EpollIoOps.EPOLLRDHUP).with(EpollIoOps.EPOLLIN);

    private static final EpollIoOps OUTPUT =
            EpollIoOps.EPOLLOUT.with(EpollIoOps.EPOLLERR).with(HANGUP);
    private static final EpollIoOps SELECTABLE = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLOUT);
    private static final EpollIoEvent READABLE = () -> EpollIoOps.EPOLLIN;
    private static final EpollIoEvent WRITABLE = () -> EpollIoOps.EPOLLOUT;

    /** Registrations whose kernel interest set is a superset of what they want. */
    private final ArrayDeque<PausableRegistration> reduced = new ArrayDeque<>();

    private PausableEpollHandler(IoHandler epoll) {
        super(epoll);
    }

    /** Makes handlers for loops. */
    static IoHandlerFactory newFactory() {
        return decorate(EpollIoHandler.newFactory(), PausableEpollHandler::new);
    }

    @Override
    Registration between(IoHandle channel) {
        return new PausableRegistration((EpollIoHandle) channel);
    }

    @Override
    public int run(IoHandlerContext context) {
        for (PausableRegistration each; (each = reduced.poll()) != null; ) {
            each.registerReduced();
        }
        return super.run(context);
    }

    private final class PausableRegistration extends Registration implements EpollIoHandle {
        private final EpollIoHandle channel;
        /** What the channel wants now. */
        private EpollIoOps wantedOps = EpollIoOps.NONE;
        /** What the kernel is to report: the same, or parked. */
        private EpollIoOps requestedOps = EpollIoOps.NONE;
        /** What the kernel reports until it gets the request. */
        private int registeredOps;

        private boolean listed;

        PausableRegistration(EpollIoHandle channel) {
            super(channel);
            this.channel = channel;
        }

        // ---- from the kernel to the channel

        @Override
        public void handle(IoRegistration ignored, IoEvent event) {
            EpollIoOps happened = ((EpollIoEvent) event).ops();
            if ((happened.value() & INPUT_OR_ERROR.value()) == 0) {
                channel.handle(this, event);
                return;
            }
            if (wantedOps.contains(EpollIoOps.EPOLLIN)) {
                if (wantedOps.contains(EpollIoOps.EPOLLOUT)) {
                    readFirst(happened);
                } else {
                    channel.handle(this, event);
                }
                return;
            }
            if (!wantedOps.contains(EpollIoOps.EPOLLOUT)) {
                park(EpollIoOps.NONE);
                return;
            }
            // Connecting or flushing will find the error, if it is one; it must not be reported
            // again when nothing was done about it. A bare RDHUP is left for later.
            if (happened.value() != EpollIoOps.EPOLLRDHUP.value()) {
                channel.handle(this, WRITABLE);
            }
            if (wantedOps.contains(EpollIoOps.EPOLLOUT)
                    && !wantedOps.contains(EpollIoOps.EPOLLIN)) {
                park(EpollIoOps.EPOLLOUT);
            }
        }

        /**
         * As libuv: the bytes that arrived before a reset are still read, and the next read fails
         * with the reset. Netty writes first. The kernel returns the error once, to the write, and
         * the read would see an end like that of a FIN.
         */
        private void readFirst(EpollIoOps happened) {
            // With RDHUP in the event, Netty would read on after the channel was paused.
            channel.handle(this, READABLE);
            boolean writes = (happened.value() & OUTPUT.value()) != 0;
            if (writes && wantedOps.contains(EpollIoOps.EPOLLOUT) && isValid() && fd().isOpen()) {
                channel.handle(this, WRITABLE);
            }
        }

        /** Keeps only {@code ops}; what the kernel always reports is reported once per change. */
        private void park(EpollIoOps ops) {
            if (channel.fd().isOpen()) {
                request(ops.with(EpollIoOps.EPOLLET));
            }
        }

        /**
         * Added interest is registered at once, so that channels are served in the order in which
         * they asked. Removed interest is batched until the next epoll_wait, because most channels
         * change their mind or close before it.
         */
        private long request(EpollIoOps ops) {
            requestedOps = ops;
            boolean added = (ops.value() & ~registeredOps & SELECTABLE.value()) != 0;
            if (added || registeredOps == 0) {
                return register();
            }
            if (!listed && registeredOps != ops.value()) {
                listed = true;
                reduced.add(this);
            }
            return ops.value();
        }

        private long register() {
            registeredOps = requestedOps.value();
            return registration.submit(requestedOps);
        }

        /** Not when nothing changed: registering the same again would report the same again. */
        private void registerReduced() {
            listed = false;
            if (requestedOps.value() != registeredOps
                    && registration.isValid()
                    && channel.fd().isOpen()) {
                try {
                    register();
                } catch (RuntimeException refused) {
                    closeQuietly();
                }
            }
        }

        private void closeQuietly() {
            try {
                channel.close();
            } catch (Exception ignored) {
                // It is closed all the same.
            }
        }

        // ---- from the channel to the kernel

        @Override
        public long submit(IoOps ops) {
            wantedOps = (EpollIoOps) ops;
            // NONE would take the descriptor out for good, and a half-open channel could not write
            // any more.
            boolean nothing = wantedOps.value() == EpollIoOps.NONE.value();
            return request(nothing ? EpollIoOps.EPOLLET : wantedOps);
        }

        @Override
        public FileDescriptor fd() {
            return channel.fd();
        }
    }
}
