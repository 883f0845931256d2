package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.ConnectionEvent.ClientHello;
import io.github.securepair.engine.ConnectionEvent.HandshakeDone;
import io.github.securepair.engine.ConnectionEvent.NewSession;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

class SessionTest {
    private static SecureContext server(int version, long options) {
        return Fixtures.serverBuilder("server-ecdsa")
                .versions(version, version)
                .options(options, 0)
                .sessionIdContext(new byte[] {1, 2, 3})
                .build();
    }

    /** The session that a client holds after a handshake with that server. */
    private static byte[] sessionOf(SecureContext client, SecureContext server) {
        try (Pair pair = new Pair(client, server)) {
            pair.client.tls.setEvents(TLSConnection.TELL_SESSION);
            pair.handshake();
            List<NewSession> sessions = pair.client.events(NewSession.class);
            assertFalse(sessions.isEmpty());
            return sessions.get(0).der();
        }
    }

    private static boolean resumes(SecureContext client, SecureContext server, byte[] session) {
        try (Pair pair = new Pair(client, server)) {
            assertTrue(pair.client.tls.setSession(session));
            pair.handshake();
            assertEquals(pair.client.tls.isSessionReused(), pair.server.tls.isSessionReused());
            return pair.client.tls.isSessionReused();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void ticketsResume(int version) {
        try (SecureContext server = server(version, 0);
                SecureContext client = Fixtures.client()) {
            byte[] session = sessionOf(client, server);
            assertTrue(resumes(client, server, session));
            assertTrue(resumes(client, server, session), "a session can be used again");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Protocol.TLS1_2, Protocol.TLS1_3})
    void serversThatShareTicketKeysResumeEachOthersSessions(int version) {
        try (SecureContext one = server(version, 0);
                SecureContext two = server(version, 0);
                SecureContext client = Fixtures.client()) {
            byte[] session = sessionOf(client, one);
            byte[] keys = one.ticketKeys();
            byte[] other = two.ticketKeys();
            assertEquals(48, keys.length);
            assertNotEquals(HexFormat.of().formatHex(keys), HexFormat.of().formatHex(other));
            assertFalse(resumes(client, two, session));
            two.setTicketKeys(keys);
            assertArrayEquals(keys, two.ticketKeys());
            assertTrue(resumes(client, two, session), "keys take effect while connections exist");
            two.setTicketKeys(other);
            assertFalse(resumes(client, two, session));
            assertThrows(IllegalArgumentException.class, () -> two.setTicketKeys(new byte[47]));
        }
    }

    @Test
    void tls13TellsOfEachTicketAfterTheHandshake() {
        try (SecureContext server = server(Protocol.TLS1_3, 0);
                SecureContext client = Fixtures.client();
                Pair pair = new Pair(client, server)) {
            pair.server.tls.setEvents(TLSConnection.TELL_SESSION);
            pair.client.tls.setEvents(TLSConnection.TELL_SESSION);
            pair.handshake();
            assertEquals(2, pair.server.events(NewSession.class).size());
            assertEquals(2, pair.client.events(NewSession.class).size());
            List<ConnectionEvent> order = pair.server.events;
            assertTrue(order.get(1) instanceof HandshakeDone);
            assertTrue(order.get(2) instanceof NewSession && order.get(3) instanceof NewSession);
            assertNotNull(pair.client.tls.ticket());
            assertTrue(pair.client.tls.isSessionResumable());
        }
    }

    @Test
    void anExternalStoreResumesByTheSessionId() {
        Map<String, byte[]> store = new HashMap<>();
        try (SecureContext server = server(Protocol.TLS1_2, SSLOptions.SSL_OP_NO_TICKET);
                SecureContext client = Fixtures.client()) {
            byte[] session;
            try (Pair pair = new Pair(client, server)) {
                pair.server.tls.setEvents(TLSConnection.TELL_SESSION);
                pair.client.tls.setEvents(TLSConnection.TELL_SESSION);
                pair.handshake();
                NewSession told = pair.server.events(NewSession.class).get(0);
                assertEquals(32, told.id().length);
                assertArrayEquals(told.id(), pair.server.tls.sessionId());
                store.put(HexFormat.of().formatHex(told.id()), told.der());
                session = pair.client.events(NewSession.class).get(0).der();
            }
            assertTrue(resumesFrom(store, client, server, session));
            store.replaceAll((id, der) -> new byte[] {1, 2, 3});
            assertFalse(
                    resumesFrom(store, client, server, session),
                    "garbage leads to a full handshake");
            store.clear();
            assertFalse(resumesFrom(store, client, server, session));
        }
    }

    private static boolean resumesFrom(
            Map<String, byte[]> store, SecureContext client, SecureContext server, byte[] session) {
        try (Pair pair = new Pair(client, server)) {
            pair.client.tls.setSession(session);
            pair.server.tls.setEvents(TLSConnection.ASK_HELLO);
            pair.server.onEvent = event -> {
                if (event instanceof ClientHello hello) {
                    byte[] found = store.get(HexFormat.of().formatHex(hello.sessionId()));
                    if (found != null) {
                        assertEquals(found.length > 3, pair.server.tls.offerSession(found));
                    }
                    assertTrue(pair.server.tls.answer(hello.sequence()));
                }
            };
            pair.handshake();
            assertEquals(1, pair.server.events(ClientHello.class).size());
            return pair.server.tls.isSessionReused();
        }
    }

    @Test
    void garbageIsNoSessionAndTheHandshakeIsFull() {
        try (SecureContext server = Fixtures.server();
                SecureContext client = Fixtures.client();
                Pair pair = new Pair(client, server)) {
            assertFalse(pair.client.tls.setSession(new byte[] {1, 2, 3}));
            assertFalse(pair.client.tls.setSession(new byte[0]));
            pair.handshake();
            assertFalse(pair.client.tls.isSessionReused());
            assertNull(pair.server.tls.ticket());
        }
    }

    @Test
    void aSessionOfTls12DoesNotHinderTls13() {
        try (SecureContext oldServer = server(Protocol.TLS1_2, 0);
                SecureContext newServer = server(Protocol.TLS1_3, 0);
                SecureContext client = Fixtures.client()) {
            assertFalse(resumes(client, newServer, sessionOf(client, oldServer)));
        }
    }
}
