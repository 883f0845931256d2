package io.github.securepair.net;

import io.github.securepair.events.EventLoop;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Runs a test's program on a loop of its own, until the program gives its result or something is
 * thrown.
 */
final class OnLoop {
    private static final long LIMIT_SECONDS = 60;

    /** The program of a test. */
    @FunctionalInterface
    interface Program<T> {
        void run(EventLoop loop, CompletableFuture<T> result) throws Exception;
    }

    private OnLoop() {}

    static <T> T run(Program<T> program) throws Exception {
        EventLoop loop = EventLoop.create();
        CompletableFuture<T> result = new CompletableFuture<>();
        loop.onUncaughtException(result::completeExceptionally);
        try {
            loop.execute(() -> {
                try {
                    program.run(loop, result);
                } catch (Throwable thrown) {
                    result.completeExceptionally(thrown);
                }
            });
            return result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            loop.close();
            loop.closed().get(10, TimeUnit.SECONDS);
        }
    }
}
