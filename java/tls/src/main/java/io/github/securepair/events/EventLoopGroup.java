package io.github.securepair.events;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

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
