package io.github.securepair.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.internal.Frames;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

@Timeout(30)
class EventLoopTest {
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private EventLoop loop;

    @BeforeEach
    void open() {
        loop = EventLoop.create();
    }

    @AfterEach
    void close() throws Exception {
        loop.close();
        loop.closed().get(10, TimeUnit.SECONDS);
    }

    private void settle() throws InterruptedException {
        assertTrue(loop.awaitIdle(10_000));
    }

    // ---- order --------------------------------------------------------------------------------

    @Test
    void ticksRunAfterTheCallbackAndBeforeAnythingElse() throws Exception {
        loop.execute(() -> {
            loop.setImmediate(() -> {
                log.add("imm1");
                loop.nextTick(() -> log.add("tick1"));
                loop.setImmediate(() -> log.add("imm3"));
            });
            loop.setImmediate(() -> log.add("imm2"));
            loop.nextTick(() -> {
                log.add("tickA");
                loop.nextTick(() -> log.add("tickC"));
            });
            loop.nextTick(() -> log.add("tickB"));
            log.add("main");
        });
        settle();
        assertEquals(
                List.of("main", "tickA", "tickB", "tickC", "imm1", "tick1", "imm2", "imm3"), log);
    }

    @Test
    void anEmitInsideACallbackDoesNotDrainTheTicks() throws Exception {
        EventEmitter emitter = new EventEmitter();
        emitter.on("x", args -> loop.nextTick(() -> log.add("tick")));
        loop.execute(() -> {
            emitter.emit("x");
            loop.makeCallback(() -> log.add("nested"));
            log.add("main");
        });
        settle();
        assertEquals(List.of("nested", "main", "tick"), log);
    }

    @Test
    void whatEntersFromTheTransportDrainsTheTicks() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        loop.netty().execute(() -> {
            Frames frames = Frames.current();
            frames.enter();
            try {
                loop.nextTick(() -> log.add("tick"));
                log.add("read");
            } catch (Throwable thrown) {
                frames.uncaught(thrown);
            } finally {
                frames.leave();
            }
            log.add("after");
            done.countDown();
        });
        assertTrue(done.await(10, TimeUnit.SECONDS));
        assertEquals(List.of("read", "tick", "after"), log);
    }

    @Test
    void tasksRunInOrderEachWithItsOwnTicks() throws Exception {
        CountDownLatch both = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                both.await();
            } catch (InterruptedException stopped) {
                log.add("interrupted");
            }
        });
        loop.execute(() -> {
            log.add("a");
            loop.nextTick(() -> log.add("a-tick"));
        });
        loop.execute(() -> log.add("b"));
        both.countDown();
        settle();
        assertEquals(List.of("a", "a-tick", "b"), log);
    }

    @Test
    void aTickFromAnotherThreadIsATask() throws Exception {
        loop.nextTick(() -> log.add(String.valueOf(loop.inLoop())));
        settle();
        assertEquals(List.of("true"), log);
    }

    @Test
    void anImmediateCanBeCancelled() throws Exception {
        loop.execute(() -> {
            Immediate second = loop.setImmediate(() -> log.add("second"));
            loop.setImmediate(() -> {
                log.add("first");
                loop.clearImmediate(second);
            });
            Immediate third = loop.setImmediate(() -> log.add("third"));
            third.close();
            loop.clearImmediate(null);
        });
        settle();
        assertEquals(List.of("second", "first"), log);
    }

    @Test
    void immediatesDoNotStarveTheTransport() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        boolean[] stop = {false};
        Runnable[] again = new Runnable[1];
        again[0] = () -> {
            if (!stop[0]) {
                loop.setImmediate(again[0]);
            }
        };
        loop.execute(again[0]);
        loop.execute(() -> stop[0] = true);
        loop.execute(done::countDown);
        assertTrue(done.await(10, TimeUnit.SECONDS));
        settle();
    }

    // ---- threads ------------------------------------------------------------------------------

    @Test
    void callbacksKnowTheirLoop() throws Exception {
        assertNull(EventLoop.current());
        assertFalse(loop.inLoop());
        assertSame(loop, loop.submit(EventLoop::current).get());
        assertSame(loop, loop.submit(EventLoop::currentOrDefault).get());
        assertSame(EventLoop.defaultLoop(), EventLoop.currentOrDefault());
    }

    @Test
    void submitGivesTheResultOrTheFailure() throws Exception {
        assertEquals(5, loop.submit(() -> 5).get());
        ExecutionException thrown = assertThrows(
                ExecutionException.class,
                () -> loop.submit(() -> {
                            throw new IOException("no");
                        })
                        .get());
        assertEquals("no", thrown.getCause().getMessage());
    }

    @Test
    void aGroupHasSoManyThreads() throws Exception {
        try (EventLoopGroup group = EventLoop.group(3)) {
            Set<Thread> threads = new HashSet<>();
            for (EventLoop each : group.loops()) {
                threads.add(each.submit(Thread::currentThread).get());
            }
            assertEquals(3, threads.size());
            EventLoop first = group.next();
            assertNotSame(first, group.next());
            group.next();
            assertSame(first, group.next());
            group.close();
            group.closed().get(10, TimeUnit.SECONDS);
        }
        assertEquals(
                "ERR_OUT_OF_RANGE",
                assertThrows(ArgumentException.class, () -> EventLoop.group(0)).code());
    }

    @Test
    void aClosedLoopTakesNoMoreWork() throws Exception {
        EventLoop other = EventLoop.create();
        other.execute(() -> log.add("last"));
        other.close();
        other.closed().get(10, TimeUnit.SECONDS);
        assertEquals(List.of("last"), log);
        assertThrows(RejectedExecutionException.class, () -> other.execute(() -> log.add("late")));
        assertFalse(other.alive());
        assertTrue(other.awaitIdle(0));
    }

    @Test
    void theDefaultLoopIsSharedAndReplacedWhenClosed() throws Exception {
        EventLoop first = EventLoop.defaultLoop();
        assertSame(first, EventLoop.defaultLoop());
        first.close();
        EventLoop second = EventLoop.defaultLoop();
        assertNotSame(first, second);
        first.closed().get(10, TimeUnit.SECONDS);
        assertEquals(1, second.submit(() -> 1).get());
    }

    // ---- being alive --------------------------------------------------------------------------

    @Test
    void aHandleKeepsTheLoopAlive() throws Exception {
        assertFalse(loop.alive());
        Handle handle = loop.handle();
        assertTrue(loop.alive());
        assertTrue(handle.hasRef());
        assertFalse(loop.awaitIdle(0));
        handle.unref();
        settle();
        assertFalse(loop.alive());
        handle.ref();
        handle.ref();
        assertTrue(loop.alive());
        handle.close();
        handle.close();
        settle();
        assertFalse(handle.hasRef());
        assertTrue(handle.isClosed());
        handle.ref();
        assertFalse(loop.alive());
    }

    @Test
    void aHandleMadeByATaskKeepsTheLoopAlive() throws Exception {
        CompletableFuture<Handle> made = new CompletableFuture<>();
        loop.execute(() -> made.complete(loop.handle()));
        Handle handle = made.get();
        assertTrue(loop.alive());
        loop.execute(handle::close);
        settle();
    }

    @Test
    void aLoopInACallbackWithTicksIsAlive() throws Exception {
        assertTrue(loop.submit(() -> {
                    loop.nextTick(() -> log.add("tick"));
                    return loop.alive();
                })
                .get());
        assertFalse(loop.submit(loop::alive).get());
    }

    @Test
    void waitingForIdleOnTheLoopItselfIsRefused() {
        CompletionException thrown = assertThrows(
                CompletionException.class,
                () -> loop.submit(() -> {
                            loop.awaitIdle();
                            return null;
                        })
                        .join());
        assertTrue(thrown.getCause() instanceof IllegalStateException);
    }

    @Test
    void manyThreadsComeAndGoAndTheLoopEndsIdle() throws Exception {
        List<Thread> threads = new ArrayList<>();
        int[] count = {0};
        for (int t = 0; t < 4; t++) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 2000; i++) {
                    Handle handle = loop.handle();
                    loop.execute(() -> {
                        count[0]++;
                        handle.close();
                    });
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        settle();
        assertEquals(8000, count[0]);
        assertFalse(loop.alive());
    }

    // ---- exceptions ---------------------------------------------------------------------------

    @Test
    void whatACallbackThrowsGoesToTheHandlerAndTheLoopGoesOn() throws Exception {
        loop.onUncaughtException(error -> log.add(error.getMessage() + " " + loop.inLoop()));
        assertNotNull(loop.uncaughtExceptionHandler());
        loop.execute(() -> {
            loop.nextTick(() -> log.add("tick"));
            loop.nextTick(() -> {
                throw new IllegalStateException("from tick");
            });
            loop.nextTick(() -> log.add("next tick"));
            loop.setImmediate(() -> {
                loop.setTimeout(
                        () -> {
                            throw new IllegalStateException("from timer");
                        },
                        1);
                throw new IllegalStateException("from immediate");
            });
            throw new IllegalStateException("from task");
        });
        settle();
        assertEquals(
                List.of(
                        "from task true",
                        "tick",
                        "from tick true",
                        "next tick",
                        "from immediate true",
                        "from timer true"),
                log);
    }

    @Test
    void anUnheardErrorReachesTheHandlerAsItself() throws Exception {
        IOException error = new IOException("unheard");
        CompletableFuture<Throwable> seen = new CompletableFuture<>();
        loop.onUncaughtException(seen::complete);
        loop.execute(() -> new EventEmitter().emit(EventEmitter.ERROR, error));
        assertSame(error, seen.get());
    }

    @Test
    void aNestedCallbackThrowsToTheOneAroundIt() throws Exception {
        loop.onUncaughtException(error -> log.add("uncaught " + error.getMessage()));
        loop.execute(() -> {
            try {
                Frames frames = Frames.current();
                frames.enter();
                try {
                    throw new IllegalStateException("inner");
                } catch (Throwable thrown) {
                    frames.uncaught(thrown);
                } finally {
                    frames.leave();
                }
            } catch (IllegalStateException caught) {
                log.add("caught " + caught.getMessage());
            }
        });
        settle();
        assertEquals(List.of("caught inner"), log);
    }
}
