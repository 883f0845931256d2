package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.Coded;
import io.github.securepair.events.EventEmitter;
import io.github.securepair.net.Net;
import io.github.securepair.net.Server;
import io.github.securepair.net.Socket;
import io.github.securepair.stream.Readable;
import io.github.securepair.tls.CryptoStream;
import io.github.securepair.tls.SecureContextOptions;
import io.github.securepair.tls.SecurePair;
import io.github.securepair.tls.TLS;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** docs/guide/secure-pair.md */
class SecurePairGuideTest extends Guide {
    private static SecureContext identity;
    private static SecureContext trust;
    private static SecureContext otherTrust;

    @BeforeAll
    static void contexts() {
        // snippet: contexts
        identity = TLS.createSecureContext(new SecureContextOptions()
                .key(file("server-rsa-key.pem"))
                .cert(file("server-rsa-cert.pem")));
        trust = TLS.createSecureContext(new SecureContextOptions().ca(file("ca1-cert.pem")));
        // end
        otherTrust = TLS.createSecureContext(new SecureContextOptions().ca(file("ca2-cert.pem")));
    }

    @AfterAll
    static void closeContexts() {
        identity.close();
        trust.close();
        otherTrust.close();
    }

    @Test
    void twoPairsTalkInMemory() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            // snippet: memory
            SecurePair server = TLS.createSecurePair(identity, true);
            SecurePair client = TLS.createSecurePair(trust, false);
            client.encrypted().pipe(server.encrypted());
            server.encrypted().pipe(client.encrypted());

            client.on(SecurePair.SECURE, () -> {
                log.add("authorized " + client.cleartext().authorized());
                client.cleartext().end("hello from memory");
            });
            server.cleartext().setEncoding("utf8");
            server.cleartext().on(Readable.TEXT, text -> log.add("server got: " + text));
            // end
            client.cleartext().resume();
            server.cleartext().on("close", args -> done.complete(null));
        });
        assertEquals(List.of("authorized true", "server got: hello from memory"), log);
    }

    @Test
    void aServerPairSitsOnASocket() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            // snippet: socket
            Server plain = Net.createServer(socket -> {
                SecurePair pair = TLS.createSecurePair(identity, true);
                socket.pipe(pair.encrypted());
                pair.encrypted().pipe(socket);
                socket.on(EventEmitter.ERROR, error -> pair.destroy());
                pair.on(EventEmitter.ERROR, error -> socket.destroy());
                pair.on(SecurePair.SECURE, () -> pair.cleartext().write("welcome!\n"));
                pair.cleartext().pipe(pair.cleartext());
            });
            // end
            plain.on(Server.CONNECTION, socket -> log.add("plain connection"));
            plain.listen(0, "127.0.0.1", () -> {
                TLSSocket client = TLS.connect(clientOptions(plain));
                client.setEncoding("utf8");
                StringBuilder heard = new StringBuilder();
                client.on(TLSSocket.SECURE_CONNECT, () -> client.write("echo"));
                client.on(Readable.TEXT, text -> {
                    heard.append(text);
                    if (heard.toString().equals("welcome!\necho")) {
                        client.end();
                    }
                });
                client.on(Socket.CLOSE, hadError -> {
                    log.add(heard.toString());
                    plain.close(error -> done.complete(null));
                });
            });
        });
        assertEquals(List.of("plain connection", "welcome!\necho"), log);
    }

    @Test
    void theBytesOnTheWireAreCounted() throws Exception {
        long[] counts = onLoop(done -> {
            SecurePair server = TLS.createSecurePair(identity, true);
            SecurePair client = TLS.createSecurePair(trust, false);
            client.encrypted().pipe(server.encrypted());
            server.encrypted().pipe(client.encrypted());
            client.on(SecurePair.SECURE, () -> {
                // snippet: bytes
                CryptoStream stream = (CryptoStream) client.cleartext();
                long before = stream.bytesWritten();
                client.cleartext().write("0123456789");
                // end
                server.cleartext().on(Readable.DATA, bytes -> {
                    done.complete(new long[] {before, stream.bytesWritten() - before});
                    client.destroy();
                    server.destroy();
                });
            });
        });
        assertTrue(counts[0] > 200, "the handshake counts too: " + counts[0]);
        // The end of the client's handshake goes out with the first record.
        assertTrue(counts[1] > 10 && counts[1] < 200, "ten bytes and their record: " + counts[1]);
    }

    @Test
    void aPairRefusesAPeerThatItMayNotTrust() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            SecurePair server = TLS.createSecurePair(identity, true);
            server.on(EventEmitter.ERROR, error -> log.add("server " + Coded.codeOf(error)));
            // snippet: reject
            SecurePair client = TLS.createSecurePair(otherTrust, false, true, true);
            client.on(EventEmitter.ERROR, error -> log.add("client " + Coded.codeOf(error)));
            // end
            client.on(SecurePair.SECURE, () -> log.add("secure"));
            client.encrypted().pipe(server.encrypted());
            server.encrypted().pipe(client.encrypted());
            client.cleartext()
                    .on(
                            "close",
                            args -> loop().setTimeout(
                                            () -> {
                                                server.destroy();
                                                done.complete(null);
                                            },
                                            1));
        });
        assertEquals("client UNABLE_TO_VERIFY_LEAF_SIGNATURE", log.get(0));
        assertTrue(!log.contains("secure"), log.toString());
    }

    @Test
    void aMiddleThatChangesAByteIsFound() throws Exception {
        List<String> log = new ArrayList<>();
        onLoop(done -> {
            SecurePair server = TLS.createSecurePair(identity, true);
            SecurePair client = TLS.createSecurePair(trust, false);
            boolean[] hostile = {false};
            // snippet: middle
            client.encrypted().on(Readable.DATA, bytes -> {
                if (hostile[0]) {
                    int last = bytes.limit() - 1;
                    bytes.put(last, (byte) (bytes.get(last) ^ 1));
                }
                server.encrypted().write(bytes);
            });
            server.encrypted().pipe(client.encrypted());
            // end
            server.cleartext().on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
            client.cleartext().on(EventEmitter.ERROR, error -> log.add(Coded.codeOf(error)));
            server.on(SecurePair.SECURE, () -> {
                hostile[0] = true;
                client.cleartext().write("0123456789");
            });
            client.cleartext()
                    .on(
                            "close",
                            args -> loop().setImmediate(() -> {
                                server.destroy();
                                client.destroy();
                                done.complete(null);
                            }));
        });
        // In memory the alert arrives before the one who sent it has told of its own error.
        assertEquals(
                Set.of(
                        "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
                        "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC"),
                Set.copyOf(log));
    }
}
