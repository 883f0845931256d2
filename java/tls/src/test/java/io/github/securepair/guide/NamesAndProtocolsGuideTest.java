package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.tls.ConnectOptions;
import io.github.securepair.tls.SecureContextOptions;
import io.github.securepair.tls.ServerOptions;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSServer;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** docs/guide/npn-sni-alpn.md */
class NamesAndProtocolsGuideTest extends Guide {
    private static TLSServer listening(TLSServer server) throws Exception {
        onLoop(done -> server.listen(0, "127.0.0.1", () -> done.complete(null)));
        return server;
    }

    private static void close(TLSServer server) throws Exception {
        onLoop(done -> server.close(error -> done.complete(null)));
    }

    /** The common name of the certificate that the client sees, or the code of its error. */
    private static String certificateFor(TLSServer server, String name) throws Exception {
        return onLoop(done -> {
            ConnectOptions options = clientOptions(server).rejectUnauthorized(false);
            TLSSocket client = TLS.connect(options.servername(name));
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                done.complete((String) client.getPeerCertificate().subject().get("CN"));
                client.resume().end();
            });
            client.on(EventEmitter.ERROR, error -> done.complete(Coded.codeOf(error)));
        });
    }

    @Test
    void aServerHasACertificateForEachName() throws Exception {
        ServerOptions options = serverOptions();
        Path aKey = file("sni-a-key.pem");
        Path aCert = file("sni-a-cert.pem");
        Path wildKey = file("sni-wildcard-key.pem");
        Path wildCert = file("sni-wildcard-cert.pem");
        // snippet: add-context
        TLSServer server = TLS.createServer(
                options, socket -> socket.end("you asked for " + socket.servername() + "\n"));
        server.addContext("a.example.test", new SecureContextOptions().key(aKey).cert(aCert));
        server.addContext(
                "*.wild.example.test", new SecureContextOptions().key(wildKey).cert(wildCert));
        // end
        listening(server);
        assertEquals("a.example.test", certificateFor(server, "a.example.test"));
        assertEquals("a.example.test", certificateFor(server, "A.Example.TEST"));
        assertEquals("wildcard", certificateFor(server, "x.wild.example.test"));
        assertEquals("localhost", certificateFor(server, "x.y.wild.example.test"));
        assertEquals("localhost", certificateFor(server, "wild.example.test"));
        assertEquals("localhost", certificateFor(server, null));
        close(server);
    }

    @Test
    void aCallbackFindsTheContextLater() throws Exception {
        ServerOptions options = serverOptions();
        try (SecureContext a = TLS.createSecureContext(new SecureContextOptions()
                .key(file("sni-a-key.pem"))
                .cert(file("sni-a-cert.pem")))) {
            Map<String, SecureContext> tenants = Map.of("a.example.test", a);
            // snippet: sni-callback
            options.SNICallback((servername, callback) -> CompletableFuture.supplyAsync(
                            () -> tenants.get(servername))
                    .whenComplete((context, error) -> callback.done(error, context)));
            TLSServer server = TLS.createServer(options, socket -> socket.end());
            // end
            listening(server);
            assertEquals("a.example.test", certificateFor(server, "a.example.test"));
            assertEquals("localhost", certificateFor(server, "b.example.test"));
            close(server);
        }
    }

    @Test
    void theServersNpnListDecides() throws Exception {
        ServerOptions options = serverOptions();
        StringBuilder seen = new StringBuilder();
        // snippet: npn-server
        options.NPNProtocols(List.of("spdy/3", "http/1.1"));
        TLSServer server = TLS.createServer(options, socket -> {
            if ("spdy/3".equals(socket.npnProtocol())) {
                seen.append("speak SPDY;");
            } else {
                seen.append("speak HTTP;");
            }
            socket.end();
        });
        // end
        listening(server);
        assertEquals("spdy/3", npn(server, List.of("http/1.1", "spdy/3")));
        assertEquals("http/1.1", npn(server, List.of("http/1.1")));
        assertEquals(null, npn(server, List.of("none")));
        close(server);
        assertEquals("speak SPDY;speak HTTP;speak HTTP;", seen.toString());
    }

    private static String npn(TLSServer server, List<String> protocols) throws Exception {
        return onLoop(done -> {
            ConnectOptions options = clientOptions(server);
            // snippet: npn-client
            options.NPNProtocols(protocols);
            TLS.connect(options, client -> {
                client.on(TLSSocket.SECURE_CONNECT, () -> done.complete(client.npnProtocol()));
                // end
                client.on(TLSSocket.SECURE_CONNECT, () -> {
                    assertEquals("TLSv1.2", client.getProtocol());
                    client.end();
                });
            });
        });
    }

    @Test
    void theServersAlpnListDecides() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: alpn
        options.ALPNProtocols(List.of("h2", "http/1.1"));
        TLSServer server =
                TLS.createServer(options, socket -> socket.end(socket.alpnProtocol() + "\n"));
        // end
        listening(server);
        assertEquals("h2", alpn(server, "http/1.1", "h2"));
        assertEquals("http/1.1", alpn(server, "http/1.1"));
        assertEquals("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", alpn(server, "imap"));
        close(server);
    }

    @Test
    void aCallbackChoosesTheAlpnProtocol() throws Exception {
        ServerOptions options = serverOptions();
        // snippet: alpn-callback
        options.ALPNCallback(hello -> {
            if (hello.servername() != null && hello.protocols().contains("h2")) {
                return "h2";
            }
            return hello.protocols().contains("http/1.1") ? "http/1.1" : null;
        });
        // end
        TLSServer server = listening(TLS.createServer(options, socket -> socket.end()));
        assertEquals("h2", alpn(server, "http/1.1", "h2"));
        assertEquals("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", alpn(server, "imap"));
        close(server);
    }

    private static String alpn(TLSServer server, String... protocols) throws Exception {
        return onLoop(done -> {
            TLSSocket client = TLS.connect(clientOptions(server).ALPNProtocols(List.of(protocols)));
            client.on(TLSSocket.SECURE_CONNECT, () -> {
                done.complete(client.alpnProtocol());
                client.resume().end();
            });
            client.on(EventEmitter.ERROR, error -> done.complete(Coded.codeOf(error)));
        });
    }
}
