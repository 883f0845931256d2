package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.util.List;

/** Codes, reasons and messages are those of Node 20, whichever OpenSSL runs. */
class ErrorsTest {
    private static OpenSSLError error(long packed, String library, String reason) {
        return new OpenSSLError(
                packed,
                (int) (packed >> 23),
                (int) (packed & 0x7FFFFF),
                library,
                reason,
                "",
                "a.c",
                1,
                "f");
    }

    @ParameterizedTest
    @CsvSource({
        "0A0003F2, ssl/tls alert unexpected message, sslv3 alert unexpected message",
        "0A0003FC, ssl/tls alert bad record mac, sslv3 alert bad record mac",
        "0A000406, ssl/tls alert decompression failure, sslv3 alert decompression failure",
        "0A000410, ssl/tls alert handshake failure, sslv3 alert handshake failure",
        "0A000411, ssl/tls alert no certificate, sslv3 alert no certificate",
        "0A000412, ssl/tls alert bad certificate, sslv3 alert bad certificate",
        "0A000413, ssl/tls alert unsupported certificate, sslv3 alert unsupported certificate",
        "0A000414, ssl/tls alert certificate revoked, sslv3 alert certificate revoked",
        "0A000415, ssl/tls alert certificate expired, sslv3 alert certificate expired",
        "0A000416, ssl/tls alert certificate unknown, sslv3 alert certificate unknown",
        "0A000417, ssl/tls alert illegal parameter, sslv3 alert illegal parameter",
        "0A00010B, wrong version number, wrong version number",
        "05800072, can't check dh key, cant check dh key",
        "11800064, can't pack structure, cant pack structure",
    })
    void textsAreThoseOfOpenSSL30(String packed, String text, String expected) {
        OpenSSLError error = error(Long.parseLong(packed, 16), "some routines", text);
        assertEquals(expected, error.reason());
        assertEquals(expected.toUpperCase().replace(' ', '_'), error.codeName());
        assertEquals("error:" + packed + ":some routines::" + expected, error.toString());
    }

    @Test
    void numbersStandInForMissingTexts() {
        OpenSSLError error = error(0x7F800001L, "", null);
        assertEquals("reason(1)", error.reason());
        assertEquals("lib(255)", error.library());
    }

    @Test
    void theSameNumberInAnotherLibraryIsAnotherReason() {
        assertEquals("whatever", error(0x06800000L | 1040, "asn1", "whatever").reason());
    }

    private static TLSException failure(
            SecureContext.Builder client, SecureContext.Builder server, boolean ofServer) {
        try (SecureContext clientContext = client.build();
                SecureContext serverContext = server.build();
                Pair pair = new Pair(clientContext, serverContext).pump()) {
            return ofServer ? pair.server.failure : pair.client.failure;
        }
    }

    @Test
    void noSharedCipherIsTheServersErrorAndAnAlertForTheClient() {
        TLSException server = failure(
                Fixtures.clientBuilder()
                        .versions(0, Protocol.TLS1_2)
                        .cipherList("ECDHE-RSA-AES128-GCM-SHA256"),
                Fixtures.serverBuilder("server-ecdsa"),
                true);
        assertEquals("ERR_SSL_NO_SHARED_CIPHER", server.code());
        assertEquals("SSL routines", server.library());
        assertEquals("no shared cipher", server.reason());
        assertEquals(40, server.alert());
        assertTrue(server.alertSent());
        TLSException client = failure(
                Fixtures.clientBuilder()
                        .versions(0, Protocol.TLS1_2)
                        .cipherList("ECDHE-RSA-AES128-GCM-SHA256"),
                Fixtures.serverBuilder("server-ecdsa"),
                false);
        assertEquals("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", client.code());
        assertEquals("sslv3 alert handshake failure", client.reason());
        assertEquals(40, client.alert());
        assertFalse(client.alertSent());
        assertTrue(
                client.getMessage()
                        .matches("[0-9A-F]{16}:error:0A000410:SSL routines:ssl3_read_bytes:sslv3"
                                + " alert handshake failure:.*rec_layer_s3\\.c:\\d+:SSL alert"
                                + " number 40\n"),
                client.getMessage());
    }

    @Test
    void versionsWithoutACommonOne() {
        TLSException server = failure(
                Fixtures.clientBuilder().versions(Protocol.TLS1_2, Protocol.TLS1_2),
                Fixtures.serverBuilder("server-ecdsa").versions(Protocol.TLS1_3, 0),
                true);
        assertEquals("ERR_SSL_UNSUPPORTED_PROTOCOL", server.code());
        TLSException client = failure(
                Fixtures.clientBuilder().versions(Protocol.TLS1_2, Protocol.TLS1_2),
                Fixtures.serverBuilder("server-ecdsa").versions(Protocol.TLS1_3, 0),
                false);
        assertEquals("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", client.code());
    }

    @Test
    void plainHttpAtAServer() {
        try (SecureContext context = Fixtures.server();
                TLSConnection server = TLSConnection.server(context)) {
            ByteBuffer out = ByteBuffer.allocateDirect(100);
            TLSException e = assertThrows(TLSException.class, () -> {
                ByteBuffer in = Wire.direct("GET / HTTP/1.1\r\n\r\n");
                while (server.read(in, null, out) == Status.EVENT) {
                    server.nextEvent();
                }
            });
            assertEquals("ERR_SSL_HTTP_REQUEST", e.code());
        }
    }

    @Test
    void aMissingClientCertificate() {
        SecureContext.Builder serverBuilder = Fixtures.serverBuilder("server-ecdsa");
        try (SecureContext serverContext = serverBuilder.build();
                SecureContext clientContext = Fixtures.client();
                Pair pair = new Pair(clientContext, serverContext)) {
            pair.server.tls.setVerify(VerifyMode.REQUIRE);
            pair.pump();
            assertEquals("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", pair.server.failure.code());
            assertEquals("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", pair.client.failure.code());
            assertEquals(116, pair.client.failure.alert());
        }
    }

    @Test
    void aFailedConnectionSaysTheSameAgainAndStillGivesItsAlert() throws Exception {
        try (SecureContext context = Fixtures.server();
                TLSConnection server = TLSConnection.server(context)) {
            ByteBuffer in = Wire.direct(new byte[] {22, 3, 1, 0, 4, 2, 0, 0, 0});
            assertThrows(TLSException.class, () -> {
                while (server.read(in, null, null) == Status.EVENT) {
                    server.nextEvent();
                }
            });
            TLSException first = server.failure();
            assertTrue(server.pending() > 0, "the alert waits");
            ByteBuffer out = ByteBuffer.allocateDirect(100);
            TLSException again =
                    assertThrows(TLSException.class, () -> server.read(null, null, out));
            assertEquals(first.code(), again.code());
            assertEquals(first.entries(), again.entries());
            assertSame(again, server.failure());
            assertTrue(out.position() > 0, "the alert came out although the call threw");
            assertEquals(21, out.get(0));
            assertThrows(TLSException.class, () -> server.write(Wire.direct("x"), out));
            assertEquals(Status.WANT_INPUT, server.drain(out));
            assertEquals(Status.FAILED, server.shutdown(out));
        }
    }

    @Test
    void exceptionsTravel() throws Exception {
        TLSException e = failure(
                Fixtures.clientBuilder().versions(Protocol.TLS1_2, Protocol.TLS1_2),
                Fixtures.serverBuilder("server-ecdsa").versions(Protocol.TLS1_3, 0),
                true);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(e);
        }
        try (ObjectInputStream in =
                new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            TLSException copy = (TLSException) in.readObject();
            assertEquals(e.code(), copy.code());
            assertEquals(e.entries(), copy.entries());
        }
    }

    @Test
    void errorsWithoutOpenSSLHaveOnlyCodeAndMessage() {
        TLSException e = new TLSException("ERR_TLS_SOMETHING", "text");
        assertEquals("ERR_TLS_SOMETHING", e.code());
        assertEquals("text", e.getMessage());
        assertNull(e.library());
        assertNull(e.reason());
        assertEquals(-1, e.alert());
        assertEquals(List.of(), e.entries());
        assertEquals(List.of(), e.opensslErrorStack());
        SecureContextException wrapped = new SecureContextException(null, "text", e);
        assertNull(wrapped.code());
        assertSame(e, wrapped.getCause());
    }
}
