package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Child;
import io.github.securepair.testing.Redeployment;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/**
 * An application that is deployed again and again: each time a class loader of its own, while the
 * thread that used it lives on.
 */
class RedeployTest {
    @ParameterizedTest
    @ValueSource(strings = {"one after the other", "together"})
    void classLoadersThatUsedTheEngineAreUnloaded(String how) throws Exception {
        String output =
                Child.run(RedeployTest.class, "-Xmx128m", "-XX:+UseSerialGC", "-Dtest.how=" + how);
        assertTrue(output.contains("unloaded 4 of 4"), output);
    }

    /** The child process. */
    public static void main(String[] arguments) throws Exception {
        boolean together = "together".equals(System.getProperty("test.how"));
        Redeployment deployed = new Redeployment();
        List<ClassLoader> held = new ArrayList<>();
        for (int round = 0; round < 4; round++) {
            if (together) {
                held.add(deployed.deploy(Application.class));
            } else {
                deployed.deploy(Application.class);
                deployed.collect();
            }
        }
        held.clear();
        System.out.println(deployed.collect());
    }

    /** What is deployed: handshakes with certificates and with a key; one connection forgotten. */
    public static final class Application {
        private Application() {}

        /** Runs it. */
        public static void run() throws Exception {
            try (SecureContext server = Fixtures.server();
                    SecureContext client = Fixtures.client()) {
                try (Pair pair = new Pair(client, server)) {
                    use(pair);
                }
                use(new Pair(client, server));
            }
            byte[] key = "0123456789abcdef".getBytes();
            try (SecureContext server = psk(SecureContext.Role.SERVER);
                    SecureContext client = psk(SecureContext.Role.CLIENT);
                    Pair pair = new Pair(client, server)) {
                pair.client.tls.setPSK((name, keyRoom, room) -> new PreSharedKey(key, "me"));
                pair.server.tls.setPSK((name, keyRoom, room) -> new PreSharedKey(key));
                use(pair);
            }
        }

        private static SecureContext psk(SecureContext.Role role) {
            return SecureContext.builder(role)
                    .versions(Protocol.TLS1_2, Protocol.TLS1_2)
                    .cipherList("PSK-AES128-GCM-SHA256")
                    .build();
        }

        private static void use(Pair pair) throws Exception {
            pair.handshake();
            pair.client.write("used");
            pair.pump();
            assertEquals("used", pair.server.receivedText());
        }
    }
}
