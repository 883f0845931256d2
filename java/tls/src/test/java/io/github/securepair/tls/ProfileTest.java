package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import java.util.HexFormat;
import java.util.Map;

/** The defaults of both profiles, each by its effect; docs/profiles.md is the table. */
class ProfileTest {
    private static final String OLD_CIPHERS =
            "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL:!EDH";
    private static final Profile OLD = Profile.NODE_0_12;

    @AfterAll
    static void count() throws InterruptedException {
        LiveObjects.assertNone();
    }

    private static SecureContextOptions server() {
        return new SecureContextOptions()
                .key(ModuleTraces.fixture("server-rsa-key.pem"))
                .cert(ModuleTraces.fixture("server-rsa-cert.pem"));
    }

    private static SecureContextOptions client() {
        return new SecureContextOptions().ca(ModuleTraces.fixture("ca1-cert.pem"));
    }

    private static Map<String, Object> asServers(
            SecureContextOptions server, SecureContextOptions client) {
        try (SecureContext serverContext = SecureContexts.createForServer(server);
                SecureContext clientContext = TLS.createSecureContext(client)) {
            return MemoryHandshake.run(serverContext, clientContext);
        }
    }

    @Test
    void modernIsTheDefault() {
        assertEquals(Profile.MODERN, new ServerOptions().read(ContextOptions.PROFILE));
        assertEquals(OLD, new ServerOptions().profile(OLD).read(ContextOptions.PROFILE));
        assertEquals(
                OLD, new ServerOptions().set("profile", "NODE_0_12").read(ContextOptions.PROFILE));
        assertEquals(
                "The property 'options.profile' is invalid. Received 'old'",
                assertThrows(
                                ArgumentException.class,
                                () -> TLS.createSecureContext(
                                        new ServerOptions().set("profile", "old")))
                        .getMessage());
    }

    @Test
    void modernTakesItsDefaultsFromTheConstantsOfTheModule() {
        assertEquals(TLS.DEFAULT_CIPHERS, Profile.MODERN.ciphers());
        assertEquals(TLS.DEFAULT_ECDH_CURVE, Profile.MODERN.ecdhCurve());
        assertEquals(TLS.DEFAULT_MIN_VERSION, Profile.MODERN.minVersion());
        assertEquals(TLS.DEFAULT_MAX_VERSION, Profile.MODERN.maxVersion());
    }

    @Test
    void theOldCipherStringIsTheSeedDocuments() {
        assertEquals(OLD_CIPHERS + ":@SECLEVEL=0", OLD.ciphers());
    }

    @Test
    void modernMeetsFrom12To13AndTheOldOneFrom10To12() {
        for (String version : new String[] {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}) {
            SecureContextOptions client =
                    client().minVersion(version).maxVersion(version).ciphers("ALL:@SECLEVEL=0");
            assertEquals(
                    version.compareTo("TLSv1.2") >= 0,
                    version.equals(asServers(server(), client).get("protocol")),
                    "modern " + version);
            assertEquals(
                    version.compareTo("TLSv1.3") < 0,
                    version.equals(asServers(server().profile(OLD), client).get("protocol")),
                    "old " + version);
        }
    }

    @Test
    void theOldCurveIsPrime256v1() {
        Map<String, Object> done = asServers(server().profile(OLD), client().maxVersion("TLSv1.2"));
        assertEquals("ECDH prime256v1 256", done.get("ephemeral"));
        assertEquals(
                "ECDH X25519 253",
                asServers(server(), client().maxVersion("TLSv1.2")).get("ephemeral"));
    }

    @Test
    void modernServersPreferTheirOwnOrderAndOldOnesTheClients() {
        String mine = "AES256-SHA:AES128-SHA";
        SecureContextOptions client =
                client().maxVersion("TLSv1.2").ciphers("AES128-SHA:AES256-SHA");
        assertEquals("AES256-SHA", asServers(server().ciphers(mine), client).get("cipher"));
        assertEquals(
                "AES128-SHA",
                asServers(server().ciphers(mine).profile(OLD), client).get("cipher"));
        assertEquals(
                "AES128-SHA",
                asServers(server().ciphers(mine).honorCipherOrder(false), client)
                        .get("cipher"));
        assertEquals(
                "AES256-SHA",
                asServers(server().ciphers(mine).profile(OLD).honorCipherOrder(true), client)
                        .get("cipher"));
    }

    @Test
    void onlyOldPeersTakeSmallKeysByDefault() {
        SecureContextOptions small = new SecureContextOptions()
                .key(ModuleTraces.fixture("server-rsa512-key.pem"))
                .cert(ModuleTraces.fixture("server-rsa512-cert.pem"));
        assertEquals(
                "ERR_SSL_EE_KEY_TOO_SMALL",
                assertThrows(SecureContextException.class, () -> TLS.createSecureContext(small))
                        .code());
        TLS.createSecureContext(small.copy().profile(OLD)).close();
    }

    @Test
    void serversOfTheOldProfileDoNotRejectByThemselves() {
        assertTrue(Profile.MODERN.serverRejectsUnauthorized());
        assertFalse(OLD.serverRejectsUnauthorized());
    }

    @Test
    void theDefaultSessionIdContextIsADigestOfTheCommandLine() throws Exception {
        byte[] command = System.getProperty("sun.java.command", "java").getBytes("UTF-8");
        for (Profile profile : Profile.values()) {
            String algorithm = profile == OLD ? "MD5" : "SHA-1";
            byte[] digest = java.security.MessageDigest.getInstance(algorithm).digest(command);
            assertEquals(
                    HexFormat.of().formatHex(digest).substring(0, 32),
                    SecureContexts.defaultSessionIdContext(profile));
        }
    }

    @Test
    void optionsWinOverTheirProfile() {
        SecureContextOptions server = server().profile(OLD)
                .minVersion("TLSv1.2")
                .maxVersion("TLSv1.3")
                .ciphers("TLS_AES_128_GCM_SHA256")
                .ecdhCurve("secp384r1");
        Map<String, Object> done = asServers(server, client());
        assertEquals("TLSv1.3", done.get("protocol"));
        assertEquals("TLS_AES_128_GCM_SHA256", done.get("cipher"));
        assertEquals("ECDH secp384r1 384", done.get("ephemeral"));
    }

    @Test
    void falseLeavesNoEllipticCurveInBothProfiles() {
        for (Profile profile : Profile.values()) {
            SecureContextOptions server = server().profile(profile).ecdhCurve(false);
            SecureContextOptions ecdheOnly =
                    client().maxVersion("TLSv1.2").ciphers("ECDHE-RSA-AES128-GCM-SHA256");
            assertEquals(
                    "ERR_SSL_NO_SHARED_CIPHER",
                    asServers(server, ecdheOnly).get("server"),
                    profile.name());
            SecureContextOptions rsa = client().maxVersion("TLSv1.2").ciphers("AES128-GCM-SHA256");
            assertEquals("AES128-GCM-SHA256", asServers(server, rsa).get("cipher"), profile.name());
        }
    }

    @Test
    void whoeverAsksForNpnAndNothingNewerMeansTls12() {
        Options npn = server().set("NPNProtocols", java.util.List.of("a"));
        try (SecureContext serverContext = SecureContexts.createForServer(npn);
                SecureContext clientContext = TLS.createSecureContext(client())) {
            assertEquals(
                    "TLSv1.2", MemoryHandshake.run(serverContext, clientContext).get("protocol"));
        }
        Options both = npn.copy().set("ALPNProtocols", java.util.List.of("a"));
        try (SecureContext serverContext = SecureContexts.createForServer(both);
                SecureContext clientContext = TLS.createSecureContext(client())) {
            assertEquals(
                    "TLSv1.3", MemoryHandshake.run(serverContext, clientContext).get("protocol"));
        }
    }
}
