package io.github.securepair.internal.transport;

import io.github.securepair.stream.Stream;

import java.util.function.Consumer;

/** How a socket gets its listeners: between the two steps of connecting. */
public final class SetUp {
    private SetUp() {}

    /**
     * Gives the program its socket, then lets it start.
     *
     * @param start the second step, which runs on the loop; until then nothing is emitted
     * @return the socket
     */
    public static <S extends Stream> S run(S socket, Runnable start, Consumer<? super S> setUp) {
        try {
            setUp.accept(socket);
        } catch (Throwable thrown) {
            socket.destroy();
            throw thrown;
        }
        if (socket.loop().inLoop()) {
            start.run();
        } else {
            socket.loop().execute(start);
        }
        return socket;
    }
}
