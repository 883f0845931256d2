package io.github.securepair.internal.tls;

import io.github.securepair.engine.Status;
import io.github.securepair.engine.TLSConnection;
import io.github.securepair.engine.TLSException;
import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.transport.Done;
import io.github.securepair.internal.transport.Output;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Plaintext on its way into a {@link TLSTransport}: waits for the handshake, for room below, and is
 * encrypted a slice at a time, so that however much is written there is never more than a slice of
 * ciphertext ahead of the kernel.
 */
final class WriteQueue {
    private static final int MAX_FRAGMENT = 16384;
    /** More than a record of any suite adds: header, explicit IV, padding, MAC. */
    private static final int RECORD_OVERHEAD = 320;

    private final TLSTransport tls;
    private final Outgoing outgoing;
    private final EventLoop loop;
    private final ArrayDeque<Write> waiting = new ArrayDeque<>();
    /** Encrypted, not yet taken by the kernel. */
    private final ArrayDeque<Write> flushing = new ArrayDeque<>();

    private boolean pumping;
    /** A write failed half way: what follows it must not be sent. */
    private boolean broken;
    /** Why nothing can be written any more; null as long as it can. */
    private Throwable refusal;

    private int fragment = MAX_FRAGMENT;
    private long queued;
    private long accepted;

    WriteQueue(TLSTransport tls, Outgoing outgoing, EventLoop loop) {
        this.tls = tls;
        this.outgoing = outgoing;
        this.loop = loop;
    }

    /** Plaintext that was accepted, with the callback for when its ciphertext has gone. */
    private final class Write implements Done, Runnable {
        private final ByteBuffer[] chunks;
        private final Output source;
        private final Done done;
        private int index;
        private int position;
        private long left;
        /** The kernel has taken all of it, but the callback has not run yet. */
        private boolean sent;

        private boolean finished;
        private Throwable error;

        Write(ByteBuffer[] chunks, Output source, Done done) {
            this.chunks = chunks;
            this.source = source;
            this.done = done;
            for (ByteBuffer chunk : chunks) {
                left += chunk.remaining();
            }
        }

        /** Copies the next bytes to {@code target}, up to its limit. */
        void gather(ByteBuffer target) {
            while (target.hasRemaining() && index < chunks.length) {
                ByteBuffer chunk = chunks[index];
                int rest = chunk.remaining() - position;
                int count = Math.min(rest, target.remaining());
                target.put(target.position(), chunk, chunk.position() + position, count);
                target.position(target.position() + count);
                position += count;
                if (count == rest) {
                    index++;
                    position = 0;
                }
            }
        }

        /**
         * Takes the next {@code length} bytes where they are: in native memory, all in one chunk.
         *
         * @return their address, or 0 when they have to be gathered
         */
        long take(int length) {
            ByteBuffer chunk = chunks[index];
            int rest = chunk.remaining() - position;
            if (!chunk.isDirect() || rest < length) {
                return 0;
            }
            int start = chunk.position() + position;
            // Throws when the memory was freed meanwhile.
            chunk.get(start);
            position += length;
            if (rest == length) {
                index++;
                position = 0;
            }
            return AddressTurns.addressOf(chunk) + start;
        }

        /** Remembers that {@code count} of the bytes last gathered or taken were not encrypted. */
        void unread(int count) {
            int rest = count;
            while (rest > 0) {
                if (position == 0) {
                    index--;
                    position = chunks[index].remaining();
                }
                int step = Math.min(rest, position);
                position -= step;
                rest -= step;
            }
        }

        /** From the transport below. */
        @Override
        public void done(Throwable failure) {
            finish(failure);
        }

        /** As an immediate. */
        @Override
        public void run() {
            finish(null);
        }

        private void finish(Throwable failure) {
            if (!finished) {
                finished = true;
                error = failure;
                reportFinished();
            }
        }

        void report() {
            if (source != null) {
                source.release();
            }
            if (done != null) {
                done.done(error);
            }
        }
    }

    /** Takes plaintext; {@code done} is called later, and the source, if any, released then. */
    void add(ByteBuffer[] chunks, Output source, Done done) {
        Write write = new Write(chunks, source, done);
        accepted += write.left;
        if (refusal == null) {
            queued += write.left;
            waiting.add(write);
        } else {
            write.finished = true;
            write.error = refusal;
            flushing.add(write);
            loop.nextTick(this::reportFinished);
        }
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Bytes that are not encrypted yet. */
    long queued() {
        return queued;
    }

    /** All bytes ever taken. */
    long accepted() {
        return accepted;
    }

    /** Payload of the records to come. */
    void fragment(int size) {
        fragment = size;
    }

    /**
     * Encrypts as much as the transport below takes. Safe inside a turn's callbacks: native code is
     * not on the stack.
     */
    void pump() {
        if (waiting.isEmpty() || pumping || broken || !tls.mayWrite() || outgoing.isHeld()) {
            return;
        }
        pumping = true;
        Scratch scratch = Scratch.acquire();
        try {
            while (tls.mayWrite() && !waiting.isEmpty() && encrypt(waiting.peekFirst(), scratch)) {
                Write write = waiting.pollFirst();
                flushing.add(write);
                if (outgoing.flush(write)) {
                    write.sent = true;
                    // As in Node a write never completes inside write(): the writes made until
                    // then become one record.
                    loop.setImmediate(write);
                }
            }
            if (tls.connection() != null && !outgoing.isEmpty()) {
                outgoing.flush(null);
            }
        } finally {
            pumping = false;
            scratch.release();
        }
    }

    /**
     * Returns whether all of {@code write} was encrypted. If not, it waits for room or for a
     * handshake, unless the connection has failed.
     */
    private boolean encrypt(Write write, Scratch scratch) {
        int slice = Scratch.CAPACITY / fragment * fragment;
        while (write.left > 0) {
            if (outgoing.isBacklogged()) {
                outgoing.flush(null);
                return false;
            }
            int length = (int) Math.min(slice, write.left);
            long from;
            try {
                from = write.take(length);
                if (from == 0) {
                    scratch.plain.clear().limit(length);
                    write.gather(scratch.plain);
                    from = scratch.address;
                }
            } catch (RuntimeException unreadable) {
                fail(write, unreadable);
                return false;
            }
            int sent = encrypt(write, from, length, scratch);
            if (sent < length) {
                write.unread(length - sent);
                return false;
            }
        }
        return true;
    }

    /** The first write's memory was freed. The error destroys the stream that wrote it. */
    private void fail(Write write, RuntimeException unreadable) {
        broken = true;
        waiting.remove(write);
        flushing.add(write);
        queued -= write.left;
        loop.setImmediate(() -> write.finish(unreadable));
    }

    /** Encrypts {@code length} bytes at an address; returns how many were consumed. */
    private int encrypt(Write write, long from, int length, Scratch scratch) {
        int sent = 0;
        while (sent < length) {
            TLSConnection conn = tls.connection();
            int left = length - sent;
            if (conn == null
                    || !outgoing.makeRoom(left + (left / fragment + 1) * RECORD_OVERHEAD)) {
                return sent;
            }
            Status status;
            tls.turnBegins();
            try {
                status = tls.turns().write(from + sent, left, outgoing.address(), outgoing.room());
            } finally {
                tls.turnEnds();
            }
            if (tls.connection() == null) {
                return sent;
            }
            int consumed = conn.consumed();
            sent += consumed;
            write.left -= consumed;
            queued -= consumed;
            outgoing.advance(conn.emitted());
            TLSException failure = status == Status.FAILED ? conn.failure() : null;
            if (status == Status.EVENT) {
                scratch.takeEvents(conn);
            }
            // The rest of a record that was begun must follow before anything else.
            outgoing.drainAll(conn, tls.turns());
            if (failure != null) {
                tls.fail(failure);
                return sent;
            }
            if (status == Status.EVENT) {
                scratch.events.forEach(tls::deliverEventOfWrite);
            } else if (status != Status.FULL && consumed == 0) {
                // A handshake is running: the bytes are offered again after the next read.
                return sent;
            }
        }
        return sent;
    }

    /** Runs callbacks in the order of the writes, whatever the order of completion below. */
    private void reportFinished() {
        while (!flushing.isEmpty() && flushing.peekFirst().finished) {
            Write write = flushing.pollFirst();
            boolean reported = false;
            try {
                write.report();
                reported = true;
            } finally {
                if (!reported && !flushing.isEmpty()) {
                    // A callback threw; the others run all the same.
                    loop.execute(this::reportFinished);
                }
            }
        }
    }

    /**
     * Nothing can be encrypted any more: waiting writes fail, a little later, and so do writes that
     * are added from now on. What was encrypted is on its way.
     */
    void refuse(Throwable why) {
        if (refusal == null) {
            refusal = why;
        }
        for (Write write : waiting) {
            write.finished = true;
            write.error = refusal;
        }
        flushing.addAll(waiting);
        waiting.clear();
        queued = 0;
        if (!flushing.isEmpty()) {
            loop.nextTick(this::reportFinished);
        }
    }

    /** Nothing can be sent any more: writes on their way below fail as well. */
    void cancel(Throwable why) {
        refuse(why);
        for (Write write : flushing) {
            if (!write.finished) {
                write.finished = true;
                write.error = write.sent ? null : refusal;
            }
        }
    }
}
