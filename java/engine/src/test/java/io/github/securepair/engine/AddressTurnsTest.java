package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.unchecked.AddressTurns;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class AddressTurnsTest {
    @Test
    void aHandshakeAndDataOnBareAddresses() {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                TLSConnection client = TLSConnection.client(clientContext);
                TLSConnection server = TLSConnection.server(serverContext)) {
            AddressTurns clientTurns = new AddressTurns(client);
            AddressTurns serverTurns = new AddressTurns(server);
            ByteBuffer a = ByteBuffer.allocateDirect(20_000);
            ByteBuffer b = ByteBuffer.allocateDirect(20_000);
            ByteBuffer plain = ByteBuffer.allocateDirect(1000);
            long toServer = AddressTurns.addressOf(a);
            long toClient = AddressTurns.addressOf(b);
            long plainAddress = AddressTurns.addressOf(plain);
            int forServer = 0;
            int forClient = 0;
            for (int turn = 0; turn < 20 && !(client.isSecure() && server.isSecure()); turn++) {
                Status status =
                        clientTurns.read(toClient, forClient, plainAddress, 1000, toServer, 20_000);
                assertTrue(status == Status.EVENT || status == Status.WANT_INPUT);
                forClient -= move(b, client.consumed(), forClient);
                forServer = client.emitted();
                take(client);
                serverTurns.read(
                        toServer, forServer, plainAddress, 1000, toClient + forClient, 15_000);
                move(a, server.consumed(), forServer);
                forClient += server.emitted();
                take(server);
            }
            assertTrue(client.isSecure() && server.isSecure());
            plain.put(0, "raw".getBytes());
            assertEquals(Status.WANT_INPUT, clientTurns.write(plainAddress, 3, toServer, 20_000));
            assertEquals(3, client.consumed());
            plain.put(0, "___".getBytes());
            assertEquals(
                    Status.WANT_INPUT,
                    serverTurns.read(toServer, client.emitted(), plainAddress, 1000, 0, 0));
            assertEquals(3, server.produced());
            assertEquals("raw", Wire.text(plain.limit(3)));
            assertEquals(Status.WANT_INPUT, clientTurns.shutdown(toServer, 20_000));
            assertTrue(client.emitted() > 0);
            assertEquals(Status.WANT_INPUT, clientTurns.drain(toServer, 20_000));
        }
    }

    private static int move(ByteBuffer buffer, int consumed, int length) {
        buffer.clear().position(consumed).limit(length);
        buffer.compact();
        return consumed;
    }

    private static void take(TLSConnection connection) {
        while (connection.nextEvent() != null) {
            // Handshake start and end.
        }
    }

    @Test
    void aFailureIsReturnedNotThrown() {
        try (SecureContext context = Fixtures.server();
                TLSConnection server = TLSConnection.server(context)) {
            AddressTurns turns = new AddressTurns(server);
            ByteBuffer junk = Wire.direct("this is no TLS at all");
            Status status;
            do {
                status = turns.read(AddressTurns.addressOf(junk), junk.remaining(), 0, 0, 0, 0);
                junk.position(junk.position() + server.consumed());
                take(server);
            } while (status == Status.EVENT);
            assertEquals(Status.FAILED, status);
            assertEquals("ERR_SSL_WRONG_VERSION_NUMBER", server.failure().code());
            server.close();
            assertThrows(IllegalStateException.class, () -> turns.drain(0, 0));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> AddressTurns.addressOf(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void anAddressDoesNotDependOnThePosition() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(100);
        ByteBuffer late = buffer.duplicate().position(60).limit(70);
        ByteBuffer slice = buffer.duplicate().position(60).slice();
        long address = AddressTurns.addressOf(buffer);
        assertEquals(address, AddressTurns.addressOf(late));
        assertEquals(address + 60, AddressTurns.addressOf(slice));
        for (int i = 0; i < 5; i++) {
            assertEquals(address, AddressTurns.addressOf(late), "also once it is remembered");
            late.position(60 + i);
        }
    }

    @Test
    void aConnectionGivesNoOtherPartAway() {
        try (SecureContext context = Fixtures.server();
                TLSConnection server = TLSConnection.server(context)) {
            assertThrows(IllegalArgumentException.class, () -> server.internal(Object.class));
            assertThrows(
                    IllegalArgumentException.class, () -> server.internal(SecureContext.class));
        }
    }
}
