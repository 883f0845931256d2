package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.CodedException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.Listener;
import io.github.securepair.net.Socket;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A listener does something drastic inside an event: whatever the event and whatever it does, both
 * sockets emit one 'close' as their last event, at most one 'error' before it, nothing native is
 * left, and nothing is thrown that the listener did not throw.
 */
class ListenerMatrixTest extends LoopTest {
    private static final List<String> EVENTS = List.of(
            "client connect",
            "client ready",
            "client secure",
            "client secureConnect",
            "client session",
            "client keylog",
            "client OCSPResponse",
            "client data",
            "client readable",
            "client drain",
            "client end",
            "client finish",
            "client close",
            "client error",
            "server connection",
            "server secureConnection",
            "server newSession",
            "server resumeSession",
            "server OCSPRequest",
            "server keylog",
            "server tlsClientError",
            "ss data",
            "ss end",
            "ss finish",
            "ss close",
            "ss error",
            "SNICallback",
            "ALPNCallback",
            "checkServerIdentity");

    private static final List<String> DEEDS = List.of(
            "destroy",
            "destroy with error",
            "end",
            "write",
            "pause",
            "throw",
            "destroy other",
            "reset below",
            "renegotiate",
            "remove all listeners");

    private static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1;

        Thrown() {
            super("thrown by a listener");
        }
    }

    static Stream<Arguments> matrix() {
        return Stream.of("TLSv1.2", "TLSv1.3")
                .flatMap(version -> EVENTS.stream().map(event -> Arguments.of(version, event)));
    }

    @AfterEach
    @Override
    void nothingWasUncaught() {
        uncaught.removeIf(each -> each instanceof Thrown);
        super.nothingWasUncaught();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("matrix")
    void endsWellWhateverAListenerDoes(String version, String event) throws Exception {
        Map<String, List<String>> all = run(done -> {
            Map<String, List<String>> results = new TreeMap<>();
            for (String deed : DEEDS) {
                new Case(version, event, deed, events -> {
                            results.put(deed, events);
                            if (results.size() == DEEDS.size()) {
                                done.complete(results);
                            }
                        })
                        .start();
            }
        });
        all.forEach((deed, events) -> {
            for (String actor : List.of("client", "ss")) {
                check(actor, deed, events);
            }
        });
    }

    private static void check(String actor, String deed, List<String> events) {
        List<String> own =
                events.stream().filter(each -> each.startsWith(actor + " ")).toList();
        Supplier<String> all = () -> deed + ": " + events;
        if (!own.isEmpty() && !deed.equals("remove all listeners")) {
            assertEquals(actor + " close", own.get(own.size() - 1), all);
            assertEquals(1, own.stream().filter(each -> each.endsWith(" close")).count(), all);
        }
        assertTrue(own.stream().filter(each -> each.endsWith(" error")).count() <= 1, all);
    }

    private static final class Case {
        private final String version;
        private final String event;
        private final String deed;
        private final Consumer<List<String>> done;
        private final List<String> events = new ArrayList<>();
        private final AtomicReference<TLSSocket> accepted = new AtomicReference<>();
        private TLSServer server;
        private TLSSocket client;
        private Socket raw;
        private boolean did;

        Case(String version, String event, String deed, Consumer<List<String>> done) {
            this.version = version;
            this.event = event;
            this.deed = deed;
            this.done = done;
        }

        void start() {
            ServerOptions options = serverOptions().minVersion(version).maxVersion(version);
            options.SNICallback((name, callback) -> {
                happened("SNICallback", accepted.get());
                callback.done(null, null);
            });
            options.ALPNCallback(hello -> {
                happened("ALPNCallback", accepted.get());
                return "x";
            });
            server = TLS.createServer(options);
            server.on("connection", args -> {
                raw = (Socket) args[0];
                happened("server connection", raw);
            });
            server.on(TLSServer.NEW_SESSION, (id, data, callback) -> {
                happened("server newSession", accepted.get());
                callback.run();
            });
            server.on(TLSServer.RESUME_SESSION, (id, callback) -> {
                happened("server resumeSession", accepted.get());
                callback.done(null, null);
            });
            server.on(TLSServer.OCSP_REQUEST, (certificate, issuer, callback) -> {
                happened("server OCSPRequest", accepted.get());
                callback.done(null, new byte[] {1, 2, 3});
            });
            server.on(TLSServer.KEYLOG, (line, socket) -> happened("server keylog", socket));
            server.on(TLSServer.TLS_CLIENT_ERROR, (error, socket) -> {
                watch("ss", socket);
                happened("server tlsClientError", socket);
            });
            server.on(TLSServer.SECURE_CONNECTION, socket -> {
                accepted.set(socket);
                watch("ss", socket);
                happened("server secureConnection", socket);
                if (!socket.destroyed() && !socket.writableEnded()) {
                    socket.write(new byte[40_000]);
                }
            });
            server.listen(0, "127.0.0.1", this::connect);
        }

        private void connect() {
            ConnectOptions options = clientOptions(server)
                    .minVersion(version)
                    .maxVersion(version)
                    .requestOCSP(true)
                    .ALPNProtocols(List.of("x"))
                    .checkServerIdentity((host, certificate) -> {
                        happened("checkServerIdentity", client);
                        return null;
                    });
            if (event.endsWith("error") && !event.equals("server tlsClientError")) {
                options.ca(fixture("ca2-cert.pem"));
            }
            client = TLS.connect(options);
            watch("client", client);
            for (String name : List.of(
                    "connect",
                    "ready",
                    "secure",
                    "secureConnect",
                    "session",
                    "keylog",
                    "OCSPResponse")) {
                client.on(name, args -> happened("client " + name, client));
            }
            if (event.equals("client readable")) {
                client.on("readable", args -> {
                    happened("client readable", client);
                    while (client.read() != null) {
                        // Take it all.
                    }
                });
            } else {
                client.on("data", args -> happened("client data", client));
            }
            client.write(new byte[20_000]);
            // Sockets that no listener ended end here.
            loop.setTimeout(
                    () -> {
                        client.end();
                        TLSSocket socket = accepted.get();
                        if (socket != null) {
                            socket.resume();
                            socket.end();
                        }
                        client.resume();
                    },
                    25);
            loop.setTimeout(
                    () -> {
                        client.destroy();
                        server.getConnections((error, count) -> {});
                        if (accepted.get() != null) {
                            accepted.get().destroy();
                        }
                        if (raw != null) {
                            raw.destroy();
                        }
                        server.close();
                        loop.setTimeout(() -> done.accept(events), 15);
                    },
                    60);
        }

        private void watch(String actor, TLSSocket socket) {
            if (socket.listenerCount("watched") > 0) {
                return;
            }
            socket.on("watched", (Listener) args -> {});
            for (String name : List.of("drain", "end", "finish", "close", "error")) {
                socket.on(name, args -> {
                    events.add(actor + " " + name);
                    happened(actor + " " + name, socket);
                });
            }
            if (actor.equals("ss")) {
                socket.on("data", args -> happened("ss data", socket));
            }
        }

        /** Does the deed at the event, once. */
        private void happened(String what, Socket socket) {
            if (!what.equals(event) || did) {
                return;
            }
            did = true;
            // Some events are emitted before the program knows the server's socket: the raw one
            // stands for
            // it.
            Socket target = socket != null ? socket : raw;
            switch (deed) {
                case "destroy" -> target.destroy();
                case "destroy with error" -> target.destroy(new CodedException("EDEED", "deed"));
                case "end" -> target.end("x");
                case "write" -> target.write(new byte[50_000]);
                case "pause" -> target.pause();
                case "throw" -> throw new Thrown();
                case "destroy other" ->
                    (target == client && raw != null ? raw : client == null ? target : client)
                            .destroy();
                case "reset below" -> {
                    if (raw != null && !raw.destroyed()) {
                        raw.resetAndDestroy();
                    }
                }
                case "renegotiate" -> {
                    if (target instanceof TLSSocket tls) {
                        tls.renegotiate(new RenegotiateOptions(), error -> {});
                    }
                }
                case "remove all listeners" -> {
                    target.removeAllListeners();
                    target.on(EventEmitter.ERROR, error -> {});
                }
                default -> {}
            }
        }
    }
}
