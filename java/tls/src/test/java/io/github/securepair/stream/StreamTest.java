package io.github.securepair.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.Callback;
import io.github.securepair.events.Event;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What the recorded scenarios cannot say: types, threads, buffers, subclasses. */
@Timeout(30)
class StreamTest {
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private EventLoop loop;

    @BeforeEach
    void open() {
        loop = EventLoop.create();
        loop.onUncaughtException(error -> log.add("uncaught " + error));
    }

    @AfterEach
    void close() {
        loop.close();
    }

    private <T> T on(Callable<T> task) throws Exception {
        return loop.submit(task).get();
    }

    private void settle() throws InterruptedException {
        assertTrue(loop.awaitIdle(10_000));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private Readable source() {
        return new Readable(new ReadableOptions().loop(loop).read((stream, size) -> {}));
    }

    private Writable sink() {
        return new Writable(new WritableOptions().loop(loop).write((chunk, callback) -> {
            log.add(text(chunk));
            callback.done();
        }));
    }

    // ---- types --------------------------------------------------------------------------------

    @Test
    void keysAreFoundOnDuplexes() throws Exception {
        Duplex duplex = on(() -> new Duplex(new DuplexOptions()));
        assertSame(WritableStream.DRAIN, Event.find(duplex.getClass(), "drain"));
        assertSame(Readable.DATA, Event.find(duplex.getClass(), "data"));
        assertSame(Stream.CLOSE, Event.find(duplex.getClass(), "close"));
        assertSame(EventEmitter.ERROR, Event.find(duplex.getClass(), "error"));
    }

    @Test
    void textArrivesUnderItsOwnKeyAndByName() throws Exception {
        on(() -> {
            Readable readable = source().setEncoding("utf8");
            readable.on(Readable.TEXT, text -> log.add(text.toUpperCase()));
            readable.on("data", args -> log.add((String) args[0]));
            loop.setImmediate(() -> readable.push("abc".getBytes(StandardCharsets.UTF_8)));
            return null;
        });
        settle();
        assertEquals(List.of("ABC", "abc"), log);
    }

    @Test
    void aBytesListenerOnATextStreamGetsAClearError() throws Exception {
        on(() -> {
            Readable readable = source().setEncoding("utf8");
            readable.on(Readable.DATA, chunk -> log.add("got " + chunk.remaining()));
            loop.setImmediate(() -> readable.push("abc"));
            return null;
        });
        settle();
        assertEquals(1, log.size());
        assertTrue(log.get(0).contains("listen with Readable.TEXT"), log.get(0));
    }

    @Test
    void badOptionsAreRefusedWhenTheyAreSet() {
        ArgumentException mark = assertThrows(
                ArgumentException.class, () -> new ReadableOptions().highWaterMark(-1));
        assertEquals("ERR_INVALID_ARG_VALUE", mark.code());
        assertEquals(
                "The property 'options.highWaterMark' is invalid. Received -1", mark.getMessage());
        assertThrows(ArgumentException.class, () -> new DuplexOptions().readableHighWaterMark(-1));
        assertThrows(ArgumentException.class, () -> new DuplexOptions().writableHighWaterMark(-1));
        assertEquals(
                "ERR_UNKNOWN_ENCODING",
                assertThrows(ArgumentException.class, () -> new ReadableOptions().encoding("rot13"))
                        .code());
        assertThrows(ArgumentException.class, () -> new WritableOptions().defaultEncoding("rot13"));
    }

    @Test
    void theNodeTextsOfStreamErrors() throws Exception {
        Writable writable = sink();
        assertEquals(
                "May not write null values to stream",
                assertThrows(ArgumentException.class, () -> writable.write((Object) null))
                        .getMessage());
        assertEquals(
                "The \"chunk\" argument must be of type string or an instance of Buffer,"
                        + " TypedArray, or DataView. Received type number (5)",
                assertThrows(ArgumentException.class, () -> writable.write(5)).getMessage());
        CompletableFuture<Throwable> late = new CompletableFuture<>();
        on(() -> {
            writable.on(
                    Stream.ERROR, error -> log.add(Coded.codeOf(error) + " " + error.getMessage()));
            writable.end();
            writable.write("late", late::complete);
            return null;
        });
        assertEquals("write after end", late.get().getMessage());
        settle();
        assertEquals(List.of("ERR_STREAM_WRITE_AFTER_END write after end"), log);
        CompletableFuture<Throwable> dead = new CompletableFuture<>();
        on(() -> {
            Writable other = sink();
            other.destroy();
            return other.write("x", dead::complete);
        });
        assertEquals(
                "Cannot call write after a stream was destroyed", dead.get().getMessage());
    }

    @Test
    void unimplementedHooksSayWhichOneIsMissing() throws Exception {
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        on(() -> new Readable(new ReadableOptions().loop(loop))
                .on(Stream.ERROR, failed::complete)
                .on("data", a -> {}));
        assertEquals("The _read() method is not implemented", failed.get().getMessage());
        ExecutionException thrown =
                assertThrows(ExecutionException.class, () -> on(() -> new Writable().write("x")));
        assertEquals("ERR_METHOD_NOT_IMPLEMENTED", Coded.codeOf(thrown.getCause()));
    }

    // ---- subclasses ---------------------------------------------------------------------------

    private class Recording extends Writable {
        Recording() {
            super(new WritableOptions().loop(StreamTest.this.loop));
        }

        @Override
        protected void _write(ByteBuffer chunk, Callback callback) {
            log.add("write " + text(chunk));
            loop.setImmediate(callback::done);
        }
    }

    private class Gathering extends Recording {
        @Override
        protected void _writev(List<ByteBuffer> chunks, Callback callback) {
            log.add("writev " + chunks.size());
            callback.done();
        }

        @Override
        protected void _final(Callback callback) {
            log.add("final");
            callback.done();
        }
    }

    @Test
    void overriddenHooksAreUsedAndOthersAreNot() throws Exception {
        on(() -> {
            Writable plain = new Recording();
            plain.write("a");
            plain.write("b");
            plain.end("c");
            return null;
        });
        settle();
        assertEquals(List.of("write a", "write b", "write c"), log);
        log.clear();
        on(() -> {
            Writable gathering = new Gathering();
            gathering.write("a");
            gathering.write("b");
            gathering.end("c");
            return null;
        });
        settle();
        assertEquals(List.of("write a", "writev 2", "final"), log);
    }

    @Test
    void aSubclassOfASubclassInheritsItsHooks() throws Exception {
        class Deeper extends Gathering {}
        on(() -> {
            Writable deeper = new Deeper();
            deeper.write("a");
            deeper.write("b");
            deeper.end("c");
            return null;
        });
        settle();
        assertEquals(List.of("write a", "writev 2", "final"), log);
    }

    @Test
    void constructRunsAfterTheSubclassIsMade() throws Exception {
        class Opening extends Recording {
            private final String name = new StringBuilder("ready").toString();

            @Override
            protected void _construct(Callback callback) {
                log.add("construct " + name);
                callback.done();
            }
        }
        on(() -> new Opening().write("x"));
        settle();
        assertEquals(List.of("construct ready", "write x"), log);
        assertThrows(IllegalStateException.class, Opening::new);
    }

    @Test
    void aTransformThatOverridesFinalIsFlushedAllTheSame() throws Exception {
        class Both extends Transform {
            @Override
            protected void _transform(ByteBuffer chunk, TransformCallback callback) {
                callback.call(null, chunk);
            }

            @Override
            protected void _flush(TransformCallback callback) {
                log.add("flush");
                callback.call(null, "rest");
            }

            @Override
            protected void _final(Callback callback) {
                log.add("final");
                callback.done();
            }
        }
        on(() -> {
            Both both = new Both();
            both.setEncoding("utf8")
                    .on("data", args -> log.add((String) args[0]))
                    .on("end", a -> log.add("end"));
            both.end("x");
            return null;
        });
        settle();
        assertEquals(List.of("x", "final", "flush", "rest", "end"), log);
    }

    // ---- buffers ------------------------------------------------------------------------------

    @Test
    void aWriteDoesNotMoveTheCallersBuffer() throws Exception {
        ByteBuffer mine = ByteBuffer.wrap("_abc_".getBytes(StandardCharsets.UTF_8), 1, 3);
        on(() -> {
            Writable writable = new Recording();
            writable.write("first");
            writable.write(mine);
            mine.position(mine.limit());
            return null;
        });
        settle();
        assertEquals(List.of("write first", "write abc"), log);
    }

    @Test
    void directAndReadOnlyMemoryArrivesOnTheHeap() throws Exception {
        ByteBuffer direct = ByteBuffer.allocateDirect(3)
                .put("abc".getBytes(StandardCharsets.UTF_8))
                .flip();
        on(() -> {
            Readable readable = source();
            readable.on(Readable.DATA, chunk -> log.add(chunk.hasArray() + text(chunk)));
            loop.setImmediate(() -> {
                readable.push(direct);
                readable.push(
                        ByteBuffer.wrap("d".getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer());
            });
            return null;
        });
        settle();
        assertEquals(List.of("trueabc", "trued"), log);
        assertEquals(3, direct.remaining());
    }

    @Test
    void everyDataListenerAndTheCallerOfReadHaveAViewOfTheirOwn() throws Exception {
        on(() -> {
            Readable readable = source();
            readable.on(Readable.DATA, chunk -> log.add(text(chunk)));
            readable.on(Readable.DATA, chunk -> log.add(text(chunk)));
            readable.pause();
            readable.push("abc");
            log.add(text((ByteBuffer) readable.read()));
            return null;
        });
        assertEquals(List.of("abc", "abc", "abc"), log);
    }

    @Test
    void aPipeIsNotDisturbedByAListenerThatConsumes() throws Exception {
        on(() -> {
            Readable readable = source();
            readable.on(Readable.DATA, chunk -> chunk.position(chunk.limit()));
            readable.pipe(sink());
            loop.setImmediate(() -> readable.push("abc"));
            return null;
        });
        settle();
        assertEquals(List.of("abc"), log);
    }

    @Test
    void readTakesPartsAcrossChunks() throws Exception {
        on(() -> {
            Readable readable = source();
            readable.push("abc");
            readable.push("def");
            readable.push("ghi");
            assertNull(readable.read(10));
            log.add(text((ByteBuffer) readable.read(2)));
            log.add(text((ByteBuffer) readable.read(5)));
            log.add(String.valueOf(readable.readableLength()));
            log.add(text((ByteBuffer) readable.read()));
            assertNull(readable.read());
            return null;
        });
        assertEquals(List.of("ab", "cdefg", "2", "hi"), log);
    }

    // ---- threads ------------------------------------------------------------------------------

    @Test
    void aStreamBelongsToTheLoopItWasMadeOn() throws Exception {
        assertSame(loop, on(() -> new Readable().loop()));
        assertSame(EventLoop.defaultLoop(), new Readable().loop());
        assertSame(loop, source().loop());
    }

    @Test
    void verbsFromAnotherThreadRunInOrderOnTheLoop() throws Exception {
        Thread[] where = new Thread[1];
        CompletableFuture<Throwable> finished = new CompletableFuture<>();
        Writable writable =
                new Writable(new WritableOptions().loop(loop).write((chunk, callback) -> {
                    where[0] = Thread.currentThread();
                    log.add(text(chunk));
                    callback.done();
                }));
        assertTrue(writable.write("a"));
        writable.cork();
        assertTrue(writable.write("b"));
        writable.uncork();
        writable.end("c", finished::complete);
        assertNull(finished.get());
        assertEquals(List.of("a", "b", "c"), log);
        assertNotSame(Thread.currentThread(), where[0]);
        assertFalse(writable.write("big".repeat(10_000)));
    }

    @Test
    void aReadableIsFedAndListenedToFromAnotherThread() throws Exception {
        Readable readable = source();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        readable.on(Readable.DATA, chunk -> log.add(text(chunk) + loop.inLoop()));
        readable.on(Readable.END, () -> ended.complete(null));
        assertTrue(readable.push("a"));
        readable.pause().resume();
        readable.push("b");
        readable.push(null);
        ended.get();
        assertEquals(List.of("atrue", "btrue"), log);
        assertThrows(IllegalStateException.class, readable::read);
        assertThrows(ArgumentException.class, () -> readable.push("x", "rot13"));
    }

    @Test
    void hooksMayAnswerFromAnotherThread() throws Exception {
        CompletableFuture<Throwable> finished = new CompletableFuture<>();
        Writable writable = new Writable(new WritableOptions()
                .loop(loop)
                .write((chunk, callback) -> new Thread(callback::done).start())
                .final_(callback -> new Thread(callback::done).start())
                .destroy((error, callback) -> new Thread(() -> callback.call(error)).start()));
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        writable.on(Stream.CLOSE, () -> closed.complete(loop.inLoop()));
        writable.write("a");
        writable.write("b");
        writable.end(finished::complete);
        assertNull(finished.get());
        assertTrue(closed.get());
    }

    @Test
    void streamsOfTwoLoopsArePipedWithBackpressure() throws Exception {
        EventLoop other = EventLoop.create();
        StringBuilder received = new StringBuilder();
        CompletableFuture<Void> finished = new CompletableFuture<>();
        List<Boolean> piped = Collections.synchronizedList(new ArrayList<>());
        Writable slow = new Writable(
                new WritableOptions().loop(other).highWaterMark(10).write((chunk, callback) -> {
                    received.append(text(chunk));
                    other.setImmediate(callback::done);
                }));
        slow.on(WritableStream.FINISH, () -> finished.complete(null));
        slow.on(WritableStream.PIPE, source -> piped.add(other.inLoop()));
        int[] count = {0};
        Readable fast = new Readable(new ReadableOptions().loop(loop).read((stream, size) -> {
            stream.push(count[0] < 2000 ? "chunk " + count[0] + " of some length\n" : null);
            count[0]++;
        }));
        fast.pipe(slow);
        finished.get(20, TimeUnit.SECONDS);
        assertEquals(2000, received.toString().split("\n").length);
        assertTrue(received.toString().endsWith("chunk 1999 of some length\n"));
        assertEquals(List.of(true), piped);
        other.close();
    }

    @Test
    void aDestinationOnAnotherLoopThatDiesEndsThePipe() throws Exception {
        EventLoop other = EventLoop.create();
        CompletableFuture<Boolean> unpiped = new CompletableFuture<>();
        Writable target = new Writable(
                new WritableOptions().loop(other).write((chunk, callback) -> callback.done()));
        target.on(WritableStream.UNPIPE, (source, info) -> unpiped.complete(other.inLoop()));
        Readable readable = source();
        readable.pipe(target);
        readable.push("x");
        on(() -> null);
        target.destroy();
        assertTrue(unpiped.get());
        assertEquals(0, on(() -> readable.listenerCount(Readable.DATA)));
        other.close();
    }

    @Test
    void anUnpipedDestinationOnAnotherLoopKeepsNothingOfThePipe() throws Exception {
        EventLoop other = EventLoop.create();
        CompletableFuture<Void> unpiped = new CompletableFuture<>();
        Writable target = new Writable(
                new WritableOptions().loop(other).write((chunk, callback) -> callback.done()));
        target.on(WritableStream.UNPIPE, (source, info) -> unpiped.complete(null));
        Readable readable = source();
        readable.pipe(target);
        readable.unpipe(target);
        unpiped.get();
        assertEquals(0, target.listenerCount(Stream.CLOSE));
        assertTrue(target.writable());
        other.close();
    }

    @Test
    void aStreamOfAClosedLoopCanStillBeDestroyed() throws Exception {
        Readable readable = source();
        on(() -> null);
        loop.close();
        loop.closed().get(10, TimeUnit.SECONDS);
        assertSame(readable, readable.destroy());
    }
}
