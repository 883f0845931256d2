package io.github.securepair.events;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Several loops to spread connections over, each with its own thread. Made by
 * {@link EventLoop#group}.
 */
public final class EventLoopGroup implements AutoCloseable {
    private final List<EventLoop> loops;
    private final AtomicInteger turn = new AtomicInteger();

    EventLoopGroup(List<EventLoop> loops) {
        this.loops = List.copyOf(loops);
    }

    /** Returns the loops, always in the same order. */
    public List<EventLoop> loops() {
        return loops;
    }

    /** Returns the loops in turn. */
    public EventLoop next() {
        return loops.get(Math.floorMod(turn.getAndIncrement(), loops.size()));
    }

    /**
     * Replaces the handler for what callbacks throw on all loops of the group, see
     * {@link EventLoop#onUncaughtException}. The loop that a server listens on is not one of them.
     *
     * @param handler called on the thread of the loop concerned, perhaps on several at once;
     *     {@code null} restores the default
     */
    public void onUncaughtException(Consumer<Throwable> handler) {
        loops.forEach(loop -> loop.onUncaughtException(handler));
    }

    /**
     * The same with the emitter whose listener threw, see
     * {@link EventLoop#onUncaughtExceptionFrom}.
     */
    public void onUncaughtExceptionFrom(BiConsumer<EventEmitter, Throwable> handler) {
        loops.forEach(loop -> loop.onUncaughtExceptionFrom(handler));
    }

    /** Closes all loops, see {@link EventLoop#close}. */
    @Override
    public void close() {
        loops.forEach(EventLoop::close);
    }

    /** Completes when all loops have ended. */
    public CompletableFuture<Void> closed() {
        return CompletableFuture.allOf(
                loops.stream().map(EventLoop::closed).toArray(CompletableFuture[]::new));
    }
}
