package io.github.securepair.net;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/**
 * The output stream of {@link BlockingViews}: the writable side of a socket for waiting threads.
 */
final class SocketOutput extends OutputStream {
    private final BlockingViews views;

    SocketOutput(BlockingViews views) {
        this.views = views;
    }

    @Override
    public void write(int value) throws IOException {
        views.write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        if (length > 0) {
            views.write(source, offset, length);
        }
    }

    @Override
    public void flush() throws IOException {
        views.flush();
    }

    @Override
    public void close() throws IOException {
        views.close();
    }
}
