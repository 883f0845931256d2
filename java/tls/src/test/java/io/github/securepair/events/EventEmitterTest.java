package io.github.securepair.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.SystemException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

class EventEmitterTest {
    private static class Sample extends EventEmitter {
        static final Event<Listener0> NOTHING = Event.of(Sample.class, "nothing");
        static final Event<Listener1<String>> ONE = Event.of(Sample.class, "one");
        static final Event<Listener2<String, Integer>> TWO = Event.of(Sample.class, "two");
        static final Event<Listener3<String, Integer, Runnable>> THREE =
                Event.of(Sample.class, "three");
        static final Event<Listener4<String, String, String, String>> FOUR =
                Event.of(Sample.class, "four");
        static final Event<Listener1<ByteBuffer>> BYTES = Event.of(Sample.class, "bytes");
    }

    private final List<String> log = new ArrayList<>();
    private final EventEmitter emitter = new EventEmitter();

    private Listener named(String name) {
        return new Listener() {
            @Override
            public void call(Object... args) {
                log.add(name + Arrays.toString(args));
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    @Test
    void typedListenersGetTheirArguments() {
        Sample sample = new Sample();
        sample.on(Sample.NOTHING, () -> log.add("nothing"));
        sample.on(Sample.ONE, text -> log.add(text));
        sample.on(Sample.TWO, (text, number) -> log.add(text + number));
        sample.on(Sample.THREE, (text, number, done) -> done.run());
        sample.on(Sample.FOUR, (a, b, c, d) -> log.add(a + b + c + d));
        assertTrue(sample.emit(Sample.NOTHING));
        assertTrue(sample.emit(Sample.ONE, "x"));
        assertTrue(sample.emit(Sample.TWO, "y", 2));
        assertTrue(sample.emit(Sample.THREE, "z", 3, () -> log.add("ran")));
        assertTrue(sample.emit(Sample.FOUR, "1", "2", "3", "4"));
        assertEquals(List.of("nothing", "x", "y2", "ran", "1234"), log);
    }

    @Test
    void aKeyAndItsNameAreOneEvent() {
        Sample sample = new Sample();
        sample.on("two", args -> log.add(Arrays.toString(args)));
        sample.on(Sample.TWO, (text, number) -> log.add(text + number));
        sample.emit(Sample.TWO, "a", 1);
        sample.emit("two", "b", 2);
        assertEquals(List.of("[a, 1]", "a1", "[b, 2]", "b2"), log);
        assertEquals(2, sample.listenerCount("two"));
        assertEquals(2, sample.listenerCount(Sample.TWO));
    }

    @Test
    void aNameMadeAtRunTimeIsTheSameName() {
        Sample sample = new Sample();
        sample.on(
                new StringBuilder("o").append("ne").toString(), args -> log.add((String) args[0]));
        sample.emit(Sample.ONE, "x");
        sample.emit(new StringBuilder("one").toString(), "y");
        assertEquals(List.of("x", "y"), log);
    }

    @Test
    void listenersOfAnotherShapeGetFewerArgumentsOrNulls() {
        Sample sample = new Sample();
        sample.on("two", (Listener0) () -> log.add("none"));
        sample.on("two", (Listener1<String>) text -> log.add("one " + text));
        sample.on("two", (Listener3<String, Integer, Object>)
                (a, b, c) -> log.add("three " + a + b + c));
        sample.emit(Sample.TWO, "a", 1);
        sample.emit("two");
        assertEquals(
                List.of("none", "one a", "three a1null", "none", "one null", "three nullnullnull"),
                log);
    }

    @Test
    void moreThanFourArgumentsReachVarargsListeners() {
        emitter.on("many", named("a"));
        emitter.on("many", (Listener1<Integer>) first -> log.add("first" + first));
        emitter.emit("many", 1, 2, 3, 4, 5);
        assertEquals(List.of("a[1, 2, 3, 4, 5]", "first1"), log);
    }

    @Test
    void keysAreFoundByNameInTheHierarchy() {
        new Sample();
        assertSame(Sample.ONE, Event.find(Sample.class, "one"));
        assertSame(EventEmitter.ERROR, Event.find(Sample.class, "error"));
        assertNull(Event.find(Sample.class, "unknown"));
        assertNull(Event.find(EventEmitter.class, "one"));
        assertEquals("one", Sample.ONE.name());
        assertSame(Sample.class, Sample.ONE.owner());
    }

    @Test
    void emitTellsWhetherSomeoneListened() {
        assertFalse(emitter.emit("x"));
        emitter.on("x", args -> {});
        assertTrue(emitter.emit("x"));
        assertFalse(new Sample().emit(Sample.NOTHING));
        assertFalse(new Sample().emit(Sample.ONE, "x"));
    }

    @Test
    void newListenerComesBeforeAndRemoveListenerAfter() {
        emitter.on(EventEmitter.NEW_LISTENER, (name, listener) -> {
            log.add("new " + name + " " + listener + " " + emitter.listenerCount(name));
            if (name.equals("x") && emitter.listenerCount("x") == 0 && !log.contains("inner")) {
                log.add("inner");
                emitter.on("x", named("inner"));
            }
        });
        emitter.on(
                EventEmitter.REMOVE_LISTENER,
                (name, listener) -> log.add(
                        "removed " + name + " " + listener + " " + emitter.listenerCount(name)));
        log.clear();
        Listener a = named("a");
        Listener b = named("b");
        emitter.on("x", a);
        emitter.once("x", b);
        emitter.prependListener("x", b);
        emitter.emit("x", 1);
        emitter.off("x", a);
        assertEquals(
                List.of(
                        "new x a 0",
                        "inner",
                        "new x inner 0",
                        "new x b 2",
                        "new x b 3",
                        "b[1]",
                        "inner[1]",
                        "a[1]",
                        "removed x b 3",
                        "b[1]",
                        "removed x a 2"),
                log);
    }

    @Test
    void anEmitCallsThoseThatWereThereWhenItBegan() {
        Listener b = named("b");
        Listener[] self = new Listener[1];
        self[0] = args -> {
            log.add("self");
            emitter.off("x", self[0]);
            emitter.on("x", b);
        };
        emitter.on("x", self[0]);
        emitter.on("x", named("a"));
        emitter.emit("x");
        emitter.emit("x");
        assertEquals(List.of("self", "a[]", "a[]", "b[]"), log);
    }

    @Test
    void aRemovedListenerStillGetsTheRunningEmit() {
        Listener second = named("second");
        emitter.on("x", args -> emitter.off("x", second));
        emitter.on("x", second);
        emitter.emit("x");
        emitter.emit("x");
        assertEquals(List.of("second[]"), log);
    }

    @Test
    void onceIsGoneBeforeItRuns() {
        emitter.once("x", args -> {
            log.add("once");
            emitter.emit("x");
        });
        emitter.emit("x");
        emitter.emit("x");
        assertEquals(List.of("once"), log);
    }

    @Test
    void onceThatThrowsIsGone() {
        emitter.once("x", args -> {
            throw new IllegalArgumentException("no");
        });
        assertThrows(IllegalArgumentException.class, () -> emitter.emit("x"));
        assertFalse(emitter.emit("x"));
    }

    @Test
    void onceListenersAreTakenOffByTheirOwnName() {
        Listener a = named("a");
        emitter.once("x", a);
        emitter.prependOnceListener("x", named("b"));
        assertEquals("[b, a]", emitter.listeners("x").toString());
        assertFalse(emitter.rawListeners("x").contains(a));
        emitter.off("x", a);
        emitter.emit("x");
        assertEquals(List.of("b[]"), log);
    }

    @Test
    void offTakesTheLastOfSeveral() {
        Listener a = named("a");
        Listener b = named("b");
        emitter.on("x", a).on("x", b).on("x", a);
        emitter.off("x", a);
        assertEquals("[a, b]", emitter.listeners("x").toString());
        assertEquals(1, emitter.listenerCount("x", a));
        emitter.off("x", named("stranger")).off("y", a);
        assertEquals(2, emitter.listenerCount("x"));
    }

    @Test
    void prependedListenersGoFirst() {
        emitter.on("x", named("a"));
        emitter.prependListener("x", named("b"));
        emitter.prependOnceListener("x", named("c"));
        emitter.emit("x");
        emitter.emit("x");
        assertEquals(List.of("c[]", "b[]", "a[]", "b[]", "a[]"), log);
    }

    @Test
    void removingAllIsLastInFirstOutAndHeard() {
        emitter.on("removeListener", args -> log.add(args[0] + " " + args[1]));
        emitter.on("x", named("a")).on("x", named("b")).on("y", named("c"));
        emitter.removeAllListeners("x");
        emitter.removeAllListeners();
        assertEquals(List.of("x b", "x a", "y c"), log);
        assertEquals(List.of(), emitter.eventNames());
    }

    @Test
    void eventNamesAreInTheOrderOfTheFirstListener() {
        emitter.on("b", args -> {}).on("a", args -> {}).on("b", args -> {});
        assertEquals(List.of("b", "a"), emitter.eventNames());
        emitter.removeAllListeners("b");
        emitter.on("b", args -> {});
        assertEquals(List.of("a", "b"), emitter.eventNames());
    }

    @Test
    void anUnheardUncheckedErrorIsThrownItself() {
        IllegalStateException error = new IllegalStateException("boom");
        assertSame(
                error,
                assertThrows(IllegalStateException.class, () -> emitter.emit("error", error)));
        assertSame(
                error,
                assertThrows(
                        IllegalStateException.class,
                        () -> emitter.emit(EventEmitter.ERROR, error)));
        OutOfMemoryError fatal = new OutOfMemoryError();
        assertSame(
                fatal,
                assertThrows(
                        OutOfMemoryError.class, () -> emitter.emit(EventEmitter.ERROR, fatal)));
    }

    @Test
    void anUnheardCheckedErrorIsWrappedWithItsCode() {
        SystemException error = SystemException.of("ECONNRESET", "read");
        UnhandledErrorException thrown = assertThrows(
                UnhandledErrorException.class, () -> emitter.emit(EventEmitter.ERROR, error));
        assertSame(error, thrown.getCause());
        assertEquals("ECONNRESET", thrown.code());
        assertEquals("read ECONNRESET", thrown.getMessage());
        assertEquals(
                "ERR_UNHANDLED_ERROR",
                assertThrows(
                                UnhandledErrorException.class,
                                () -> emitter.emit("error", new IOException()))
                        .code());
    }

    @Test
    void anUnheardErrorThatIsNoneIsNamedInTheMessage() {
        UnhandledErrorException thrown =
                assertThrows(UnhandledErrorException.class, () -> emitter.emit("error", "text"));
        assertEquals("Unhandled error. ('text')", thrown.getMessage());
        assertEquals("text", thrown.context());
        assertEquals(
                "Unhandled error. (5)",
                assertThrows(UnhandledErrorException.class, () -> emitter.emit("error", 5))
                        .getMessage());
    }

    @Test
    void aHeardErrorIsNotThrown() {
        emitter.on(EventEmitter.ERROR, error -> log.add(error.getMessage()));
        emitter.emit(EventEmitter.ERROR, new IOException("x"));
        emitter.emit("error", new IOException("y"));
        assertEquals(List.of("x", "y"), log);
    }

    @Test
    void theErrorMonitorSeesButDoesNotHandle() {
        emitter.on(EventEmitter.ERROR_MONITOR, error -> log.add("seen " + error.getMessage()));
        assertThrows(
                UnhandledErrorException.class,
                () -> emitter.emit(EventEmitter.ERROR, new IOException("x")));
        assertThrows(
                UnhandledErrorException.class, () -> emitter.emit("error", new IOException("y")));
        assertEquals(List.of("seen x", "seen y"), log);
    }

    @Test
    void whatAListenerThrowsComesOutOfEmitAndStopsIt() {
        emitter.on("x", args -> {
            throw new IOException("checked");
        });
        emitter.on("x", named("later"));
        assertEquals(
                "checked",
                assertThrows(IOException.class, () -> emitter.emit("x")).getMessage());
        assertEquals(List.of(), log);
    }

    @Test
    void theLeakWarningComesOnce() {
        List<String> warnings = new ArrayList<>();
        Consumer<Warnings.Warning> before = Warnings.onWarning(
                warning -> warnings.add(warning.name() + ": " + warning.message()));
        try {
            Sample sample = new Sample();
            for (int i = 0; i < 13; i++) {
                sample.on("leak", args -> {});
            }
            Sample allowed = new Sample();
            allowed.setMaxListeners(0);
            for (int i = 0; i < 13; i++) {
                allowed.on("leak", args -> {});
            }
        } finally {
            Warnings.onWarning(before);
        }
        assertEquals(
                List.of("MaxListenersExceededWarning: Possible EventEmitter memory leak detected."
                        + " 11 leak listeners added to [Sample]. MaxListeners is 10. Use"
                        + " emitter.setMaxListeners() to increase limit"),
                warnings);
    }

    @Test
    void maxListenersHasADefaultAndBounds() {
        assertEquals(10, emitter.getMaxListeners());
        assertEquals(3, emitter.setMaxListeners(3).getMaxListeners());
        ArgumentException thrown =
                assertThrows(ArgumentException.class, () -> emitter.setMaxListeners(-1));
        assertEquals("RangeError", thrown.name());
        assertEquals(
                "The value of \"setMaxListeners\" is out of range. It must be >= 0. Received -1",
                thrown.getMessage());
    }

    @Test
    void aNullListenerIsRefused() {
        ArgumentException thrown =
                assertThrows(ArgumentException.class, () -> emitter.on("x", null));
        assertEquals("ERR_INVALID_ARG_TYPE", thrown.code());
        assertEquals(
                "The \"listener\" argument must be of type function. Received null",
                thrown.getMessage());
        assertThrows(ArgumentException.class, () -> emitter.once("x", null));
        assertThrows(ArgumentException.class, () -> emitter.off("x", null));
    }

    @Test
    void everyListenerOfBytesHasAViewOfItsOwn() {
        class Bytes extends EventEmitter {
            void send(ByteBuffer bytes) {
                emitBytes(Sample.BYTES, bytes);
            }
        }
        Bytes bytes = new Bytes();
        List<Integer> seen = new ArrayList<>();
        Listener1<ByteBuffer> greedy = chunk -> {
            seen.add(chunk.remaining());
            chunk.position(chunk.limit());
        };
        bytes.on(Sample.BYTES, greedy);
        bytes.on(Sample.BYTES, greedy);
        bytes.on(Sample.BYTES, greedy);
        bytes.send(ByteBuffer.allocate(5));
        assertEquals(List.of(5, 5, 5), seen);
    }

    @Test
    void listenersMayBeAddedOnManyThreads() throws Exception {
        emitter.setMaxListeners(0);
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            String name = "event" + t % 2;
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                } catch (InterruptedException stopped) {
                    return;
                }
                for (int i = 0; i < 500; i++) {
                    emitter.on(name, args -> {});
                    Listener passing = args -> {};
                    emitter.on(name, passing);
                    emitter.off(name, passing);
                }
            });
            thread.start();
            threads.add(thread);
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(1000, emitter.listenerCount("event0"));
        assertEquals(1000, emitter.listenerCount("event1"));
    }
}
