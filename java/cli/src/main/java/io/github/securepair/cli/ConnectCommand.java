package io.github.securepair.cli;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSSocket;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * {@code securepair connect}: standard input to the server, the server's bytes to standard output,
 * what was agreed to standard error.
 */
@Command(
        name = "connect",
        description = "Connects to a TLS server: standard input goes to it, its answer to standard"
                + " output.",
        mixinStandardHelpOptions = true)
final class ConnectCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "HOST:PORT", description = "where to connect")
    private String target;

    @Option(names = "--path", paramLabel = "FILE", description = "unix socket to connect to")
    private Path path;

    @Option(
            names = "--servername",
            paramLabel = "NAME",
            description = "name to send (SNI) and to check; HOST by default")
    private String servername;

    @Option(names = "--no-servername", description = "send no server name")
    private boolean noServername;

    @Option(
            names = "--insecure",
            description = "go on when the server's certificate does not verify, and say so")
    private boolean insecure;

    @Option(
            names = {"-q", "--quiet"},
            description = "do not print what was agreed")
    private boolean quiet;

    @Mixin
    private IdentityOptions identity;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ConnectOptions options = options();
        EventLoop loop = EventLoop.defaultLoop();
        CompletableFuture<Integer> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                start(options.loop(loop), loop, done);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            return done.get();
        } catch (java.util.concurrent.ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private void start(ConnectOptions options, EventLoop loop, CompletableFuture<Integer> done) {
        TLSSocket socket = TLS.connect(options);
        socket.on(TLSSocket.SECURE_CONNECT, () -> {
            if (!quiet) {
                report(socket, spec.commandLine().getErr());
            }
            new StandardInput(System.in, socket, loop).start();
        });
        socket.on(Readable.DATA, ConnectCommand::print);
        socket.on(EventEmitter.ERROR, done::completeExceptionally);
        socket.on(TLSSocket.CLOSE, hadError -> done.complete(0));
    }

    private ConnectOptions options() {
        ConnectOptions options = new ConnectOptions();
        identity.apply(options);
        if ((target == null) == (path == null)) {
            throw new UsageException("give either HOST:PORT or --path");
        }
        if (path != null) {
            options.path(path);
        } else {
            HostPort to = HostPort.parse(target);
            options.host(to.host()).port(to.port());
            if (!noServername && !to.isAddress()) {
                options.servername(to.host());
            }
        }
        if (servername != null) {
            options.servername(servername);
        }
        if (identity.alpn() != null) {
            options.ALPNProtocols(identity.alpn());
        }
        return insecure ? options.rejectUnauthorized(false) : options;
    }

    private static void print(ByteBuffer chunk) {
        PrintStream out = System.out;
        out.write(chunk.array(), chunk.arrayOffset() + chunk.position(), chunk.remaining());
        out.flush();
    }

    /** Tells what was agreed, the way a person wants to read it. */
    static void report(TLSSocket socket, PrintWriter out) {
        out.println("protocol   " + socket.getProtocol()
                + (socket.isSessionReused() ? ", resumed session" : ""));
        out.println("cipher     " + socket.getCipher().name());
        if (socket.alpnProtocol() != null) {
            out.println("alpn       " + socket.alpnProtocol());
        }
        PeerCertificate peer = socket.getPeerCertificate();
        if (peer != null && !peer.isEmpty()) {
            out.println("peer       " + name(peer.subject()) + ", valid until " + peer.valid_to());
            out.println("issuer     " + name(peer.issuer()));
        }
        out.println("authorized "
                + (socket.authorized() ? "yes" : "no: " + socket.authorizationError()));
        out.flush();
    }

    private static String name(java.util.Map<String, Object> name) {
        Object shown =
                name.get("CN") != null ? name.get("CN") : name.isEmpty() ? "(no name)" : name;
        return String.valueOf(shown);
    }
}
