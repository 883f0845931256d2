package io.github.securepair.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a program may do to the streams of a socket. Each scenario writes down what it saw, so that
 * the streams of {@code java.net.Socket} say what ours have to do.
 */
public enum ViewScenario {
    READS_OF_NOTHING((link, log) -> {
        log.result("empty", () -> link.in.read(new byte[0]));
        log.result("empty, at an offset", () -> link.in.read(new byte[3], 3, 0));
        link.peerEnds();
        log.result("end", link.in::read);
        log.result("empty at the end", () -> link.in.read(new byte[0]));
        link.close();
        log.result("empty when closed", () -> link.in.read(new byte[0]));
        log.result("no bytes when closed", () -> link.in.readNBytes(0).length);
        log.result("nothing skipped when closed", () -> link.in.skip(0));
    }),
    BAD_ARGUMENTS((link, log) -> {
        log.kind("negative length", () -> link.in.read(new byte[3], 0, -1));
        log.kind("beyond the end", () -> link.in.read(new byte[3], 2, 2));
        log.kind("no array", () -> link.in.read(null, 0, 1));
        log.kind("write a negative length", () -> link.write(new byte[3], 0, -1));
        log.kind("write beyond the end", () -> link.write(new byte[3], 2, 2));
        log.kind("write no array", () -> link.write(null, 0, 1));
        link.close();
        log.kind("beyond the end when closed", () -> link.in.read(new byte[3], 2, 2));
    }),
    READS_OF_ONE_AND_MORE((link, log) -> {
        link.peerWrites(1, 255, 3, 4, 5, 6, 7, 8, 9, 10);
        link.awaitAvailable(10);
        log.result("available", link.in::available);
        log.result("one", link.in::read);
        log.result("one above 127", link.in::read);
        byte[] target = new byte[5];
        log.result("part of an array", () -> link.in.read(target, 1, 2));
        log.note("array", target[0] + " " + target[1] + " " + target[2] + " " + target[3]);
        log.result("skip", () -> link.in.skip(2));
        log.result("available", link.in::available);
        log.result("exactly two", () -> link.in.readNBytes(2)[1]);
        link.peerEnds();
        log.result("more than there is", () -> link.in.readNBytes(9).length);
        log.result("then", link.in::read);
    }),
    ALL_BYTES_AND_THE_END((link, log) -> {
        byte[] sent = pattern(300_000);
        Thread writer = thread(() -> {
            link.peer.getOutputStream().write(sent);
            link.peerEnds();
        });
        byte[] got = link.in.readAllBytes();
        writer.join();
        log.note("all", java.util.Arrays.equals(sent, got));
        log.result("end", link.in::read);
        log.result("end again", () -> link.in.read(new byte[3]));
        log.result("available", link.in::available);
        log.result("skip", () -> link.in.skip(3));
        log.result("all of nothing", () -> link.in.readAllBytes().length);
    }),
    TRANSFER((link, log) -> {
        byte[] sent = pattern(100_000);
        Thread writer = thread(() -> {
            link.peer.getOutputStream().write(sent);
            link.peerEnds();
        });
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        log.result("count", () -> link.in.transferTo(target));
        writer.join();
        log.note("all", java.util.Arrays.equals(sent, target.toByteArray()));
    }),
    WRITES_GO_ON_AFTER_THE_PEERS_END((link, log) -> {
        link.peerWrites(1);
        link.peerEnds();
        log.result("one", link.in::read);
        log.result("end", link.in::read);
        log.done("write", () -> link.out.write(7));
        log.done("flush", link.out::flush);
        log.result("peer has", () -> link.peer.getInputStream().read());
        log.done("close", link.out::close);
        log.result("peer's end", () -> link.peer.getInputStream().read());
    }),
    THE_ANSWER_OF_A_PEER_THAT_LEFT((link, log) -> {
        // Sent, answered and ended by the peer before the thread goes on.
        link.out.write(new byte[] {1, 2, 3});
        log.result("peer has", () -> link.peer.getInputStream().readNBytes(3).length);
        link.peerWrites(4, 5);
        link.peerEnds();
        link.awaitAvailable(2);
        log.done("flush", link.out::flush);
        log.result("answer", () -> link.in.readAllBytes().length);
        log.done("flush at the end", link.out::flush);
        log.done("close", link.out::close);
        log.done("close the other", link.in::close);
        log.done("flush when closed", link.out::flush);
    }),
    CLOSED_BY_THE_SOCKET((link, log) -> {
        link.close();
        afterClose(link, log);
    }),
    CLOSED_BY_THE_INPUT((link, log) -> {
        link.in.close();
        log.note("closed", link.isClosed());
        afterClose(link, log);
        log.result("peer's end", () -> link.peer.getInputStream().read());
    }),
    CLOSED_BY_THE_OUTPUT((link, log) -> {
        link.out.close();
        log.note("closed", link.isClosed());
        afterClose(link, log);
        log.result("peer's end", () -> link.peer.getInputStream().read());
    }),
    WHAT_WAS_WRITTEN_IS_SENT_BY_CLOSE_OF_THE_OUTPUT((link, log) -> {
        sendsAll(link, log, link.out::close);
    }),
    WHAT_WAS_WRITTEN_IS_SENT_BY_CLOSE_OF_THE_INPUT((link, log) -> {
        sendsAll(link, log, link.in::close);
    }),
    CLOSED_WITH_BYTES_UNREAD((link, log) -> {
        link.peerWrites(1, 2, 3);
        link.awaitAvailable(3);
        link.close();
        log.result("read", link.in::read);
        log.result("available", link.in::available);
    }),
    CLOSED_WHEN_THE_END_WAS_READ((link, log) -> {
        link.peerEnds();
        log.result("end", link.in::read);
        link.close();
        log.result("read", link.in::read);
        log.result("skip", () -> link.in.skip(3));
        log.result("available", link.in::available);
    }),
    THE_OUTPUT_ENDED_HERE((link, log) -> {
        link.out.write(1);
        link.endOutput();
        log.done("write", () -> link.out.write(7));
        log.done("write nothing", () -> link.out.write(new byte[0]));
        log.done("flush", link.out::flush);
        log.result("peer has", () -> link.peer.getInputStream().read());
        log.result("peer's end", () -> link.peer.getInputStream().read());
        if (link.peerAnswersAfterOurEnd) {
            link.peerWrites(5);
            log.result("still read", link.in::read);
        } else {
            log.note("still read", 5);
        }
        log.done("close", link.out::close);
        log.note("closed", link.isClosed());
    }),
    TIMEOUT((link, log) -> {
        link.timeout(30);
        log.result("read", link.in::read);
        log.result("read", () -> link.in.read(new byte[9]));
        try {
            link.in.read();
        } catch (SocketTimeoutException e) {
            log.note("transferred", e.bytesTransferred);
        }
        log.result("skip", () -> link.in.skip(2));
        log.note("closed", link.isClosed());
        link.timeout(0);
        link.peerWrites(1);
        log.result("without a limit", link.in::read);
        link.timeout(30);
        log.result("with one again", link.in::read);
        link.timeout(30_000);
        link.peerWrites(2);
        log.result("in time", link.in::read);
        log.done("write", () -> link.out.write(7));
        log.result("peer has", () -> link.peer.getInputStream().read());
    }),
    TIMEOUT_IN_THE_MIDDLE((link, log) -> {
        link.timeout(30);
        link.peerWrites(1, 2);
        link.awaitAvailable(2);
        log.result("five", () -> link.in.readNBytes(5).length);
        log.result("available", link.in::available);
        link.peerWrites(3, 4, 5);
        link.timeout(30_000);
        log.result("the rest", () -> link.in.readNBytes(3)[0]);
    }),
    TIMEOUT_OF_ANOTHER_KIND((link, log) -> {
        log.kind("negative", () -> link.timeout(-1));
    }),
    ONE_STREAM_FOR_ALL((link, log) -> {
        log.note("the same input", link.input.get() == link.in);
        log.note("the same output", link.output.get() == link.out);
        link.peerWrites(1, 2);
        link.awaitAvailable(2);
        log.result("one", link.in::read);
        log.result("the next", () -> link.input.get().read());
        log.result("available", link.in::available);
    }),
    RESET((link, log) -> {
        link.peerResets();
        log.result("read", link.in::read);
        log.result("read again", link.in::read);
        log.result("available", link.in::available);
        log.done("flush", link.out::flush);
        log.done("close", link.in::close);
        log.result("read when closed", link.in::read);
    }),
    RESET_BEHIND_DATA((link, log) -> {
        link.peerWrites(1, 2, 3);
        link.awaitAvailable(3);
        link.peerResets();
        log.result("data", () -> link.in.readNBytes(3).length);
        log.result("then", link.in::read);
        log.kind("write", () -> {
            while (true) {
                link.out.write(7);
                link.out.flush();
            }
        });
        log.kind("write again", () -> link.out.write(7));
        log.done("close", link.out::close);
    }),
    WRITES_AFTER_A_RESET((link, log) -> {
        link.peerWrites(1, 2);
        link.awaitAvailable(2);
        link.peerResets();
        log.kind("write", () -> {
            while (true) {
                link.out.write(new byte[10_000]);
            }
        });
        log.kind("write again", () -> link.out.write(7));
        log.result("what came before", () -> link.in.readNBytes(2).length);
        log.done("close", link.out::close);
    }),
    INTERRUPTED_PLATFORM_THREAD((link, log) -> {
        CountDownLatch begins = new CountDownLatch(1);
        Thread reader = thread(() -> {
            begins.countDown();
            log.result("read", link.in::read);
            log.note("interrupted", Thread.currentThread().isInterrupted());
            log.result("the next", link.in::read);
            log.done("write", () -> link.out.write(9));
            log.done("flush", link.out::flush);
            log.note("interrupted", Thread.currentThread().isInterrupted());
        });
        begins.await();
        link.awaitWaiting(reader);
        reader.interrupt();
        link.peerWrites(1, 2);
        reader.join();
        log.result("peer has", () -> link.peer.getInputStream().read());
        log.note("closed", link.isClosed());
    }),
    INTERRUPTED_VIRTUAL_READER((link, log) -> {
        CountDownLatch begins = new CountDownLatch(1);
        Thread reader = virtual(() -> {
            begins.countDown();
            log.result("read", link.in::read);
            log.note("interrupted", Thread.currentThread().isInterrupted());
        });
        if (reader == null) {
            return;
        }
        begins.await();
        link.awaitWaiting(reader);
        reader.interrupt();
        reader.join();
        log.note("closed", link.isClosed());
        log.done("write", () -> link.out.write(9));
        log.result("peer's end", () -> link.peer.getInputStream().read());
    }),
    INTERRUPTED_VIRTUAL_READER_OF_WHAT_IS_THERE((link, log) -> {
        link.peerWrites(1);
        link.awaitAvailable(1);
        Thread reader = virtual(() -> {
            Thread.currentThread().interrupt();
            log.result("read", link.in::read);
            log.result("the next", link.in::read);
        });
        if (reader != null) {
            reader.join();
            log.note("closed", link.isClosed());
        }
    }),
    INTERRUPTED_VIRTUAL_WRITER((link, log) -> {
        Thread writer = virtual(() -> {
            log.kind("write", () -> link.out.write(new byte[24 << 20]));
            log.note("interrupted", Thread.currentThread().isInterrupted());
        });
        if (writer == null) {
            return;
        }
        link.awaitWaiting(writer);
        writer.interrupt();
        writer.join();
        log.note("closed", link.isClosed());
    }),
    CLOSE_UNDER_A_READER((link, log) -> {
        closeUnderReader(link, log, link::close);
    }),
    CLOSE_OF_THE_INPUT_UNDER_A_READER((link, log) -> {
        closeUnderReader(link, log, link.in::close);
    }),
    CLOSE_OF_THE_OUTPUT_UNDER_A_READER((link, log) -> {
        closeUnderReader(link, log, link.out::close);
    }),
    CLOSE_UNDER_A_WRITER((link, log) -> {
        closeUnderWriter(link, log, link::close);
    }),
    CLOSE_OF_THE_INPUT_UNDER_A_WRITER((link, log) -> {
        closeUnderWriter(link, log, link.in::close);
    }),
    CLOSE_OF_THE_OUTPUT_UNDER_A_WRITER((link, log) -> {
        closeUnderWriter(link, log, link.out::close);
    }),
    ARRAYS_OF_TWO_WRITERS_ARE_NOT_MIXED((link, log) -> {
        int size = 300_000;
        List<Thread> writers = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            byte[] own = new byte[size];
            java.util.Arrays.fill(own, (byte) i);
            writers.add(thread(() -> link.out.write(own)));
        }
        byte[] got = link.peer.getInputStream().readNBytes(3 * size);
        int changes = 0;
        for (int i = 1; i < got.length; i++) {
            changes += got[i] == got[i - 1] ? 0 : 1;
        }
        for (Thread each : writers) {
            each.join();
        }
        log.note("changes", changes);
    }),
    TWO_READERS_HAVE_EACH_BYTE_ONCE((link, log) -> {
        byte[] sent = pattern(200_000);
        AtomicInteger sum = new AtomicInteger();
        AtomicInteger count = new AtomicInteger();
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            readers.add(thread(() -> {
                byte[] some = new byte[1000];
                for (int n; (n = link.in.read(some)) >= 0; ) {
                    count.addAndGet(n);
                    for (int at = 0; at < n; at++) {
                        sum.addAndGet(some[at]);
                    }
                }
            }));
        }
        link.peer.getOutputStream().write(sent);
        link.peerEnds();
        for (Thread each : readers) {
            each.join();
        }
        log.note("count", count);
        int expected = 0;
        for (byte each : sent) {
            expected += each;
        }
        log.note("each once", sum.get() == expected);
    }),
    BOTH_DIRECTIONS_AT_ONCE((link, log) -> {
        byte[] sent = pattern(1_000_000);
        Thread echo = thread(() -> {
            byte[] some = new byte[10_000];
            for (int n; (n = link.peer.getInputStream().read(some)) >= 0; ) {
                link.peer.getOutputStream().write(some, 0, n);
            }
        });
        Thread writer = thread(() -> link.out.write(sent));
        log.note("all", java.util.Arrays.equals(sent, link.in.readNBytes(sent.length)));
        writer.join();
        link.close();
        echo.join();
    });

    private static final long SECONDS = 30;

    private final Body body;

    ViewScenario(Body body) {
        this.body = body;
    }

    /** Does it with one connection, and returns what was seen. */
    public List<String> run(Link link) throws Exception {
        Log log = new Log();
        try {
            body.run(link, log);
        } finally {
            link.close();
            link.rawPeer.close();
        }
        return log.lines;
    }

    private static void afterClose(Link link, Log log) {
        log.result("read", link.in::read);
        log.result("read some", () -> link.in.read(new byte[3]));
        log.result("some bytes", () -> link.in.readNBytes(3).length);
        log.result("all bytes", () -> link.in.readAllBytes().length);
        log.result("skip", () -> link.in.skip(3));
        log.result("transfer", () -> link.in.transferTo(new ByteArrayOutputStream()));
        log.result("available", link.in::available);
        log.done("write", () -> link.out.write(1));
        log.done("write some", () -> link.out.write(new byte[3]));
        log.done("write nothing", () -> link.out.write(new byte[0]));
        log.done("flush", link.out::flush);
        log.done("close input", link.in::close);
        log.done("close output", link.out::close);
        log.done("close", link::close);
    }

    private static void sendsAll(Link link, Log log, Act close) throws Exception {
        byte[] sent = pattern(500_000);
        byte[][] got = new byte[1][];
        Thread reader = thread(() -> got[0] = link.peer.getInputStream().readAllBytes());
        log.done("write", () -> link.out.write(sent));
        log.done("close", close);
        reader.join();
        log.note("all", java.util.Arrays.equals(sent, got[0]));
    }

    private static void closeUnderReader(Link link, Log log, Act close) throws Exception {
        Thread reader = thread(() -> log.result("read", link.in::read));
        link.awaitWaiting(reader);
        close.run();
        reader.join();
        log.note("closed", link.isClosed());
        log.result("peer's end", () -> link.peer.getInputStream().read());
    }

    private static void closeUnderWriter(Link link, Log log, Act close) throws Exception {
        Thread writer = thread(() -> log.done("write", () -> link.out.write(new byte[24 << 20])));
        link.awaitWaiting(writer);
        close.run();
        writer.join();
        log.note("closed", link.isClosed());
    }

    static byte[] pattern(int size) {
        byte[] bytes = new byte[size];
        new java.util.Random(size).nextBytes(bytes);
        return bytes;
    }

    private static Thread thread(Act act) {
        Thread thread = new Thread(() -> act(act), "view scenario");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** A virtual thread, or null where there are none. */
    private static Thread virtual(Act act) throws Exception {
        try {
            return (Thread) Thread.class
                    .getMethod("startVirtualThread", Runnable.class)
                    .invoke(null, (Runnable) () -> act(act));
        } catch (NoSuchMethodException before21) {
            return null;
        }
    }

    private static void act(Act act) {
        try {
            act.run();
        } catch (Exception e) {
            // What matters was logged.
        }
    }

    /** The steps of a scenario. */
    private interface Body {
        void run(Link link, Log log) throws Exception;
    }

    /** Something that may fail. */
    public interface Act {
        void run() throws Exception;
    }

    private interface Question {
        Object ask() throws Exception;
    }

    /** What a scenario saw. */
    private static final class Log {
        final List<String> lines = Collections.synchronizedList(new ArrayList<>());

        void note(String what, Object value) {
            lines.add(what + ": " + value);
        }

        void result(String what, Question question) {
            try {
                note(what, question.ask());
            } catch (Throwable thrown) {
                note(what, thrown.getClass().getName() + " " + thrown.getMessage());
            }
        }

        void done(String what, Act act) {
            result(what, () -> {
                act.run();
                return "done";
            });
        }

        /** The class of what is thrown; its text depends on the moment or on the JDK. */
        void kind(String what, Act act) {
            try {
                act.run();
                note(what, "done");
            } catch (Throwable thrown) {
                note(what, thrown.getClass().getName());
            }
        }
    }

    /** A connection: the streams in question, and a JDK socket as the peer. */
    public abstract static class Link {
        /** Gets a stream. */
        public interface Source<T> {
            T get() throws IOException;
        }

        final Source<InputStream> input;
        final Source<OutputStream> output;
        final InputStream in;
        final OutputStream out;
        final java.net.Socket peer;
        final java.net.Socket rawPeer;
        /** JSSE reads no more after its own end in TLS 1.2, and cannot end its output alone. */
        boolean peerAnswersAfterOurEnd = true;

        /**
         * Takes the streams of a new connection.
         *
         * @param peer what the peer reads and writes
         * @param rawPeer the TCP socket below it
         */
        protected Link(
                Source<InputStream> input,
                Source<OutputStream> output,
                java.net.Socket peer,
                java.net.Socket rawPeer)
                throws IOException {
            this.input = input;
            this.output = output;
            this.peer = peer;
            this.rawPeer = rawPeer;
            in = input.get();
            out = output.get();
        }

        /** As setSoTimeout of the socket. */
        protected abstract void timeout(int milliseconds) throws IOException;

        /** As shutdownOutput of the socket. */
        protected abstract void endOutput() throws IOException;

        /** As close of the socket. */
        protected abstract void close() throws IOException;

        /** Returns whether the socket is closed. */
        protected abstract boolean isClosed();

        /** Waits until a thread sleeps in one of the streams, where that can be seen. */
        protected abstract void awaitWaiting(Thread thread);

        /** The peer sends bytes. */
        void peerWrites(int... values) throws IOException {
            byte[] bytes = new byte[values.length];
            for (int i = 0; i < values.length; i++) {
                bytes[i] = (byte) values[i];
            }
            peer.getOutputStream().write(bytes);
        }

        void peerEnds() throws IOException {
            peer.shutdownOutput();
        }

        void peerResets() throws IOException {
            rawPeer.setSoLinger(true, 0);
            rawPeer.close();
        }

        void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
        }

        void awaitAvailable(int count) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (in.available() < count) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("only " + in.available() + " bytes came");
                }
                Thread.yield();
            }
        }
    }
}
