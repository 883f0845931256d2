package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.EphemeralKeyInfo;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** docs/guide/forward-secrecy.md */
class ForwardSecrecyGuideTest extends Guide {
    /** Connects to a server with these options, and tells what the client finds. */
    private static List<Object> found(ServerOptions options, Consumer<ConnectOptions> more)
            throws Exception {
        return onLoop(done -> {
            TLSServer server = TLS.createServer(options, socket -> socket.end());
            List<Object> found = new ArrayList<>();
            server.listen(0, "127.0.0.1", () -> {
                ConnectOptions wishes = clientOptions(server);
                more.accept(wishes);
                TLSSocket socket = TLS.connect(wishes);
                socket.on(TLSSocket.SECURE_CONNECT, () -> {
                    // snippet: which
                    String cipher = socket.getCipher().name();
                    EphemeralKeyInfo key = socket.getEphemeralKeyInfo();
                    String group = socket.getNegotiatedGroup();
                    // end
                    found.addAll(java.util.Arrays.asList(cipher, key, group));
                    socket.end();
                });
                socket.on(EventEmitter.ERROR, error -> found.add(Coded.codeOf(error)));
                socket.on("close", args -> server.close(error -> done.complete(found)));
            });
        });
    }

    @Test
    void ephemeralKeysAreTheDefault() throws Exception {
        List<Object> tls12 = found(serverOptions(), options -> options.maxVersion("TLSv1.2"));
        assertEquals("ECDHE-RSA-AES128-GCM-SHA256", tls12.get(0));
        assertEquals(new EphemeralKeyInfo("ECDH", "X25519", 253), tls12.get(1));
        List<Object> tls13 = found(serverOptions(), options -> {});
        assertEquals("TLS_AES_256_GCM_SHA384", tls13.get(0));
        assertNotNull(tls13.get(2));
    }

    @Test
    void theGroupsCanBeChosen() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: groups
        options.ecdhCurve("prime256v1:X25519");
        // end
        List<Object> found = found(options, wishes -> wishes.ecdhCurve("prime256v1"));
        assertEquals(new EphemeralKeyInfo("ECDH", "prime256v1", 256), found.get(1));
        assertEquals("secp256r1", found.get(2));
    }

    @Test
    void suitesWithoutItCanBeShutOut() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: only
        options.ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM");
        // end
        List<Object> refused =
                found(options, wishes -> wishes.maxVersion("TLSv1.2").ciphers("AES256-GCM-SHA384"));
        assertEquals(List.of("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), refused);
        List<Object> accepted = found(options, wishes -> wishes.maxVersion("TLSv1.2"));
        assertEquals("ECDHE-RSA-AES256-GCM-SHA384", accepted.get(0));
    }

    @Test
    void dheWantsParameters() throws Exception {
        String dheOnly = "DHE-RSA-AES128-GCM-SHA256";
        List<Object> without =
                found(serverOptions(), wishes -> wishes.maxVersion("TLSv1.2").ciphers(dheOnly));
        assertEquals(List.of("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), without);
        ServerOptions options = serverOptions();
        // snippet: dhe
        options.dhparam("auto");
        // end
        List<Object> found =
                found(options, wishes -> wishes.maxVersion("TLSv1.2").ciphers(dheOnly));
        EphemeralKeyInfo key = (EphemeralKeyInfo) found.get(1);
        assertEquals("DH", key.type());
        assertNull(key.name());
    }

    @Test
    void ecdhCanBeSwitchedOff() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: no-ecdh
        options.ecdhCurve(false).dhparam(file("dh2048.pem"));
        // end
        List<Object> tls12 = found(options, wishes -> wishes.maxVersion("TLSv1.2"));
        assertEquals("DHE-RSA-AES128-GCM-SHA256", tls12.get(0));
        assertEquals(new EphemeralKeyInfo("DH", null, 2048), tls12.get(1));
        // TLS 1.3 takes ffdhe groups then, if the client offers one.
        List<Object> tls13 = found(options, wishes -> wishes.ecdhCurve("X25519:ffdhe2048"));
        assertEquals(new EphemeralKeyInfo("DH", null, 2048), tls13.get(1));
        assertEquals("ffdhe2048", tls13.get(2));
    }
}
