package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Map;
import java.util.stream.Stream;

/**
 * Every option of createSecureContext is accepted and refused as in Node 20: F7, F39-F58, F210,
 * F218, F225, F226.
 */
class CreateSecureContextTest {
    static Stream<Arguments> inputs() {
        return ModuleTraces.cases("createSecureContext");
    }

    @AfterAll
    static void count() throws InterruptedException {
        LiveObjects.assertNone();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inputs")
    void answersAsNode(String name, Map<String, Object> recorded) {
        Map<String, Object> actual = ModuleTraces.attempt(() -> {
            Options options =
                    ModuleTraces.fill(new SecureContextOptions(), recorded.get("options"));
            try (SecureContext context = TLS.createSecureContext(options)) {
                return !context.isClosed();
            }
        });
        ModuleTraces.assertAsRecorded("createSecureContext", recorded, actual);
    }
}
