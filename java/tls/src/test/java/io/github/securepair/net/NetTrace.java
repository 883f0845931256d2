package io.github.securepair.net;

import io.github.securepair.errors.Coded;
import io.github.securepair.errors.SystemException;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What a scenario does, as text: one line per event and fact, grouped by actor. The twin of Trace
 * in node/net.js.
 */
final class NetTrace {
    private final Map<String, List<String>> actors = new TreeMap<>();
    private final Map<String, String> names = new LinkedHashMap<>();
    private Path directory;

    void log(String actor, String text) {
        actors.computeIfAbsent(actor, any -> new ArrayList<>()).add(text);
    }

    void port(String name, int number) {
        names.put(String.valueOf(number), name);
    }

    /** A path for a unix socket, short enough for sun_path. */
    String unix(String name) {
        try {
            if (directory == null) {
                directory = Files.createTempDirectory("sp-net-");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String file = directory.resolve(name).toString();
        names.put(file, "<" + name + ">");
        return file;
    }

    void deleteFiles() throws IOException {
        if (directory != null) {
            try (var files = Files.list(directory)) {
                for (Path each : files.toList()) {
                    Files.delete(each);
                }
            }
            Files.delete(directory);
        }
    }

    String text() {
        StringBuilder out = new StringBuilder();
        actors.forEach((actor, lines) ->
                lines.forEach(line -> out.append(actor).append(' ').append(line).append('\n')));
        String text = out.toString();
        for (Map.Entry<String, String> each : names.entrySet()) {
            String from = each.getKey();
            text = from.matches("\\d+")
                    ? text.replaceAll("(?<!\\d)" + from + "(?!\\d)", "<" + each.getValue() + ">")
                    : text.replace(from, each.getValue());
        }
        return text;
    }

    static String recorded(String scenario) {
        try (InputStream in =
                NetTrace.class.getResourceAsStream("/traces/net/" + scenario + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Logs every event of a socket. */
    Socket watch(String actor, Socket socket) {
        socket.on(
                Socket.LOOKUP,
                (error, ip, family, host) -> log(
                        actor,
                        "lookup " + (error != null ? describe(error) : "ok") + " " + show(ip) + " "
                                + show(family) + " " + host));
        socket.on(
                Socket.CONNECTION_ATTEMPT,
                (ip, port, family) -> log(
                        actor, "connectionAttempt " + ip + " " + show(port) + " " + show(family)));
        socket.on(
                Socket.CONNECTION_ATTEMPT_FAILED,
                (ip, port, family, error) -> log(
                        actor,
                        "connectionAttemptFailed " + ip + " " + show(port) + " " + show(family)
                                + " " + describe(error)));
        for (String name : List.of("connect", "ready", "end", "finish", "drain", "timeout")) {
            socket.on(name, args -> log(actor, name));
        }
        socket.on(Socket.ERROR, error -> log(actor, "error " + describe(error)));
        socket.on(Socket.CLOSE, hadError -> log(actor, "close " + hadError));
        return socket;
    }

    Socket data(String actor, Socket socket) {
        socket.on(Socket.DATA, chunk -> log(actor, "data " + string(chunk)));
        return socket;
    }

    Server watchServer(String actor, Server server) {
        for (String name : List.of("listening", "close")) {
            server.on(name, args -> log(actor, name));
        }
        server.on(Server.CONNECTION, socket -> log(actor, "connection"));
        server.on(Server.ERROR, error -> log(actor, "error " + describe(error)));
        server.on(Server.DROP, info -> log(actor, "drop " + (info == null ? "-" : facts(info))));
        return server;
    }

    void state(String actor, Socket s) {
        log(
                actor,
                "state connecting=" + s.connecting() + " pending=" + s.pending() + " readyState="
                        + s.readyState()
                        + " destroyed=" + s.destroyed() + " readable=" + s.readable() + " writable="
                        + s.writable()
                        + " bytesRead=" + s.bytesRead() + " bytesWritten=" + s.bytesWritten());
    }

    void addresses(String actor, Socket s) {
        log(
                actor,
                "address " + facts(s.address()) + " local=" + show(s.localAddress()) + ","
                        + show(s.localPort()) + ","
                        + show(s.localFamily()) + " remote=" + show(s.remoteAddress()) + ","
                        + show(s.remotePort()) + ","
                        + show(s.remoteFamily()));
    }

    /** Logs what a call throws, or that it returns. */
    void attempt(String actor, String label, Supplier<?> call) {
        try {
            log(actor, label + " -> " + (call.get() != null ? "ok" : "falsy"));
        } catch (RuntimeException thrown) {
            log(actor, label + " throws " + describe(thrown));
        }
    }

    static String string(ByteBuffer chunk) {
        return StandardCharsets.UTF_8.decode(chunk.duplicate()).toString();
    }

    /** Undefined is null here, or -1 where Java has an int. */
    static String show(Object value) {
        return value == null || value.equals(-1) ? "-" : String.valueOf(value);
    }

    static String facts(AddressInfo info) {
        if (info == null) {
            return "null";
        }
        return info.isEmpty()
                ? "{}"
                : "{address=" + info.address() + " family=" + info.family() + " port=" + info.port()
                        + "}";
    }

    private static String facts(DropInfo info) {
        return "{localAddress=" + info.localAddress() + " localFamily=" + info.localFamily()
                + " localPort="
                + info.localPort() + " remoteAddress=" + info.remoteAddress() + " remoteFamily="
                + info.remoteFamily()
                + " remotePort=" + info.remotePort() + "}";
    }

    static String describe(Throwable error) {
        if (error == null) {
            return "-";
        }
        StringBuilder text =
                new StringBuilder(error instanceof Coded coded ? coded.name() : "Error");
        text.append(" code=").append(show(Coded.codeOf(error)));
        if (error instanceof SystemException system) {
            if (system.errno() != 0) {
                text.append(" errno=").append(system.errno());
            }
            if (system.syscall() != null) {
                text.append(" syscall=").append(system.syscall());
            }
            if (system.address() != null) {
                text.append(" address=").append(system.address());
            }
            if (system.port() != -1) {
                text.append(" port=").append(system.port());
            }
        }
        text.append(" \"").append(error.getMessage()).append('"');
        if (error instanceof AggregateException several) {
            text.append(several.errors().stream()
                    .map(NetTrace::describe)
                    .collect(Collectors.joining("; ", " [", "]")));
        }
        return text.toString();
    }
}
