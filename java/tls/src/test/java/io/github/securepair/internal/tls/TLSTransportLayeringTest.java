package io.github.securepair.internal.tls;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The transport of TLS stands below the sockets that use it. */
class TLSTransportLayeringTest {
    @Test
    void theTransportKnowsNoSocketAndNoOption() throws Exception {
        Path root = Path.of(TLSTransport.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        List<Path> files;
        try (Stream<Path> found = Files.list(root.resolve("io/github/securepair/internal/tls"))) {
            files = found.filter(file -> file.toString().endsWith(".class")).toList();
        }
        assertTrue(files.size() > 6, "only " + files.size() + " classes");
        for (Path file : files) {
            // Names of classes stand in the constant pool as plain text.
            String constants = Files.readString(file, StandardCharsets.ISO_8859_1);
            for (String above : List.of("securepair/tls/", "securepair/net/Socket")) {
                assertFalse(constants.contains(above), file.getFileName() + " names " + above);
            }
        }
    }
}
