package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Every stack does the work that the benchmarks time. */
class SubjectTest {
    // With an RSA key X25519 alone will do everywhere: the JDK before 20 takes one list of groups
    // in
    // its life.
    private static Setting setting(String protocol, boolean resume) {
        return new Setting(protocol, "rsa", Setting.X25519, resume);
    }

    static List<String> names() {
        return Subject.NAMES;
    }

    @TestFactory
    List<DynamicTest> everyHandshakeResumesExactlyWhenItShould() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String name : Subject.NAMES) {
            for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
                for (boolean resume : new boolean[] {false, true}) {
                    Setting setting = setting(protocol, resume);
                    tests.add(DynamicTest.dynamicTest(
                            name + ", " + protocol + (resume ? ", resumed" : ", full"),
                            () -> handshakes(name, setting)));
                }
            }
        }
        return tests;
    }

    /** More than one: a session cache may fill, or run dry, only after a while. */
    private static void handshakes(String name, Setting setting) throws Exception {
        try (Subject subject = Subject.of(name, setting)) {
            for (int i = 0; i < 5; i++) {
                try (TlsPair pair = Subject.connect(subject, setting)) {
                    assertEquals(setting.resume(), pair.resumed());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void recordsOfEverySizeArriveAsTheyWereSent(String name) throws Exception {
        Setting setting = setting("TLSv1.3", false);
        try (Subject subject = Subject.of(name, setting);
                TlsPair pair = Subject.connect(subject, setting)) {
            for (int size : new int[] {64, 1024, 16384}) {
                byte[] bytes = new byte[size];
                new Random(size).nextBytes(bytes);
                ByteBuffer text = ByteBuffer.allocateDirect(size).put(bytes).flip();
                assertEquals(size, pair.clientToServer(text));
                assertFalse(text.hasRemaining());
                assertEquals(ByteBuffer.wrap(bytes), pair.arrived());
                assertEquals(size, pair.serverToClient(text.flip()));
                assertEquals(ByteBuffer.wrap(bytes), pair.arrived());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void pairsOfOneSubjectTakeTurnsOnItsWire(String name) throws Exception {
        Setting setting = setting("TLSv1.3", false);
        ByteBuffer text = ByteBuffer.allocateDirect(1024);
        try (Subject subject = Subject.of(name, setting);
                TlsPair first = Subject.connect(subject, setting);
                TlsPair second = Subject.connect(subject, setting)) {
            for (TlsPair pair : List.of(first, second, first)) {
                assertEquals(1024, pair.clientToServer(text.clear()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void anotherCertificateAuthorityFailsTheHandshake(String name) {
        // What does not verify the server would be faster, and wrong.
        Setting setting = new Setting("TLSv1.3", "rsa", Setting.X25519, false, "ca2");
        Exception e = assertThrows(Exception.class, () -> {
            try (Subject subject = Subject.of(name, setting)) {
                Subject.connect(subject, setting).close();
            }
        });
        assertTrue(e.getMessage() != null, e::toString);
    }
}
