package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.net.Net;
import io.github.securepair.net.SocketConnectOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;

/**
 * Hosts that mean one thing to a resolver and another to a naive comparison. Where nothing else is
 * said the results are those of Node 22.23 and 26.12.
 */
class HostNamesTest {
    private static final String ADDRESSES =
            "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:127.1, DNS:127.0.0.1";

    private static String check(String host, String altNames) {
        ServerIdentityException error = ServerIdentity.check(host, Map.of(), altNames, null, false);
        return error == null ? null : error.reason();
    }

    private static String checkCommonName(String host, String name) {
        ServerIdentityException error =
                ServerIdentity.check(host, Map.of("CN", name), null, null, false);
        return error == null ? null : error.reason();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil\u3002a.x.test",
                "evil\uff0ea.x.test",
                "evil\uff61a.x.test",
                "evil\u2024a.x.test",
                "a\0b.x.test",
                "a/b.x.test",
                "a b.x.test",
                "a%2eb.x.test",
                "a:b.x.test",
                "a@b.x.test",
                "a\\b.x.test",
                "a?b.x.test",
                "a#b.x.test",
                "[a].x.test",
                "a\u007fb.x.test",
                "a\u200db.x.test",
                "\u2100.x.test",
                "x.test",
                "",
                // These match in Node.
                "a\tb.x.test",
                ".x.test",
                "*.x.test",
                "a\"b.x.test",
                "a~b.x.test",
                "fa\u00df.x.test"
            })
    void aWildcardStandsForALabelOfAHost(String host) {
        String reason = "Host: " + host + ". is not in the cert's altnames: DNS:*.x.test";
        assertEquals(reason, check(host, "DNS:*.x.test"));
        assertEquals(
                "Host: " + host + ". is not cert's CN: *.x.test",
                checkCommonName(host, "*.x.test"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "foo.x.test",
                "FOO.X.TEST",
                "foo.x.test.",
                "foo\u3002x.test",
                "foo\uff0ex\uff0etest",
                "b\u00fccher.x.test",
                "xn--bcher-kva.x.test",
                "\uff41.x.test",
                "\u212a.x.test",
                "_srv.x.test",
                "a_b.x.test",
                "r3---sn-x.x.test",
                "a-.x.test",
                "1.x.test",
                "0x1.x.test"
            })
    void hostsAreNormalizedBeforeTheyAreCompared(String host) {
        assertNull(check(host, "DNS:*.x.test"));
        assertNull(checkCommonName(host, "*.x.test"));
    }

    @Test
    void anInternationalNameIsTheOneInTheCertificate() {
        assertNull(check("b\u00fccher.test", "DNS:xn--bcher-kva.test"));
        assertNull(check("B\u00dcCHER.test", "DNS:xn--bcher-kva.test"));
        assertNull(check("evil\u3002a", "DNS:evil.a"));
        assertNull(check("localhost", "DNS:localhost"));
        assertNull(check("a_b", "DNS:a_b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a/b", "a%41.test", "a..b", "fa\u00df.de", "\u00ad"})
    void whatIsNoHostMatchesNotEvenItself(String host) {
        assertEquals(
                "Host: " + host + ". is not in the cert's altnames: DNS:" + host + ", DNS:fass.de",
                check(host, "DNS:" + host + ", DNS:fass.de"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.0.0.1.",
                "::1",
                "0:0:0:0:0:0:0:1",
                "0000:0::1",
                "::0.0.0.1",
                "::1%lo"
            })
    void everySpellingOfAnAddressIsTheAddress(String host) {
        assertNull(check(host, ADDRESSES));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.1",
                "0x7f.0.0.1",
                "127.0.0.01",
                "2130706433",
                "127\u30020\u30020\u30021",
                "\uff11\uff12\uff17.0.0.1"
            })
    void whatSomeResolversTakeForAnAddressIsRefused(String host) {
        assertEquals("Host is a non-canonical IP address", check(host, ADDRESSES));
    }

    @Test
    void aHostOrAServernameWithANulIsRefusedAtTheCall() throws Exception {
        ConnectOptions host = new ConnectOptions().port(1).host("a\0b");
        ArgumentException error = assertThrows(ArgumentException.class, () -> TLS.connect(host));
        assertEquals("ERR_INVALID_ARG_VALUE", error.code());
        assertEquals(
                "The property 'options.host' must be a string without null bytes."
                        + " Received 'a\\x00b'",
                error.getMessage());
        ArgumentException plain = assertThrows(
                ArgumentException.class,
                () -> Net.connect(new SocketConnectOptions().port(1).host("a\0b")));
        assertEquals("ERR_INVALID_ARG_VALUE", plain.code());
        ConnectOptions name = new ConnectOptions().port(1).servername("a\0b");
        assertEquals(
                "ERR_INVALID_ARG_VALUE",
                assertThrows(ArgumentException.class, () -> TLS.connect(name)).code());
        TLSSocket socket = new TLSSocket(new TLSSocketOptions());
        try {
            assertEquals(
                    "ERR_INVALID_ARG_VALUE",
                    assertThrows(ArgumentException.class, () -> socket.setServername("a\0b"))
                            .code());
        } finally {
            socket.destroy();
        }
    }
}
