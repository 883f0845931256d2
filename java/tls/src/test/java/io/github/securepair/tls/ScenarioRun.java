package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSLFailure;
import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.Coded;
import io.github.securepair.errors.CodedException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.events.EventLoop;
import io.github.securepair.net.AbortController;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Duplex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One scenario of scenarios/tls.json on the JVM: the twin of the class Run in
 * src/test/node/tls-traces.js.
 */
final class ScenarioRun {
    static final Path FIXTURES =
            Path.of(System.getProperty("securepair.fixtures", "../../ci/fixtures"));

    private static final Map<String, Object> SERVER =
            Map.of("key", "@server-rsa-key.pem", "cert", "@server-rsa-cert.pem");
    private static final Map<String, Object> CLIENT =
            Map.of("ca", "@ca1-cert.pem", "servername", "localhost");
    private static final Pattern DATA = Pattern.compile("data (\\d+)");
    private static final Pattern WAIT = Pattern.compile("wait (\\d+) (.*)", Pattern.DOTALL);
    private static final Pattern ACTION = Pattern.compile("(\\w+)\\.(\\w+) ?(.*)", Pattern.DOTALL);
    private static final long PATIENCE = 6000;

    private final Map<String, Object> scenario;
    private final String version;
    private final EventLoop loop;
    private final CompletableFuture<String> result = new CompletableFuture<>();

    private final Map<String, List<String>> actors = new TreeMap<>();
    private final List<String> sequence = new ArrayList<>();
    private final Map<String, Object> objects = new HashMap<>();
    private final Set<String> open = new LinkedHashSet<>();
    private final Set<String> once = new LinkedHashSet<>();
    private final Map<String, byte[]> store = new HashMap<>();
    private final String[] corrupt = {null};
    private final AbortController abort = new AbortController();
    private final List<SecureContext> contexts = new ArrayList<>();
    private byte[] ticketKeys;
    private byte[] session;
    private Server server;
    private Server middle;
    private int port;
    private int realPort;
    private int clientIndex;
    private int count;
    private boolean over;
    private boolean ended;
    private boolean closing;
    private boolean holding;

    ScenarioRun(Map<String, Object> scenario, String version, EventLoop loop) {
        this.scenario = scenario;
        this.version = version;
        this.loop = loop;
    }

    // ---- values -------------------------------------------------------------------------------

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }

    private static List<?> list(Object value) {
        return value == null ? List.of() : (List<?>) value;
    }

    private boolean flag(String name) {
        return Boolean.TRUE.equals(scenario.get(name));
    }

    private Object value(Object v) {
        if (v instanceof List<?> list) {
            return list.stream().map(this::value).collect(Collectors.toCollection(ArrayList::new));
        }
        if (v instanceof String text) {
            if (text.startsWith("@")) {
                return file(text.substring(1));
            }
            if (text.startsWith("hex:")) {
                return HexFormat.of().parseHex(text.substring(4));
            }
            return text.equals("$session") ? session : text;
        }
        if (!(v instanceof Map)) {
            return v;
        }
        Map<String, Object> map = map(v);
        if (map.containsKey("$sni")) {
            return sniCallback(map(map.get("$sni")));
        }
        if (map.containsKey("$alpn")) {
            return alpnCallback(map.get("$alpn"));
        }
        if (map.containsKey("$psk")) {
            return pskCallback(map(map.get("$psk")));
        }
        if (map.containsKey("$context")) {
            SecureContext made = TLS.createSecureContext(context(map.get("$context")));
            contexts.add(made);
            return made;
        }
        if (map.containsKey("$onread")) {
            return onread(map(map.get("$onread")));
        }
        if (map.containsKey("$signal")) {
            return abort.signal();
        }
        if (map.containsKey("$identity")) {
            return identityCheck((String) map.get("$identity"));
        }
        Map<String, Object> out = new LinkedHashMap<>();
        map.forEach((name, each) -> out.put(name, value(each)));
        return out;
    }

    static byte[] file(String name) {
        try {
            return Files.readAllBytes(FIXTURES.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private <T extends Options> T fill(
            T options, Map<String, Object> own, Map<String, Object> base) {
        Map<String, Object> all = new LinkedHashMap<>(base);
        all.putAll(own);
        all.forEach((name, each) -> options.set(name, value(each)));
        if (version != null && options.get("secureProtocol") == null) {
            if (options.get("minVersion") == null) {
                options.set("minVersion", version);
            }
            if (options.get("maxVersion") == null) {
                options.set("maxVersion", version);
            }
        }
        return options;
    }

    private SecureContextOptions context(Object details) {
        SecureContextOptions options = new SecureContextOptions();
        map(details).forEach((name, each) -> options.set(name, value(each)));
        return options;
    }

    private void reply(Map<String, Object> plan, Consumer<Throwable> fail, Runnable good) {
        if (plan.get("throw") != null) {
            throw EventEmitterThrow.unchecked(coded((String) plan.get("throw")));
        }
        if (plan.get("never") != null) {
            return;
        }
        Runnable send = () -> {
            if (plan.get("error") != null) {
                fail.accept(coded((String) plan.get("error")));
            } else {
                good.run();
            }
            if (plan.get("twice") != null) {
                good.run();
            }
        };
        if (plan.get("delay") == null) {
            send.run();
        } else {
            loop.setTimeout(send, (Long) plan.get("delay"));
        }
    }

    private static CodedException coded(String text) {
        return new CodedException(text, text);
    }

    private SNICallback sniCallback(Map<String, Object> plans) {
        return (servername, callback) -> {
            log("server", "SNICallback " + servername);
            Map<String, Object> plan =
                    map(plans.containsKey(servername) ? plans.get(servername) : plans.get("*"));
            reply(plan, error -> callback.done(error, null), () -> {
                if (plan.get("context") == null) {
                    callback.done(null, null);
                } else {
                    try (var context = TLS.createSecureContext(context(plan.get("context")))) {
                        callback.done(null, context);
                    }
                }
            });
        };
    }

    private ALPNCallback alpnCallback(Object plan) {
        return hello -> {
            log(
                    "server",
                    "ALPNCallback " + hello.servername() + " "
                            + String.join(",", hello.protocols()));
            if (!(plan instanceof Map)) {
                return (String) plan;
            }
            if (map(plan).get("throw") != null) {
                throw EventEmitterThrow.unchecked(coded((String) map(plan).get("throw")));
            }
            try (var context = TLS.createSecureContext(context(map(plan).get("setKeyCert")))) {
                hello.socket().setKeyCert(context);
            }
            return (String) map(plan).get("select");
        };
    }

    private Onread onread(Map<String, Object> plan) {
        return Onread.of(
                ByteBuffer.allocate(((Long) plan.get("size")).intValue()), (count, buffer) -> {
                    log("client", "onread " + count);
                    return true;
                });
    }

    private PSKCallback pskCallback(Map<String, Object> plan) {
        return (socket, name) -> {
            log(socket.server() != null ? "server" : "client", "pskCallback " + name);
            if (plan.get("throw") != null) {
                throw EventEmitterThrow.unchecked(coded((String) plan.get("throw")));
            }
            return plan.get("key") == null
                    ? null
                    : new PSKCallback.Psk(
                            HexFormat.of().parseHex((String) plan.get("key")),
                            (String) plan.get("identity"));
        };
    }

    private ServerIdentityCheck identityCheck(String code) {
        return (host, cert) -> {
            log(
                    "client",
                    "checkServerIdentity " + host + " " + cert.subject().get("CN") + " issuer="
                            + (cert.issuerCertificate() != null));
            return code == null ? null : coded(code);
        };
    }

    // ---- how things are written down ----------------------------------------------------------

    private static String errorText(Throwable e) {
        if (e == null) {
            return "null";
        }
        if (e instanceof OpenSSLFailure failure && failure.library() != null) {
            return failure.code() + " library=" + failure.library() + " reason=" + failure.reason();
        }
        String message = String.valueOf(e.getMessage()).replaceAll(":\\d{2,5}\\b", ":PORT");
        String text = Coded.codeOf(e) + " " + message;
        if (e instanceof SystemException system && system.syscall() != null) {
            text += " errno=" + system.errno() + " syscall=" + system.syscall();
        }
        return text;
    }

    private static String thrown(Throwable e) {
        String name = e instanceof ArgumentException argument ? argument.name() : "Error";
        return "throws " + name + " " + errorText(e);
    }

    private static String commonName(PeerCertificate cert) {
        return cert == null
                ? "null"
                : cert.isEmpty() ? "{}" : String.valueOf(cert.subject().get("CN"));
    }

    private static String describe(TLSSocket socket) {
        CipherInfo cipher = socket.getCipher();
        return "authorized=" + socket.authorized() + " error=" + socket.authorizationError()
                + " protocol="
                + socket.getProtocol() + " cipher=" + (cipher == null ? "undefined" : cipher.name())
                + " servername="
                + socket.servername() + " alpn=" + socket.alpnProtocol() + " reused="
                + socket.isSessionReused()
                + " peer=" + commonName(socket.getPeerCertificate());
    }

    static String show(Object result) {
        if (result == null) {
            return "null";
        }
        if (result instanceof byte[] bytes) {
            return "<" + bytes.length + " bytes>";
        }
        if (result instanceof TLSSocket) {
            return "this";
        }
        if (result instanceof PeerCertificate certificate) {
            return json(certificateMap(certificate));
        }
        if (result instanceof CipherInfo cipher) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", cipher.name());
            map.put("standardName", cipher.standardName());
            map.put("version", cipher.version());
            return json(map);
        }
        if (result instanceof EphemeralKeyInfo key) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("type", key.type());
            map.put("name", key.name());
            map.put("size", key.size());
            map.values().removeIf(each -> each == null);
            return json(map);
        }
        return json(result);
    }

    private static Object certificateMap(PeerCertificate certificate) {
        Map<String, Object> out = new LinkedHashMap<>(certificate.toMap());
        PeerCertificate issuer = certificate.issuerCertificate();
        if (issuer != null) {
            if (issuer == certificate) {
                out.put("issuerCertificate", "itself");
            } else {
                out.put("issuerCertificate", certificateMap(issuer));
            }
        }
        return out;
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(each -> Json.quote((String) each.getKey()) + ":" + json(each.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(ScenarioRun::json).collect(Collectors.joining(",", "[", "]"));
        }
        if (value instanceof byte[] bytes) {
            return Json.quote("<" + bytes.length + " bytes>");
        }
        if (value instanceof PeerCertificate certificate) {
            return json(certificateMap(certificate));
        }
        return value instanceof String text ? Json.quote(text) : String.valueOf(value);
    }

    // ---- recording and acting -----------------------------------------------------------------

    private void log(String actor, String line) {
        if (over) {
            return;
        }
        List<String> lines = actors.computeIfAbsent(actor, each -> new ArrayList<>());
        Matcher data = DATA.matcher(line);
        Matcher last = DATA.matcher(lines.isEmpty() ? "" : lines.get(lines.size() - 1));
        if (data.matches() && last.matches() && !flag("chunks")) {
            lines.set(
                    lines.size() - 1,
                    "data " + (Long.parseLong(last.group(1)) + Long.parseLong(data.group(1))));
        } else {
            lines.add(line);
        }
        sequence.add(actor + "." + line.split(" ")[0]);
        if (scenario.get("hold") != null) {
            checkHold();
        }
    }

    private void event(String actor, String name) {
        event(actor, name, null);
    }

    private void event(String actor, String name, String line) {
        log(actor, line == null ? name : name + " " + line);
        if (over) {
            return;
        }
        String key = actor + "." + name;
        for (Object action : list(map(scenario.get("on")).get(key))) {
            act((String) action);
        }
        List<?> first = list(map(scenario.get("once")).get(key));
        if (!first.isEmpty() && once.add(key)) {
            for (Object action : first) {
                act((String) action);
            }
        }
    }

    private void act(String text) {
        Matcher wait = WAIT.matcher(text);
        if (wait.matches()) {
            loop.setTimeout(
                    () -> {
                        if (!over) {
                            act(wait.group(2));
                        }
                    },
                    Long.parseLong(wait.group(1)));
            return;
        }
        Matcher action = ACTION.matcher(text);
        if (!action.matches()) {
            throw new IllegalArgumentException(text);
        }
        String target = action.group(1);
        String method = action.group(2);
        String rest = action.group(3);
        Object object = objects.get(target);
        if (object == null && !target.equals("middle")) {
            log(target, "is not there: " + method);
            return;
        }
        switch (method) {
            case "fill" -> ((Duplex) object).write(fill(rest));
            case "endFill" -> ((Duplex) object).end(fill(rest));
            case "write" -> ((Duplex) object).write(first(rest));
            case "end" -> {
                if (rest.isEmpty()) {
                    ((Duplex) object).end();
                } else {
                    ((Duplex) object).end(first(rest));
                }
            }
            case "destroyWith" -> ((Duplex) object).destroy(coded(rest));
            case "destroy" -> ((Duplex) object).destroy();
            case "writeNoted" ->
                noted(
                        target,
                        rest,
                        ((Duplex) object)
                                .write(
                                        rest,
                                        e -> log(target, "wrote " + rest + " " + errorText(e))));
            case "fillNoted" ->
                noted(
                        target,
                        rest,
                        ((Duplex) object)
                                .write(
                                        fill(rest),
                                        e -> log(target, "wrote " + rest + " " + errorText(e))));
            case "endNoted" ->
                ((Duplex) object).end((io.github.securepair.events.Callback)
                        e -> log(target, "ended " + errorText(e)));
            case "renegotiate" -> {
                boolean begun = ((TLSSocket) object)
                        .renegotiate(
                                renegotiateOptions(rest),
                                e -> event(target, "renegotiated", errorText(e)));
                log(target, "renegotiate " + begun);
            }
            case "note" -> log(target, rest + " " + show(call(object, rest, List.of())));
            case "call" -> {
                int space = rest.indexOf(' ');
                String name = space < 0 ? rest : rest.substring(0, space);
                List<?> args =
                        space < 0 ? List.of() : list(value(Json.parse(rest.substring(space + 1))));
                String shown;
                try {
                    shown = show(call(object, name, args));
                } catch (RuntimeException e) {
                    shown = thrown(e);
                }
                log(target, name + " " + shown);
            }
            case "is" -> log(target, describe((TLSSocket) object));
            case "state" -> log(target, state((Duplex) object));
            case "keepSession" -> session = ((TLSSocket) object).getSession();
            case "corrupt" -> corrupt[0] = rest;
            case "setEncoding" -> ((Duplex) object).setEncoding(rest);
            case "setTimeout" -> ((Socket) object).setTimeout(((Long) first(rest)).doubleValue());
            case "close" -> ((Server) object).close();
            default -> actOnContexts(object, target, method, rest);
        }
    }

    @SuppressWarnings("deprecation")
    private void setOptions(TLSServer server, String target, String rest) {
        Object details = list(Json.parse(rest)).get(0);
        attempt(target, "setOptions", () -> server.setOptions(context(details)));
    }

    private void actOnContexts(Object object, String target, String method, String rest) {
        switch (method) {
            case "addContext" -> {
                List<?> args = list(Json.parse(rest));
                attempt(
                        target,
                        method,
                        () -> ((TLSServer) object)
                                .addContext((String) args.get(0), context(args.get(1))));
            }
            case "setContext" ->
                attempt(
                        target,
                        method,
                        () -> ((TLSServer) object)
                                .setSecureContext(context(list(Json.parse(rest)).get(0))));
            case "setOptions" -> setOptions((TLSServer) object, target, rest);
            case "useSession" -> {
                if (session != null) {
                    ((TLSSocket) object).setSession(session);
                }
            }
            case "keepTicketKeys" -> ticketKeys = ((TLSServer) object).getTicketKeys();
            case "restoreTicketKeys" -> ((TLSServer) object).setTicketKeys(ticketKeys);
            case "count" ->
                ((Server) object)
                        .getConnections(
                                (e, n) -> log(target, "connections " + errorText(e) + " " + n));
            case "abort" -> abort.abort();
            default ->
                call(object, method, rest.isEmpty() ? List.of() : list(value(Json.parse(rest))));
        }
    }

    private void attempt(String target, String method, Runnable what) {
        String result = "done";
        try {
            what.run();
        } catch (RuntimeException e) {
            result = thrown(e);
        }
        log(target, method + " " + result);
    }

    private void noted(String target, String rest, boolean more) {
        log(target, "write " + more);
    }

    private Object first(String rest) {
        return rest.startsWith("[") ? list(value(Json.parse(rest))).get(0) : rest;
    }

    private static byte[] fill(String count) {
        byte[] bytes = new byte[Integer.parseInt(count)];
        java.util.Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }

    private static RenegotiateOptions renegotiateOptions(String json) {
        RenegotiateOptions options = new RenegotiateOptions();
        Map<String, Object> map = json.isEmpty() ? Map.of() : map(Json.parse(json));
        if (map.get("requestCert") instanceof Boolean value) {
            options.requestCert(value);
        }
        if (map.get("rejectUnauthorized") instanceof Boolean value) {
            options.rejectUnauthorized(value);
        }
        return options;
    }

    private static Object call(Object object, String name, List<?> args) {
        for (Method method : object.getClass().getMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == args.size()) {
                Object[] given = args.toArray();
                for (int i = 0; i < given.length; i++) {
                    if (given[i] instanceof Long number
                            && method.getParameterTypes()[i] == int.class) {
                        given[i] = number.intValue();
                    }
                }
                try {
                    method.setAccessible(true);
                    return method.invoke(object, given);
                } catch (InvocationTargetException e) {
                    throw EventEmitterThrow.unchecked(e.getCause());
                } catch (IllegalAccessException e) {
                    throw new AssertionError(e);
                }
            }
        }
        throw new IllegalArgumentException(object + " has no " + name);
    }

    private static String state(Duplex socket) {
        return "destroyed=" + socket.destroyed() + " readable=" + socket.readable() + " writable="
                + socket.writable();
    }

    // ---- actors -------------------------------------------------------------------------------

    private void watch(String actor, Socket socket, boolean isTls) {
        objects.put(actor, socket);
        open.add(actor);
        for (String name :
                List.of("connect", "ready", "end", "finish", "drain", "timeout", "secure")) {
            if (isTls || !name.equals("secure")) {
                socket.on(name, args -> event(actor, name));
            }
        }
        if (!list(scenario.get("deaf")).contains(actor)) {
            socket.on(
                    "data",
                    args -> event(
                            actor,
                            "data",
                            args[0] instanceof String text
                                    ? Json.quote(text)
                                    : String.valueOf(((ByteBuffer) args[0]).remaining())));
        }
        if (isTls) {
            TLSSocket tls = (TLSSocket) socket;
            tls.on(TLSSocket.SECURE_CONNECT, () -> event(actor, "secureConnect", describe(tls)));
            tls.on(
                    TLSSocket.OCSP_RESPONSE,
                    response -> event(actor, "OCSPResponse", show(response)));
            if (actor.startsWith("client")) {
                tls.on(TLSSocket.SESSION, given -> {
                    session = given;
                    event(actor, "session");
                });
            }
            if (list(scenario.get("keylog")).contains(actor)) {
                tls.on(TLSSocket.KEYLOG, line -> {
                    String text = new String(line, StandardCharsets.US_ASCII);
                    event(actor, "keylog", text.split(" ")[0] + " newline=" + text.endsWith("\n"));
                });
            }
        }
        socket.on(EventEmitter.ERROR, e -> event(actor, "error", errorText(e)));
        socket.on(Socket.CLOSE, hadError -> {
            String counts = isTls && !flag("uncounted")
                    ? " read=" + socket.bytesRead() + " written=" + socket.bytesWritten()
                    : "";
            event(actor, "close", hadError + counts);
            open.remove(actor);
            progress();
        });
    }

    private Server startServer() {
        Map<String, Object> raw = map(scenario.get("rawServer"));
        if (!raw.isEmpty()) {
            return rawServer(raw);
        }
        TLSServer tls = TLS.createServer(
                fill(new ServerOptions().set("loop", loop), map(scenario.get("server")), SERVER));
        server = tls;
        objects.put("server", tls);
        tls.on(Server.CONNECTION, socket -> {
            objects.put("raw", socket);
            if (flag("rawListen")) {
                watch("raw", socket, false);
            }
            event("server", "connection");
        });
        tls.on(TLSServer.SECURE_CONNECTION, ss -> {
            watch(count == 1 ? "ss" : "ss" + clientIndex, ss, true);
            objects.put("ss", ss);
            event("server", "secureConnection", describe(ss));
        });
        tls.on(TLSServer.TLS_CLIENT_ERROR, (e, socket) -> {
            objects.put("ss", socket);
            event(
                    "server",
                    "tlsClientError",
                    errorText(e) + " destroyed=" + socket.destroyed() + " error="
                            + socket.authorizationError());
        });
        tls.on(Server.DROP, info -> event("server", "drop"));
        if (list(scenario.get("keylog")).contains("server")) {
            tls.on(TLSServer.KEYLOG, (line, socket) -> {
                String label = new String(line, StandardCharsets.US_ASCII).split(" ")[0];
                event("server", "keylog", label + " of=" + socket.encrypted());
            });
        }
        if (scenario.get("newSession") != null) {
            tls.on(TLSServer.NEW_SESSION, (id, data, done) -> {
                log("server", "newSession <" + id.length + " bytes>");
                store.put(HexFormat.of().formatHex(id), data);
                reply(map(scenario.get("newSession")), e -> done.run(), done);
            });
        }
        if (scenario.get("resumeSession") != null) {
            Map<String, Object> plan = map(scenario.get("resumeSession"));
            tls.on(TLSServer.RESUME_SESSION, (id, callback) -> {
                byte[] known = store.get(HexFormat.of().formatHex(id));
                log(
                        "server",
                        "resumeSession <" + id.length + " bytes> "
                                + (known != null ? "known" : "unknown"));
                byte[] answer =
                        plan.containsKey("value") ? (byte[]) value(plan.get("value")) : known;
                reply(plan, e -> callback.done(e, null), () -> callback.done(null, answer));
            });
        }
        if (scenario.get("ocsp") != null) {
            Map<String, Object> plan = map(scenario.get("ocsp"));
            tls.on(TLSServer.OCSP_REQUEST, (certificate, issuer, callback) -> {
                log("server", "OCSPRequest " + show(certificate) + " " + show(issuer));
                reply(
                        plan,
                        e -> callback.done(e, null),
                        () -> callback.done(null, (byte[]) value(plan.get("value"))));
            });
        }
        for (Object each : list(scenario.get("contexts"))) {
            List<?> entry = (List<?>) each;
            tls.addContext((String) entry.get(0), context(entry.get(1)));
        }
        tls.on(Server.CLOSE, () -> {
            log("server", "close");
            end();
        });
        return tls;
    }

    private Server rawServer(Map<String, Object> plan) {
        Server raw = Net.createServer(
                new NetServerOptions()
                        .loop(loop)
                        .allowHalfOpen(Boolean.TRUE.equals(plan.get("allowHalfOpen"))),
                socket -> {
                    objects.put("raw", socket);
                    socket.on(EventEmitter.ERROR, e -> {});
                    if (plan.get("write") != null) {
                        socket.write(plan.get("write"));
                    }
                    String then = (String) plan.get("then");
                    if (then.equals("tls")) {
                        TLSSocketOptions options = new TLSSocketOptions();
                        options.set("isServer", true);
                        watch(
                                "ss",
                                new TLSSocket(
                                        socket, fill(options, map(plan.get("options")), SERVER)),
                                true);
                        return;
                    }
                    socket.on("data", args -> {
                        if (then.equals("reset")) {
                            socket.resetAndDestroy();
                        }
                    });
                    if (then.equals("end")) {
                        socket.end();
                    } else if (then.equals("destroy")) {
                        socket.destroy();
                    }
                });
        server = raw;
        raw.on(Server.CLOSE, this::end);
        return raw;
    }

    private void startClient() {
        int index = ++clientIndex;
        String actor = count == 1 ? "client" : "client" + index;
        Map<String, Object> rawPlan = map(scenario.get("rawClient"));
        if (!rawPlan.isEmpty()) {
            Socket raw = Net.connect(port, "127.0.0.1");
            watch("client", raw, false);
            raw.on(Socket.CONNECT, () -> {
                for (Object bytes : list(rawPlan.get("send"))) {
                    raw.write(value(bytes));
                }
                String then = (String) rawPlan.get("then");
                if (then.equals("end")) {
                    raw.end();
                } else if (then.equals("destroy")) {
                    raw.destroy();
                } else if (then.equals("reset")) {
                    loop.setTimeout(raw::resetAndDestroy, 50);
                }
            });
            return;
        }
        List<?> clients = list(scenario.get("clients"));
        Map<String, Object> own =
                map(clients.isEmpty() ? scenario.get("client") : clients.get(index - 1));
        ConnectOptions options = new ConnectOptions().host("127.0.0.1").port(port);
        options.set("loop", loop);
        fill(options, own, CLIENT);
        if ("connected".equals(scenario.get("over"))) {
            Socket[] raw = {null};
            raw[0] = Net.connect(
                    port, "127.0.0.1", () -> connectOver(actor, options.socket(raw[0])));
            return;
        }
        if ("socket".equals(scenario.get("over"))) {
            options.socket(Net.connect(port, "127.0.0.1"));
        }
        connectOver(actor, options);
    }

    private void connectOver(String actor, ConnectOptions options) {
        TLSSocket client;
        try {
            client = TLS.connect(options);
        } catch (RuntimeException e) {
            log(actor, thrown(e));
            server.close();
            return;
        }
        watch(actor, client, true);
        objects.put("client", client);
        for (Object action : list(scenario.get("start"))) {
            act((String) action);
        }
    }

    private void startMiddle(Consumer<Integer> done) {
        middle = Net.createServer(new NetServerOptions().loop(loop), near -> {
            Socket far = Net.connect(realPort, "127.0.0.1");
            BiConsumer<Socket[], String> pass = (ends, way) -> {
                ends[0].on("data", args -> {
                    ByteBuffer chunk = (ByteBuffer) args[0];
                    if (way.equals(corrupt[0])) {
                        corrupt[0] = null;
                        chunk.put(chunk.limit() - 1, (byte) (chunk.get(chunk.limit() - 1) ^ 1));
                    }
                    ends[1].write(chunk);
                });
                ends[0].on("end", args -> ends[1].end());
                ends[0].on("error", args -> ends[1].destroy());
                ends[0].on("close", args -> ends[1].destroy());
            };
            pass.accept(new Socket[] {near, far}, "c2s");
            pass.accept(new Socket[] {far, near}, "s2c");
        });
        middle.listen(0, "127.0.0.1", () -> done.accept(middle.address().port()));
    }

    // ---- the end ------------------------------------------------------------------------------

    private void progress() {
        if (over || scenario.get("hold") != null) {
            return;
        }
        if (ended) {
            end();
            return;
        }
        if (open.stream().anyMatch(actor -> actor.startsWith("client"))) {
            return;
        }
        if (clientIndex < count) {
            if (open.isEmpty()) {
                Object pause = scenario.get("pause");
                loop.setTimeout(this::startClient, pause == null ? 0 : (Long) pause);
            }
            return;
        }
        if (!closing) {
            closing = true;
            // Not at once: the server shall see first how the connection ended.
            loop.setTimeout(() -> server.close(), 30);
        }
    }

    private void checkHold() {
        Map<String, Object> hold = map(scenario.get("hold"));
        if (holding || !list(hold.get("until")).stream().allMatch(sequence::contains)) {
            return;
        }
        holding = true;
        loop.setTimeout(
                () -> {
                    for (Object actor : list(hold.get("show"))) {
                        log((String) actor, state((Duplex) objects.get(actor)));
                    }
                    finish();
                },
                (Long) hold.get("ms"));
    }

    private void end() {
        ended = true;
        loop.setTimeout(this::finish, open.isEmpty() ? 20 : 200);
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        for (Object object : objects.values()) {
            if (object instanceof Duplex duplex) {
                duplex.destroy();
            }
        }
        if (server != null && server.listening()) {
            server.close();
        }
        if (middle != null) {
            middle.close();
        }
        contexts.forEach(SecureContext::close);
        result.complete(text());
    }

    private String text() {
        StringBuilder out = new StringBuilder();
        if (scenario.get("b") != null) {
            out.append("# ").append(scenario.get("b")).append('\n');
        }
        actors.forEach((actor, lines) -> {
            out.append('[').append(actor).append("]\n");
            lines.forEach(line -> out.append(line).append('\n'));
        });
        if (scenario.get("order") != null) {
            out.append("[order]\n");
            for (Object each : list(scenario.get("order"))) {
                List<?> pair = (List<?>) each;
                int before = sequence.indexOf(pair.get(0));
                int after = sequence.indexOf(pair.get(1));
                String how =
                        before < 0 || after < 0 ? "missing" : before < after ? "before" : "after";
                out.append(pair.get(0) + " " + how + " " + pair.get(1) + "\n");
            }
        }
        return out.toString();
    }

    /** Runs it on the loop. The future fails when something throws that no scenario expects. */
    CompletableFuture<String> start() {
        loop.execute(() -> {
            try {
                begin();
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static void setDefault(String name, Object value) {
        try {
            TLS.class.getField(name).set(null, value);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private void begin() {
        count = scenario.get("clients") == null
                ? 1
                : list(scenario.get("clients")).size();
        loop.setTimeout(
                        () -> {
                            if (!over) {
                                log("run", "does not end");
                                finish();
                            }
                        },
                        PATIENCE)
                .unref();
        map(scenario.get("defaults")).forEach(ScenarioRun::setDefault);
        if (scenario.get("limit") != null) {
            List<?> limit = list(scenario.get("limit"));
            TLS.CLIENT_RENEG_LIMIT = ((Long) limit.get(0)).intValue();
            TLS.CLIENT_RENEG_WINDOW = ((Long) limit.get(1)).intValue();
        }
        Server listening;
        try {
            listening = startServer();
        } catch (RuntimeException e) {
            log("server", thrown(e));
            finish();
            return;
        }
        if (scenario.get("maxConnections") != null) {
            listening.maxConnections(((Long) scenario.get("maxConnections")).intValue());
        }
        listening.listen(0, "127.0.0.1", () -> {
            realPort = listening.address().port();
            port = realPort;
            if (flag("middle")) {
                startMiddle(near -> {
                    port = near;
                    startClient();
                });
            } else {
                startClient();
            }
        });
    }

    /** Throws checked exceptions where the signature has none. */
    static final class EventEmitterThrow {
        private EventEmitterThrow() {}

        @SuppressWarnings("unchecked")
        static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
            throw (T) thrown;
        }
    }
}
