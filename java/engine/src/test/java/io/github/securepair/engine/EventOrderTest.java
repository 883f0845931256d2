package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.ConnectionEvent.AlertEvent;
import io.github.securepair.engine.ConnectionEvent.HandshakeDone;
import io.github.securepair.engine.ConnectionEvent.HandshakeStart;
import io.github.securepair.engine.ConnectionEvent.KeyLog;
import io.github.securepair.engine.ConnectionEvent.Message;
import io.github.securepair.engine.ConnectionEvent.NewSession;
import io.github.securepair.engine.ConnectionEvent.Trace;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;

/** Events come in the order of the wire, with the plaintext that precedes them. */
class EventOrderTest {
    private final SecureContext serverContext = Fixtures.server();
    private final SecureContext clientContext = Fixtures.client();
    private final Pair pair = new Pair(clientContext, serverContext);

    @AfterEach
    void close() {
        pair.close();
        clientContext.close();
        serverContext.close();
    }

    @Test
    void aHandshakeStartsAndEndsOnce() {
        pair.handshake();
        for (Pair.End end : List.of(pair.client, pair.server)) {
            assertEquals(1, end.events(HandshakeStart.class).size());
            assertEquals(1, end.events(HandshakeDone.class).size());
            assertTrue(end.events.get(0) instanceof HandshakeStart);
        }
    }

    @Test
    void dataBeforeAndAfterATicketKeepsItsPlace() throws Exception {
        pair.client.tls.setEvents(TLSConnection.TELL_SESSION);
        // Up to the client's Finished; the server's tickets and data then come in one flight.
        pair.client.step();
        pair.server.step();
        while (pair.client.step()) {
            // The client reads the server's flight.
        }
        pair.client.write("question");
        while (pair.server.step()) {
            // The server ends its handshake and sends tickets.
        }
        pair.server.write("answer");
        ByteBuffer in = Wire.direct(pair.client.inbox.takeAll());
        ByteBuffer plain = ByteBuffer.allocateDirect(1000);
        StringBuilder order = new StringBuilder();
        while (in.hasRemaining()) {
            plain.clear();
            pair.client.tls.read(in, plain, null);
            plain.flip();
            int told = 0;
            for (ConnectionEvent e = pair.client.tls.nextEvent();
                    e != null;
                    e = pair.client.tls.nextEvent()) {
                order.append(Wire.text(plain.duplicate().position(told).limit(e.offset())));
                told = e.offset();
                order.append(e instanceof NewSession ? "[ticket]" : "[" + e + "]");
            }
            order.append(Wire.text(plain.position(told)));
        }
        assertEquals("[ticket][ticket]answer", order.toString());
        assertEquals("question", pair.server.receivedText());
    }

    @Test
    void anAlertBehindDataHasTheOffsetOfTheEndOfTheData() throws Exception {
        pair.handshake();
        // Else each record ends a read.
        pair.server.shutdown();
        pair.server.tls.setEvents(TLSConnection.TELL_ALERT);
        pair.client.write("abc");
        pair.client.write("defgh");
        pair.client.shutdown();
        ByteBuffer plain = ByteBuffer.allocateDirect(1000);
        ByteBuffer in = Wire.direct(pair.server.inbox.takeAll());
        pair.server.tls.read(in, plain, null);
        AlertEvent alert = (AlertEvent) pair.server.tls.nextEvent();
        assertEquals(8, alert.offset());
        assertFalse(alert.sent());
        assertEquals(0, alert.description());
        assertEquals(1, alert.level());
        assertEquals(8, plain.position());
        assertEquals(Status.CLOSED, pair.server.tls.read(in, plain, null));
    }

    @Test
    void aReadWaitsUntilTheEventsAreTaken() throws Exception {
        pair.client.tls.setEvents(TLSConnection.TELL_SESSION | TLSConnection.TELL_KEYLOG);
        ByteBuffer out = ByteBuffer.allocateDirect(5000);
        assertEquals(Status.EVENT, pair.client.tls.read(null, null, out));
        assertEquals(1, pair.client.tls.waitingEvents());
        int sent = out.position();
        assertEquals(Status.EVENT, pair.client.tls.read(null, null, out));
        assertEquals(sent, out.position());
        assertNotNull(pair.client.tls.nextEvent());
        assertNull(pair.client.tls.nextEvent());
        assertEquals(0, pair.client.tls.waitingEvents());
        assertEquals(Status.WANT_INPUT, pair.client.tls.read(null, null, out));
        pair.server.inbox.put(out.flip());
        pair.server.step();
        ByteBuffer in = Wire.direct(pair.client.inbox.takeAll());
        ByteBuffer plain = ByteBuffer.allocateDirect(1000);
        assertEquals(Status.EVENT, pair.client.tls.read(in, plain, out.clear()));
        int waiting = pair.client.tls.waitingEvents();
        assertTrue(waiting > 1, "several key log lines at once");
        assertTrue(pair.client.tls.nextEvent() instanceof KeyLog);
        assertEquals(waiting - 1, pair.client.tls.waitingEvents());
        int position = in.position();
        assertEquals(Status.EVENT, pair.client.tls.read(in, plain, out));
        assertEquals(position, in.position(), "the other lines come first");
        assertEquals(0, pair.client.tls.consumed());
    }

    @Test
    void keyLogLinesAreThoseOfTheFormat() {
        pair.client.tls.setEvents(TLSConnection.TELL_KEYLOG);
        pair.handshake();
        List<KeyLog> lines = pair.client.events(KeyLog.class);
        assertEquals(5, lines.size());
        for (KeyLog line : lines) {
            assertTrue(line.line().matches("[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}"), line.line());
        }
        assertTrue(pair.server.events(KeyLog.class).isEmpty());
    }

    @Test
    void traceAndMessagesAreToldWhenAskedFor() {
        pair.client.tls.setEvents(TLSConnection.TELL_TRACE);
        pair.server.tls.setEvents(TLSConnection.TELL_MESSAGE);
        pair.handshake();
        String text = String.join(
                "", pair.client.events(Trace.class).stream().map(Trace::text).toList());
        // OpenSSL 3.5 says "Sent TLS Record".
        assertTrue(text.matches(
                "(?s)Sent (TLS )?Record\\nHeader:\\n  Version = TLS 1\\.0 \\(0x301\\).*"));
        assertTrue(text.contains("ClientHello"));
        List<Message> messages = pair.server.events(Message.class);
        assertTrue(messages.stream()
                .anyMatch(m -> !m.sent() && m.contentType() == 22 && m.bytes()[0] == 1));
        assertTrue(messages.stream()
                .anyMatch(m -> m.sent() && m.contentType() == 22 && m.bytes()[0] == 2));
        assertTrue(messages.stream().noneMatch(Message::loss));
        assertEquals(TLSConnection.TELL_MESSAGE, pair.server.tls.events());
    }
}
