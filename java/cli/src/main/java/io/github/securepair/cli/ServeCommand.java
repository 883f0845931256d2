package io.github.securepair.cli;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * {@code securepair serve}: an echo server, or one that gives every HTTP request the same answer.
 */
@Command(
        name = "serve",
        description = "Runs a TLS server that echoes, or gives one fixed HTTP answer.",
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "port to listen on; 0, the default, picks a free one")
    private int port;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "localhost",
            description = "address to listen on; ${DEFAULT-VALUE}")
    private String host;

    @Option(names = "--path", paramLabel = "FILE", description = "unix socket to listen on instead")
    private Path path;

    @Option(
            names = "--http",
            paramLabel = "TEXT",
            description = "answer each HTTP request with this text instead of echoing")
    private String http;

    @Option(
            names = "--request-cert",
            description = "ask clients for a certificate and refuse those that do not verify")
    private boolean requestCert;

    @Option(
            names = "--allow-unauthorized",
            description = "with --request-cert: accept them all the same, and say so")
    private boolean allowUnauthorized;

    @Mixin
    private IdentityOptions identity;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ServerOptions options = options();
        CompletableFuture<Integer> stopped = new CompletableFuture<>();
        EventLoop.defaultLoop().execute(() -> {
            try {
                start(options, stopped);
            } catch (RuntimeException e) {
                stopped.completeExceptionally(e);
            }
        });
        try {
            return stopped.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private ServerOptions options() {
        if (path != null && port != 0) {
            throw new UsageException("give either --port or --path");
        }
        if (port < 0 || port > 65535) {
            throw new UsageException("--port must be 0 to 65535");
        }
        ServerOptions options = new ServerOptions();
        identity.apply(options);
        if (!identity.hasIdentity()) {
            ThrowawayIdentity throwaway = ThrowawayIdentity.create("localhost", Duration.ofDays(1));
            options.key(throwaway.key()).cert(throwaway.certificate());
            spec.commandLine()
                    .getErr()
                    .println("no --key and --cert: using a throw-away certificate for localhost");
        }
        if (identity.alpn() != null) {
            options.ALPNProtocols(identity.alpn());
        } else if (http != null) {
            options.ALPNProtocols(java.util.List.of("http/1.1"));
        }
        return options.requestCert(requestCert).rejectUnauthorized(!allowUnauthorized);
    }

    private void start(ServerOptions options, CompletableFuture<Integer> stopped) {
        PrintWriter log = spec.commandLine().getErr();
        TLSServer server = TLS.createServer(options, socket -> serve(socket, log));
        server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {
            log.println("refused    " + Errors.describe(error));
            log.flush();
        });
        server.on(EventEmitter.ERROR, stopped::completeExceptionally);
        server.on(TLSServer.CLOSE, () -> stopped.complete(0));
        Runnable listening = () -> {
            log.println("listening on " + (path != null ? path : server.address()));
            log.flush();
        };
        if (path != null) {
            server.listen(path.toString(), listening::run);
        } else {
            server.listen(port, host, listening::run);
        }
    }

    private void serve(TLSSocket socket, PrintWriter log) {
        log.println(
                "accepted   " + socket.getProtocol() + ", " + socket.getCipher().name()
                        + (requestCert
                                ? ", "
                                        + (socket.authorized()
                                                ? "authorized"
                                                : "not authorized: " + socket.authorizationError())
                                : ""));
        log.flush();
        socket.on(EventEmitter.ERROR, error -> {
            log.println("broken off " + Errors.describe(error));
            log.flush();
        });
        if (http == null) {
            socket.pipe(socket);
        } else {
            answer(socket);
        }
    }

    /**
     * One answer per connection, once the empty line that ends the request's head has come; a head
     * of over 64 KiB is cut off.
     */
    private void answer(TLSSocket socket) {
        byte[] body = http.getBytes(StandardCharsets.UTF_8);
        String head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                        + body.length + "\r\nConnection: close\r\n\r\n";
        StringBuilder request = new StringBuilder();
        socket.setEncoding("latin1");
        socket.on(Readable.TEXT, text -> {
            request.append(text);
            if (request.length() > 65536) {
                socket.destroy();
            } else if (request.indexOf("\r\n\r\n") >= 0 && !socket.writableEnded()) {
                socket.write(head);
                socket.end(body);
            }
        });
    }
}
