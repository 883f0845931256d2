package io.github.securepair.cli;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * {@code securepair demo}: a server and clients against each other over TCP, and what happened,
 * step by step.
 */
@Command(
        name = "demo",
        description =
                "Makes a throw-away key and certificate, runs a server and clients against each"
                        + " other, and shows what happened.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final int SECONDS = 30;

    /** One client of the demo: what it shows and what it should end with. */
    private record Visit(String title, ConnectOptions options, boolean welcome) {}

    private final Queue<Visit> visits = new ArrayDeque<>();
    private final CompletableFuture<Integer> done = new CompletableFuture<>();
    private PrintWriter out;
    private TLSServer server;
    private int failures;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        out = spec.commandLine().getOut();
        out.println(OpenSSL.versionText() + ", from " + OpenSSL.libraryPath());
        EventLoop.defaultLoop().execute(() -> {
            try {
                start();
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            return done.get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private void start() {
        ThrowawayIdentity identity = ThrowawayIdentity.create("localhost", Duration.ofDays(1));
        say("made a P-256 key and a self-signed certificate for localhost, in memory");
        ConnectOptions trusting =
                new ConnectOptions().ca(identity.certificate()).servername("localhost");
        visits.add(new Visit("a client that trusts the certificate", trusting.copy(), true));
        visits.add(new Visit("the same with TLS 1.2", trusting.copy().maxVersion("TLSv1.2"), true));
        visits.add(new Visit(
                "one that asks for ALPN",
                trusting.copy().ALPNProtocols(List.of("http/1.1", "echo")),
                true));
        visits.add(new Visit(
                "a client that does not know the certificate",
                new ConnectOptions().servername("localhost"),
                false));
        visits.add(new Visit(
                "a client that wants another host",
                trusting.copy().servername("example.org"),
                false));

        ServerOptions options =
                new ServerOptions().key(identity.key()).cert(identity.certificate());
        server = TLS.createServer(
                options.ALPNProtocols(List.of("echo")), socket -> socket.pipe(socket));
        server.on(EventEmitter.ERROR, done::completeExceptionally);
        server.listen(0, "127.0.0.1", () -> {
            say("echo server on 127.0.0.1:" + server.address().port());
            next();
        });
    }

    private void next() {
        Visit visit = visits.poll();
        if (visit == null) {
            server.close(error -> finish());
            return;
        }
        out.println();
        say(visit.title());
        TLSSocket socket = TLS.connect(
                visit.options().host("127.0.0.1").port(server.address().port()));
        socket.on(TLSSocket.SECURE_CONNECT, () -> {
            ConnectCommand.report(socket, out);
            socket.end("hello over " + socket.getProtocol());
            expect(visit.welcome());
        });
        socket.setEncoding("utf8");
        socket.on(Readable.TEXT, text -> out.println("echoed     " + text));
        socket.on(EventEmitter.ERROR, error -> {
            out.println("refused    " + Errors.describe(error));
            expect(!visit.welcome());
        });
        socket.on(TLSSocket.CLOSE, hadError -> next());
    }

    private void finish() {
        out.println();
        say("every handle closed: " + OpenSSL.live());
        say(
                failures == 0
                        ? "all went as it should"
                        : failures + " visits did not go as they should");
        done.complete(failures == 0 ? 0 : Main.FAILED);
    }

    private void expect(boolean good) {
        if (!good) {
            out.println("           this should not have happened");
            failures++;
        }
    }

    private void say(String text) {
        out.println("* " + text);
        out.flush();
    }
}
