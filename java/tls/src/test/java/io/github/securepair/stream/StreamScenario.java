package io.github.securepair.stream;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.Callback;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Listener;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * One scenario of {@code traces/streams/*.scn} and its run: the twin of
 * {@code test/node/streams.js}.
 */
final class StreamScenario {
    private static final int ROUNDS = 40;
    private static final int STEPS = 300;
    private static final int LONGEST = 2000;

    final String name;
    private final List<Statement> body;

    private StreamScenario(String name, List<Statement> body) {
        this.name = name;
        this.body = body;
    }

    private record Statement(List<String> words, List<List<Statement>> blocks) {
        String word(int index) {
            return index < words.size() ? words.get(index) : null;
        }

        List<Statement> block(int index) {
            return index < blocks.size() ? blocks.get(index) : List.of();
        }
    }

    static List<StreamScenario> parse(String text) {
        List<String> tokens = new ArrayList<>();
        for (String line : text.split("\n")) {
            for (String token : line.replaceAll("(^|\\s)#.*$", "").trim().split("\\s+")) {
                if (!token.isEmpty()) {
                    tokens.add(token);
                }
            }
            tokens.add(";");
        }
        List<StreamScenario> scenarios = new ArrayList<>();
        for (Statement each : block(tokens, new int[1])) {
            scenarios.add(new StreamScenario(each.word(1), each.block(0)));
        }
        return scenarios;
    }

    private static List<Statement> block(List<String> tokens, int[] at) {
        List<Statement> statements = new ArrayList<>();
        while (at[0] < tokens.size() && !tokens.get(at[0]).equals("}")) {
            if (tokens.get(at[0]).equals(";")) {
                at[0]++;
                continue;
            }
            Statement statement = new Statement(new ArrayList<>(), new ArrayList<>());
            while (at[0] < tokens.size()
                    && !tokens.get(at[0]).equals(";")
                    && !tokens.get(at[0]).equals("}")) {
                String token = tokens.get(at[0]++);
                if (token.equals("{")) {
                    statement.blocks.add(block(tokens, at));
                    at[0]++;
                } else {
                    statement.words.add(token);
                }
            }
            statements.add(statement);
        }
        return statements;
    }

    /** Runs the scenario on a loop of its own use and returns what happened. */
    List<String> run(EventLoop loop) throws Exception {
        Run run = new Run(loop);
        CompletableFuture<List<String>> done = new CompletableFuture<>();
        loop.onUncaughtException(error -> run.log("uncaught " + shown(error)));
        loop.execute(() -> {
            run.rounds(ROUNDS, done);
            run.execute(body);
        });
        return done.get(20, TimeUnit.SECONDS);
    }

    private static String shown(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof String text) {
            StringBuilder out = new StringBuilder("s:");
            for (char c : text.toCharArray()) {
                out.append(
                        c > 0x20 && c < 0x7f
                                ? String.valueOf(c)
                                : String.format("\\u%04x", (int) c));
            }
            return out.toString();
        }
        if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            return text.chars().allMatch(c -> c > 0x20 && c < 0x7f)
                    ? "b:" + text
                    : "x:" + HexFormat.of().formatHex(bytes);
        }
        if (value instanceof Coded coded) {
            return coded.name() + "[" + coded.code() + "]";
        }
        if (value instanceof Throwable error) {
            return "Error(" + error.getMessage() + ")";
        }
        return String.valueOf(value);
    }

    /** A failure of the scenario's own making; checked, as most errors of streams are. */
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    private static final class Run {
        private final EventLoop loop;
        private final List<String> trace = new ArrayList<>();
        private final Map<String, Stream> streams = new LinkedHashMap<>();
        private final Map<Stream, String> names = new HashMap<>();
        private final Map<String, Callback> pending = new HashMap<>();
        private final Map<String, Listener> listeners = new HashMap<>();
        private int steps;

        Run(EventLoop loop) {
            this.loop = loop;
        }

        void log(String line) {
            if (trace.size() < LONGEST) {
                trace.add(line);
            }
        }

        void rounds(int left, CompletableFuture<List<String>> done) {
            loop.setImmediate(() -> {
                if (left > 1) {
                    rounds(left - 1, done);
                    return;
                }
                streams.forEach(this::state);
                done.complete(List.copyOf(trace));
            });
        }

        void execute(List<Statement> statements) {
            for (Statement each : statements) {
                if (++steps <= STEPS) {
                    statement(each);
                }
            }
        }

        private void attempt(String verb, String name, Callable<Object> call) {
            Object result;
            try {
                result = call.call();
            } catch (Throwable thrown) {
                log(name + "." + verb + " throws " + shown(unwrapped(thrown)));
                return;
            }
            if (result instanceof Boolean || verb.equals("read")) {
                log(name + "." + verb + " -> " + describe(result));
            }
        }

        private static Throwable unwrapped(Throwable thrown) {
            return thrown instanceof io.github.securepair.events.UnhandledErrorException
                            && thrown.getCause() != null
                    ? thrown.getCause()
                    : thrown;
        }

        private String describe(Object value) {
            return value instanceof Stream stream ? names.get(stream) : shown(value);
        }

        private Callback label(Statement statement, int index) {
            String word = statement.word(index);
            if (word == null || word.equals("-")) {
                return null;
            }
            return error -> {
                log(statement.word(1) + ".callback " + word + " " + shown(error));
                execute(statement.block(0));
            };
        }

        private void statement(Statement statement) {
            if (!made(statement) && !listened(statement) && !read(statement) && !wrote(statement)) {
                other(statement);
            }
        }

        private boolean made(Statement statement) {
            String name = statement.word(1);
            Map<String, String> options = options(statement);
            switch (statement.word(0)) {
                case "readable", "writable", "duplex", "transform", "passthrough" ->
                    make(statement.word(0), name, options, statement);
                case "pair" -> {
                    DuplexPair pair = DuplexPair.create(twoSided(new DuplexOptions(), options));
                    keep(name, pair.first());
                    keep(statement.word(2), pair.second());
                }
                default -> {
                    return false;
                }
            }
            return true;
        }

        private boolean listened(Statement statement) {
            String verb = statement.word(0);
            String name = statement.word(1);
            String a = statement.word(2);
            String b = statement.word(3);
            Stream stream = streams.get(name);
            switch (verb) {
                case "track" -> track(name, stream, statement.words.contains("noerror"));
                case "on", "once", "prepend", "prependonce" ->
                    listen(statement, verb, name, a, options(statement), stream);
                case "off" -> stream.removeListener(a, listeners.get(b));
                case "offall" -> {
                    if (a == null) {
                        stream.removeAllListeners();
                    } else {
                        stream.removeAllListeners(a);
                    }
                }
                case "emit" ->
                    attempt(verb, name, () -> b == null ? stream.emit(a) : stream.emit(a, b));
                case "emiterror" -> attempt(verb, name, () -> stream.emit("error", new Failure(a)));
                case "count" -> log(name + " count " + a + " " + stream.listenerCount(a));
                case "names" -> log(name + " names " + String.join(",", stream.eventNames()));
                default -> {
                    return false;
                }
            }
            return true;
        }

        private boolean read(Statement statement) {
            String verb = statement.word(0);
            String name = statement.word(1);
            String a = statement.word(2);
            String b = statement.word(3);
            Readable r = streams.get(name) instanceof Readable readable ? readable : null;
            WritableStream target = streams.get(a) instanceof WritableStream sink ? sink : null;
            switch (verb) {
                case "push" -> attempt(verb, name, () -> r.push(a, b));
                case "pushhex" ->
                    attempt(verb, name, () -> r.push(HexFormat.of().parseHex(a)));
                case "pushnothing" -> attempt(verb, name, () -> r.push(""));
                case "eof" -> attempt(verb, name, () -> r.push(null));
                case "unshift" -> attempt(verb, name, () -> r.unshift(a));
                case "read" ->
                    attempt(verb, name, () -> a == null ? r.read() : r.read(Integer.parseInt(a)));
                case "pause" -> attempt(verb, name, r::pause);
                case "resume" -> attempt(verb, name, r::resume);
                case "setencoding" -> attempt(verb, name, () -> r.setEncoding(a));
                case "pipe" -> {
                    PipeOptions options = new PipeOptions().end(!"noend".equals(b));
                    attempt(verb, name, () -> r.pipe(target, options));
                }
                case "unpipe" -> attempt(verb, name, () -> r.unpipe(target));
                default -> {
                    return false;
                }
            }
            return true;
        }

        private boolean wrote(Statement statement) {
            String verb = statement.word(0);
            String name = statement.word(1);
            String a = statement.word(2);
            String b = statement.word(3);
            WritableStream w = streams.get(name) instanceof WritableStream sink ? sink : null;
            switch (verb) {
                case "write" -> attempt(verb, name, () -> w.write(a, label(statement, 3)));
                case "writehex" -> {
                    byte[] bytes = HexFormat.of().parseHex(a);
                    attempt(verb, name, () -> w.write(bytes, label(statement, 3)));
                }
                case "writeencoded" -> attempt(verb, name, () -> w.write(a, b));
                case "writenothing" -> attempt(verb, name, () -> w.write("", label(statement, 2)));
                case "writenull" -> attempt(verb, name, () -> w.write((Object) null));
                case "writenumber" -> attempt(verb, name, () -> w.write(5));
                case "defaultencoding" -> attempt(verb, name, () -> w.setDefaultEncoding(a));
                case "end" -> {
                    String chunk = a == null || a.equals("-") ? null : a;
                    attempt(verb, name, () -> w.end(chunk, label(statement, 3)));
                }
                case "cork" -> w.cork();
                case "uncork" -> w.uncork();
                case "done" -> answer(name, null);
                case "fail" -> answer(name, new Failure(a));
                default -> {
                    return false;
                }
            }
            return true;
        }

        private void other(Statement statement) {
            String name = statement.word(1);
            String a = statement.word(2);
            Stream stream = streams.get(name);
            switch (statement.word(0)) {
                case "destroy" ->
                    attempt(
                            "destroy",
                            name,
                            () -> a == null ? stream.destroy() : stream.destroy(new Failure(a)));
                case "state" -> state(name, stream);
                case "tick" -> loop.nextTick(() -> execute(statement.block(0)));
                case "immediate" -> loop.setImmediate(() -> execute(statement.block(0)));
                case "all" -> execute(statement.block(0));
                case "log" -> log("log " + name);
                case "throw" -> throw new IllegalStateException(name);
                default -> throw new AssertionError("unknown statement " + statement.words);
            }
        }

        private void track(String name, Stream stream, boolean withoutError) {
            for (String event : List.of(
                    "close",
                    "error",
                    "end",
                    "finish",
                    "prefinish",
                    "drain",
                    "pause",
                    "resume",
                    "pipe",
                    "unpipe")) {
                if (!(withoutError && event.equals("error"))) {
                    stream.on(
                            event,
                            args -> log(name + " " + event
                                    + (args.length == 0 ? "" : " " + describe(args[0]))));
                }
            }
        }

        private void listen(
                Statement statement,
                String verb,
                String name,
                String event,
                Map<String, String> options,
                Stream stream) {
            int times = Integer.parseInt(
                    options.getOrDefault("times", String.valueOf(Integer.MAX_VALUE)));
            int[] calls = {0};
            Listener listener = args -> {
                log(name + " " + verb + " " + event
                        + (args.length == 0 ? "" : " " + describe(args[0])));
                if (calls[0]++ < times) {
                    execute(statement.block(0));
                }
            };
            if (options.containsKey("as")) {
                listeners.put(options.get("as"), listener);
            }
            switch (verb) {
                case "on" -> stream.on(event, listener);
                case "once" -> stream.once(event, listener);
                case "prepend" -> stream.prependListener(event, listener);
                default -> stream.prependOnceListener(event, listener);
            }
        }

        private void answer(String name, Throwable error) {
            Callback callback = pending.get(name);
            if (callback == null) {
                log(name + ".idle");
            } else {
                log(name + (error == null ? ".done" : ".fail"));
                callback.call(error);
            }
        }

        private void state(String name, Stream stream) {
            StringBuilder out = new StringBuilder(name + " state");
            if (stream instanceof Readable r) {
                out.append(" r=").append(r.readable());
                out.append(" flowing=").append(r.readableFlowing());
                out.append(" paused=").append(r.isPaused());
                out.append(" rlen=").append(r.readableLength());
                out.append(" rended=").append(r.readableEnded());
                out.append(" raborted=").append(r.readableAborted());
                out.append(" didread=").append(r.readableDidRead());
            }
            if (stream instanceof WritableStream w) {
                out.append(" w=").append(w.writable());
                out.append(" wlen=").append(w.writableLength());
                out.append(" needdrain=").append(w.writableNeedDrain());
                out.append(" wended=").append(w.writableEnded());
                out.append(" wfinished=").append(w.writableFinished());
                out.append(" corked=").append(w.writableCorked());
                if (!(stream instanceof Readable)) {
                    out.append(" waborted=").append(w.writableAborted());
                }
            }
            out.append(" destroyed=").append(stream.destroyed());
            out.append(" closed=").append(stream.closed());
            out.append(" errored=").append(shown(stream.errored()));
            log(out.toString());
        }

        private void keep(String name, Stream stream) {
            streams.put(name, stream);
            names.put(stream, name);
        }

        private static Map<String, String> options(Statement statement) {
            Map<String, String> options = new HashMap<>();
            for (String word : statement.words) {
                int equal = word.indexOf('=');
                if (equal > 0) {
                    options.put(word.substring(0, equal), word.substring(equal + 1));
                }
            }
            return options;
        }

        private <T extends StreamOptions<T>> T common(T result, Map<String, String> options) {
            result.loop(loop);
            given(options, "hwm", value -> result.highWaterMark(Integer.parseInt(value)));
            given(options, "autodestroy", value -> result.autoDestroy(value.equals("true")));
            given(options, "emitclose", value -> result.emitClose(value.equals("true")));
            return result;
        }

        private <T extends TwoSidedOptions<T>> T twoSided(T result, Map<String, String> options) {
            common(result, options);
            given(options, "rhwm", value -> result.readableHighWaterMark(Integer.parseInt(value)));
            given(options, "whwm", value -> result.writableHighWaterMark(Integer.parseInt(value)));
            given(options, "halfopen", value -> result.allowHalfOpen(value.equals("true")));
            given(options, "readable", value -> result.readable(value.equals("true")));
            given(options, "writable", value -> result.writable(value.equals("true")));
            given(options, "encoding", result::encoding);
            return result;
        }

        private static void given(Map<String, String> options, String key, Consumer<String> use) {
            if (options.containsKey(key)) {
                use.accept(options.get(key));
            }
        }

        private void settle(String mode, Callback callback) {
            switch (mode == null ? "sync" : mode) {
                case "tick" -> loop.nextTick(callback::done);
                case "immediate" -> loop.setImmediate(callback::done);
                case "fail" -> callback.call(new Failure("failed"));
                case "failtick" -> loop.nextTick(() -> callback.call(new Failure("failed")));
                case "throw" -> throw new IllegalStateException("thrown");
                case "hold" -> {}
                default -> callback.done();
            }
        }

        private void make(
                String kind, String name, Map<String, String> options, Statement statement) {
            boolean writes = kind.equals("writable");
            Script readScript = new Script(writes ? List.of() : statement.block(0));
            Script writeScript = new Script(statement.block(writes ? 0 : 1));
            StreamOptions.ReadFunction read = (stream, size) -> {
                log(name + " _read");
                Statement step = readScript.next();
                if (step != null) {
                    statement(step);
                }
            };
            Consumer<Callback> step = callback -> {
                pending.put(name, callback);
                Statement next = writeScript.next();
                if (next != null) {
                    statement(next);
                } else {
                    settle(options.get("write"), callback);
                }
            };
            BiConsumer<ByteBuffer, Callback> write = (chunk, callback) -> {
                log(name + " _write " + shown(chunk));
                step.accept(callback);
            };
            BiConsumer<List<ByteBuffer>, Callback> writev = !options.containsKey("writev")
                    ? null
                    : (chunks, callback) -> {
                        log(name + " _writev "
                                + String.join(
                                        " ",
                                        chunks.stream()
                                                .map(StreamScenario::shown)
                                                .toList()));
                        step.accept(callback);
                    };
            Consumer<Callback> finale = !options.containsKey("final")
                    ? null
                    : callback -> {
                        log(name + " _final");
                        pending.put(name, callback);
                        settle(options.get("final"), callback);
                    };
            BiConsumer<Throwable, Callback> destroy = !options.containsKey("destroy")
                    ? null
                    : (error, callback) -> {
                        log(name + " _destroy " + shown(error));
                        destroy(options.get("destroy"), error, callback);
                    };
            Consumer<Callback> construct = !options.containsKey("construct")
                    ? null
                    : callback -> {
                        log(name + " _construct");
                        settle(options.get("construct"), callback);
                    };
            keep(
                    name,
                    switch (kind) {
                        case "readable" -> {
                            ReadableOptions given =
                                    common(new ReadableOptions(), options).read(read);
                            given(options, "encoding", given::encoding);
                            yield new Readable(given.destroy(destroy).construct(construct));
                        }
                        case "writable" ->
                            new Writable(common(new WritableOptions(), options)
                                    .write(write)
                                    .writev(writev)
                                    .final_(finale)
                                    .destroy(destroy)
                                    .construct(construct));
                        case "duplex" ->
                            new Duplex(twoSided(new DuplexOptions(), options)
                                    .read(read)
                                    .write(write)
                                    .writev(writev)
                                    .final_(finale)
                                    .destroy(destroy)
                                    .construct(construct));
                        case "transform" -> new Transform(transform(name, options));
                        default -> new PassThrough(twoSided(new TransformOptions(), options));
                    });
        }

        private void destroy(String mode, Throwable error, Callback callback) {
            switch (mode) {
                case "sync" -> callback.call(error);
                case "tick" -> loop.nextTick(() -> callback.call(error));
                case "immediate" -> loop.setImmediate(() -> callback.call(error));
                case "hide" -> callback.call(null);
                default -> settle(mode, other -> callback.call(other != null ? other : error));
            }
        }

        private TransformOptions transform(String name, Map<String, String> options) {
            TransformOptions result = twoSided(new TransformOptions(), options)
                    .transform((chunk, callback) -> {
                        log(name + " _transform " + shown(chunk));
                        String upper = shown(chunk).substring(2).toUpperCase();
                        Callback more = error -> callback.call(error, error == null ? upper : null);
                        pending.put(name, more);
                        settle(options.get("transform"), more);
                    });
            if (options.containsKey("flush")) {
                result.flush(callback -> {
                    log(name + " _flush");
                    settle(
                            options.get("flush"),
                            error -> callback.call(error, error == null ? "END" : null));
                });
            }
            return result;
        }
    }

    /** Statements that a hook runs one after the other. */
    private static final class Script {
        private final List<Statement> statements;
        private int next;

        Script(List<Statement> statements) {
            this.statements = statements;
        }

        Statement next() {
            return next < statements.size() ? statements.get(next++) : null;
        }
    }
}
