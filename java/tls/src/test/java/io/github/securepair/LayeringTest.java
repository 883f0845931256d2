package io.github.securepair;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Arrows;
import io.github.securepair.tls.TLSSocket;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which package of this module may name which, which classes of {@code tls} name each other, and
 * what a program sees of it.
 *
 * <p>What is allowed beside the rules is listed with its reason, and a test fails as well when one
 * of these is not there any more: then it goes from the list.
 */
class LayeringTest {
    private static final String ROOT = "io.github.securepair.";

    /** From top to bottom: a package names those below it only. */
    private static final List<String> FLOORS = List.of(
            "tls",
            "net",
            "internal.tls",
            "internal.transport",
            "stream",
            "events",
            "internal",
            "errors");

    /** Circles between classes of {@code tls}, and why. */
    private static final Map<String, String> CIRCLES_OF_TLS = Map.of(
            "ALPNCallback EndpointOptions PSKCallback PSKExchange"
                    + " PostHandshakeAuth Renegotiation SNICallback ServerHandshake ServerOptions"
                    + " ServerSettings SocketSettings TLSServer TLSSocket TLSSocketOptions"
                    + " TransportSetup WantedEvents",
            "a server, its sockets and their parts; the options hold callbacks that get the socket",
            "CryptoStream EncryptedStream SecurePair",
            "a pair and its two sides");

    private static final Arrows ARROWS = Arrows.ofModule(TLSSocket.class);

    private static String packageOf(String type) {
        return type.substring(0, type.lastIndexOf('.'));
    }

    private static boolean isOurs(String type, String... packages) {
        return type.startsWith(ROOT)
                && List.of(packages).contains(packageOf(type.substring(ROOT.length())));
    }

    @Test
    void noPackageNamesOneAboveIt() {
        List<String> floors = FLOORS.stream().map(ROOT::concat).toList();
        Set<String> up = ARROWS.betweenPackages().upwards(floors).stream()
                .map(arrow -> arrow.replace(ROOT, ""))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Set.of(), up);
    }

    @Test
    void theCirclesBetweenClassesOfTlsAreThese() {
        assertEquals(
                new TreeMap<>(CIRCLES_OF_TLS).keySet(),
                ARROWS.inPackage(ROOT + "tls").circles());
    }

    @Test
    void onlyTlsKnowsTheEngine() {
        assertTrue(ARROWS.sources().size() > 150, "only " + ARROWS.sources());
        assertEquals(
                Set.of(),
                ARROWS.from(
                        from -> !isOurs(from, "tls", "internal.tls"),
                        to -> to.startsWith(ROOT + "engine.")));
    }

    @Test
    void noClassNamesTheBindings() {
        assertEquals(
                Set.of(),
                ARROWS.from(
                        from -> true,
                        to -> to.startsWith(ROOT + "openssl.") || to.startsWith("org.bytedeco.")));
    }

    @Test
    void noPublicSignatureNamesNettyOrAnInternalClass() {
        Arrows signatures = Arrows.ofSignatures(TLSSocket.class);
        assertTrue(signatures.sources().size() > 50, "only " + signatures.sources());
        assertEquals(
                Set.of(),
                signatures.from(
                        from -> true,
                        to -> !to.startsWith("java.")
                                && !to.startsWith("javax.")
                                && !isOurs(
                                        to, "tls", "net", "stream", "events", "errors", "engine")));
    }
}
