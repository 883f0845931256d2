package io.github.securepair.net;

import io.github.securepair.errors.SystemException;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.Listener1;
import io.github.securepair.events.Timer;
import io.github.securepair.stream.Readable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The streams of one socket for threads that wait, virtual ones too: no monitor is held while
 * waiting. They behave as those of {@link java.net.Socket}.
 *
 * <p>There is one of this for a socket and its connection, so that every stream handed out shares
 * the same bytes and the same end. The loop's thread fills {@link #chunks} and takes what is
 * written; everything between it and the waiting threads is guarded by {@link #lock}.
 */
final class BlockingViews {
    /** Bytes read ahead, and bytes on their way out, at which the other end has to wait. */
    private static final int MARK = 64 * 1024;

    /** What a chunk counts at least, for the objects it is made of. */
    private static final int SMALLEST = 128;

    /** Milliseconds that the last record and FIN may take when no data is on its way any more. */
    private static final long GOODBYE = 1000;

    private static final MethodHandle IS_VIRTUAL = findIsVirtual();

    private final Socket socket;
    private final InputStream input = new SocketInput(this);
    private final OutputStream output = new SocketOutput(this);
    private final Listener1<ByteBuffer> onData = this::add;
    private final Listener1<Throwable> onError = this::failed;

    /** One array of a writer goes out as a whole: others wait here. */
    private final ReentrantLock writing = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<ByteBuffer> chunks = new ArrayDeque<>();

    /** Bytes in {@link #chunks}. */
    private int buffered;

    /** The same, no chunk counted below {@link #SMALLEST}. */
    private int charged;

    private boolean inputAsked;
    private boolean inputAttached;
    private boolean paused;
    /** The peer's end arrived, behind the chunks. */
    private boolean ended;
    /** A read has returned it; all later reads do the same. */
    private boolean endRead;

    /** Bytes that were handed to the loop and not yet by it to the system. */
    private int pending;
    /** Why bytes that were taken from a writer never left: nothing more is taken. */
    private Throwable lost;
    /** A write has thrown it. */
    private boolean lossReported;

    private int waitingWriters;
    /** Socket.end() was called. */
    private boolean outputEnded;

    /** A stream or the socket was closed by the program. */
    private boolean closed;
    /** The socket is destroyed. */
    private boolean socketDestroyed;
    /** The socket's first error. */
    private Throwable failure;

    /** On the loop: the taking of the rest, and whether it was emitted too. */
    private boolean emitted;

    private Timer goodbye;

    BlockingViews(Socket socket) {
        this.socket = socket;
        // The next call throws the socket's errors: no other listener is needed, and this one is
        // added before anything else can happen on the loop.
        socket.on(EventEmitter.ERROR, onError);
        // As with java.net.Socket the peer's end is not ours.
        socket.allowHalfOpen(true);
        onLoop(this::attach);
    }

    private static MethodHandle findIsVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException noVirtualThreads) {
            return null;
        }
    }

    InputStream input() {
        lock.lock();
        try {
            if (inputAsked) {
                return input;
            }
            inputAsked = true;
        } finally {
            lock.unlock();
        }
        onLoop(this::attachInput);
        return input;
    }

    OutputStream output() {
        return output;
    }

    // ---- what happens on the loop -------------------------------------------------------------

    /** Runs a task now or later on the loop; one that has ended has taken the socket with it. */
    private void onLoop(Runnable task) {
        try {
            if (socket.loop().inLoop()) {
                task.run();
            } else {
                socket.loop().execute(task);
            }
        } catch (RejectedExecutionException ended) {
            onSocketDestroyed(true);
        }
    }

    private void attach() {
        socket.once(Socket.CLOSE, hadError -> socket.off(EventEmitter.ERROR, onError));
        if (socket.errored() != null) {
            failed(socket.errored());
        }
        if (socket.destroyed()) {
            onSocketDestroyed(false);
        }
    }

    private void attachInput() {
        if (!socket.destroyed()) {
            socket.on(Readable.DATA, onData);
        }
        takeRest();
        if (socket.readableEnded()) {
            inputEnded();
        }
        if (!socket.destroyed() && !isPaused()) {
            socket.resume();
        }
        lock.lock();
        try {
            inputAttached = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Takes what the socket has buffered: a failed one will not emit it. */
    private void takeRest() {
        while (socket.readableLength() > 0 && (socket.destroyed() || !isPaused())) {
            emitted = false;
            Object rest = socket.read();
            if (rest == null) {
                return;
            }
            if (!emitted && rest instanceof ByteBuffer bytes) {
                add(bytes);
            }
        }
    }

    private void add(ByteBuffer chunk) {
        emitted = true;
        boolean full = false;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            chunks.add(chunk);
            buffered += chunk.remaining();
            charged += Math.max(SMALLEST, chunk.remaining());
            if (charged > MARK && !paused) {
                paused = true;
                full = true;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (full) {
            socket.pause();
        }
    }

    private boolean isPaused() {
        lock.lock();
        try {
            return paused;
        } finally {
            lock.unlock();
        }
    }

    /** The socket emitted {@code 'end'}. */
    void inputEnded() {
        lock.lock();
        try {
            // After an error, such as a fatal alert, it is not the end of what the peer sent.
            ended |= failure == null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void failed(Throwable error) {
        if (inputAsked) {
            takeRest();
        }
        lock.lock();
        try {
            if (failure == null) {
                failure = error;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The socket is being destroyed, with or without an error. */
    void destroyed(Throwable error) {
        if (error != null) {
            failed(error);
        } else if (inputAsked) {
            takeRest();
        }
        socket.off(Readable.DATA, onData);
        if (goodbye != null) {
            goodbye.close();
        }
        onSocketDestroyed(false);
    }

    /** @param loopEnded whether nothing will ever run on the loop again */
    private void onSocketDestroyed(boolean loopEnded) {
        lock.lock();
        try {
            socketDestroyed = true;
            inputAttached |= loopEnded;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void send(byte[] chunk) {
        Throwable refused = null;
        if (socket.destroyed() || socket.errored() != null) {
            refused = socket.errored() != null ? socket.errored() : NetErrors.closed();
        } else if (socket.writableEnded()) {
            // Checked first: a write after the end would destroy the socket, and what the peer sent
            // is still to be read.
            refused = SystemException.of("EPIPE", "write");
        }
        if (refused != null) {
            sent(chunk.length, refused);
        } else {
            socket.write(chunk, (Callback) error -> sent(chunk.length, error));
        }
    }

    private void sent(int count, Throwable error) {
        lock.lock();
        try {
            pending -= count;
            Throwable why = error;
            if (why == null && socketDestroyed) {
                // Nothing leaves a destroyed socket, whatever its callbacks are called with.
                why = NetErrors.closed();
            }
            if (why != null && lost == null) {
                lost = why;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- what waiting threads do --------------------------------------------------------------

    int read(byte[] target, int offset, int length) throws IOException {
        refuseLoop("read");
        lock.lock();
        try {
            if (endRead) {
                return -1;
            }
            int timeout = socket.getSoTimeout();
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeout);
            while (true) {
                if (closed) {
                    throw new SocketException("Socket closed");
                }
                if (!chunks.isEmpty()) {
                    return take(target, offset, length);
                }
                if (ended) {
                    endRead = true;
                    return -1;
                }
                if (failure != null) {
                    throw socket._thrown(failure, true);
                }
                if (socketDestroyed && inputAttached) {
                    throw new SocketException("Socket closed");
                }
                if (timeout > 0 && deadline - System.nanoTime() <= 0) {
                    throw new SocketTimeoutException("Read timed out");
                }
                await(timeout == 0, deadline);
            }
        } finally {
            lock.unlock();
        }
    }

    private int take(byte[] target, int offset, int length) {
        ByteBuffer chunk = chunks.peekFirst();
        int count = Math.min(length, chunk.remaining());
        int before = Math.max(SMALLEST, chunk.remaining());
        chunk.get(target, offset, count);
        buffered -= count;
        if (chunk.hasRemaining()) {
            charged -= before - Math.max(SMALLEST, chunk.remaining());
        } else {
            charged -= before;
            chunks.pollFirst();
        }
        if (paused && charged <= MARK / 2) {
            paused = false;
            if (!socketDestroyed) {
                onLoop(socket::resume);
            }
        }
        return count;
    }

    int available() throws IOException {
        if (socket.loop().inLoop() && !inputAttached) {
            attachInput();
        }
        lock.lock();
        try {
            while (!inputAttached) {
                // Bytes from before inputStream() was called are on their way from the loop.
                await(true, 0);
            }
            if (closed || socketDestroyed && failure == null && !ended && chunks.isEmpty()) {
                throw new SocketException("Socket closed");
            }
            return buffered;
        } finally {
            lock.unlock();
        }
    }

    void write(byte[] source, int offset, int length) throws IOException {
        refuseLoop("write");
        writing.lock();
        try {
            for (int at = offset; at < offset + length; at += MARK) {
                int count = Math.min(MARK, offset + length - at);
                awaitRoom(count);
                byte[] chunk = Arrays.copyOfRange(source, at, at + count);
                try {
                    socket.loop().execute(() -> send(chunk));
                } catch (RejectedExecutionException ended) {
                    onSocketDestroyed(true);
                    sent(count, NetErrors.closed());
                }
            }
        } finally {
            writing.unlock();
        }
    }

    /** Waits until a chunk may be handed to the loop, and counts it. */
    private void awaitRoom(int count) throws IOException {
        lock.lock();
        waitingWriters++;
        try {
            while (true) {
                throwUnwritable();
                if (pending <= MARK) {
                    pending += count;
                    return;
                }
                await(true, 0);
            }
        } finally {
            waitingWriters--;
            lock.unlock();
        }
    }

    private void throwUnwritable() throws IOException {
        if (closed) {
            throw new SocketException("Socket closed");
        }
        if (lost != null) {
            throw loss();
        }
        if (failure != null) {
            // A lost write may only be found out later; this call reports it.
            lossReported = true;
            throw socket._thrown(failure, false);
        }
        if (outputEnded || socketDestroyed && socket.writableEnded()) {
            throw new SocketException("Broken pipe");
        }
        if (socketDestroyed) {
            throw new SocketException("Socket closed");
        }
    }

    /** Reports, unless a write did, that bytes were lost after their write had returned. */
    private void throwUnreportedLoss() throws IOException {
        if (lost != null && !lossReported) {
            throw loss();
        }
    }

    private IOException loss() {
        lossReported = true;
        if (failure == null && (closed || socketDestroyed && socket.errored() == null)) {
            return new SocketException("Socket closed");
        }
        return socket._thrown(failure != null ? failure : lost, false);
    }

    /** Waits until all that was written has been handed to the system. */
    void flush() throws IOException {
        lock.lock();
        waitingWriters++;
        try {
            if (pending > 0) {
                refuseLoop("flush");
            }
            while (pending > 0 && lost == null) {
                await(true, 0);
            }
            throwUnreportedLoss();
        } finally {
            waitingWriters--;
            lock.unlock();
        }
    }

    /** Socket.end() was called, on whatever thread. */
    void endOutput() {
        lock.lock();
        try {
            outputEnded = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Socket.close() was called, on any thread: waiting threads are woken. */
    void cut() {
        lock.lock();
        try {
            closed = true;
            chunks.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the socket, after sending what was written. When another thread is still in the middle
     * of that, the connection is cut instead, and that thread gets an exception.
     */
    void close() throws IOException {
        boolean cuts;
        boolean ends;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            cut();
            cuts = !socketDestroyed && waitingWriters > 0;
            ends = !socketDestroyed && !cuts;
        } finally {
            lock.unlock();
        }
        if (cuts) {
            socket.destroy();
            return;
        }
        if (ends) {
            onLoop(this::endAndDestroy);
        }
        boolean waits = ends && !socket.loop().inLoop();
        lock.lock();
        try {
            while (waits && !socketDestroyed) {
                await(true, 0);
            }
            throwUnreportedLoss();
        } finally {
            lock.unlock();
        }
    }

    private void endAndDestroy() {
        if (socket.pending() || socket.writableFinished()) {
            socket.destroy();
            return;
        }
        lock.lock();
        try {
            if (pending == 0) {
                // What remains is close_notify and FIN: a peer that reads nothing does not hold
                // the closing thread for long.
                goodbye = socket.loop().setTimeout(socket::destroy, GOODBYE);
            }
        } finally {
            lock.unlock();
        }
        socket.end((Callback) error -> socket.destroy());
    }

    private void refuseLoop(String what) {
        if (socket.loop().inLoop()) {
            throw new IllegalStateException(
                    "a blocking " + what + " on the socket's own loop would never end");
        }
    }

    /**
     * Waits until something changed, with the lock held. As with java.net.Socket an interrupt does
     * not end the wait of a platform thread, which keeps its interrupt status; it closes the socket
     * of a virtual one.
     */
    private void await(boolean forever, long deadline) throws SocketException {
        boolean virtual = isVirtual(Thread.currentThread());
        // The status is kept for later: with it set the wait would not begin.
        boolean interrupted = !virtual && Thread.interrupted();
        try {
            if (forever) {
                changed.await();
            } else {
                changed.awaitNanos(deadline - System.nanoTime());
            }
        } catch (InterruptedException caught) {
            interrupted = true;
            if (virtual) {
                cut();
                socket.destroy();
                throw new SocketException("Closed by interrupt");
            }
            // Back to the caller, which looks again: what was signalled meanwhile reached no
            // waiter.
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (Throwable impossible) {
            return false;
        }
    }
}
