package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Where libraries are unpacked to, and that nothing else is ever loaded from there. */
class UnpackingTest {
    private static final boolean BUNDLED = Shipment.chosen().flavour == Flavour.BUNDLED;
    private static final String LIBCRYPTO = BUNDLED ? Shipment.chosen().library("libcrypto") : "";
    private static final String LIBSSL = BUNDLED ? Shipment.chosen().library("libssl") : "";
    private static final int SOMEBODY = 54321;
    private static final int ANOTHER = 54322;

    @TempDir
    private Path folder;

    private Path cache;
    private Path tmp;

    @BeforeEach
    void needsTheBundle() throws Exception {
        assumeTrue(BUNDLED, "built with the machine's OpenSSL");
        folder = folder.toRealPath();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        cache = folder.resolve("home/.cache/securepair/natives");
        tmp = folder.resolve("tmp");
    }

    // ---- the usual way ----

    @ParameterizedTest
    @ValueSource(strings = {"0", "0777", "027"})
    void firstUseUnpacksToTheUsersCacheForTheUserAlone(String umask) throws Exception {
        Jvm.Result result =
                new Jvm(folder).shell("umask " + umask).run("load", "raw").demandLoaded();
        Path unpacked = Jvm.unpacked(cache);
        assertEquals(unpacked.resolve(LIBSSL).toString(), result.line("libssl"));
        for (Path dir = unpacked; !dir.endsWith("home"); dir = dir.getParent()) {
            assertEquals("rwx------", permissions(dir), dir.toString());
        }
        List<String> files = Jvm.files(unpacked);
        assertEquals(
                List.of(
                        LIBCRYPTO,
                        "libjnicrypto.so",
                        "libjnisecurepair.so",
                        "libjnissl.so",
                        LIBSSL),
                Stream.concat(files.stream(), Stream.of("libjnissl.so"))
                        .distinct()
                        .sorted()
                        .toList());
        for (String file : files) {
            assertEquals("rw-------", permissions(unpacked.resolve(file)), file);
        }
        assertEquals(List.of(), Jvm.files(tmp));
    }

    @Test
    void theSecondUseUnpacksNothing() throws Exception {
        new Jvm(folder).run("load").demandLoaded();
        Path library = Jvm.unpacked(cache).resolve(LIBCRYPTO);
        Object file = Files.readAttributes(library, "unix:ino").get("ino");
        new Jvm(folder).run("load").demandLoaded();
        assertEquals(file, Files.readAttributes(library, "unix:ino").get("ino"));
    }

    @Test
    void theCacheIsWhereTheEnvironmentSays() throws Exception {
        Path elsewhere = folder.resolve("elsewhere");
        Jvm.Result result = new Jvm(folder)
                .env("XDG_CACHE_HOME", elsewhere.toString())
                .run("load")
                .demandLoaded();
        assertTrue(
                result.line("libssl").startsWith(elsewhere + "/securepair/natives/"),
                result.output());
        assertEquals(List.of(), Jvm.files(folder.resolve("home")));
    }

    @Test
    void theFolderCanBeNamed() throws Exception {
        Path named = folder.resolve("a/b");
        Jvm.Result result = named(named).run("load").demandLoaded();
        assertEquals(Jvm.unpacked(named).resolve(LIBSSL).toString(), result.line("libssl"));
        assertEquals("rwx------", permissions(named));
        assertEquals(List.of(), Jvm.files(folder.resolve("home")));
        assertEquals(List.of(), Jvm.files(tmp));
    }

    @Test
    void librariesThatLieInAFolderOfTheClassPathAreUsedThere() throws Exception {
        Path classes = Jvm.Jars.location(Natives.class);
        Path natives = Path.of("target/native").toRealPath();
        Path tests = Jvm.Jars.location(UnpackingTest.class);
        Jvm.Result result = new Jvm(folder)
                .classPath(natives + ":" + classes + ":" + tests + ":" + Jvm.Jars.get().javacpp)
                .run("load", "raw")
                .demandLoaded();
        assertTrue(result.line("libssl").startsWith(natives.toString()), result.output());
        assertEquals(List.of(), Jvm.files(folder));
    }

    @Test
    void nothingIsMadeInTheWorkingFolderNorForJavaCPP() throws Exception {
        new Jvm(folder).run("load", "raw").demandLoaded();
        assertEquals(List.of(), Jvm.files(folder.resolve("work")));
        assertFalse(Files.exists(folder.resolve("home/.javacpp")));
    }

    // ---- the ways that classes come ----

    @Test
    void modulesAreFoundAsJars() throws Exception {
        Jvm.Result result = new Jvm(folder).modules().run("load", "raw").demandLoaded();
        assertTrue(result.line("libssl").startsWith(cache.toString()), result.output());
    }

    @Test
    void runTimeImagesDoNotShareAFolderByName() throws Exception {
        Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
        assumeTrue(Files.exists(jlink), "this JDK has no jlink");
        Path image = folder.resolve("image");
        Process process = new ProcessBuilder(
                        jlink.toString(),
                        "--module-path",
                        Jvm.Jars.get().ours + ":" + Jvm.Jars.get().javacpp,
                        "--add-modules",
                        "io.github.securepair.openssl",
                        "--output",
                        image.toString())
                .redirectErrorStream(true)
                .start();
        Jvm.Result linked = Jvm.end(process);
        assertEquals(0, linked.status(), linked.output());
        Jvm.Result result = new Jvm(folder).image(image).run("load", "raw").demandLoaded();
        assertEquals(Jvm.unpacked(cache).resolve(LIBSSL).toString(), result.line("libssl"));
    }

    @Test
    void librariesAreReadThroughTheClassLoaderWhereverItHasThem() throws Exception {
        Jvm.Jars jars = Jvm.Jars.get();
        Jvm.Result result =
                new Jvm(folder).run("nested:" + jars.ours + ":" + jars.javacpp).demandLoaded();
        assertEquals(Jvm.unpacked(cache).resolve(LIBSSL).toString(), result.line("nested"));
    }

    @Test
    void twoVersionsLieSideBySide() throws Exception {
        Path other = Jvm.Jars.get().changed("other.jar", UnpackingTest::newer);
        new Jvm(folder).run("load").demandLoaded();
        Path first = Jvm.unpacked(cache);
        FileTime time = Files.getLastModifiedTime(first.resolve("libjnisecurepair.so"));
        Jvm.Result result = new Jvm(folder)
                .classPath(other + ":" + Jvm.Jars.get().javacpp)
                .run("load")
                .demandLoaded();
        assertFalse(result.line("libssl").startsWith(first.toString()), result.output());
        assertEquals(time, Files.getLastModifiedTime(first.resolve("libjnisecurepair.so")));
        new Jvm(folder).run("load").demandLoaded();
    }

    /** A JNI library that is a byte longer, and its hash. */
    private static byte[] newer(String name, byte[] bytes) {
        if (name.endsWith("/bundled/libjnisecurepair.so")) {
            return Arrays.copyOf(bytes, bytes.length + 1);
        }
        if (name.endsWith("/bundled/openssl.properties")) {
            try {
                byte[] library = Shipment.chosen().open("libjnisecurepair.so").readAllBytes();
                return new String(bytes)
                        .replace(
                                Hash.of(library),
                                Hash.of(Arrays.copyOf(library, library.length + 1)))
                        .getBytes();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        return bytes;
    }

    // ---- what others put there ----

    @Test
    void aFileOfTheRightSizeAndTimeIsNotLoadedUnlessItsContentsAreRight() throws Exception {
        new Jvm(folder).run("load").demandLoaded();
        Path library = Jvm.unpacked(cache).resolve(LIBCRYPTO);
        byte[] right = Files.readAllBytes(library);
        FileTime time = Files.getLastModifiedTime(library);
        byte[] planted = right.clone();
        planted[planted.length / 2] ^= 1;
        Files.write(library, planted);
        Files.setLastModifiedTime(library, time);
        new Jvm(folder).run("load").demandLoaded();
        assertEquals(Hash.of(right), Hash.of(library));
    }

    @Test
    void aLinkInThePlaceOfALibraryIsReplaced() throws Exception {
        new Jvm(folder).run("load").demandLoaded();
        Path library = Jvm.unpacked(cache).resolve(LIBCRYPTO);
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(library, elsewhere);
        Files.createSymbolicLink(library, elsewhere);
        new Jvm(folder).run("load").demandLoaded();
        assertTrue(Files.isRegularFile(library, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void aLinkInThePlaceOfTheCacheIsNotFollowed() throws Exception {
        Path elsewhere = Jvm.made(folder.resolve("elsewhere"));
        Files.createSymbolicLink(
                Jvm.made(folder.resolve("home/.cache")).resolve("securepair"), elsewhere);
        Jvm.Result result = new Jvm(folder).run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertEquals(List.of(), Jvm.files(elsewhere));
    }

    @Test
    void aCacheThatOthersCanWriteInIsNotUsed() throws Exception {
        Path open = Jvm.made(folder.resolve("home/.cache/securepair"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Jvm.Result result = new Jvm(folder).run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertEquals(List.of(), Jvm.files(open));
    }

    @Test
    void aNamedFolderWillDoThoughOthersCanWriteInItButNotWhatLiesThere() throws Exception {
        Path open = Jvm.made(folder.resolve("volume"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        named(open).run("load").demandLoaded();
        Path key = Jvm.unpacked(open);
        assertEquals("rwx------", permissions(key));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertTrue(named(open).run("load").error().contains("other users can write in " + key));
    }

    @Test
    void aFolderOfAnotherUsersIsNotUsed() throws Exception {
        Jvm.demandRoot();
        Path theirs = Jvm.made(folder.resolve("home/.cache/securepair/natives"));
        Files.setAttribute(theirs, "unix:uid", ANOTHER);
        Jvm.Result result = new Jvm(folder).run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertEquals(List.of(), Jvm.files(theirs));
        assertTrue(named(theirs)
                .run("load")
                .error()
                .contains(theirs + " belongs to another user (uid " + ANOTHER + ")"));
    }

    @Test
    void aLibraryOfAnotherUsersIsNotLoadedWhateverItsContents() throws Exception {
        Jvm.demandRoot();
        new Jvm(folder).run("load").demandLoaded();
        Path library = Jvm.unpacked(cache).resolve(LIBCRYPTO);
        Files.setAttribute(library, "unix:uid", ANOTHER);
        new Jvm(folder).run("load").demandLoaded();
        assertEquals(0, Files.getAttribute(library, "unix:uid"));
    }

    @Test
    void whatLiesInTheSharedTemporaryFolderIsNotTrusted() throws Exception {
        Path planted = Jvm.made(tmp.resolve("securepair-natives-1-planted"));
        Files.writeString(planted.resolve(LIBCRYPTO), "planted");
        Jvm.Result result = noCache().run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertFalse(result.line("libssl").startsWith(planted.toString()));
    }

    // ---- users and folders that lack something ----

    @Test
    void aUserThatNoFileKnowsNeedsNoHome() throws Exception {
        Jvm.demandRoot();
        Jvm jvm = new Jvm(folder).flag("-Duser.home=?").uid(SOMEBODY);
        for (String dir : List.of("home", "tmp", "work")) {
            Files.setAttribute(folder.resolve(dir), "unix:uid", SOMEBODY);
        }
        Jvm.Result result = jvm.run("load", "raw").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertEquals(List.of(), names(folder.resolve("work")));
    }

    @Test
    void withoutAWritableHomeAFolderForThisProcessIsMadeAndRemoved() throws Exception {
        Jvm.Result result = noCache().run("load", "raw").demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
        assertEquals(List.of(), names(tmp));
    }

    @Test
    void whatAKilledProcessLeftIsRemovedByTheNextOneButNotWhatALivingOneHas() throws Exception {
        Process living = noCache().start("load", "hold");
        awaitLine(living, "holding=");
        Process killed = noCache().start("load", "hold");
        awaitLine(killed, "holding=");
        assertEquals(2, names(tmp).size());
        killed.destroyForcibly().waitFor();
        assertEquals(2, names(tmp).size());
        noCache().run("load").demandLoaded();
        assertEquals(1, names(tmp).size());
        assertTrue(names(tmp).get(0).contains("-" + living.pid() + "-"));
        assertEquals(0, Jvm.end(living).status());
        assertEquals(List.of(), names(tmp));
    }

    @Test
    void whatAKilledProcessOfTheSameNumberLeftIsRemoved() throws Exception {
        // In a container that is started again the number is always the same.
        Jvm jvm = noCache()
                .shell("old=" + tmp + "/securepair-natives-$$-1; mkdir $old; touch $old/lock;"
                        + " touch -d '1 hour ago' $old/lock $old");
        jvm.run("load").demandLoaded();
        assertEquals(List.of(), names(tmp));
    }

    @Test
    void aTemporaryFolderInWhichOthersCanRenameIsPassedOver() throws Exception {
        Jvm jvm = noCache();
        Files.setPosixFilePermissions(tmp, PosixFilePermissions.fromString("rwxrwxrwx"));
        Jvm.Result result = jvm.run("load", "raw").demandLoaded();
        assertTrue(result.line("libssl").startsWith("/tmp/securepair-natives-"), result.output());
        assertFalse(Files.exists(Path.of(result.line("libssl")).getParent()));
        assertEquals(List.of(), names(tmp));
    }

    @Test
    void aTemporaryFolderOfAnotherUserIsPassedOver() throws Exception {
        Jvm.demandRoot();
        Jvm jvm = noCache();
        Files.setAttribute(tmp, "unix:uid", ANOTHER);
        Jvm.Result result = jvm.run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith("/tmp/securepair-natives-"), result.output());
        assertEquals(List.of(), names(tmp));
    }

    @Test
    void aSandboxThatDoesNotKnowRootWillDo() throws Exception {
        Jvm.demandRoot();
        Jvm jvm = new Jvm(folder)
                .flag("-Duser.home=?")
                .flag("-Djava.io.tmpdir=/tmp")
                .uid(SOMEBODY)
                .userNamespace(SOMEBODY);
        for (String dir : List.of("home", "tmp", "work")) {
            Files.setAttribute(folder.resolve(dir), "unix:uid", SOMEBODY);
        }
        Jvm.Result result = jvm.run("load").demandLoaded();
        assertTrue(result.line("libssl").startsWith("/tmp/securepair-natives-"));
    }

    @Test
    void aCacheThatTheLocaleHasNoNameForIsPassedOver() throws Exception {
        Jvm.Result result = new Jvm(folder)
                .shell("LC_ALL=C XDG_CACHE_HOME=$(printf '/tmp/\\303\\266');"
                        + " export LC_ALL XDG_CACHE_HOME")
                .run("load", "raw")
                .demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
    }

    @Test
    void aReadOnlyHomeWillDo() throws Exception {
        Jvm jvm = new Jvm(folder);
        Path home = folder.resolve("home");
        jvm.mounts("mount -t tmpfs -o ro t " + home).run("load").demandLoaded();
    }

    @Test
    void whenNothingIsWritableTheErrorNamesTheFoldersAndTheRemedy() throws Exception {
        Path home = folder.resolve("home");
        String error = new Jvm(folder)
                .mounts("mount --bind /tmp /tmp; mount -o remount,bind,ro /tmp;"
                        + " mount -t tmpfs -o ro t " + home + "; mount -t tmpfs -o ro t " + tmp)
                .run("load")
                .error();
        assertTrue(error.contains(home + "/.cache: Read-only file system"), error);
        assertTrue(error.contains(tmp + "/securepair-natives-"), error);
        assertTrue(error.contains("-Dsecurepair.natives.dir=DIR"), error);
    }

    @Test
    void aReadOnlyFolderThatWasFilledBeforeWillDo() throws Exception {
        Path named = Jvm.made(folder.resolve("named"));
        named(named).run("load", "raw").demandLoaded();
        Jvm.Result result = named(named)
                .mounts("mount --bind " + named + " " + named + "; mount -o remount,bind,ro "
                        + named)
                .run("load", "raw")
                .demandLoaded();
        assertTrue(result.line("libssl").startsWith(named.toString()), result.output());
    }

    @Test
    void aFolderFromWhichNothingMayBeExecutedIsNamedWithTheRemedy() throws Exception {
        Path named = Jvm.made(folder.resolve("named"));
        String error = named(named)
                .mounts("mount -t tmpfs -o noexec,mode=700 t " + named)
                .run("load")
                .error();
        assertTrue(error.contains(named + "/"), error);
        assertTrue(error.contains("is mounted noexec"), error);
        assertTrue(error.contains("-Dsecurepair.natives.dir=DIR"), error);
    }

    @Test
    void aCacheFromWhichNothingMayBeExecutedIsPassedOver() throws Exception {
        Jvm jvm = new Jvm(folder);
        Path home = folder.resolve("home");
        Jvm.Result result = jvm.mounts("mount -t tmpfs -o noexec,mode=700 t " + home)
                .run("load")
                .demandLoaded();
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
    }

    @Test
    void aFullDiskIsNamedAndLeavesNothing() throws Exception {
        Path named = Jvm.made(folder.resolve("named"));
        Jvm jvm = named(named)
                .mounts("mount -t tmpfs -o size=1m,mode=700 t " + named)
                .mounts("trap 'find " + named + " -type f' EXIT; set +e; \"$@\"; exit $?");
        Jvm.Result result = jvm.run("load");
        assertEquals(1, result.status(), result.output());
        assertTrue(result.line("error").contains("No space left on device"), result.output());
        assertTrue(result.line("error").contains(named.toString()), result.output());
        assertFalse(result.output().contains(".new"), result.output());
    }

    @Test
    void aCacheOnAFullDiskIsPassedOverForAllLibraries() throws Exception {
        Path home = folder.resolve("home");
        long size = Files.size(natives().resolve(LIBCRYPTO)) / 1024 + 512;
        Jvm.Result result = new Jvm(folder)
                .mounts("mount -t tmpfs -o size=" + size + "k,mode=700 t " + home)
                .run("load", "raw")
                .demandLoaded();
        assertTrue(result.line("libcrypto").startsWith(tmp + "/securepair-natives-"));
        assertTrue(result.line("libssl").startsWith(tmp + "/securepair-natives-"));
    }

    // ---- many at once, and none in the end ----

    @Test
    void twentyFourJVMsAtOnceAllLoad() throws Exception {
        List<Process> all = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            all.add(new Jvm(folder).start("load"));
        }
        for (Process process : all) {
            Jvm.end(process).demandLoaded();
        }
        assertEquals(
                List.of(LIBCRYPTO, "libjnisecurepair.so", LIBSSL), Jvm.files(Jvm.unpacked(cache)));
    }

    @Test
    void aProcessThatIsKilledWhileItUnpacksHarmsNoOther() throws Exception {
        Process killed = new Jvm(folder).start("load");
        while (killed.isAlive() && unfinished().isEmpty()) {
            Thread.onSpinWait();
        }
        killed.destroyForcibly().waitFor();
        List<Path> left = unfinished();
        for (Path file : left) { // as after an hour
            Files.setLastModifiedTime(
                    file, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        }
        new Jvm(folder).run("load").demandLoaded();
        assertEquals(List.of(), unfinished());
    }

    @Test
    void aDamagedJarIsNamed() throws Exception {
        Path damaged = Jvm.Jars.get().changed("damaged.jar", (name, bytes) -> {
            return name.endsWith("/bundled/" + LIBSSL)
                    ? Arrays.copyOf(bytes, bytes.length - 1)
                    : bytes;
        });
        String error = new Jvm(folder)
                .classPath(damaged + ":" + Jvm.Jars.get().javacpp)
                .run("load")
                .error();
        assertTrue(error.contains("securepair-openssl is damaged: " + LIBSSL), error);
    }

    // ---- helpers ----

    private Jvm named(Path dir) {
        return new Jvm(folder).flag("-Dsecurepair.natives.dir=" + dir);
    }

    /** There is a file where the cache would be, which stops root, too. */
    private Jvm noCache() throws IOException {
        Jvm jvm = new Jvm(folder);
        Path file = folder.resolve("home/.cache");
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        return jvm;
    }

    private List<Path> unfinished() throws IOException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(cache)) {
            for (String name : names(cache)) {
                try (DirectoryStream<Path> files =
                        Files.newDirectoryStream(cache.resolve(name), ".*.new")) {
                    files.forEach(found::add);
                }
            }
        }
        return found;
    }

    private static List<String> names(Path dir) throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void awaitLine(Process process, String start) throws IOException {
        var reader = process.inputReader();
        String line = reader.readLine();
        while (line != null && !line.startsWith(start)) {
            line = reader.readLine();
        }
        assertNotEquals(null, line);
    }

    private static Path natives() {
        return Path.of("target/native/io/github/securepair/openssl")
                .resolve(Shipment.platform())
                .resolve("bundled")
                .toAbsolutePath();
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(
                Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
    }
}
