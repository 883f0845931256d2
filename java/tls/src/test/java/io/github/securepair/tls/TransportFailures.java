package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventLoop;
import io.github.securepair.internal.NettyLoop;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.net.SocketOptions;
import io.github.securepair.stream.Duplex;
import io.github.securepair.stream.DuplexOptions;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Every way in which a peer goes away, met by a socket in every state: a driver to run by the
 * thousand.
 *
 * <pre>{@code
 * ci/junit java/tls -Dsecurepair.failures=50 -- \
 *     --select-class io.github.securepair.tls.TransportFailureTest
 * }</pre>
 */
final class TransportFailures {
    /** How the peer leaves. */
    enum Ending {
        /** It closes with our bytes unread: the kernel sends RST. */
        UNREAD,
        /** It closes with SO_LINGER 0, which sends RST. */
        RESET,
        /** FIN without close_notify; it goes on reading. */
        FIN,
        /** The polite end of its side; it goes on reading. */
        HALF,
        /** It closes with nothing unread, and we go on writing. */
        PIPE
    }

    /** What the socket stands on. */
    enum Below {
        SOCKET,
        DUPLEX,
        TLS
    }

    /** One cell of the matrix. */
    record Cell(
            Ending ending,
            boolean reading,
            boolean writing,
            boolean bytesLeft,
            boolean isServer,
            String protocol,
            Below below) {
        boolean isReset() {
            return ending == Ending.UNREAD || ending == Ending.RESET;
        }

        boolean isPolite() {
            return ending == Ending.FIN || ending == Ending.HALF;
        }

        /** Without unread bytes in its receive buffer, closing sends FIN. */
        boolean mayBeEither() {
            return ending == Ending.UNREAD && !writing;
        }

        boolean isPlain() {
            return protocol.equals("plain");
        }
    }

    private static final int AT_ONCE = 16;
    private static final int PENDING = 6 * 1024 * 1024;
    private static final int LEFT = 300_000;
    private static final long HANG_MILLISECONDS = 120_000;
    private static final byte[] BULK = new byte[PENDING];

    private final EventLoop loop;
    private final Random random;
    private final SecureContext serverContext;
    private final SecureContext clientContext;
    private final ArrayDeque<Cell> waiting = new ArrayDeque<>();
    private final List<String> faults = new ArrayList<>() {
        private static final long serialVersionUID = 1;

        @Override
        public boolean add(String fault) {
            // At once: a run that is broken off still says what it found.
            System.err.println(fault);
            return super.add(fault);
        }
    };
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private Server server;
    private final ArrayDeque<Run> expecting = new ArrayDeque<>();
    private int running;

    private TransportFailures(EventLoop loop, long seed, List<Cell> cells) {
        this.loop = loop;
        random = new Random(seed);
        waiting.addAll(cells);
        serverContext = TLS.createSecureContext(new SecureContextOptions()
                .key(LoopTest.fixture("server-ecdsa-key.pem"))
                .cert(LoopTest.fixture("server-ecdsa-cert.pem"))
                .ecdhCurve("X25519"));
        clientContext = TLS.createSecureContext(new SecureContextOptions()
                .ca(LoopTest.fixture("ca1-cert.pem"))
                .ecdhCurve("X25519"));
    }

    /** All cells; those that mean nothing left out. */
    static List<Cell> matrix() {
        List<Cell> cells = new ArrayList<>();
        for (Ending ending : Ending.values()) {
            for (int bits = 0; bits < 16; bits++) {
                for (String protocol : List.of("plain", "TLSv1.2", "TLSv1.3")) {
                    for (Below below : Below.values()) {
                        Cell cell = new Cell(
                                ending,
                                (bits & 1) != 0,
                                (bits & 2) != 0,
                                (bits & 4) != 0,
                                (bits & 8) != 0,
                                protocol,
                                below);
                        if (!cell.isPlain() || below == Below.SOCKET) {
                            cells.add(cell);
                        }
                    }
                }
            }
        }
        return cells;
    }

    /** Runs the cells on a loop of their own; returns what went wrong. */
    static List<String> run(long seed, List<Cell> cells, long seconds) throws Exception {
        long filesBefore = openFiles();
        EventLoop loop = EventLoop.create();
        TransportFailures all = new TransportFailures(loop, seed, cells);
        loop.onUncaughtException(thrown -> {
            thrown.printStackTrace();
            all.faults.add("uncaught " + thrown);
        });
        loop.execute(all::start);
        try {
            all.done.get(seconds, TimeUnit.SECONDS);
        } finally {
            loop.close();
            loop.closed().get(10, TimeUnit.SECONDS);
            all.serverContext.close();
            all.clientContext.close();
        }
        List<String> faults = new ArrayList<>(all.faults);
        OpenSSL.LiveObjects live = OpenSSL.live();
        if (live.connections() + live.chunks() + live.events() > 0) {
            faults.add("native objects are left: " + live);
        }
        // The loop's own are gone by now, too; what other threads of the JVM open is not ours.
        if (openFiles() > filesBefore + 4) {
            faults.add("descriptors: " + filesBefore + " before, " + openFiles() + " after");
        }
        return faults;
    }

    private static long openFiles() throws Exception {
        Path files = Path.of("/proc/self/fd");
        if (!Files.exists(files)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(files)) {
            return all.filter(each -> {
                        try {
                            return Files.readSymbolicLink(each).toString().startsWith("socket:");
                        } catch (java.io.IOException gone) {
                            return false;
                        }
                    })
                    .count();
        }
    }

    private void start() {
        server = Net.createServer(
                new NetServerOptions().loop(loop).allowHalfOpen(true).pauseOnConnect(true),
                socket -> {
                    // In order of the connects: the loop makes one at a time.
                    Run run = expecting.poll();
                    run.connected(socket);
                    next();
                });
        server.listen(0, "127.0.0.1", 512, this::next);
    }

    private void next() {
        if (running < AT_ONCE && expecting.isEmpty() && !waiting.isEmpty()) {
            running++;
            Run run = new Run(waiting.poll());
            expecting.add(run);
            run.connect();
        }
    }

    private void ended() {
        running--;
        if (running == 0 && waiting.isEmpty()) {
            server.close(error -> done.complete(null));
        } else {
            next();
        }
    }

    /** A stream of the program's own over a socket. */
    private static final class Relay extends Duplex {
        private final Socket below;

        Relay(Socket below) {
            super(new DuplexOptions().loop(below.loop()).allowHalfOpen(true));
            this.below = below;
            below.on(Socket.DATA, chunk -> {
                if (!push(chunk)) {
                    below.pause();
                }
            });
            below.on(Socket.END, () -> push(null));
            below.on(Socket.ERROR, this::destroy);
            below.on(Socket.CLOSE, hadError -> destroy());
        }

        @Override
        protected void _read(int size) {
            below.resume();
        }

        @Override
        protected void _write(ByteBuffer chunk, Callback callback) {
            below.write(chunk, callback);
        }

        @Override
        protected void _final(Callback callback) {
            below.end(callback);
        }

        @Override
        protected void _destroy(Throwable error, Callback callback) {
            below.destroy();
            callback.call(error);
        }
    }

    private final class Run {
        private final Cell cell;
        private final List<String> events = new ArrayList<>();
        /** What happened below and at the peer. */
        private final List<String> notes = new ArrayList<>();

        private Socket ownRaw;
        private Socket peerRaw;
        private Socket own;
        private Socket peer;
        private int pendingCallbacks;
        private boolean secure;
        private boolean left;
        private boolean finished;

        Run(Cell cell) {
            this.cell = cell;
        }

        void connect() {
            Socket socket = new Socket(new SocketOptions().loop(loop).allowHalfOpen(true));
            if (cell.isServer) {
                peerRaw = socket;
            } else {
                ownRaw = socket;
            }
            socket.connect(new SocketConnectOptions()
                    .host("127.0.0.1")
                    .port(server.address().port()));
        }

        void connected(Socket socket) {
            Socket other = cell.isServer ? peerRaw : ownRaw;
            if (cell.isServer) {
                ownRaw = socket;
            } else {
                peerRaw = socket;
            }
            if (other.connecting()) {
                other.once(Socket.CONNECT, this::attach);
            } else {
                attach();
            }
        }

        private void attach() {
            loop.setTimeout(this::hangs, HANG_MILLISECONDS).unref();
            peerRaw.on(Socket.ERROR, error -> notes.add("peer's socket: " + error));
            ownRaw.on(Socket.ERROR, error -> notes.add("own socket: " + error));
            if (cell.isPlain()) {
                own = ownRaw;
                peer = peerRaw;
            } else {
                own = over(cell.below == Below.DUPLEX ? new Relay(ownRaw) : ownRaw, cell.isServer);
                peer = over(peerRaw, !cell.isServer);
                if (cell.below == Below.TLS) {
                    own = over(own, cell.isServer);
                    peer = over(peer, !cell.isServer);
                }
            }
            peer.on(Socket.ERROR, error -> {});
            watch();
            if (cell.isPlain()) {
                begin();
            } else {
                // The side that is secure first would leave in the other's handshake.
                own.once("secure", args -> bothSecure());
                peer.once("secure", args -> bothSecure());
            }
        }

        private void bothSecure() {
            if (secure) {
                begin();
            }
            secure = true;
        }

        private Socket over(Duplex below, boolean isServer) {
            TLSSocket socket = new TLSSocket(
                    below,
                    new TLSSocketOptions()
                            .isServer(isServer)
                            .secureContext(isServer ? serverContext : clientContext)
                            .rejectUnauthorized(false)
                            .minVersion(cell.protocol)
                            .maxVersion(cell.protocol));
            socket.on(
                    Socket.ERROR, error -> notes.add((isServer ? "server: " : "client: ") + error));
            socket.on(
                    Socket.CLOSE,
                    hadError -> notes.add((isServer ? "server" : "client") + " closed"));
            if (!isServer) {
                socket.start();
            }
            return socket;
        }

        private void watch() {
            own.on(Socket.END, () -> {
                event("end");
                if (cell.ending != Ending.PIPE) {
                    own.end();
                }
            });
            own.on(Socket.ERROR, error -> event("error " + Coded.codeOf(error)));
            own.on(Socket.CLOSE, hadError -> {
                event("close " + hadError);
                // Events after the end are emitted within a round or two.
                loop.setTimeout(this::check, 5);
            });
        }

        private void event(String what) {
            events.add(what);
        }

        /** The connection is there: the socket gets into its state, then the peer leaves. */
        private void begin() {
            secure = true;
            if (cell.reading) {
                own.resume();
            } else {
                own.pause();
            }
            if (cell.writing) {
                int count = 1 + random.nextInt(3);
                for (int i = 0; i < count; i++) {
                    write(ByteBuffer.wrap(BULK, 0, PENDING / count));
                }
            } else {
                write(ByteBuffer.wrap(BULK, 0, 10));
            }
            if (cell.ending == Ending.PIPE && !cell.writing) {
                peer.resume();
            }
            int delay = 1 + random.nextInt(8);
            if (cell.bytesLeft && cell.isPolite()) {
                peer.write(new byte[LEFT], error -> loop.setTimeout(this::leave, delay));
                return;
            }
            if (cell.bytesLeft) {
                peer.write(new byte[LEFT]);
            }
            loop.setTimeout(this::leave, delay);
        }

        private void write(ByteBuffer bytes) {
            pendingCallbacks++;
            own.write(bytes, error -> {
                pendingCallbacks--;
                event("written " + (error == null ? null : Coded.codeOf(error)));
            });
        }

        private void leave() {
            left = true;
            switch (cell.ending) {
                case UNREAD, PIPE -> peerRaw.destroy();
                case RESET -> peerRaw.resetAndDestroy();
                case FIN -> {
                    peerRaw.end();
                    peer.resume();
                }
                case HALF -> {
                    peer.end();
                    peer.resume();
                }
                default -> throw new AssertionError(cell.ending);
            }
            if (!cell.reading && !(cell.writing && cell.isReset())) {
                // Without a reader and without a writer no error is emitted, as in Node.
                loop.setTimeout(own::resume, random.nextInt(4));
            }
            if (cell.ending == Ending.PIPE) {
                writeOn();
            }
        }

        private void writeOn() {
            if (!own.destroyed() && !events.contains("error EPIPE")) {
                write(ByteBuffer.wrap(BULK, 0, 1000));
                loop.setTimeout(this::writeOn, 1);
            }
        }

        private void hangs() {
            if (!finished) {
                faults.add("hangs: " + cell + " " + events + ", " + own.writableLength()
                        + " bytes wait; peer: " + state(peer) + ", below: " + state(peerRaw));
                finish();
            }
        }

        private String state(Socket socket) {
            return socket.readyState() + " read " + socket.bytesRead()
                    + (socket.isPaused() ? " paused" : "") + (socket.destroyed() ? " gone" : "");
        }

        private void check() {
            if (finished) {
                return;
            }
            String all = cell + " " + events + ", else: " + notes;
            long closes = events.stream().filter(e -> e.startsWith("close")).count();
            long errors = events.stream().filter(e -> e.startsWith("error")).count();
            // The JDK sends FIN before it closes what a selector knows, except with SO_LINGER 0.
            boolean finFirst = !NettyLoop.usesEpoll() && cell.ending == Ending.UNREAD;
            boolean expected = cell.isReset() || cell.ending == Ending.PIPE;
            if (closes != 1) {
                faults.add("not one close: " + all);
            } else if (!events.contains("close " + (errors > 0))) {
                faults.add("close does not tell of the error: " + all);
            }
            if (errors != (expected ? 1 : 0) && !(cell.mayBeEither() && errors == 0)) {
                faults.add("errors: " + all);
            }
            if (cell.isReset() && !cell.mayBeEither() && !finFirst && events.contains("end")) {
                faults.add("a reset looks like an end: " + all);
            }
            if (cell.isReset()
                    && !finFirst
                    && errors == 1
                    && !events.contains("error ECONNRESET")) {
                faults.add("not ECONNRESET: " + all);
            }
            if (pendingCallbacks != 0) {
                faults.add(pendingCallbacks + " callbacks were not called: " + all);
            }
            if (!expected && events.stream().anyMatch(e -> e.startsWith("written E"))) {
                faults.add("a write failed: " + all);
            }
            if (cell.isReset() && cell.writing && !events.toString().contains("written E")) {
                faults.add("all was written: " + all);
            }
            if (!secure || !left) {
                faults.add("not done: " + all);
            }
            finish();
        }

        private void finish() {
            finished = true;
            own.destroy();
            peer.destroy();
            ownRaw.destroy();
            peerRaw.destroy();
            ended();
        }
    }

    /** How many times the matrix, from which seed. */
    public static void main(String[] arguments) throws Exception {
        int times = Integer.parseInt(arguments[0]);
        long seed = Long.parseLong(arguments[1]);
        int part = Integer.parseInt(arguments[2]);
        List<Cell> cells = new ArrayList<>(sample(times, seed, part));
        if (arguments.length > 3) {
            cells.removeIf(cell -> !cell.toString().matches(arguments[3]));
        }
        List<String> faults = run(seed, cells, 600);
        System.out.println((NettyLoop.usesEpoll() ? "epoll" : "nio") + ": " + cells.size()
                + " runs, " + faults.size() + " faults");
        System.exit(faults.isEmpty() ? 0 : 1);
    }

    /** The matrix so many times, in random order; one in {@code part} of it. */
    static List<Cell> sample(int times, long seed, int part) {
        List<Cell> cells = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            cells.addAll(matrix());
        }
        Collections.shuffle(cells, new Random(seed));
        return cells.subList(0, cells.size() / part);
    }
}
