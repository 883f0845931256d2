package io.github.securepair.tls;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Map;
import java.util.stream.Stream;

/** Hosts and names match as in Node 20: F21, F211, F212. */
class CheckServerIdentityTest {
    static Stream<Arguments> names() {
        return ModuleTraces.cases("checkServerIdentity");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    @SuppressWarnings("unchecked")
    void answersAsNode(String name, Map<String, Object> recorded) {
        Map<String, Object> actual = ModuleTraces.attempt(() -> {
            Throwable error = ServerIdentity.check(
                    (String) recorded.get("host"),
                    (Map<String, Object>) recorded.get("subject"),
                    (String) recorded.get("subjectaltname"),
                    null,
                    false);
            return error == null ? "match" : ModuleTraces.describe(error);
        });
        ModuleTraces.assertAsRecorded("checkServerIdentity", recorded, actual);
    }
}
