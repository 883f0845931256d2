package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Which OpenSSL runs, whatever else is in the process. */
class FlavourTest {
    private static final boolean BUNDLED = Shipment.chosen().flavour == Flavour.BUNDLED;
    private static final String LIBCRYPTO = BUNDLED ? Shipment.chosen().library("libcrypto") : "";
    private static final String LIBSSL = BUNDLED ? Shipment.chosen().library("libssl") : "";

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheBundle() {
        assumeTrue(BUNDLED, "built with the machine's OpenSSL");
    }

    @Test
    void theBundledOneIsTheDefault() throws Exception {
        Jvm.Result result = new Jvm(folder).run("load").demandLoaded();
        assertEquals("BUNDLED", result.line("flavour"));
        assertTrue(result.line("libcrypto").endsWith("/" + LIBCRYPTO), result.output());
        assertTrue(result.line("libssl").endsWith("/" + LIBSSL), result.output());
        assertEquals(Natives.version(), result.line("version"));
    }

    @Test
    void theMachinesRunsWhenItIsChosen() throws Exception {
        Path machine = machine();
        Jvm.Result result =
                new Jvm(folder).flag("-Dsecurepair.openssl=system").run("load").demandLoaded();
        assertEquals("SYSTEM", result.line("flavour"));
        assertEquals(
                machine.resolve("libcrypto.so.3").toRealPath().toString(),
                result.line("libcrypto"));
        assertEquals(machine.resolve("libssl.so.3").toRealPath().toString(), result.line("libssl"));
    }

    @Test
    void anUnknownFlavourIsAnErrorThatNamesBoth() throws Exception {
        String error =
                new Jvm(folder).flag("-Dsecurepair.openssl=systen").run("load").error();
        assertEquals("-Dsecurepair.openssl=systen is not understood: say bundled or system", error);
    }

    @Test
    void anOpenSSLThatWasThereBeforeChangesNothing() throws Exception {
        List<String> steps = new ArrayList<>(foreign());
        steps.add("load");
        Jvm.Result result = new Jvm(folder).run(steps.toArray(String[]::new)).demandLoaded();
        assertEquals(Natives.version(), result.line("version"));
        assertTrue(result.line("libssl").endsWith("/" + LIBSSL), result.output());
    }

    @Test
    void anOpenSSLThatComesLaterChangesNothing() throws Exception {
        List<String> steps = new ArrayList<>(List.of("load"));
        steps.addAll(foreign());
        steps.addAll(List.of("raw", "load"));
        Jvm.Result result = new Jvm(folder).run(steps.toArray(String[]::new)).demandLoaded();
        assertEquals("" + Natives.versionNumber(), result.line("raw"));
        assertEquals(
                2,
                result.output()
                        .lines()
                        .filter(line -> line.equals("version=" + Natives.version()))
                        .count(),
                result.output());
    }

    @Test
    void aLibraryPathOfTheLinkersDoesNotChooseAnotherBundle() throws Exception {
        Path other = other();
        Jvm.Result result = new Jvm(folder)
                .env("LD_LIBRARY_PATH", other.toString())
                .run("load", "raw")
                .demandLoaded();
        assertFalse(result.line("libcrypto").startsWith(other.toString()), result.output());
    }

    @Test
    void anotherBundleThatIsThereFirstIsAnError() throws Exception {
        Path other = other();
        String error = new Jvm(folder)
                .env("LD_PRELOAD", other.resolve(LIBCRYPTO).toString())
                .run("load")
                .error();
        assertTrue(error.contains("not the one that was meant"), error);
        assertTrue(error.contains(other.resolve(LIBCRYPTO) + " is loaded"), error);
    }

    @Test
    void theMachinesMixedWithAnotherIsAnError() throws Exception {
        Path machine = machine();
        Path other = Files.copy(
                machine.resolve("libcrypto.so.3").toRealPath(),
                Jvm.made(folder.resolve("other")).resolve("libcrypto.so.3"));
        String error = new Jvm(folder)
                .flag("-Dsecurepair.openssl=system")
                .run(other.toString(), "load")
                .error();
        // As it compares with the folder that was meant, or where none is known with libssl's.
        assertTrue(
                error.contains(other + " is loaded, not ")
                        || error.contains("libcrypto is " + other + ", but libssl is "),
                error);
        assertTrue(error.contains("run without -Dsecurepair.openssl=system"), error);
    }

    @Test
    void theMachinesFolderCanBeNamedAndNoOtherIsTaken() throws Exception {
        Path machine = machine();
        Path named = Jvm.made(folder.resolve("named"));
        for (String name : List.of("libcrypto.so.3", "libssl.so.3")) {
            Files.copy(machine.resolve(name).toRealPath(), named.resolve(name));
        }
        Jvm.Result result = new Jvm(folder)
                .flag("-Dsecurepair.openssl=system")
                .flag("-Djava.library.path=" + named)
                .run("load")
                .demandLoaded();
        assertEquals(named.resolve("libssl.so.3").toString(), result.line("libssl"));

        String error = new Jvm(folder)
                .flag("-Dsecurepair.openssl=system")
                .flag("-Djava.library.path=" + named)
                .run(machine.resolve("libssl.so.3").toString(), "load")
                .error();
        assertTrue(error.contains("is loaded, not " + named), error);
    }

    @Test
    void aMachineWithoutOpenSSLIsToldOfIt() throws Exception {
        Path jar = Jvm.Jars.get().changed("without.jar", (name, bytes) -> {
            if (name.endsWith("/system/libjnisecurepair.so")) {
                return text(bytes)
                        .replace("libssl.so.3", "libssl.so.9")
                        .getBytes(StandardCharsets.ISO_8859_1);
            }
            return name.endsWith("/system/openssl.properties") ? null : bytes;
        });
        Path properties = addProperties(jar);
        String error = new Jvm(folder)
                .classPath(properties + ":" + jar + ":" + Jvm.Jars.get().javacpp)
                .flag("-Dsecurepair.openssl=system")
                .run("load")
                .error();
        assertTrue(error.contains("this machine has no OpenSSL 3"), error);
        assertTrue(error.contains("install it"), error);
        assertTrue(error.contains("libssl.so.9"), error);
    }

    @Test
    void aPlatformWithoutLibrariesIsNamed() throws Exception {
        String error = new Jvm(folder).flag("-Dos.arch=s390x").run("load").error();
        assertEquals(
                "securepair-openssl was built without libraries for linux-s390x: use one that was"
                        + " built for it",
                error);
    }

    @Test
    void deniedNativeAccessSaysWhichFlagGivesIt() throws Exception {
        assumeTrue(Runtime.version().feature() >= 24, "only JDK 24 and newer deny it");
        Jvm jvm = new Jvm(folder).flag("--illegal-native-access=deny");
        String error =
                jvm.without("--enable-native-access=ALL-UNNAMED").run("load").error();
        assertTrue(error.contains("denies native access"), error);
        assertTrue(error.contains("--enable-native-access=ALL-UNNAMED"), error);
        String module = jvm.modules().run("load").error();
        assertTrue(
                module.contains(
                        "--enable-native-access=io.github.securepair.openssl,org.bytedeco.javacpp"),
                module);
    }

    /** Hashes for a jar whose own were left out. */
    private Path addProperties(Path jar) throws Exception {
        Path root = folder.resolve("properties");
        try (var files = java.nio.file.FileSystems.newFileSystem(jar)) {
            Path in = files.getPath(
                    "io/github/securepair/openssl/" + Shipment.platform() + "/system");
            Path out = Jvm.made(root.resolve(in.toString()));
            StringBuilder lines = new StringBuilder();
            try (Stream<Path> libraries = Files.list(in)) {
                for (Path library : libraries.toList()) {
                    lines.append("sha256.")
                            .append(library.getFileName())
                            .append('=')
                            .append(Hash.of(Files.readAllBytes(library)))
                            .append('\n');
                }
            }
            Files.writeString(out.resolve("openssl.properties"), lines);
        }
        return root;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Our libraries with a byte more: other contents under the same names. */
    private Path other() throws Exception {
        Path other = Jvm.made(folder.resolve("other"));
        for (String name : List.of(LIBCRYPTO, LIBSSL)) {
            byte[] bytes = Shipment.chosen().open(name).readAllBytes();
            Files.write(other.resolve(name), java.util.Arrays.copyOf(bytes, bytes.length + 1));
        }
        return other;
    }

    /** What brings the machine's OpenSSL into a process. */
    private static List<String> foreign() {
        Path machine = machine();
        return Stream.of("libcrypto.so.3", "libssl.so.3", "libpq.so.5", "libcurl.so.4")
                .map(machine::resolve)
                .filter(Files::exists)
                .map(Path::toString)
                .toList();
    }

    static Path machine() {
        Path found = Stream.of(
                        "/usr/lib/x86_64-linux-gnu",
                        "/usr/lib/aarch64-linux-gnu",
                        "/usr/lib64",
                        "/usr/lib")
                .map(Path::of)
                .filter(folder -> Files.exists(folder.resolve("libssl.so.3")))
                .findFirst()
                .orElse(null);
        assumeTrue(found != null, "no libssl of the machine's own");
        return found;
    }
}
