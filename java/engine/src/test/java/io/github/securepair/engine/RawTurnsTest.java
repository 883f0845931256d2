package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.internal.RawTurns;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class RawTurnsTest {
    @Test
    void aHandshakeAndDataOnBareAddresses() {
        try (SecureContext serverContext = Fixtures.server();
                SecureContext clientContext = Fixtures.client();
                TLSConnection client = TLSConnection.client(clientContext);
                TLSConnection server = TLSConnection.server(serverContext)) {
            ByteBuffer a = ByteBuffer.allocateDirect(20_000);
            ByteBuffer b = ByteBuffer.allocateDirect(20_000);
            ByteBuffer plain = ByteBuffer.allocateDirect(1000);
            long toServer = RawTurns.address(a);
            long toClient = RawTurns.address(b);
            long plainAddress = RawTurns.address(plain);
            int forServer = 0;
            int forClient = 0;
            for (int turn = 0; turn < 20 && !(client.isSecure() && server.isSecure()); turn++) {
                int status = RawTurns.read(
                        client, toClient, forClient, plainAddress, 1000, toServer, 20_000);
                assertTrue(status == RawTurns.EVENT || status == RawTurns.WANT_INPUT);
                forClient -= move(b, client.consumed(), forClient);
                forServer = client.emitted();
                take(client);
                RawTurns.read(
                        server,
                        toServer,
                        forServer,
                        plainAddress,
                        1000,
                        toClient + forClient,
                        15_000);
                move(a, server.consumed(), forServer);
                forClient += server.emitted();
                take(server);
            }
            assertTrue(client.isSecure() && server.isSecure());
            plain.put(0, "raw".getBytes());
            assertEquals(
                    RawTurns.WANT_INPUT, RawTurns.write(client, plainAddress, 3, toServer, 20_000));
            assertEquals(3, client.consumed());
            plain.put(0, "___".getBytes());
            assertEquals(
                    RawTurns.WANT_INPUT,
                    RawTurns.read(server, toServer, client.emitted(), plainAddress, 1000, 0, 0));
            assertEquals(3, server.produced());
            assertEquals("raw", Wire.text(plain.limit(3)));
            assertEquals(RawTurns.WANT_INPUT, RawTurns.shutdown(client, toServer, 20_000));
            assertTrue(client.emitted() > 0);
            assertEquals(RawTurns.WANT_INPUT, RawTurns.drain(client, toServer, 20_000));
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
            ByteBuffer junk = Wire.direct("this is no TLS at all");
            int status;
            do {
                status =
                        RawTurns.read(server, RawTurns.address(junk), junk.remaining(), 0, 0, 0, 0);
                junk.position(junk.position() + server.consumed());
                take(server);
            } while (status == RawTurns.EVENT);
            assertEquals(RawTurns.FAILED, status);
            assertEquals("ERR_SSL_WRONG_VERSION_NUMBER", server.failure().code());
            server.close();
            assertThrows(IllegalStateException.class, () -> RawTurns.drain(server, 0, 0));
            assertThrows(
                    IllegalArgumentException.class, () -> RawTurns.address(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void anAddressDoesNotDependOnThePosition() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(100);
        ByteBuffer late = buffer.duplicate().position(60).limit(70);
        ByteBuffer slice = buffer.duplicate().position(60).slice();
        long address = RawTurns.address(buffer);
        assertEquals(address, RawTurns.address(late));
        assertEquals(address + 60, RawTurns.address(slice));
        for (int i = 0; i < 5; i++) {
            assertEquals(address, RawTurns.address(late), "also once it is remembered");
            late.position(60 + i);
        }
    }

    @Test
    void constantsAreTheOrdinalsOfStatus() {
        assertEquals(Status.WANT_INPUT.ordinal(), RawTurns.WANT_INPUT);
        assertEquals(Status.FULL.ordinal(), RawTurns.FULL);
        assertEquals(Status.EVENT.ordinal(), RawTurns.EVENT);
        assertEquals(Status.PAUSED.ordinal(), RawTurns.PAUSED);
        assertEquals(Status.CLOSED.ordinal(), RawTurns.CLOSED);
        assertEquals(Status.FAILED.ordinal(), RawTurns.FAILED);
    }
}
