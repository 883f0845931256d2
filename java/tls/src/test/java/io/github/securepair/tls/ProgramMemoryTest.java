package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Memory of the program's that a socket reads into or writes from, when the program alters it,
 * gives it back, or does not keep its part.
 */
class ProgramMemoryTest extends LoopTest {
    private static final int ROOM = 64 * 1024;

    private static Server serve(boolean tls, Consumer<Socket> listener) {
        if (tls) {
            return TLS.createServer(serverOptions(), listener::accept);
        }
        return Net.createServer(new NetServerOptions().loop(loop), listener::accept);
    }

    private static Socket connect(boolean tls, Server server, Onread onread) {
        if (tls) {
            return TLS.connect(clientOptions(server).onread(onread));
        }
        return Net.connect(new SocketConnectOptions()
                .loop(loop)
                .port(server.address().port())
                .host("127.0.0.1")
                .onread(onread));
    }

    private static void take(ByteBuffer bytes, ByteArrayOutputStream to) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        to.writeBytes(copy);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    // ---- altered ------------------------------------------------------------------------------

    /** The trace of a record is reported before the record itself, in the same turn. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void recordsAreWholeWhateverAListenerOfTheirTurnDoesToTheBuffer(boolean another)
            throws Exception {
        byte[] sent = random(5 * 16384);
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        ByteBuffer[] memory = {ByteBuffer.allocateDirect(ROOM), ByteBuffer.allocateDirect(ROOM)};
        Socket[] accepted = new Socket[1];
        Handler listener = new Handler() {
            private int turn;

            @Override
            public void publish(LogRecord record) {
                for (ByteBuffer each : memory) {
                    each.clear().put(new byte[ROOM]).position(1).limit(3);
                }
                if (another && accepted[0] != null) {
                    accepted[0].onread(Onread.of(memory[turn++ % 2], (count, bytes) -> add(bytes)));
                }
            }

            private boolean add(ByteBuffer bytes) {
                take(bytes, heard);
                return true;
            }

            @Override
            public void flush() {
                // Nothing is kept.
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        };
        Logger logger = Logger.getLogger("io.github.securepair.tls.trace");
        logger.setUseParentHandlers(false);
        logger.addHandler(listener);
        try {
            run(done -> {
                TLSServer server = TLS.createServer(serverOptions().enableTrace(true), socket -> {
                    accepted[0] = socket;
                    socket.onread(Onread.of(memory[0], (count, bytes) -> {
                        take(bytes, heard);
                        return true;
                    }));
                });
                server.listen(0, "127.0.0.1", () -> {
                    TLSSocket client = TLS.connect(clientOptions(server));
                    client.end(sent);
                    client.on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
                });
            });
        } finally {
            logger.removeHandler(listener);
            logger.setUseParentHandlers(true);
        }
        assertArrayEquals(sent, heard.toByteArray());
    }

    // ---- callbacks that throw -----------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasReadComesAlsoAfterACallbackOfOnreadThrew(boolean tls) throws Exception {
        byte[] sent = random(1000);
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            Server server = serve(tls, socket -> socket.end(sent));
            server.listen(0, "127.0.0.1", () -> {
                Onread onread = Onread.of(ByteBuffer.allocate(100), (count, bytes) -> {
                    take(bytes, heard);
                    if (heard.size() == 100) {
                        throw new IllegalStateException("callback");
                    }
                    return true;
                });
                connect(tls, server, onread)
                        .on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertArrayEquals(sent, heard.toByteArray());
        assertEquals("callback", uncaught.remove(0).getMessage());
    }

    @Test
    void readingGoesOnAfterACallbackThrewOnWhatHadWaitedForIt() throws Exception {
        byte[] sent = random(1000);
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            Server server = serve(true, socket -> {
                socket.write(sent);
                socket.on(Readable.DATA, go -> socket.end("more"));
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket[] client = new Socket[1];
                client[0] =
                        connect(true, server, Onread.of(ByteBuffer.allocate(100), (n, bytes) -> {
                            take(bytes, heard);
                            if (heard.size() == 100) {
                                loop.setImmediate(client[0]::resume);
                                return false;
                            } else if (heard.size() == 200) {
                                throw new IllegalStateException("callback");
                            } else if (heard.size() == 1000) {
                                client[0].write("go");
                            }
                            return true;
                        }));
                client[0].on(Socket.CLOSE, hadError -> server.close(error -> done.complete(null)));
            });
        });
        assertEquals(1004, heard.size());
        assertEquals("callback", uncaught.remove(0).getMessage());
    }

    // ---- of no use ----------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"none, false", "none, true", "heap, false", "heap, true", "direct, true"})
    void anOnreadBufferThatCannotBeFilledIsAnErrorOfTheSocket(String kind, boolean tls)
            throws Exception {
        ByteBuffer buffer = switch (kind) {
            case "none" -> null;
            case "heap" -> ByteBuffer.allocate(ROOM).asReadOnlyBuffer();
            default -> ByteBuffer.allocateDirect(ROOM).asReadOnlyBuffer();
        };
        Class<?> error = errorOfReading(tls, () -> buffer);
        assertEquals(
                buffer == null ? NullPointerException.class : ReadOnlyBufferException.class, error);
    }

    private Class<?> errorOfReading(boolean tls, Supplier<ByteBuffer> buffer) throws Exception {
        return run(done -> {
            Server server = serve(tls, socket -> {
                socket.on(EventEmitter.ERROR, error -> {});
                socket.write("hello");
            });
            server.listen(0, "127.0.0.1", () -> {
                Socket client = connect(tls, server, new Onread(buffer, (count, bytes) -> true));
                client.on(
                        EventEmitter.ERROR,
                        error -> server.close(closed -> done.complete(error.getClass())));
            });
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @EnabledForJreRange(min = JRE.JAVA_22)
    void anOnreadBufferThatWasGivenBackIsAnErrorOfTheSocket(boolean tls) throws Exception {
        Arena arena = new Arena("ofShared");
        ByteBuffer buffer = arena.allocate(ROOM);
        arena.close();
        assertEquals(IllegalStateException.class, errorOfReading(tls, () -> buffer));
    }

    @ParameterizedTest
    @CsvSource({"false, 1000", "true, 1000", "false, 1000000", "true, 1000000"})
    @EnabledForJreRange(min = JRE.JAVA_22)
    void aWriteWhoseMemoryWasGivenBackFailsAndNothingFollowsIt(boolean tls, int size)
            throws Exception {
        List<String> events = new ArrayList<>();
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        run(done -> {
            Server server = serve(tls, socket -> {
                socket.on(Readable.DATA, chunk -> take((ByteBuffer) chunk, heard));
                socket.on(EventEmitter.ERROR, error -> {});
                socket.on(Socket.CLOSE, had -> loop.setImmediate(() -> done.complete(null)));
            });
            server.listen(0, "127.0.0.1", () -> {
                ByteBuffer buffer = ByteBuffer.allocate(1);
                Socket client = connect(tls, server, Onread.of(buffer, (count, bytes) -> true));
                Arena arena = new Arena("ofConfined");
                client.write("before");
                client.write(
                        arena.allocate(size),
                        error -> events.add("written " + error.getClass().getSimpleName()));
                client.write("after");
                arena.close();
                client.on(EventEmitter.ERROR, error -> events.add(error.getMessage()));
                client.on(Socket.CLOSE, hadError -> server.close());
            });
        });
        assertEquals(List.of("written IllegalStateException", "Already closed"), events);
        assertEquals("", heard.toString().replace("before", ""));
    }

    /** {@code java.lang.foreign.Arena}, which the Java that compiles this does not have. */
    private static final class Arena {
        private final Class<?> type;
        private final Object arena;

        Arena(String kind) {
            try {
                type = Class.forName("java.lang.foreign.Arena");
                arena = type.getMethod(kind).invoke(null);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }

        ByteBuffer allocate(int size) {
            try {
                Object segment =
                        type.getMethod("allocate", long.class).invoke(arena, Long.valueOf(size));
                return (ByteBuffer) Class.forName("java.lang.foreign.MemorySegment")
                        .getMethod("asByteBuffer")
                        .invoke(segment);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }

        void close() {
            try {
                type.getMethod("close").invoke(arena);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }
    }
}
