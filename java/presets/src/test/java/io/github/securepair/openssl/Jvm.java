package io.github.securepair.openssl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.securepair.child.LoadChild;

import org.bytedeco.javacpp.Pointer;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A child JVM that runs {@link LoadChild} from a jar of ours, as a program of a user's would. */
final class Jvm {
    /** What it printed, and how it ended. */
    record Result(int status, String output) {
        String line(String what) {
            return output.lines()
                    .filter(line -> line.startsWith(what + "="))
                    .map(line -> line.substring(what.length() + 1))
                    .findFirst()
                    .orElse(null);
        }

        Result demandLoaded() {
            assertEquals(0, status, output);
            assertNull(line("error"), output);
            return this;
        }

        /** The message of what was thrown, which later attempts must repeat. */
        String error() {
            assertEquals(1, status, output);
            assertEquals(line("error"), line("again"), output);
            assertTrue(line("error") != null, output);
            return line("error");
        }
    }

    private final Path folder;
    private final List<String> flags =
            new ArrayList<>(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    private final List<String> prefix = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private String classPath;
    private boolean modules;
    private Path program = Path.of(System.getProperty("java.home"), "bin", "java");

    /** With home and temporary folder of its own in {@code folder}. */
    Jvm(Path folder) {
        this.folder = folder;
        if (Runtime.version().feature() >= 22) {
            flags.add("--enable-native-access=ALL-UNNAMED");
        }
        flags.add("-Duser.home=" + made(folder.resolve("home")));
        flags.add("-Djava.io.tmpdir=" + made(folder.resolve("tmp")));
        made(folder.resolve("work"));
        classPath = Jars.get().ours + ":" + Jars.get().javacpp;
    }

    Jvm flag(String flag) {
        flags.add(flag);
        return this;
    }

    Jvm without(String flag) {
        flags.remove(flag);
        return this;
    }

    /** Instead of the jars. */
    Jvm classPath(String path) {
        classPath = path;
        return this;
    }

    /** Takes the class path for a path of modules. */
    Jvm modules() {
        modules = true;
        return this;
    }

    /** Another JVM, which has our modules inside. */
    Jvm image(Path home) {
        program = home.resolve("bin/java");
        classPath = null;
        return modules();
    }

    /** Sets a variable of the environment. */
    Jvm env(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Runs shell commands first, in a mount namespace of their own. */
    Jvm mounts(String script) {
        Mounts.demand();
        return prefix("unshare", "-m", "sh", "-c", "set -e; " + script + "; exec \"$@\"", "sh");
    }

    /** Runs shell commands first. */
    Jvm shell(String script) {
        return prefix("sh", "-c", script + "; exec \"$@\"", "sh");
    }

    /** Runs as a user that no file knows; for root only. */
    Jvm uid(int uid) {
        return prefix(
                "setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "--no-new-privs");
    }

    /** Runs where files of root's belong to a number that stands for all unknown users. */
    Jvm userNamespace(int uid) {
        String[] namespace = {"unshare", "-U", "--map-user=" + uid};
        try {
            ProcessBuilder probe = new ProcessBuilder(namespace);
            probe.command().addAll(0, prefix);
            probe.command().add("true");
            assumeTrue(end(probe.start()).status() == 0, "no user namespaces here");
        } catch (Exception e) {
            assumeTrue(false, "no user namespaces here: " + e);
        }
        return prefix(namespace);
    }

    private Jvm prefix(String... command) {
        prefix.addAll(List.of(command));
        return this;
    }

    Process start(String... steps) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(program.toString());
        command.addAll(flags);
        if (classPath != null) {
            command.addAll(List.of(modules ? "--module-path" : "-cp", classPath));
        }
        if (modules) {
            command.add("-m");
        }
        command.add((modules ? "io.github.securepair.openssl/" : "") + LoadChild.class.getName());
        command.addAll(List.of(steps));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.resolve("work").toFile())
                .redirectErrorStream(true);
        builder.environment().remove("XDG_CACHE_HOME");
        builder.environment().putAll(environment);
        return builder.start();
    }

    Result run(String... steps) throws Exception {
        return end(start(steps));
    }

    static Result end(Process process) throws Exception {
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), text);
    }

    static Path made(Path dir) {
        try {
            return Files.createDirectories(dir);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where libraries were unpacked to: the one folder below {@code securepair/natives}. */
    static Path unpacked(Path natives) throws IOException {
        try (Stream<Path> folders = Files.list(natives)) {
            List<Path> all = folders.toList();
            assertEquals(1, all.size(), all.toString());
            return all.get(0);
        }
    }

    /** Every file below a folder, relative to it. */
    static List<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    static boolean isRoot() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException e) {
            return false;
        }
    }

    static void demandRoot() {
        assumeTrue(isRoot(), "only root can be other users");
    }

    /** Whether file systems can be mounted for a child process alone. */
    private static final class Mounts {
        private static final boolean POSSIBLE = possible();

        private static boolean possible() {
            try {
                return end(new ProcessBuilder("unshare", "-m", "sh", "-c", "mount -t tmpfs t /mnt")
                                        .start())
                                .status()
                        == 0;
            } catch (Exception e) {
                return false;
            }
        }

        static void demand() {
            if (!POSSIBLE && "true".equals(System.getenv("CI")) && isRoot()) {
                fail("CI cannot mount file systems: unshare -m does not work here");
            }
            assumeTrue(POSSIBLE, "no mounts: only root can, outside of containers");
        }
    }

    /** Our classes and libraries as one jar, and JavaCPP's, where every user can read them. */
    static final class Jars {
        private static Jars jars;

        final Path folder;
        final Path ours;
        final Path javacpp;

        private Jars() throws IOException {
            folder = Files.createTempDirectory("securepair-test-jars");
            Runtime.getRuntime().addShutdownHook(new Thread(this::remove));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            ours = changed("ours.jar", (name, bytes) -> bytes);
            javacpp = folder.resolve("javacpp.jar");
            Files.copy(location(Pointer.class), javacpp);
        }

        static synchronized Jars get() {
            try {
                if (jars == null) {
                    jars = new Jars();
                }
                return jars;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Another jar of ours, in which some files are different; null leaves one out. */
        Path changed(String name, BiFunction<String, byte[], byte[]> change) throws IOException {
            Path jar = folder.resolve(name);
            Map<String, byte[]> entries = new HashMap<>();
            read(location(Natives.class), entries);
            read(Path.of("target/native").toAbsolutePath(), entries);
            String child = LoadChild.class.getName().replace('.', '/');
            Path tests = location(LoadChild.class);
            for (String file : files(tests.resolve("io/github/securepair/child"))) {
                entries.put(
                        child.substring(0, child.lastIndexOf('/') + 1) + file,
                        Files.readAllBytes(
                                tests.resolve("io/github/securepair/child").resolve(file)));
            }
            try (OutputStream out = Files.newOutputStream(jar);
                    ZipOutputStream zip = new ZipOutputStream(out)) {
                zip.setLevel(Deflater.BEST_SPEED);
                for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                    byte[] bytes = change.apply(entry.getKey(), entry.getValue());
                    if (bytes != null) {
                        zip.putNextEntry(new ZipEntry(entry.getKey()));
                        zip.write(bytes);
                        zip.closeEntry();
                    }
                }
            }
            return jar;
        }

        private static void read(Path folder, Map<String, byte[]> entries) throws IOException {
            if (Files.isDirectory(folder)) {
                for (String file : files(folder)) {
                    entries.put(file, Files.readAllBytes(folder.resolve(file)));
                }
            }
        }

        static Path location(Class<?> type) {
            try {
                return Path.of(
                        type.getProtectionDomain().getCodeSource().getLocation().toURI());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }

        private void remove() {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                // The system's business now.
            }
        }
    }
}
