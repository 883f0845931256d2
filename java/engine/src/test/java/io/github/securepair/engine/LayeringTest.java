package io.github.securepair.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.testing.Arrows;

import org.junit.jupiter.api.Test;

import java.lang.module.ModuleDescriptor.Exports;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Which package of the engine may name which, and what a program sees of it. */
class LayeringTest {
    private static final String ENGINE = "io.github.securepair.engine";
    private static final String OPENSSL = "io.github.securepair.openssl";

    /** From top to bottom: a package names those below it only. */
    private static final List<String> FLOORS =
            List.of(ENGINE + ".unchecked", ENGINE, ENGINE + ".internal");

    /** Natives and Flavour are written by hand: what was loaded, and from where. */
    private static final Set<String> OF_THE_BINDINGS =
            Set.of(OPENSSL + ".Glue", OPENSSL + ".Natives", OPENSSL + ".Flavour");

    private static final Arrows ARROWS = Arrows.ofModule(TLSConnection.class);

    @Test
    void noPackageNamesOneAboveIt() {
        assertEquals(Set.of(), ARROWS.betweenPackages().upwards(FLOORS));
    }

    @Test
    void theCirclesWithinAPackageAreThese() {
        assertEquals(Set.of(), ARROWS.inPackage(ENGINE).circles());
        // A turn fills the memory, and the memory says whose turn it is when native code asks for a
        // pre-shared key.
        assertEquals(
                Set.of("Memory PSKSource PSKUpcall Turns Windows"),
                ARROWS.inPackage(ENGINE + ".internal").circles());
    }

    @Test
    void ofTheGeneratedClassesOnlyTheGlueIsUsed() {
        assertTrue(ARROWS.sources().size() > 30, "only " + ARROWS.sources());
        assertEquals(
                Set.of(),
                ARROWS.from(
                        from -> true,
                        to -> to.startsWith("org.bytedeco.")
                                || to.startsWith(OPENSSL) && !OF_THE_BINDINGS.contains(to)));
    }

    @Test
    void noPublicSignatureNamesAGeneratedClassOrTheGroundFloor() {
        Arrows signatures = Arrows.ofSignatures(TLSConnection.class);
        assertTrue(signatures.sources().size() > 15, "only " + signatures.sources());
        assertEquals(
                Set.of(),
                signatures.from(
                        from -> true,
                        to -> !to.startsWith("java.") && !to.matches(ENGINE + "\\.[A-Z]\\w*")));
    }

    @Test
    void theTurnsThatCheckNothingAreExportedToTheSocketsModuleAlone() {
        Map<String, Set<String>> exports = Arrows.module(TLSConnection.class).exports().stream()
                .collect(Collectors.toMap(Exports::source, Exports::targets));
        assertEquals(
                Map.of(ENGINE, Set.of(), ENGINE + ".unchecked", Set.of("io.github.securepair")),
                exports);
    }
}
