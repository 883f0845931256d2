package io.github.securepair.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Connections for {@link ViewScenario}: the JDK's own, and ours. */
public final class ViewLinks {
    private static final Map<ViewScenario, List<String>> EXPECTED = new ConcurrentHashMap<>();

    private ViewLinks() {}

    /** What the scenario sees of {@code java.net.Socket}. */
    public static List<String> ofJDK(ViewScenario scenario) throws Exception {
        List<String> seen = EXPECTED.get(scenario);
        if (seen == null) {
            seen = scenario.run(openJDK());
            EXPECTED.put(scenario, seen);
        }
        return seen;
    }

    private static ViewScenario.Link openJDK() throws IOException {
        try (ServerSocket listening = listen()) {
            java.net.Socket socket =
                    new java.net.Socket(listening.getInetAddress(), listening.getLocalPort());
            return new JDKLink(socket, listening.accept());
        }
    }

    /** A server socket of the JDK's on loopback. */
    public static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
    }

    private static final class JDKLink extends ViewScenario.Link {
        private final java.net.Socket socket;

        JDKLink(java.net.Socket socket, java.net.Socket peer) throws IOException {
            super(socket::getInputStream, socket::getOutputStream, peer, peer);
            this.socket = socket;
        }

        @Override
        protected void timeout(int milliseconds) throws IOException {
            socket.setSoTimeout(milliseconds);
        }

        @Override
        protected void endOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        protected void close() throws IOException {
            socket.close();
        }

        @Override
        protected boolean isClosed() {
            return socket.isClosed();
        }

        @Override
        protected void awaitWaiting(Thread thread) {
            // It waits in native code, which looks as if it ran. When it gets there makes no
            // difference to what it sees.
        }
    }

    /** A socket of ours. */
    public static final class OurLink extends ViewScenario.Link {
        private final Socket socket;

        /** Takes a connected socket and its peer. */
        public OurLink(
                Socket socket,
                java.net.Socket peer,
                java.net.Socket rawPeer,
                boolean peerAnswersAfterOurEnd)
                throws IOException {
            super(socket::inputStream, socket::outputStream, peer, rawPeer);
            this.socket = socket;
            this.peerAnswersAfterOurEnd = peerAnswersAfterOurEnd;
        }

        @Override
        protected void timeout(int milliseconds) {
            socket.setSoTimeout(milliseconds);
        }

        @Override
        protected void endOutput() {
            socket.end();
        }

        @Override
        protected void close() {
            socket.close();
        }

        @Override
        protected boolean isClosed() {
            // The loop's answer: what was queued there is done.
            CompletableFuture<Boolean> closed = new CompletableFuture<>();
            socket.loop().execute(() -> closed.complete(socket.destroyed()));
            return closed.join();
        }

        @Override
        protected void awaitWaiting(Thread thread) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!thread.getState().name().endsWith("WAITING") && thread.isAlive()) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("does not wait: " + thread.getState());
                }
                Thread.yield();
            }
        }
    }
}
