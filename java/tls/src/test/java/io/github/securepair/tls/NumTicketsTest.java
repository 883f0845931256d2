package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.stream.Readable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.concurrent.TimeUnit;

/** The option numTickets: what a client gets of it, and what is refused. */
class NumTicketsTest extends LoopTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4})
    void aClientGetsAsManyTicketsAsTheServerIsToSend(int count) throws Exception {
        assertEquals(count, tickets(serverOptions().numTickets(count)));
    }

    @Test
    void aServerThatDoesNotSaySendsTwoTickets() throws Exception {
        assertEquals(2, tickets(serverOptions()));
    }

    /** How many there were when the server's first byte, which comes after them, arrived. */
    private int tickets(ServerOptions options) throws Exception {
        TLSServer server = TLS.createServer(options.minVersion("TLSv1.3"), socket -> {
            socket.resume();
            socket.write("x");
        });
        server.listenAsync(0, "127.0.0.1").get(SECONDS, TimeUnit.SECONDS);
        try {
            return this.<Integer>run(done -> {
                int[] seen = {0};
                TLSSocket client = TLS.connect(clientOptions(server));
                client.on(TLSSocket.SESSION, session -> seen[0]++);
                client.on(Readable.DATA, chunk -> client.end());
                client.on(TLSSocket.CLOSE, hadError -> done.complete(seen[0]));
            });
        } finally {
            server.closeAsync().get(SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void whatIsNoNumberOfTicketsIsRefused() {
        assertRefused(
                "x",
                "ERR_INVALID_ARG_TYPE",
                "The \"options.numTickets\" property must be of type number."
                        + " Received type string ('x')");
        assertRefused(
                1.5,
                "ERR_OUT_OF_RANGE",
                "The value of \"options.numTickets\" is out of range. It must be an integer."
                        + " Received 1.5");
        assertRefused(
                -1,
                "ERR_OUT_OF_RANGE",
                "The value of \"options.numTickets\" is out of range."
                        + " It must be >= 0 && <= 2147483647. Received -1");
    }

    private static void assertRefused(Object value, String code, String message) {
        ArgumentException error = assertThrows(
                ArgumentException.class,
                () -> TLS.createSecureContext(new SecureContextOptions().set("numTickets", value)));
        assertEquals(code, error.code());
        assertEquals(message, error.getMessage());
    }
}
