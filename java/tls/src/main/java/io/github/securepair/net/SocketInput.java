package io.github.securepair.net;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The input stream of {@link BlockingViews}: the readable side of a socket for waiting threads. */
final class SocketInput extends InputStream {
    private final BlockingViews views;

    SocketInput(BlockingViews views) {
        this.views = views;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return views.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        return length == 0 ? 0 : views.read(target, offset, length);
    }

    @Override
    public int available() throws IOException {
        return views.available();
    }

    @Override
    public void close() throws IOException {
        views.close();
    }
}
