package io.github.securepair.cli;

import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.WritableStream;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.Semaphore;

/**
 * Copies an input stream to a socket, chunk by chunk: the next one is read when the socket has
 * taken the last one.
 */
final class StandardInput {
    private static final int CHUNK = 16384;

    private final InputStream in;
    private final WritableStream target;
    private final EventLoop loop;
    private final Semaphore taken = new Semaphore(0);

    StandardInput(InputStream in, WritableStream target, EventLoop loop) {
        this.in = in;
        this.target = target;
        this.loop = loop;
    }

    /**
     * Starts the copying thread; it ends the target at the end of input and does not keep the
     * program alive.
     */
    void start() {
        Thread thread = new Thread(this::copy, "securepair-stdin");
        thread.setDaemon(true);
        thread.start();
    }

    private void copy() {
        byte[] chunk = new byte[CHUNK];
        try {
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOf(chunk, n));
                loop.execute(() -> target.write(bytes, error -> taken.release()));
                taken.acquire();
            }
            loop.execute(target::end);
        } catch (IOException e) {
            loop.execute(() -> target.destroy(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
